"""Backward and forward sweeps of a block of steps over the places of a forest."""

from __future__ import annotations

import numba as nb
import numpy as np

from models.energy.flow.block.kernels import (
    A2,
    AI,
    AR,
    BUS,
    DROP,
    EARTH,
    LEAF_I,
    LEAF_R,
    MOST,
    SP,
    SQ,
    START,
    STATE,
    STEPS,
    TAP,
    UI,
    UR,
    D,
    P,
    Q,
    U,
    V,
    take,
)
from models.energy.flow.ending.kernels import (
    larger,
)

_inner = nb.njit(error_model="numpy", fastmath={"contract"})


@_inner
def _backward(work, bus, up, block, r, x, z2, g, b, leaf, first, started):  # type: ignore[no-untyped-def]
    """Power into the branch of a bus, with its losses, to the parent; the fall of voltage.

    ``leaf``: nothing hangs on the bus but its load. ``first``: no child of the parent came before,
    so that the sum starts with the parent's load. Before ``started``, the voltage is the slack's.
    """
    from_p, from_q = (P, Q) if leaf else (SP, SQ)
    to_p, to_q = (P, Q) if first else (SP, SQ)
    for s in range(STEPS):
        v = work[bus + V + s] if started else block[START + s]
        p, q = work[bus + from_p + s] + g * v, work[bus + from_q + s] - b * v
        current = (p * p + q * q) / v
        work[bus + D + s] = 2.0 * (r * p + x * q) + z2 * current
        work[up + SP + s] = work[up + to_p + s] + (p + r * current)
        work[up + SQ + s] = work[up + to_q + s] + (q + x * current)


@_inner
def _backward_tapped(work, bus, up, r, x, z2, g, b, taps, tap, at_from, ge, be):  # type: ignore[no-untyped-def]
    """Through a ratio, which leaves powers as they are; the shunt is at one side of it."""
    for s in range(STEPS):
        v, drop, more = work[bus + V + s], taps[tap + DROP + s], taps[tap + EARTH + s]
        end = more * (work[up + V + s] if at_from else v)
        p, q = work[bus + SP + s] + g * v, work[bus + SQ + s] - b * v
        if not at_from:
            p, q = p + ge * end, q - be * end
        current = drop * (p * p + q * q) / v
        work[bus + D + s] = drop * (2.0 * (r * p + x * q) + z2 * current)
        p, q = p + r * current, q + x * current
        if at_from:
            p, q = p + ge * end, q - be * end
        work[up + SP + s] += p
        work[up + SQ + s] += q


@_inner
def _start_sum(work, bus, power, current, impedance):  # type: ignore[no-untyped-def]
    """What a load of constant power, current and impedance together (ZIP) draws."""
    for s in range(STEPS):
        v = work[bus + V + s]
        share = power + current * np.sqrt(v) + impedance * v
        work[bus + SP + s] = share * work[bus + P + s]
        work[bus + SQ + s] = share * work[bus + Q + s]


@_inner
def _forward(work, bus, up, block, taps, tap, tapped, held, started):  # type: ignore[no-untyped-def]
    """``v = v_parent - d``. With ``held``, steps that are done stay as they are, bit for bit."""
    for s in range(STEPS):
        above = work[up + V + s]
        was = work[bus + V + s] if started else block[START + s]
        if tapped:
            above = taps[tap + A2 + s] * above
        v = above - work[bus + D + s]
        block[MOST + s] = larger(block[MOST + s], v, was)
        if held:
            v = v if block[STATE + s] > 0.0 else was
        work[bus + V + s] = v


@_inner
def _finish(work, bus, up, r, x, g, b, block, leaf):  # type: ignore[no-untyped-def]
    """The last forward sweep, with the parts of the voltage.

    Those of a leaf, which nobody asks for again, go to a place that stays in the nearest cache.
    """
    from_p, from_q = (P, Q) if leaf else (SP, SQ)
    for s in range(STEPS):
        was, above = work[bus + V + s], work[up + D + s]
        v = above - work[bus + D + s]
        p, q = work[bus + from_p + s] + g * was, work[bus + from_q + s] - b * was
        ur, ui = work[up + UR + s] / above, work[up + UI + s] / above
        cr, ci = v + (r * p + x * q), r * q - x * p
        if leaf:
            block[LEAF_R + s], block[LEAF_I + s] = ur * cr - ui * ci, ur * ci + ui * cr
        else:
            work[bus + UR + s], work[bus + UI + s] = ur * cr - ui * ci, ur * ci + ui * cr
            work[bus + D + s] = v
        block[MOST + s] = larger(block[MOST + s], v, was)


