"""How well buses keep to their timetable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Calls
from models.traffic.transit.buses import Floats

EARLIEST, LATEST = -60.0, 300.0
"""A departure between these after the timetable's is on time, s."""


@dataclass(frozen=True)
class Kept:
    """What came of the timetable's calls.

    Attributes
    ----------
    delay : (n,) float64, s
        Of each call: of the departure, at the last stop of the arrival, which is never too early.
        Who should have left more than ``LATEST`` ago and has not is as late as that is past; NaN
        for a stop passed by.
    last : (n,) bool
        Whether it is the last stop, where nobody departs.
    """

    delay: Floats
    last: npt.NDArray[np.bool_]

    def mean(self) -> float:
        """Mean delay, s; NaN without any."""
        known = self.delay[~np.isnan(self.delay)]
        return float(known.mean()) if len(known) else float("nan")

    def on_time(self) -> float:
        """Share of departures on time, %; those that were not made are not."""
        left = self.delay[~self.last]
        good = (left >= EARLIEST) & (left <= LATEST)
        return 100.0 * float(good.mean()) if len(left) else float("nan")

    def missed(self) -> float:
        """Stops passed by."""
        return float(np.isnan(self.delay).sum())


class Punctuality:
    """Follows buses from stop to stop.

    Parameters
    ----------
    due
        For each bus, when its stops are due; (n_stops,) float64, s since the start of the run.
    """

    def __init__(self, due: Mapping[str, Floats]) -> None:
        self._first: dict[str, int] = {}
        count = 0
        for name, times in due.items():
            self._first[name] = count
            count += len(times)
        sizes = [len(times) for times in due.values()]
        self._due = np.concatenate([*due.values(), np.empty(0)])
        self._bus = np.repeat(np.arange(len(due)), sizes)
        self._last = np.zeros(count, dtype=np.bool_)
        if count:
            self._last[np.cumsum(sizes) - 1] = True
        self._came, self._left = np.full((2, count), np.nan)
        self._gone = np.zeros(len(due), dtype=np.bool_)
        self._row = {name: row for row, name in enumerate(due)}

    def take(self, calls: Calls) -> None:
        """Take in what engines tell."""
        for name, number, came, left in zip(*(getattr(calls, f.name) for f in fields(Calls)),
                                            strict=True):  # fmt: skip
            first = self._first.get(str(name))
            if first is None:
                continue
            if number < 0:
                self._gone[self._row[str(name)]] = True
                continue
            self._came[first + number] = came
            self._left[first + number] = left

    def kept(self, now: float) -> Kept:
        """What came of the calls that were due ``LATEST`` before ``now`` (s since the start).

        Which calls count depends on the timetable alone: a jam in which buses stand at the end does
        not hide those that they have not made.
        """
        actual = np.where(self._last, self._came, self._left)
        done = ~np.isnan(self._came)
        # A later stop of the same bus was served, or the bus is gone: this one was passed by.
        order = np.where(done, np.arange(len(done)), -1)
        reached = np.full(len(self._gone), -1)
        np.maximum.at(reached, self._bus, order)
        passed = ~done & ((np.arange(len(done)) < reached[self._bus]) | self._gone[self._bus])
        waited = np.where(passed, np.nan, now - self._due)
        delay = np.where(np.isnan(actual), waited, actual - self._due)
        delay = np.where(self._last, np.maximum(0.0, delay), delay)
        counts = self._due < now - LATEST
        return Kept(delay[counts], self._last[counts])
