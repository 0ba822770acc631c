"""Backward/forward sweep over a forest: many steps at once in blocks, and one step alone.

Currents are summed from the ends of the feeders to the slack, then voltages follow from the slack
to the ends, until no voltage moves (Shirmohammadi et al. 1988, doi:10.1109/59.192932, for one
balanced phase). Buses stand parent before child; voltages are in the frame of their slack, see
:func:`models.energy.flow.graph.kernels.arrange`.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

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

BLOCK = 64
"""Steps in the inner loop; 64 and 128 were the quickest on 59 to 260 buses."""

# The rows of a bus in the workspace, unsigned: an index that cannot be negative needs no wrapping,
# and offsets that the compiler knows let it prove that the rows do not overlap. Without both the
# inner loops are not vectorised.
_U = np.uint64
_STEPS = _U(BLOCK)
_UI, _JR, _JI, _P, _Q = _U(BLOCK), _U(2 * BLOCK), _U(3 * BLOCK), _U(4 * BLOCK), _U(5 * BLOCK)
_BUS = _U(6 * BLOCK)
_AR, _AI, _DROP, _EARTH = _U(0), _U(BLOCK), _U(2 * BLOCK), _U(3 * BLOCK)
_TAP = _U(4 * BLOCK)

_inner = nb.njit(error_model="numpy")


@_inner
def _constant_power(p, q, ur, ui, g, b):  # type: ignore[no-untyped-def]
    """Current ``conj(S / U) + y U`` of a load and a shunt."""
    size = 1.0 / (ur * ur + ui * ui)
    return (p * ur + q * ui) * size + (g * ur - b * ui), (p * ui - q * ur) * size + (
        g * ui + b * ur
    )


@_inner
def _mixed(p, q, ur, ui, g, b, power, current, impedance):  # type: ignore[no-untyped-def]
    """The same for a load of constant power, current and impedance together (ZIP)."""
    size = 1.0 / (ur * ur + ui * ui)
    part = power * size + current * np.sqrt(size) + impedance
    return (p * ur + q * ui) * part + (g * ur - b * ui), (p * ui - q * ur) * part + (
        g * ui + b * ur
    )


@_inner
def _add_child(work, child, parent):  # type: ignore[no-untyped-def]
    for s in range(_STEPS):
        work[parent + _JR + s] += work[child + _JR + s]
        work[parent + _JI + s] += work[child + _JI + s]


@_inner
def _add_tapped_child(work, child, parent, taps, tap, at_from, g, b):  # type: ignore[no-untyped-def]
    """Through a ratio, ``conj(a) J``, with the shunt at the *from* end, child or parent."""
    end = parent if at_from else child
    for s in range(_STEPS):
        more = taps[tap + _EARTH + s]
        ur, ui = work[end + s], work[end + _UI + s]
        work[end + _JR + s] += more * (g * ur - b * ui)
        work[end + _JI + s] += more * (g * ui + b * ur)
    for s in range(_STEPS):
        ar, ai = taps[tap + _AR + s], taps[tap + _AI + s]
        jr, ji = work[child + _JR + s], work[child + _JI + s]
        work[parent + _JR + s] += ar * jr + ai * ji
        work[parent + _JI + s] += ar * ji - ai * jr


@_inner
def _voltage(work, bus, parent, r, x, state, tolerance):  # type: ignore[no-untyped-def]
    """``U = U_parent - z J`` where the step is still under way; marks who moved."""
    for s in range(_STEPS):
        jr, ji = work[bus + _JR + s], work[bus + _JI + s]
        ur = work[parent + s] - (r * jr - x * ji)
        ui = work[parent + _UI + s] - (r * ji + x * jr)
        _settle(work, bus, s, ur, ui, state, tolerance)


@_inner
def _tapped_voltage(work, bus, parent, r, x, taps, tap, state, tolerance):  # type: ignore[no-untyped-def]
    """``U = a U_parent - drop z J``."""
    for s in range(_STEPS):
        drop = taps[tap + _DROP + s]
        jr, ji = drop * work[bus + _JR + s], drop * work[bus + _JI + s]
        ar, ai = taps[tap + _AR + s], taps[tap + _AI + s]
        vr, vi = work[parent + s], work[parent + _UI + s]
        ur = (ar * vr - ai * vi) - (r * jr - x * ji)
        ui = (ar * vi + ai * vr) - (r * ji + x * jr)
        _settle(work, bus, s, ur, ui, state, tolerance)


@_inner
def _settle(work, bus, s, ur, ui, state, tolerance):  # type: ignore[no-untyped-def]
    """Keep a step that is done as it is, bit for bit, whatever the others of its block need."""
    was_r, was_i = work[bus + s], work[bus + _UI + s]
    dr, di = ur - was_r, ui - was_i
    moved = state[_STEPS + s]
    state[_STEPS + s] = moved if dr * dr + di * di <= tolerance else 1.0
    under_way = state[s] > 0.0
    work[bus + s] = ur if under_way else was_r
    work[bus + _UI + s] = ui if under_way else was_i


@_inner
def _load(work, bus, table, i, mixed):  # type: ignore[no-untyped-def]
    """Current of the bus's own load and shunt."""
    g, b = table[2, i], table[3, i]
    if mixed:
        power, current, impedance = table[4, i], table[5, i], table[6, i]
        for s in range(_STEPS):
            work[bus + _JR + s], work[bus + _JI + s] = _mixed(
                work[bus + _P + s],
                work[bus + _Q + s],
                work[bus + s],
                work[bus + _UI + s],
                g,
                b,
                power,
                current,
                impedance,
            )
    else:
        for s in range(_STEPS):
            work[bus + _JR + s], work[bus + _JI + s] = _constant_power(
                work[bus + _P + s],
                work[bus + _Q + s],
                work[bus + s],
                work[bus + _UI + s],
                g,
                b,
            )


