"""The walks of citizens on the streets: from door to door, and to and from stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.citizens.afoot import kernels
from models.citizens.afoot.columns import Streets, Walks
from models.citizens.space import Space
from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]

SPEED = 1.33
"""m/s, with which citizens reckon when they choose to walk."""
FAST = ("motorway", "motorway_link", "trunk", "trunk_link")
"""Where nobody walks."""
TREES = 8 << 20
"""Junctions in all shortest ways that are kept together."""
STOP = -1
"""In place of a place: the stop nearest to the other end of the walk."""


@dataclass(frozen=True)
class Doors:
    """Where walks begin or end on the streets.

    Attributes
    ----------
    edge : (n,) int32
        -1 where no street is.
    place : (n,) float64, m
        From the beginning of the edge.
    """

    edge: Rows
    place: Floats


class Pavements:
    """The streets for walkers, and the doors of places and stops.

    Attributes
    ----------
    streets
        Both directions of every street but motorways and trunk roads.
    out, into
        Doors of the places, for who leaves and who comes: a city is entered at the beginning of a
        gateway's edge and left at the end of one.
    stop
        Door of the stop nearest to each place.
    """

    def __init__(self, city: City, space: Space) -> None:
        self.streets, self._graph = _joined(city)
        gates = np.arange(len(space.xy)) >= space.buildings
        along = _along(city, space.leaves, space.xy)
        ends = city["edge"]["length"][np.maximum(space.enters, 0)]
        self.out = Doors(space.leaves, np.where(gates, 0.0, along))
        self.into = Doors(space.enters, np.where(gates, ends, along))
        self.stop = _stops(city, space.xy)

    def trees(self, junctions: Rows) -> tuple[Floats, Rows]:
        """Shortest ways from some junctions: (n, n_junctions) m, and the junction before each."""
        from scipy.sparse.csgraph import dijkstra

        far, before = dijkstra(self._graph, indices=junctions, return_predecessors=True)
        return np.ascontiguousarray(far), np.ascontiguousarray(before, dtype=np.int32)


def _joined(city: City) -> tuple[Streets, Any]:
    """The streets in both directions, and the graph of their junctions."""
    from scipy.sparse import csr_matrix

    edge, junctions = city["edge"], len(city["junction"])
    start, end = (edge[key].astype(np.int32) for key in ("from_junction", "to_junction"))
    length = np.maximum(edge["length"].astype(np.float64), 0.1)
    rows = np.flatnonzero(~np.isin(edge["road"], FAST) & (start != end)).astype(np.int32)
    both = np.concatenate([rows, rows])
    begin = np.concatenate([start[rows], end[rows]])
    to = np.concatenate([end[rows], start[rows]])
    against = np.arange(len(both)) >= len(rows)
    order = np.lexsort((both, against, length[both], to, begin))
    pairs = begin[order].astype(np.int64) * junctions + to[order]
    order = order[np.unique(pairs, return_index=True)[1]]
    begin, to, both, against = begin[order], to[order], both[order], against[order]
    first = np.searchsorted(begin, np.arange(junctions + 1)).astype(np.int32)
    graph = csr_matrix((length[both], to, first), (junctions, junctions))
    ends = np.ascontiguousarray(np.column_stack((start, end)))
    return Streets(ends, length, _back(start, end, junctions), first, to, both, against), graph


def _back(start: Rows, end: Rows, junctions: int) -> Rows:
    """Edge of the other direction; (n_edges,) int32, -1 for none."""
    forth = start.astype(np.int64) * junctions + end
    order = np.argsort(forth, kind="stable")
    wanted = end.astype(np.int64) * junctions + start
    place = np.minimum(np.searchsorted(forth[order], wanted), max(len(order) - 1, 0))
    found = order[place] if len(order) else order
    return np.where(forth[found] == wanted, found, -1).astype(np.int32)


def _along(city: City, edge: Rows, xy: Floats) -> Floats:
    """How far along its edge each point is; the middle in a city without shapes; (n,) float64 m."""
    import shapely

    lines, there = city["edge"].geometry, edge >= 0
    share = np.full(len(edge), 0.5)
    if lines is not None and there.any():
        points = shapely.points(xy[there])
        share[there] = shapely.line_locate_point(lines[edge[there]], points, normalized=True)
    length = city["edge"]["length"][np.maximum(edge, 0)] if len(city["edge"]) else 0.0
    return np.asarray(np.nan_to_num(share) * length)


def _stops(city: City, xy: Floats) -> Doors:
    """Door of the stop nearest to each place, where stops with a street are mapped."""
    import shapely

    none = Doors(np.full(len(xy), -1, dtype=np.int32), np.zeros(len(xy)))
    if "stop" not in city or ("stop", "edge") not in city.links or not len(xy):
        return none
    edge = city.link("stop", "edge").indices
    rows = np.flatnonzero(edge >= 0)
    if not len(rows):
        return none
    at = city["stop"].points[rows]
    tree = shapely.STRtree(shapely.points(at))
    found, nearest = tree.query_nearest(shapely.points(xy), all_matches=False)
    chosen = np.zeros(len(xy), dtype=np.int64)
    chosen[found] = nearest
    along = _along(city, edge[rows].astype(np.int32), at)
    return Doors(edge[rows][chosen].astype(np.int32), along[chosen])


class Afoot:
    """The walks of a run.

    Walks that begin on a street and end where no way leads are left out, and so are those to stops
    where none is mapped.
    """

    def __init__(self, city: City, space: Space) -> None:
        self._pavements = Pavements(city, space)
        self._number = 0
        self._row: dict[int, int] = {}
        junctions = len(city["junction"])
        self._room = max(2, TREES // max(junctions, 1))
        self._far = np.empty((0, junctions))
        self._before = np.empty((0, junctions), dtype=np.int32)
        self._out = np.empty((4096, 6))
        self._entries = np.empty((0, 2))

    def begin(self, time: Floats, origin: Rows, goal: Rows) -> Floats:
        """The edges of walks that begin, from when they are entered.

        Parameters
        ----------
        time : (n,) float64, s
        origin, goal : (n,) int32
            Places, or ``STOP`` for the stop nearest to the other one.

        Returns
        -------
        (m, 6) float64
            See :func:`models.citizens.afoot.kernels.ways`; by time, then walk.
        """
        doors = self._pavements
        edge_a, place_a = _door(doors.out, doors.stop, origin, goal)
        edge_b, place_b = _door(doors.into, doors.stop, goal, origin)
        kept = np.flatnonzero((edge_a >= 0) & (edge_b >= 0))
        number = self._number + np.arange(len(kept))
        self._number += len(kept)
        parts = [np.empty((0, 6))]
        for begin in range(0, len(kept), self._room // 2):
            rows = kept[begin : begin + self._room // 2]
            tree = self._trees(doors.streets.ends[edge_a[rows]])
            walks = Walks(
                number[begin : begin + len(rows)], time[rows], edge_a[rows], place_a[rows],
                edge_b[rows], place_b[rows], tree,
            )  # fmt: skip
            parts.append(self._ways(walks))
        found = np.concatenate(parts)
        found = found[np.lexsort((found[:, 1], found[:, 0]))]
        entries = found[found[:, 2] >= 0.0][:, [0, 2]]
        self._entries = np.concatenate([self._entries, entries])
        return found

    def _trees(self, ends: Rows) -> Rows:
        """Rows of the trees of junctions, made where there are none; the shape of ``ends``."""
        wanted = np.unique(ends)
        fresh = [j for j in wanted.tolist() if j not in self._row]
        if len(self._row) + len(fresh) > self._room:
            self._row.clear()
            self._far, self._before, fresh = self._far[:0], self._before[:0], wanted.tolist()
        if fresh:
            far, before = self._pavements.trees(np.array(fresh, dtype=np.int32))
            self._row.update({j: len(self._far) + k for k, j in enumerate(fresh)})
            self._far = np.concatenate([self._far, far])
            self._before = np.concatenate([self._before, before])
        rows = np.array([self._row[j] for j in wanted.tolist()], dtype=np.int32)
        return np.ascontiguousarray(rows[np.searchsorted(wanted, ends)])

    def _ways(self, walks: Walks) -> Floats:
        streets, pace = self._pavements.streets, 1.0 / SPEED
        while True:
            n = kernels.ways(walks, streets, self._far, self._before, pace, self._out)
            if n <= len(self._out):
                return self._out[:n].copy()
            self._out = np.empty((2 * n, 6))

    def entered(self, until: float, edges: int) -> Floats:
        """Walkers who have entered each edge up to a time since the last call; (n_edges,)."""
        now = self._entries[:, 0] < until
        edge = self._entries[now, 1].astype(np.int64)
        self._entries = self._entries[~now]
        return np.bincount(edge, minlength=edges).astype(np.float64)


def _door(doors: Doors, stops: Doors, place: Rows, other: Rows) -> tuple[Rows, Floats]:
    """Edge and place of the doors of places; of the stop near the other end where it is one."""
    stop = place == STOP
    at = np.where(stop, other, place)
    edge = np.where(stop, stops.edge[at], doors.edge[at]).astype(np.int32)
    return edge, np.where(stop, stops.place[at], doors.place[at])
