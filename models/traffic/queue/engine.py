"""The queue engine behind the traffic model's contract (:mod:`models.traffic.engine`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy

import numpy as np
import numpy.typing as npt

from models.traffic.arrivals import PORT as ARRIVALS
from models.traffic.arrivals import Arrived
from models.traffic.engine import EMISSIONS, Account, Calls, Floats, Passages, Setting, Vehicles
from models.traffic.fleet import BASE, BASES, ELECTRIC, NAMES, TRUCK, TYPES, emission_class
from models.traffic.passages import PORT, Entries
from models.traffic.queue import demand, traced
from models.traffic.queue.arrays import ARRIVED, ENDED, WAITING, Ints, Records
from models.traffic.queue.calls import BusCalls
from models.traffic.queue.control import Controls
from models.traffic.queue.detours import BusDetours
from models.traffic.queue.emissions import Elements, fleet
from models.traffic.queue.measure import Meter
from models.traffic.queue.network import Streets, read_streets
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.roster import Roster
from models.traffic.queue.settings import Settings
from models.traffic.queue.simulation import Queues
from models.traffic.queue.watchers import Watchers
from models.traffic.signals import installed
from models.traffic.sumo.buses import MAY
from twin.core.random import Streams, uniforms
from twin.core.time import Tick, duration

PASSAGES = PORT.name
OWN_RELEASE, RELEASE = 300.0, 150.0
"""SUMO's time to teleport: its own, and the one that the SUMO engine sets for a guessed demand."""
CAR_LENGTH = 7.5
ALWAYS = ("traffic.speed", "traffic.density", "traffic.travel_time")
STEPS = 1.5
"""Burdens of a toll are told apart in steps of this factor; each has trees of its own."""
GAP = 2.5
"""SUMO's usual gap between standing vehicles, m."""
HEAVY = ("truck", "trailer")
"""SUMO's classes of trucks."""
UNSEEN = {
    "traffic.advised_time": "advice to drivers (traffic.advised_time) is not followed: on queues, "
    "drivers already choose by present travel times",
}
"""Controls that have no effect here, and what a reader of the results should know."""


def _length(kind: int) -> float:
    """Length of a vehicle of the fleet with its gap, m."""
    found = re.search(r'length="([^"]+)"', TYPES[BASES[BASE[kind]]])
    return float(found.group(1) if found else 5.0) + GAP


def _skip(first: int, stops: list[demand.Halt]) -> float:
    """Share of its first edge that a vehicle does not drive which sets off at its first stop."""
    return min(0.95, max(0.0, stops[0].place)) if stops and stops[0].edge == first else 0.0


LENGTHS = np.array([_length(kind) for kind in range(len(NAMES))])
CLASSES = [emission_class(kind) for kind in range(len(NAMES))]


