"""The fleet: sends trucks out, keeps their books, empties containers on their behalf."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.waste.network import Network
from models.waste.parameters import WasteParameters
from models.waste.plan import Task, plan
from models.waste.streams import STREAMS, Stream, service_time
from models.waste.truck import OUTSIDE_SPEED, Place, Stop, Truck
from twin.core.state import Column
from twin.core.time import Tick, minutes
from twin.core.world import World

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass
class Books:
    """What the fleet did: the sums that indicators are made of."""

    emptied: int = 0
    collected: float = 0.0
    filled: float = 0.0
    unfinished: int = 0
    cost: float = 0.0
    fuel: float = 0.0


def _service_times(world: World) -> Floats:
    table = world.city["container"]
    pairs = zip(table["stream"].tolist(), table["volume"].tolist(), strict=True)
    return np.array([service_time(stream, volume) for stream, volume in pairs], dtype=np.float64)


class Fleet:
    """Trucks of all streams with one depot and one disposal.

    Parameters
    ----------
    world
        The run.
    parameters
        Of the model.
    network
        The streets.
    mass, capacity : (n,) float64, kg
        Columns of the containers; ``mass`` is changed when one is emptied.
    out : (1,) float64
        Control column: how many trucks are broken down.
    """

    def __init__(
        self,
        world: World,
        parameters: WasteParameters,
        network: Network,
        mass: Floats,
        capacity: Floats,
        out: Column,
    ) -> None:
        self.world = world
        self.parameters = parameters
        self.network = network
        self.mass = mass
        self.capacity = capacity
        self.books = Books()
        self.trucks: list[Truck] = []
        self.emptied_at: dict[int, Tick] = {}
        self._out = out
        self._settled: set[int] = set()
        self.offset: Floats = world.city["container"]["offset"]
        self.service = _service_times(world)
        self.edges = world.city.link("container", "edge").indices
        self.depot = self._place("depot")
        self.disposal = self._place("disposal")
        self.unloading = minutes(parameters.unloading)
        self.rest = minutes(parameters.rest)
        self.rest_after = minutes(parameters.rest_after)

    def _place(self, kind: str) -> Place:
        depot = self.world.city["depot"]
        rows = np.flatnonzero(depot["kind"] == kind)
        edges = self.world.city.link("depot", "edge").indices
        rows = rows[edges[rows] >= 0]
        if not len(rows):
            return Place(-1, 0.0)
        row = rows[0]
        inferred = depot["origin"][row] == "inferred"
        return Place(int(edges[row]), self.parameters.beyond * 1000.0 if inferred else 0.0)

    @property
    def works(self) -> bool:
        """Whether there is a depot and a disposal on the streets."""
        return self.depot.edge >= 0 and self.disposal.edge >= 0

    def is_out(self, number: int) -> bool:
        """Whether the truck of this number has broken down; the first ones do."""
        return bool(number < self._out[0])

    # -- sending trucks out ------------------------------------------------------------------

    def send(self, name: str, due: Rows, expected: Floats, end: Tick) -> list[Truck]:
        """Plan the rounds of one stream and send its trucks.

        Parameters
        ----------
        name
            The stream.
        due : (k,) int
            Containers to empty.
        expected : (k,) float64, kg
            What the planner expects in them.
        end
            Tick by which trucks must be back.
        """
        stream = STREAMS[name]
        self.network.refresh(self.world.now, force=True)
        stops, load = self._stops(due, expected)
        task = self._task(stream, name, stops, load, end)
        rounds = plan(task, self.parameters.iterations) if self.works else []
        planned = {stop for tour in rounds for stop in tour}
        for i in sorted(set(range(len(stops))) - planned):
            self.leave(stops[i], None, "not planned")
        numbers = self._ready(name)
        sent = [
            Truck(self, number, name, stream, [stops[i] for i in tour], end)
            for number, tour in zip(numbers, rounds, strict=False)
        ]
        self.trucks += sent
        return sent

    def _ready(self, name: str) -> list[int]:
        """Trucks of a stream that are neither broken down nor still under way."""
        first = list(STREAMS).index(name) * self.parameters.trucks
        away = {truck.number for truck in self.trucks if truck.finished is None}
        numbers = range(first, first + self.parameters.trucks)
        return [n for n in numbers if n not in away and not self.is_out(n)]

    def _stops(self, due: Rows, expected: Floats) -> tuple[list[Stop], Floats]:
        """One stop a street, its containers in driving order, and the expected load of each, kg."""
        edges = self.edges[due]
        on = edges >= 0
        due, expected, edges = due[on], expected[on], edges[on]
        order = np.lexsort((due, self.offset[due], edges))
        streets, group = np.unique(edges, return_inverse=True)
        stops = [Stop(int(edge), deque()) for edge in streets]
        for i in order.tolist():
            stops[group[i]].rows.append(int(due[i]))
        load: Floats = np.bincount(group, weights=expected, minlength=len(stops)).astype(np.float64)
        return stops, load

    def _task(
        self, stream: Stream, name: str, stops: Sequence[Stop], load: Floats, end: Tick
    ) -> Task:
        to_depot = self._home_after_unloading() if self.works else 0.0
        free = (end - self.world.now - self.rest) / 1000.0 - to_depot
        return Task(
            seconds=self._matrix(stops) if self.works else np.zeros((2, 2)),
            mass=load,
            volume=load / stream.compacted,
            service=np.array([self.service_at(stop) for stop in stops]),
            trucks=len(self._ready(name)),
            truck_mass=stream.truck_mass,
            truck_volume=stream.truck_volume,
            shift=free - self.parameters.unloading * 60.0,
            unloading=self.parameters.unloading * 60.0,
        )

    def _matrix(self, stops: Sequence[Stop]) -> Floats:
        """Driving times between depot, disposal and stops, each up to the end of its street, s."""
        network = self.network
        edges = np.array([self.depot.edge, self.disposal.edge, *(s.edge for s in stops)])
        first = np.concatenate((network.end[edges[:2]], network.start[edges[2:]]))
        along = np.array([0.0, 0.0, *(network.planned(int(e)) for e in edges[2:])])
        rows = [network.times_from(int(node))[first] for node in network.end[edges]]
        matrix: Floats = np.array(rows) + along
        for i, place in enumerate((self.depot, self.disposal)):
            matrix[i] += place.beyond / OUTSIDE_SPEED
            matrix[:, i] += place.beyond / OUTSIDE_SPEED
        return matrix

    def service_at(self, stop: Stop) -> float:
        """Time to empty what is left at a stop, s."""
        return float(sum(self.service[row] for row in stop.rows))

    # -- times home --------------------------------------------------------------------------

    def _home_after_unloading(self) -> float:
        """From the disposal to the depot, s."""
        home = self.network.times_to(int(self.network.end[self.depot.edge]))
        beyond = (self.disposal.beyond + self.depot.beyond) / OUTSIDE_SPEED
        return float(home[self.network.end[self.disposal.edge]]) + beyond

    def time_home(self, node: int) -> float:
        """From a junction over the disposal to the depot, unloading included, s."""
        there = self.network.times_to(int(self.network.end[self.disposal.edge]))[node]
        there += self.disposal.beyond / OUTSIDE_SPEED + self.unloading / 1000.0
        return float(there) + self._home_after_unloading()

    # -- books -------------------------------------------------------------------------------

    def empty(self, row: int, room: float, truck: Truck) -> float:
        """Empty a container into a truck that has room for so many kg; the mass taken, kg."""
        level = float(self.mass[row] / self.capacity[row])
        taken = min(float(self.mass[row]), room)
        self.mass[row] -= taken
        self.emptied_at[row] = self.world.now
        self.books.emptied += 1
        self.books.collected += taken
        self.books.filled += level
        subject = str(self.world.city["container"].ids[row])
        self.world.log.add(
            self.world.now, "waste.emptied", subject,
            kg=round(taken, 3), level=round(level, 4), truck=truck.number,
        )  # fmt: skip
        return taken

    def leave(self, stop: Stop, truck: Truck | None, why: str) -> None:
        """Count containers that were to be emptied and are not."""
        self.books.unfinished += len(stop.rows)
        number = -1 if truck is None else truck.number
        edge = str(self.world.city["edge"].ids[stop.edge])
        self.world.log.add(
            self.world.now, "waste.unfinished", edge,
            containers=len(stop.rows), truck=number, why=why,
        )  # fmt: skip

    def log(self, kind: str, truck: Truck, **detail: Any) -> None:
        """Log what a truck does."""
        self.world.log.add(self.world.now, kind, f"{truck.name} {truck.number}", **detail)

    def fuel(self, truck: Truck) -> float:
        """Diesel of a truck so far, l: by distance, and by time for lifting and pressing."""
        rules = self.parameters
        return truck.distance / 1000.0 * rules.fuel_per_km + truck.hours * rules.fuel_per_hour

    def settle(self, truck: Truck) -> None:
        """Book what a round cost, once."""
        if id(truck) in self._settled:
            return
        self._settled.add(id(truck))
        rules, ledger, now = self.parameters, self.world.ledger, self.world.now
        litres = self.fuel(truck)
        wages = truck.hours * rules.crew * rules.wage
        fuel = litres * rules.fuel_price
        price = (wages + fuel + truck.hours * rules.vehicle) * (1.0 + rules.margin)
        ledger.book(now, "municipality", "waste operator", price, "waste.collection")
        ledger.book(now, "waste operator", "workers", wages, "waste.wages")
        ledger.book(now, "waste operator", "fuel supplier", fuel, "waste.fuel")
        self.books.cost += price
        self.books.fuel += litres

    def settle_all(self) -> None:
        """Book the rounds that are still under way, at the end of a run."""
        for truck in self.trucks:
            self.settle(truck)
