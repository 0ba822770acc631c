"""The dispatcher of a fleet: plans a shift, and again when something has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.waste.fleet import Fleet
from models.waste.plan import DEPOT, FIRST, LEAVE_OUT, Task, Vehicle, open_all_day, plan
from models.waste.streams import STREAMS
from models.waste.truck import OUTSIDE_SPEED, Stop, Truck
from twin.core.time import Tick

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

WORTH = 60.0
"""Driving time that a container is worth at least for the planner to look at it, s."""


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
        ready = fleet.ready(name)
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
                number = ready[len(sent)]
                sent.append(Truck(fleet, number, name, STREAMS[name], mine, end))
        planned = {stop for _, tour in rounds for stop in tour}
        for i in sorted(set(range(len(stops))) - planned):
            if worth[i] >= LEAVE_OUT:
                shut = self.network.planned(stops[i].edge) == float("inf")
                fleet.put_off(stops[i], None, "closed" if shut else "not planned")
        fleet.trucks += sent
        return sent

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
        left = (end - now) / 1000.0 - fleet.home_after_unloading() - unloading
        rest = fleet.rest / 1000.0
        place = FIRST + len(stops)
        vehicles = [
            Vehicle(
                left - (0.0 if truck.rested else rest) - self._until_free(truck), 1, place + i,
                truck.mass, truck.volume, 0,
            )
            for i, truck in enumerate(active)
        ]  # fmt: skip
        vehicles.append(Vehicle(left - rest, len(fleet.ready(name)), DEPOT))
        windows = open_all_day(len(stops))
        for i, stop in enumerate(stops):
            opens, closes = fleet.window(stop.edge)
            windows[i] = (opens - now) / 1000.0, (closes - now) / 1000.0
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
        )

    def _until_free(self, truck: Truck) -> float:
        """Time until a truck has finished the stop that it is at, at most, s."""
        return 0.0 if truck.current is None else self.fleet.service_at(truck.current)

    def _matrix(self, stops: Sequence[Stop], nodes: Sequence[int]) -> Floats:
        """Driving times between depot, disposal, ends of the stops' streets and trucks, s."""
        network, fleet = self.network, self.fleet
        edges = np.array([fleet.depot.edge, fleet.disposal.edge, *(s.edge for s in stops)])
        ends = np.concatenate((network.end[edges], np.array(nodes, dtype=np.int64)))
        first = np.concatenate((network.end[edges[:2]], network.start[edges[2:]]))
        along = np.array([0.0, 0.0, *(network.planned(int(e)) for e in edges[2:])])
        rows = [network.times_from(int(node))[first] for node in ends.tolist()]
        to_places: Floats = np.array(rows) + along
        to_trucks = np.full((len(ends), len(nodes)), np.inf)
        matrix = np.hstack((to_places, to_trucks))
        for i, place in enumerate((fleet.depot, fleet.disposal)):
            matrix[i] += place.beyond / OUTSIDE_SPEED
            matrix[:, i] += place.beyond / OUTSIDE_SPEED
        return matrix
