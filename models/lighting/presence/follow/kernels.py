"""Loops over those who are under way: which lamps each lights, and for how long."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import uniform

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

NOWHERE = -1
"""In place of an arc: is not under way."""


@nb.njit(
    nb.int64(
        nb.int64,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.boolean,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.int64[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.int64,
        nb.int32[::1],
        nb.float64[:, ::1],
        nb.float64[::1],
    ),
    cache=True,
)
def windows(
    arc: int,
    length: float,
    since: float,
    at: float,
    pace: float,
    until: float,
    leaves: bool,
    step: float,
    ahead: float,
    behind: float,
    hold: float,
    start: Longs,
    lamp: Rows,
    distance: Floats,
    count: int,
    whose: Rows,
    window: Floats,
    afterwards: Floats,
) -> int:
    """When one who is on an arc from ``since`` to ``until`` lights the lamps within reach.

    He drives from ``at`` on at his pace, and waits at the end of the arc when he comes there too
    early. A lamp is lit from when it is no more than ``ahead`` before him until it is ``behind``
    behind him, and for ``hold`` more.

    Parameters
    ----------
    arc, length
        Where he is, and how long that is, m.
    since, until : float, s
        After the start of the step.
    at, pace : float, m, s/m
    leaves
        Whether he leaves the arc at ``until``; else the step ends there.
    step : float, s
    ahead, behind, hold : float, m, m, s
    start, lamp, distance
        Lamps within reach of each arc, see :func:`models.lighting.presence.reach.kernels.reach`.
    count
        Windows so far.
    whose, window : (room,) int32, (room, 2) float64, s
        Lamps and their windows, within the step; written from ``count`` on.
    afterwards : (n_lamps,) float64, s
        How long each is lit after the step by those who have left; raised.

    Returns
    -------
    int
        Windows now.
    """
    for k in range(start[arc], start[arc + 1]):
        away = distance[k]
        if away + behind < at:
            continue
        begin = max(since, since + (away - ahead - at) * pace)
        if begin >= until:
            break
        end = np.inf
        if away + behind <= length:
            end = since + (away + behind - at) * pace + hold
        if leaves:
            beyond = away + behind - length if away <= length else 0.0
            end = min(end, until + max(0.0, beyond) * pace + hold)
            afterwards[lamp[k]] = max(afterwards[lamp[k]], end - step)
        begin, end = max(begin, 0.0), min(end, step)
        if end > begin:
            whose[count], window[count, 0], window[count, 1] = lamp[k], begin, end
            count += 1
    return count


@nb.njit(
    nb.void(
        nb.int64,
        nb.int32[::1],
        nb.float64[:, ::1],
        nb.float64,
        nb.int32[::1],
        nb.int32[::1],
        nb.float64[:, ::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def unite(
    count: int,
    whose: Rows,
    window: Floats,
    step: float,
    first: Rows,
    order: Rows,
    sorted_: Floats,
    near: Singles,
    held: Floats,
) -> None:
    """Share of a step in which each lamp is lit: the union of its windows.

    Parameters
    ----------
    count
        Windows.
    whose, window
        See :func:`windows`.
    step : float, s
    first : (n_lamps + 1,) int32
        Scratch.
    order : (n_lamps,) int32
        Scratch of zeros, and left so.
    sorted_ : (room, 2) float64, s
        Scratch.
    near : (n_lamps,) float32, 1
        Filled.
    held : (n_lamps,) float64, s
        The time in which each lamp is lit is added.
    """
    lamps = near.size
    first[:] = 0
    for w in range(count):
        first[whose[w] + 1] += 1
    for i in range(lamps):
        first[i + 1] += first[i]
    for w in range(count):  # by lamp, and each lamp's by their beginning
        i = whose[w]
        row = first[i] + order[i]
        order[i] += 1
        while row > first[i] and sorted_[row - 1, 0] > window[w, 0]:
            sorted_[row, 0], sorted_[row, 1] = sorted_[row - 1, 0], sorted_[row - 1, 1]
            row -= 1
        sorted_[row, 0], sorted_[row, 1] = window[w, 0], window[w, 1]
    for i in range(lamps):
        lit = until = 0.0
        for row in range(first[i], first[i + 1]):
            lit += max(0.0, sorted_[row, 1] - max(sorted_[row, 0], until))
            until = max(until, sorted_[row, 1])
        near[i] = lit / step
        held[i] += lit
        order[i] = 0


@nb.njit(
    nb.int64(
        nb.int64[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.int64[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.boolean,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.float64,
        nb.int64[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.int64,
        nb.int32[::1],
        nb.float64[:, ::1],
        nb.float64[::1],
    ),
    cache=True,
)
def follow(
    who: Longs,
    time: Floats,
    enters: Rows,
    place: Floats,
    paces: Floats,
    under_way: Longs,
    arc: Rows,
    since: Floats,
    at: Floats,
    pace: Floats,
    length: Floats,
    lit: bool,
    step: float,
    ahead: float,
    behind: float,
    hold: float,
    start: Longs,
    lamp: Rows,
    distance: Floats,
    count: int,
    whose: Rows,
    window: Floats,
    afterwards: Floats,
) -> int:
    """Live a step: everybody goes where he is seen, and lights lamps on his way.

    Parameters
    ----------
    who, time, enters, place, paces : (n,) int64, float64 s, int32, float64 m, float64 s/m
        Who was seen to enter which arc (or ``NOWHERE``) in the step, in the order of time, where on
        it, and how fast he goes there.
    under_way : (m,) int64
        Everybody who is under way or enters in the step.
    arc, since, at, pace : (n_who,) int32, float64 s, float64 m, float64 s/m
        Where each is, since when (after the start of the step; then of the next one), from where.
    length : (n_arcs,) float64, m
    lit
        Whether lamps wait for anybody; else they are not looked at.
    step, ahead, behind, hold, start, lamp, distance, count, whose, window, afterwards
        See :func:`windows`.

    Returns
    -------
    int
        Windows now.
    """
    for e in range(who.size):
        w = who[e]
        if lit and arc[w] >= 0:
            a = arc[w]
            count = windows(
                a, length[a], since[w], at[w], pace[w], time[e], True, step, ahead, behind, hold,
                start, lamp, distance, count, whose, window, afterwards,
            )  # fmt: skip
        arc[w], since[w], at[w], pace[w] = enters[e], time[e], place[e], paces[e]
    for u in range(under_way.size):
        w = under_way[u]
        if arc[w] < 0:
            continue
        if lit:
            a = arc[w]
            count = windows(
                a, length[a], since[w], at[w], pace[w], step, False, step, ahead, behind, hold,
                start, lamp, distance, count, whose, window, afterwards,
            )  # fmt: skip
        since[w] -= step
    return count


@nb.njit(
    nb.void(nb.uint64[::1], nb.int64[::1], nb.int64[::1], nb.int64, nb.float64[::1]), cache=True
)
def draws(
    keys: npt.NDArray[np.uint64], street: Longs, order: Longs, first: int, out: Floats
) -> None:
    """A draw in (0, 1) for the walker of number ``order`` on each street.

    Parameters
    ----------
    keys : (n_streets,) uint64
    street, order : (n,) int64
    first
        Counter of the first draw of the step.
    out : (n,) float64
        Filled.
    """
    for i in range(out.size):
        out[i] = uniform(keys[street[i]], np.uint64(first + order[i]))
