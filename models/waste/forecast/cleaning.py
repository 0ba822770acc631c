"""The rules by which bad rows of a recording are flagged and handled; none is dropped silently."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.waste.forecast.quality import Flag, Quality
from models.waste.forecast.recording import FULL, Flags, Floats, Recording, Table, Whole
from twin.errors import DataError

OVER, UNDER = 120.0, -5.0
"""Levels beyond these cannot be, %."""
FAR = 60.0 * 24.0
"""Times this far from the bulk of the others are wrong, h."""
SORTED = 0.9
"""Share of the rows that must stand in order of time for the others to be wrong."""
OTHER_SIZE = 0.15
"""Logarithm of the ratio from which a volume is another container's."""
SAME_ROUND = 12.0
"""Swapped rows are at most this far apart, h."""
AGAIN = 1.0
"""Two emptyings within this are one, h."""
DROP, SHARE = 25.0, 0.5
"""A level that falls by so much, and by this share, tells of an emptying."""
STUCK = 5
NEAR, SOON = 10.0, 24.0
"""Readings on both sides of a lone one differ by at most so many points, and lie so many h off."""


def clean(table: Table, file: Path) -> Recording:
    """Apply every rule; see :data:`models.waste.forecast.quality.RULES`.

    Raises
    ------
    DataError
        No row can be used.
    """
    quality = Quality(rows=len(table.line))
    given = table
    table = _readable(table, quality)
    if not len(table.line):
        raise DataError("no row has an id and a time", where=str(file))
    table = _given_back(table, quality)
    table, shaken = _in_order(table, quality)
    table = _believable(table, shaken, quality)
    order = np.lexsort((table.line, table.hour))
    table = _once(table.take(order), quality)
    table = _emptied_unseen(_without_lone(table, quality), quality)
    _stuck(table, quality)
    if not np.isfinite(table.level).any():
        raise DataError("no level in the recording can be used", where=str(file))
    quality.used = int(np.isfinite(table.level).sum())
    quality.flags.sort(key=lambda flag: flag.line)
    ids, container = np.unique(table.container, return_inverse=True)
    return Recording(
        ids, container.astype(np.int64), table.hour, table.level, table.after, table.line, quality,
        given,
    )  # fmt: skip


def _tell(quality: Quality, table: Table, rows: Flags | Whole, what: str, values: Floats) -> None:
    for row in np.arange(len(table.line))[rows].tolist():
        quality.flags.append(
            Flag(int(table.line[row]), str(table.container[row]), what, f"{values[row]:g}")
        )


def _readable(table: Table, quality: Quality) -> Table:
    """Rows with an id and a time near the others."""
    bad = np.isnan(table.hour) | (table.container == "")
    _tell(quality, table, bad, "unreadable", table.level)
    table = table.take(~bad)
    if not len(table.hour):
        return table
    low, high = np.quantile(table.hour, (0.01, 0.99))
    far = (table.hour < low - FAR) | (table.hour > high + FAR)
    _tell(quality, table, far, "outside", table.hour)
    return table.take(~far)


def _given_back(table: Table, quality: Quality) -> Table:
    """Rows with another container's place or volume go to that one."""
    container = table.container.copy()
    owner = {name: cid for cid, name in _usual_names(table).items()}
    named = np.array([owner.get(str(name), "") for name in table.name], dtype=np.str_)
    wrong = (named != "") & (named != container)
    _tell(quality, table, wrong, "swapped id", table.level)
    container = np.where(wrong, named, container)
    table = replace(table, container=container)
    usual = _usual_sizes(table)
    with np.errstate(divide="ignore"):
        off = np.abs(np.log(table.size / usual)) > OTHER_SIZE
    off &= np.isfinite(table.size) & np.isfinite(usual)
    lost = set(np.flatnonzero(off).tolist())
    for a in sorted(lost):
        for b in sorted(lost):
            if a < b and _exchanged(table, usual, a, b):
                container[[a, b]] = container[[b, a]]
                _tell(quality, table, np.array([a, b]), "swapped id", table.level)
                lost -= {a, b}
                break
    mismatch = np.zeros(len(container), dtype=np.bool_)
    mismatch[sorted(lost)] = True
    impossible = (table.level > OVER) | (table.level < UNDER)
    _tell(quality, table, mismatch & ~impossible, "mismatch", table.level)
    level = np.where(mismatch & ~impossible, np.nan, table.level)
    return replace(table, container=container, level=level)


