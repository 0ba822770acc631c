"""Ticks: simulated time as whole milliseconds since the start of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from twin.errors import ConfigError

Tick = int
"""Milliseconds since the start of the run."""

CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d$"
ClockTime = Annotated[str, Field(pattern=CLOCK)]
"""A local time of day as a parameter: ``"07:30"``."""
DAY_END = "24:00"
ClockEnd = Annotated[str, Field(pattern=rf"{CLOCK}|^{DAY_END}$")]
"""A local time of day at which something ends: ``"24:00"`` is the end of the day."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def seconds(value: float) -> Tick:
    """Ticks in ``value`` seconds."""
    return round(value * 1000)


def minutes(value: float) -> Tick:
    """Ticks in ``value`` minutes."""
    return round(value * 60_000)


def hours(value: float) -> Tick:
    """Ticks in ``value`` hours."""
    return round(value * 3_600_000)


def duration(text: str) -> Tick:
    """Ticks in a text such as ``"90s"``, ``"5m"``, ``"2h"``, ``"1h30m"`` or ``"1d"``.

    Raises
    ------
    ConfigError
        The text is not a duration, or is zero.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)", text)
    rest = re.sub(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)", "", text).strip()
    ticks = round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    if rest or ticks <= 0:
        raise ConfigError(
            f"{text!r} is not a duration",
            allowed='a number and a unit: "30s", "5m", "2h", "1h30m", "1d"',
        )
    return ticks


@dataclass(frozen=True)
class Calendar:
    """Ties ticks to local time.

    Attributes
    ----------
    start
        Local time at tick 0, with its time zone.
    """

    start: datetime

    @classmethod
    def at(cls, start: datetime, timezone: str) -> Calendar:
        """A calendar whose tick 0 is this naive local time in this IANA time zone."""
        return cls(start.replace(tzinfo=ZoneInfo(timezone)))

    def utc(self, now: Tick) -> datetime:
        """UTC at a tick."""
        return self.start.astimezone(ZoneInfo("UTC")) + timedelta(milliseconds=now)

    def local(self, now: Tick) -> datetime:
        """Local time at a tick (summer time obeyed)."""
        return self.utc(now).astimezone(self.start.tzinfo)

    def tick(self, moment: datetime) -> Tick:
        """Tick of a moment; a naive one is local time."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.start.tzinfo)
        utc = ZoneInfo("UTC")
        return round((moment.astimezone(utc) - self.start.astimezone(utc)).total_seconds() * 1000)

    def day_seconds(self, now: Tick) -> float:
        """Seconds since local midnight at a tick."""
        local = self.local(now)
        return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6

    def clock_tick(self, text: str, day: int = 0) -> Tick:
        """Tick of a local time of day ``"HH:MM"`` on the first day, or of a full ISO date and time.

        Parameters
        ----------
        text
            The time.
        day
            Days after the first, for a time of day.

        Raises
        ------
        ConfigError
            The text is neither.
        """
        try:
            if of_day(text):
                hour, minute, *second = (int(part) for part in text.split(":"))
                moment = self.start.replace(
                    hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0
                )
                return self.tick(moment + timedelta(days=day))
            return self.tick(datetime.fromisoformat(text))
        except ValueError as error:
            raise ConfigError(
                f"{text!r} is not a time ({error})", allowed='"07:30" or "2025-01-14T07:30"'
            ) from None


def of_day(text: str) -> bool:
    """Whether a time is one of day, ``"HH:MM"`` or ``"HH:MM:SS"``, without a date."""
    return re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) is not None


@dataclass(frozen=True)
class DailyWindow:
    """Some hours of every day; they go over midnight where the end is not after the start.

    Attributes
    ----------
    start, end
        Local seconds since midnight. The end is outside; where both are equal, it is the whole day.
    """

    start: int
    end: int

    @classmethod
    def between(cls, start: str, end: str) -> DailyWindow:
        """The window between two local times ``"HH:MM"``; it may end at ``"24:00"``.

        Raises
        ------
        ConfigError
            One of them is not a time of day.
        """
        return cls(_clock_seconds(start), 0 if end == DAY_END else _clock_seconds(end))

    def contains(self, calendar: Calendar, now: Tick) -> bool:
        """Whether a tick lies in the window."""
        return self._holds(calendar.day_seconds(now))

    def overlaps(self, other: DailyWindow) -> bool:
        """Whether there is a time of day that lies in both."""
        return self._holds(other.start) or other._holds(self.start)

    def _holds(self, second: float) -> bool:
        if self.start < self.end:
            return self.start <= second < self.end
        return second >= self.start or second < self.end

    def turns(self, calendar: Calendar, now: Tick, period: Tick) -> bool | None:
        """True where the window has begun within the last period, False where it has ended.

        None where nothing has changed. At tick 0 a window that holds it begins.
        """
        inside = self.contains(calendar, now)
        before = now >= period and self.contains(calendar, now - period)
        return None if inside == before else inside


def _clock_seconds(text: str) -> int:
    if not re.match(CLOCK, text):
        raise ConfigError(f"{text!r} is not a time of day", allowed='"00:00" to "23:59"')
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60