@_inner
def _take(work, bus, active, reactive, row, first, width, scale, wrong):  # type: ignore[no-untyped-def]
    """Loads of one bus for the block's steps, per unit; 0 past the last step."""
    p, q = active[row, first : first + width], reactive[row, first : first + width]
    for s in range(p.size):
        work[bus + _P + _U(s)] = p[s] * scale
    for s in range(q.size):
        work[bus + _Q + _U(s)] = q[s] * scale
    for s in range(p.size, BLOCK):
        work[bus + _P + _U(s)] = 0.0
        work[bus + _Q + _U(s)] = 0.0
    for s in range(_STEPS):
        p_here, q_here = work[bus + _P + s], work[bus + _Q + s]
        wrong[s] += (p_here - p_here) + (q_here - q_here)  # NaN unless both are finite


@_inner
def _take_ratio(taps, tap, ratio, row, first, width, at_from):  # type: ignore[no-untyped-def]
    """Factors of one tapped branch for the block's steps; 1 past the last step."""
    for s in range(BLOCK):
        t = ratio[row, first + s] if s < width else 1.0 + 0.0j
        a = 1.0 / t if at_from else t
        size = a.real**2 + a.imag**2
        taps[tap + _AR + _U(s)], taps[tap + _AI + _U(s)] = a.real, a.imag
        taps[tap + _DROP + _U(s)] = 1.0 if at_from else size
        taps[tap + _EARTH + _U(s)] = size if at_from else 1.0 / size


@_inner
def _start(work, bus, voltage, row, first, width, wrong):  # type: ignore[no-untyped-def]
    """Voltage of a slack, one for all steps or one for each."""
    for s in range(BLOCK):
        step = min(first + min(s, width - 1), voltage.shape[1] - 1)
        v = voltage[row, step]
        work[bus + _U(s)], work[bus + _UI + _U(s)] = v.real, v.imag
        wrong[s] += (v.real - v.real) + (v.imag - v.imag)


@_inner
def _copy_voltage(work, bus, parent):  # type: ignore[no-untyped-def]
    for s in range(_STEPS):
        work[bus + s] = work[parent + s]
        work[bus + _UI + s] = work[parent + _UI + s]


@_inner
def _give(work, bus, scale, state, row, first, width, real, imaginary):  # type: ignore[no-untyped-def]
    """Voltages of one bus in its own frame; NaN where the step did not end."""
    ar, ai = scale.real, scale.imag
    real, imaginary = real[row, first : first + width], imaginary[row, first : first + width]
    for s in range(real.size):
        ur, ui = work[bus + _U(s)], work[bus + _UI + _U(s)]
        real[s] = ar * ur - ai * ui + state[_U(s)]
    for s in range(imaginary.size):
        ur, ui = work[bus + _U(s)], work[bus + _UI + _U(s)]
        imaginary[s] = ar * ui + ai * ur + state[_U(s)]


