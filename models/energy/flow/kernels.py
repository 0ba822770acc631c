"""Backward/forward sweep of powers over a forest: many steps at once in blocks, and one step alone.

The branch flow equations of Baran & Wu (1989, doi:10.1109/61.25627): powers with their losses are
summed from the ends of the feeders to the slack, with ``l = (P² + Q²) / v`` the squared current and
``v`` the squared voltage of a bus; then ``v = v_parent - 2 (r P + x Q) - |z|² l`` from the slack to
the ends. Powers hardly depend on voltages where currents do, so that a sweep gains three digits or
so where one of currents gains one or two. The last sweep gives the complex voltages as well,
``U = U_parent (v + conj(z) S) / v_parent``. Buses stand parent before child; voltages are in the
frame of their slack, see :func:`models.energy.flow.graph.kernels.arrange`.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.extending import intrinsic

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_I = nb.int64[::1]
_A = nb.float64[::1]
_M = nb.float64[:, ::1]
_C = nb.complex128[::1]
_CM = nb.complex128[:, ::1]
_B = nb.boolean[::1]

BLOCK = 128
"""Steps in the inner loop; the rows of loads and results are read and written in pieces of 1 KiB,
below which memory is slow, and a bus's six rows take 6 KiB of the second-level cache."""
TRUST = 100.0
"""Most that the next sweep is believed to gain beyond the last change."""
SAFETY = 3.0
"""What the estimate of the error is multiplied by."""

# The rows of a bus in the workspace, unsigned: an index that cannot be negative needs no wrapping,
# and offsets that the compiler knows let it prove that the rows do not overlap. Without both the
# inner loops are not vectorised. Load; load and all that hangs on the bus, later the voltage's
# parts; squared voltage; its fall from the parent, later the squared voltage after the last sweep.
_U = np.uint64
_STEPS = _U(BLOCK)
_P, _Q, _SP, _SQ, _V, _D = (_U(k * BLOCK) for k in range(6))
_UR, _UI, _BUS = _SP, _SQ, _U(6 * BLOCK)
# And of a branch whose ratio changes: parts of the voltage's factor, its square, the factors of the
# impedance and of the shunt at the *from* end.
_AR, _AI, _A2, _DROP, _EARTH = (_U(k * BLOCK) for k in range(5))
_TAP = _U(5 * BLOCK)
# And of the block: largest change in the last sweep, in the one before, who is under way (1),
# who has no voltages (1); squared voltage of the slack, where all start; parts of a leaf's voltage.
_MOST, _BEFORE, _STATE, _LOST, _START, _LEAF_R, _LEAF_I = (_U(k * BLOCK) for k in range(7))
_NUMBERS, _LINE = 8, 64
"""Bytes of a number, and of a line of the cache."""

_inner = nb.njit(error_model="numpy", fastmath={"contract"})