class QueueEngine:
    """Vehicles as kinematic waves in queues.

    Parameters
    ----------
    streets, own
        The network and the demand that came with the city, where they have been read already.
    """

    def __init__(
        self, setting: Setting, streets: Streets | None = None, own: demand.Own | None = None
    ) -> None:
        self._setting = setting
        p: QueueParameters = setting.parameters.queue
        self._parameters = p
        self._streets = streets or read_streets(
            setting.city,
            p,
            own=setting.own,
            brought=installed.additional(setting.scratch),
            bus_lanes="traffic.bus_lane" in setting.controlled,
        )
        self._begin = demand.begin(setting.city.demand) if setting.own else 0.0
        self._queues = Queues(
            self._streets.layout,
            self._settings(p),
            seed=setting.seed,
            begin=self._begin,
            keep=traced.room(setting.watched, follow=PASSAGES in setting.wanted),
        )
        self._queues.shunned[~self._streets.car] = 1.0
        self.free: Floats = self._streets.limit.copy()
        self._limit = self.free.copy()
        self._bans = "traffic.no_trucks" in setting.controlled
        self._roster = Roster(self._queues, self._begin)
        self._traced = traced.Traced(
            self._queues,
            self._roster,
            setting.watched,
            self._begin,
            follow=PASSAGES in setting.wanted,
        )
        self._calls = BusCalls(self._queues, self._roster, self._begin)
        around = BusDetours(self._queues, self._calls)
        self._controls = Controls(
            self._queues, self._streets, p, self._roster, around, bans=self._bans
        )
        self._watchers = Watchers(self._queues, self._streets, self._controls, setting)
        self._meter = Meter(self._queues, self._streets)
        self._kinds: dict[str, float] = {}
        self._elements: Elements | None = None
        self._done = self._read = self._begin
        self._own_left_out = 0
        self._routes: dict[int, tuple[int, int]] = {}
        if setting.own:
            self._add_own(own or demand.read_own(setting.city, Streams(setting.seed)))
        if setting.buses:
            beside = copy(setting.city)
            beside.demand = {name: list(files) for name, files in setting.buses.items()}
            self._add_own(demand.read_own(beside, Streams(setting.seed)), CAR_LENGTH)

    def _settings(self, p: QueueParameters) -> Settings:
        release = p.release
        if release < 0.0:
            release = OWN_RELEASE if self._setting.own else RELEASE
        renew = duration(self._setting.parameters.reroute) / 1000.0
        return Settings(
            renew=renew,
            reroute=p.reroute,
            release=release,
            clear=p.clear,
            gap=p.gap,
            patience=p.patience,
        )

    # -- demand ------------------------------------------------------------------------------

    def _add_own(self, own: demand.Own, usual: float | None = None) -> None:
        """Add vehicles of files of SUMO; ``usual`` is the length of the others, m."""
        self._own_left_out += own.left_out
        given = np.array(own.given, dtype=bool)
        number: dict[tuple[int, ...], int] = {}
        for way, whole in zip(own.route, own.given, strict=True):
            if whole:
                number.setdefault(way, len(number))
        first, last = self._queues.add_routes(list(number))
        stops = self._queues.add_stops([[halt[:4] for halt in halts] for halts in own.stops])
        lengths = np.array([kind.length for kind in own.kinds])
        classes = np.array([kind.vclass for kind in own.kinds])[np.array(own.kind, dtype=np.int64)]
        electric = self._with_battery(own.names) & (classes == "passenger")
        for whole in (True, False):
            rows = np.flatnonzero(given == whole)
            if not len(rows):
                continue
            ways = [own.route[row] for row in rows]
            route = [number[way] for way in ways] if whole else []
            added = self._queues.add(
                np.array(own.depart)[rows],
                [way[0] for way in ways],
                goal=None if whole else [way[-1] for way in ways],
                route=(first[route], last[route]) if whole else None,
                size=self._sizes(lengths[np.array(own.kind)[rows]], usual),
                skip=[_skip(own.route[row][0], own.stops[row]) for row in rows],
                stop=stops[rows],
                heavy=self._bans & np.isin(classes[rows], HEAVY),
                bus=np.isin(classes[rows], MAY),
            )
            self._roster.add(
                [own.names[row] for row in rows],
                np.isin(classes[rows], HEAVY),
                classes[rows] == "bus",
                electric[rows],
            )
            vehicles = np.arange(added.start, added.stop)
            self._calls.add(vehicles, stops[rows], [own.stops[row] for row in rows])
        for kind in own.kind:
            self._count(own.kinds[kind].emission, 1.0)

    def _with_battery(self, names: list[str]) -> npt.NDArray[np.bool_]:
        """Which of the city's own cars have a battery, where arrivals matter; (n,) bool."""
        share = self._setting.parameters.electric
        if ARRIVALS.name not in self._setting.wanted or not names:
            return np.zeros(len(names), dtype=bool)
        keys = Streams(self._setting.seed).keys("traffic.battery", np.array(names, dtype=np.str_))
        found: npt.NDArray[np.bool_] = uniforms(keys, np.uint64(0)) < share
        return found

    def _places(self, ways: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
        """First and last places of the routes that ways are, added when they first occur."""
        given = self._setting.ways
        assert given is not None
        fresh = [way for way in dict.fromkeys(ways.tolist()) if way not in self._routes]
        first, last = self._queues.add_routes([given.way(way) for way in fresh])
        places = zip(first.tolist(), last.tolist(), strict=True)
        self._routes.update(zip(fresh, places, strict=True))
        found = np.array([self._routes[way] for way in ways.tolist()], dtype=np.int32)
        return found[:, 0], found[:, 1]

    def _sizes(self, lengths: Floats, usual: float | None = None) -> Floats:
        """Headways that vehicles take, by their lengths with the gap; (n,) float64, 1."""
        p, speed = self._parameters, float(np.median(self._streets.limit))
        if usual is None:
            usual = float(np.median(lengths)) if self._setting.own and len(lengths) else CAR_LENGTH
        found: Floats = (lengths + speed * p.reaction) / (usual + speed * p.reaction)
        return found

    def _count(self, emission: str, vehicles: float) -> None:
        self._kinds[emission] = self._kinds.get(emission, 0.0) + vehicles
        self._elements = None

    def release(self, vehicles: Vehicles) -> int:
        """Queue the vehicles at their first edges; none is refused."""
        if not len(vehicles.names):
            return 0
        place = np.where(np.isnan(vehicles.place), 0.0, vehicles.place)
        length = self._streets.layout.length
        found = [np.flatnonzero(vehicles.way < 0), np.flatnonzero(vehicles.way >= 0)]
        keys = Streams(self._setting.seed).keys("traffic.queue", vehicles.names)
        depart = np.maximum(self._begin + vehicles.depart / 1000.0, self._done)
        sizes = self._sizes(LENGTHS[vehicles.kind])
        base = BASE[vehicles.kind]
        for rows in found:
            if not len(rows):
                continue
            ways = vehicles.way[rows]
            free = bool((ways < 0).all())
            self._queues.add(
                depart[rows],
                vehicles.origin[rows],
                goal=vehicles.goal[rows] if free else None,
                route=None if free else self._places(ways),
                keys=keys[rows],
                size=sizes[rows],
                skip=np.clip(place[rows] / length[vehicles.origin[rows]], 0.0, 0.95),
                burden=self._burdens(vehicles.burden[rows]),
                fined=self._burdens(vehicles.fined[rows]),
                heavy=self._bans & (base[rows] == TRUCK),
            )
            self._roster.add(
                [str(name) for name in vehicles.names[rows]],
                base[rows] == TRUCK,
                np.zeros(len(rows), dtype=bool),
                base[rows] == ELECTRIC,
            )
        for kind, number in enumerate(np.bincount(vehicles.kind, minlength=len(NAMES)).tolist()):
            if number:
                self._count(CLASSES[kind], float(number))
        return 0

    def _burdens(self, burden: Floats) -> Floats:
        """Burdens in steps, 0 where nobody sets a toll; (n,) float64, s/EUR."""
        if not self._setting.controlled & {"traffic.toll", "traffic.zone_fine"}:
            return np.zeros(len(burden))
        steps = np.round(np.log(np.maximum(burden, 1e-9)) / np.log(STEPS))
        found: Floats = np.where(burden > 0.0, STEPS**steps, 0.0)
        return found

    # -- time --------------------------------------------------------------------------------

    def advance(self, now: Tick) -> None:
        """Live all events up to ``now``."""
        self._done = self._begin + now / 1000.0
        if self._watchers.active:
            self._watchers.drive(self._done)
        self._queues.advance(self._done)
        if not self._queues.settings.release:
            self._queues.find_gridlock()

    def columns(self) -> Mapping[str, Floats]:
        """The columns since the last call."""
        seconds, self._read = self._done - self._read, self._done
        if self._elements is None:
            self._elements = fleet(self._kinds or {CLASSES[0]: 1.0})
        horizon = duration(self._setting.parameters.horizon) / 1000.0
        free = self._limit * self._parameters.speed
        found = self._meter.look(seconds, free, horizon, self._elements)
        wanted = self._setting.wanted
        return {port: column for port, column in found.items() if port in wanted or port in ALWAYS}

    def passed(self) -> Passages:
        """Who entered watched edges since the last call."""
        return self._traced.passed()

    def entered(self) -> Entries:
        """Who entered any edge or left the streets since the last call."""
        return self._traced.entered()

    def arrived(self) -> Arrived:
        """Vehicles whose trip ended since the last call."""
        return self._roster.arrived()

    def calls(self) -> Calls:
        """Who came to stops and left them."""
        return self._calls.take()

    def control(self, columns: Mapping[str, Floats]) -> None:
        """Apply what changed."""
        self._limit[:] = columns["traffic.speed_limit"]
        if "traffic.bus_lane" in columns:
            self._controls.bus_lanes(columns["traffic.bus_lane"])
        closed, taken = columns["traffic.closed"] > 0.5, columns.get("traffic.lanes_closed")
        if taken is not None:
            # Without a lane left an edge is closed, and traffic is led around, as in SUMO.
            used = np.where(self._streets.car, self._streets.lanes, 1.0)
            whole = np.floor(taken) >= used
            closed, taken = closed | whole, np.where(whole, 0.0, taken)
        self._controls.limit(self._limit, taken)
        self._controls.signals(columns["traffic.signal_program"])
        self._watchers.follow(columns)
        if "traffic.toll" in columns:
            self._controls.prices(columns["traffic.toll"], columns["traffic.zone_fine"])
        ahead = self._done + duration(self._setting.parameters.period) / 1000.0
        self._controls.close(closed, ahead)
        if self._bans:
            self._controls.ban(columns["traffic.no_trucks"] > 0.5, ahead)

    def mean_times(self) -> Floats:
        """Mean time to pass each edge since the start, NaN where nobody has; (n_edges,) s."""
        return self._meter.mean_times()

    # -- sums --------------------------------------------------------------------------------

    def account(self) -> Account:
        """Sums over the vehicles and links."""
        queues = self._queues
        vehicles = queues.state.vehicles[: queues.vehicles]
        done = vehicles[vehicles["state"] == ARRIVED]
        times = done["arrive"] - done["started"]
        some = len(done) > 0
        return Account(
            finished=float(len(done)),
            travel_time=float(times.mean()) if some else float("nan"),
            time_loss=float((times - done["freely"]).mean()) if some else float("nan"),
            waiting_time=float(done["queued"].mean()) if some else float("nan"),
            vehicle_seconds=self._meter.held(),
            distance=float(vehicles["driven"].sum()),
            emitted=dict(zip(EMISSIONS, self._meter.emitted.tolist(), strict=True)),
            teleports=float(queues.released),
            detours=float(self._controls.detours),
            ended=float(np.count_nonzero(vehicles["state"] == ENDED)),
            waiting=float(queues.waiting()),
            waited=_waited(vehicles, queues.now),
            bus_speed=self._roster.bus_speed(),
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        """Gridlocks by time and edges, what was left out, and controls without effect."""
        ids = self._setting.city["edge"].ids
        self._queues.find_gridlock()
        found = [
            f"gridlock {lock.time - self._begin:.0f} s after the start: {lock.vehicles} vehicles "
            f"on {len(lock.links)} edges ({', '.join(map(str, ids[lock.links[:5]]))}"
            f"{', …' if len(lock.links) > 5 else ''})"
            for lock in self._queues.gridlocks[:3]
        ]
        if len(self._queues.gridlocks) > 3:
            found.append(f"gridlocks in all: {len(self._queues.gridlocks)}")
        if self._own_left_out:
            found.append(f"{self._own_left_out} vehicles use edges that the city lacks: left out")
        found += [UNSEEN[port] for port in sorted(self._setting.controlled & UNSEEN.keys())]
        found += self._watchers.notes
        if self._controls.unreserved:
            number = self._controls.unreserved
            found.append(f"{number} edges have no lane to spare for buses: no bus lane there")
        p = self._setting.parameters
        if p.options:
            found.append(f"options of SUMO mean nothing to queues: {', '.join(sorted(p.options))}")
        if p.emissions == "phemlight":
            found.append("emissions are those of HBEFA4: queues have no PHEMlight")
        return tuple(found)

    def close(self) -> None:
        """Nothing to give back: arrays only."""


def _waited(vehicles: Records, now: float) -> float:
    """Time that vehicles have waited to enter the network, s."""
    started = np.where(vehicles["state"] == WAITING, now, vehicles["started"])
    return float(np.nansum(np.maximum(0.0, started - vehicles["depart"])))
