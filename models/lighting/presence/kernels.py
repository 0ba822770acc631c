"""Loops over those who pass: who lights which lamp, and for how long."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import uniform

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]

DIGITS = 1048576.0
"""2^20: a draw has 53 binary digits; the first 20 are more than the wait needs."""

QUIET, LEFT, LIT = 0, 1, 2
"""Nobody was on a street and nobody is; was, and is no longer; somebody is."""


@nb.njit(
    nb.void(
        nb.float64[:, ::1],
        nb.int64,
        nb.int64,
        nb.float64[::1],
        nb.int64,
        nb.int64,
        nb.float64,
        nb.float64[:, ::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def cover(
    who: Floats,
    first: int,
    last: int,
    place: Floats,
    low: int,
    high: int,
    length: float,
    scratch: Floats,
    near: Singles,
    held: Floats,
) -> None:
    """Share of a step in which each lamp of one street is lit: the union of the windows.

    A lamp at place x is lit by each arrival from ``begin + x pace`` for ``span``.

    Parameters
    ----------
    who : (n, 3) float64
        Arrivals: ``begin`` (s after the start of the step, at place 0; may be negative), ``pace``
        (s/m, negative for who comes from the other end), ``span`` (s).
    first, last
        Rows of those who count.
    place : (n_lamps,) float64, m
    low, high
        Rows of the street's lamps.
    length : float, s
        Of the step.
    scratch : (>= last - first, 2) float64
        Overwritten.
    near : (n_lamps,) float32, 1
        Filled.
    held : (n_lamps,) float64, s
        The time in which the lamp is lit is added.
    """
    share = 1.0 / length
    if last - first <= 2:  # most streets that are lit at all: no order to find, no branch
        other = last - 1
        both = 1.0 if other > first else 0.0
        begin, pace, span = who[first, 0], who[first, 1], who[first, 2]
        begin2, pace2, span2 = who[other, 0], who[other, 1], who[other, 2]
        for i in range(low, high):
            at = begin + place[i] * pace
            end = min(max(at + span, 0.0), length)
            at = min(max(at, 0.0), length)
            at2 = begin2 + place[i] * pace2
            end2 = min(max(at2 + span2, 0.0), length)
            at2 = min(max(at2, 0.0), length)
            twice = max(0.0, min(end, end2) - max(at, at2))
            lit = end - at + both * (end2 - at2 - twice)
            near[i] = lit * share
            held[i] += lit
        return
    for i in range(low, high):
        known = 0
        for a in range(first, last):
            at = who[a, 0] + place[i] * who[a, 1]
            end = min(at + who[a, 2], length)
            at = max(at, 0.0)
            if end <= at:
                continue
            row = known
            while row > 0 and scratch[row - 1, 0] > at:
                scratch[row, 0], scratch[row, 1] = scratch[row - 1, 0], scratch[row - 1, 1]
                row -= 1
            scratch[row, 0], scratch[row, 1] = at, end
            known += 1
        lit = until = 0.0
        for row in range(known):
            lit += max(0.0, scratch[row, 1] - max(scratch[row, 0], until))
            until = max(until, scratch[row, 1])
        near[i] = lit * share
        held[i] += lit


@nb.njit(
    nb.types.UniTuple(nb.int64, 3)(
        nb.int64,
        nb.int64,
        nb.int64,
        nb.uint64[::1],
        nb.int64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64,
        nb.float64,
        nb.float64[::1],
        nb.float64,
        nb.int32[::1],
        nb.float64[::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.float64[:, ::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.float64[::1],
        nb.uint8[::1],
    ),
    cache=True,
)
def presence(  # the hot loop of a night: one pass over the streets, nothing allocated
    street: int,
    read: int,
    write: int,
    keys: Keys,
    drawn: npt.NDArray[np.int64],
    patience: Floats,
    forth: Floats,
    vehicles: Floats,
    walkers: Floats,
    pace: Floats,
    span: Floats,
    walker_pace: float,
    walker_span: float,
    far: Floats,
    length: float,
    start: Rows,
    place: Floats,
    before: Floats,
    after: Floats,
    scratch: Floats,
    count: Rows,
    near: Singles,
    held: Floats,
    state: Flags,
) -> tuple[int, int, int]:
    """Draw who comes to each street in a step, and the share of it in which each lamp is lit.

    Vehicles and walkers of both directions come as one Poisson process whose rate is constant
    within the step. The time to the next arrival is a budget of unit exponential ``patience`` that
    the rate uses up, so that a change of the rate between steps is exact and a quiet street costs
    no draw. An arrival counts from when the first place of the street sees it coming. Who still
    lights lamps after the step is carried over.

    Parameters
    ----------
    street, read, write
        Street to begin with; rows of ``before`` that were read and of ``after`` that were written
        by then: all 0, or what a call returned that ran out of room.
    keys : (n_streets,) uint64
    drawn : (n_streets,) int64
        Draws so far; the counter of the next.
    patience : (n_streets,) float64, 1
        Budget that is left until the next arrival.
    forth, vehicles, walkers : (n_streets,) float64, 1/s
        Arrivals: vehicles that go from place 0 on, all vehicles, walkers (half of them each way).
    pace, span : (n_streets,) float64
        Of vehicles: s/m, and for how long each lights a lamp, s.
    walker_pace, walker_span : float
        The same of walkers.
    far : (n_streets,) float64, m
        Where who comes from the other end begins.
    length : float, s
        Of the step.
    start : (n_streets + 1,) int32
        Rows of the lamps of each street begin here.
    place : (n_lamps,) float64, m
        Ascending within a street.
    before, after : (room, 3) float64
        Who was still there, street by street, and who is still there afterwards; see
        :func:`cover`.
    scratch : (room, 2) float64
    count : (n_streets,) int32
        How many of ``before`` are of each street; overwritten with those of ``after``.
    near : (n_lamps,) float32, 1
        Filled with the share of the step.
    held : (n_lamps,) float64, s
        The light that was held is added.
    state : (n_streets,) uint8
        ``QUIET``, ``LEFT`` or ``LIT``; of a quiet street ``near`` is 0 already.

    Returns
    -------
    street, read, write
        To go on with when there is more room; ``street`` is n_streets at the end.
    """
    for j in range(street, count.size):
        had = count[j]
        rate = vehicles[j] + walkers[j]
        left = patience[j]
        budget = rate * length
        if had == 0 and left >= budget:  # nobody comes, and nobody was here
            patience[j] = left - budget
            if state[j] == LIT:
                for i in range(start[j], start[j + 1]):
                    near[i] = 0.0
                state[j] = LEFT
            else:
                state[j] = QUIET
            continue
        if write + had > after.shape[0]:
            return j, read, write
        last = write
        for a in range(read, read + had):
            after[last, 0], after[last, 1], after[last, 2] = (
                before[a, 0],
                before[a, 1],
                before[a, 2],
            )
            last += 1
        counter = drawn[j]
        wait = 1.0 / rate if rate > 0.0 else 0.0
        while left < budget:
            if last == after.shape[0]:
                return j, read, write
            at = length - (budget - left) * wait
            budget -= left
            draw = uniform(keys[j], np.uint64(counter))
            counter += 1
            left = -math.log(np.float32(draw))
            # The low digits of a draw do not depend on the high ones, which make the wait.
            fine = draw * DIGITS
            fine = (fine - np.int64(fine)) * rate
            ahead = fine < forth[j] or fine >= rate - 0.5 * walkers[j]
            walks = fine >= vehicles[j]
            slow = walker_pace if walks else pace[j]
            after[last, 0] = at if ahead else at + far[j] * slow
            after[last, 1] = slow if ahead else -slow
            after[last, 2] = walker_span if walks else span[j]
            last += 1
        drawn[j] = counter
        patience[j] = left - budget
        read += had
        low, high = start[j], start[j + 1]
        cover(after, write, last, place, low, high, length, scratch, near, held)
        state[j] = LIT
        kept = write
        for a in range(write, last):
            begin, slow, lasts = after[a, 0] - length, after[a, 1], after[a, 2]
            final = max(place[low] * slow, place[high - 1] * slow) if high > low else -lasts - begin
            if begin + final + lasts > 0.0:
                after[kept, 0], after[kept, 1], after[kept, 2] = begin, slow, lasts
                kept += 1
        count[j] = kept - write
        write = kept
    return count.size, read, write


@nb.njit(
    nb.void(
        nb.float32[::1],
        nb.float32[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.uint8[::1],
        nb.boolean,
        nb.float64[::1],
    ),
    cache=True,
)
def spread(
    low: Singles,
    high: Singles,
    start: Rows,
    lamp: Rows,
    near: Singles,
    state: Flags,
    everywhere: bool,
    out: Floats,
) -> None:
    """Mean power of each lamp over a step: low + (high - low) of the share in which it is lit.

    Lamps of streets where nobody was and nobody is keep theirs, unless ``everywhere``.

    Parameters
    ----------
    low, high : (n_lamps,) float32, W
        See :func:`models.lighting.kernels.refresh`.
    start, near, state
        See :func:`presence`.
    lamp : (n_lamps,) int32
        Row of each lamp in ``low``, ``high`` and ``out``, in the order of ``near``.
    out : (n_lamps,) float64, W
        Filled.
    """
    for j in range(state.size):
        if everywhere or state[j] != QUIET:
            for k in range(start[j], start[j + 1]):
                i = lamp[k]
                out[i] = low[i] + (high[i] - low[i]) * near[k]
