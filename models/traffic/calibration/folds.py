"""Folds of the counters: whole streets, so that no direction of one tells of the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.counts import Counts
from twin.city.city import City

Rows = npt.NDArray[np.int64]

ACROSS = 60.0
"""Farthest distance between the two carriageways of one street, m."""
OPPOSITE = -0.8
"""Cosine of the angle between two directions of one street, at most."""


def streets(counts: Counts, city: City) -> Rows:
    """Number of each counter's street; (n_counters,) int64.

    On one street are counters of the same edge (with its turns), of the two directions between
    the same junctions, and of opposite carriageways that lie side by side.
    """
    size = len(counts)
    found = np.arange(size)
    for a in range(size):
        for b in range(a):
            if found[a] != found[b] and _together(city, int(counts.edge[a]), int(counts.edge[b])):
                found[found == found[a]] = found[b]
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def folds(street: Rows, wanted: int, seed: int) -> list[Rows]:
    """Counters of each fold: random streets, of nearly equal size, the same for the same seed.

    Parameters
    ----------
    street : (n_counters,) int64
        Street of each counter; those of one street stay together.
    """
    names, sizes = np.unique(street, return_counts=True)
    if wanted < 2 or len(names) < 2:
        return []
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]  # large ones first: equal sizes
    dealt: list[list[int]] = [[] for _ in range(min(wanted, len(names)))]
    for number in order:
        least = min(dealt, key=len)
        least.extend(np.flatnonzero(street == names[number]).tolist())
    return [np.sort(np.array(part, dtype=np.int64)) for part in dealt]


def _together(city: City, a: int, b: int) -> bool:
    table = city["edge"]
    starts, ends = table["from_junction"], table["to_junction"]
    if a == b or (starts[a] == ends[b] and ends[a] == starts[b]):
        return True
    if table.geometry is None:
        return False
    one, other = table.geometry[a], table.geometry[b]
    if one.interpolate(0.5, normalized=True).distance(other) > ACROSS:
        return False
    first, second = _heading(one.coords), _heading(other.coords)
    return bool(table["name"][a] == table["name"][b] and first @ second <= OPPOSITE)


def _heading(line: npt.ArrayLike) -> npt.NDArray[np.float64]:
    points = np.asarray(line, dtype=np.float64)[:, :2]
    along = points[-1] - points[0]
    return np.asarray(along / max(float(np.hypot(*along)), 1e-9))
