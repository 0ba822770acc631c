"""Waste: containers fill, trucks empty them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from models.waste import kernels
from models.waste.dispatch import WORTH, Dispatcher
from models.waste.fleet import Fleet
from models.waste.network import Network
from models.waste.parameters import WasteParameters
from models.waste.shifts import Shift, days_since, shifts
from models.waste.streams import LITTER, SORTED, STREAMS
from models.waste.surroundings import Surroundings
from models.waste.task import LEAVE_OUT
from models.waste.truck import Truck
from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters, Process
from twin.core.port import Port
from twin.core.time import Tick, minutes

LOOK = minutes(1)
"""How often the dispatcher looks whether something has changed."""
CO2_PER_LITRE = 2.64
"""Of diesel burnt, kg/l."""
LITTER_SPREAD = 0.61
"""Standard deviation of the logarithm of litter bins' rates (Edinburgh 2016)."""
LITTER_HOURS = np.array(
    [2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8, 8, 7, 6, 5, 4, 4, 3], dtype=np.float64
)
"""Weights of the hours of the day for litter: people in the street."""


class Waste(Model):
    """Collection of municipal waste: filling containers, fixed rounds or rounds by policy."""

    name = "waste"
    Parameters: ClassVar[type[Parameters]] = WasteParameters
    parameters: WasteParameters
    reads = (
        Port("waste.deposit", table="container", unit="kg/h", kind="flow", sums=True),
        Port("traffic.travel_time", table="edge", unit="s", default=0.0),
        Port("traffic.closed", table="edge", unit="1", kind="control", default=0.0),
        Port("weather.temperature", table="city", unit="degC", default=10.0),
        Port("citizens.present", table="building", unit="person", default=-1.0),
    )
    writes = (
        Port("waste.level", table="container", unit="1", profile="mean"),
        Port("waste.depot_power", table="depot", unit="W", profile="sum"),
    )
    controls = (
        Port(
            "waste.collect", table="container", unit="1", kind="control",
            bounds=(-1.0, 1.0), default=-1.0,
        ),
        Port(
            "waste.prize", table="container", unit="s", kind="control",
            bounds=(0.0, LEAVE_OUT), default=0.0,
        ),
        Port(
            "waste.expected", table="container", unit="1", kind="control",
            bounds=(-1.0, 10.0), default=-1.0,
        ),
        Port(
            "waste.closed", table="edge", unit="1", kind="control",
            bounds=(0.0, 1000.0), default=0.0,
        ),
        Port(
            "waste.crowd", table="container", unit="person", kind="control",
            bounds=(0.0, 1e6), default=0.0,
        ),
        Port(
            "waste.replan", table="city", unit="1", kind="control",
            bounds=(0.0, 1e9), default=0.0,
        ),
        Port(
            "waste.trucks_out", table="city", unit="1", kind="control",
            bounds=(0.0, 1000.0), default=0.0,
        ),
    )  # fmt: skip
    indicators = (
        Indicator("waste.distance", "km", stakeholder="municipality", headline=True),
        Indicator("waste.truck_hours", "h", stakeholder="firms"),
        Indicator("waste.fuel", "l", stakeholder="firms"),
        Indicator("waste.energy", "kWh", stakeholder="firms"),
        Indicator("waste.co2", "kg", stakeholder="everyone", headline=True),
        Indicator("waste.collected", "t", "neutral", "municipality"),
        Indicator("waste.emptied", "container", "neutral", "municipality"),
        Indicator("waste.unfinished", "container", stakeholder="municipality"),
        Indicator("waste.mean_fill_at_collection", "%", "higher", "municipality"),
        Indicator("waste.overflow", "h", stakeholder="households", headline=True),
        Indicator("waste.overflowed", "container", stakeholder="households"),
        Indicator("waste.complaints", "complaint", stakeholder="households"),
        Indicator("waste.night_noise", "person", stakeholder="households"),
        Indicator("waste.cost", "EUR", stakeholder="municipality", headline=True),
        Indicator("waste.cost_per_tonne", "EUR/t", stakeholder="municipality"),
    )
    period = minutes(1)

    def setup(self) -> None:
        """Find the network, draw the litter bins' rates and the levels of the first moment."""
        table, rules = self.city["container"], self.parameters
        self.stream = table["stream"]
        self.capacity = table["capacity"]
        self.mass, self.deposited = self.column("container"), self.column("container")
        self.overflow, self.inflow = self.column("container"), self.column("container")
        self.hours = self.column("container")
        self._litter = self.stream == LITTER
        self._daily = np.where(self._litter, self._litter_rates(), table["daily"])
        self._start_sorting()
        self._start_bags()
        self._start_complaints()
        self._crowds = Surroundings(self.city, self._litter)
        self.shifts = shifts(self.world.calendar, rules.shift_start, rules.shift, self.world.end)
        self._fill_first()
        closed = self["traffic.closed"], self["waste.closed"]
        network = Network(self.city["edge"], self["traffic.travel_time"], *closed)
        out = self["waste.trucks_out"]
        power = self["waste.depot_power"]
        self.fleet = Fleet(self.world, rules, network, self.mass, self.capacity, out, power)
        self.dispatcher = Dispatcher(self.fleet)
        self._working: list[Any] = []
        self._asked = 0.0
        self._last: Tick = 0

    def _litter_rates(self) -> npt.NDArray[np.float64]:
        """Mean of each litter bin, kg/day: log-normal between bins, with the table's mean."""
        from twin.core.random import normals

        table = self.city["container"]
        spread = normals(self.world.streams.keys("waste.litter rate", table.ids), 0)
        rates: npt.NDArray[np.float64] = table["daily"] * np.exp(
            LITTER_SPREAD * spread - 0.5 * LITTER_SPREAD**2
        )
        return rates

    def _start_sorting(self) -> None:
        table = self.city["container"]
        columns = [table[f"{stream}_row"] for stream in SORTED]
        self._targets = np.ascontiguousarray(np.column_stack(columns), dtype=np.int32)
        self._shares = np.array([STREAMS[stream].share for stream in SORTED])

    def _start_bags(self) -> None:
        self._bag = np.array([STREAMS[str(s)].deposit for s in self.stream], dtype=np.float64)
        self._keys, self._wait, self._count = self._bags("waste.bag")

    def _start_complaints(self) -> None:
        from twin.core.random import uniforms

        ids = self.city["container"].ids
        keys = self.world.streams.keys("waste.complaint, first", ids)
        self._next_complaint = -np.log(uniforms(keys, 0))
        self._complaint_keys = self.world.streams.keys("waste.complaint", ids)
        self._complaints = np.zeros(len(ids), dtype=np.int64)

    def _bags(
        self, purpose: str
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Keys, the first waiting time and the counter of a process of bags."""
        from twin.core.random import uniforms

        ids = self.city["container"].ids
        wait = -np.log(uniforms(self.world.streams.keys(f"{purpose}, first", ids), 0))
        return self.world.streams.keys(purpose, ids), wait, np.zeros(len(ids), dtype=np.int64)

    def _fill_first(self) -> None:
        """Levels as the calendar leaves them: what came since the last collection, drawn."""
        since = days_since(self.city["container"]["weekdays"], self.shifts)
        self._since = -since * 86_400_000.0
        keys, wait, count = self._bags("waste.first level")
        kernels.deposit(
            self._daily / 24.0,
            since * 24.0,
            self._bag,
            keys,
            wait,
            count,
            self.mass,
            self.deposited,
        )
        kernels.measure_level(self.mass, self.capacity, 0.0, self["waste.level"], self.overflow)

    def step(self, now: Tick) -> None:
        """Let the containers fill by what the people brought since the last step."""
        span = (now - self._last) / 3_600_000.0
        self._last = now
        local = self.world.calendar.local(now)
        kernels.sort_waste(self["waste.deposit"], self._targets, self._shares, self.inflow)
        self.inflow *= self.parameters.season[local.month - 1]
        if self._litter.any():
            self.inflow[self._litter] += self._litter_inflow(now)[self._litter]
        self.hours[:] = span
        kernels.deposit(
            self.inflow, self.hours, self._bag, self._keys, self._wait, self._count, self.mass,
            self.deposited,
        )  # fmt: skip
        kernels.measure_level(self.mass, self.capacity, span, self["waste.level"], self.overflow)
        kernels.complain(
            self.overflow, self.parameters.complaints, self._complaint_keys, self._next_complaint,
            self._complaints,
        )  # fmt: skip

    def _litter_inflow(self, now: Tick) -> npt.NDArray[np.float64]:
        """What passers-by, visitors and crowds throw into litter bins, kg/h; (n,) float64."""
        rules = self.parameters
        local = self.world.calendar.local(now)
        profile = LITTER_HOURS[local.hour] / LITTER_HOURS.mean()
        near = self._crowds.busy(self["citizens.present"], profile)
        street = (1.0 - rules.litter_visitors) * profile + rules.litter_visitors * near
        warmth = 1.0 + rules.litter_warmth * (float(self["weather.temperature"][0]) - 10.0)
        factor = rules.litter_weekdays[local.weekday()] * min(max(warmth, 0.5), 2.0)
        inflow: npt.NDArray[np.float64] = self._daily / 24.0 * street * factor
        return inflow + self["waste.crowd"] * rules.crowd_litter

    # -- dispatch ----------------------------------------------------------------------------

    def processes(self) -> Iterable[Process]:
        """The dispatcher."""
        return (self._dispatcher(),)

    def _dispatcher(self) -> Process:
        """Send trucks at each shift; a run that starts within one sends them at once."""
        env = self.world.env
        for shift in self.shifts:
            if shift.end > 0:
                yield env.timeout(max(0, shift.begin - self.world.now))
                self._working = [env.process(truck.run()) for truck in self.dispatch(shift)]
                yield from self._watch(shift)
                for stream in STREAMS:
                    self.fleet.leave_waiting(stream)

    def _watch(self, shift: Shift) -> Process:
        """Plan again when a street closes or opens, a truck fails, or a policy asks for it."""
        env = self.world.env
        seen = self._situation()
        while self.world.now < shift.end:
            left = env.timeout(max(1, min(LOOK, shift.end - self.world.now)))
            everyone = env.all_of([p for p in self._working if p.is_alive] or [left])
            yield env.any_of([left, everyone])
            if self._situation() != seen:
                self._replan(shift)
                seen = self._situation()
            charging = self.fleet.charging > 0.0 and any(self.fleet.waiting.values())
            if not charging and not any(process.is_alive for process in self._working):
                return

    def _situation(self) -> tuple[float, ...]:
        closed = float(self.fleet.network.closed.sum())
        waiting = float(sum(map(len, self.fleet.waiting.values())))
        charging = self.fleet.charging if waiting else 0.0
        return (
            waiting,
            closed,
            charging,
            float(self["waste.trucks_out"][0]),
            float(self["waste.replan"][0]),
        )

    def dispatch(self, shift: Shift) -> list[Truck]:
        """Send the trucks of every stream that works on this day."""
        expected, prize = self.expected(), self.prizes(shift.weekday)
        sent: list[Truck] = []
        for stream in STREAMS:
            rows = np.flatnonzero((prize >= WORTH) & (self.stream == stream))
            if self._works(stream, shift) and len(rows):
                sent += self.dispatcher.send(stream, rows, expected[rows], prize[rows], shift.end)
        return sent

    def _replan(self, shift: Shift) -> None:
        expected, prize = self.expected(), self.prizes(shift.weekday)
        calendar = prize >= LEAVE_OUT
        # What the calendar or a policy asked for is on somebody's list already, or was emptied.
        asked = self["waste.replan"][0] != self._asked
        self._asked = float(self["waste.replan"][0])
        done = [row for row, at in self.fleet.emptied_at.items() if at >= shift.begin]
        prize = prize if asked else np.zeros_like(prize)
        prize[done] = 0.0
        self.world.log.add(self.world.now, "waste.replanned", "fleet", due=int(calendar.sum()))
        for stream in STREAMS:
            if self.fleet.under_way(stream) or self.fleet.waiting.get(stream):
                for truck in self.dispatcher.replan(stream, expected, prize, shift.end):
                    self._working.append(self.world.env.process(truck.run()))

    def _works(self, stream: str, shift: Shift) -> bool:
        return any(shift.weekday in days for days in STREAMS[stream].weekdays)

    def prizes(self, weekday: int) -> npt.NDArray[np.float64]:
        """Driving time that emptying each container is worth on a weekday; (n,) float64, s.

        ``LEAVE_OUT`` for those that are due; what the control says for the others.
        """
        return np.where(self.due(weekday), LEAVE_OUT, self["waste.prize"])

    def due(self, weekday: int) -> npt.NDArray[np.bool_]:
        """Containers to empty on a weekday, by the calendar and the control; (n,) bool."""
        asked = self["waste.collect"]
        calendar = (self.city["container"]["weekdays"] >> weekday) & 1 == 1
        due: npt.NDArray[np.bool_] = np.where(asked < -0.5, calendar, asked > 0.5)
        return due

    def expected(self) -> npt.NDArray[np.float64]:
        """What the planner expects: the usual rate since each last collection; (n,) float64, kg.

        At most half as much again as fits. Where a policy says what it expects, that.
        """
        for row, at in self.fleet.emptied_at.items():
            self._since[row] = at
        days = (self.world.now - self._since) / 86_400_000.0
        usual = np.minimum(self.city["container"]["daily"] * days, 1.5 * self.capacity)
        told = self["waste.expected"]
        return np.where(told >= 0.0, told * self.capacity, usual)

    # -- results -----------------------------------------------------------------------------

    def measure(self) -> Mapping[str, float]:
        """The indicators; rounds still under way are booked up to now."""
        fleet, books = self.fleet, self.fleet.books
        fleet.settle_all()
        nothing = float("nan")
        tonnes = books.collected / 1000.0
        return {
            "waste.distance": sum(truck.distance for truck in fleet.trucks) / 1000.0,
            "waste.truck_hours": sum(truck.hours for truck in fleet.trucks),
            "waste.fuel": books.fuel,
            "waste.energy": books.energy,
            "waste.co2": books.fuel * CO2_PER_LITRE
            + books.energy * self.parameters.electricity_co2,
            "waste.collected": tonnes,
            "waste.emptied": float(books.emptied),
            "waste.unfinished": float(books.unfinished),
            "waste.mean_fill_at_collection": 100.0 * books.filled / books.emptied
            if books.emptied
            else nothing,
            "waste.overflow": float(self.overflow.sum()),
            "waste.overflowed": float((self.overflow > 0.0).sum()),
            "waste.complaints": float(self._complaints.sum()),
            "waste.night_noise": books.night,
            "waste.cost": books.cost,
            "waste.cost_per_tonne": books.cost / tonnes if tonnes > 0.0 else nothing,
        }
