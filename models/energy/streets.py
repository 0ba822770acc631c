"""The streets as a graph of possible cable trenches, with a tee where something connects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

TEE_SPACING = 12.0
"""Connections closer than this along a street share a tee, m."""
NO_TRENCH = ("motorway", "motorway_link", "trunk_link")
"""Roads along which no low-voltage cable is laid."""


@dataclass(frozen=True)
class Streets:
    """Trenches between nodes; nodes are the junctions, then the tees.

    Attributes
    ----------
    points : (n_node, 2) float64, metres
    start, end : (n_segment,) int64
        Nodes of each stretch of street; each pair occurs once.
    length : (n_segment,) float64, metres
    tee : (n_point,) int64
        Node at which each given point connects.
    """

    points: Floats
    start: Rows
    end: Rows
    length: Floats
    tee: Rows


def trenches(city: City, points: Floats) -> Streets:
    """The street graph, cut where each of ``points`` is nearest to a street.

    Parameters
    ----------
    points : (n, 2) float64, metres

    Raises
    ------
    DataError
        The city has no street between two junctions.
    """
    import shapely

    edge, start, end = _undirected(city)
    lines = city["edge"].geometry[edge]  # type: ignore[index]
    length = np.maximum(city["edge"]["length"][edge], 0.5)
    near = _nearest(lines, points)
    along = shapely.line_locate_point(lines[near], shapely.points(points), normalized=True)
    slots = np.maximum(1, np.round(length / TEE_SPACING)).astype(np.int64)
    slot = np.round(along * slots[near]).astype(np.int64)
    inner = (slot > 0) & (slot < slots[near])
    pairs = np.stack([near[inner], slot[inner]], axis=1)
    cuts, which = np.unique(pairs, axis=0, return_inverse=True)
    first = len(city["junction"])
    tee = np.where(slot > 0, end[near], start[near])
    tee[inner] = first + which.reshape(-1)
    share = cuts[:, 1] / slots[cuts[:, 0]] if len(cuts) else np.empty(0)
    places = shapely.line_interpolate_point(lines[cuts[:, 0]], share, normalized=True)
    tees = shapely.get_coordinates(places).reshape(-1, 2)
    nodes = np.concatenate([city["junction"].points, tees])
    return Streets(nodes, *_segments(start, end, length, cuts[:, 0], share, first), tee)


def _undirected(city: City) -> tuple[Rows, Rows, Rows]:
    """One edge (the shortest) for each pair of junctions, and the pair."""
    edge = city["edge"]
    start, end = edge["from_junction"].astype(np.int64), edge["to_junction"].astype(np.int64)
    usable = (start != end) & (start >= 0) & (end >= 0)
    if (usable & ~np.isin(edge["road"], NO_TRENCH)).any():
        usable &= ~np.isin(edge["road"], NO_TRENCH)
    rows = np.flatnonzero(usable)
    if not len(rows):
        raise DataError("no street joins two junctions, so no cable can be laid")
    low, high = np.minimum(start, end)[rows], np.maximum(start, end)[rows]
    order = np.lexsort((rows, edge["length"][rows], high, low))
    pairs = np.stack([low, high], axis=1)[order]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    chosen = rows[order][new]
    return chosen, start[chosen], end[chosen]


def _nearest(lines: npt.NDArray[np.object_], points: Floats) -> Rows:
    """The nearest line of each point; of equally near ones the first."""
    import shapely

    if not len(points):
        return np.empty(0, dtype=np.int64)
    found, hits = shapely.STRtree(lines).query_nearest(shapely.points(points), all_matches=True)
    order = np.lexsort((hits, found))
    _, first = np.unique(found[order], return_index=True)
    return np.asarray(hits[order][first], dtype=np.int64)


def _segments(
    start: Rows, end: Rows, length: Floats, cut: Rows, share: Floats, first: int
) -> tuple[Rows, Rows, Floats]:
    """Stretches between neighbouring nodes along each street."""
    count = np.arange(len(start))
    street = np.concatenate([count, cut, count])
    at = np.concatenate([np.zeros(len(start)), share, np.ones(len(start))])
    node = np.concatenate([start, first + np.arange(len(cut)), end])
    order = np.lexsort((at, street))
    street, at, node = street[order], at[order], node[order]
    same = street[1:] == street[:-1]
    stretch = np.diff(at)[same] * length[street[1:][same]]
    return node[:-1][same], node[1:][same], np.maximum(stretch, 0.1)
