"""Readings as columns: their numbers, flags and reasons, from the texts of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.sensors.observations import BAD, GOOD, SUSPECT

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ticks = npt.NDArray[np.int64]

_QUALITY = {"good": GOOD, "suspect": SUSPECT, "bad": BAD, "0": GOOD, "1": SUSPECT, "2": BAD}


@dataclass(frozen=True)
class Readings:
    """Readings of one port, in the order of the file.

    Attributes
    ----------
    rows : (n,) int32
        Row of the entity; -1 for one that the city does not have.
    value : (n,) float64
        In the port's unit; NaN where there is no number.
    observed, arrived : (n,) int64
        Ticks.
    quality : (n,) int8
        ``GOOD``, ``SUSPECT`` or ``BAD``.
    missing, out_of_range, stuck, stale : (n,) bool
        Why a reading was flagged.
    """

    rows: npt.NDArray[np.int32]
    value: Floats
    observed: Ticks
    arrived: Ticks
    quality: npt.NDArray[np.int8]
    missing: Flags
    out_of_range: Flags
    stuck: Flags
    stale: Flags

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Any) -> Readings:
        """The readings at these positions, or where this mask is true."""
        return Readings(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def of(
        cls,
        rows: npt.NDArray[np.int32],
        value: Floats,
        observed: Ticks,
        arrived: Ticks,
        quality: npt.NDArray[np.int8],
        valid: tuple[float, float] | None,
        stuck_after: int | None,
    ) -> Readings:
        """Readings with the flags that their values give."""
        low, high = valid or (-np.inf, np.inf)
        missing = ~np.isfinite(value)
        out = ~missing & ((value < low) | (value > high))
        stuck = repeated(rows, value, observed, stuck_after) & ~missing & ~out
        none = np.zeros(len(rows), dtype=np.bool_)
        flagged = quality.copy()
        flagged[stuck & (flagged == GOOD)] = SUSPECT
        flagged[missing | out] = BAD
        return cls(rows, value, observed, arrived, flagged, missing, out, stuck, none)

    def in_run(self, end: int, max_age: int | None) -> Readings:
        """Those that arrive in a run, by arrival; what was known before arrives at tick 0."""
        inside = (self.arrived >= 0) & (self.arrived <= end)
        inside[self._last_known()] = True
        order = np.flatnonzero(inside)
        order = order[np.argsort(self.arrived[order], kind="stable")]
        kept = self[order]
        arrived = np.maximum(kept.arrived, 0)
        if max_age is None:
            return replace(kept, arrived=arrived)
        stale = arrived - kept.observed > max_age
        quality = np.where(stale, BAD, kept.quality).astype(np.int8)
        return replace(kept, arrived=arrived, stale=stale, quality=quality)

    def _last_known(self) -> npt.NDArray[np.intp]:
        """The newest usable reading of each entity among those that arrived before the run."""
        before = np.flatnonzero((self.arrived < 0) & (self.rows >= 0) & (self.quality < BAD))
        # Backwards, so that of equal times the first in the file is the last, and stays.
        before = before[::-1]
        before = before[np.lexsort((self.observed[before], self.rows[before]))]
        last = np.ones(len(before), dtype=np.bool_)
        last[:-1] = self.rows[before][1:] != self.rows[before][:-1]
        return before[last]


def repeated(
    rows: npt.NDArray[np.int32], value: Floats, observed: Ticks, limit: int | None
) -> Flags:
    """Where an entity shows one value for the ``limit``-th time in a row, or later; (n,) bool."""
    found = np.zeros(len(rows), dtype=np.bool_)
    if limit is None or len(rows) == 0:
        return found
    order = np.lexsort((observed, rows))
    r, v = rows[order], value[order]
    changed = np.ones(len(order), dtype=np.bool_)
    changed[1:] = (r[1:] != r[:-1]) | (v[1:] != v[:-1])
    positions = np.arange(len(order))
    run_length = positions - np.maximum.accumulate(np.where(changed, positions, 0)) + 1
    found[order] = run_length >= limit
    return found


def out_of_order(entities: npt.NDArray[np.int32], observed: Ticks) -> int:
    """How many readings of known entities stand in the file after a newer one of the same."""
    order = np.argsort(entities, kind="stable")
    order = order[entities[order] >= 0]
    if len(order) == 0:
        return 0
    who, when = entities[order], observed[order]
    starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    groups = np.split(when, starts[1:])
    return sum(int(np.count_nonzero(np.maximum.accumulate(g) > g)) for g in groups)


def numbers(texts: Sequence[str], decimal: str) -> Floats:
    """Numbers of texts; NaN where a text is none; (n,) float64."""
    if decimal != ".":
        texts = [text.replace(decimal, ".") for text in texts]
    return np.array([_number(text) for text in texts], dtype=np.float64)


def qualities(texts: Sequence[str]) -> npt.NDArray[np.int8]:
    """Quality that a recording gives itself; an unknown word is suspect; (n,) int8."""
    return np.array([_QUALITY.get(text.lower(), SUSPECT) for text in texts], dtype=np.int8)


def _number(text: str) -> float:
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("nan")
