"""The rounds of some days, planned for a dispatcher: what goes where, in which order, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.waste.foresight import UNLIKELY, Foresight, Readings
from models.waste.logbook import left, round_of, waiting
from models.waste.sheets import DayPlan, Outlook
from models.waste.streams import STREAMS
from models.waste.task import LEAVE_OUT
from twin.core.time import Tick, hours
from twin.errors import ConfigError

if TYPE_CHECKING:
    from models.waste.model import Waste
    from models.waste.policies import ByForecastParameters
    from twin.city.city import City
    from twin.scenario.scenario import Scenario

Floats = npt.NDArray[np.float64]

SLOWEST = 20.0
"""Streets are not slower than so many times their free flow."""
MOST_DAYS = 7
"""Days that are planned at once at most: what comes after is too unsure."""
LONGEST = 16.0
"""Hours of a shift at most."""


@dataclass(frozen=True)
class Orders:
    """What a dispatcher says of the days.

    Attributes
    ----------
    closed
        Names of streets, or ids of edges, that are closed.
    slower
        How much longer than in empty streets driving takes.
    without
        Numbers of the vehicles that are out of service.
    shift
        Local times from and until when the crews work, such as ``06:00-14:00``; the scenario's
        where it is empty.
    """

    closed: Sequence[str] = ()
    slower: float = 1.0
    without: Sequence[int] = ()
    shift: str = ""

    def rules(self) -> dict[str, str | float]:
        """Parameters of the model that the shift changes.

        Raises
        ------
        ConfigError
            It is no pair of times, or too long.
        """
        if not self.shift:
            return {}
        wrong = ConfigError(
            f"--shift {self.shift}",
            allowed=f"two times such as 06:00-14:00, at most {LONGEST:g} h apart",
        )
        try:
            first, last = (datetime.strptime(text, "%H:%M") for text in self.shift.split("-"))
        except ValueError:
            raise wrong from None
        length = (last - first) / timedelta(hours=1) % 24.0
        if not 0.0 < length <= LONGEST:
            raise wrong
        return {"shift_start": f"{first:%H:%M}", "shift": length}


def plan_day(
    scenario: Scenario,
    day: date,
    *,
    levels: Path | None = None,
    closed: Sequence[str] = (),
    slower: float = 1.0,
    without: Sequence[int] = (),
    shift: str = "",
) -> DayPlan:
    """Plan the rounds of one day; see :func:`plan_days` and :class:`Orders`."""
    orders = Orders(closed, slower, without, shift)
    return plan_days(scenario, day, levels=levels, orders=orders)[0]


def plan_days(
    scenario: Scenario,
    day: date,
    days: int = 1,
    *,
    levels: Path | None = None,
    orders: Orders | None = None,
) -> list[DayPlan]:
    """Plan the rounds of some days, and drive them through empty streets to know the times.

    Parameters
    ----------
    scenario
        Names the city, the rules of the fleet, and the policy that ``levels`` are used by.
    day
        The first one.
    days
        How many. What is planned for one day counts as done on the next; what was left over of
        what was due is due again.
    levels
        A recording of the city's containers, which decides what is emptied. Without it: the
        calendar and usual loads.
    orders
        What is different on these days.

    Raises
    ------
    ConfigError, DataError
        Orders that cannot be kept, a recording that cannot be used.
    """
    from twin.experiment.live import city_of

    orders = orders or Orders()
    if not 0.0 < orders.slower <= SLOWEST:
        allowed = f"a number over 0, at most {SLOWEST:g}"
        raise ConfigError(f"slower: {orders.slower:g}", allowed=allowed)
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"--days {days}", allowed=f"1 to {MOST_DAYS}")
    if "waste" not in scenario.data.model:
        raise ConfigError(f"{scenario.name} has no model of waste", mend="add [model.waste]")
    city = city_of(scenario)
    timezone = city.place.timezone
    readings = None if levels is None else Readings(levels, city["container"], timezone)
    plans: list[DayPlan] = []
    emptied: dict[int, datetime] = {}
    over: dict[int, float] = {}
    for number in range(days):
        planned = _Day(scenario, city, day + timedelta(days=number), orders)
        planned.take_over(emptied, over)
        planned.decide(readings)
        plans.append(planned.live(number == 0))
        emptied |= planned.emptied()
        over = planned.over
    return plans


class _Day:
    """One day: the model of waste alone, at the start of the shift, and what is known of it."""

    def __init__(self, scenario: Scenario, city: City, day: date, orders: Orders) -> None:
        self.scenario, self.day = scenario, day
        self.model = _model(scenario, city, day, orders)
        self.shift = next(s for s in self.model.shifts if s.begin == 0)
        self.notes = _apply_closures(self.model, scenario, self.shift.end)
        self.begin = self.model.world.calendar.local(0)
        self.foresight: Foresight | None = None
        self.why: dict[int, str] = {}
        self.over: dict[int, float] = {}
        self._carried: dict[int, float] = {}

    def take_over(self, emptied: Mapping[int, datetime], over: Mapping[int, float]) -> None:
        """What the days before did: rows emptied, with local times, and rows left over, kg."""
        model, table = self.model, self.model.city["container"]
        for row, when in emptied.items():
            model.fleet.emptied_at[row] = round((when - self.begin) / timedelta(milliseconds=1))
        for row, mass in over.items():
            level = (mass + table["daily"][row]) / table["capacity"][row]
            model["waste.expected"][row] = min(level, 1.5)
            model["waste.collect"][row] = 1.0
            self._carried[row] = mass

    def decide(self, readings: Readings | None) -> None:
        """Say which containers are due, what the others are worth, and why."""
        model = self.model
        self.notes += _policy_notes(self.scenario, readings is not None)
        weekday = self.shift.weekday
        if readings is not None:
            readings.visited({row: self.begin + timedelta(milliseconds=at)
                              for row, at in model.fleet.emptied_at.items()})  # fmt: skip
            length = self.shift.end / 3_600_000.0
            self.foresight = seen = readings.foresee(self.begin.replace(tzinfo=None), length)
            self.notes += seen.notes
            self._ask(seen)
        for row in np.flatnonzero(model.due(weekday)).tolist():
            self.why.setdefault(row, "calendar")
        self.why |= dict.fromkeys(self._carried, "left over")

    def _ask(self, seen: Foresight) -> None:
        """Set what the recording says of the containers that it knows."""
        model, known = self.model, seen.known
        level = seen.begin.until(seen.end, 0.5).median
        threshold, rules = _rule(self.scenario)
        if threshold is None:
            prize = seen.prizes(rules)
            due = known & (prize >= LEAVE_OUT)
            model["waste.prize"][known] = np.where(due, 0.0, prize)[known]
            self.why |= dict.fromkeys(np.flatnonzero(known & ~due).tolist(), "worth it")
        else:
            due = known & (level >= 100.0 * threshold)
        name = "full" if threshold is None else "threshold"
        self.why |= dict.fromkeys(np.flatnonzero(due).tolist(), name)
        due[list(self._carried)] = True
        model["waste.collect"][known] = due[known].astype(np.float64)
        model["waste.expected"][known] = level[known] / 100.0

    def live(self, first: bool) -> DayPlan:
        """Plan the rounds and drive them; notes on the recording are told on the first day."""
        model = self.model
        expected = model.expected()
        model.mass[:] = expected
        env = model.world.env
        for truck in model.dispatch(self.shift):
            env.process(truck.run())
        env.run(until=self.shift.end + hours(12))
        rounds = tuple(round_of(model, t, self.why, self._look) for t in model.fleet.trucks)
        missed = waiting(model)
        self.over = {row: float(expected[row]) for row in missed}
        wait = self._waits(set(missed))
        return DayPlan(
            self.day, rounds,
            tuple(left(model, list(missed), missed.__getitem__, expected, self._look)),
            tuple(self.notes) if first else (),
            tuple(left(model, list(wait), wait.__getitem__, expected, self._look)),
        )  # fmt: skip

    def emptied(self) -> dict[int, datetime]:
        """Rows that the rounds of the day emptied, with local times."""
        calendar = self.model.world.calendar
        at = self.model.fleet.emptied_at
        return {row: calendar.local(tick) for row, tick in at.items() if tick >= 0}

    def _waits(self, missed: set[int]) -> dict[int, str]:
        """Rows whose level is known and that no round empties, though none was due; and why."""
        if self.foresight is None:
            return {}
        fleet, seen = self.model.fleet, self.foresight
        by_level = _rule(self.scenario)[0] is not None
        found = {}
        for row in np.flatnonzero(seen.known & (fleet.edges >= 0)).tolist():
            if row in missed or fleet.emptied_at.get(row, -1) >= 0:
                continue
            if fleet.network.planned(int(fleet.edges[row])) == float("inf"):
                found[row] = "closed"
            elif by_level:
                found[row] = "below threshold"
            else:
                found[row] = "has room" if seen.then[row] < UNLIKELY else "not worth it"
        return found

    def _look(self, row: int, at: Tick) -> Outlook:
        """What is expected of a container at a tick of the day."""
        seen = self.foresight
        if seen is None or not seen.known[row]:
            return Outlook()
        levels = seen.begin.until(seen.end, min(1.0, max(0.0, at / self.shift.end)))
        level, low, high = (float(column[row]) for column in vars(levels).values())
        return Outlook(level, low, high, float(seen.soon[row]))


def _apply_closures(model: Waste, scenario: Scenario, end: int) -> list[str]:
    """Close the streets that the scenario closes in the shift; what other events are not used."""
    from models.waste.events import Closure

    notes: list[str] = []
    for item in scenario.data.event:
        if item.use != Closure.name:
            notes.append(f"the event {item.use} is not used in a plan")
            continue
        closure = Closure(model.world, Closure.Parameters(**item.parameters))
        closure.setup()
        if closure.begin < end and (closure.end is None or closure.end > 0):
            model["waste.closed"][closure.rows] += 1.0
            notes.append(f"{closure.parameters.street} is closed, as the scenario says")
    model.fleet.network.refresh(0, force=True)
    return notes


def _policy_notes(scenario: Scenario, levels: bool) -> list[str]:
    """What becomes of the scenario's policies."""
    notes = []
    for item in scenario.data.policy:
        if not item.use.startswith("waste."):
            continue
        if not levels:
            notes.append(f"{item.use} needs --levels: without it the calendar decides")
        elif item.use == "waste.by_level":
            notes.append("by level: what is over the threshold of the scenario is emptied")
        elif item.use in PRIZES:
            notes.append(f"prizes as {item.use} of the scenario sets them")
        else:
            notes.append(f"{item.use} is not used: the levels decide")
    return notes


