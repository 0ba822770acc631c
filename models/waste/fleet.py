"""The fleet: sends trucks out, keeps their books, empties containers on their behalf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.waste.network import Network
from models.waste.parameters import WasteParameters
from models.waste.streams import STREAMS, service_time
from models.waste.truck import OUTSIDE_SPEED, Place, Stop, Truck
from twin.city.city import City
from twin.core.model import Process
from twin.core.state import Column
from twin.core.time import Tick, hours, minutes, seconds
from twin.core.world import World
from twin.errors import ConfigError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


NIGHT = 22.0, 7.0
"""Local hours between which people sleep."""
LOUD = 63.0
"""Emptying a container (104 dB(A)) is heard with 60 dB(A) so far: 104 - 8 - 20 log10 r, m."""
CAUTIOUS_SPEED = 50.0 / 3.6
"""Speed with which the range of an electric truck is reckoned from driving times, m/s."""
FOREVER = 1 << 60
DAY = hours(24)


def residents_near(city: City) -> Floats:
    """People who live so near to each container that emptying it wakes them; (n,) float64."""
    table = city["container"]
    if "building" not in city or not len(table) or not len(city["building"]):
        return np.zeros(len(table))
    from scipy.spatial import KDTree

    near = KDTree(city["building"].points).query_ball_point(table.points, LOUD)
    people = city["building"]["people"]
    return np.array([float(people[rows].sum()) for rows in near])


@dataclass
class Books:
    """What the fleet did: the sums that indicators are made of."""

    emptied: int = 0
    taken: float = 0.0
    collected: float = 0.0
    filled: float = 0.0
    unfinished: int = 0
    cost: float = 0.0
    fuel: float = 0.0
    energy: float = 0.0
    night: float = 0.0


def _service_times(world: World) -> Floats:
    table = world.city["container"]
    pairs = zip(table["stream"].tolist(), table["volume"].tolist(), strict=True)
    return np.array([service_time(stream, volume) for stream, volume in pairs], dtype=np.float64)


def _windows(
    parameters: WasteParameters, roads: npt.NDArray[np.str_]
) -> dict[str, tuple[float, float]]:
    """Hours of each kind of street, s since midnight."""
    found: dict[str, tuple[float, float]] = {}
    kinds = sorted({str(road) for road in roads} - {""})
    for window in parameters.windows:
        where = f"[model.waste] windows, road = {window.road!r}"
        if window.road not in kinds:
            raise ConfigError(
                "the city has no street of this kind", where=where, allowed=", ".join(kinds)
            )
        if window.road in found:
            raise ConfigError(
                "there are two windows for it", where=where, allowed="one for each kind of street"
            )
        found[window.road] = window.seconds
    return found


class Fleet:
    """Trucks of all streams, divided evenly among the depots.

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
    power : (n_depots,) float64, W
        What each depot draws to charge trucks; changed.
    """

    def __init__(
        self,
        world: World,
        parameters: WasteParameters,
        network: Network,
        mass: Floats,
        capacity: Floats,
        out: Column,
        power: Column,
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
        self.power = power
        self.missing: dict[int, float] = {}
        self.absent: frozenset[int] = frozenset()
        self._settled: set[int] = set()
        self.offset: Floats = world.city["container"]["offset"]
        self.service = _service_times(world)
        self.edges = world.city.link("container", "edge").indices
        self.stream = world.city["container"]["stream"]
        self.depots = self._places("depot")
        self.disposals = self._places("disposal")
        self.unloading = minutes(parameters.unloading)
        self.rest = minutes(parameters.rest)
        self.tow = hours(parameters.tow_hours)
        self.rest_after = minutes(parameters.rest_after)
        self.waiting: dict[str, list[tuple[Stop, Truck | None, str]]] = {}
        self._road = world.city["edge"]["road"]
        self._windows = _windows(parameters, self._road)
        self._near = residents_near(world.city)
        self._check_battery()

    def _places(self, kind: str) -> list[Place]:
        """All of a kind that are on a street."""
        depot = self.world.city["depot"]
        edges = self.world.city.link("depot", "edge").indices
        beyond = np.where(depot["origin"] == "inferred", self.parameters.beyond * 1000.0, 0.0)
        rows = np.flatnonzero((depot["kind"] == kind) & (edges >= 0))
        return [Place(int(row), int(edges[row]), float(beyond[row])) for row in rows]

    @property
    def works(self) -> bool:
        """Whether there is a depot and a disposal on the streets."""
        return bool(self.depots and self.disposals)

    def base(self, number: int) -> Place:
        """The depot of a truck: those of each stream are dealt to the depots in turn."""
        return self.depots[number % self.parameters.trucks % len(self.depots)]

    def is_out(self, number: int) -> bool:
        """Whether the truck of this number has broken down; the first ones do."""
        return bool(number < self._out[0])

    # -- what the planner asks -----------------------------------------------------------------

    def ready(self, name: str) -> list[int]:
        """Trucks of a stream that are neither broken down nor still under way."""
        away = {truck.number for truck in self.trucks if truck.finished is None}
        return [n for n in self.in_service(name) if n not in away and not self.is_out(n)]

    def in_service(self, name: str) -> list[int]:
        """Trucks of a stream that work on this day; ``absent`` holds those that do not."""
        first = list(STREAMS).index(name) * self.parameters.trucks
        numbers = range(first, first + self.parameters.trucks)
        return [number for number in numbers if number not in self.absent]

    def under_way(self, name: str) -> list[Truck]:
        """Trucks of a stream that can still be sent elsewhere."""
        return [
            truck
            for truck in self.trucks
            if truck.name == name and truck.finished is None and not truck.homeward
            and not truck.lost
        ]  # fmt: skip

    def window(self, edge: int, at: Tick) -> tuple[Tick, Tick]:
        """The window of a street that is open at a tick, or opens next after it."""
        hours = self._windows.get(str(self._road[edge]))
        if hours is None:
            return 0, FOREVER
        opens, closes = (seconds(since_midnight) for since_midnight in hours)
        yesterday = at - seconds(self.world.calendar.day_seconds(at)) - DAY
        first = next(day for day in range(3) if yesterday + day * DAY + closes > at)
        return yesterday + first * DAY + opens, yesterday + first * DAY + closes

    def is_open(self, edge: int, begin: Tick, end: Tick) -> bool:
        """Whether containers of a street may be emptied from one tick to another."""
        opens, closes = self.window(edge, begin)
        return opens <= begin and end <= closes

    def service_at(self, stop: Stop) -> float:
        """Time to empty what is left at a stop, s."""
        return float(sum(self.service[row] for row in stop.rows))

    # -- times home --------------------------------------------------------------------------

    def home_from(self, disposal: Place, depot: Place) -> float:
        """From a disposal to a depot, s."""
        home = self.network.times_to(int(self.network.end[depot.edge]))
        beyond = (disposal.beyond + depot.beyond) / OUTSIDE_SPEED
        return float(home[self.network.end[disposal.edge]]) + beyond

    def time_home(self, node: int, depot: Place) -> float:
        """From a junction over a disposal to a depot, unloading included, s."""
        ways = [
            self._time_to(node, disposal) + self.home_from(disposal, depot)
            for disposal in self.disposals
        ]
        return min(ways) + self.unloading / 1000.0

    def disposal_between(self, node: int, goal: int) -> Place:
        """The disposal with the shortest way from one junction over it to another."""
        return min(
            self.disposals,
            key=lambda place: (
                self._time_to(node, place)
                + float(self.network.times_to(goal)[self.network.end[place.edge]])
                + place.outside
            ),
        )

    def _time_to(self, node: int, place: Place) -> float:
        there = self.network.times_to(int(self.network.end[place.edge]))[node]
        return float(there) + place.outside

    # -- books -------------------------------------------------------------------------------

    def empty(self, row: int, room: float, truck: Truck) -> float:
        """Empty a container into a truck that has room for so many kg; the mass taken, kg."""
        level = float(self.mass[row] / self.capacity[row])
        taken = min(float(self.mass[row]), room)
        self.mass[row] -= taken
        self.emptied_at[row] = self.world.now
        self.books.emptied += 1
        self.books.taken += taken
        self.books.filled += level
        if self._is_night():
            self.books.night += float(self._near[row])
        subject = str(self.world.city["container"].ids[row])
        self.world.log.add(
            self.world.now, "waste.emptied", subject,
            kg=round(taken, 3), level=round(level, 4), truck=truck.number,
            km=round(truck.distance / 1000.0, 3),
        )  # fmt: skip
        return taken

    def unload(self, truck: Truck, place: Place) -> None:
        """Book what a truck brings to a disposal: only now it is collected."""
        where = str(self.world.city["depot"].ids[place.row])
        km = round(truck.distance / 1000.0, 3)
        self.log("waste.unloaded", truck, kg=round(truck.mass, 3), km=km, place=where)
        self.books.collected += truck.mass

    def put_off(self, stop: Stop, truck: Truck | None, why: str) -> None:
        """Keep a stop that cannot be made now for the next plan, or for the end of the shift."""
        stream = str(self.stream[stop.rows[0]])
        self.waiting.setdefault(stream, []).append((stop, truck, why))

    def leave_waiting(self, stream: str) -> None:
        """Count the containers that were to be emptied in the shift that ends, and were not."""
        for stop, truck, why in self.waiting.pop(stream, []):
            self.books.unfinished += len(stop.rows)
            edge = str(self.world.city["edge"].ids[stop.edge])
            self.world.log.add(
                self.world.now, "waste.unfinished", edge,
                containers=len(stop.rows), truck=-1 if truck is None else truck.number, why=why,
            )  # fmt: skip

    def _is_night(self) -> bool:
        hour = self.world.calendar.day_seconds(self.world.now) / 3600.0
        return hour >= NIGHT[0] or hour < NIGHT[1]

    def log(self, kind: str, truck: Truck, **detail: Any) -> None:
        """Log what a truck does."""
        self.world.log.add(self.world.now, kind, f"{truck.name} {truck.number}", **detail)

    # -- electric trucks ---------------------------------------------------------------------

    def energy(self, truck: Truck) -> float:
        """Electric energy of a truck so far, kWh: by distance, and by time; 0 for diesel."""
        rules = self.parameters
        if not rules.electric:
            return 0.0
        return truck.distance / 1000.0 * rules.kwh_per_km + truck.worked * rules.kwh_per_hour

    def needs(self, driving: float, time: float) -> float:
        """Energy for some driving within a longer time, both in s, kWh; 0 for diesel."""
        rules = self.parameters
        if not rules.electric:
            return 0.0
        kilometres = driving * CAUTIOUS_SPEED / 1000.0
        return kilometres * rules.kwh_per_km + time / 3600.0 * rules.kwh_per_hour

    def charge_of(self, number: int) -> float:
        """What a truck in its depot may use, a tenth kept back, kWh; infinity for diesel."""
        if not self.parameters.electric:
            return float("inf")
        return 0.9 * self.parameters.battery - self.missing.get(number, 0.0)

    def charge_left(self, truck: Truck) -> float:
        """What a truck under way may still use, kWh."""
        return self.charge_of(truck.number) - self.energy(truck)

    @property
    def charging(self) -> float:
        """Tenths of their batteries that trucks in the depots still lack; 0 for diesel."""
        away = {truck.number for truck in self.trucks if truck.finished is None}
        lack = sum(kwh for number, kwh in self.missing.items() if number not in away)
        return float(np.ceil(10.0 * lack / self.parameters.battery))

    def _check_battery(self) -> None:
        """Refuse a battery with which no load can be brought to the disposal."""
        network, have = self.network, 0.9 * self.parameters.battery
        for depot in self.depots if self.parameters.electric else ():
            ways = [
                depot.outside + place.outside + self.home_from(place, depot)
                + float(network.times_from(int(network.end[depot.edge]))[network.end[place.edge]])
                for place in self.disposals
            ]  # fmt: skip
            least = min(ways, default=float("inf"))
            need = self.needs(least, least + self.unloading / 1000.0)
            if have < need < float("inf"):
                raise ConfigError(
                    f"a battery of {self.parameters.battery:g} kWh does not last from the depot "
                    "to the disposal and back",
                    where="[model.waste] battery",
                    allowed=f"more than {need / 0.9:.0f} kWh in this city, a tenth is kept back",
                )

    def charge(self, truck: Truck) -> Process:
        """Charge a truck that came home, until it is full or leaves again."""
        missing = self.missing.get(truck.number, 0.0) + self.energy(truck)
        watts, began = self.parameters.charger * 1000.0, self.world.now
        needed = hours(missing / self.parameters.charger)
        self.missing[truck.number] = missing
        self.power[truck.depot.row] += watts
        while self.world.now < began + needed and not self._left_again(truck):
            step = min(minutes(5), began + needed - self.world.now)
            yield self.world.env.timeout(step)
            self.missing[truck.number] -= watts / 1000.0 * step / 3_600_000.0
        self.missing[truck.number] = max(0.0, self.missing[truck.number])
        self.power[truck.depot.row] -= watts

    def _left_again(self, truck: Truck) -> bool:
        return any(other.number == truck.number and other.finished is None for other in self.trucks)

    def fuel(self, truck: Truck) -> float:
        """Diesel of a truck so far, l: by distance, and by time for lifting and pressing."""
        rules = self.parameters
        if rules.electric:
            return 0.0
        return truck.distance / 1000.0 * rules.fuel_per_km + truck.worked * rules.fuel_per_hour

    def settle(self, truck: Truck) -> None:
        """Book what a round cost, once."""
        if id(truck) in self._settled:
            return
        self._settled.add(id(truck))
        rules, ledger, now = self.parameters, self.world.ledger, self.world.now
        litres = self.fuel(truck)
        wages = truck.hours * rules.crew * rules.wage
        tow = rules.tow_price if truck.broken_at is not None else 0.0
        kwh = self.energy(truck)
        fuel = litres * rules.fuel_price + kwh * rules.electricity_price
        price = (wages + fuel + tow + truck.hours * rules.vehicle) * (1.0 + rules.margin)
        ledger.book(now, "municipality", "waste operator", price, "waste.collection")
        ledger.book(now, "waste operator", "workers", wages, "waste.wages")
        supplier = "energy supplier" if rules.electric else "fuel supplier"
        ledger.book(now, "waste operator", supplier, fuel, "waste.fuel")
        if tow > 0.0:
            ledger.book(now, "waste operator", "firms", tow, "waste.towing")
        self.books.cost += price
        self.books.fuel += litres
        self.books.energy += kwh

    def settle_all(self) -> None:
        """Book the rounds that are still under way, at the end of a run."""
        for truck in self.trucks:
            self.settle(truck)
