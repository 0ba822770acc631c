"""Streets from lamps alone: chains of lamps that follow one another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

GAP = 60.0
"""Lamps farther apart are not of one street, m."""
LONGEST = 400.0
"""A longer chain is cut into equal parts, m."""
BESIDE = 30.0
"""A lamp that makes no street belongs to the nearest chain within this distance, m."""


@dataclass(frozen=True)
class Chains:
    """Chains of lamps.

    Attributes
    ----------
    paths
        For each chain, the rows of the places along it, in order.
    points : (m, 2) float64, metres
        Places: where one lamp or several stand.
    spacing, length : (n,) float64, m
        Median distance from one to the next; length of the street, one spacing for each place.
    """

    paths: list[Rows]
    points: Floats
    spacing: Floats
    length: Floats


def chains(xy: Floats) -> Chains:
    """Chains of the lamps of streets.

    Places are joined by the shortest tree of their Delaunay triangulation, without steps over
    :data:`GAP`; it is cut where more than two steps meet, and where a chain is too long.

    Parameters
    ----------
    xy : (n, 2) float64, metres
    """
    points = np.unique(np.round(xy, 2), axis=0)
    paths = [part for path in _paths(len(points), _tree(points)) for part in _cut(points, path)]
    steps = [np.hypot(*np.diff(points[path], axis=0).T) for path in paths]
    spacing = np.array([np.median(step) for step in steps], dtype=np.float64)
    total = np.array([step.sum() for step in steps], dtype=np.float64)
    places = np.array([len(path) for path in paths], dtype=np.float64)
    length = total * places / np.maximum(places - 1.0, 1.0)
    return Chains(paths, points, spacing, length)


def _tree(points: Floats) -> Rows:
    """Steps of the shortest tree; (k, 2) int64."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial import Delaunay, QhullError

    none = np.empty((0, 2), dtype=np.int64)
    if len(points) < 2:
        return none
    try:
        corners = Delaunay(points).simplices if len(points) > 3 else None
    except QhullError:  # all in one line
        corners = None
    if corners is None:
        order = np.lexsort((points[:, 1], points[:, 0]))
        pairs = np.column_stack((order[:-1], order[1:]))
    else:
        pairs = np.vstack([corners[:, [a, b]] for a, b in ((0, 1), (1, 2), (0, 2))])
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    far = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    pairs, far = pairs[far <= GAP], far[far <= GAP]
    n = len(points)
    tree = minimum_spanning_tree(coo_array((far, (pairs[:, 0], pairs[:, 1])), shape=(n, n)).tocsr())
    found = tree.tocoo()
    return np.column_stack((found.row, found.col)).astype(np.int64) if found.nnz else none


def _paths(n: int, steps: Rows) -> list[Rows]:
    """The tree in parts that do not branch, each from an end or a branch to the next one."""
    around: list[list[int]] = [[] for _ in range(n)]
    for a, b in steps.tolist():
        around[a].append(b)
        around[b].append(a)
    seen: set[tuple[int, int]] = set()
    found = []
    for start in range(n):
        if len(around[start]) in (0, 2):
            continue
        for step in sorted(around[start]):
            if (start, step) in seen:
                continue
            path = [start, step]
            while len(around[path[-1]]) == 2:
                ahead = [k for k in around[path[-1]] if k != path[-2]]
                path.append(ahead[0])
            seen |= {(path[0], path[1]), (path[-1], path[-2])}
            found.append(np.array(path, dtype=np.int64))
    return found


def _cut(points: Floats, path: Rows) -> list[Rows]:
    """A chain in equal parts of at most :data:`LONGEST`."""
    step = np.hypot(*np.diff(points[path], axis=0).T)
    parts = int(np.ceil(step.sum() / LONGEST))
    if parts <= 1:
        return [path]
    along = np.concatenate(([0.0], np.cumsum(step)))
    cuts = np.searchsorted(along, along[-1] * np.arange(1, parts) / parts)
    cuts = np.unique(np.clip(cuts, 1, len(path) - 2))
    bounds = [0, *cuts.tolist(), len(path) - 1]
    return [path[a : b + 1] for a, b in pairwise(bounds) if b > a]


def chain_of(found: Chains, xy: Floats, street: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Chain of each lamp: the longest through its place, or the nearest beside it; -1 for none.

    Parameters
    ----------
    xy : (n, 2) float64, metres
    street : (n,) bool
        Lamps that make the chains.
    """
    from scipy.spatial import cKDTree

    result = np.full(len(xy), -1, dtype=np.int32)
    if not found.paths:
        return result
    of_place = np.full(len(found.points), -1, dtype=np.int32)
    for row in np.argsort(found.length, kind="stable").tolist():
        of_place[found.paths[row]] = row
    linked = np.flatnonzero(of_place >= 0)
    far, near = cKDTree(found.points[linked]).query(xy)
    within = far <= np.where(street, 0.02, BESIDE)
    result[within] = of_place[linked[near[within]]]
    return result
