"""Backward/forward sweep of currents in three phases, many steps at once."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BLOCK = 64
"""Steps in the inner loop."""

_inner = nb.njit(error_model="numpy", fastmath={"contract"})
_I = nb.int64[::1]
_C3 = nb.complex128[:, :, ::1]


@_inner
def _add_product(matrix, real, imaginary, to_real, to_imaginary, turned):  # type: ignore[no-untyped-def]
    """Add ``M x`` or, turned, ``M^H x``; x and the sum are (3, BLOCK) in two parts."""
    for p in range(3):
        for q in range(3):
            m = matrix[q, p].conjugate() if turned else matrix[p, q]
            a, b = m.real, m.imag
            if a == 0.0 and b == 0.0:
                continue
            for s in range(BLOCK):
                x, y = real[q, s], imaginary[q, s]
                to_real[p, s] += a * x - b * y
                to_imaginary[p, s] += a * y + b * x


@nb.njit(
    nb.void(
        _I, _I, _C3, _C3, _C3, nb.complex128[:, ::1], nb.float64[:, :, ::1], nb.float64[:, :, ::1],
        nb.float64, nb.float64, nb.int64, nb.complex128[:, :, ::1], nb.boolean[::1], _I,
    ),
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)  # fmt: skip
def sweep(
    order: Rows,
    parent: Rows,
    impedance: Complex,
    connection: Complex,
    earth: Complex,
    slack_voltage: Complex,
    active: Floats,
    reactive: Floats,
    per_unit: float,
    tolerance: float,
    limit: int,
    voltage: Complex,
    converged: Flags,
    iterations: Rows,
) -> None:
    """Phase voltages of many steps.

    Parameters
    ----------
    order, parent : (n_live,) int64
        Bus at each place, parent before child, and the place of its parent; ``-1 - slack`` at a
        slack.
    impedance, connection : (n_live, 3, 3) complex128, per unit
        Of the branch to the parent: ``V = C V_parent - Z J``, and ``C^H J`` flows in the parent.
        At a slack, the impedance behind which its voltage stands: ``V = V_slack - Z J``.
    earth : (n_live, 3, 3) complex128, per unit
        Admittance to earth at the bus.
    slack_voltage : (n_slack, 3) complex128, per unit of the phase voltage
    active, reactive : (n_bus, 3, n_step) float64, W and var
        Between phase and neutral.
    per_unit : float
        3 over the three-phase base power.
    tolerance : float, per unit
        Largest change of a phase voltage in the last sweep.
    limit : int
    voltage : (n_bus, 3, n_step) complex128
        Filled at the buses of ``order``.
    converged, iterations : (n_step,)
        Filled.
    """
    places, steps = order.size, active.shape[2]
    ur, ui = np.empty((places, 3, BLOCK)), np.empty((places, 3, BLOCK))
    jr, ji = np.empty((places, 3, BLOCK)), np.empty((places, 3, BLOCK))
    load_p, load_q = np.zeros((places, 3, BLOCK)), np.zeros((places, 3, BLOCK))
    new_r, new_i = np.empty((3, BLOCK)), np.empty((3, BLOCK))
    most, under_way = np.empty(BLOCK), np.empty(BLOCK)
    for begin in range(0, steps, BLOCK):
        width = min(BLOCK, steps - begin)
        load_p[:], load_q[:] = 0.0, 0.0
        for i in range(places):
            for p in range(3):
                for s in range(width):
                    load_p[i, p, s] = active[order[i], p, begin + s] * per_unit
                    load_q[i, p, s] = reactive[order[i], p, begin + s] * per_unit
            if parent[i] < 0:
                for p in range(3):
                    ur[i, p, :] = slack_voltage[-1 - parent[i], p].real
                    ui[i, p, :] = slack_voltage[-1 - parent[i], p].imag
            else:
                ur[i], ui[i] = 0.0, 0.0
                _add_product(connection[i], ur[parent[i]], ui[parent[i]], ur[i], ui[i], False)
        for s in range(BLOCK):
            under_way[s] = 1.0 if s < width else 0.0
        for _ in range(limit):
            for i in range(places):
                for p in range(3):
                    for s in range(BLOCK):
                        u, v = ur[i, p, s], ui[i, p, s]
                        size = 1.0 / (u * u + v * v)
                        jr[i, p, s] = (load_p[i, p, s] * u + load_q[i, p, s] * v) * size
                        ji[i, p, s] = (load_p[i, p, s] * v - load_q[i, p, s] * u) * size
                _add_product(earth[i], ur[i], ui[i], jr[i], ji[i], False)
            for i in range(places - 1, -1, -1):
                k = parent[i]
                if k >= 0:
                    _add_product(connection[i], jr[i], ji[i], jr[k], ji[k], True)
            most[:] = 0.0
            for i in range(places):
                k = parent[i]
                new_r[:], new_i[:] = 0.0, 0.0
                _add_product(-impedance[i], jr[i], ji[i], new_r, new_i, False)
                if k < 0:
                    for p in range(3):
                        new_r[p] += slack_voltage[-1 - k, p].real
                        new_i[p] += slack_voltage[-1 - k, p].imag
                else:
                    _add_product(connection[i], ur[k], ui[k], new_r, new_i, False)
                for p in range(3):
                    for s in range(BLOCK):
                        u, v = new_r[p, s] - ur[i, p, s], new_i[p, s] - ui[i, p, s]
                        change = u * u + v * v
                        change = change if change < np.inf else np.inf  # NaN too
                        most[s] = most[s] if change <= most[s] else change
                        going = under_way[s] > 0.0
                        ur[i, p, s] = new_r[p, s] if going else ur[i, p, s]
                        ui[i, p, s] = new_i[p, s] if going else ui[i, p, s]
            left = 0.0
            for s in range(width):
                iterations[begin + s] += np.int64(under_way[s])
                if most[s] <= tolerance * tolerance:
                    under_way[s] = 0.0
                left += under_way[s]
            if left == 0.0:
                break
        for s in range(width):
            converged[begin + s] = under_way[s] == 0.0
        for i in range(places):
            for p in range(3):
                for s in range(width):
                    voltage[order[i], p, begin + s] = complex(ur[i, p, s], ui[i, p, s])