@_inner
def _finish_square(work, bus, up, block, taps, tap, tapped):  # type: ignore[no-untyped-def]
    """The last forward sweep where squared voltages are enough."""
    for s in range(STEPS):
        above = work[up + D + s]
        if tapped:
            above = taps[tap + A2 + s] * above
        v = above - work[bus + D + s]
        work[bus + D + s] = v
        block[MOST + s] = larger(block[MOST + s], v, work[bus + V + s])


@_inner
def _finish_tapped(work, bus, up, r, x, g, b, block, taps, tap, at_from, ge, be):  # type: ignore[no-untyped-def]
    for s in range(STEPS):
        was, drop = work[bus + V + s], taps[tap + DROP + s]
        above = taps[tap + A2 + s] * work[up + D + s]
        v = above - work[bus + D + s]
        p, q = work[bus + SP + s] + g * was, work[bus + SQ + s] - b * was
        if not at_from:
            more = taps[tap + EARTH + s] * was
            p, q = p + ge * more, q - be * more
        ar, ai = taps[tap + AR + s] / above, taps[tap + AI + s] / above
        vr, vi = work[up + UR + s], work[up + UI + s]
        ur, ui = ar * vr - ai * vi, ar * vi + ai * vr
        cr, ci = v + drop * (r * p + x * q), drop * (r * q - x * p)
        work[bus + UR + s], work[bus + UI + s] = ur * cr - ui * ci, ur * ci + ui * cr
        work[bus + D + s] = v
        block[MOST + s] = larger(block[MOST + s], v, was)


@_inner
def hanging(parent, mixed, tap):  # type: ignore[no-untyped-def]
    """What hangs on each place: whether its sum starts anew in each sweep (a load that follows the
    voltage, a tapped branch), and else whether it is a leaf, and its parent's first child to come.
    """
    places = parent.size
    anew, leaf, first = mixed.copy(), np.ones(places, np.bool_), np.zeros(places, np.bool_)
    for i in range(places):
        if tap[i] >= 0:
            anew[i] = anew[parent[i]] = True
    for i in range(places - 1, -1, -1):
        leaf[i] = leaf[i] and not anew[i]
        if parent[i] >= 0:
            first[i] = leaf[parent[i]] and not anew[parent[i]]
            leaf[parent[i]] = False
    return anew, leaf, first


@_inner
def _pass_on(work, bus, up, block, coefficients, leaf, first, started):  # type: ignore[no-untyped-def]
    """:func:`_backward` with the flags known to the compiler."""
    r, x, g, b = coefficients
    z2 = r * r + x * x
    if leaf:
        if first:
            _backward(work, bus, up, block, r, x, z2, g, b, True, True, started)
        else:
            _backward(work, bus, up, block, r, x, z2, g, b, True, False, started)
    elif first:
        _backward(work, bus, up, block, r, x, z2, g, b, False, True, started)
    else:
        _backward(work, bus, up, block, r, x, z2, g, b, False, False, started)


@_inner
def roots(parent):  # type: ignore[no-untyped-def]
    """Place of each place's slack; its buses stand behind it."""
    root = np.empty_like(parent)
    for i in range(parent.size):
        root[i] = i if parent[i] < 0 else root[i - 1]
    return root


@_inner
def _set_out(work, block, root):  # type: ignore[no-untyped-def]
    for s in range(STEPS):
        block[START + s] = work[U(root) * BUS + V + s]


