"""Loops over the lamps of streets where somebody is: how long each is lit, by a union of windows.

The windows of a lamp cover what lies between the first begin and the last end, less the gaps.
With begins and ends each in their order, a gap follows the end i only where the begin i + 1 is
later: by then i windows have begun and as many have ended. So the two need not be sorted as pairs,
and sorting networks of minimum and maximum do it for all lamps of a row of :data:`LANES` at once,
without a branch. A window that is there twice, or is empty at an end of the step, changes nothing.

There is a loop for each number of those who light a street: one to four, up to eight, more. Lamps
are rows of :data:`LANES` places, a street begins on a row of its own, and what is known of a lamp
lies in :data:`PLACE`, :data:`HELD` and :data:`NEAR`: a street is read and written in one piece.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Pairs = npt.NDArray[np.uint64]
One = tuple[Any, Any, Any]
Four = tuple[Any, Any, Any, Any]

LANES = 16
"""Lamps of a row: 64 bytes, a line of the cache and a register."""
PLACE, HELD, NEAR = range(3)
"""Of a lamp: where it stands along its street, m; seconds lit; share of the last step lit."""
BEGIN, PACE, SPAN, GONE = range(4)
"""Of who comes: when he lights the place 0, s; s/m; for how long each, s; when all are dark, s."""
NONE: Any = np.float32(0.0)
ONE: Any = np.float32(1.0)
FAST = {"nnan", "nsz"}
"""Floats that are numbers; their sums keep their order."""

SIGNATURE = nb.void(
    nb.int32[::1],
    nb.int64,
    nb.int32[::1],
    nb.int32[::1],
    nb.float32[:, ::1],
    nb.uint64[:, ::1],
    nb.int32[::1],
    nb.float32,
    nb.float32,
    nb.float32[:, :, ::1],
)
"""What each loop takes.

Parameters
----------
streets : (>= n,) int32
n : int
    How many of them.
first, count : (n_streets,) int32
    Row of the first who lights each street, and how many do; of the second who is still there after
    the step.
who : (room, 4) float32
    See :data:`BEGIN`; times since some moment. Those who stay move up.
pair : (room, 2) uint64
    The same memory.
start : (n_streets + 1,) int32
    Rows of the lamps of each street begin here.
now, length : float32, s
    Begin of the step, since the same moment; its length.
lamps : (n_rows, 3, LANES) float32
    The time is added to ``HELD``, and ``NEAR`` filled.
