"""Moments of a period as charts and tables write them: by the hour, the day or the month."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from twin.report.numbers import Style, clock
from twin.report.scale import time_ticks

DAY = 86_400.0
LONG, VERY_LONG = 2.0 * DAY, 60.0 * DAY
"""Spans above which a day, and a month, is what a reader looks for, s."""
MOST_MONTHS = 6


class Moments:
    """Writes seconds since the midnight before the start.

    Parameters
    ----------
    start
        Local start of the period.
    span : float, s
        From the first moment that is written to the last.
    style
        How the language writes dates.
    """

    def __init__(self, start: datetime, span: float, style: Style) -> None:
        self._midnight = datetime.combine(start.date(), time())
        self._span, self._style = span, style

    def label(self, seconds: float) -> str:
        """The time of day, with its day in a period of several."""
        if self._span <= LONG:
            return clock(seconds)
        return f"{self._day(seconds)}, {clock(seconds)}"

    def ticks(self, first: float, last: float) -> list[tuple[float, str]]:
        """Round moments between two, with what is written there."""
        if self._span <= LONG:
            return [(at, clock(at)) for at in time_ticks(first, last)]
        if self._span <= VERY_LONG:
            return [(at, self._day(at)) for at in time_ticks(first, last, 8) if at % DAY == 0.0]
        return self._months(first, last)

    def _day(self, seconds: float) -> str:
        day = (self._midnight + timedelta(seconds=seconds)).date()
        return self._style.short(day, month=self._span > LONG * 4)

    def _months(self, first: float, last: float) -> list[tuple[float, str]]:
        found = []
        day = self._midnight.replace(day=1)
        while (at := (day - self._midnight).total_seconds()) <= last:
            if at >= first:
                found.append((at, self._style.months[day.month - 1]))
            day = (day + timedelta(days=32)).replace(day=1)
        return found[:: -(-len(found) // MOST_MONTHS)] if found else []
