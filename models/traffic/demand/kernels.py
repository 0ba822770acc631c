"""Paths walked back through shortest-path trees: loads of edges, and which counter a path meets.

A tree is a row of predecessors, one an origin; a path is walked from its goal to its origin. That
is a few dozen steps a pair, where storing the paths would take a hundred times the memory.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@nb.njit(cache=True)
def load(before: Ints, origin: Ints, goal: Ints, trips: Floats, flow: Floats) -> None:
    """Add the trips of every pair to the edges of its path.

    Parameters
    ----------
    before : (n_draws, n_zones, n_edges) int32
        Edge before each edge on the way from the zone's origin, -9999 where there is none.
    origin, goal : (n_draws, n_zones) int32, edge rows
        Where trips from and to each zone begin and end; -1 for a zone without.
    trips : (n_draws, n_zones, n_zones) float64, veh
    flow : (n_edges,) float64, veh
        Added to.
    """
    for k in range(before.shape[0]):
        for i in range(before.shape[1]):
            start = origin[k, i]
            if start < 0:
                continue
            for j in range(before.shape[1]):
                weight = trips[k, i, j]
                edge = goal[k, j]
                if weight <= 0.0 or edge < 0:
                    continue
                while edge >= 0:
                    flow[edge] += weight
                    if edge == start:
                        break
                    edge = before[k, i, edge]


@nb.njit(cache=True)
def meet(
    before: Ints,
    origin: Ints,
    goal: Ints,
    first: Ints,
    counter: Ints,
    source: Ints,
    found_counter: Ints,
    found_path: npt.NDArray[np.int64],
) -> int:
    """List every (counter, path) that meet; returns how many there are.

    Parameters
    ----------
    before, origin, goal
        As in :func:`load`.
    first : (n_edges + 1,) int32
        Where the counters of each edge begin in ``counter``.
    counter, source : (n_counters,) int32
        A counter of the edge, and the edge from which it must be entered (a turn; -1 any).
    found_counter, found_path : (room,) int32, int64
        Filled as far as they reach; a path is ``(draw * n_zones + i) * n_zones + j``.
    """
    zones = before.shape[1]
    found = 0
    for k in range(before.shape[0]):
        for i in range(zones):
            start = origin[k, i]
            if start < 0:
                continue
            for j in range(zones):
                edge = goal[k, j]
                while edge >= 0:
                    previous = -1 if edge == start else before[k, i, edge]
                    for c in range(first[edge], first[edge + 1]):
                        if source[c] < 0 or source[c] == previous:
                            if found < found_counter.size:
                                found_counter[found] = counter[c]
                                found_path[found] = (k * zones + i) * zones + j
                            found += 1
                    edge = previous
    return found


@nb.njit(cache=True)
def walk(before: Ints, start: int, edge: int, path: Ints) -> int:
    """Fill ``path`` with the edges from ``start`` to ``edge``; their number, 0 without a way."""
    length = 0
    while edge >= 0 and length < path.size:
        path[length] = edge
        length += 1
        if edge == start:
            path[:length] = path[:length][::-1].copy()
            return length
        edge = before[edge]
    return 0
