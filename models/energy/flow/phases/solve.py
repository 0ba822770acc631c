"""The power flow of three phases with different loads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Rows
from models.energy.flow.phases import kernels
from models.energy.flow.phases.network import PhaseNetwork, unbalance
from models.energy.flow.tree import Forest, check
from twin.errors import ConfigError, ModelError


@dataclass(frozen=True)
class PhaseResult:
    """Voltages of the phases.

    Attributes
    ----------
    complex_voltage : (n_bus, 3, n_step) complex128, per unit of the phase voltage
        0 without supply, NaN at a step that did not converge.
    converged : (n_step,) bool
    iterations : (n_step,) int64
    """

    complex_voltage: Complex
    converged: Flags
    iterations: Rows

    @property
    def voltage(self) -> Floats:
        """Magnitude, per unit; (n_bus, 3, n_step)."""
        size: Floats = np.abs(self.complex_voltage)
        return size

    @property
    def unbalance(self) -> Floats:
        """Voltage unbalance factor, 1; (n_bus, n_step)."""
        return unbalance(self.complex_voltage)


class PhasePowerFlow:
    """Solves a radial network in three phases.

    Parameters
    ----------
    network
    tolerance : float, per unit
        Largest change of a phase voltage in the last sweep.
    iterations
        Most sweeps.

    Raises
    ------
    DataError
        The network is none, see :func:`models.energy.flow.tree.check`.
    ModelError
        It is meshed: open a switch, or solve it balanced.
    """

    def __init__(
        self, network: PhaseNetwork, *, tolerance: float = 1e-9, iterations: int = 100
    ) -> None:
        balanced = network.balanced
        check(balanced)
        self.network, self._tolerance, self._limit = network, tolerance, iterations
        tree = Forest(balanced).tree(balanced.closed, np.ones(len(balanced.slack), bool))
        if len(tree.loops):
            raise ModelError(
                f"the network is meshed: {str(balanced.branch_names[tree.loops[0]])!r} closes a"
                " loop",
                allowed="a radial network in three phases",
                mend="open a switch in the loop",
            )
        self._tree = tree
        self._impedance, self._connection, self._earth = self._blocks()
        turn = np.exp(-2j * np.pi / 3.0 * np.arange(3))
        self._slack = np.ascontiguousarray(balanced.slack_voltage[:, None] * turn)

    @property
    def supplied(self) -> Flags:
        """Buses that a slack reaches; (n_bus,) bool."""
        return self._tree.supplied

    def solve(self, active: Floats, reactive: Floats) -> PhaseResult:
        """Voltages of many steps.

        Parameters
        ----------
        active, reactive : (n_bus, 3, n_step) float64, W and var
            Between phase and neutral, consumption positive.

        Raises
        ------
        ConfigError
            Other shapes.
        """
        n, tree = self.network.balanced, self._tree
        wanted = (len(n.bus_names), 3)
        if active.ndim != 3 or active.shape[:2] != wanted or active.shape != reactive.shape:
            raise ConfigError(
                f"loads of the shapes {active.shape} and {reactive.shape}",
                allowed=f"{wanted[0]} buses, 3 phases, and the same steps in both",
            )
        steps = active.shape[2]
        voltage = np.zeros(active.shape, dtype=np.complex128)
        converged, sweeps = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=np.int64)
        kernels.sweep(
            tree.order,
            tree.parent,
            self._impedance,
            self._connection,
            self._earth,
            self._slack,
            np.ascontiguousarray(active, dtype=np.float64),
            np.ascontiguousarray(reactive, dtype=np.float64),
            3.0 / n.base_power,
            self._tolerance,
            self._limit,
            voltage,
            converged,
            sweeps,
        )
        voltage[:, :, ~converged] = np.nan
        return PhaseResult(voltage, converged, sweeps)

    def _blocks(self) -> tuple[Complex, Complex, Complex]:
        """Impedance, connection and shunt of each place, seen from its bus."""
        network, tree = self.network, self._tree
        n, joins = network.balanced, network.connection()
        earth = np.zeros((len(n.bus_names), 3, 3), dtype=np.complex128)
        earth[:] = n.shunt[:, None, None] * np.eye(3)
        fed = tree.feed >= 0
        branch, bus = tree.feed[fed], tree.order[fed]
        forward = n.to_bus[branch] == bus
        turned = branch[~forward & (np.abs(n.ratio[branch] - 1.0) > 1e-12)]
        if len(turned):
            raise ModelError(
                f"the transformer {str(n.branch_names[turned[0]])!r} is fed from its low voltage",
                allowed="three phases fed from the high voltage",
            )
        np.add.at(earth, n.to_bus[branch], network.to_shunt[branch])
        size = (np.abs(n.ratio[branch]) ** 2)[:, None, None]
        np.add.at(earth, n.from_bus[branch], network.from_shunt[branch] / size)
        impedance = np.zeros((len(tree.order), 3, 3), dtype=np.complex128)
        connection = np.zeros_like(impedance)
        impedance[fed] = network.series[branch]
        connection[fed] = joins[branch]
        if network.source is not None:
            impedance[~fed] = network.source[-1 - tree.parent[~fed]]
        return impedance, connection, np.ascontiguousarray(earth[tree.order])
