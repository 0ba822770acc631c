"""The queue engine beside UXsim and SUMO's mesoscopic model, and a day of a million trips.

`uxsim_cpp`: a grid of 1,520 links and 100,000 vehicles in an hour, route choice on, on UXsim's C++
engine (`World(cpp=True)`) in its usual platoons of five vehicles and on ours, where each vehicle
moves by itself; `uxsim_cpp_single` is the same with platoons of one on both sides, for a part of
the vehicles, since theirs takes minutes. `sumo_meso`: Bologna's 80 minutes, `sumo --mesosim` with
junction control beside ours, the same vehicles; the times are of the simulation, and what each side
needs to load network and demand is a figure of its own. `million_trips`: a million trips over a day
on 10,000 links, new ways every quarter of an hour, in a process of its own. Kernels are compiled
before the clock starts.
"""

from __future__ import annotations

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

from bench._report import Bench, seconds
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


def uxsim(bench: Bench) -> None:
    """Both UXsim figures; skipped without it."""
    try:
        import uxsim as peer
    except ImportError:
        print("uxsim is not installed (pip install citytwin[bench]): its figures are left out")
        return
    side, pairs, until = 20, 1000, 3 * 3600.0
    for name, platoon, vehicles, repetitions in (
        ("uxsim_cpp", 5, 20_000 if bench.quick else 100_000, 3),
        ("uxsim_cpp_single", 1, 5_000 if bench.quick else 20_000, 1),
    ):
        town = Town.grid(side, np.arange(side * side))
        origin, goal = _pairs(side * side, pairs)
        each = vehicles // pairs
        ours, theirs = [], []
        for _ in range(repetitions):
            queues = _queues(town, origin, goal, each)
            began = time.perf_counter()
            queues.advance(until)
            ours.append(time.perf_counter() - began)
            world = _world(peer, town, side, origin, goal, each, platoon, until)
            theirs.append(seconds(world.exec_simulation))
        world.analyzer.basic_analysis()
        mean = world.analyzer.average_travel_time
        note = (
            f"{vehicles:,} vehicles, theirs in platoons of {platoon}: arrived, mean time: "
            f"{world.analyzer.trip_completed:,}, {mean:.0f} s; ours {queues.arrived():,}, "
            f"{queues.travel_times().mean():.0f} s"
        )
        bench.figure(name, min(ours), "s", min(theirs), min(theirs) / min(ours), note)


def _queues(town: Town, origin: Any, goal: Any, each: int) -> Queues:
    queues = Queues(town.layout(500.0), Settings(renew=RENEW, reroute=0.5))
    depart = np.tile((np.arange(each) + 0.5) * 3600.0 / each, len(origin))
    town.add(queues, depart, np.repeat(origin, each), np.repeat(goal, each))
    return queues


def _world(
    peer: Any, town: Town, side: int, origin: Any, goal: Any, each: int, platoon: int, until: float
) -> Any:
    """The same on UXsim's C++ engine; its zones are its nodes."""
    world = peer.World(
        cpp=True,
        deltan=platoon,
        tmax=until,
        duo_update_time=RENEW,
        reaction_time=REACTION,
        print_mode=0,
        save_mode=0,
        show_mode=0,
        random_seed=1,
    )
    if type(world).__name__ != "CppWorld":
        raise SystemExit(f"UXsim did not start its C++ engine but {type(world)}")
    for node in range(side * side):
        world.addNode(str(node), node // side, node % side)
    for link in range(town.streets):
        world.addLink(
            f"l{link}",
            str(town.tails[link]),
            str(town.heads[link]),
            length=500.0,
            free_flow_speed=SPEED,
            jam_density=1.0 / SPACING,
        )
    for start, end in zip(origin, goal, strict=True):
        world.adddemand(str(start), str(end), 0.0, 3600.0, flow=each / 3600.0)
    return world


def sumo_meso(bench: Bench) -> None:
    """Bologna beside SUMO's mesoscopic model."""
    folder, until = data(), 1200.0 if bench.quick else 4800.0
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
    town = Town.grid(3, np.arange(9))
    origin, goal = _pairs(9, 20)
    _queues(town, origin, goal, 3).advance(1800.0)


def main() -> None:
    bench = Bench.from_arguments("Queue engine: vehicles as kinematic waves")
    _warm()
    parts: list[Callable[[Bench], None]] = [uxsim, sumo_meso, million_trips]
    for part in parts:
        part(bench)
    bench.finish()


if __name__ == "__main__":
    main()