def _usual_names(table: Table) -> dict[str, str]:
    """The name that most rows of each container have, where it is no other one's too."""
    pairs, counts = np.unique(
        np.column_stack([table.container, table.name]), axis=0, return_counts=True
    )
    best: dict[str, tuple[int, str]] = {}
    for (cid, name), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        if name and count > best.get(cid, (0, ""))[0]:
            best[cid] = (count, name)
    names = [name for _, name in best.values()]
    return {cid: name for cid, (_, name) in best.items() if names.count(name) == 1}


def _usual_sizes(table: Table) -> Floats:
    """Median size of each row's container; NaN with fewer than five rows that know it."""
    usual = np.full(len(table.size), np.nan)
    known = np.flatnonzero(np.isfinite(table.size) & (table.size > 0.0))
    if not len(known):
        return usual
    order = known[np.argsort(table.container[known], kind="stable")]
    ids, first = np.unique(table.container[order], return_index=True)
    medians = {
        cid: float(np.median(table.size[rows]))
        for cid, rows in zip(ids.tolist(), np.split(order, first[1:]), strict=True)
        if len(rows) >= 5
    }
    return np.array([medians.get(cid, np.nan) for cid in table.container.tolist()])


def _exchanged(table: Table, usual: Floats, a: int, b: int) -> bool:
    near = abs(table.hour[a] - table.hour[b]) <= SAME_ROUND
    ratios = np.array([table.size[a] / usual[b], table.size[b] / usual[a]])
    with np.errstate(divide="ignore"):
        alike = np.abs(np.log(ratios)) <= OTHER_SIZE / 2.0
    return bool(near and table.container[a] != table.container[b] and np.all(alike))


def _in_order(table: Table, quality: Quality) -> tuple[Table, Flags]:
    """Times that break the order of a file take that of the row before; which levels they shake."""
    shaken = np.zeros(len(table.hour), dtype=np.bool_)
    kept = _longest_rise(table.hour)
    if kept.mean() < SORTED or kept.all():
        return table, shaken
    _tell(quality, table, ~kept, "clock", table.hour)
    hour = np.where(kept, table.hour, -np.inf)
    hour = np.maximum.accumulate(hour)
    hour[np.isinf(hour)] = table.hour[kept][0]
    order = np.lexsort((table.line, hour, table.container))
    same = table.container[order][1:] == table.container[order][:-1]
    shaken[order[1:][same & ~kept[order[:-1]]]] = True
    return replace(table, hour=hour), shaken | ~kept


def _longest_rise(hour: Floats) -> Flags:
    """The rows of a longest run of times that do not fall; the others break the order."""
    tails: list[float] = []
    ends: list[int] = []
    before = np.full(len(hour), -1)
    for i, at in enumerate(hour.tolist()):
        k = bisect_right(tails, at)
        before[i] = ends[k - 1] if k else -1
        if k == len(tails):
            tails.append(at)
            ends.append(i)
        else:
            tails[k], ends[k] = at, i
    kept = np.zeros(len(hour), dtype=np.bool_)
    row = ends[-1]
    while row >= 0:
        kept[row] = True
        row = int(before[row])
    return kept


def _believable(table: Table, shaken: Flags, quality: Quality) -> Table:
    """Levels that can be, at most full; collections that took something."""
    level = table.level.copy()
    none = np.isnan(level)
    told = {flag.line for flag in quality.flags if flag.what == "mismatch"}
    missing = none & ~np.isin(table.line, sorted(told))
    _tell(quality, table, missing, "no level", level)
    wrong = ~none & ((level > OVER) | (level < UNDER))
    _tell(quality, table, wrong, "impossible level", level)
    over, under = ~none & ~wrong & (level > FULL), ~none & ~wrong & (level < 0.0)
    _tell(quality, table, over, "over 100", level)
    _tell(quality, table, under, "below 0", level)
    level = np.where(wrong | shaken, np.nan, np.clip(level, 0.0, FULL))
    after = np.where((table.after > OVER) | (table.after < UNDER), 0.0, table.after)
    after = np.clip(after, 0.0, FULL)
    kept = ~none & ~wrong & (after >= level) & (level > 0.0)
    _tell(quality, table, kept, "not emptied", level)
    return replace(table, level=level, after=np.where(kept, np.nan, after))


