# mypy: disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels of walks: which streets each passes, and when."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from models.citizens.afoot.columns import Streets, Walks

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@nb.njit(cache=True)
def best_ends(walks: Walks, streets: Streets, distance: Floats, w: int) -> tuple[int, int, float]:
    """By which end a walk leaves its first edge (0 its beginning, 1 its end), and enters its last.

    (2, 2, m) with both 2 where it stays on one street; infinitely far where no way is.
    """
    a, b = walks.origin[w], walks.goal[w]
    from_a, from_b = walks.leaves[w], walks.arrives[w]
    first, last, far = 2, 2, np.inf
    if a == b:
        return first, last, abs(from_b - from_a)
    if a == streets.back[b]:
        return first, last, abs(streets.length[a] - from_b - from_a)
    for i in range(2):
        out = from_a if i == 0 else streets.length[a] - from_a
        row = walks.tree[w, i]
        for k in range(2):
            into = from_b if k == 0 else streets.length[b] - from_b
            total = out + distance[row, streets.ends[b, k]] + into
            if total < far:
                first, last, far = i, k, total
    return first, last, far


@nb.njit(cache=True)
def ways(
    walks: Walks,
    streets: Streets,
    distance: Floats,
    before: Rows,
    pace: float,
    out: Floats,
) -> int:
    """Write down the edges that each walk passes, one after the other.

    Parameters
    ----------
    walks, streets
        See their columns.
    distance, before : (n_trees, n_junctions) float64 m, int32
        Of the shortest ways from some junctions: how far each other is, and the one before it.
    pace : float, s/m
    out : (room, 6) float64
        Time (s), walk, edge, place (m from where the edge is entered), against (1: against its
        direction), and again for the end of each walk, with the edge -1; filled as far as there is
        room. The last column is what is walked there, m.

    Returns
    -------
    int
        Rows that are needed.
    """
    n = 0
    for w in range(walks.time.size):
        first, last, far = best_ends(walks, streets, distance, w)
        if far == np.inf:
            continue
        a, b = walks.origin[w], walks.goal[w]
        begin, place = walks.time[w], walks.leaves[w]
        if first == 2:
            to = walks.arrives[w] if a == b else streets.length[a] - walks.arrives[w]
            back = to < place
            n = _write(out, n, begin, walks.number[w], a, place, back, streets, far)
            n = _write(out, n, begin + far * pace, walks.number[w], -1, 0.0, False, streets, 0.0)
            continue
        gone = place if first == 0 else streets.length[a] - place
        n = _write(out, n, begin, walks.number[w], a, place, first == 0, streets, gone)
        row, to = walks.tree[w, first], streets.ends[b, last]
        start = streets.ends[a, first]
        steps, at = 0, to
        while at != start:  # how many edges lie between
            at = before[row, at]
            steps += 1
        at = to
        for step in range(steps - 1, -1, -1):  # from the last of them to the first
            previous = before[row, at]
            entry = _between(streets, previous, at)
            when = begin + (gone + distance[row, previous]) * pace
            edge = streets.edge[entry]
            metres = streets.length[edge]
            against = streets.against[entry]
            place = metres if against else 0.0
            _write(out, n + step, when, walks.number[w], edge, place, against, streets, metres)
            at = previous
        n += steps
        gone += distance[row, to]
        entered = 0.0 if last == 0 else streets.length[b]
        n = _write(
            out, n, begin + gone * pace, walks.number[w], b, entered, last == 1, streets, far - gone
        )
        n = _write(out, n, begin + far * pace, walks.number[w], -1, 0.0, False, streets, 0.0)
    return n


@nb.njit(cache=True)
def _between(streets: Streets, a: int, b: int) -> int:
    """Entry of the shortest edge between two junctions."""
    for entry in range(streets.first[a], streets.first[a + 1]):
        if streets.to[entry] == b:
            return entry
    return -1


@nb.njit(cache=True)
def _write(
    out: Floats,
    n: int,
    time: float,
    walk: int,
    edge: int,
    place: float,
    against: bool,
    streets: Streets,
    metres: float,
) -> int:
    if n < out.shape[0]:
        out[n, 0], out[n, 1], out[n, 2] = time, walk, edge
        out[n, 3] = streets.length[edge] - place if against else place
        out[n, 4], out[n, 5] = against, metres
    return n + 1
