"""Parking: bays, the drivers who look for one, what they pay and whom they keep waiting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from models.parking import ground
from models.parking.accounts import INDICATORS, Accounts
from models.parking.columns import DRIVING, Flags, Floats, Habits, Rows
from models.parking.curb import Curb
from models.parking.demand import Demand
from models.parking.parameters import ParkingParameters
from models.parking.usual import coefficient, start_shares
from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters
from twin.core.port import Port
from twin.core.random import uniforms
from twin.core.time import Tick, duration, hours
from twin.core.world import World
from twin.errors import ConfigError

ARRIVALS = Port(
    "traffic.arrivals",
    "edge",
    "veh",
    "event",
    fields=("time", "edge", "person", "vehicle", "cruise", "electric", "charge"),
)
TRIPS = Port(
    "citizens.trips",
    "edge",
    "trip",
    "event",
    fields=("depart", "origin", "destination", "person", "resident"),
)


ZERO = np.uint64(0)


class Parking(Model):
    """Public bays at the kerb and in car parks.

    Who reaches a destination by car wishes for the block with the best price and walk, goes there,
    and when it is full looks from street to street until a bay is free. Where a traffic model runs,
    the search is driven in it.
    """

    name = "parking"
    Parameters: ClassVar[type[Parameters]] = ParkingParameters
    parameters: ParkingParameters
    reads = (
        ARRIVALS,
        TRIPS,
        Port("citizens.parked", "edge", "veh", default=0.0, delayed=True),
        Port("traffic.travel_time", "edge", "s", default=float("nan"), delayed=True),
    )
    writes = (
        Port("parking.occupancy", "parking", "1", profile="mean"),
        Port("parking.free", "parking", "bay", profile="sum"),
        Port("parking.cruising", "edge", "veh", profile="sum"),
        Port(
            "parking.cruise",
            "edge",
            "veh",
            "event",
            fields=("depart", "vehicle", "order", "edge", "key", "speed"),
        ),
    )
    controls = (
        Port("parking.price", "parking", "EUR/h", "control", bounds=(0.0, 50.0), default=0.0),
        Port("parking.informed", "city", "1", "control", bounds=(0.0, 1.0), default=0.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = INDICATORS

    def __init__(self, world: World, parameters: ParkingParameters) -> None:
        super().__init__(world, parameters)
        self.period = duration(parameters.period)
        self._done: Tick = 0

    # -- start ---------------------------------------------------------------------------------

    def setup(self) -> None:
        """Lay out the bays, fill them as they are at the start, set the usual prices.

        Raises
        ------
        ConfigError
            The source of the demand is not in the scenario.
        """
        p, streams = self.parameters, self.world.streams
        self._ground = ground.make(self.city, p.reach)
        self._source = self._who_comes()
        g = self._ground
        # Bays cost in paid hours only; a price outside them is charged to nobody.
        usual = np.where(g.street, p.price, p.garage_price)
        self["parking.price"][:] = usual
        self["parking.informed"][:] = p.informed
        self._demand = Demand(self.city, g, streams, p)
        keys = streams.keys("parking.block", self.city["parking"].ids)
        self.curb = Curb(
            g, self._habits(usual), keys, driven="traffic.arrivals" in self.world.written
        )
        self._accounts = Accounts(g, p, self.world.calendar)
        self._free_time = g.length / np.maximum(self.city["edge"]["speed"], 1.0)
        self._filled = False
        self._of_person: dict[int, int] = {}
        if not (g.capacity > 0).any():
            self.world.warnings.append("parking: the city has no public bays")

    def _who_comes(self) -> str:
        """Where drivers come from.

        Events that nobody publishes are seen by their ports: what writes them is in the scenario or
        not.
        """
        wanted = self.parameters.source
        written = {port for port in (ARRIVALS.name, TRIPS.name) if self._is_written(port)}
        if wanted == "auto":
            if ARRIVALS.name in written:
                return "traffic"
            return "citizens" if TRIPS.name in written else "profile"
        needed = {"traffic": ARRIVALS.name, "citizens": TRIPS.name}.get(wanted)
        if needed is not None and needed not in written:
            raise ConfigError(
                f"source = {wanted!r}, and no model of the scenario writes {needed}",
                where="model.parking.source",
                allowed='"auto" or "profile"',
                mend=f"add [model.{wanted}] to the scenario",
            )
        return wanted

    def _is_written(self, port: str) -> bool:
        return port in self.world.written

    def _habits(self, usual: Floats) -> Habits:
        """Coefficients; that of the price is the one that gives the elasticity at usual prices."""
        p, g = self.parameters, self._ground
        mean = float((usual * g.capacity).sum() / max(1, g.capacity.sum()))
        habits = Habits(
            price=-1.0,
            walk=-1.0 / p.walk_scale,
            reach=p.reach,
            patience=60.0 * p.patience,
            illegal=p.illegal,
            elsewhere=p.elsewhere,
            usual_price=mean,
            speed=p.cruise_speed / 3.6,
            straight=self._source == "profile",
        )
        stay = p.stay / 60.0 * math.exp(p.stay_sigma**2 / 2.0)
        weight = g.bays.copy() if g.bays.any() else np.ones(len(g.bays))
        return habits._replace(price=coefficient(g, habits, usual, stay, weight, p.elasticity))

    # -- time ----------------------------------------------------------------------------------

    def step(self, now: Tick) -> None:
        """Departures up to now, then arrivals and searches in the order in which they come."""
        if not self._filled:
            self._fill()
        elapsed = (now - self._done) / 1000.0
        self._done = now
        moment = now / 1000.0
        price = np.where(self._accounts.paid_hours.now(now), self["parking.price"], 0.0)
        trips, arrivals = self.take(TRIPS.name), self.take(ARRIVALS.name)
        self._leave(trips, moment, elapsed, now)
        self._come(trips, arrivals, now, elapsed, price)
        self._publish_legs()
        self._write(now, elapsed, price)

    def _fill(self) -> None:
        """Cars that are there at the start: the citizens' own, or the usual share of the bays."""
        self._filled = True
        parked = self["citizens.parked"]
        cars = self._usual_cars()
        if self._source != "profile" and self._is_written("citizens.parked") and parked.any():
            cars[:] = 0
            public = np.round(parked * (1.0 - self.parameters.private)).astype(np.int64)
            for edge in np.flatnonzero(public):
                self._put(cars, int(edge), int(public[edge]))
        self.curb.fill(cars)

    def _usual_cars(self) -> Rows:
        """Cars of a usual day: more of them where more people wish to park; (n_blocks,) int32."""
        g = self._ground
        wishes = self.curb.wishes(self._demand.pull)
        share = start_shares(g.capacity, wishes, self.parameters.occupied)
        draws = uniforms(self.world.streams.keys("parking.start", self.city["parking"].ids), ZERO)
        cars: Rows = np.floor(g.capacity * share + draws).astype(np.int32)
        return cars

    def _put(self, cars: Rows, edge: int, many: int) -> None:
        """Park some cars near an edge, the nearest bays first."""
        g = self._ground
        first, last = g.near_start[edge], g.near_start[edge + 1]
        for i in np.argsort(g.near_walk[first:last], kind="stable"):
            block = g.near[first + i]
            room = min(many, int(g.capacity[block] - cars[block]))
            cars[block] += room
            many -= room
            if many == 0:
                return

    def _leave(self, trips: dict[str, Floats], moment: float, elapsed: float, now: Tick) -> None:
        curb, p = self.curb, self.parameters
        leaving = [self._of_citizens(trips), curb.leaving(moment)]
        if self._source == "profile" or not self._is_written("citizens.parked"):
            # Mean residual stay of a log-normal stay seen at a random moment.
            residual = 60.0 * p.stay * math.exp(1.5 * p.stay_sigma**2) / 2.0
            curb.thin(now // self.period, -math.expm1(-elapsed / residual))
        rows = np.unique(np.concatenate(leaving)).astype(np.int32)
        self._accounts.settle(curb.drivers, rows, moment)
        curb.leave(rows)

    def _of_citizens(self, trips: dict[str, Floats]) -> Rows:
        """Citizens who fetch their cars: those we know, else one of those that were there.

        The profile stands for all who park, citizens among them.
        """
        rows: list[int] = []
        if self._source == "profile":
            return np.array(rows, dtype=np.int32)
        self._demand.remember_homes(trips)
        for person, origin in zip(
            trips["person"].astype(int), trips["origin"].astype(int), strict=True
        ):
            row = self._of_person.pop(person, None)
            if row is not None:
                rows.append(row)
            elif not self._demand.enters[origin]:
                self.curb.release(origin)
        return np.array(rows, dtype=np.int32)

    def _come(
        self,
        trips: dict[str, Floats],
        arrivals: dict[str, Floats],
        now: Tick,
        elapsed: float,
        price: Floats,
    ) -> None:
        demand, curb, moment = self._demand, self.curb, now / 1000.0
        if self._source == "traffic":
            demand.from_arrivals(arrivals)
        elif self._source == "citizens":
            demand.from_trips(trips)
        elif elapsed > 0.0:
            hour = self.world.calendar.local(now).hour
            demand.from_profile(now, elapsed, hour, now // self.period)
        comers = demand.until(moment)
        share = float(self["parking.informed"][0])
        citizens = self._is_written(TRIPS.name)
        stay = comers.stay
        rows = curb.come(
            comers.key, comers.goal, stay, comers.person, comers.resident,
            uniforms(comers.key, np.uint64(11)) < share,
        )  # fmt: skip
        ended, when = curb.due(moment)
        brought, moments = self._brought(arrivals)
        self._look(
            np.concatenate([rows, brought, ended]).astype(np.int32),
            np.concatenate([comers.moment, moments, when]),
            price,
            moment,
        )
        if citizens:
            self._know(rows)

    def _know(self, rows: Rows) -> None:
        """Remember which driver is which citizen; they leave when their next trip begins."""
        d = self.curb.drivers
        for row in rows[d.person[rows] >= 0]:
            self._of_person[int(d.person[row])] = int(row)

    def _brought(self, arrivals: dict[str, Floats]) -> tuple[Rows, Floats]:
        """Searching drivers whom the traffic has brought to the ends of their legs."""
        legs = arrivals["cruise"] > 0.5
        rows = arrivals["vehicle"][legs].astype(np.int32)
        driving = self.curb.drivers.state[rows] == DRIVING
        return rows[driving], arrivals["time"][legs][driving] / 1000.0

    def _look(self, rows: Rows, moments: Floats, price: Floats, until: float) -> None:
        """Everybody looks at the end of a leg, again and again until the step is over."""
        curb = self.curb
        seconds = self["traffic.travel_time"]
        seconds = np.where(np.isfinite(seconds), seconds, self._free_time)
        full = self._full()
        while len(rows):
            curb.end_legs(rows, moments)
            curb.look(rows, moments, price, full, seconds, until)
            d = curb.drivers
            citizens = self._is_written(TRIPS.name) & (d.person[rows] >= 0)
            d.until[rows[citizens & (d.state[rows] != DRIVING)]] = np.inf
            rows, moments = curb.due(until)
            if curb.driven:
                return

    def _full(self) -> Flags:
        """What guidance shows: blocks without a free bay at the last step."""
        found: Flags = self["parking.free"] <= 0.0
        return found

    def _publish_legs(self) -> None:
        """Tell the traffic who drives which edges next."""
        legs, self.curb.legs = self.curb.legs, []
        if not legs:
            return
        count = [len(path) for _, _, path in legs]
        rows = np.repeat([row for row, _, _ in legs], count)
        self.publish(
            "parking.cruise",
            depart=np.repeat([1000.0 * moment for _, moment, _ in legs], count),
            vehicle=rows,
            order=np.concatenate([np.arange(n) for n in count]),
            edge=np.concatenate([path for _, _, path in legs]),
            speed=np.full(len(rows), self.curb.habits.speed),
            key=(self.curb.drivers.key[rows] >> np.uint64(12)).astype(np.float64),
        )

    def _write(self, now: Tick, elapsed: float, price: Floats) -> None:
        g, curb = self._ground, self.curb
        size = np.maximum(g.capacity, 1)
        self["parking.occupancy"][:] = np.where(g.capacity > 0, curb.taken / size, 0.0)
        self["parking.free"][:] = g.capacity - curb.taken
        d, n = curb.drivers, curb.count
        looking = (d.state[:n] == DRIVING) & d.searching[:n]
        self["parking.cruising"][:] = np.bincount(d.edge[:n][looking], minlength=len(g.length))
        self._accounts.watch(now, elapsed, self["parking.occupancy"], price)
        if now > 0 and now % hours(1) == 0:
            self._accounts.book(self.world.ledger, now)

    # -- end -----------------------------------------------------------------------------------

    def measure(self) -> Mapping[str, float]:
        """Numbers of the run; who still stands there pays for the time so far."""
        curb = self.curb
        self._accounts.settle(curb.drivers, curb.standing(), self._done / 1000.0)
        self._accounts.book(self.world.ledger, self.world.now)
        return self._accounts.measure(curb.drivers, curb.count, curb.counts)
