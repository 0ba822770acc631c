"""Lays the time of a recording on the clock of a run."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np

from twin.core.time import Calendar, Tick
from twin.errors import DataError
from twin.sensors.moments import DAY, Moments, from_wall, text, to_wall, utc
from twin.sensors.schema import Align

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def align(
    moments: Moments,
    how: Align,
    origin: datetime | date | None,
    zone: ZoneInfo,
    calendar: Calendar,
    end: Tick,
    where: str,
) -> Moments:
    """Ticks of readings.

    Parameters
    ----------
    moments : (n,) int64, ms
        UTC of each reading; not empty.
    how, origin
        See :class:`twin.sensors.schema.RecordedSource`, ``align`` and ``from``.
    zone
        The clock of the recording.
    calendar, end
        Of the run.
    where
        The sensor, for messages.

    Returns
    -------
    (n,) int64
        Tick of each reading; negative before the run.

    Raises
    ------
    DataError
        No recorded day has the weekday of the run.
    """
    start = utc(calendar.start, zone)
    if how == "absolute":
        return moments - start
    if how == "start":
        first = int(moments.min()) if origin is None else utc(_moment(origin), zone)
        return moments - first
    here = cast(ZoneInfo, calendar.start.tzinfo)
    began = int(to_wall(np.array([start], dtype=np.int64), here)[0])
    wall = to_wall(moments, zone)
    if origin is None:
        day = _same_weekday(wall, began, end, where)
    else:
        day = utc(datetime.combine(_moment(origin).date(), time()), ZoneInfo("UTC")) // DAY
    return from_wall(wall + (began // DAY - day) * DAY, here) - start


def check_overlap(
    ticks: Moments,
    moments: Moments,
    zone: ZoneInfo,
    calendar: Calendar,
    end: Tick,
    max_age: Tick,
    where: str,
) -> None:
    """Refuse a recording that has nothing to say in a run; its last reading counts for ``max_age``.

    Raises
    ------
    DataError
        Every reading is before the run, or every one after it.
    """
    if ticks.min() <= end and ticks.max() + max_age >= 0:
        return
    begin = utc(calendar.start, zone)
    here = cast(ZoneInfo, calendar.start.tzinfo)
    raise DataError(
        f"the recording ({text(int(moments.min()), zone)} to {text(int(moments.max()), zone)}) "
        f"and the run ({text(begin, here)} to {text(begin + end, here)}) do not overlap",
        where=where,
        mend='align = "time_of_day" or align = "start", another `from`, or another `period`',
    )


def _moment(origin: datetime | date) -> datetime:
    return origin if isinstance(origin, datetime) else datetime.combine(origin, time())


def _same_weekday(wall: Moments, began: int, end: Tick, where: str) -> int:
    """The first recorded day of the run's weekday with readings in its hours; days since 1970."""
    weekday = (began // DAY + 3) % 7
    days = np.unique(wall // DAY)
    ordered = np.sort(wall)
    for day in days[(days + 3) % 7 == weekday].tolist():
        first = day * DAY + began % DAY
        if np.searchsorted(ordered, first) < np.searchsorted(ordered, first + end, side="right"):
            return int(day)
    there = [name for number, name in enumerate(_WEEKDAYS) if number in (days + 3) % 7]
    raise DataError(
        f"the run starts on a {_WEEKDAYS[weekday]}, and the recording has none with readings "
        "in the hours of the run",
        where=where,
        allowed=f"recorded: {', '.join(there)}",
        mend="name the recorded day to live: from = 2016-10-04",
    )
