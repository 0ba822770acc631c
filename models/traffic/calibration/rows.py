"""Checks of counted intervals: forward in time, each once, no more cars than a lane carries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.cells import DAY
from models.traffic.demand.sums import sums
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST = 3000.0
"""Vehicles an hour that no lane carries: headways of 1.2 s, one after the other."""
CHANCE = 5.0
"""Vehicles a lane by which a short interval may be above that."""


@dataclass(frozen=True)
class Table:
    """Counted intervals.

    Attributes
    ----------
    edge, source : (n,) int64, edge rows
        The counted edge, and the one before it (-1: any).
    day : (n,) int64
        Ordinal of the date; 0 without a date.
    begin, end : (n,) float64, s since midnight of the day
    count : (n,) float64, veh
    speed : (n,) float64, m/s
    place : (n,) str
        Where each row is in the file.
    """

    edge: Rows
    source: Rows
    day: Rows
    begin: Floats
    end: Floats
    count: Floats
    speed: Floats
    place: npt.NDArray[np.str_]

    def take(self, rows: npt.NDArray[np.generic]) -> Table:
        """Some of the rows."""
        return Table(*(column[rows] for column in vars(self).values()))


def forward(begin: Floats, end: Floats, place: list[str], file: str) -> Floats:
    """The ends, 00:00 as 24:00; refuses intervals that end before they begin."""
    end = np.where((end == 0.0) & (begin > 0.0), DAY, end)
    wrong = np.flatnonzero((end <= begin) | (end - begin > DAY))
    if len(wrong):
        row = wrong[0]
        turned = end[row] <= begin[row]
        raise DataError(
            f"an interval ends {'at or before its begin' if turned else 'more than a day later'}: "
            f"{begin[row]:g} to {end[row]:g} s",
            where=f"{file}, {place[row]}",
            allowed="begin before end, at most a day apart",
            mend="swap them; for an interval over midnight give dates, or an end past 24:00",
        )
    return end


def added(table: Table) -> tuple[Table, int]:
    """Counts of one edge and interval on one day as one row, and how many rows were added so.

    Files by class of vehicle hold one row a class. Speeds are weighted with the counts.
    """
    counted = np.isfinite(table.count)
    rows = np.flatnonzero(counted)
    keys = np.stack([table.edge, table.source, table.day, table.begin, table.end], axis=1)
    _, first, same = np.unique(keys[rows], axis=0, return_index=True, return_inverse=True)
    same = same.reshape(-1)
    if len(first) == len(rows):
        return table, 0
    count = sums(same, table.count[rows], len(first))
    known = np.isfinite(table.speed[rows])
    weight = np.where(known, np.maximum(table.count[rows], 1e-9), 0.0)
    total = sums(same, weight, len(first))
    speed = sums(same, weight * np.nan_to_num(table.speed[rows]), len(first))
    speed = np.where(total > 0.0, speed / np.maximum(total, 1e-12), np.nan)
    made = replace(table.take(rows[first]), count=count, speed=speed)
    order = np.argsort(first, kind="stable")
    made, rest = made.take(order), table.take(~counted)
    joined = [
        np.concatenate(pair) for pair in zip(vars(made).values(), vars(rest).values(), strict=True)
    ]
    return Table(*joined), len(rows) - len(first)


def check_apart(table: Table, file: str) -> None:
    """Refuse intervals of one edge and day that overlap without being the same."""
    rows = np.flatnonzero(np.isfinite(table.count))
    part = table.take(rows)
    order = np.lexsort((part.begin, part.day, part.source, part.edge))
    part = part.take(order)
    same = np.ones(max(len(rows) - 1, 0), dtype=np.bool_)
    for column in (part.edge, part.source, part.day):
        same &= column[1:] == column[:-1]
    wrong = np.flatnonzero(same & (part.begin[1:] < part.end[:-1] - 1e-6))
    if len(wrong):
        a = wrong[0]
        b = a + 1
        raise DataError(
            f"two intervals of one edge overlap: {part.begin[a]:g}–{part.end[a]:g} s and "
            f"{part.begin[b]:g}–{part.end[b]:g} s",
            where=f"{file}, {part.place[a]} and {part.place[b]}",
            allowed="intervals side by side, or the same (which are added)",
            mend="leave out the totals or the parts; give dates where they are of different days",
        )


def check_carried(table: Table, lanes: npt.NDArray[np.int64], file: str) -> None:
    """Refuse counts that no lane carries; ``lanes`` of each row's edge."""
    most = lanes * (MOST * (table.end - table.begin) / 3600.0 + CHANCE)
    wrong = np.flatnonzero(np.nan_to_num(table.count) > most)
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{table.count[row]:,.0f} vehicles in {table.end[row] - table.begin[row]:g} s are more "
            f"than {lanes[row]} lane{'s' if lanes[row] > 1 else ''} can carry",
            where=f"{file}, {table.place[row]}",
            allowed=f"up to {MOST:,.0f} veh/h a lane",
            mend="correct the count or the interval; veh/h are a column `flow`, not `count`",
        )
