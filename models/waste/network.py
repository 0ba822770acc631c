"""The streets as trucks meet them: times of now, closed streets, shortest paths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.waste.kernels import shortest_legs, shortest_tree
from twin.city.table import Table
from twin.core.state import Column
from twin.core.time import Tick, minutes

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Legs = npt.NDArray[np.float32]

TOP_SPEED = 80.0 / 3.6
"""Of a refuse truck, m/s."""
CLOSED = 3600.0
"""A street that takes longer than this, or 100 times its free-flow time, is closed, s."""
FRESH = minutes(5)
"""Paths are planned with travel times no older than this."""


def driven_length(edges: Table) -> Floats:
    """Way from junction to junction along each edge; (n_edges,) float64, m.

    The length in the table is that of the lanes, which end before the junctions; the shape goes
    from middle to middle.
    """
    length: Floats = np.asarray(edges["length"], dtype=np.float64)
    if edges.geometry is None:
        return length
    import shapely

    driven: Floats = np.maximum(length, shapely.length(edges.geometry))
    return driven


class Network:
    """Shortest paths over the edge table.

    Parameters
    ----------
    edges
        The edge table.
    travel_time : (n_edges,) float64, s
        Column of current travel times; values that are not positive mean free flow.
    closed : (n_edges,) float64 each
        Columns of closures, 1 where a street is closed.

    Attributes
    ----------
    length : (n_edges,) float64, m
        Of the way that is driven: see :func:`driven_length`.

    Notes
    -----
    Travel times are of the lanes; crossing the junction is added at free flow. Paths run from
    junction to junction; turn restrictions are not known to the edge table.
    """

    def __init__(self, edges: Table, travel_time: Column, *closed: Column) -> None:
        self.start: Rows = edges["from_junction"]
        self.end: Rows = edges["to_junction"]
        self.length: Floats = driven_length(edges)
        self._travel_time = travel_time
        self._closed = closed
        speed = np.clip(edges["speed"], 0.1, TOP_SPEED)
        self._free = self.length / speed
        self._junction = (self.length - edges["length"]) / speed
        self._limit = np.maximum(CLOSED, 100.0 * self._free)
        self._car = edges["car"]
        self._junctions = int(max(self.start.max(), self.end.max())) + 1 if len(edges) else 0
        self._out = self._csr(self.start)
        self._in = self._csr(self.end)
        self._seen: Tick = -1
        self._trees: dict[tuple[int, bool], tuple[Floats, Rows]] = {}
        self._seconds = self._now()

    def _csr(self, side: Rows) -> tuple[Rows, Rows]:
        rows = np.flatnonzero(self._car)
        ordered: Rows = rows[np.argsort(side[rows], kind="stable")].astype(np.int32)
        counts = np.bincount(side[rows], minlength=self._junctions)
        first: Rows = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return first, ordered

    def _now(self) -> Floats:
        given = self._travel_time
        slow = np.maximum(given + self._junction, self.length / TOP_SPEED)
        seconds = np.where(given > 0.0, slow, self._free)
        return np.where(self.closed | (seconds > self._limit), np.inf, seconds)

    @property
    def closed(self) -> npt.NDArray[np.bool_]:
        """Streets that are closed now; (n_edges,) bool."""
        found = np.zeros(len(self.length), dtype=np.bool_)
        for column in self._closed:
            found |= column > 0.5
        return found

    def refresh(self, now: Tick, *, force: bool = False) -> None:
        """Take the travel times of now, when those in use are old or ``force`` is set."""
        if force or self._seen < 0 or now - self._seen >= FRESH:
            self._seconds = self._now()
            self._trees.clear()
            self._seen = now

    def seconds(self, edge: int) -> float:
        """Time to drive an edge now, s; infinity where it is closed."""
        given = float(self._travel_time[edge])
        slow = max(given + float(self._junction[edge]), float(self.length[edge]) / TOP_SPEED)
        seconds = slow if given > 0.0 else float(self._free[edge])
        shut = any(column[edge] > 0.5 for column in self._closed)
        closed = shut or seconds > self._limit[edge]
        return float("inf") if closed else seconds

    def slow_down(self, factor: float) -> None:
        """Make driving through empty streets take longer by a factor."""
        self._free = np.maximum(self._free * factor, self.length / TOP_SPEED)

    def free(self, edge: int) -> float:
        """Time to drive an empty edge, s."""
        return float(self._free[edge])

    def planned(self, edge: int) -> float:
        """Time to drive an edge in the times that paths are planned with, s."""
        return float(self._seconds[edge])

    def times_from(self, junction: int) -> Floats:
        """Time from a junction to each other; (n_junctions,) float64, s."""
        return self._tree(junction, True)[0]

    def times_to(self, junction: int) -> Floats:
        """Time from each junction to one; (n_junctions,) float64, s."""
        return self._tree(junction, False)[0]

    def path(self, start: int, goal: int) -> list[int] | None:
        """Edges of the fastest path between two junctions; None where there is none."""
        time, by = self._tree(start, True)
        if not np.isfinite(time[goal]):
            return None
        path = []
        while goal != start:
            path.append(int(by[goal]))
            goal = int(self.start[by[goal]])
        return path[::-1]

    def legs(self, edges: Rows, offsets: Floats) -> tuple[Legs, Legs]:
        """Times and lengths of the fastest ways between places along streets.

        Parameters
        ----------
        edges : (k,) int32
            The street of each place, in the direction in which it is driven.
        offsets : (k,) float64, 0..1
            Part of the street before the place.

        Returns
        -------
        seconds, metres : (k, k) float32, s and m
            From each place (row) to each; infinity where there is no way.
        """
        order = np.argsort(self.end[edges], kind="stable")
        shape = len(edges), len(edges)
        found = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
        shortest_legs(
            self.end[edges][order].astype(np.int64), self.start[edges].astype(np.int64), *self._out,
            self.end, self._seconds, self.length, *found,
        )  # fmt: skip
        ahead = (edges[:, None] == edges[None, :]) & (offsets[:, None] <= offsets[None, :])
        legs = []
        for between, whole in zip(found, (self._seconds, self.length), strict=True):
            of = whole[edges]
            leg = np.empty(shape, dtype=np.float32)
            leg[order] = between
            leg += (of * (1.0 - offsets))[:, None] + of * offsets
            leg[ahead] = (of[:, None] * (offsets[None, :] - offsets[:, None]))[ahead]
            legs.append(leg)
        return legs[0], legs[1]

    def _tree(self, root: int, forward: bool) -> tuple[Floats, Rows]:
        key = (root, forward)
        if key not in self._trees:
            time = np.empty(self._junctions)
            by = np.empty(self._junctions, dtype=np.int32)
            first, edges = self._out if forward else self._in
            heads = self.end if forward else self.start
            shortest_tree(root, first, edges, heads, self._seconds, time, by)
            self._trees[key] = (time, by)
        return self._trees[key]