def _once(table: Table, quality: Quality) -> Table:
    """The rows in order of time without those that tell a thing again."""
    order = np.lexsort((table.line, table.hour, table.container))
    t = table.take(order)
    same = t.container[1:] == t.container[:-1]
    gap = t.hour[1:] - t.hour[:-1]
    at_once = same & (gap == 0.0)
    equal = (t.level[1:] == t.level[:-1]) | (np.isnan(t.level[1:]) & np.isnan(t.level[:-1]))
    emptied = np.isfinite(t.after)
    again = same & (gap > 0.0) & (gap <= AGAIN) & emptied[1:] & emptied[:-1]
    out = np.concatenate(([False], at_once))
    _tell(quality, t, np.concatenate(([False], at_once & equal)), "duplicate", t.level)
    _tell(quality, t, np.concatenate(([False], at_once & ~equal)), "conflict", t.level)
    repeated = np.concatenate(([False], again))
    _tell(quality, t, repeated, "repeated", t.level)
    level = np.where(repeated, np.nan, t.level)
    kept = replace(t, level=level).take(~out)
    return kept.take(np.lexsort((kept.line, kept.hour)))


def _without_lone(table: Table, quality: Quality) -> Table:
    """Readings that leap away and back between two that agree are not used.

    Taken for true, a leap down would be an emptying that nobody told, and the way back up the
    filling of weeks within hours.
    """
    order = np.lexsort((table.line, table.hour, table.container))
    order = order[np.isfinite(table.level[order])]
    t = table.take(order)
    reading = np.isnan(t.after)
    three = (t.container[2:] == t.container[:-2]) & reading[2:] & reading[1:-1] & reading[:-2]
    three &= (t.hour[2:] - t.hour[1:-1] <= SOON) & (t.hour[1:-1] - t.hour[:-2] <= SOON)
    told = (t.emptied[2:] > t.hour[:-2]) & (t.emptied[2:] <= t.hour[2:])
    before, after = t.level[1:-1] - t.level[:-2], t.level[1:-1] - t.level[2:]
    leap = (np.minimum(np.abs(before), np.abs(after)) >= DROP) & (before * after > 0.0)
    lone = three & ~told & leap & (np.abs(before - after) <= NEAR)
    rows = order[1:-1][lone] if len(t.line) > 2 else order[:0]
    _tell(quality, table, np.isin(np.arange(len(table.line)), rows), "lone", table.level)
    level = table.level.copy()
    level[rows] = np.nan
    return replace(table, level=level)


def _emptied_unseen(table: Table, quality: Quality) -> Table:
    """Add emptyings that a sensor tells of, or that a falling level shows."""
    order = np.lexsort((table.line, table.hour, table.container))
    t = table.take(order)
    same = t.container[1:] == t.container[:-1]
    filled = np.where(np.isfinite(t.after), t.after, t.level)[:-1]
    told = same & (t.emptied[1:] > t.hour[:-1]) & (t.emptied[1:] <= t.hour[1:])
    told &= np.isnan(t.after[:-1]) & np.isnan(t.after[1:])
    fell = filled - t.level[1:] >= np.maximum(DROP, SHARE * filled)
    unseen = same & fell & ~told
    rows = np.flatnonzero(told | unseen) + 1
    if not len(rows):
        return table
    _tell(quality, t, np.flatnonzero(unseen) + 1, "emptied unseen", t.level)
    middle = (t.hour[rows - 1] + t.hour[rows]) / 2.0
    added = replace(
        t.take(rows),
        line=np.zeros(len(rows), dtype=np.int64),
        hour=np.where(told[rows - 1], t.emptied[rows], middle),
        level=np.full(len(rows), np.nan),
        after=np.zeros(len(rows)),
    )
    both = {name: np.concatenate([column, vars(added)[name]]) for name, column in vars(t).items()}
    whole = Table(**both)
    return whole.take(np.lexsort((whole.line, whole.hour)))


def _stuck(table: Table, quality: Quality) -> None:
    """Flag equal levels that are not full, from the fifth in a row on."""
    from twin.sensors.readings import repeated

    _, rows = np.unique(table.container, return_inverse=True)
    milliseconds = (table.hour * 3_600_000.0).astype(np.int64)
    level: npt.NDArray[np.float64] = table.level
    stuck = repeated(rows.astype(np.int32), level, milliseconds, STUCK)
    _tell(quality, table, stuck & (level < FULL) & (level > 0.0), "stuck", level)
