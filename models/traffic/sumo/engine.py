"""SUMO as an engine of the traffic model; see :mod:`models.traffic.engine` for the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.traffic.arrivals import CRUISE, Arrived
from models.traffic.arrivals import PORT as ARRIVALS
from models.traffic.engine import EMISSIONS, Account, Calls, Floats, Passages, Setting, Vehicles
from models.traffic.fleet import BASE, KEEPS, NAMES, PREFIX, TRUCK, write_types
from models.traffic.passages import PORT as PASSAGES
from models.traffic.passages import Entries
from models.traffic.signals import installed
from models.traffic.sumo import inputs
from models.traffic.sumo.advice import Advised
from models.traffic.sumo.arrived import Watch
from models.traffic.sumo.buses import Buses, BusLanes
from models.traffic.sumo.calls import BusCalls
from models.traffic.sumo.closures import Closures
from models.traffic.sumo.controls import Signals, SpeedLimits
from models.traffic.sumo.edie import EdgeData, edie
from models.traffic.sumo.electric import Batteries
from models.traffic.sumo.emissions import set_own
from models.traffic.sumo.followed import Followed
from models.traffic.sumo.gates import Burdens, Gates
from models.traffic.sumo.measure import Sampler
from models.traffic.sumo.pressure import Pressures
from models.traffic.sumo.process import Simulation
from twin.core.time import Tick, duration

SECOND: Tick = 1000

ASKED = ".asks"
"""Of the name of a vehicle that only looks for a way and never departs."""


class SumoEngine:
    """Every vehicle in SUMO, looked at through aggregates of its edges."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        p, city = setting.parameters, setting.city
        self._sample = duration(p.sample)
        self._horizon = duration(p.horizon) / 1000.0
        self._period = duration(p.period)
        self._reroute = duration(p.reroute)
        self._done: Tick = 0
        self._read: Tick = 0
        self._waited = 0.0
        self._departed: list[str] = []
        self._arrived: list[str] = []
        lanes = inputs.read_lanes(city)
        loops, extra = self._additional(lanes)
        length = np.maximum(city["edge"]["length"], 0.1)
        self._edie: EdgeData | None = None
        if p.measures == "edie":
            extra.append(setting.scratch / "edges.add.xml")
            ids = [str(edge) for edge in city["edge"].ids]
            self._edie = EdgeData(ids, length, self._period / 1000.0, extra[-1])
        self.simulation = Simulation(p.engine, self._options(extra), setting.scratch, p.remote)
        if self._edie is not None:
            self._edie.connect()
        api, edges = self.simulation.api, [str(edge) for edge in city["edge"].ids]
        self._edges = edges
        self._ways: set[int] = set()
        self.free: Floats = np.array([api.lane.getMaxSpeed(f"{edge}_0") for edge in edges])
        self._length = length
        occupancy = "traffic.occupancy" in setting.wanted
        self._sampler = Sampler(api, edges, length, self.free, lanes, loops, occupancy=occupancy)
        self._limits = SpeedLimits(api, edges, lanes, self.free)
        signals = [str(signal) for signal in city["signal"].ids]
        self._signals = Signals(api, signals)
        self._bus_lanes, self._buses = BusLanes(api, lanes), Buses(api)
        self._calls = BusCalls(api, self.simulation.begin)
        self._has_buses = setting.own or bool(setting.buses)
        if self._has_buses and p.emissions is not None and not p.fleet:
            set_own(api, p.emissions)
        self._pressures = Pressures(api, installed.read(setting.scratch), signals)
        self._gates = Gates(
            api, edges, setting.watched, lanes, self._gate_loops, length / self.free
        )
        self._advised = Advised(api, edges, setting.seed)
        self._closures = Closures(self.simulation, edges, lanes, live=not setting.own)
        self._batteries = Batteries(api, own=setting.own, model=p.battery)
        self._watch = Watch(api, edges, self._batteries, self._closures.cut)
        self._followed = Followed(api, edges)

    def _additional(self, lanes: inputs.Lanes) -> tuple[list[str], list[Path]]:
        """Detectors and vehicle types that we add to SUMO's input, in the run's own folder."""
        scratch = self._setting.scratch
        loops: list[str] = []
        files = []
        if "traffic.flow" in self._setting.wanted and self._setting.parameters.measures != "edie":
            files.append(scratch / "counters.add.xml")
            loops = inputs.write_counters(lanes, self._period / 1000.0, files[-1])
        self._gate_loops = inputs.lanes_of(lanes, self._setting.watched)
        if len(self._gate_loops):
            files.append(scratch / "gates.add.xml")
            inputs.write_counters(lanes, self._period / 1000.0, files[-1], "gate", self._gate_loops)
        if self._setting.released:
            files.append(scratch / "fleet.add.xml")
            p = self._setting.parameters
            write_types(files[-1], p.emissions, p.battery if self._wants_arrivals else None)
        files += self._setting.buses.get("additional", [])
        return loops, [*files, *installed.additional(scratch)]

    @property
    def _wants_arrivals(self) -> bool:
        return ARRIVALS.name in self._setting.wanted

    @property
    def _follows(self) -> bool:
        return PASSAGES.name in self._setting.wanted

    def _options(self, additional: list[Path]) -> dict[str, str]:
        setting = self._setting
        chosen = inputs.options(
            setting.city,
            setting.seed,
            own=setting.own,
            additional=additional,
            scratch=setting.scratch,
        )
        routes = [*filter(None, [chosen.get("route-files")]), *setting.buses.get("routes", [])]
        if routes:
            chosen["route-files"] = ",".join(map(str, routes))
        if setting.released:
            chosen |= {
                "device.rerouting.adaptation-interval": "10",
                "device.rerouting.adaptation-steps": "30",
                "device.rerouting.period": f"{self._reroute / 1000.0:g}",
            }
        if not setting.own:
            # A guessed demand on guessed signals locks up where the real one would not.
            chosen |= {"ignore-junction-blocker": "15", "time-to-teleport": "150"}
        if setting.parameters.measures == "edie":
            chosen["precision"] = "9"
        if setting.own and self._wants_arrivals and setting.parameters.electric > 0.0:
            chosen["device.battery.probability"] = f"{setting.parameters.electric:g}"
        chosen.update(setting.parameters.options)
        return chosen

    def release(self, vehicles: Vehicles) -> int:
        """Give SUMO the vehicles; those whose way a closure has cut are refused."""
        refused = 0
        present = float(self.simulation.api.simulation.getTime())
        for row in range(len(vehicles.names)):
            try:
                self._add(vehicles, row, present)
            except self.simulation.api.TraCIException:
                refused += 1
        return refused

    def _add(self, vehicles: Vehicles, row: int, present: float) -> None:
        api, name, burdens = self.simulation.api, str(vehicles.names[row]), _burdens(vehicles, row)
        kind = PREFIX + NAMES[vehicles.kind[row]]
        heavy = int(BASE[vehicles.kind[row]]) == TRUCK
        weighs = self._gates.weighs(burdens, heavy)
        if weighs:
            # The device knows no money: such a driver is told a way, and asked again by us.
            route = self._cheapest(vehicles, row, kind + KEEPS)
        else:
            route = self._route(vehicles, row)
        depart = max(present, self.simulation.begin + float(vehicles.depart[row]) / 1000.0)
        api.vehicle.add(
            name,
            route,
            typeID=kind + (KEEPS if weighs or vehicles.way[row] >= 0 else ""),
            depart=f"{depart:.2f}",
            departLane="best",
            **self._ends(vehicles, row),
        )
        api.vehicle.setSpeedFactor(name, float(vehicles.factor[row]))
        if self._wants_arrivals and kind == PREFIX + "electric":
            self._batteries.begin(name)
        if weighs:
            self._gates.follow(name, burdens, heavy, self._done + self._reroute)

    def _ends(self, vehicles: Vehicles, row: int) -> dict[str, str]:
        """Where and how fast a vehicle departs, and where it arrives, as SUMO wants to be told.

        Who looks for a bay is in the traffic already, and beside the bays: the leg goes from the
        middle of a street to the middle of another. At stop lines it would wait for a gap in the
        queue at each look, or push into it.
        """
        if vehicles.names[row].startswith(CRUISE):
            begin, end = (
                0.5 * self._length[rows[row]] for rows in (vehicles.origin, vehicles.goal)
            )
            return {"departPos": f"{begin:.1f}", "departSpeed": "max", "arrivalPos": f"{end:.1f}"}
        place = float(vehicles.place[row])
        if np.isnan(place):
            return {"departPos": "base", "departSpeed": "max"}
        return {"departPos": f"{place:.1f}", "departSpeed": "0"}

    def _cheapest(self, vehicles: Vehicles, row: int, kind: str) -> str:
        """A route with the least time and money, asked for by a vehicle that never departs."""
        api, name = self.simulation.api, str(vehicles.names[row])
        way = [self._edges[vehicles.origin[row]], self._edges[vehicles.goal[row]]]
        api.route.add(name + ASKED, way)
        api.vehicle.add(name + ASKED, name + ASKED, typeID=kind)
        heavy = int(BASE[vehicles.kind[row]]) == TRUCK
        way = self._gates.way(name + ASKED, _burdens(vehicles, row), heavy)
        api.vehicle.remove(name + ASKED)
        api.route.add(name, way)
        return name

    def _route(self, vehicles: Vehicles, row: int) -> str:
        """Name of a route of SUMO: the way that is given, or two edges."""
        api, ways, number = self.simulation.api, self._setting.ways, int(vehicles.way[row])
        if number < 0 or ways is None:
            # Two edges are enough: the rerouting device finds the way between them at departure.
            name, way = str(vehicles.names[row]), [vehicles.origin[row], vehicles.goal[row]]
        else:
            name, way = f"citytwin.way.{number}", ways.way(number).tolist()
            if number in self._ways:
                return name
            self._ways.add(number)
        api.route.add(name, [self._edges[edge] for edge in way])
        return name

    def advance(self, now: Tick) -> None:
        """Let SUMO drive, and look at it every sample."""
        for until in range(self._done + self._sample, now + 1, self._sample):
            self._drive(until)
            self._sampler.look(self._sample / 1000.0)
            self._waited += self._waiting() * self._sample / 1000.0
            if self._has_buses:
                held = self._closures.held
                self._buses.look(self._sample / 1000.0, self._departed, self._arrived, held)
            if self._wants_arrivals:
                self._watch.look(float(until), self._departed, self._arrived)
            self._departed.clear()
            self._arrived.clear()
        self._done = now

    def _drive(self, until: Tick) -> None:
        """Go on by a sample; second by second where somebody must see each."""
        closely = self._pressures.active or self._closures.watching or self._follows
        closely = closely or bool(self._setting.buses)
        step = SECOND if closely else self._sample
        for now in (*range(until - self._sample + step, until, step), until):
            self.simulation.advance(now / 1000.0)
            if closely or self._has_buses or self._wants_arrivals:
                self._collect(now)
            if self._pressures.active:
                self._pressures.act(SECOND / 1000.0)

    def _collect(self, now: Tick) -> None:
        """Remember who departed and who arrived: SUMO tells it of its last advance alone."""
        happened = self.simulation.api.simulation
        departed, arrived = happened.getDepartedIDList(), happened.getArrivedIDList()
        self._closures.look(departed, arrived)
        if self._follows:
            self._followed.look(float(now), departed, arrived)
        if self._setting.buses:
            self._calls.look(arrived)
        self._departed += departed
        self._arrived += arrived

    def arrived(self) -> Arrived:
        """Vehicles that reached their goal since the last call."""
        return self._watch.take()

    def entered(self) -> Entries:
        """Who entered any edge or left the streets since the last call."""
        return self._followed.take()

    def columns(self) -> Mapping[str, Floats]:
        """The columns that somebody wants, from what was seen since the last call."""
        sampler, wanted = self._sampler, self._setting.wanted
        interval = (self._done - self._read) / 1000.0
        self._read = self._done
        found: dict[str, Floats] = {}
        if self._edie is not None:
            seen = edie(*self._edie.read(), self._length, interval, self.free)
            found |= zip(("traffic.flow", "traffic.density", "traffic.speed"), seen, strict=True)
        else:
            if "traffic.flow" in wanted:
                found["traffic.flow"] = sampler.counts() * (3600.0 / interval)
            found["traffic.speed"] = sampler.speed()
            found["traffic.density"] = sampler.density()
        if "traffic.occupancy" in wanted:
            found["traffic.occupancy"] = sampler.occupancy()
        found["traffic.travel_time"] = sampler.travel_time(interval, self._horizon)
        rates = sampler.rates()
        for row, port in enumerate(("traffic.co2", "traffic.nox", "traffic.pm")):
            found[port] = rates[row]
        sampler.forget()
        return found

    def passed(self) -> Passages:
        """Who passed the gates in the last period."""
        return self._gates.passed()

    def calls(self) -> Calls:
        """Who came to stops and left them."""
        return self._calls.take()

    def control(self, columns: Mapping[str, Floats]) -> None:
        """Apply what changed."""
        self._gates.price[:] = columns["traffic.toll"]
        self._gates.fine[:] = columns["traffic.zone_fine"]
        self._limits.apply(columns["traffic.speed_limit"])
        self._signals.apply(columns["traffic.signal_program"])
        self._pressures.apply(columns["traffic.signal_control"])
        self._bus_lanes.apply(columns["traffic.bus_lane"])
        self._closures.apply(columns["traffic.closed"], columns["traffic.lanes_closed"])
        self._closures.lead_around()
        self._advised.tell(
            columns["traffic.advised_time"], float(columns["traffic.advice_share"][0])
        )
        self._gates.ban_trucks(columns["traffic.no_trucks"])
        self._gates.look_again(self._done, self._reroute)

    def account(self) -> Account:
        """SUMO's own account of the finished trips, and the sums of the samples."""
        number, sampler = self.simulation.number, self._sampler
        counted = number("device.tripinfo.count")
        cut, held = self._closures.cut, self._closures.held
        finished = counted - cut.finished

        def mean(name: str, apart: float) -> float:
            total = counted * number(f"device.tripinfo.{name}") if finished else 0.0
            return (total - apart) / finished if finished else float("nan")

        return Account(
            finished=finished,
            travel_time=mean("duration", cut.travel_time + held.finished),
            time_loss=mean("timeLoss", cut.time_loss),
            waiting_time=mean("waitingTime", cut.waiting_time),
            vehicle_seconds=sampler.vehicle_seconds,
            distance=self._distance(counted),
            emitted={kind: sampler.totals[i] / 1000.0 for i, kind in enumerate(EMISSIONS)},
            teleports=number("stats.teleports.total"),
            detours=float(self._closures.detours),
            ended=float(self._closures.ended),
            waiting=self._waiting(),
            waited=self._waited,
            advised=float(self._advised.changed),
            bus_speed=self._buses.speed,
            bus_seconds=self._buses.seconds,
        )

    def _waiting(self) -> float:
        """Vehicles that should have departed, and those kept in a closed edge."""
        return self.simulation.number("stats.vehicles.waiting") + len(self._closures.held)

    def _distance(self, ended: float) -> float:
        """Driven so far by trips that have ended and by vehicles on their way, m."""
        drive = self.simulation.api.vehicle
        mean = self.simulation.number("device.tripinfo.routeLength") if ended else 0.0
        # SUMO answers with a large negative number for a vehicle that is not on the network.
        under_way = [max(0.0, float(drive.getDistance(v))) for v in drive.getIDList()]
        return ended * mean + sum(under_way)

    def close(self) -> None:
        """End SUMO."""
        self.simulation.close()
        if self._edie is not None:
            self._edie.close()


def _burdens(vehicles: Vehicles, row: int) -> Burdens:
    return float(vehicles.burden[row]), float(vehicles.fined[row])
