"""Backward/forward sweep of powers over a forest: many steps at once in blocks.

The branch flow equations of Baran & Wu (1989, doi:10.1109/61.25627): powers with their losses are
summed from the ends of the feeders to the slack, with ``l = (P² + Q²) / v`` the squared current and
``v`` the squared voltage of a bus; then ``v = v_parent - 2 (r P + x Q) - |z|² l`` from the slack to
the ends. Powers hardly depend on voltages where currents do, so that a sweep gains three digits or
so where one of currents gains one or two. The last sweep gives the complex voltages as well,
``U = U_parent (v + conj(z) S) / v_parent``. Buses stand parent before child; voltages are in the
frame of their slack, see :func:`models.energy.flow.graph.kernels.arrange`.

Numba keeps what it compiled by the date of this file alone: who changes ``block``, ``ending`` or
``passes`` touches it too.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from models.energy.flow.block.kernels import (
    BEFORE,
    BLOCK,
    BUS,
    LEAF_I,
    LEAF_R,
    LOST,
    MOST,
    STATE,
    STEPS,
    TAP,
    UI,
    UR,
    U,
    copy_voltage,
    give,
    give_magnitude,
    prefetch_row,
    start,
    start_finish,
    take,
    take_ratio,
)
from models.energy.flow.ending.kernels import ended
from models.energy.flow.passes.kernels import (
    backwards,
    finishes,
    finishes_square,
    first_sweep,
    forwards,
    hanging,
    roots,
)

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_I = nb.int64[::1]
_M = nb.float64[:, ::1]
_C = nb.complex128[::1]
_CM = nb.complex128[:, ::1]
_B = nb.boolean[::1]


_inner = nb.njit(error_model="numpy", fastmath={"contract"})


@_inner
def _judge(block, width, tolerance, after):  # type: ignore[no-untyped-def]
    """Who needs no further sweep but the last one, and how many are still under way.

    The change of the next sweep is foretold from the last two, and after the last sweep seen.
    """
    left = 0
    for s in range(U(width)):
        change, before = block[MOST + s], block[BEFORE + s]
        if after:
            ends = ended(change, before, tolerance)
            block[STATE + s] = 0.0 if ends or block[LOST + s] > 0.0 else 1.0
            left += block[STATE + s] > 0.0
        elif block[STATE + s] > 0.0:
            coming = change * change / before
            ends = change <= tolerance or (
                coming < 0.1 * change and ended(4.0 * coming, change, tolerance)
            )
            lost = not change < np.inf
            block[LOST + s] = 1.0 if lost else 0.0
            block[STATE + s] = 0.0 if ends or lost else 1.0
            block[BEFORE + s] = change
            left += block[STATE + s] > 0.0
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
    shape, root = hanging(parent, mixed, tap), roots(parent)
    plain, leaf = not shape[0].any(), shape[1]
    for begin in range(0, steps, BLOCK):
        width = min(BLOCK, steps - begin)
        end = begin + width
        for i in range(places):
            bus, row = U(i) * BUS, order[i]
            if parent[i] < 0 or not plain:
                take(work, bus, active[row, begin:end], reactive[row, begin:end], per_unit)
            if parent[i] < 0:
                start(work, bus, slack_voltage, -1 - parent[i], begin, width)
            elif not plain:
                copy_voltage(work, bus, U(parent[i]) * BUS)
            if tap[i] >= 0:
                take_ratio(taps, U(tap[i]) * TAP, ratio, tap[i], begin, width, at_from[i])
        block[:] = 0.0
        for s in range(width):
            block[STATE + U(s)] = 1.0
        sweeps, left = 1, width
        while sweeps < limit:
            while left > 0 and sweeps < limit:
                if plain and sweeps == 1:
                    first_sweep(
                        work, order, parent, root, table, block, shape,
                        (active, reactive), begin, end, per_unit,
                    )  # fmt: skip
                else:
                    backwards(work, parent, table, tap, at_from, taps, block, shape)
                    if left == width:
                        forwards(work, parent, tap, taps, block, False)
                    else:
                        forwards(work, parent, tap, taps, block, True)
                sweeps += 1
                for s in range(width):
                    iterations[begin + s] += np.int64(block[STATE + U(s)])
                left = _judge(block, width, tolerance, False)
            backwards(work, parent, table, tap, at_from, taps, block, shape)
            block[MOST : MOST + STEPS] = 0.0
            for i in range(places):
                bus, row = U(i) * BUS, order[i]
                if end < steps:
                    prefetch_row(active, row, end)
                    prefetch_row(reactive, row, end)
                if parent[i] < 0:
                    start_finish(work, bus, slack_voltage, -1 - parent[i], begin, width)
                elif magnitudes:
                    finishes_square(work, parent, tap, taps, block, i)
                else:
                    finishes(work, parent, table, tap, at_from, taps, leaf, block, i)
                if magnitudes:
                    give_magnitude(work, bus, scale[i], real[row, begin:end])
                    continue
                out = real[row, begin:end], imaginary[row, begin:end]
                if leaf[i] and parent[i] >= 0:
                    give(block, LEAF_R, LEAF_I, scale[i], *out)
                else:
                    give(work, bus + UR, bus + UI, scale[i], *out)
            left = _judge(block, width, tolerance, True)
            if left == 0:
                break
        for s in range(width):
            converged[begin + s] = block[STATE + U(s)] == 0.0 and block[LOST + U(s)] == 0.0
            iterations[begin + s] += 1