@_inner
def first_sweep(work, order, parent, root, table, block, shape, loads, begin, end, scale):  # type: ignore[no-untyped-def]
    """Read the loads and sweep once, from the voltage of the slack.

    In one go, so that loads are added up while they are near, and voltages that are all the same
    are not written. Not where a sum starts anew, see :func:`hanging`.
    """
    (_, leaf, first), (active, reactive) = shape, loads
    for i in range(parent.size - 1, -1, -1):
        if i == parent.size - 1 or root[i] != root[i + 1]:
            _set_out(work, block, root[i])
        if parent[i] < 0:
            continue
        bus, up = U(i) * BUS, U(parent[i]) * BUS
        if leaf[i]:
            take(work, bus, active[order[i], begin:end], reactive[order[i], begin:end], scale)
        if first[i]:
            row = order[parent[i]]
            take(work, up, active[row, begin:end], reactive[row, begin:end], scale)
        own = table[0, i], table[1, i], table[2, i], table[3, i]
        _pass_on(work, bus, up, block, own, leaf[i], first[i], False)
    block[MOST : MOST + STEPS] = 0.0
    for i in range(parent.size):
        if parent[i] < 0:
            _set_out(work, block, i)
            continue
        bus, up = U(i) * BUS, U(parent[i]) * BUS
        _forward(work, bus, up, block, block, U(0), False, False, False)


@_inner
def backwards(work, parent, table, tap, at_from, taps, block, shape):  # type: ignore[no-untyped-def]
    """All places, children before parents."""
    anew, leaf, first = shape
    for i in range(parent.size):
        if anew[i]:
            _start_sum(work, U(i) * BUS, table[4, i], table[5, i], table[6, i])
    for i in range(parent.size - 1, -1, -1):
        if parent[i] < 0:
            continue
        bus, up = U(i) * BUS, U(parent[i]) * BUS
        r, x, g, b = table[0, i], table[1, i], table[2, i], table[3, i]
        z2 = r * r + x * x
        if tap[i] >= 0:
            row, ge, be = U(tap[i]) * TAP, table[7, i], table[8, i]
            if at_from[i]:
                _backward_tapped(work, bus, up, r, x, z2, g, b, taps, row, True, ge, be)
            else:
                _backward_tapped(work, bus, up, r, x, z2, g, b, taps, row, False, ge, be)
        else:
            _pass_on(work, bus, up, block, (r, x, g, b), leaf[i], first[i], True)


@_inner
def forwards(work, parent, tap, taps, block, held):  # type: ignore[no-untyped-def]
    """All places, parents before children."""
    block[MOST : MOST + STEPS] = 0.0
    for i in range(parent.size):
        if parent[i] < 0:
            continue
        bus, up, row = U(i) * BUS, U(parent[i]) * BUS, U(max(tap[i], 0)) * TAP
        if tap[i] >= 0:
            if held:
                _forward(work, bus, up, block, taps, row, True, True, True)
            else:
                _forward(work, bus, up, block, taps, row, True, False, True)
        elif held:
            _forward(work, bus, up, block, taps, row, False, True, True)
        else:
            _forward(work, bus, up, block, taps, row, False, False, True)


@_inner
def finishes(work, parent, table, tap, at_from, taps, leaf, block, i):  # type: ignore[no-untyped-def]
    """Voltage of one place, below the slack."""
    bus, up = U(i) * BUS, U(parent[i]) * BUS
    r, x, g, b = table[0, i], table[1, i], table[2, i], table[3, i]
    if tap[i] >= 0:
        row, ge, be = U(tap[i]) * TAP, table[7, i], table[8, i]
        if at_from[i]:
            _finish_tapped(work, bus, up, r, x, g, b, block, taps, row, True, ge, be)
        else:
            _finish_tapped(work, bus, up, r, x, g, b, block, taps, row, False, ge, be)
    elif leaf[i]:
        _finish(work, bus, up, r, x, g, b, block, True)
    else:
        _finish(work, bus, up, r, x, g, b, block, False)


@_inner
def finishes_square(work, parent, tap, taps, block, i):  # type: ignore[no-untyped-def]
    """Squared voltage of one place, below the slack."""
    bus, up = U(i) * BUS, U(parent[i]) * BUS
    if tap[i] >= 0:
        _finish_square(work, bus, up, block, taps, U(tap[i]) * TAP, True)
    else:
        _finish_square(work, bus, up, block, taps, U(0), False)
