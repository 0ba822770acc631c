"""Traffic: SUMO on the city's network, its streets as columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from models.traffic import inputs
from models.traffic.closures import Closures
from models.traffic.controls import Signals, SpeedLimits
from models.traffic.counts import Counts
from models.traffic.fleet import Mix, write_types
from models.traffic.measure import Sampler
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.sumo import Simulation
from models.traffic.through import ThroughTraffic
from models.traffic.totals import INDICATORS, Totals
from models.traffic.trips import Departures, Trips
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
            fields=("depart", "origin", "destination", "person"),
        ),
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
    )
    controls = (
        Port("traffic.closed", "edge", "1", "control", bounds=(0.0, 1.0), default=0.0),
        Port("traffic.speed_limit", "edge", "m/s", "control", bounds=(0.5, 70.0), default=13.89),
        Port("traffic.signal_program", "signal", "1", "control", bounds=(-1.0, 99.0), default=-1.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = INDICATORS
    observes = ("traffic.flow",)

    def __init__(self, world: World, parameters: TrafficParameters) -> None:
        super().__init__(world, parameters)
        self.period = duration(parameters.period)
        self._sample = duration(parameters.sample)
        self._reroute = duration(parameters.reroute) / 1000.0
        self._horizon = duration(parameters.horizon) / 1000.0
        if self.period % self._sample:
            raise ConfigError(
                f"sample = {parameters.sample!r} does not divide period = {parameters.period!r}",
                where="model.traffic",
                allowed="for instance 10s and 1m",
            )
        self._own = self._uses_own_demand()
        self._citizens = parameters.demand in ("citizens", "both") or not self._own
        if self._own and not self._citizens:
            world.warnings.append(
                "the traffic is the demand that came with the city: what citizens decide (a price, "
                'an alert) does not change it; demand = "both" or "citizens" would'
            )
        self._simulation: Simulation | None = None
        self._done: Tick = 0

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
        return has and wanted != "citizens"

    # -- start -------------------------------------------------------------------------------

    def setup(self) -> None:
        """Start SUMO; on empty streets every speed is the limit."""
        table = self.city["edge"]
        lanes = inputs.read_lanes(self.city)
        loops, extra = self._additional(lanes)
        self._simulation = Simulation(
            self.parameters.engine, self._options(extra), self.world.scratch
        )
        api = self._simulation.api
        edges = [str(edge) for edge in table.ids]
        length = np.maximum(table["length"], 0.1)
        free = np.array([api.lane.getMaxSpeed(f"{edge}_0") for edge in edges])
        self._sampler = Sampler(
            api, edges, length, free, lanes, loops, occupancy=self._wanted("traffic.occupancy")
        )
        self._limits = SpeedLimits(api, edges, lanes, free)
        self._signals = Signals(api, [str(signal) for signal in self.city["signal"].ids])
        self._closures = Closures(self._simulation, edges, lanes, live=not self._own)
        self._totals = Totals(self._simulation, self._sampler, self._closures)
        self["traffic.speed_limit"][:] = free
        self["traffic.speed"][:] = free
        self["traffic.travel_time"][:] = length / free
        self._setup_demand()

    def _wanted(self, port: str) -> bool:
        return port in self.world.consumed

    def _additional(self, lanes: inputs.Lanes) -> tuple[list[str], list[Path]]:
        """Detectors and vehicle types that we add to SUMO's input, in the run's own folder."""
        scratch = self.world.scratch
        loops: list[str] = []
        files = []
        if self._wanted("traffic.flow"):
            files.append(scratch / "counters.add.xml")
            loops = inputs.write_counters(lanes, self.period / 1000.0, files[-1])
        if self._citizens:
            files.append(scratch / "fleet.add.xml")
            write_types(files[-1])
        return loops, files

    def _options(self, additional: list[Path]) -> dict[str, str]:
        chosen = inputs.options(
            self.city,
            self.world.streams.seed % 2**31,
            own=self._own,
            additional=additional,
            scratch=self.world.scratch,
        )
        if self._citizens:
            chosen |= {
                "device.rerouting.adaptation-interval": "10",
                "device.rerouting.adaptation-steps": "30",
                "device.rerouting.period": f"{self._reroute:g}",
            }
        if not self._own:
            # A guessed demand on guessed signals locks up where the real one would not.
            chosen |= {"ignore-junction-blocker": "15", "time-to-teleport": "150"}
        chosen.update(self.parameters.options)
        return chosen

    def _setup_demand(self) -> None:
        self._through: ThroughTraffic | None = None
        source = self.parameters.counts
        self._counts = None if source is None else Counts(self.world.observations, source)
        self._departures: Departures | None = None
        if not self._citizens or self._simulation is None:
            return
        p, table = self.parameters, self.city["edge"]
        network = Network.read(self.city)
        mix = Mix(p.diesel, p.electric, p.vans, p.trucks)
        self._departures = Departures(
            self._simulation.api, table.ids, table["length"], network, self.world.streams, mix
        )
        if not self._own and p.through > 0.0:
            self._through = ThroughTraffic(
                self.city, network, self.world.streams, self.world.calendar, p.through
            )

    # -- time --------------------------------------------------------------------------------

    def step(self, now: Tick) -> None:
        """Let SUMO drive up to ``now``, fill the ports, then apply the controls."""
        self._queue_trips(now)
        if now > self._done:
            self._drive(now)
            self._fill((now - self._done) / 1000.0)
            self._done = now
            if now % CALIBRATE == 0:
                self._follow_counts()
            if now % hours(1) == 0:
                self._totals.book(self.world.ledger, now, self.parameters)
        self._limits.apply(self["traffic.speed_limit"])
        self._signals.apply(self["traffic.signal_program"])
        self._closures.apply(self["traffic.closed"])
        self._closures.lead_around()

    def _queue_trips(self, now: Tick) -> None:
        records = self.take("citizens.trips")
        if self._departures is None:
            return
        if len(records["depart"]):
            names = [
                f"c.{person:.0f}.{depart:.0f}"
                for person, depart in zip(records["person"], records["depart"], strict=True)
            ]
            origin, goal = (
                records["origin"].astype(np.int64),
                records["destination"].astype(np.int64),
            )
            self._departures.take(
                Trips(np.array(names, dtype=np.str_), records["depart"], origin, goal, inside=True)
            )
        for trips in [] if self._through is None else self._through.until(now):
            self._departures.take(trips)

    def _drive(self, now: Tick) -> None:
        assert self._simulation is not None
        if self._departures is not None:
            closed = self["traffic.closed"] > 0.5
            self._departures.release(now, self._simulation.begin, closed)
        for until in range(self._done + self._sample, now + 1, self._sample):
            self._simulation.advance(until / 1000.0)
            self._sampler.look(self._sample / 1000.0)

    def _fill(self, interval: float) -> None:
        """Write the columns that somebody wants, from what was seen in ``interval`` s."""
        sampler = self._sampler
        if self._wanted("traffic.flow"):
            self["traffic.flow"][:] = sampler.counts() * (3600.0 / interval)
            if self._counts is not None:
                self._counts.remember(self["traffic.flow"])
        self["traffic.speed"][:] = sampler.speed()
        self["traffic.density"][:] = sampler.density()
        if self._wanted("traffic.occupancy"):
            self["traffic.occupancy"][:] = sampler.occupancy()
        self["traffic.travel_time"][:] = sampler.travel_time(interval, self._horizon)
        rates = sampler.rates()
        for row, port in enumerate(("traffic.co2", "traffic.nox", "traffic.pm")):
            self[port][:] = rates[row]
        sampler.forget()

    def _follow_counts(self) -> None:
        """Scale the through traffic so that the counted streets carry what is counted."""
        if self._through is None or self._counts is None:
            return
        counted, ours = self._counts.compare()
        if counted > 0.0 and ours > 0.0:
            self._through.follow(counted / ours)

    # -- end ---------------------------------------------------------------------------------

    def measure(self) -> Mapping[str, float]:
        """Totals of the run; the rest of the money is booked."""
        self._totals.book(self.world.ledger, self.world.now, self.parameters)
        found = self._totals.measure()
        if self._departures is None:
            return found | {"traffic.unreachable_trips": 0.0}
        found["traffic.waiting_to_depart"] += self._departures.held(self.world.now)
        return found | {"traffic.unreachable_trips": float(self._departures.unreachable)}

    def close(self) -> None:
        """End SUMO."""
        if self._simulation is not None:
            self._simulation.close()
