"""Lighting by the clock: dimmed or off for part of the night, or hour by hour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from models.lighting.select import on_roads
from twin.core.model import Parameters as Base
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class PartNight(Policy):
    """Dims or switches off lamps between two local times, on some road classes or on all."""

    class Parameters(Base):
        """Parameters of part-night lighting; times are local, and ``until`` may be the next day."""

        level: float = Field(default=0.5, ge=0.0, le=1.0, description="level in those hours, 1")
        from_: ClockTime = Field(default="23:00", alias="from", description="local time")
        until: ClockEnd = Field(default="05:00", description="local time")
        roads: tuple[str, ...] = Field(default=(), description="road classes; all when empty")

    name: ClassVar[str] = "lighting.part_night"
    acts = ("lighting.dimming",)
    period: Tick = minutes(1)

    def setup(self) -> None:
        """The lamps of the road classes."""
        self._rows = on_roads(self.city, self.parameters.roads, self.name)
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level at the two times; nothing between them."""
        inside = self._hours.turns(self.world.calendar, now, self.period)
        return (
            []
            if inside is None
            else [Action("lighting.dimming", self.parameters.level if inside else 1.0, self._rows)]
        )


DEFAULT = {"22:00": 0.8, "23:30": 0.5, "05:00": 0.8, "06:30": 1.0}


class ByHour(Policy):
    """Dims lamps hour by hour: each level holds from its local time until the next one's."""

    class Parameters(Base):
        """Parameters of dimming by the hour."""

        levels: dict[ClockTime, float] = Field(
            default=DEFAULT, description="level from each local time on, 1"
        )
        roads: tuple[str, ...] = Field(default=(), description="road classes; all when empty")

    name: ClassVar[str] = "lighting.by_hour"
    acts = ("lighting.dimming",)
    period: Tick = minutes(1)

    def setup(self) -> None:
        """The lamps of the road classes, and the levels in the order of the day."""
        levels = self.parameters.levels
        if not levels or not all(0.0 <= level <= 1.0 for level in levels.values()):
            raise ConfigError(
                f"{self.name}: levels = {levels}",
                allowed='a level from 0 to 1 for one time of day or more: { "23:00" = 0.5 }',
            )
        self._rows = on_roads(self.city, self.parameters.roads, self.name)
        begins = sorted((_seconds(text), level) for text, level in levels.items())
        self._begins = np.array([second for second, _ in begins])
        self._levels = [level for _, level in begins]
        self._set: float | None = None

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level, where it changes."""
        second = self.world.calendar.day_seconds(now)
        level = self._levels[int(np.searchsorted(self._begins, second, side="right")) - 1]
        if level == self._set:
            return []
        self._set = level
        return [Action("lighting.dimming", level, self._rows)]


def _seconds(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60
