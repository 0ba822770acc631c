"""Loops over streets: who comes in a step, and when he lights the lamps."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from models.lighting.presence.union.kernels import BEGIN, FAST, GONE, NONE, PACE, SPAN
from twin.core.random import uniform

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

DIGITS = 1048576.0
"""2^20: a draw has 53 binary digits; the first 20 are more than the wait needs."""
CROWD = 4
"""From so many on a street, those who follow each other closely are one."""


@nb.njit(fastmath=FAST)
def come(
    low: int,
    high: int,
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
    until: float,
    coming: Rows,
    first: Rows,
    room: Rows,
    count: Rows,
    who: Singles,
    tail: Longs,
) -> bool:
    """Put those down who come to some streets in a step; false where there is no more room.

    In rounds of one arrival a street, and by arithmetic: no branch that cannot be foreseen. What is
    left to be drawn stays a negative ``patience``.
    """
    found = 0
    for some in range(low, high):
        coming[found] = some
        found += patience[some] < 0.0
    while found:
        left_over = 0
        for c in range(found):
            j = np.uintp(coming[c])
            if count[j] == room[j] and not _move(j, first, room, who, tail):
                return False
            driving, afoot = vehicles[j], walkers[j]
            rate, left = driving + afoot, patience[j]
            at = until + left / rate
            draw = uniform(keys[j], np.uint64(drawn[j]))
            drawn[j] += 1
            left -= math.log(np.float32(draw))
            # The low digits of a draw do not depend on the high ones, which make the wait.
            fine = draw * DIGITS
            fine = (fine - np.int64(fine)) * rate
            back = 0.0 if (fine < forth[j]) | (fine >= rate - 0.5 * afoot) else 1.0
            walks = 1.0 if fine >= driving else 0.0
            slow = pace[j] + walks * (walking[0] - pace[j])
            lasts = span[j] + walks * (walking[1] - span[j])
            begin = at + back * street[j, 2] * slow
            slow *= 1.0 - 2.0 * back
            gone = begin + max(street[j, 0] * slow, street[j, 1] * slow) + lasts
            new = np.float32(begin), np.float32(slow), np.float32(lasts), np.float32(gone)
            if count[j] < CROWD or not _joins(first[j], count[j], who, new):
                row = np.uintp(first[j] + count[j])
                who[row, BEGIN], who[row, PACE], who[row, SPAN], who[row, GONE] = new
                count[j] += 1
            patience[j] = left
            coming[left_over] = j
            left_over += left < 0.0
        found = left_over
    return True


@nb.njit(fastmath=FAST)
def _joins(first: int, count: int, who: Singles, new: tuple[float, float, float, float]) -> bool:
    """Whether the new one follows another at his pace so soon that no lamp goes out between them.

    Then the two are one for every lamp, who lasts longer.
    """
    begin, slow, lasts, gone = new
    for row in range(first, first + count):
        since = begin - who[row, BEGIN]
        if who[row, PACE] == slow and NONE <= since <= who[row, SPAN]:
            who[row, SPAN] = max(who[row, SPAN], since + lasts)
            who[row, GONE] = max(who[row, GONE], gone)
            return True
    return False


@nb.njit
def _move(j: int, first: Rows, room: Rows, who: Singles, tail: Longs) -> bool:
    """Move those of one street to where there is twice the room; false where there is not."""
    size = room[j]
    if tail[0] + 2 * size > who.shape[0]:
        return False
    for number in range(size):
        for what in range(4):
            who[tail[0] + number, what] = who[first[j] + number, what]
    first[j], room[j] = tail[0], 2 * size
    tail[0] += 2 * size
    return True
