"""The sweep over a radial network: coefficients kept, one step or many."""

from __future__ import annotations

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Network, Rows
from models.energy.flow.once.kernels import sweep_once
from models.energy.flow.result import Branches
from models.energy.flow.steps.kernels import sweep
from models.energy.flow.tree import Coefficients, Forest, Tree

Parts = tuple[Floats, ...]
"""Real and imaginary parts of the voltages, or their magnitudes alone; each (n_bus, n_step)."""
Voltages = tuple[Parts, Flags, Rows]
"""Parts of the voltages, whether each step converged, and its iterations."""

SMALL = 1e-3
"""Share of loads too high at which a grid answers them in proportion."""


class Sweep:
    """Backward/forward sweep of one tree.

    Parameters
    ----------
    network, forest, tree
        The tree is without loops.
    branches
        As they stand unless a solution brings others.
    tolerance, limit
        Largest change of a voltage in the last sweep, per unit, and most sweeps.
    """

    def __init__(
        self,
        network: Network,
        forest: Forest,
        tree: Tree,
        branches: Branches,
        tolerance: float,
        limit: int,
    ) -> None:
        self._network, self._forest, self._tree = network, forest, tree
        self._tolerance, self._limit = tolerance, limit
        self._branches = branches
        self._coefficients = forest.coefficients(tree, branches.ratio, branches.tap)
        self._work = np.empty((6, len(tree.order)))

    def one(
        self, branches: Branches, slack_voltage: Complex, active: Floats, reactive: Floats
    ) -> Voltages:
        """One step; (n_slack,) per unit, (n_bus,) W and var."""
        parts = np.zeros((2, len(active)))
        took = self._once(branches, slack_voltage, active, reactive, self._limit, parts)
        real, imaginary = parts[:, :, None]
        return (real, imaginary), np.array([took > 0]), np.array([took])

    def many(
        self,
        branches: Branches,
        slack_voltage: Complex,
        active: Floats,
        reactive: Floats,
        *,
        magnitudes: bool,
    ) -> Voltages:
        """Many steps; (n_slack, n_step) or (n_slack, 1) per unit, (n_bus, n_step) W and var.

        With ``magnitudes``, no other array than theirs is made.
        """
        c, tree, steps = self._of(branches), self._tree, active.shape[1]
        parts = tuple(np.empty_like(active) for _ in range(1 if magnitudes else 2))
        converged, sweeps = np.empty(steps, dtype=bool), np.zeros(steps, dtype=np.int64)
        sweep(
            tree.order,
            tree.parent,
            c.table,
            c.mixed,
            c.scale,
            c.tap,
            c.at_from,
            _relative(branches),
            slack_voltage,
            active,
            reactive,
            1.0 / self._network.base_power,
            self._tolerance,
            self._limit,
            magnitudes,
            parts[0],
            parts[-1],
            converged,
            sweeps,
        )
        lost = np.flatnonzero(~tree.supplied)
        for part in parts:
            part[lost] = 0.0
        return parts, converged, sweeps

    def weakest(
        self, branches: Branches, slack_voltage: Complex, active: Floats, reactive: Floats
    ) -> int:
        """The bus whose voltage the loads pull down most, in proportion to small ones."""
        small, parts = active * SMALL, np.zeros((2, len(active)))
        self._once(branches, slack_voltage, small, reactive * SMALL, 1, parts)
        tree, square = self._tree, self._work[4]
        start = np.abs(slack_voltage[-1 - tree.parent[tree.parent < 0]]) ** 2
        fed = np.cumsum(tree.parent < 0) - 1  # a slack's buses stand behind it
        return int(tree.order[np.argmin(square / start[fed])])

    def _once(
        self,
        branches: Branches,
        slack_voltage: Complex,
        active: Floats,
        reactive: Floats,
        limit: int,
        parts: Floats,
    ) -> int:
        c, tree = self._of(branches), self._tree
        took: int = sweep_once(
            tree.order,
            tree.parent,
            c.table,
            c.any_mixed,
            c.scale,
            slack_voltage,
            active,
            reactive,
            1.0 / self._network.base_power,
            self._tolerance,
            limit,
            self._work,
            *parts,
        )
        return took

    def _of(self, branches: Branches) -> Coefficients:
        if branches is self._branches:
            return self._coefficients
        return self._forest.coefficients(self._tree, branches.ratio, branches.tap)


def _relative(branches: Branches) -> Complex:
    """Changing ratios over those that the coefficients were made with; (n_tap, n_step)."""
    fixed = branches.ratio[branches.rows]
    return np.ascontiguousarray(1.0 / (branches.inverse * fixed[:, None]))
