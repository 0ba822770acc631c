"""What a power flow found: voltages, and on demand what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.energy.flow.branch import kernels
from models.energy.flow.network import TRANSFORMER, Complex, Flags, Floats, Network, Rows
from twin.errors import ConfigError


class Branches:
    """The branches of a network as they stand while some steps are solved.

    Parameters
    ----------
    network
    closed : (n_branch,) bool
    ratio : (n_branch,) complex128
    rows, values : (n_tap,) int64, (n_tap, n_step) complex128
        Branches whose ratio changes from step to step, and theirs at each step.
    """

    def __init__(
        self, network: Network, closed: Flags, ratio: Complex, rows: Rows, values: Complex
    ) -> None:
        self.network, self.closed, self.ratio, self.rows = network, closed, ratio, rows
        self.tap = np.full(len(closed), -1, dtype=np.int64)
        self.tap[rows] = np.arange(len(rows))
        self.inverse = np.ascontiguousarray(1.0 / values)

    @cached_property
    def table(self) -> Complex:
        """Series admittance, shunts at the two ends, 1 / ratio; (n_branch, 4), per unit."""
        n = self.network
        return np.stack([1.0 / n.series, n.from_shunt, n.to_shunt, 1.0 / self.ratio], axis=1)

    @cached_property
    def share(self) -> Floats:
        """1 / rating² at the two ends; (n_branch, 2), per unit."""
        n = self.network
        ends = np.stack([n.nominal_voltage[n.from_bus], n.nominal_voltage[n.to_bus]], axis=1)
        unit = np.where(n.kind[:, None] == TRANSFORMER, 1.0, np.sqrt(3.0) * ends)
        return (n.base_power / (unit * n.rating[:, None])) ** 2


@dataclass(frozen=True)
class Result:
    """Voltages of one step or of many; the rest is computed when it is asked for.

    Arrays have a last axis of steps, unless one step alone was solved. At a step that did not
    converge all is NaN.

    Attributes
    ----------
    parts : tuple of (n_bus, n_step) float64, per unit
        Real and imaginary parts of the voltage, or its magnitude alone, with the axis of steps
        always; 0 without supply.
    converged_steps : (n_step,) bool
    sweeps : (n_step,) int64
        Iterations of each step.
    supplied : (n_bus,) bool
    branches
        Switches and ratios that this was solved with.
    active, reactive : (n_bus, n_step) float64, W and var
        The loads that were given.
    single
        One step alone was solved.
    """

    parts: tuple[Floats, ...]
    converged_steps: Flags
    sweeps: Rows
    supplied: Flags
    branches: Branches
    active: Floats
    reactive: Floats
    single: bool

    @cached_property
    def voltage(self) -> Floats:
        """Magnitude, per unit; 0 without supply; (n_bus[, n_step])."""
        if len(self.parts) == 1:
            return self._shaped(self.parts[0])
        out = np.empty_like(self.real)
        kernels.magnitude(self.real, self.imaginary, out)
        return self._shaped(out)

    @property
    def steps(self) -> int:
        """How many steps were solved."""
        return len(self.converged_steps)

    @property
    def real(self) -> Floats:
        """Real part of the voltage, per unit; (n_bus, n_step)."""
        return self._part(0)

    @property
    def imaginary(self) -> Floats:
        """Imaginary part of the voltage, per unit; (n_bus, n_step)."""
        return self._part(1)

    def _part(self, which: int) -> Floats:
        if len(self.parts) == 1:
            raise ConfigError(
                "angles and flows were asked of a power flow that was solved for magnitudes",
                allowed="voltage, demand",
                mend="solve it with want='complex'",
            )
        return self.parts[which]

    @cached_property
    def angle(self) -> Floats:
        """Angle of the voltage, rad; 0 without supply; (n_bus[, n_step])."""
        return self._shaped(np.arctan2(self.imaginary, self.real))

    @property
    def complex_voltage(self) -> Complex:
        """Per unit; (n_bus[, n_step])."""
        out: Complex = self.real + 1j * self.imaginary
        return out[:, 0] if self.single else out

    @property
    def converged(self) -> bool | Flags:
        """Whether the step converged; (n_step,) for many."""
        return bool(self.converged_steps[0]) if self.single else self.converged_steps

    @property
    def iterations(self) -> int | Rows:
        """Sweeps or Newton steps that it took; (n_step,) for many."""
        return int(self.sweeps[0]) if self.single else self.sweeps

    def loading(self) -> Floats:
        """Loading of each branch by its more loaded end, 1; (n_branch[, n_step]).

        A line's is its current over the ampacity, a transformer's its apparent power over the rated
        power.
        """
        return self._shaped(self._flows[0])

    def losses(self) -> Floats:
        """Active power lost in each branch, W; (n_branch[, n_step])."""
        return self._shaped(self._flows[1])

    @cached_property
    def _flows(self) -> tuple[Floats, Floats]:
        """Loading and losses, which follow from the same currents."""
        b, n = self.branches, self.branches.network
        loading, losses = np.empty((2, len(b.closed), self.steps))
        kernels.flows(*self._ends(), n.kind, b.share, n.base_power, loading, losses)
        return loading, losses

    def total_losses(self) -> Floats:
        """Active power lost in all branches, W; () or (n_step,)."""
        total: Floats = self.losses().sum(axis=0)
        return total

    def powers(self) -> tuple[Complex, Complex]:
        """Apparent power into each branch at its *from* and *to* end, W and var.

        Both (n_branch[, n_step]).
        """
        size = (len(self.branches.closed), self.steps)
        ends = np.empty(size, dtype=np.complex128), np.empty(size, dtype=np.complex128)
        kernels.powers(*self._ends(), self.branches.network.base_power, *ends)
        return (ends[0][:, 0], ends[1][:, 0]) if self.single else ends

    def infeed(self) -> Complex:
        """Apparent power that each slack gives, W and var; (n_slack[, n_step])."""
        n = self.branches.network
        at_from, at_to = self.powers()
        total = self.demand() + self._shunts()
        np.add.at(total, n.from_bus, at_from)
        np.add.at(total, n.to_bus, at_to)
        slack: Complex = total[n.slack]
        return slack

    def demand(self) -> Complex:
        """What the loads draw at these voltages, W and var; 0 without supply; (n_bus[, n_step])."""
        n = self.branches.network
        given = self.active + 1j * self.reactive
        level = self.voltage if not self.single else self.voltage[:, None]
        current, impedance = n.constant_current[:, None], n.constant_impedance[:, None]
        share = (1.0 - current - impedance) + current * level + impedance * level**2
        drawn = np.where(self.supplied[:, None], share * given, 0.0)
        return drawn[:, 0] if self.single else drawn

    def _shunts(self) -> Complex:
        """What capacitors and reactors at the buses draw."""
        n = self.branches.network
        size = n.base_power * n.shunt.conj()
        level = self.voltage
        drawn: Complex = (size if self.single else size[:, None]) * level**2
        return drawn

    def _ends(self) -> tuple[Floats, Floats, Rows, Rows, Complex, Complex, Rows, Flags]:
        b, n = self.branches, self.branches.network
        return (
            self.real,
            self.imaginary,
            n.from_bus,
            n.to_bus,
            b.table,
            b.inverse,
            b.tap,
            b.closed,
        )

    def _shaped(self, values: Floats) -> Floats:
        return values[:, 0] if self.single else values
