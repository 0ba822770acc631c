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
def _currents(k, s, real, imaginary, a, b, table, inverse, tap):  # type: ignore[no-untyped-def]
    """Currents into the branch at its two ends, and the voltages there; per unit."""
    vf, vt = complex(real[a, s], imaginary[a, s]), complex(real[b, s], imaginary[b, s])
    t = inverse[tap, s] if tap >= 0 else table[k, 3]
    inner = vf * t
    across = table[k, 0] * (inner - vt)
    return (across + table[k, 1] * inner) * t.conjugate(), table[k, 2] * vt - across, vf, vt


@nb.njit(nb.void(*_BRANCHES, _I, _M, _M), cache=True, error_model="numpy")
def loading(
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
    out: Floats,
) -> None:
    """Loading of each branch by the end that carries more.

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
        0 by current, 1 by apparent power.
    share : (n_branch, 2) float64, per unit
        1 / rating² at the two ends.
    out : (n_branch, n_step) float64, 1
        0 where open.
    """
    for k in range(kind.size):
        for s in range(out.shape[1]):
            out[k, s] = 0.0
            if not closed[k]:
                continue
            i, j, v, w = _currents(
                k, s, real, imaginary, from_bus[k], to_bus[k], table, inverse, tap[k]
            )
            first, second = i.real**2 + i.imag**2, j.real**2 + j.imag**2
            if kind[k] == 1:
                first *= v.real**2 + v.imag**2
                second *= w.real**2 + w.imag**2
            out[k, s] = np.sqrt(max(first * share[k, 0], second * share[k, 1]))


@nb.njit(nb.void(*_BRANCHES, nb.float64, _M), cache=True, error_model="numpy")
def losses(
    real: Floats,
    imaginary: Floats,
    from_bus: Rows,
    to_bus: Rows,
    table: Complex,
    inverse: Complex,
    tap: Rows,
    closed: Flags,
    base: float,
    out: Floats,
) -> None:
    """Active power that enters each branch and does not leave it; (n_branch, n_step) W."""
    for k in range(closed.size):
        for s in range(out.shape[1]):
            out[k, s] = 0.0
            if closed[k]:
                i, j, v, w = _currents(
                    k, s, real, imaginary, from_bus[k], to_bus[k], table, inverse, tap[k]
                )
                out[k, s] = base * (
                    (v.real * i.real + v.imag * i.imag) + (w.real * j.real + w.imag * j.imag)
                )


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
                i, j, v, w = _currents(
                    k, s, real, imaginary, from_bus[k], to_bus[k], table, inverse, tap[k]
                )
                at_from[k, s] = base * v * i.conjugate()
                at_to[k, s] = base * w * j.conjugate()


@nb.njit(nb.void(_M, _M, _M), cache=True)
def magnitude(real: Floats, imaginary: Floats, out: Floats) -> None:
    """``|real + j imaginary|``; (n_bus, n_step)."""
    for i in range(out.shape[0]):
        for s in range(out.shape[1]):
            out[i, s] = np.sqrt(real[i, s] * real[i, s] + imaginary[i, s] * imaginary[i, s])
