"""The queue engine beside UXsim and SUMO's mesoscopic model, and a day of a million trips.

`uxsim_cpp`: a grid of 1,520 links and 100,000 vehicles in an hour between nodes drawn for every
five of them, route choice on, on UXsim's C++ engine (`World(cpp=True)`) in its usual platoons of
five and on ours, where each vehicle moves by itself. Both sides are given the same arrays, and the
clock runs until the travel times are there: network, demand, first ways and simulation. UXsim has
its default settings (trajectories logged, ways renewed every 600 s with half the weight on the
new), but for what prints and saves, as in its own benchmark of that engine, and a reaction time
that is stated. `uxsim_cpp_simulation` leaves out what each side needs before it can simulate
(theirs the world and its vehicles as Python objects, ours the layout), ours with the first ways,
which theirs finds in `exec_simulation`; `uxsim_cpp_unlogged` is the whole work beside its fastest
setting, without trajectories; `uxsim_cpp_single` is the whole work with platoons of one, for a part
of the vehicles, since theirs takes minutes. `sumo_meso`: Bologna's 80 minutes, `sumo --mesosim`
with junction control beside ours, the same vehicles; the times are of the simulation, and what each
side needs to load network and demand is a figure of its own. `million_trips`: a million trips over
a day on 10,000 links, new ways every quarter of an hour, in a process of its own. Kernels are
compiled before the clock starts.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench._report import Bench, alternate, seconds
from bench.coupling import data
from models.traffic.engine import Setting
from models.traffic.parameters import TrafficParameters
from models.traffic.queue.engine import QueueEngine
from models.traffic.queue.layout import Layout, plain
from models.traffic.queue.settings import Settings
from models.traffic.queue.simulation import Queues
from twin.city.city import City
from twin.scenario.recipe import load_city
from twin.scenario.scenario import Scenario

ROOT = Path(__file__).parents[1]
SPEED, SPACING, REACTION = 15.0, 5.0, 1.0
RENEW = 600.0
"""UXsim renews its ways every 600 s too, and half of its preference follows the new ones."""


@dataclass(frozen=True)
class Town:
    """A grid of two-way streets with zones at some nodes.

    Attributes
    ----------
    tails, heads : (n_links,) int64
        Nodes; streets first, then a link out of each zone and one into it.
    streets
        How many of the links are streets.
    zones : (n_zones,) int64
        Their nodes.
    """

    tails: np.ndarray[Any, Any]
    heads: np.ndarray[Any, Any]
    streets: int
    zones: np.ndarray[Any, Any]

    @classmethod
    def grid(cls, side: int, zones: np.ndarray[Any, Any]) -> Town:
        """``side`` x ``side`` nodes."""
        node = np.arange(side * side).reshape(side, side)
        pairs = np.concatenate(
            [
                np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1),
                np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1),
            ]
        )
        both = np.concatenate([pairs, pairs[:, ::-1]])
        outside = side * side + np.arange(2 * len(zones))
        tails = np.concatenate([both[:, 0], outside[: len(zones)], zones])
        heads = np.concatenate([both[:, 1], zones, outside[len(zones) :]])
        return cls(tails, heads, len(both), zones)

    def layout(self, length: float) -> Layout:
        """Streets of one lane; the links of the zones have no length to speak of."""
        metres = np.where(np.arange(len(self.tails)) < self.streets, length, 1.0)
        lanes = np.ones(len(self.tails))
        lanes[self.streets + len(self.zones) :] = 4.0
        return plain(
            self.tails,
            self.heads,
            metres,
            SPEED,
            lanes=lanes,
            spacing=SPACING,
            reaction=REACTION,
            turn_back=True,
        )

    def add(self, queues: Queues, depart: Any, origin: Any, goal: Any) -> None:
        """Add trips between zones given by number."""
        first = self.streets + np.asarray(origin)
        last = self.streets + len(self.zones) + np.asarray(goal)
        queues.add(depart, first, goal=last)


def _pairs(zones: int, count: int) -> tuple[Any, Any]:
    draw = np.random.default_rng(1)
    origin = draw.integers(0, zones, count)
    return origin, (origin + 1 + draw.integers(0, zones - 1, count)) % zones


@dataclass(frozen=True)
class Demand:
    """Platoons between the nodes of a grid; their vehicles follow each other by a reaction time.

    Attributes
    ----------
    side
        Nodes of a side of the grid.
    size
        Vehicles of a platoon.
    depart, origin, goal : (n_platoons,)
        s, and nodes.
    """

    side: int
    size: int
    depart: np.ndarray[Any, Any]
    origin: np.ndarray[Any, Any]
    goal: np.ndarray[Any, Any]

    @classmethod
    def drawn(cls, side: int, size: int, platoons: int) -> Demand:
        """Platoons all over an hour."""
        origin, goal = _pairs(side * side, platoons)
        return cls(side, size, np.arange(platoons) * 3600.0 / platoons, origin, goal)

    def town(self) -> Town:
        """The grid, each of its nodes a zone."""
        return Town.grid(self.side, np.arange(self.side * self.side))


def uxsim(bench: Bench) -> None:
    """The figures beside UXsim; skipped without it."""
    try:
        import uxsim as peer
    except ImportError:
        print("uxsim is not installed (pip install citytwin[bench]): its figures are left out")
        return
    platoons, repetitions = (4_000, 1) if bench.quick else (20_000, 3)
    demand = Demand.drawn(20, 5, platoons)
    ours, theirs, bare = alternate(
        repetitions,
        lambda: _ours(demand),
        lambda: _theirs(peer, demand),
        lambda: _theirs(peer, demand, vehicle_logging_timestep_interval=0),
    )
    _beside(bench, "uxsim_cpp", ours, theirs, 0)
    _beside(bench, "uxsim_cpp_simulation", ours, theirs, 1)
    _beside(bench, "uxsim_cpp_unlogged", ours, bare, 0)
    single = Demand.drawn(20, 1, 5_000 if bench.quick else 20_000)
    _beside(bench, "uxsim_cpp_single", [_ours(single)], [_theirs(peer, single)], 0)


Lived = tuple[float, float, int, float]
"""The whole work and the simulation, s; trips that ended and their mean time, s."""
LASTS = 3 * 3600.0


def _beside(bench: Bench, name: str, ours: list[Lived], theirs: list[Lived], which: int) -> None:
    best, peer = (min(lived[which] for lived in side) for side in (ours, theirs))
    note = "; ".join(
        f"{whose} {side[0][2]:,} trips, {side[0][3]:.0f} s"
        for whose, side in (("ours", ours), ("theirs", theirs))
    )
    bench.figure(name, best, "s", peer, peer / best, note)


def _ours(demand: Demand) -> Lived:
    gc.collect()
    began = time.perf_counter()
    town = demand.town()
    queues = Queues(town.layout(500.0), Settings(renew=RENEW, reroute=0.5))
    ready = time.perf_counter()
    depart = (demand.depart[:, None] + REACTION * np.arange(demand.size)).ravel()
    ends = (np.repeat(nodes, demand.size) for nodes in (demand.origin, demand.goal))
    town.add(queues, depart, *ends)
    queues.advance(LASTS)
    times = queues.travel_times()
    ended = time.perf_counter()
    return ended - began, ended - ready, len(times), float(times.mean())


def _theirs(peer: Any, demand: Demand, **more: Any) -> Lived:
    """The same on UXsim's C++ engine; its zones are its nodes."""
    gc.collect()
    began = time.perf_counter()
    world = peer.World(
        cpp=True,
        deltan=demand.size,
        tmax=LASTS,
        duo_update_time=RENEW,
        reaction_time=REACTION,
        print_mode=0,
        save_mode=0,
        show_mode=0,
        random_seed=1,
        **more,
    )
    if type(world).__name__ != "CppWorld":
        raise SystemExit(f"UXsim did not start its C++ engine but {type(world)}")
    town = demand.town()
    for node in range(demand.side**2):
        world.addNode(str(node), node // demand.side, node % demand.side)
    for link in range(town.streets):
        world.addLink(
            f"l{link}",
            str(town.tails[link]),
            str(town.heads[link]),
            length=500.0,
            free_flow_speed=SPEED,
            jam_density=1.0 / SPACING,
        )
    platoons = (column.tolist() for column in (demand.origin, demand.goal, demand.depart))
    for start, end, depart in zip(*platoons, strict=True):
        world.addVehicle(str(start), str(end), depart)
    simulated = seconds(world.exec_simulation)
    world.analyzer.basic_analysis()
    ended = time.perf_counter()
    found = world.analyzer
    return ended - began, simulated, int(found.trip_completed), float(found.average_travel_time)


def sumo_meso(bench: Bench) -> None:
    """Bologna beside SUMO's mesoscopic model; left out where its files are not."""
    try:
        folder = data()
    except SystemExit:
        return
    until = 1200.0 if bench.quick else 4800.0
    scenario = Scenario.load("bologna/baseline")
    city = load_city(scenario.data.city, scenario.file)
    _loaded(city).advance(60_000)
    ours, theirs, loads, their_loads = [], [], [], []
    for _ in range(5):
        began = time.perf_counter()
        engine = _loaded(city)
        loads.append(time.perf_counter() - began)
        began = time.perf_counter()
        engine.advance(int(until * 1000))
        ours.append(time.perf_counter() - began)
        wall, simulated = _meso(folder, until)
        theirs.append(simulated)
        their_loads.append(wall - simulated)
    note = f"{engine.account().finished:,.0f} trips finished in {until / 60:.0f} min"
    bench.figure("sumo_meso", min(ours), "s", min(theirs), min(theirs) / min(ours), note)
    note = "network and demand read; theirs reads the demand while it runs"
    bench.figure("sumo_meso_loading", min(loads), "s", min(their_loads), note=note)


def _loaded(city: City) -> QueueEngine:
    nothing: frozenset[str] = frozenset()
    watched = np.empty(0, dtype=np.int64)
    parameters = TrafficParameters(engine="queue")
    return QueueEngine(
        Setting(city, 42, Path(), True, False, nothing, nothing, watched, parameters)
    )


def _meso(folder: Path, until: float) -> tuple[float, float]:
    """Wall time of the program, and of the simulation by its own account, s."""
    import sumo

    command = [str(Path(sumo.SUMO_HOME, "bin", "sumo")), "--mesosim", "--meso-junction-control"]
    command += ["-n", "joined_buslanes.net.xml", "-r", "joined.rou.xml,joined_busses.rou.xml"]
    command += ["-a", "joined_bus_stops.add.xml,joined_vtypes.add.xml,joined_tls.add.xml"]
    command += ["--end", f"{until:g}", "--seed", "42", "--no-warnings", "--no-step-log"]
    command += ["--xml-validation", "never", "--xml-validation.net", "never"]
    command += ["--xml-validation.routes", "never", "--duration-log.statistics"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    found = re.search(r"Duration: ([\d.]+)\s*s", done.stdout)
    if done.returncode or found is None:
        sys.exit(f"sumo --mesosim failed:\n{done.stdout}\n{done.stderr}")
    return wall, float(found.group(1))


def million(trips: int) -> None:
    """A day on 10,000 links; prints seconds, MB and what came of it."""
    side, day = 50, 86_400.0
    draw = np.random.default_rng(2)
    zones = np.sort(draw.choice(side * side, 100, replace=False))
    town = Town.grid(side, zones)
    hours = np.array([1, 1, 1, 1, 2, 4, 8, 12, 10, 7, 6, 6, 7, 7, 7, 8, 10, 12, 9, 7, 5, 4, 3, 2])
    hour = draw.choice(24, trips, p=hours / hours.sum())
    depart = (hour + draw.random(trips)) * 3600.0
    origin, goal = _pairs(len(zones), trips)
    _warm()
    began = time.perf_counter()
    queues = Queues(town.layout(300.0), Settings(renew=900.0))
    town.add(queues, depart, origin, goal)
    queues.advance(day + 7200.0)
    found = {
        "seconds": time.perf_counter() - began,
        "memory": _peak(),
        "links": queues.layout.links,
        "arrived": queues.arrived(),
        "entries": int(queues.state.links["entries"].sum()),
        "mean": float(queues.travel_times().mean()),
        "trees": queues.epoch,
    }
    print(json.dumps(found))


def _peak() -> float:
    """Largest resident memory of this process, MB; its parent's is not in it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return float(found.group(1)) / 1024.0 if found else float("nan")


def million_trips(bench: Bench) -> None:
    """The day, in a process of its own."""
    trips = 100_000 if bench.quick else 1_000_000
    program = f"from bench.queue_engine import million; million({trips})"
    best: dict[str, float] = {}
    for _ in range(1 if bench.quick else 2):
        command = [sys.executable, "-c", program]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = json.loads(said.splitlines()[-1])
        best = found if not best or found["seconds"] < best["seconds"] else best
    note = (
        f"{best['arrived']:,.0f} of {trips:,} arrived on {best['links']:,.0f} links, "
        f"{best['entries'] / 1e6:.1f} M link entries, trees renewed {best['trees']:.0f} times"
    )
    bench.figure("million_trips", best["seconds"], "s", note=note)
    bench.figure("million_trips_memory", best["memory"], "MB")


def _warm() -> None:
    _ours(Demand.drawn(3, 5, 20))


def main() -> None:
    bench = Bench.from_arguments("Queue engine: vehicles as kinematic waves")
    _warm()
    parts: list[Callable[[Bench], None]] = [uxsim, sumo_meso, million_trips]
    for part in parts:
        part(bench)
    bench.finish()


if __name__ == "__main__":
    main()
