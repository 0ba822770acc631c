"""The power flow of a network: radial ones by the sweep, meshed ones by power-grid-model."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from models.energy.flow.meshed import Meshed
from models.energy.flow.network import Complex, Flags, Floats, Network, Rows
from models.energy.flow.result import Branches, Result
from models.energy.flow.sweep import Sweep, Voltages
from models.energy.flow.tree import Forest, Tree, check
from twin.errors import ConfigError, ModelError

Method = Literal["auto", "sweep", "meshed"]
Islands = Literal["unsupplied", "error"]
Want = Literal["complex", "magnitude"]

WANTS: tuple[str, ...] = get_args(Want)

_NO_ROWS = np.empty(0, dtype=np.int64)
_NO_VALUES = np.empty((0, 1), dtype=np.complex128)


class PowerFlow:
    """Solves a network again and again, with other loads, switches, ratios and slack voltages.

    Parameters
    ----------
    network
    tolerance : float, per unit
        Largest change of a voltage in the last iteration.
    iterations
        Most sweeps or Newton steps of a step.
    method
        ``auto`` sweeps while the network is radial; ``sweep`` refuses a meshed one; ``meshed``
        always asks power-grid-model.

    Raises
    ------
    DataError
        The network is none, see :func:`models.energy.flow.tree.check`.
    """

    def __init__(
        self,
        network: Network,
        *,
        tolerance: float = 1e-9,
        iterations: int = 100,
        method: Method = "auto",
    ) -> None:
        check(network)
        self.network = network
        self._tolerance, self._limit, self._method = tolerance, iterations, method
        self._forest = Forest(network)
        self._ratio = network.ratio
        self._mesh: Meshed | None = None
        self._sweep: Sweep | None = None
        self.switch(network.closed)

    @property
    def supplied(self) -> Flags:
        """Buses that a slack in service reaches; (n_bus,) bool."""
        return self._tree.supplied

    @property
    def radial(self) -> bool:
        """Whether each supplied bus is reached on one way only."""
        return len(self._tree.loops) == 0

    @property
    def loops(self) -> Rows:
        """Branches that close a loop or join two slacks; (n_loop,) int64."""
        return self._tree.loops

    @property
    def ratio(self) -> Complex:
        """Ratios of the branches, (n_branch,) complex128; set them to change taps for good."""
        return self._ratio

    @ratio.setter
    def ratio(self, ratio: Complex) -> None:
        self._ratio = np.array(ratio, dtype=np.complex128)
        self._prepare()

    def switch(self, closed: Flags, live: Flags | None = None) -> None:
        """Set the switches, and which slacks are in service; (n_branch,) and (n_slack,) bool."""
        self._closed = np.array(closed, dtype=bool)
        self._live = (
            np.ones(len(self.network.slack), dtype=bool)
            if live is None
            else np.array(live, dtype=bool)
        )
        self._tree: Tree = self._forest.tree(self._closed, self._live)
        self._prepare()

    def _prepare(self) -> None:
        """What stays the same from solution to solution."""
        self._branches = self._standing(self._ratio)
        self._sweep = None
        if self._method != "meshed" and self.radial:
            self._sweep = Sweep(
                self.network,
                self._forest,
                self._tree,
                self._branches,
                self._tolerance,
                self._limit,
            )

    def _standing(self, ratio: Complex) -> Branches:
        """The branches with ratios that hold for all steps."""
        return Branches(self.network, self._closed, ratio, _NO_ROWS, _NO_VALUES)

    def solve(
        self,
        active: Floats,
        reactive: Floats,
        *,
        ratio: tuple[Rows, Complex] | None = None,
        slack_voltage: Complex | None = None,
        islands: Islands = "unsupplied",
        want: Want = "complex",
    ) -> Result:
        """Voltages of one step, or of many.

        Parameters
        ----------
        active, reactive : (n_bus,) or (n_bus, n_step) float64, W and var
            Consumption is positive.
        ratio : (n_tap,) int64, (n_tap,) or (n_tap, n_step) complex128
            Branches, and their ratios instead of :attr:`ratio`.
        slack_voltage : (n_slack,) or (n_slack, n_step) complex128, per unit
            Instead of the network's.
        islands
            ``error`` refuses buses without supply; else their voltage is 0.
        want
            ``magnitude`` where :attr:`Result.voltage` is all that will be asked: faster, and half
            of the memory.

        Raises
        ------
        ModelError
            One step alone did not converge, or has a load that is not finite; with many steps, it
            is flagged. Also for islands, and loops where the method is ``sweep``.
        ConfigError
            Shapes that do not fit.
        """
        single = active.ndim == 1
        active, reactive = self._powers(active), self._powers(reactive)
        if active.shape != reactive.shape:
            raise ConfigError(
                f"active power is {active.shape} and reactive power {reactive.shape}",
                allowed="one value a bus and step in both",
            )
        self._check_topology(islands)
        if single:
            self._check_loads(active, reactive)
        voltage = self.network.slack_voltage if slack_voltage is None else slack_voltage
        voltage = np.asarray(voltage, dtype=np.complex128).reshape(len(self.network.slack), -1)
        branches = self._with_ratio(ratio, active.shape[1])
        if want not in WANTS:
            raise ConfigError(f"want={want!r}", allowed=" or ".join(WANTS))
        parts, converged, iterations = self._solve(
            branches, voltage, active, reactive, single=single, magnitudes=want == "magnitude"
        )
        if single and not converged[0]:
            raise self._diverged(branches, voltage, active, reactive)
        if want == "magnitude" and len(parts) == 2:
            parts = (np.hypot(*parts),)
        failed = np.flatnonzero(~converged)
        for part in parts:
            part[:, failed] = np.nan
        return Result(
            parts,
            converged,
            iterations,
            self.supplied,
            branches,
            active,
            reactive,
            single=single,
        )

    def _powers(self, power: Floats) -> Floats:
        """As (n_bus, n_step), contiguous."""
        buses = len(self.network.bus_names)
        power = np.ascontiguousarray(power, dtype=np.float64)
        if power.ndim not in (1, 2) or len(power) != buses:
            raise ConfigError(
                f"the loads have the shape {power.shape}", allowed=f"({buses},) or ({buses}, steps)"
            )
        return power.reshape(buses, -1)

    def _check_topology(self, islands: Islands) -> None:
        names = self.network.bus_names
        if self._method == "sweep" and not self.radial:
            raise ModelError(
                f"the network is meshed: {str(self.network.branch_names[self.loops[0]])!r} closes a"
                " loop",
                allowed="a radial network for the sweep",
                mend="open a switch in the loop, or let the method be 'auto'",
            )
        if islands == "error" and not self.supplied.all():
            lost = np.flatnonzero(~self.supplied)
            raise ModelError(
                f"{len(lost)} buses have no supply, bus {str(names[lost[0]])!r} first",
                allowed="a closed way from a slack to each bus",
                mend="close a switch, or allow islands",
            )

    def _check_loads(self, active: Floats, reactive: Floats) -> None:
        bad = np.flatnonzero(~np.isfinite(active[:, 0] + reactive[:, 0]) & self.supplied)
        if len(bad):
            raise ModelError(
                f"the load of bus {str(self.network.bus_names[bad[0]])!r} is "
                f"{active[bad[0], 0]} W and {reactive[bad[0], 0]} var",
                allowed="a finite power",
                mend="look at what is connected there",
            )

    def _with_ratio(self, ratio: tuple[Rows, Complex] | None, steps: int) -> Branches:
        """The branches with other ratios, which may change from step to step."""
        if ratio is None:
            return self._branches
        rows, values = np.asarray(ratio[0], dtype=np.int64), np.asarray(ratio[1], dtype=complex)
        if values.shape not in ((len(rows),), (len(rows), steps)):
            raise ConfigError(
                f"ratios of the shape {values.shape} for {len(rows)} branches",
                allowed=f"({len(rows)},) or ({len(rows)}, {steps})",
            )
        if values.ndim == 2 and steps > 1:
            return Branches(self.network, self._closed, self._ratio, rows, values)
        changed = self._ratio.copy()
        changed[rows] = values.reshape(-1)
        return self._standing(changed)

    def _solve(
        self,
        branches: Branches,
        voltage: Complex,
        active: Floats,
        reactive: Floats,
        *,
        single: bool,
        magnitudes: bool,
    ) -> Voltages:
        if self._sweep is None:
            if self._mesh is None:
                self._mesh = Meshed(self.network)
            return self._mesh.solve(
                branches, self._live, voltage, active, reactive, self._tolerance, self._limit
            )
        if single:
            first = np.ascontiguousarray(voltage[:, 0])
            return self._sweep.one(branches, first, active[:, 0], reactive[:, 0])
        return self._sweep.many(branches, voltage, active, reactive, magnitudes=magnitudes)

    def _diverged(
        self, branches: Branches, voltage: Complex, active: Floats, reactive: Floats
    ) -> ModelError:
        names, load = self.network.bus_names, active[:, 0]
        if self._sweep is None:
            worst = int(np.argmax(np.where(self.supplied, load, -np.inf)))
            who = f"largest load at bus {str(names[worst])!r}"
        else:
            first = np.ascontiguousarray(voltage[:, 0])
            worst = self._sweep.weakest(branches, first, load, reactive[:, 0])
            who = f"weakest bus {str(names[worst])!r}"
        return ModelError(
            "the power flow finds no voltages that carry the loads: they are too high for the grid",
            where=f"{who}, {load[worst] / 1000:.1f} kW on itself",
            mend="lower the load there, or build the city's grid for more",
        )
