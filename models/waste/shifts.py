"""The calendar of shifts: when trucks leave, and when each container was emptied last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from twin.core.time import Calendar, Tick, hours

NEVER = 7.0
"""Days since the last collection of a container that the calendar leaves out."""


@dataclass(frozen=True)
class Shift:
    """One working day.

    Attributes
    ----------
    begin, end
        Ticks; ``begin`` may lie before the run.
    weekday
        0 is Monday.
    """

    begin: Tick
    end: Tick
    weekday: int


def shifts(calendar: Calendar, start: str, length: float, last: Tick) -> list[Shift]:
    """Shifts of the week before the run and of every day of it, in order.

    Parameters
    ----------
    calendar
        Local time.
    start
        Local time of day, ``HH:MM``.
    length
        Hours.
    last
        Last tick of the run.
    """
    hour, minute = map(int, start.split(":"))
    first = calendar.start.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)
    found = []
    day = -8
    while (begin := calendar.tick(first + timedelta(days=day))) <= last:
        found.append(Shift(begin, begin + hours(length), (first + timedelta(days=day)).weekday()))
        day += 1
    return found


def days_since(
    weekdays: npt.NDArray[np.int32], before: list[Shift], now: Tick = 0
) -> npt.NDArray[np.float64]:
    """Days since each container's last collection by the calendar; (n,) float64.

    Parameters
    ----------
    weekdays : (n,) int32
        Collection days as bits.
    before
        Shifts, in order; those that ended by ``now`` count, from their middle.
    now
        Tick.
    """
    days = np.full(len(weekdays), NEVER)
    for shift in before:
        if shift.end <= now:
            due = (weekdays >> shift.weekday) & 1 == 1
            days[due] = (now - (shift.begin + shift.end) / 2) / 86_400_000.0
    return days
