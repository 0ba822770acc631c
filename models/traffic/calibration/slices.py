"""Parts of the day: those that were counted, and those around them that a scenario also needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.counts import Counts
from models.traffic.calibration.problem import share_of_day
from models.traffic.demand.sums import sums

Floats = npt.NDArray[np.float64]
HOUR = 3600.0


@dataclass(frozen=True)
class Slice:
    """A part of the day that was counted.

    Attributes
    ----------
    begin, end
        s since midnight.
    share
        Of a day's trips, by the usual profile.
    target : (n_counters,) float64, veh
        What each counter counted in it, made up for time in which it did not count; NaN for a
        counter that did not count in it at all.
    """

    begin: float
    end: float
    share: float
    target: Floats

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end - self.begin


def slices(counts: Counts, least: float = HOUR) -> list[Slice]:
    """The counted intervals; as one those that overlap, and neighbours shorter than ``least`` s."""
    begin, end = _disjoint(counts.begin, counts.end)
    starts, ends = [begin[0]], [end[0]]
    for b, e in zip(begin[1:].tolist(), end[1:].tolist(), strict=True):
        if b - ends[-1] < 1.0 and ends[-1] - starts[-1] < least - 1.0:
            ends[-1] = e
        else:
            starts.append(b)
            ends.append(e)
    return [_slice(counts, b, e) for b, e in zip(starts, ends, strict=True)]


def whole(parts: list[Slice]) -> tuple[Floats, float]:
    """All slices as one: targets of the counters, made up, and the share of the day."""
    share = sum(part.share for part in parts)
    targets = np.stack([part.target for part in parts])
    counted = np.array([[part.share] for part in parts]) * np.isfinite(targets)
    total = np.nansum(targets, axis=0)
    seen = counted.sum(axis=0)
    return np.where(seen > 0.0, total * share / np.maximum(seen, 1e-12), np.nan), share


def around(parts: list[Slice], begin: float, end: float) -> list[tuple[float, float, int]]:
    """Cover ``begin`` to ``end`` with the slices, and with hours between and around them.

    Returns
    -------
    list of (begin, end, slice)
        -1 for a time that was not counted.
    """
    found: list[tuple[float, float, int]] = []
    at = begin
    for number, part in enumerate(parts):
        if part.end <= begin or part.begin >= end:
            continue
        found += _hours(at, part.begin)
        found.append((part.begin, part.end, number))
        at = part.end
    return found + _hours(at, end)


def _hours(begin: float, end: float) -> list[tuple[float, float, int]]:
    found = []
    while begin < end - 1e-6:
        stop = min(end, (begin // HOUR + 1.0) * HOUR)
        found.append((begin, stop, -1))
        begin = stop
    return found


def _disjoint(begin: Floats, end: Floats) -> tuple[Floats, Floats]:
    """The distinct intervals, joined where they overlap."""
    pairs = np.unique(np.stack([begin, end], axis=1), axis=0)
    starts: list[float] = []
    ends: list[float] = []
    for b, e in pairs.tolist():
        if ends and b < ends[-1] - 1e-6:
            ends[-1] = max(ends[-1], e)
        else:
            starts.append(b)
            ends.append(e)
    return np.array(starts), np.array(ends)


def _slice(counts: Counts, begin: float, end: float) -> Slice:
    inside = (counts.begin >= begin) & (counts.end <= end) & np.isfinite(counts.count)
    rows = np.flatnonzero(inside)
    size, share = len(counts), share_of_day(begin, end)
    shares = [share_of_day(counts.begin[row], counts.end[row]) for row in rows]
    seen = sums(counts.counter[rows], shares, size)
    total = sums(counts.counter[rows], counts.count[rows], size)
    target = np.where(seen > 0.0, total * share / np.maximum(seen, 1e-12), np.nan)
    return Slice(begin, end, share, target)
