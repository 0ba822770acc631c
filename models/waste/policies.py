"""Policies of collection: who is visited on the next round."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.waste.streams import LITTER, STREAMS
from models.waste.urgency import FELL, PRIZE, Levels, Rates, overflow_probability
from twin.core.model import Parameters
from twin.core.time import Tick, hours, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View

Floats = npt.NDArray[np.float64]

MOST = 90_000.0
"""A prize is at most this, s: less than what is due."""
LONGEST = 12.0
"""A shift is at most so long, h."""
APART = 12.0
"""Readings from which a rate is learnt are so far apart, h: noise counts less."""


class ByLevelParameters(Parameters):
    """When a container is worth a visit."""

    threshold: float = Field(
        0.6, ge=0.0, le=2.0, description="level from which a container is emptied"
    )
    stale: float = Field(
        24.0, gt=0.0, description="age from which a reading is not believed any more, h"
    )


class ByLevel(Policy):
    """Empty the containers whose sensors say that they are full enough.

    A container that no sensor has seen, or not for long, is emptied as the calendar says.
    """

    name = "waste.by_level"
    Parameters: ClassVar[type[Parameters]] = ByLevelParameters
    parameters: ByLevelParameters
    sees = ("waste.level",)
    acts = ("waste.collect",)
    period = minutes(15)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Choose for the next dispatch."""
        level = view["waste.level"]
        known = view.age("waste.level", now) <= self.parameters.stale * 3600.0
        full = level >= self.parameters.threshold
        return (Action("waste.collect", np.where(known, full.astype(np.float64), -1.0)),)


class FixedRounds(Policy):
    """Empty what the calendar says, whatever the sensors tell: what most cities do."""

    name = "waste.fixed_rounds"
    acts = ("waste.collect",)
    period = hours(24)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Leave every container to the calendar."""
        return (Action("waste.collect", np.full(len(self.city["container"]), -1.0)),)


class ByForecastParameters(Parameters):
    """What a visit is worth."""

    prize: float = Field(
        PRIZE, ge=0.0, description="driving time that an overflow before the next shift is worth, s"
    )
    hours: float = Field(
        28.0, gt=0.0, description="from the start of a shift until the next chance to empty, h"
    )
    start: str = Field(
        "06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="start of the shifts, local time"
    )
    noise: float = Field(0.05, ge=0.0, description="deviation of a sensor, share of the capacity")
    stale: float = Field(
        48.0, gt=0.0, description="age from which a reading is not believed any more, h"
    )


class ByForecast(Policy):
    """Empty what pays: prizes by the probability of overflowing before the next shift.

    The rate of each container is learnt from its readings (Gamma-Poisson), beginning with the
    usual one. A container that no sensor has seen, or not for long, is emptied by the calendar.
    """

    name = "waste.by_forecast"
    Parameters: ClassVar[type[Parameters]] = ByForecastParameters
    parameters: ByForecastParameters
    sees = ("waste.level",)
    acts: ClassVar[tuple[str, ...]] = ("waste.collect", "waste.prize", "waste.expected")
    period = minutes(30)

    def setup(self) -> None:
        """Begin with the usual rates."""
        table = self.city["container"]
        deposits = np.array([STREAMS[str(s)].deposit for s in table["stream"]], dtype=np.float64)
        self._grain = 1.5 * deposits / table["capacity"]
        self._rates = Rates.prior(table["daily"] / 24.0 / table["capacity"])
        self._levels = Levels.empty(len(table))
        self._read = np.full(len(table), np.nan)
        self._rests = table["stream"] != LITTER
        self._from = np.full(len(table), np.nan)
        self._at = np.zeros(len(table))

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Learn from the readings, and set the prizes for the next plan."""
        age = view.age("waste.level", now) / 3600.0
        known = age <= self.parameters.stale
        level, at = view["waste.level"].copy(), now / 3_600_000.0 - age
        self._learn(level, at, known)
        self._follow(level, at, known)
        age = np.where(known, age, 0.0)
        expected = np.where(known, self._levels.mean + self._rates.mean * age, 0.0)
        prize = np.where(known, self._worth(age + self._until_next(now)), 0.0)
        return (
            Action("waste.collect", np.where(known, 0.0, -1.0)),
            Action("waste.prize", np.minimum(prize, MOST)),
            Action("waste.expected", np.where(known, np.clip(expected, 0.0, 2.0), -1.0)),
        )

    def _follow(self, level: Floats, at: Floats, known: npt.NDArray[np.bool_]) -> None:
        """Let the levels grow until the newest readings, and correct them by these."""
        noise, stale = self.parameters.noise, self.parameters.stale
        new = known & ~(at <= self._read)
        since = np.where(new, at - self._read, 0.0)
        first = np.flatnonzero(new & ~(since <= stale))
        others = np.flatnonzero(new & (since <= stale))
        self._levels.grow(np.where(since <= stale, since, 0.0), self._rates, self._grain)
        self._levels.begin(first, level[first], noise)
        self._levels.read(others, level[others], noise)
        self._read = np.where(new, at, self._read)

    def _worth(self, hours: Floats) -> Floats:
        """Prizes, by the hours from the last reading to the next chance to empty."""
        deviation = np.sqrt(self._levels.variance)
        soon = overflow_probability(self._levels.mean, deviation, self._rates, self._grain, hours)
        return self.parameters.prize * soon

    def _until_next(self, now: Tick) -> Floats:
        """Hours; on Saturdays a day more for those that do not work on Sundays."""
        hour, minute = map(int, self.parameters.start.split(":"))
        since = self.world.calendar.day_seconds(now) / 3600.0 - hour - minute / 60.0
        left = self.parameters.hours - (since if 0.0 < since < LONGEST else 0.0)
        saturday = self.world.calendar.local(now).weekday() == 5
        found: Floats = max(left, 1.0) + 24.0 * (self._rests & saturday)
        return found

    def _learn(self, level: Floats, at: Floats, known: npt.NDArray[np.bool_]) -> None:
        """Fillings between readings that are half a day apart; a fall is an emptying."""
        fresh = known & np.isfinite(level)
        rise = level - self._from
        begins = fresh & (np.isnan(self._from) | (rise < -FELL))
        grown = fresh & ~begins & (at - self._at >= APART)
        rows = np.flatnonzero(grown)
        self._rates.observe(rows, rise[rows], at[rows] - self._at[rows])
        self._rates.forget(24.0 * 60.0)
        self._from = np.where(begins | grown, level, self._from)
        self._at = np.where(begins | grown, at, self._at)


class DynamicParameters(ByForecastParameters):
    """What a visit is worth, and how often rounds under way are planned again."""

    every: float = Field(60.0, ge=15.0, description="time between two plans of a shift, min")


class Dynamic(ByForecast):
    """By forecast, and rounds under way are planned again with what the sensors say since."""

    name = "waste.dynamic"
    Parameters: ClassVar[type[Parameters]] = DynamicParameters
    parameters: DynamicParameters
    acts: ClassVar[tuple[str, ...]] = (*ByForecast.acts, "waste.replan")
    period = minutes(15)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Set the prizes, and ask for new plans."""
        rules = self.parameters
        every: float = rules.every
        number = now // round(every * 60_000.0)
        return (*super().decide(now, view), Action("waste.replan", float(number)))
