"""Loops over streets: how long each lamp is lit by those who come, step by step."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from models.lighting.presence.arrivals.kernels import come
from models.lighting.presence.union.kernels import (
    BEGIN,
    FAST,
    GONE,
    LANES,
    NEAR,
    NONE,
    eight,
    four,
    many,
    one,
    three,
    two,
)

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]
Pairs = npt.NDArray[np.uint64]

BLOCK = 1024
"""Streets that go through all steps together: with ten lamps each they fit the second cache."""
MANY = 8
"""More than these light a street at once only in its busiest hours."""
CLASSES = 7
"""Of streets by who lights them: nobody any longer, one to four, five to eight, more."""


@nb.njit(fastmath=FAST)
def _fetched(low: int, high: int, start: Rows, lamps: Singles, first: Rows, who: Singles) -> float:
    """Look at the lamps of some streets, and at who is there, in their order.

    Memory is read much faster so than where the work happens to need it. The sum is of no use.
    """
    total = NONE
    for row in range(start[low], start[high]):
        for what in range(3):
            total += lamps[row, what, 0]
    for j in range(low, high):
        total += who[first[j], BEGIN]
    return total  # type: ignore[no-any-return]


@nb.njit(fastmath=FAST)
def _sort(
    low: int,
    high: int,
    count: Rows,
    lit: Flags,
    start: Rows,
    lamps: Singles,
    lists: Rows,
    size: Longs,
) -> None:
    """Lists of some streets by how many light each; the lamps of those just left are dark."""
    active, n = lists[CLASSES], 0
    for some in range(low, high):
        active[n] = some
        n += (count[some] > 0) | (lit[some] > 0)
    size[:] = 0
    for a in range(n):
        j = np.uintp(active[a])
        k = count[j]
        kind = np.uintp(min(k, 4) + (k > 4) + (k > MANY))
        lists[kind, np.uintp(size[kind])] = j
        size[kind] += 1
        lit[j] = k > 0
    for a in range(size[0]):
        j = np.uintp(lists[0, a])
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                lamps[row, NEAR, lane] = NONE


@nb.njit(
    nb.boolean(
        nb.int64[::1],
        nb.float64,
        nb.float64,
        nb.int32[::1],
        nb.uint64[::1],
        nb.int64[::1],
        nb.float64[::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.float64[::1],
        nb.float64[:, ::1],
        nb.int32[::1],
        nb.float32[:, :, ::1],
        nb.uint8[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float32[:, ::1],
        nb.uint64[:, ::1],
        nb.int64[::1],
        nb.int32[:, ::1],
        nb.int64[::1],
        nb.float32[:, ::1],
    ),
    cache=True,
    fastmath=FAST,
)
def presence(  # the hot loop of a night: nothing allocated
    at: Longs,
    now: float,
    length: float,
    plan: Rows,
    keys: Keys,
    drawn: Longs,
    patience: Floats,
    forth: Floats,
    vehicles: Floats,
    walkers: Floats,
    pace: Floats,
    span: Floats,
    walking: Floats,
    street: Floats,
    start: Rows,
    lamps: Singles,
    lit: Flags,
    first: Rows,
    room: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    tail: Longs,
    lists: Rows,
    size: Longs,
    scratch: Singles,
) -> bool:
    """How long each lamp is lit in each of some steps, by those who come to its street.

    Vehicles and walkers come to each street as one Poisson process: every draw is the budget until
    the next of them, used up by rate times time, so that a quiet street costs no draw. An arrival
    counts from when the first place of the street sees it coming; a lamp at place x is lit by each
    from ``begin + x pace`` for ``span``, and in the step for the union of these windows. Who still
    lights lamps after the step is carried over.

    :data:`BLOCK` streets go through all steps before the next ones: they come from memory once.

    Parameters
    ----------
    at : (3,) int64
        Street, step, and whether that step's budget is used up already: where to begin; 0, or as a
        call left it that ran out of room.
    now, length : float, s
        Begin of the first step, since the moment that ``who`` counts from; length of each.
    plan : (n_steps,) int32
        Row in what follows that holds in each step.
    keys : (n_streets,) uint64
    drawn : (n_streets,) int64
        Draws so far; the counter of the next.
    patience : (n_streets,) float64, 1
        Budget that is left until the next arrival.
    forth, vehicles, walkers : (n_plans, n_streets) float64, 1/s
        Arrivals: vehicles that go from place 0 on, all vehicles, walkers (half of them each way).
    pace, span : (n_plans, n_streets) float64
        Of vehicles: s/m, and for how long each lights a lamp, s.
    walking : (2,) float64
        The same of walkers.
    street : (n_streets, 3) float64, m
        Places of the first and the last lamp; where who comes from the other end begins.
    start, lamps, first, count, who, pair
        See :data:`models.lighting.presence.union.kernels.SIGNATURE`.
    lit : (n_streets,) uint8
        Whether somebody lit a street in the step; where not, ``NEAR`` is 0 already.
    room : (n_streets,) int32
        Rows of ``who`` that each street has.
    tail : (1,) int64
        Rows of ``who`` from here on are free.
    lists : (CLASSES + 1, > BLOCK) int32
    size : (CLASSES,) int64
    scratch : (2, > rows of one street) float32
        Overwritten.

    Returns
    -------
    bool
        Whether all is done; else call again with a longer ``who``.
    """
    step = np.float32(length)
    for low in range(at[0], count.size, BLOCK):
        high = min(count.size, low + BLOCK)
        scratch[0, 0] = _fetched(low, high, start, lamps, first, who)
        for s in range(at[1], plan.size):
            begins = now + s * length
            p = plan[s]
            if at[2] == 0:
                for j in range(low, high):
                    patience[j] -= (vehicles[p, j] + walkers[p, j]) * length
            rates = forth[p], vehicles[p], walkers[p], pace[p], span[p]
            at[0], at[1], at[2] = low, s, 1
            if not come(
                low,
                high,
                keys,
                drawn,
                patience,
                *rates,
                walking,
                street,
                begins + length,
                lists[CLASSES],
                first,
                room,
                count,
                who,
                tail,
            ):
                return False
            at[2] = 0
            _sort(low, high, count, lit, start, lamps, lists, size)
            there = first, count, who, pair, start, np.float32(begins), step, lamps
            one(lists[1], size[1], *there)
            two(lists[2], size[2], *there)
            three(lists[3], size[3], *there)
            four(lists[4], size[4], *there)
            eight(lists[5], size[5], *there)
            many(lists[6], size[6], *there, scratch)
        at[1] = 0
    at[0] = 0
    return True


@nb.njit(
    nb.void(nb.int32[::1], nb.int32[::1], nb.float32[:, ::1], nb.float32),
    cache=True,
)
def rebase(first: Rows, count: Rows, who: Singles, seconds: float) -> None:
    """Count the times of ``who`` from a moment that is so much later."""
    for j in range(count.size):
        for row in range(first[j], first[j] + count[j]):
            who[row, BEGIN] -= seconds
            who[row, GONE] -= seconds


@nb.njit(
    nb.void(
        nb.float32[::1],
        nb.float32[::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
    fastmath=FAST,
)
def spread(low: Singles, high: Singles, spot: Rows, lamps: Singles, out: Floats) -> None:
    """Mean power of each lamp over a step: low + (high - low) of the share in which it is lit.

    Parameters
    ----------
    low, high : (n_lamps,) float32, W
        See :func:`models.lighting.kernels.refresh`.
    spot : (n_lamps,) int32
        Where the share of each lamp is.
    lamps : (3 * LANES * n_rows,) float32
        Those of :func:`presence` in one row.
    out : (n_lamps,) float64, W
        Filled.
    """
    for i in range(out.size):
        out[i] = low[i] + (high[i] - low[i]) * lamps[spot[i]]