@nb.njit(
    nb.void(
        _I, _I, _M, _B, _C, _I, _B, _CM, _CM, _M, _M,
        nb.float64, nb.float64, nb.int64, _M, _M, _B, _I,
    ),
    cache=True,
    error_model="numpy",
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
        Largest change of a voltage in the last sweep.
    limit : int
        Most sweeps.
    real, imaginary : (n_bus, n_step) float64, per unit
        Filled at the buses of ``order``; NaN at a step that did not converge.
    converged, iterations : (n_step,)
        Filled.
    """
    places, steps = order.size, active.shape[1]
    work = np.zeros(places * 6 * BLOCK + 8)
    work = work[(-work.ctypes.data // 8) % 8 :]  # rows at cache lines
    taps = np.empty(ratio.shape[0] * 4 * BLOCK)
    state, wrong = np.zeros(2 * BLOCK), np.zeros(BLOCK)
    for first in range(0, steps, BLOCK):
        width = min(BLOCK, steps - first)
        wrong[:] = 0.0
        for i in range(places):
            bus = _U(i) * _BUS
            _take(work, bus, active, reactive, order[i], first, width, per_unit, wrong)
            if parent[i] < 0:
                _start(work, bus, slack_voltage, -1 - parent[i], first, width, wrong)
            else:
                _copy_voltage(work, bus, _U(parent[i]) * _BUS)
            if tap[i] >= 0:
                _take_ratio(taps, _U(tap[i]) * _TAP, ratio, tap[i], first, width, at_from[i])
            _load(work, bus, table, i, mixed[i])
        state[:] = 0.0
        for s in range(width):
            if wrong[s] == 0.0:
                state[s] = 1.0
        for _ in range(limit):
            for i in range(places - 1, -1, -1):
                bus, up = _U(i) * _BUS, _U(max(parent[i], 0)) * _BUS
                if tap[i] >= 0:
                    g, b = table[7, i], table[8, i]
                    _add_tapped_child(work, bus, up, taps, _U(tap[i]) * _TAP, at_from[i], g, b)
                elif parent[i] >= 0:
                    _add_child(work, bus, up)
            state[BLOCK:] = 0.0
            for i in range(places):
                bus, up = _U(i) * _BUS, _U(max(parent[i], 0)) * _BUS
                r, x = table[0, i], table[1, i]
                if tap[i] >= 0:
                    _tapped_voltage(
                        work, bus, up, r, x, taps, _U(tap[i]) * _TAP, state, tolerance**2
                    )
                elif parent[i] >= 0:
                    _voltage(work, bus, up, r, x, state, tolerance**2)
                _load(work, bus, table, i, mixed[i])
            left = 0.0
            for s in range(width):
                iterations[first + s] += np.int64(state[s])
                state[s] *= state[BLOCK + s]
                left += state[s]
            if left == 0.0:
                break
        for s in range(width):
            converged[first + s] = state[s] == 0.0 and wrong[s] == 0.0
            state[s] = 0.0 if converged[first + s] else np.nan
        for i in range(places):
            _give(work, _U(i) * _BUS, scale[i], state, order[i], first, width, real, imaginary)


@_inner
def _load_all(work, table, mixed):  # type: ignore[no-untyped-def]
    """Currents of all places' own loads and shunts; the inner loops are over places here."""
    ur, ui, jr, ji, p, q = work[0], work[1], work[2], work[3], work[4], work[5]
    g, b = table[2], table[3]
    if mixed:
        power, current, impedance = table[4], table[5], table[6]
        for i in range(ur.size):
            jr[i], ji[i] = _mixed(
                p[i], q[i], ur[i], ui[i], g[i], b[i], power[i], current[i], impedance[i]
            )
    else:
        for i in range(ur.size):
            jr[i], ji[i] = _constant_power(p[i], q[i], ur[i], ui[i], g[i], b[i])


@nb.njit(
    nb.int64(
        _I, _I, _M, nb.boolean, _C, _C, _A, _A, nb.float64, nb.float64, nb.int64, _M, _A, _A,
    ),
    cache=True,
    error_model="numpy",
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
    """Voltages of one step, without blocks: the same numbers as :func:`sweep` gives.

    Parameters
    ----------
    mixed : bool
        Some load has shares of constant current or impedance.
    slack_voltage : (n_slack,) complex128, per unit
    active, reactive, real, imaginary : (n_bus,)
    work : (6, n_live) float64
        Changed: voltage, current and load of each place.

    Returns
    -------
    int
        How many sweeps it took; 0 where the voltages still moved after ``limit`` of them, which
        are then the last.
    """
    ur, ui, jr, ji = work[0], work[1], work[2], work[3]
    for i in range(order.size):
        v = (
            slack_voltage[-1 - parent[i]]
            if parent[i] < 0
            else complex(ur[parent[i]], ui[parent[i]])
        )
        ur[i], ui[i] = v.real, v.imag
        work[4, i], work[5, i] = active[order[i]] * per_unit, reactive[order[i]] * per_unit
    _load_all(work, table, mixed)
    took = 0
    for sweeps in range(1, limit + 1):
        for i in range(order.size - 1, -1, -1):
            k = parent[i]
            if k >= 0:
                jr[k] += jr[i]
                ji[k] += ji[i]
        moved = False
        for i in range(order.size):
            k = parent[i]
            if k < 0:
                continue
            r, x = table[0, i], table[1, i]
            vr, vi = ur[k] - (r * jr[i] - x * ji[i]), ui[k] - (r * ji[i] + x * jr[i])
            dr, di = vr - ur[i], vi - ui[i]
            moved |= not dr * dr + di * di <= tolerance**2
            ur[i], ui[i] = vr, vi
        if not moved:
            took = sweeps
            break
        _load_all(work, table, mixed)
    for i in range(order.size):
        ar, ai = scale[i].real, scale[i].imag
        real[order[i]], imaginary[order[i]] = ar * ur[i] - ai * ui[i], ar * ui[i] + ai * ur[i]
    return took
