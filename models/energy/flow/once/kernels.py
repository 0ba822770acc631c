"""The sweep of :mod:`models.energy.flow.steps.kernels` for one step alone, without blocks."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from models.energy.flow.ending.kernels import ended, larger

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]

_I = nb.int64[::1]
_A = nb.float64[::1]
_M = nb.float64[:, ::1]
_C = nb.complex128[::1]


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
                change = larger(change, v, square[i])
                square[i] = v
        if not change < np.inf:
            break
        if ended(change, before, tolerance):
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
