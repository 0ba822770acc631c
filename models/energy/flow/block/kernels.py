"""The workspace of a block of steps: its rows, and what is read into and written out of them."""

from __future__ import annotations

import numba as nb
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

BLOCK = 128
"""Steps in the inner loop; the rows of loads and results are read and written in pieces of 1 KiB,
below which memory is slow, and a bus's six rows take 6 KiB of the second-level cache."""

# The rows of a bus in the workspace, unsigned: an index that cannot be negative needs no wrapping,
# and offsets that the compiler knows let it prove that the rows do not overlap. Without both the
# inner loops are not vectorised. Load; load and all that hangs on the bus, later the voltage's
# parts; squared voltage; its fall from the parent, later the squared voltage after the last sweep.
U = np.uint64
STEPS = U(BLOCK)
P, Q, SP, SQ, V, D = (U(k * BLOCK) for k in range(6))
UR, UI, BUS = SP, SQ, U(6 * BLOCK)
# And of a branch whose ratio changes: parts of the voltage's factor, its square, the factors of the
# impedance and of the shunt at the *from* end.
AR, AI, A2, DROP, EARTH = (U(k * BLOCK) for k in range(5))
TAP = U(5 * BLOCK)
# And of the block: largest change in the last sweep, in the one before, who is under way (1),
# who has no voltages (1); squared voltage of the slack, where all start; parts of a leaf's voltage.
MOST, BEFORE, STATE, LOST, START, LEAF_R, LEAF_I = (U(k * BLOCK) for k in range(7))
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
def prefetch_row(values, row, begin):  # type: ignore[no-untyped-def]
    """The next block of a row. Rows are far apart, and the processor would not foresee it."""
    at = values.ctypes.data + (row * values.shape[1] + begin) * _NUMBERS
    for line in range(min(BLOCK, values.shape[1] - begin) * _NUMBERS // _LINE):
        _prefetch(at + line * _LINE)


@_inner
def take(work, bus, active, reactive, scale):  # type: ignore[no-untyped-def]
    """Loads of one bus for the block's steps, per unit; 0 past the last step."""
    for s in range(active.size):
        work[bus + P + U(s)] = active[s] * scale
    for s in range(reactive.size):
        work[bus + Q + U(s)] = reactive[s] * scale
    for s in range(active.size, BLOCK):
        work[bus + P + U(s)] = work[bus + Q + U(s)] = 0.0


@_inner
def take_ratio(taps, tap, ratio, row, first, width, at_from):  # type: ignore[no-untyped-def]
    """Factors of one tapped branch for the block's steps; 1 past the last step."""
    for s in range(BLOCK):
        t = ratio[row, first + s] if s < width else 1.0 + 0.0j
        a = 1.0 / t if at_from else t
        size = a.real**2 + a.imag**2
        taps[tap + AR + U(s)], taps[tap + AI + U(s)] = a.real, a.imag
        taps[tap + A2 + U(s)] = size
        taps[tap + DROP + U(s)] = 1.0 if at_from else size
        taps[tap + EARTH + U(s)] = size if at_from else 1.0 / size


@_inner
def _slack_at(voltage, row, step):  # type: ignore[no-untyped-def]
    """Voltage of a slack, one for all steps or one for each."""
    return voltage[row, min(step, voltage.shape[1] - 1)]


@_inner
def start(work, bus, voltage, row, first, width):  # type: ignore[no-untyped-def]
    """Squared voltage of a slack; NaN where its own load is not finite."""
    for s in range(BLOCK):
        v = _slack_at(voltage, row, first + min(s, width - 1))
        own = work[bus + P + U(s)] + work[bus + Q + U(s)]
        work[bus + V + U(s)] = v.real**2 + v.imag**2 + (own - own)


@_inner
def start_finish(work, bus, voltage, row, first, width):  # type: ignore[no-untyped-def]
    """Voltage of a slack, from which the last forward sweep starts."""
    for s in range(BLOCK):
        v = _slack_at(voltage, row, first + min(s, width - 1))
        work[bus + UR + U(s)], work[bus + UI + U(s)] = v.real, v.imag
        work[bus + D + U(s)] = work[bus + V + U(s)]


@_inner
def copy_voltage(work, bus, up):  # type: ignore[no-untyped-def]
    """Start from the squared voltage of the parent."""
    for s in range(STEPS):
        work[bus + V + s] = work[up + V + s]


@_inner
def give(parts, at_real, at_imaginary, scale, real, imaginary):  # type: ignore[no-untyped-def]
    """Voltages of one bus in its own frame."""
    ar, ai = scale.real, scale.imag
    for s in range(real.size):
        ur, ui = parts[at_real + U(s)], parts[at_imaginary + U(s)]
        real[s] = ar * ur - ai * ui
    for s in range(imaginary.size):
        ur, ui = parts[at_real + U(s)], parts[at_imaginary + U(s)]
        imaginary[s] = ar * ui + ai * ur


@_inner
def give_magnitude(work, bus, scale, magnitude):  # type: ignore[no-untyped-def]
    """Magnitude of the voltage of one bus in its own frame."""
    size = np.sqrt(scale.real**2 + scale.imag**2)
    for s in range(magnitude.size):
        magnitude[s] = size * np.sqrt(work[bus + D + U(s)])