@intrinsic
def _prefetch(_context, address):  # type: ignore[no-untyped-def]
    """Ask for the line of the cache at an address; nothing happens where there is no memory."""

    def code(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        name = "llvm.prefetch.p0"
        ask = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        read, second_level, data = (number(value) for value in (0, 2, 1))
        where = builder.inttoptr(arguments[0], pointer)
        builder.call(ask, [where, read, second_level, data])

    return nb.void(address), code


@_inner
def _prefetch_row(values, row, begin):  # type: ignore[no-untyped-def]
    """The next block of a row. Rows are far apart, and the processor would not foresee it."""
    at = values.ctypes.data + (row * values.shape[1] + begin) * _NUMBERS
    for line in range(min(BLOCK, values.shape[1] - begin) * _NUMBERS // _LINE):
        _prefetch(at + line * _LINE)


@_inner
def _backward(work, bus, up, block, r, x, z2, g, b, leaf, first, started):  # type: ignore[no-untyped-def]
    """Power into the branch of a bus, with its losses, to the parent; the fall of voltage.

    ``leaf``: nothing hangs on the bus but its load. ``first``: no child of the parent came before,
    so that the sum starts with the parent's load. Before ``started``, the voltage is the slack's.
    """
    from_p, from_q = (_P, _Q) if leaf else (_SP, _SQ)
    to_p, to_q = (_P, _Q) if first else (_SP, _SQ)
    for s in range(_STEPS):
        v = work[bus + _V + s] if started else block[_START + s]
        p, q = work[bus + from_p + s] + g * v, work[bus + from_q + s] - b * v
        current = (p * p + q * q) / v
        work[bus + _D + s] = 2.0 * (r * p + x * q) + z2 * current
        work[up + _SP + s] = work[up + to_p + s] + (p + r * current)
        work[up + _SQ + s] = work[up + to_q + s] + (q + x * current)


@_inner
def _backward_tapped(work, bus, up, r, x, z2, g, b, taps, tap, at_from, ge, be):  # type: ignore[no-untyped-def]
    """Through a ratio, which leaves powers as they are; the shunt is at one side of it."""
    for s in range(_STEPS):
        v, drop, more = work[bus + _V + s], taps[tap + _DROP + s], taps[tap + _EARTH + s]
        end = more * (work[up + _V + s] if at_from else v)
        p, q = work[bus + _SP + s] + g * v, work[bus + _SQ + s] - b * v
        if not at_from:
            p, q = p + ge * end, q - be * end
        current = drop * (p * p + q * q) / v
        work[bus + _D + s] = drop * (2.0 * (r * p + x * q) + z2 * current)
        p, q = p + r * current, q + x * current
        if at_from:
            p, q = p + ge * end, q - be * end
        work[up + _SP + s] += p
        work[up + _SQ + s] += q


@_inner
def _start_sum(work, bus, power, current, impedance):  # type: ignore[no-untyped-def]
    """What a load of constant power, current and impedance together (ZIP) draws."""
    for s in range(_STEPS):
        v = work[bus + _V + s]
        share = power + current * np.sqrt(v) + impedance * v
        work[bus + _SP + s] = share * work[bus + _P + s]
        work[bus + _SQ + s] = share * work[bus + _Q + s]


@_inner
def _larger(most, v, was):  # type: ignore[no-untyped-def]
    """The larger change of a squared voltage; infinite where that is none any more.

    As choices between two numbers, which are vectorised where ``max`` is not.
    """
    change = abs(v - was)
    change = change if v > 0.0 else np.inf
    return most if change <= most else change


@_inner
def _forward(work, bus, up, block, taps, tap, tapped, held, started):  # type: ignore[no-untyped-def]
    """``v = v_parent - d``. With ``held``, steps that are done stay as they are, bit for bit."""
    for s in range(_STEPS):
        above = work[up + _V + s]
        was = work[bus + _V + s] if started else block[_START + s]
        if tapped:
            above = taps[tap + _A2 + s] * above
        v = above - work[bus + _D + s]
        block[_MOST + s] = _larger(block[_MOST + s], v, was)
        if held:
            v = v if block[_STATE + s] > 0.0 else was
        work[bus + _V + s] = v


@_inner
def _finish(work, bus, up, r, x, g, b, block, leaf):  # type: ignore[no-untyped-def]
    """The last forward sweep, with the parts of the voltage.

    Those of a leaf, which nobody asks for again, go to a place that stays in the nearest cache.
    """
    from_p, from_q = (_P, _Q) if leaf else (_SP, _SQ)
    for s in range(_STEPS):
        was, above = work[bus + _V + s], work[up + _D + s]
        v = above - work[bus + _D + s]
        p, q = work[bus + from_p + s] + g * was, work[bus + from_q + s] - b * was
        ur, ui = work[up + _UR + s] / above, work[up + _UI + s] / above
        cr, ci = v + (r * p + x * q), r * q - x * p
        if leaf:
            block[_LEAF_R + s], block[_LEAF_I + s] = ur * cr - ui * ci, ur * ci + ui * cr
        else:
            work[bus + _UR + s], work[bus + _UI + s] = ur * cr - ui * ci, ur * ci + ui * cr
            work[bus + _D + s] = v
        block[_MOST + s] = _larger(block[_MOST + s], v, was)


@_inner
def _finish_square(work, bus, up, block, taps, tap, tapped):  # type: ignore[no-untyped-def]
    """The last forward sweep where squared voltages are enough."""
    for s in range(_STEPS):
        above = work[up + _D + s]
        if tapped:
            above = taps[tap + _A2 + s] * above
        v = above - work[bus + _D + s]
        work[bus + _D + s] = v
        block[_MOST + s] = _larger(block[_MOST + s], v, work[bus + _V + s])


@_inner
def _finish_tapped(work, bus, up, r, x, g, b, block, taps, tap, at_from, ge, be):  # type: ignore[no-untyped-def]
    for s in range(_STEPS):
        was, drop = work[bus + _V + s], taps[tap + _DROP + s]
        above = taps[tap + _A2 + s] * work[up + _D + s]
        v = above - work[bus + _D + s]
        p, q = work[bus + _SP + s] + g * was, work[bus + _SQ + s] - b * was
        if not at_from:
            more = taps[tap + _EARTH + s] * was
            p, q = p + ge * more, q - be * more
        ar, ai = taps[tap + _AR + s] / above, taps[tap + _AI + s] / above
        vr, vi = work[up + _UR + s], work[up + _UI + s]
        ur, ui = ar * vr - ai * vi, ar * vi + ai * vr
        cr, ci = v + drop * (r * p + x * q), drop * (r * q - x * p)
        work[bus + _UR + s], work[bus + _UI + s] = ur * cr - ui * ci, ur * ci + ui * cr
        work[bus + _D + s] = v
        block[_MOST + s] = _larger(block[_MOST + s], v, was)


@_inner
def _take(work, bus, active, reactive, scale):  # type: ignore[no-untyped-def]
    """Loads of one bus for the block's steps, per unit; 0 past the last step."""
    for s in range(active.size):
        work[bus + _P + _U(s)] = active[s] * scale
    for s in range(reactive.size):
        work[bus + _Q + _U(s)] = reactive[s] * scale
    for s in range(active.size, BLOCK):
        work[bus + _P + _U(s)] = work[bus + _Q + _U(s)] = 0.0


@_inner
def _take_ratio(taps, tap, ratio, row, first, width, at_from):  # type: ignore[no-untyped-def]
    """Factors of one tapped branch for the block's steps; 1 past the last step."""
    for s in range(BLOCK):
        t = ratio[row, first + s] if s < width else 1.0 + 0.0j
        a = 1.0 / t if at_from else t
        size = a.real**2 + a.imag**2
        taps[tap + _AR + _U(s)], taps[tap + _AI + _U(s)] = a.real, a.imag
        taps[tap + _A2 + _U(s)] = size
        taps[tap + _DROP + _U(s)] = 1.0 if at_from else size
        taps[tap + _EARTH + _U(s)] = size if at_from else 1.0 / size


@_inner
def _slack_at(voltage, row, step):  # type: ignore[no-untyped-def]
    """Voltage of a slack, one for all steps or one for each."""
    return voltage[row, min(step, voltage.shape[1] - 1)]


@_inner
def _start(work, bus, voltage, row, first, width):  # type: ignore[no-untyped-def]
    """Squared voltage of a slack; NaN where its own load is not finite."""
    for s in range(BLOCK):
        v = _slack_at(voltage, row, first + min(s, width - 1))
        own = work[bus + _P + _U(s)] + work[bus + _Q + _U(s)]
        work[bus + _V + _U(s)] = v.real**2 + v.imag**2 + (own - own)


@_inner
def _start_finish(work, bus, voltage, row, first, width):  # type: ignore[no-untyped-def]
    for s in range(BLOCK):
        v = _slack_at(voltage, row, first + min(s, width - 1))
        work[bus + _UR + _U(s)], work[bus + _UI + _U(s)] = v.real, v.imag
        work[bus + _D + _U(s)] = work[bus + _V + _U(s)]


@_inner
def _copy_voltage(work, bus, up):  # type: ignore[no-untyped-def]
    for s in range(_STEPS):
        work[bus + _V + s] = work[up + _V + s]


@_inner
def _give(parts, at_real, at_imaginary, scale, real, imaginary):  # type: ignore[no-untyped-def]
    """Voltages of one bus in its own frame."""
    ar, ai = scale.real, scale.imag
    for s in range(real.size):
        ur, ui = parts[at_real + _U(s)], parts[at_imaginary + _U(s)]
        real[s] = ar * ur - ai * ui
    for s in range(imaginary.size):
        ur, ui = parts[at_real + _U(s)], parts[at_imaginary + _U(s)]
        imaginary[s] = ar * ui + ai * ur


@_inner
def _give_magnitude(work, bus, scale, magnitude):  # type: ignore[no-untyped-def]
    """Magnitude of the voltage of one bus in its own frame."""
    size = np.sqrt(scale.real**2 + scale.imag**2)
    for s in range(magnitude.size):
        magnitude[s] = size * np.sqrt(work[bus + _D + _U(s)])


@_inner
def _shape(parent, mixed, tap):  # type: ignore[no-untyped-def]
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
def _roots(parent):  # type: ignore[no-untyped-def]
    """Place of each place's slack; its buses stand behind it."""
    root = np.empty_like(parent)
    for i in range(parent.size):
        root[i] = i if parent[i] < 0 else root[i - 1]
    return root


@_inner
def _set_out(work, block, root):  # type: ignore[no-untyped-def]
    for s in range(_STEPS):
        block[_START + s] = work[_U(root) * _BUS + _V + s]


@_inner
def _first_sweep(work, order, parent, root, table, block, shape, loads, begin, end, scale):  # type: ignore[no-untyped-def]
    """Read the loads and sweep once, from the voltage of the slack.

    In one go, so that loads are added up while they are near, and voltages that are all the same
    are not written. Not where a sum starts anew, see :func:`_shape`.
    """
    (_, leaf, first), (active, reactive) = shape, loads
    for i in range(parent.size - 1, -1, -1):
        if i == parent.size - 1 or root[i] != root[i + 1]:
            _set_out(work, block, root[i])
        if parent[i] < 0:
            continue
        bus, up = _U(i) * _BUS, _U(parent[i]) * _BUS
        if leaf[i]:
            _take(work, bus, active[order[i], begin:end], reactive[order[i], begin:end], scale)
        if first[i]:
            row = order[parent[i]]
            _take(work, up, active[row, begin:end], reactive[row, begin:end], scale)
        own = table[0, i], table[1, i], table[2, i], table[3, i]
        _pass_on(work, bus, up, block, own, leaf[i], first[i], False)
    block[_MOST : _MOST + _STEPS] = 0.0
    for i in range(parent.size):
        if parent[i] < 0:
            _set_out(work, block, i)
            continue
        bus, up = _U(i) * _BUS, _U(parent[i]) * _BUS
        _forward(work, bus, up, block, block, _U(0), False, False, False)


@_inner
def _backwards(work, parent, table, tap, at_from, taps, block, shape):  # type: ignore[no-untyped-def]
    """All places, children before parents."""
    anew, leaf, first = shape
    for i in range(parent.size):
        if anew[i]:
            _start_sum(work, _U(i) * _BUS, table[4, i], table[5, i], table[6, i])
    for i in range(parent.size - 1, -1, -1):
        if parent[i] < 0:
            continue
        bus, up = _U(i) * _BUS, _U(parent[i]) * _BUS
        r, x, g, b = table[0, i], table[1, i], table[2, i], table[3, i]
        z2 = r * r + x * x
        if tap[i] >= 0:
            row, ge, be = _U(tap[i]) * _TAP, table[7, i], table[8, i]
            if at_from[i]:
                _backward_tapped(work, bus, up, r, x, z2, g, b, taps, row, True, ge, be)
            else:
                _backward_tapped(work, bus, up, r, x, z2, g, b, taps, row, False, ge, be)
        else:
            _pass_on(work, bus, up, block, (r, x, g, b), leaf[i], first[i], True)


@_inner
def _forwards(work, parent, tap, taps, block, held):  # type: ignore[no-untyped-def]
    """All places, parents before children."""
    block[_MOST : _MOST + _STEPS] = 0.0
    for i in range(parent.size):
        if parent[i] < 0:
            continue
        bus, up, row = _U(i) * _BUS, _U(parent[i]) * _BUS, _U(max(tap[i], 0)) * _TAP
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
def _finishes(work, parent, table, tap, at_from, taps, leaf, block, i):  # type: ignore[no-untyped-def]
    """Voltage of one place, below the slack."""
    bus, up = _U(i) * _BUS, _U(parent[i]) * _BUS
    r, x, g, b = table[0, i], table[1, i], table[2, i], table[3, i]
    if tap[i] >= 0:
        row, ge, be = _U(tap[i]) * _TAP, table[7, i], table[8, i]
        if at_from[i]:
            _finish_tapped(work, bus, up, r, x, g, b, block, taps, row, True, ge, be)
        else:
            _finish_tapped(work, bus, up, r, x, g, b, block, taps, row, False, ge, be)
    elif leaf[i]:
        _finish(work, bus, up, r, x, g, b, block, True)
    else:
        _finish(work, bus, up, r, x, g, b, block, False)


@_inner
def _finishes_square(work, parent, tap, taps, block, i):  # type: ignore[no-untyped-def]
    """Squared voltage of one place, below the slack."""
    bus, up = _U(i) * _BUS, _U(parent[i]) * _BUS
    if tap[i] >= 0:
        _finish_square(work, bus, up, block, taps, _U(tap[i]) * _TAP, True)
    else:
        _finish_square(work, bus, up, block, taps, _U(0), False)


@_inner
def _ended(change, before, tolerance):  # type: ignore[no-untyped-def]
    """Whether what the next sweeps would still change is below the tolerance.

    Changes fall in a geometric series, ``error = change · q / (1 - q)`` with ``q`` the ratio of the
    last two, which is believed down to 1 / :data:`TRUST` only.
    """
    return change <= tolerance or (
        change <= TRUST * tolerance and SAFETY * change * change <= tolerance * (before - change)
    )


@_inner
def _judge(block, width, tolerance, after):  # type: ignore[no-untyped-def]
    """Who needs no further sweep but the last one, and how many are still under way.

    The change of the next sweep is foretold from the last two, and after the last sweep seen.
    """
    left = 0
    for s in range(_U(width)):
        change, before = block[_MOST + s], block[_BEFORE + s]
        if after:
            ends = _ended(change, before, tolerance)
            block[_STATE + s] = 0.0 if ends or block[_LOST + s] > 0.0 else 1.0
            left += block[_STATE + s] > 0.0
        elif block[_STATE + s] > 0.0:
            coming = change * change / before
            ends = change <= tolerance or (
                coming < 0.1 * change and _ended(4.0 * coming, change, tolerance)
            )
            lost = not change < np.inf
            block[_LOST + s] = 1.0 if lost else 0.0
            block[_STATE + s] = 0.0 if ends or lost else 1.0
            block[_BEFORE + s] = change
            left += block[_STATE + s] > 0.0
    return left


@nb.njit(
    nb.void(
        _I, _I, _M, _B, _C, _I, _B, _CM, _CM, _M, _M,
        nb.float64, nb.float64, nb.int64, nb.boolean, _M, _M, _B, _I,
    ),
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)  # fmt: skip
def sweep(
    order: Rows,
    parent: Rows,
    table: Floats,
    mixed: Flags,
    scale: Complex,
    tap: Rows,
    at_from: Flags,
    ratio: Complex,
    slack_voltage: Complex,
    active: Floats,
    reactive: Floats,
    per_unit: float,
    tolerance: float,
    limit: int,
    magnitudes: bool,
    real: Floats,
    imaginary: Floats,
    converged: Flags,
    iterations: Rows,
) -> None:
    """Voltages of many steps; each comes out the same whatever steps stand beside it.

    Parameters
    ----------
    order, parent : (n_live,) int64
        Bus at each place, and the place of its parent; ``-1 - slack`` at a slack.
    table, scale : (9, n_live) float64, (n_live,) complex128
        From :func:`models.energy.flow.graph.kernels.arrange`.
    mixed : (n_live,) bool
        The load has shares of constant current or impedance.
    tap : (n_live,) int64
        Row in ``ratio`` of the branch to the parent, -1 where its ratio is constant.
    at_from : (n_live,) bool
        The parent is the branch's *from* bus.
    ratio : (n_tap, n_step) complex128
        Ratio at each step over the ratio that ``table`` and ``scale`` were made with.
    slack_voltage : (n_slack, n_step) or (n_slack, 1) complex128, per unit
    active, reactive : (n_bus, n_step) float64, W and var
    per_unit : float
        1 over the base power.
    tolerance : float, per unit
        Largest error of a squared voltage that further sweeps would mend.
    limit : int
        Most sweeps.
    magnitudes : bool
        Magnitudes alone are asked for; ``real`` holds them then, and ``imaginary`` is not touched.
    real, imaginary : (n_bus, n_step) float64, per unit
        Filled at the buses of ``order``; they mean nothing at a step that did not converge.
    converged, iterations : (n_step,)
        Filled.
    """
    places, steps = order.size, active.shape[1]
    work = np.zeros(places * 6 * BLOCK + 8)
    work = work[(-work.ctypes.data // 8) % 8 :]  # rows at cache lines
    taps, block = np.empty(ratio.shape[0] * 5 * BLOCK), np.zeros(7 * BLOCK)
    shape, root = _shape(parent, mixed, tap), _roots(parent)
    plain, leaf = not shape[0].any(), shape[1]
    for begin in range(0, steps, BLOCK):
        width = min(BLOCK, steps - begin)
        end = begin + width
        for i in range(places):
            bus, row = _U(i) * _BUS, order[i]
            if parent[i] < 0 or not plain:
                _take(work, bus, active[row, begin:end], reactive[row, begin:end], per_unit)
            if parent[i] < 0:
                _start(work, bus, slack_voltage, -1 - parent[i], begin, width)
            elif not plain:
                _copy_voltage(work, bus, _U(parent[i]) * _BUS)
            if tap[i] >= 0:
                _take_ratio(taps, _U(tap[i]) * _TAP, ratio, tap[i], begin, width, at_from[i])
        block[:] = 0.0
        for s in range(width):
            block[_STATE + _U(s)] = 1.0
        sweeps, left = 1, width
        while sweeps < limit:
            while left > 0 and sweeps < limit:
                if plain and sweeps == 1:
                    _first_sweep(
                        work, order, parent, root, table, block, shape,
                        (active, reactive), begin, end, per_unit,
                    )  # fmt: skip
                else:
                    _backwards(work, parent, table, tap, at_from, taps, block, shape)
                    if left == width:
                        _forwards(work, parent, tap, taps, block, False)
                    else:
                        _forwards(work, parent, tap, taps, block, True)
                sweeps += 1
                for s in range(width):
                    iterations[begin + s] += np.int64(block[_STATE + _U(s)])
                left = _judge(block, width, tolerance, False)
            _backwards(work, parent, table, tap, at_from, taps, block, shape)
            block[_MOST : _MOST + _STEPS] = 0.0
            for i in range(places):
                bus, row = _U(i) * _BUS, order[i]
                if end < steps:
                    _prefetch_row(active, row, end)
                    _prefetch_row(reactive, row, end)
                if parent[i] < 0:
                    _start_finish(work, bus, slack_voltage, -1 - parent[i], begin, width)
                elif magnitudes:
                    _finishes_square(work, parent, tap, taps, block, i)
                else:
                    _finishes(work, parent, table, tap, at_from, taps, leaf, block, i)
                if magnitudes:
                    _give_magnitude(work, bus, scale[i], real[row, begin:end])
                    continue
                out = real[row, begin:end], imaginary[row, begin:end]
                if leaf[i] and parent[i] >= 0:
                    _give(block, _LEAF_R, _LEAF_I, scale[i], *out)
                else:
                    _give(work, bus + _UR, bus + _UI, scale[i], *out)
            left = _judge(block, width, tolerance, True)
            if left == 0:
                break
        for s in range(width):
            converged[begin + s] = block[_STATE + _U(s)] == 0.0 and block[_LOST + _U(s)] == 0.0
            iterations[begin + s] += 1


@nb.njit(
    nb.int64(
        _I, _I, _M, nb.boolean, _C, _C, _A, _A, nb.float64, nb.float64, nb.int64, _M, _A, _A,
    ),
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)  # fmt: skip
def sweep_once(
    order: Rows,
    parent: Rows,
    table: Floats,
    mixed: bool,
    scale: Complex,
    slack_voltage: Complex,
    active: Floats,
    reactive: Floats,
    per_unit: float,
    tolerance: float,
    limit: int,
    work: Floats,
    real: Floats,
    imaginary: Floats,
) -> int:
    """Voltages of one step, without blocks: those of :func:`sweep` within the tolerance.

    Parameters
    ----------
    mixed : bool
        Some load has shares of constant current or impedance.
    slack_voltage : (n_slack,) complex128, per unit
    active, reactive, real, imaginary : (n_bus,)
    work : (6, n_live) float64
        Changed: load, power, squared voltage and its fall at each place.

    Returns
    -------
    int
        How many sweeps it took; 0 where the voltages still moved after ``limit`` of them, which
        are then the last.
    """
    load_p, load_q, sum_p, sum_q, square, fall = (
        work[0],
        work[1],
        work[2],
        work[3],
        work[4],
        work[5],
    )
    places = order.size
    for i in range(places):
        load_p[i], load_q[i] = active[order[i]] * per_unit, reactive[order[i]] * per_unit
        if parent[i] < 0:
            v = slack_voltage[-1 - parent[i]]
            square[i] = v.real**2 + v.imag**2
        else:
            square[i] = square[parent[i]]
    before, took = 0.0, 0
    for sweeps in range(1, limit + 1):
        for i in range(places):
            share = 1.0
            if mixed:
                v = square[i]
                share = table[4, i] + table[5, i] * np.sqrt(v) + table[6, i] * v
            sum_p[i], sum_q[i] = share * load_p[i], share * load_q[i]
        for i in range(places - 1, -1, -1):
            k = parent[i]
            if k >= 0:
                v, r, x = square[i], table[0, i], table[1, i]
                p, q = sum_p[i] + table[2, i] * v, sum_q[i] - table[3, i] * v
                current = (p * p + q * q) / v
                sum_p[i], sum_q[i] = p, q
                fall[i] = 2.0 * (r * p + x * q) + (r * r + x * x) * current
                sum_p[k] += p + r * current
                sum_q[k] += q + x * current
        change = 0.0
        for i in range(places):
            if parent[i] >= 0:
                v = square[parent[i]] - fall[i]
                change = _larger(change, v, square[i])
                square[i] = v
        if not change < np.inf:
            break
        if _ended(change, before, tolerance):
            took = sweeps
            break
        before = change
    for i in range(places):
        k, bus = parent[i], order[i]
        if k < 0:
            u = slack_voltage[-1 - k]
        else:
            r, x, p, q = table[0, i], table[1, i], sum_p[i], sum_q[i]
            turn = complex(square[i] + (r * p + x * q), r * q - x * p) / square[k]
            u = complex(load_p[k], load_q[k]) * turn
        load_p[i], load_q[i] = u.real, u.imag
        u *= scale[i]
        real[bus], imaginary[bus] = u.real, u.imag
    return took