"""


@nb.njit(fastmath=FAST, forceinline=True)
def _one(who: Singles, row: int, now: float) -> One:
    return who[row, BEGIN] - now, who[row, PACE], who[row, SPAN]


@nb.njit(fastmath=FAST, forceinline=True)
def _window(one: One, place: float, length: float) -> tuple[Any, Any]:
    """Begin and end of the window of one at a place, within the step."""
    at = one[0] + place * one[1]
    return min(max(at, NONE), length), min(max(at + one[2], NONE), length)


@nb.njit(fastmath=FAST, forceinline=True)
def _gap(begin: float, end: float) -> Any:
    return max(begin - end, NONE)


@nb.njit(fastmath=FAST, forceinline=True)
def _four(a: float, b: float, c: float, d: float) -> Four:
    """Four numbers in their order."""
    a, b = min(a, b), max(a, b)
    c, d = min(c, d), max(c, d)
    a, c = min(a, c), max(a, c)
    b, d = min(b, d), max(b, d)
    return a, min(b, c), max(b, c), d


@nb.njit(fastmath=FAST, forceinline=True)
def _merged(one: Four, other: Four) -> tuple[Four, Four]:
    """Eight numbers in their order, from two times four (odd-even merge, Batcher 1968)."""
    a, b, c, d = one
    e, f, g, h = other
    a, e = min(a, e), max(a, e)
    b, f = min(b, f), max(b, f)
    c, g = min(c, g), max(c, g)
    d, h = min(d, h), max(d, h)
    c, e = min(c, e), max(c, e)
    d, f = min(d, f), max(d, f)
    return (a, min(b, c), max(b, c), min(d, e)), (max(d, e), min(f, g), max(f, g), h)


@nb.njit(fastmath=FAST, forceinline=True)
def _gaps(begins: Four, ends: Four) -> Any:
    """Gaps between four windows."""
    return _gap(begins[1], ends[0]) + _gap(begins[2], ends[1]) + _gap(begins[3], ends[2])


@nb.njit(fastmath=FAST, forceinline=True)
def _note(lamps: Singles, row: int, lane: int, lit: float, share: float) -> None:
    lamps[row, NEAR, lane] = lit * share
    lamps[row, HELD, lane] += lit


@nb.njit(fastmath=FAST, forceinline=True)
def _stay(a: int, k: int, who: Singles, pair: Pairs, end: float) -> int:
    """Move those up who still light a lamp after the step; how many."""
    to: Any = a
    for number in range(k):
        row: Any = a + np.uintp(number)
        left, right = pair[row, 0], pair[row, 1]
        stays = who[row, GONE] > end
        pair[to, 0], pair[to, 1] = left, right
        to += np.uintp(stays)
    return to - a  # type: ignore[no-any-return]


@nb.njit(SIGNATURE, cache=True, fastmath=FAST)
def one(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
) -> None:
    """Streets that one lights; see :data:`SIGNATURE`."""
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a = np.uintp(first[j])
        a_ = _one(who, a, now)
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                begin, end = _window(a_, lamps[row, PLACE, lane], length)
                _note(lamps, row, lane, end - begin, share)
        count[j] = who[a, GONE] > now + length


@nb.njit(SIGNATURE, cache=True, fastmath=FAST)
def two(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
) -> None:
    """Streets that two light; see :data:`SIGNATURE`."""
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a = np.uintp(first[j])
        b = a + np.uintp(1)
        a_, b_ = _one(who, a, now), _one(who, b, now)
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                place = lamps[row, PLACE, lane]
                begin, end = _window(a_, place, length)
                begin2, end2 = _window(b_, place, length)
                lit = max(end, end2) - min(begin, begin2)
                lit -= _gap(max(begin, begin2), min(end, end2))
                _note(lamps, row, lane, lit, share)
        count[j] = _stay(a, 2, who, pair, now + length)


@nb.njit(SIGNATURE, cache=True, fastmath=FAST)
def three(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
) -> None:
    """Streets that three light; see :data:`SIGNATURE`."""
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a = np.uintp(first[j])
        b, c = a + np.uintp(1), a + np.uintp(2)
        a_, b_ = _one(who, a, now), _one(who, b, now)
        c_ = _one(who, c, now)
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                place = lamps[row, PLACE, lane]
                begin, end = _window(a_, place, length)
                begin2, end2 = _window(b_, place, length)
                begin3, end3 = _window(c_, place, length)
                begin, begin2 = min(begin, begin2), max(begin, begin2)
                begin2, begin3 = min(begin2, begin3), max(begin2, begin3)
                begin, begin2 = min(begin, begin2), max(begin, begin2)
                end, end2 = min(end, end2), max(end, end2)
                end2, end3 = min(end2, end3), max(end2, end3)
                end, end2 = min(end, end2), max(end, end2)
                lit = end3 - begin - _gap(begin2, end) - _gap(begin3, end2)
                _note(lamps, row, lane, lit, share)
        count[j] = _stay(a, 3, who, pair, now + length)


@nb.njit(SIGNATURE, cache=True, fastmath=FAST)
def four(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
) -> None:
    """Streets that four light; see :data:`SIGNATURE`."""
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a = np.uintp(first[j])
        b, c, d = a + np.uintp(1), a + np.uintp(2), a + np.uintp(3)
        a_, b_ = _one(who, a, now), _one(who, b, now)
        c_, d_ = _one(who, c, now), _one(who, d, now)
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                place = lamps[row, PLACE, lane]
                begin, end = _window(a_, place, length)
                begin2, end2 = _window(b_, place, length)
                begin3, end3 = _window(c_, place, length)
                begin4, end4 = _window(d_, place, length)
                begins = _four(begin, begin2, begin3, begin4)
                ends = _four(end, end2, end3, end4)
                _note(lamps, row, lane, ends[3] - begins[0] - _gaps(begins, ends), share)
        count[j] = _stay(a, 4, who, pair, now + length)


@nb.njit(SIGNATURE, cache=True, fastmath=FAST)
def eight(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
) -> None:
    """Streets that five to eight light, the last of them taken again; see :data:`SIGNATURE`."""
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a, k = np.uintp(first[j]), np.uintp(count[j])
        b, c, d, e = a + np.uintp(1), a + np.uintp(2), a + np.uintp(3), a + np.uintp(4)
        h = a + k - np.uintp(1)
        f, g = min(a + np.uintp(5), h), min(a + np.uintp(6), h)
        a_, b_ = _one(who, a, now), _one(who, b, now)
        c_, d_ = _one(who, c, now), _one(who, d, now)
        e_, f_ = _one(who, e, now), _one(who, f, now)
        g_, h_ = _one(who, g, now), _one(who, h, now)
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                place = lamps[row, PLACE, lane]
                begin, end = _window(a_, place, length)
                begin2, end2 = _window(b_, place, length)
                begin3, end3 = _window(c_, place, length)
                begin4, end4 = _window(d_, place, length)
                begin5, end5 = _window(e_, place, length)
                begin6, end6 = _window(f_, place, length)
                begin7, end7 = _window(g_, place, length)
                begin8, end8 = _window(h_, place, length)
                begins, later = _merged(
                    _four(begin, begin2, begin3, begin4), _four(begin5, begin6, begin7, begin8)
                )
                ends, last = _merged(_four(end, end2, end3, end4), _four(end5, end6, end7, end8))
                gaps = _gaps(begins, ends) + _gap(later[0], ends[3]) + _gaps(later, last)
                _note(lamps, row, lane, last[3] - begins[0] - gaps, share)
        count[j] = _stay(a, k, who, pair, now + length)


@nb.njit(cache=True, fastmath=FAST, forceinline=True)
def _insert(ordered: Singles, known: int, value: float) -> None:
    row = known
    while row > 0 and ordered[row - 1] > value:
        ordered[row] = ordered[row - 1]
        row -= 1
    ordered[row] = value


@nb.njit(
    nb.void(*SIGNATURE.args, nb.float32[:, ::1]),
    cache=True,
    fastmath=FAST,
)
def many(
    streets: Rows,
    n: int,
    first: Rows,
    count: Rows,
    who: Singles,
    pair: Pairs,
    start: Rows,
    now: float,
    length: float,
    lamps: Singles,
    scratch: Singles,
) -> None:
    """Streets that more light, lamp by lamp, by insertion; see :data:`SIGNATURE`.

    ``scratch``, (2, > their number) float32, is overwritten. Places that hold no lamp repeat the
    last one's and cost nothing more.
    """
    begins, ends = scratch[0], scratch[1]
    share = ONE / length
    for s in range(n):
        j = np.uintp(streets[s])
        a, k = first[j], count[j]
        for row in range(start[j], start[j + np.uintp(1)]):
            for lane in range(LANES):
                place = lamps[row, PLACE, lane]
                if lane > 0 and place == lamps[row, PLACE, lane - 1]:
                    _note(lamps, row, lane, lamps[row, NEAR, lane - 1] * length, share)
                    continue
                for number in range(k):
                    begin, end = _window(_one(who, a + number, now), place, length)
                    _insert(begins, number, begin)
                    _insert(ends, number, end)
                lit = ends[k - 1] - begins[0]
                for number in range(1, k):
                    lit -= _gap(begins[number], ends[number - 1])
                _note(lamps, row, lane, lit, share)
        count[j] = _stay(np.uintp(a), k, who, pair, now + length)
