"""Traffic: SUMO on the city's network, its streets as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from models.traffic import arrivals, cruising, passages, screenlines
from models.traffic.burst import Bursts
from models.traffic.counts import Counts
from models.traffic.demand.file import read_demand
from models.traffic.demand.graph import SPEED_SHARE
from models.traffic.demand.release import CalibratedTraffic
from models.traffic.engine import Account, Engine, Passages, Rows, Setting, start
from models.traffic.fleet import PETROL, Mix, read_ages
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.sumo.inputs import begin
from models.traffic.through import ThroughTraffic
from models.traffic.time_costs import TimeCosts
from models.traffic.toll.answer import GIVES_UP
from models.traffic.toll.own import OwnDemand, exempt
from models.traffic.toll.pricing import AHEAD, NOTHING, Pricing
from models.traffic.toll.tariff import Bools, Prices
from models.traffic.totals import INDICATORS, Booking, measure, missing
from models.traffic.transit.plan import choose, indicators
from models.traffic.transit.punctuality import Punctuality
from models.traffic.trips import Departures, Trips, citizen
from twin.city.city import City
from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters
from twin.core.port import Port
from twin.core.time import Tick, duration, hours, minutes
from twin.core.world import World
from twin.errors import ConfigError

CALIBRATE: Tick = minutes(15)


class Traffic(Model):
    """Every vehicle on the streets, moved by SUMO; what others see of it are edge columns.

    The demand is the one that came with the city (a SUMO scenario), or the citizens' trips and the
    traffic that passes through. Controls take effect from the step at which they are seen.
    """

    name = "traffic"
    Parameters: ClassVar[type[Parameters]] = TrafficParameters
    reads = (
        Port(
            "citizens.trips",
            "edge",
            "trip",
            "event",
            fields=("depart", "origin", "destination", "person", "resident"),
        ),
        cruising.PORT,
    )
    writes = (
        Port("traffic.flow", "edge", "veh/h", "flow", profile="mean"),
        Port("traffic.speed", "edge", "m/s", profile="mean"),
        Port("traffic.density", "edge", "veh/km"),
        Port("traffic.occupancy", "edge", "1"),
        Port("traffic.travel_time", "edge", "s"),
        Port("traffic.co2", "edge", "g/s", "flow", profile="sum"),
        Port("traffic.nox", "edge", "g/s", "flow", profile="sum"),
        Port("traffic.pm", "edge", "g/s", "flow", profile="sum"),
        arrivals.PORT,
        passages.PORT,
    )
    controls = (
        Port("traffic.closed", "edge", "1", "control", bounds=(0.0, 1.0), default=0.0),
        Port("traffic.speed_limit", "edge", "m/s", "control", bounds=(0.5, 70.0), default=13.89),
        Port("traffic.lanes_closed", "edge", "1", "control", bounds=(0.0, 20.0), default=0.0),
        Port("traffic.no_trucks", "edge", "1", "control", bounds=(0.0, 1.0), default=0.0),
        Port("traffic.leaving", "edge", "veh/h", "control", bounds=(0.0, 1e5), default=0.0),
        Port("traffic.toll", "edge", "EUR", "control", bounds=(0.0, 1000.0), default=0.0),
        Port("traffic.advised_time", "edge", "s", "control", bounds=(0.0, 7200.0), default=0.0),
        Port("traffic.advice_share", "city", "1", "control", bounds=(0.0, 1.0), default=0.0),
        Port("traffic.zone_fine", "edge", "EUR", "control", bounds=(0.0, 1000.0), default=0.0),
        Port("traffic.toll_resident", "city", "1", "control", bounds=(0.0, 1.0), default=1.0),
        Port("traffic.signal_program", "signal", "1", "control", bounds=(-1.0, 99.0), default=-1.0),
        Port("traffic.bus_lane", "edge", "1", "control", bounds=(0.0, 1.0), default=0.0),
        Port("traffic.signal_control", "signal", "1", "control", bounds=(0.0, 1.0), default=0.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = INDICATORS
    observes = ("traffic.flow",)

    def __init__(self, world: World, parameters: TrafficParameters) -> None:
        super().__init__(world, parameters)
        self.period = duration(parameters.period)
        if self.period % duration(parameters.sample):
            raise ConfigError(
                f"sample = {parameters.sample!r} does not divide period = {parameters.period!r}",
                where="model.traffic",
                allowed="for instance 10s and 1m",
            )
        self._own = self._uses_own_demand()
        self._calibrated: CalibratedTraffic | None = None
        self._citizens = parameters.demand in ("citizens", "both", "calibrated") or not self._own
        if parameters.demand == "calibrated":
            self._calibrated = self._read_demand(parameters.demand_file)
        world.announced["citizens.trips"] = self._citizens and self._calibrated is None
        if self._own and not self._citizens:
            world.warnings.append(
                "the traffic is the demand that came with the city: what citizens decide (an "
                "alert) does not change it, and their trips are not told; "
                'demand = "both" or "citizens" would'
            )
        self._lines = screenlines.Screenlines(self.city, world.calendar, parameters.screenlines)
        self._engine: Engine | None = None
        self._pricing: Pricing | None = None
        self._toll, self._fine = self.column("edge"), self.column("edge")
        self._done: Tick = 0
        self._held = 0.0

    @property
    def _searched(self) -> bool:
        """Whether drivers in search of a bay are vehicles here."""
        return cruising.PORT.name in self.world.written

    def _uses_own_demand(self) -> bool:
        has = bool(self.city.demand.get("routes") or self.city.demand.get("config"))
        wanted = self.parameters.demand
        if wanted in ("own", "both") and not has:
            raise ConfigError(
                f"demand = {wanted!r}, but the city {self.city.name!r} came without a demand",
                where="model.traffic.demand",
                allowed='"auto" or "citizens"',
                mend="build the bundle from a SUMO scenario: twin city from-sumo",
            )
        return has and wanted not in ("citizens", "calibrated")

    def _read_demand(self, file: str | None) -> CalibratedTraffic:
        self.world.warnings.append(
            "the traffic is a calibrated demand: what citizens decide does not change it, and "
            "their trips are not told"
        )
        table = self.city["edge"]
        times = table["length"] / np.maximum(table["speed"] * SPEED_SHARE, 0.5)
        demand = read_demand(Path(file or ""), self.city)
        start = self.world.calendar.day_seconds(0)
        return CalibratedTraffic(demand, start, times, self.world.streams)

    # -- start -------------------------------------------------------------------------------

    def setup(self) -> None:
        """Start the engine; on empty streets every speed is the limit."""
        p = self.parameters
        self._mix = Mix(p.diesel, p.electric, p.vans, p.trucks, read_ages(p.fleet))
        bursts = "traffic.leaving" in self.world.controlled
        self._released = self._citizens or self._searched or bursts
        self._booking, self._time = Booking(), TimeCosts()
        city, watched = self._priced()
        plan = choose(self.world, city, p, driven=self._own)
        self._buses = plan.service
        if self._pricing is not None:
            demand = plan.city.demand if self._own else {}
            self._pricing.exempt = exempt(demand, plan.service.files)
        self._punctuality = Punctuality(plan.service.due) if plan.service.due else None
        ways = None if self._calibrated is None else self._calibrated.ways
        self._legs = cruising.Legs(ways, 0 if ways is None else len(ways.first) - 1)
        setting = replace(self._setting(), city=plan.city, watched=watched, ways=self._legs)
        self._engine = start(replace(setting, buses=plan.service.files))
        free = self._engine.free
        self["traffic.speed_limit"][:] = free
        self["traffic.speed"][:] = free
        self["traffic.travel_time"][:] = np.maximum(self.city["edge"]["length"], 0.1) / free
        self._setup_demand()

    def _setting(self) -> Setting:
        """What every engine is told of this run."""
        return Setting(
            city=self.city,
            seed=self.world.streams.seed % 2**31,
            scratch=self.world.scratch,
            own=self._own,
            released=self._released,
            wanted=self.world.consumed,
            controlled=self.world.controlled,
            watched=np.empty(0, dtype=np.int64),
            parameters=self.parameters,
        )

    def _priced(self) -> tuple[City, Rows]:
        """The city, its own drivers asked where streets have a price, and the edges to watch."""
        prices = Prices.of(self.world.announced)
        zone = prices.zone
        if zone is not None and self._mix.ages is None and zone.spares_the_newest():
            self.world.warnings.append(
                "the low-emission zone bans nobody: without a fleet all vehicles are of the newest "
                'standard; model.traffic.fleet = "FI-2024" gives them their ages'
            )
        self._network = Network.read(self.city) if self._released or prices else None
        watched = self._lines.watched
        if prices and self._network is not None:
            self._pricing = Pricing(self.world, self._network, self.parameters, self._mix)
            self.world.announced["traffic.car_prices"] = self._pricing.citizens
            watched = np.union1d(watched, self._pricing.watched)
        return self._change_own() if self._own else self.city, watched

    def _change_own(self) -> City:
        """The city with its own vehicles as old as the fleet is, and after they were asked."""
        own, start = OwnDemand.read(self.city), begin(self.city)
        keys = self.world.streams.keys("traffic.driver", own.names)
        kinds, answers = own.kind, None
        if self._mix.ages is not None:
            cars = self._mix.kinds(keys, goods=False)
            kinds = np.where(kinds == PETROL, cars, self._mix.aged(kinds, keys))
        if self._pricing is not None:
            answers, kinds = self._pricing.ask_own(own, kinds, start, self._setting())
        self._lines.expect(own.names, kinds)
        self._time.expect(kinds if answers is None else kinds[answers.choice != GIVES_UP])
        if answers is None and self._mix.ages is None:
            return self.city
        emit = None if self._mix.ages is None else kinds
        return own.changed(self.city, answers, emit, start, self.world.scratch / "own.rou.xml")

    def _setup_demand(self) -> None:
        self._through: ThroughTraffic | None = None
        source = self.parameters.counts
        self._counts = None if source is None else Counts(self.world.observations, source)
        self._departures: Departures | None = None
        self._bursts: Bursts | None = None
        self._cruising: cruising.Cruising | None = None
        if not self._released or self._network is None:
            return
        p, table, network = self.parameters, self.city["edge"], self._network
        mix = self._mix
        if self._searched and self._engine is not None:
            self._cruising = cruising.Cruising(
                self._legs, network, table["length"], self._engine.free, self.world.streams, mix
            )
        bursts = "traffic.leaving" in self.world.controlled
        if not (self._citizens or bursts):
            return
        self._departures = Departures(table["length"], network, self.world.streams, mix)
        if bursts:
            self._bursts = Bursts(self.city, network, self.world.streams)
        if not self._own and self._calibrated is None and p.through > 0.0:
            self._through = ThroughTraffic(
                self.city, network, self.world.streams, self.world.calendar, p.through
            )

    # -- time --------------------------------------------------------------------------------

    def step(self, now: Tick) -> None:
        """Let the engine drive up to ``now``, fill the ports, then apply the controls."""
        assert self._engine is not None
        self._queue_trips(now)
        if now > self._done:
            self._release(self._engine, now)
            self._engine.advance(now)
            self._report(self._engine)
            if self._buses.files:
                self._follow_buses(self._engine)
            for port, values in self._engine.columns().items():
                self[port][:] = values
            if self._pricing is not None or self._lines:
                self._pass(self._engine.passed(), now)
            self._done = now
            if self._counts is not None and "traffic.flow" in self.world.consumed:
                self._counts.remember(self["traffic.flow"])
            if now % CALIBRATE == 0:
                self._follow_counts()
            if now % hours(1) == 0:
                self._book(self._engine.account(), now)
        self._toll[:], self._fine[:] = self["traffic.toll"], self["traffic.zone_fine"]
        self._engine.control({port.name: self[port.name] for port in self.controls})

    def _pass(self, passed: Passages, now: Tick) -> None:
        """Count and charge the passages of a step."""
        self._lines.count(passed, self._done, now)
        if self._pricing is not None:
            self._pricing.charge(passed, self._toll, self._fine)

    def _queue_trips(self, now: Tick) -> None:
        records = self.take("citizens.trips")
        if self._departures is None:
            return
        ahead = now + (0 if self._pricing is None else AHEAD)
        if self._calibrated is not None:
            trips = self._calibrated.until(ahead)
            self._queue(self._departures, trips, np.zeros(len(trips.names), dtype=bool), now)
        elif self._citizens and len(records["depart"]):
            names = [
                f"c.{person:.0f}.{depart:.0f}"
                for person, depart in zip(records["person"], records["depart"], strict=True)
            ]
            origin, goal = (
                records["origin"].astype(np.int64),
                records["destination"].astype(np.int64),
            )
            trips = Trips(
                np.array(names, dtype=np.str_), records["depart"], origin, goal, inside=True,
                owners=citizen(records["person"]),
            )  # fmt: skip
            self._queue(self._departures, trips, records["resident"] > 0.5, now)
        if self._bursts is not None:
            leaving = self._bursts.between(now, now + self.period, self["traffic.leaving"])
            if leaving is not None:
                self._queue(self._departures, leaving, np.ones(len(leaving.names), bool), now)
        for trips in [] if self._through is None else self._through.until(ahead):
            self._queue(self._departures, trips, np.zeros(len(trips.names), dtype=bool), now)

    def _queue(self, departures: Departures, trips: Trips, resident: Bools, now: Tick) -> None:
        """Queue trips; where streets have a price, as their drivers make them."""
        if self._pricing is not None:
            times = self["traffic.travel_time"]
            trips = self._pricing.answer(trips, departures.kinds(trips), resident, now, times)
        departures.take(trips)

    def _release(self, engine: Engine, now: Tick) -> None:
        if self._departures is not None:
            closed = self["traffic.closed"] > 0.5
            vehicles = self._departures.due(now, closed)
            self._held += self._departures.held(now) * (now - self._done) / 1000.0
            if self._calibrated is not None:
                vehicles = self._calibrated.around(vehicles, closed)
            if self._pricing is not None:
                vehicles = self._pricing.dressed(vehicles)
            self._lines.expect(vehicles.names, vehicles.kind)
            self._time.expect(vehicles.kind)
            self._departures.unreachable += engine.release(vehicles)
        if self._cruising is not None:
            searching = self._cruising.vehicles(self.take(cruising.PORT.name), self._done)
            self._lines.expect(searching.names, searching.kind)
            engine.release(searching)

    def _report(self, engine: Engine) -> None:
        """Say who has arrived and who entered which edge, where somebody wants to know."""
        consumed = self.world.consumed
        if passages.PORT.name in consumed and isinstance(engine, passages.Follows):
            self.publish(passages.PORT.name, **passages.records(engine.entered()))
        if arrivals.PORT.name in consumed and isinstance(engine, arrivals.Reports):
            self.publish(arrivals.PORT.name, **arrivals.records(self._cars(engine.arrived())))

    def _cars(self, arrived: arrivals.Arrived) -> arrivals.Arrived:
        """Who has arrived, but for buses: these park nowhere."""
        kept = self._buses.others(arrived.names)
        columns = {key: column[kept] for key, column in vars(arrived).items()}
        return arrivals.Arrived(**columns)

    def _follow_buses(self, engine: Engine) -> None:
        calls = engine.calls()
        if self._punctuality is not None:
            self._punctuality.take(calls)

    def _follow_counts(self) -> None:
        """Scale the through traffic so that the counted streets carry what is counted."""
        if self._through is None or self._counts is None:
            return
        counted, ours = self._counts.compare()
        if counted > 0.0 and ours > 0.0:
            self._through.follow(counted / ours)

    # -- end ---------------------------------------------------------------------------------

    def _book(self, account: Account, now: Tick) -> None:
        self._booking.book(self.world.ledger, now, account.emitted, self.parameters)
        self._time.book(self.world.ledger, now, account, self.parameters)
        if self._pricing is not None:
            self._pricing.book(self.world.ledger, now)

    def tells(self) -> list[Indicator]:
        """The declared indicators; those of screenlines for each line."""
        usual = [i for i in self.indicators if i not in screenlines.INDICATORS]
        return [*usual, *self._lines.indicators()]

    def measure(self) -> Mapping[str, float]:
        """Totals of the run; the rest of the money is booked."""
        assert self._engine is not None
        account = self._engine.account()
        self.world.warnings.extend(account.notes)
        self._book(account, self.world.now)
        found = measure(account) | self._lines.measure()
        found |= indicators(self._punctuality, self.world.now / 1000.0)
        self._lines.report(self.world.log, self.world.now)
        if self._pricing is None:
            found |= NOTHING
        else:
            found |= self._pricing.measure()
            self._pricing.report(self.world.log, self.world.now)
        found["traffic.unreachable_trips"] = 0.0
        if self._departures is not None:
            found["traffic.waiting_to_depart"] += self._departures.held(self.world.now)
            found["traffic.waiting_hours"] += self._held / 3600.0
            found["traffic.unreachable_trips"] = float(self._departures.unreachable)
        note = missing(found)
        if note is not None:
            self.world.warnings.append(note)
        return found

    def close(self) -> None:
        """End the engine."""
        if self._engine is not None:
            self._engine.close()
