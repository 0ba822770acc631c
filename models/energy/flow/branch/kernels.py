"""What flows in the branches, from the voltages at their ends."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_I = nb.int64[::1]
_M = nb.float64[:, ::1]
_CM = nb.complex128[:, ::1]
_B = nb.boolean[::1]
_BRANCHES = (_M, _M, _I, _I, _CM, _CM, _I, _B)

_inner = nb.njit(error_model="numpy")


@_inner
def _times(ar, ai, br, bi):  # type: ignore[no-untyped-def]
    return ar * br - ai * bi, ar * bi + ai * br


@_inner
def _currents(k, s, real, imaginary, a, b, table, inverse, tap):  # type: ignore[no-untyped-def]
    """Currents into the branch at its two ends, parts apart; per unit."""
    t = inverse[tap, s] if tap >= 0 else table[k, 3]
    y, first, second = table[k, 0], table[k, 1], table[k, 2]
    ur, ui = _times(t.real, t.imag, real[a, s], imaginary[a, s])
    vr, vi = real[b, s], imaginary[b, s]
    jr, ji = _times(y.real, y.imag, ur - vr, ui - vi)
    er, ei = _times(first.real, first.imag, ur, ui)
    fr, fi = _times(second.real, second.imag, vr, vi)
    ir, ii = _times(t.real, -t.imag, jr + er, ji + ei)
    return ir, ii, fr - jr, fi - ji


@nb.njit(nb.void(*_BRANCHES, _I, _M, nb.float64, _M, _M), cache=True, error_model="numpy")
def flows(
    real: Floats,
    imaginary: Floats,
    from_bus: Rows,
    to_bus: Rows,
    table: Complex,
    inverse: Complex,
    tap: Rows,
    closed: Flags,
    kind: Rows,
    share: Floats,
    base: float,
    loading: Floats,
    losses: Floats,
) -> None:
    """Loading of each branch by the end that carries more, and the active power lost in it.

    Parameters
    ----------
    real, imaginary : (n_bus, n_step) float64, per unit
    from_bus, to_bus : (n_branch,) int64
    table : (n_branch, 4) complex128, per unit
        Series admittance, shunts at the two ends, 1 / ratio.
    inverse : (n_tap, n_step) complex128
        1 / ratio where it changes from step to step.
    tap : (n_branch,) int64
        Row in ``inverse``, -1 where the table has it.
    closed : (n_branch,) bool
    kind : (n_branch,) int64
        0 is loaded by current, others by apparent power.
    share : (n_branch, 2) float64, per unit
        1 / rating² at the two ends.
    base : float, W
    loading, losses : (n_branch, n_step) float64, 1 and W
        Filled; 0 where open.
    """
    for k in range(kind.size):
        a, b = from_bus[k], to_bus[k]
        for s in range(loading.shape[1]):
            if not closed[k]:
                loading[k, s] = losses[k, s] = 0.0
                continue
            ir, ii, jr, ji = _currents(k, s, real, imaginary, a, b, table, inverse, tap[k])
            vr, vi, wr, wi = real[a, s], imaginary[a, s], real[b, s], imaginary[b, s]
            losses[k, s] = base * ((vr * ir + vi * ii) + (wr * jr + wi * ji))
            first, second = share[k, 0] * (ir * ir + ii * ii), share[k, 1] * (jr * jr + ji * ji)
            if kind[k] != 0:
                first *= vr * vr + vi * vi
                second *= wr * wr + wi * wi
            loading[k, s] = np.sqrt(max(first, second))


@nb.njit(nb.void(*_BRANCHES, nb.float64, _CM, _CM), cache=True, error_model="numpy")
def powers(
    real: Floats,
    imaginary: Floats,
    from_bus: Rows,
    to_bus: Rows,
    table: Complex,
    inverse: Complex,
    tap: Rows,
    closed: Flags,
    base: float,
    at_from: Complex,
    at_to: Complex,
) -> None:
    """Apparent power into each branch at its two ends; (n_branch, n_step) W and var."""
    for k in range(closed.size):
        for s in range(at_from.shape[1]):
            at_from[k, s] = at_to[k, s] = 0.0
            if closed[k]:
                a, b = from_bus[k], to_bus[k]
                ir, ii, jr, ji = _currents(k, s, real, imaginary, a, b, table, inverse, tap[k])
                at_from[k, s] = base * complex(real[a, s], imaginary[a, s]) * complex(ir, -ii)
                at_to[k, s] = base * complex(real[b, s], imaginary[b, s]) * complex(jr, -ji)


@nb.njit(nb.void(_M, _M, _M), cache=True)
def magnitude(real: Floats, imaginary: Floats, out: Floats) -> None:
    """``|real + j imaginary|``; (n_bus, n_step)."""
    for i in range(out.shape[0]):
        for s in range(out.shape[1]):
            out[i, s] = np.sqrt(real[i, s] * real[i, s] + imaginary[i, s] * imaginary[i, s])
