"""The dispatcher of a fleet: plans a shift, and again when something has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.waste.fleet import Fleet
from models.waste.plan import plan
from models.waste.streams import STREAMS
from models.waste.task import (
    DEPOT,
    DISPOSAL,
    FIRST,
    FOREVER,
    LEAVE_OUT,
    Task,
    Vehicle,
    open_all_day,
)
from models.waste.truck import Place, Stop, Truck
from twin.core.time import Tick

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

WORTH = 60.0
"""Driving time that a container is worth at least for the planner to look at it, s."""


@dataclass
class Ready:
    """Trucks in a depot that are alike; ``charge`` is what each may use, kWh."""

    depot: Place
    charge: float = float("inf")
    numbers: list[int] = field(default_factory=list)


class Dispatcher:
    """Plans the rounds of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.network = fleet.network

    def send(self, name: str, due: Rows, expected: Floats, prize: Floats, end: Tick) -> list[Truck]:
        """Plan the rounds of one stream and send its trucks.

        Parameters
        ----------
        name
            The stream.
        due : (k,) int
            Containers to empty, or that are worth it.
        expected : (k,) float64, kg
            What the planner expects in them.
        prize : (k,) float64, s
            Driving time that each is worth; ``LEAVE_OUT`` for those to be emptied.
        end
            Tick by which trucks must be back.
        """
        self.network.refresh(self.fleet.world.now, force=True)
        stops, load, worth = self._stops(due, expected, prize)
        return self._plan(name, stops, load, worth, end, [])

    def replan(self, name: str, expected: Floats, prize: Floats, end: Tick) -> list[Truck]:
        """Plan what is left of a shift again, from where the trucks are; new trucks that leave.

        Parameters
        ----------
        name
            The stream.
        expected, prize : (n,) float64, kg, s
            Of all containers; what trucks have on their list, or what waits, is to be emptied.
        end
            Tick by which trucks must be back.
        """
        fleet = self.fleet
        self.network.refresh(fleet.world.now, force=True)
        active = fleet.under_way(name)
        left = [stop for t in active for stop in t.stops if stop is not t.current]
        left += [stop for stop, _, _ in fleet.waiting.pop(name, [])]
        listed = [row for stop in left for row in stop.rows]
        wanted = np.flatnonzero((prize >= WORTH) & (fleet.stream == name))
        busy = [row for t in active if t.current is not None for row in t.current.rows]
        rows = np.array(sorted((set(listed) | set(wanted.tolist())) - set(busy)), dtype=np.int64)
        value = np.where(np.isin(rows, listed) & (prize[rows] <= 0.0), LEAVE_OUT, prize[rows])
        stops, load, worth = self._stops(rows, expected[rows], value)
        for truck in active:
            truck.take_over(())
        return self._plan(name, stops, load, worth, end, active)

    def _plan(
        self,
        name: str,
        stops: list[Stop],
        load: Floats,
        worth: Floats,
        end: Tick,
        active: Sequence[Truck],
    ) -> list[Truck]:
        """Find the rounds, give them to trucks, and put off what is in none."""
        fleet = self.fleet
        at_home = self._at_home(name)
        rounds = (
            plan(self._task(name, stops, load, worth, end, active), fleet.parameters.iterations)
            if fleet.works
            else []
        )
        sent: list[Truck] = []
        for vehicle, tour in rounds:
            mine = [stops[i] for i in tour]
            if vehicle < len(active):
                active[vehicle].take_over(mine)
            else:
                number = at_home[vehicle - len(active)].numbers.pop(0)
                truck = Truck(fleet, number, name, STREAMS[name], mine, end)
                if truck.refuses(mine[0], truck.depot.outside) == "battery":
                    for stop in mine:
                        fleet.put_off(stop, None, "battery")
                else:
                    sent.append(truck)
        planned = {stop for _, tour in rounds for stop in tour}
        for i in sorted(set(range(len(stops))) - planned):
            if worth[i] >= LEAVE_OUT:
                fleet.put_off(stops[i], None, self._why_not(stops[i], end))
        fleet.trucks += sent
        return sent

    def _why_not(self, stop: Stop, end: Tick) -> str:
        """Why a stop that was to be made is in no round."""
        if self.network.planned(stop.edge) == float("inf"):
            return "closed"
        opens = self.fleet.window(stop.edge, self.fleet.world.now)[0]
        if opens >= end:
            return "window"
        if all(self._circuit(stop, depot) == float("inf") for depot in self.fleet.depots):
            return "cut off"
        ready = self._at_home(str(self.fleet.stream[stop.rows[0]]))
        drives = [self._circuit(stop, group.depot) for group in ready]
        held = [(group.charge, way) for group, way in zip(ready, drives, strict=True)]
        held = [pair for pair, group in zip(held, ready, strict=True) if group.numbers]
        service = self.fleet.service_at(stop) + self.fleet.rest / 1000.0
        far = all(charge < self.fleet.needs(way, way + service) for charge, way in held)
        return "battery" if held and far else "not planned"

    def _circuit(self, stop: Stop, depot: Place) -> float:
        """From a depot over a stop and a disposal and back, s."""
        network = self.network
        there = network.times_from(int(network.end[depot.edge]))[network.start[stop.edge]]
        home = self.fleet.time_home(int(network.end[stop.edge]), depot)
        return depot.outside + float(there) + network.planned(stop.edge) + home

    def _at_home(self, name: str) -> list[Ready]:
        """Trucks of a stream that are ready, by depot and by what their batteries hold."""
        fleet = self.fleet
        groups = {(depot.row, float("inf")): Ready(depot) for depot in fleet.depots}
        for number in fleet.ready(name):
            depot, charge = fleet.base(number), fleet.charge_of(number)
            groups.setdefault((depot.row, charge), Ready(depot, charge)).numbers.append(number)
        order = [depot.row for depot in fleet.depots]
        return sorted(groups.values(), key=lambda g: (order.index(g.depot.row), -g.charge))

    def _reach(self, free: float, charge: float, home: float) -> tuple[float, float]:
        """Time and driving time that a battery allows a vehicle: half of it at most for time."""
        fleet, rules = self.fleet, self.fleet.parameters
        if not rules.electric:
            return free, FOREVER
        a_second = fleet.needs(0.0, 1.0)
        left = charge - fleet.needs(home, home + rules.unloading * 60.0 + fleet.rest / 1000.0)
        time = max(0.0, min(free, left / (2.0 * a_second) if a_second > 0.0 else free))
        driving = (left - time * a_second) / max(fleet.needs(1.0, 0.0), 1e-9)
        return time, max(0.0, driving)

    def _stops(
        self, due: Rows, expected: Floats, prize: Floats
    ) -> tuple[list[Stop], Floats, Floats]:
        """One stop a street, its containers in driving order; expected load, kg, and prize, s."""
        edges = self.fleet.edges[due]
        on = edges >= 0
        due, expected, prize, edges = due[on], expected[on], prize[on], edges[on]
        order = np.lexsort((due, self.fleet.offset[due], edges))
        streets, group = np.unique(edges, return_inverse=True)
        stops = [Stop(int(edge), deque()) for edge in streets]
        for i in order.tolist():
            stops[group[i]].rows.append(int(due[i]))
        load, worth = (
            np.bincount(group, weights=weights, minlength=len(stops)).astype(np.float64)
            for weights in (expected, prize)
        )
        return stops, load, worth

    def _task(
        self,
        name: str,
        stops: Sequence[Stop],
        load: Floats,
        worth: Floats,
        end: Tick,
        active: Sequence[Truck],
    ) -> Task:
        fleet, stream, now = self.fleet, STREAMS[name], self.fleet.world.now
        unloading = fleet.parameters.unloading * 60.0
        time = (end - now) / 1000.0 - unloading
        rest = fleet.rest / 1000.0
        behind = FIRST + len(stops)
        vehicles = []
        for i, truck in enumerate(active):
            home = self._home(truck.depot)
            free = time - home - (0.0 if truck.rested else rest) - self._until_free(truck)
            free, driving = self._reach(free, fleet.charge_left(truck), home)
            aboard = truck.mass, truck.volume
            vehicles.append(Vehicle(free, 1, behind + i, *aboard, cost=0, driving=driving))
        behind += len(active)
        for ready in self._at_home(name):
            i, home = fleet.depots.index(ready.depot), self._home(ready.depot)
            place = DEPOT if i == 0 else behind + i - 1
            free, driving = self._reach(time - home - rest, ready.charge, home)
            vehicles.append(Vehicle(free, len(ready.numbers), place, driving=driving))
        behind += len(fleet.depots) - 1
        several = len(fleet.disposals) > 1
        windows = open_all_day(len(stops))
        for i, stop in enumerate(stops):
            opens, closes = fleet.window(stop.edge, now)
            first, last = (opens - now) / 1000.0, (closes - now) / 1000.0
            # The planner's stop begins behind its street: what is done there is to end in time.
            windows[i] = first, max(first, last - fleet.service_at(stop))
        return Task(
            seconds=self._matrix(stops, [truck.node_after for truck in active]),
            mass=load,
            volume=load / stream.compacted,
            service=np.array([fleet.service_at(stop) for stop in stops]),
            prize=worth,
            window=windows,
            vehicles=vehicles,
            truck_mass=stream.truck_mass,
            truck_volume=stream.truck_volume,
            unloading=unloading,
            reloads=range(behind, behind + len(fleet.disposals)) if several else (DISPOSAL,),
        )

    def _home(self, depot: Place) -> float:
        """From the disposal that is nearest to a depot to it, s."""
        return min(self.fleet.home_from(disposal, depot) for disposal in self.fleet.disposals)

    def _until_free(self, truck: Truck) -> float:
        """Time until a truck has finished the stop that it is at, at most, s."""
        return 0.0 if truck.current is None else self.fleet.service_at(truck.current)

    def _matrix(self, stops: Sequence[Stop], nodes: Sequence[int]) -> Floats:
        """Driving times between the places of a task, s.

        They are the first depot, where the last load goes, the ends of the stops' streets, the
        trucks under way and the further depots (from there only), and, if there are several, the
        disposals.
        """
        network, fleet = self.network, self.fleet
        first, last, further = fleet.depots[0], fleet.disposals[0], fleet.depots[1:]
        several = fleet.disposals if len(fleet.disposals) > 1 else []
        streets = np.array([stop.edge for stop in stops], dtype=np.int64)
        leave = [network.end[place.edge] for place in (first, last)]
        leave += [*network.end[streets], *nodes]
        leave += [network.end[place.edge] for place in (*further, *several)]
        reach = np.array(leave)
        reach[FIRST : FIRST + len(stops)] = network.start[streets]
        way_out, way_in = np.zeros(len(leave)), np.zeros(len(leave))
        outside = [place.outside for place in (*further, *several)]
        way_out[:FIRST] = way_in[:FIRST] = first.outside, last.outside
        way_out[len(leave) - len(outside) :] = way_in[len(leave) - len(outside) :] = outside
        way_in[FIRST : FIRST + len(stops)] = [network.planned(int(edge)) for edge in streets]
        one_way = slice(FIRST + len(stops), len(leave) - len(several))
        way_in[one_way] = np.inf
        rows = [network.times_from(int(node))[reach] for node in leave]
        matrix: Floats = np.array(rows) + way_in + way_out[:, None]
        if several:
            home = np.array([self._mean_home(place) for place in several])
            matrix[:, DISPOSAL] = (matrix[:, -len(several) :] + home - home.min()).min(axis=1)
        return matrix

    def _mean_home(self, disposal: Place) -> float:
        """From a disposal to the depots, s: the planner does not know which truck will unload."""
        return float(np.mean([self.fleet.home_from(disposal, d) for d in self.fleet.depots]))
