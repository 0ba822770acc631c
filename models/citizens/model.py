"""The citizens: one population whose days make the trips, the presence and the waste."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.citizens import days, waste
from models.citizens.afoot import walks
from models.citizens.columns import BICYCLE as BIKE
from models.citizens.columns import CAR, TRANSIT, WALK, Choice, Tally
from models.citizens.parameters import Parameters as CitizensParameters
from twin.core.indicator import Indicator
from twin.core.ledger import NOBODY
from twin.core.model import Model
from twin.core.port import Port
from twin.core.time import Tick, minutes
from twin.core.world import World

if TYPE_CHECKING:
    from models.citizens.agents import Society
    from models.citizens.space import Space
    from models.citizens.transit import Transit

Floats = npt.NDArray[np.float64]

HOUSEHOLDS = "households"
BOOKED = (
    (HOUSEHOLDS, "municipality", "fares"),
    (HOUSEHOLDS, "municipality", "car price"),
    ("drivers", NOBODY, "trips by another mode"),
    ("drivers", NOBODY, "trips not made"),
)
"""Payer, payee and category of what is booked; who drives no more was a driver before."""
WALKERS = "citizens.walkers"
WALKS = Port(
    "citizens.walks",
    "edge",
    "person",
    kind="event",
    fields=("time", "walk", "edge", "place", "speed", "back"),
)


class Citizens(Model):
    """Households, commuters and visitors who decide their days; see docs/models/citizens.md."""

    name = "citizens"
    Parameters = CitizensParameters
    parameters: CitizensParameters
    period = minutes(1)
    refresh: Tick = minutes(15)
    """Ticks between two looks at the streets' travel times."""
    reads = (
        Port("traffic.travel_time", "edge", "s", default=float("nan"), delayed=True),
        Port("traffic.closed", "edge", "1", default=0.0, delayed=True),
        Port("traffic.toll", "edge", "EUR", default=0.0, delayed=True),
        Port("traffic.toll_resident", "city", "1", default=1.0, delayed=True),
        Port("traffic.zone_fine", "edge", "EUR", default=0.0, delayed=True),
    )
    writes = (
        Port("citizens.present", "building", "person", profile="sum"),
        Port(
            "citizens.trips",
            "edge",
            "trip",
            kind="event",
            fields=("depart", "origin", "destination", "person", "resident"),
        ),
        Port("citizens.waste", "building", "kg/h", kind="flow", profile="sum"),
        Port("citizens.parked", "edge", "veh", profile="sum"),
        Port("citizens.walkers", "edge", "person/h", kind="flow"),
        WALKS,
    )
    controls = (
        Port("citizens.car_price", "city", "EUR", kind="control", bounds=(0.0, 100.0), default=0.0),
        Port("citizens.stay_home", "building", "1", kind="control", bounds=(0.0, 1.0), default=0.0),
    )
    indicators = (
        Indicator("citizens.trips_walk", "trip", "neutral", HOUSEHOLDS),
        Indicator("citizens.trips_bicycle", "trip", "neutral", HOUSEHOLDS),
        Indicator("citizens.trips_transit", "trip", "neutral", HOUSEHOLDS),
        Indicator("citizens.trips_car", "trip", "neutral", HOUSEHOLDS),
        Indicator("citizens.car_share", "%", "lower", "municipality", headline=True),
        Indicator("citizens.car_distance", "km", "lower", "everyone"),
        Indicator("citizens.travel_time", "min", "lower", HOUSEHOLDS),
        Indicator("citizens.trips_cancelled", "trip", "lower", HOUSEHOLDS),
        Indicator("citizens.travel_cost", "EUR", "lower", HOUSEHOLDS, headline=True),
        Indicator("citizens.waste", "kg", "lower", "municipality"),
    )

    def __init__(self, world: World, parameters: CitizensParameters) -> None:
        super().__init__(world, parameters)
        if parameters.gtfs_file is not None:
            day = parameters.gtfs_date
            world.announced["citizens.timetable"] = (Path(parameters.gtfs_file), day)

    @property
    def drive(self) -> bool:
        """Whether their trips by car are the traffic, or nobody else's are."""
        return bool(self.world.announced.get("citizens.trips", True))

    def setup(self) -> None:
        """Make the people, and bring them to where their day has them at the start."""
        building = self.city["building"]
        self.rates = waste.rates(building["use"], self.parameters.household_waste)
        self.waste_kg = 0.0
        self.looked: Tick = 0
        self.before: Tick = 0
        self.booked = np.zeros(4)
        self.alert = self["citizens.stay_home"].copy()
        self.afoot: walks.Afoot | None = None
        self.inhabited = bool((building["people"] > 0).any() or (building["jobs"] > 0).any())
        self.tally = _tally(len(self.city["edge"]), len(building), 0)
        if self.inhabited:
            self._settle()
            self._begin_day(0)
            self._write()

    def _settle(self) -> None:
        """Make the places, the people and their agents."""
        from models.citizens import agents, build, driving, space

        places = space.make(self.city)
        population = build.populate(self.city, places, self.world.streams, self.parameters)
        self.residents = population.residents
        if self.world.consumed & {WALKS.name, WALKERS}:
            self.afoot = walks.Afoot(self.city, places)
        ground = build.ground(self.city, places, self.parameters, self._transit(places))
        persons = len(population.people.key)
        self.tally = _tally(len(self.city["edge"]), places.buildings, persons)
        pace = 60.0 * self.parameters.cost / self.parameters.time
        self.driving = driving.Driving(space.Skims(self.city, places), persons, pace)
        rng = self.world.streams.generator("citizens.society")
        self.society: Society = agents.Society(population, ground, self.tally, rng)
        kinds = np.bincount(population.people.kind, minlength=5).tolist()
        detail = dict(
            zip(("workers", "pupils", "others", "commuters", "visitors"), kinds, strict=True)
        )
        self.world.log.add(
            0, "population", self.name, residents=self.residents, households=population.households,
            gateways=places.gateways, zones=places.zones, **detail,
        )  # fmt: skip

    def _transit(self, places: Space) -> Transit | None:
        """Public transport by the timetable of the day, where a feed is given."""
        if self.parameters.gtfs_file is None:
            return None
        from models.citizens import transit
        from twin.city import gtfs

        day = self.parameters.gtfs_date or days.lived(self.world.calendar, 0)
        feed = gtfs.read_feed(Path(self.parameters.gtfs_file), day)
        begin, end = (hour * 3600.0 for hour in self.parameters.gtfs_hours)
        found = transit.between_zones(self.city, places, feed, begin, end)
        joined = np.isfinite(found.ride)
        if not joined.any():
            self.world.warnings.append(
                f"no line of {self.parameters.gtfs_file} joins two zones of {self.city.name}"
            )
        self.world.log.add(
            0, "timetable", self.name, lines=len(feed.lines), pairs=int(np.count_nonzero(joined))
        )
        return found

    def _begin_day(self, now: Tick) -> None:
        """Everybody decides the day and lives it up to ``now``, from home on empty streets."""
        calendar, s = self.world.calendar, self.society
        day = days.lived(calendar, now)
        self.day_start = days.begin(calendar, day)
        self.next_day = days.begin(calendar, day.fromordinal(day.toordinal() + 1))
        s.day = days.profile(day, self.city.place.country, self.parameters)
        s.choice = _choice(self.parameters, days.bicycle_constant(day, self.parameters))
        s.now = self.driving.empty(np.zeros(len(self.alert)))
        people, tally = s.people, self.tally
        tally.present[:] = 0.0
        tally.parked[:] = 0.0
        home = people.home[: self.residents]
        np.add.at(tally.present[0], home, 1.0)
        edges = s.ground.leaves[home[people.car[: self.residents]]]
        np.add.at(tally.parked, edges[edges >= 0], 1.0)
        s.live_day((now - self.day_start) / 1000.0)

    def step(self, now: Tick) -> None:
        """Arrivals up to now, then the departures before the next step."""
        from models.citizens import kernels

        if not self.inhabited:
            return
        s = self.society
        self._waste(now)
        if now >= self.next_day:
            self._begin_day(now)
        self._look(now)
        seconds = (now - self.day_start) / 1000.0
        kernels.arrivals(s.people, s.ground, self.tally, seconds)
        self._alarm(seconds)
        if now < self.world.end:
            s.set_off(kernels.due(s.people, seconds + self.period / 1000.0))
            self._publish(now)
            self._walk(now)
        self._write()
        if self.afoot is not None:
            entered = self.afoot.entered(now / 1000.0, len(self.city["edge"]))
            self[WALKERS][:] = entered * (minutes(60) / self.period)
        if now >= self.world.end or now // minutes(60) != (now - self.period) // minutes(60):
            self._book(now)

    def _look(self, now: Tick) -> None:
        """What decisions meet now: the price and the alert at once, the streets every refresh."""
        toll, fine = self["traffic.toll"], self["traffic.zone_fine"]
        if not self.drive:
            toll = fine = np.zeros(len(toll))
        if now == 0 and self.drive and "traffic.car_prices" in self.world.announced:
            self.driving.ask(self.world.announced["traffic.car_prices"])
        if now - self.looked >= self.refresh or self.driving.changed(toll, fine):
            self.looked = now
            self.driving.look(self["traffic.travel_time"], self["traffic.closed"], toll, fine)
        price, share = (
            float(self[port][0]) for port in ("citizens.car_price", "traffic.toll_resident")
        )
        self.society.now = self.driving.now(price, share, self["citizens.stay_home"])

    def _alarm(self, seconds: float) -> None:
        """When an alert is new somewhere, those who are out there react."""
        alert = self["citizens.stay_home"]
        if (alert > self.alert).any():
            out = np.flatnonzero(self.society.people.role == 3).astype(np.int32)
            self.society.react(out, seconds)
        self.alert[:] = alert

    def _publish(self, now: Tick) -> None:
        """Publish the car trips of this step, in the order of their departure."""
        tally, n = self.tally, int(self.tally.trip_count[0])
        if n == 0:
            return
        tally.trip_count[0] = 0
        order = np.lexsort((tally.trip_person[:n], tally.trip_time[:n]))
        depart = self.day_start + np.round(tally.trip_time[:n][order] * 1000.0)
        self.publish(
            "citizens.trips",
            depart=np.maximum(depart, now),
            origin=tally.trip_from[:n][order],
            destination=tally.trip_to[:n][order],
            person=tally.trip_person[:n][order],
            resident=tally.trip_person[:n][order] < self.residents,
        )

    def _walk(self, now: Tick) -> None:
        """Publish the walks of this step, edge by edge, from when each is entered."""
        tally, n = self.tally, int(self.tally.foot_count[0])
        tally.foot_count[0] = 0
        if self.afoot is None:
            return
        begin = np.maximum(self.day_start / 1000.0 + tally.foot_time[:n], now / 1000.0)
        found = self.afoot.begin(begin, tally.foot_from[:n].copy(), tally.foot_to[:n].copy())
        if WALKS.name in self.world.consumed:
            self.publish(
                WALKS.name,
                time=np.round(found[:, 0] * 1000.0),
                walk=found[:, 1],
                edge=found[:, 2],
                place=found[:, 3],
                speed=np.full(len(found), walks.SPEED),
                back=found[:, 4],
            )

    def _waste(self, now: Tick) -> None:
        """Waste of the step that ends, from those who were present in it."""
        hour = self.world.calendar.day_seconds(now) / 3600.0
        self.rates_now = self.rates.copy()
        self.rates_now[0] *= waste.awake(hour)
        flow = (self.tally.present * self.rates_now).sum(axis=0)
        self["citizens.waste"][:] = flow
        self.waste_kg += float(flow.sum()) * (now - self.before) / 3_600_000.0
        self.before = now

    def _write(self) -> None:
        self.tally.present.sum(axis=0, out=self["citizens.present"])
        self["citizens.parked"][:] = self.tally.parked

    def _book(self, now: Tick) -> None:
        """Book what was paid since the last booking: fares, and the price of car trips."""
        if not self.drive:
            return
        sums = self.tally.sums[[3, 4, 6, 7]]
        for row, (payer, payee, category) in enumerate(BOOKED):
            amount = float(sums[row] - self.booked[row])
            if amount > 0.0:
                self.world.ledger.book(now, payer, payee, amount, category)
                self.booked[row] = sums[row]

    def tells(self) -> list[Indicator]:
        """The declared indicators; of other people's traffic only what does not hang on trips."""
        return [i for i in self.indicators if self.drive or i.name == "citizens.waste"]

    def measure(self) -> Mapping[str, float]:
        """Trips by mode, times, costs and waste over the run."""
        waste_alone = {"citizens.waste": self.waste_kg}
        return waste_alone | self._trips() if self.drive else waste_alone

    def _trips(self) -> dict[str, float]:
        trips, sums = self.tally.trips.sum(axis=0), self.tally.sums
        return {
            "citizens.trips_walk": float(trips[WALK]),
            "citizens.trips_bicycle": float(trips[BIKE]),
            "citizens.trips_transit": float(trips[TRANSIT]),
            "citizens.trips_car": float(trips[CAR]),
            "citizens.car_share": float(100.0 * trips[CAR] / max(trips.sum(), 1.0)),
            "citizens.car_distance": float(sums[5] / 1000.0),
            "citizens.travel_time": float(sums[1] / max(sums[0], 1.0) / 60.0),
            "citizens.trips_cancelled": float(sums[2]),
            "citizens.travel_cost": float(sums[3] + sums[4]),
        }


def _tally(edges: int, buildings: int, persons: int) -> Tally:
    return Tally(
        present=np.zeros((4, buildings)),
        parked=np.zeros(edges),
        trips=np.zeros((5, 4)),
        sums=np.zeros(8),
        swapped=np.zeros(persons, np.bool_),
        trip_count=np.zeros(1, np.int64),
        trip_time=np.zeros(persons),
        trip_from=np.zeros(persons, np.int32),
        trip_to=np.zeros(persons, np.int32),
        trip_person=np.zeros(persons, np.int32),
        foot_count=np.zeros(1, np.int64),
        foot_time=np.zeros(2 * persons),
        foot_from=np.zeros(2 * persons, np.int32),
        foot_to=np.zeros(2 * persons, np.int32),
    )


def _choice(p: CitizensParameters, bicycle: float) -> Choice:
    return Choice(
        walk=p.constant_walk,
        bicycle=bicycle,
        transit=p.constant_transit,
        car=p.constant_car,
        time=p.time,
        time_walk=p.time_walk,
        time_bicycle=p.time_bicycle,
        cost=p.cost,
        fare=p.fare,
        car_cost=p.car_cost,
        suppression=p.suppression,
    )
