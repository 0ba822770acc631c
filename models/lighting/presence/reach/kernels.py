"""Which lamps lie ahead of who is on a street: a loop over all streets, once a run."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@nb.njit(
    nb.int64(
        nb.int32[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.float64,
        nb.float64[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.int64[::1],
        nb.int32[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def reach(  # one search a street: its steps share their scratch
    begins: Rows,
    ends: Rows,
    length: Floats,
    back: Rows,
    first_out: Rows,
    out: Rows,
    first_lamp: Rows,
    lamp: Rows,
    place: Floats,
    ahead: float,
    far: Floats,
    best: Floats,
    queue: Rows,
    start: npt.NDArray[np.int64],
    found: Rows,
    distance: Floats,
) -> int:
    """Lamps on each arc and within ``ahead`` of its end, on whatever arc goes on from there.

    An arc is a street in one direction. Who is on it may go on along every arc that leaves its end,
    but does not turn around there. Where several ways lead to a lamp, the shortest counts.

    Parameters
    ----------
    begins, ends : (n_arcs,) int32
        Junctions.
    length : (n_arcs,) float64, m
    back : (n_arcs,) int32
        Arc in the other direction; -1 for none.
    first_out, out : (n_junctions + 1,), (n,) int32
        Arcs that leave each junction: ``out[first_out[j] : first_out[j + 1]]``.
    first_lamp, lamp, place : (n_arcs + 1,) int32, (n,) int32, (n,) float64, m
        Lamps of each arc, and how far from its beginning.
    ahead : float, m
    far : (n_junctions,) float64
        Scratch; infinite, and left so.
    best : (n_lamps,) float64
        Scratch; infinite, and left so.
    queue : (2 n_junctions + n_lamps,) int32
        Scratch.
    start : (n_arcs + 1,) int64
        Filled: lamps of arc ``a`` are ``found[start[a] : start[a + 1]]``.
    found, distance : (room,) int32, (room,) float64, m
        Lamps by their distance from the beginning of the arc; filled as far as there is room.

    Returns
    -------
    int
        Places that are needed in ``found``.

    Notes
    -----
    A search with label correction (Bellman-Ford with a queue) from the end of each arc.
    """
    junctions = far.size
    total = 0
    for a in range(length.size):
        start[a] = total
        seen = 0  # lamps, at the end of the queue's array
        for k in range(first_lamp[a], first_lamp[a + 1]):
            if best[lamp[k]] == np.inf:
                queue[2 * junctions + seen] = lamp[k]
                seen += 1
            best[lamp[k]] = min(best[lamp[k]], place[k])
        # Junctions: those to look at in a ring, all that were reached behind it.
        far[ends[a]] = 0.0
        queue[0] = queue[junctions] = ends[a]
        head, waiting, reached = 0, 1, 1
        while waiting > 0:
            j = queue[head]
            head = head + 1 if head + 1 < junctions else 0
            waiting -= 1
            for o in range(first_out[j], first_out[j + 1]):
                arc = out[o]
                if arc == back[a] and j == ends[a]:
                    continue
                for k in range(first_lamp[arc], first_lamp[arc + 1]):
                    if far[j] + place[k] > ahead:
                        continue
                    if best[lamp[k]] == np.inf:
                        queue[2 * junctions + seen] = lamp[k]
                        seen += 1
                    best[lamp[k]] = min(best[lamp[k]], length[a] + far[j] + place[k])
                further = far[j] + length[arc]
                to = ends[arc]
                if further <= ahead and further < far[to]:
                    if far[to] == np.inf:
                        queue[junctions + reached] = to
                        reached += 1
                    far[to] = further
                    inside = False
                    for w in range(waiting):
                        inside |= queue[(head + w) % junctions] == to
                    if not inside:
                        queue[(head + waiting) % junctions] = to
                        waiting += 1
        for r in range(reached):
            far[queue[junctions + r]] = np.inf
        for s in range(seen):
            this = queue[2 * junctions + s]
            away = best[this]
            best[this] = np.inf
            if total < found.size:
                row = total
                while row > start[a] and (
                    distance[row - 1] > away
                    or (distance[row - 1] == away and found[row - 1] > this)
                ):
                    distance[row], found[row] = distance[row - 1], found[row - 1]
                    row -= 1
                distance[row], found[row] = away, this
            total += 1
    start[length.size] = total
    return total
