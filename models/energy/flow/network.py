"""A network as a power flow sees it: buses and branches with their admittances, per unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]

LINE, TRANSFORMER, LEG = 0, 1, 2
"""Kinds of branch: rated by current, by apparent power, and so too but one leg of the star that a
transformer of three windings is, whose impedance may be negative."""


@dataclass(frozen=True)
class Network:
    """Buses and branches, balanced, as positive-sequence admittances.

    A branch is a π: ``series`` impedance between shunt admittances at its two ends, behind an ideal
    transformer of complex ``ratio`` at the *from* end, so that with ``y = 1 / series``::

        I_from = ((y + from_shunt) / |ratio|²) V_from - (y / conj(ratio)) V_to
        I_to   = -(y / ratio) V_from + (y + to_shunt) V_to

    This is MATPOWER's branch model, with the two shunts apart.

    Attributes
    ----------
    bus_names : (n_bus,) str
    nominal_voltage : (n_bus,) float64, V
        Phase to phase; the base of the bus's voltage.
    base_power : float, VA
        Three-phase base of all impedances.
    branch_names : (n_branch,) str
    from_bus, to_bus : (n_branch,) int64
    kind : (n_branch,) int64
        :data:`LINE`, :data:`TRANSFORMER` or :data:`LEG`.
    series : (n_branch,) complex128, per unit
    from_shunt, to_shunt : (n_branch,) complex128, per unit
    ratio : (n_branch,) complex128
        1 for a line; magnitude and angle of tap and phase shift for a transformer.
    rating : (n_branch,) float64
        Ampacity of a line, A; rated power of a transformer, VA. Infinite where unknown.
    closed : (n_branch,) bool
        In service and switched on.
    shunt : (n_bus,) complex128, per unit
        Admittance to earth of capacitors, reactors and wards.
    slack : (n_slack,) int64
        Buses whose voltage is given.
    slack_voltage : (n_slack,) complex128, per unit
    constant_current, constant_impedance : (n_bus,) float64, 1
        Shares of a bus's load that follow its voltage and its square; the rest is constant power.
    """

    bus_names: Names
    nominal_voltage: Floats
    base_power: float
    branch_names: Names
    from_bus: Rows
    to_bus: Rows
    kind: Rows
    series: Complex
    from_shunt: Complex
    to_shunt: Complex
    ratio: Complex
    rating: Floats
    closed: Flags
    shunt: Complex
    slack: Rows
    slack_voltage: Complex
    constant_current: Floats
    constant_impedance: Floats