PRIZES = "waste.by_forecast", "waste.dynamic"


def _rule(scenario: Scenario) -> tuple[float | None, ByForecastParameters]:
    """The level from which a policy of the scenario empties, or None; its prizes, or the usual."""
    from models.waste.policies import ByForecastParameters, ByLevel, ByLevelParameters

    threshold = None
    given: dict[str, Any] = {}
    for item in scenario.data.policy:
        if item.use == ByLevel.name:
            threshold = ByLevelParameters(**item.parameters).threshold
        elif item.use in PRIZES:
            fields = ByForecastParameters.model_fields
            given = {name: value for name, value in item.parameters.items() if name in fields}
    return threshold, ByForecastParameters(**given)


def _model(scenario: Scenario, city: City, day: date, orders: Orders) -> Waste:
    """The waste model alone, at the start of the day's shift."""
    import simpy

    from models.waste.model import Waste
    from models.waste.parameters import WasteParameters
    from twin.core.random import Streams
    from twin.core.time import Calendar
    from twin.core.wiring import wire
    from twin.core.world import World

    rules = WasteParameters(**scenario.data.model["waste"] | orders.rules())
    hour, minute = map(int, rules.shift_start.split(":"))
    begin = datetime(day.year, day.month, day.day, hour, minute)
    calendar = Calendar.at(begin, city.place.timezone)
    world = World(city, calendar, hours(24), simpy.Environment(), Streams(1), Path("."))
    model = Waste(world, rules)
    world.controls.ports.update({port.name: port for port in model.controls})
    wire([model], [], city, world.state)
    edges = city["edge"]
    for name in orders.closed:
        rows = (edges["name"] == name) | (edges.ids == name)
        if not rows.any():
            raise ConfigError(
                f"--closed {name}: the city has no such street",
                allowed="a street's name, or the id of an edge",
            )
        model["waste.closed"][rows] = 1.0
    model.setup()
    model.fleet.network.slow_down(orders.slower)
    model.fleet.absent = _absent(rules.trucks, orders.without)
    return model


def _absent(trucks: int, without: Sequence[int]) -> frozenset[int]:
    """Numbers of the vehicles that are out of service.

    Raises
    ------
    ConfigError
        There is no such vehicle.
    """
    for number in without:
        if not 0 <= number < trucks * len(STREAMS):
            fleets = ", ".join(
                f"{i * trucks} to {(i + 1) * trucks - 1} ({name})" for i, name in enumerate(STREAMS)
            )
            raise ConfigError(
                f"--without-truck {number}: there is no such vehicle",
                allowed=fleets if trucks else "no vehicle: the fleet has none",
            )
    return frozenset(without)
