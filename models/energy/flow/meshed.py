"""Meshed networks, by power-grid-model's Newton on the same admittances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Network, Rows
from models.energy.flow.result import Branches
from models.energy.flow.sweep import Voltages

STIFF = 1e20
"""Short-circuit power of a source, VA: a slack without impedance."""


class Meshed:
    """Models of a network in power-grid-model, one for the switches and ratios in use.

    Parameters
    ----------
    network
        Checked by :func:`models.energy.flow.tree.check`.
    """

    def __init__(self, network: Network) -> None:
        import power_grid_model as pgm

        self._pgm: Any = pgm
        self._network = network
        power = 1.0 - network.constant_current - network.constant_impedance
        kinds = pgm.LoadGenType
        self._loads = [
            (rows, share[rows], int(kind))
            for share, kind in (
                (power, kinds.const_power),
                (network.constant_current, kinds.const_current),
                (network.constant_impedance, kinds.const_impedance),
            )
            if len(rows := np.flatnonzero(share > 0.0))
        ]
        self._key: tuple[bytes, ...] = ()
        self._model: Any = None

    def solve(
        self,
        branches: Branches,
        live: Flags,
        slack_voltage: Complex,
        active: Floats,
        reactive: Floats,
        tolerance: float,
        limit: int,
    ) -> Voltages:
        """Voltages of many steps.

        Parameters
        ----------
        branches
            Switches and ratios; steps of the same ratios are solved together.
        live : (n_slack,) bool
        slack_voltage : (n_slack, n_step) or (n_slack, 1) complex128, per unit
        active, reactive : (n_bus, n_step) float64, W and var
        tolerance : float, per unit
        limit : int
            Most iterations.
        """
        steps = active.shape[1]
        slack_voltage = np.broadcast_to(slack_voltage, (len(slack_voltage), steps))
        real, imaginary = np.zeros_like(active), np.zeros_like(active)
        finite = np.isfinite(active + reactive).all(axis=0)
        finite &= np.isfinite(slack_voltage).all(axis=0)
        converged = np.zeros(steps, dtype=bool)
        for ratio, columns in _groups(branches, np.flatnonzero(finite)):
            model = self._fitting(branches.closed, live, ratio)
            out = model.calculate_power_flow(
                symmetric=True,
                error_tolerance=tolerance,
                max_iterations=limit,
                calculation_method=self._pgm.CalculationMethod.newton_raphson,
                update_data=self._update(
                    slack_voltage[:, columns], active[:, columns], reactive[:, columns]
                ),
                threading=-1,
                output_component_types={"node": ["u_pu", "u_angle", "energized"]},
                continue_on_batch_error=True,
            )
            good = np.ones(len(columns), dtype=bool)
            if model.batch_error is not None:
                good[model.batch_error.failed_scenarios] = False
            node = out["node"]
            on = (node["energized"] == 1) & good[:, None]
            size, angle = np.where(on, node["u_pu"], 0.0), np.where(on, node["u_angle"], 0.0)
            real[:, columns] = (size * np.cos(angle)).T
            imaginary[:, columns] = (size * np.sin(angle)).T
            converged[columns] = good
        return (real, imaginary), converged, np.where(converged, 1, 0)

    def _fitting(self, closed: Flags, live: Flags, ratio: Complex) -> Any:
        """The model with these switches and ratios, built when they changed."""
        key = closed.tobytes(), live.tobytes(), ratio.tobytes()
        if key != self._key:
            self._model = self._pgm.PowerGridModel(self._input(closed, live, ratio))
            self._key = key
        return self._model

    def _array(self, component: str, count: int) -> Any:
        return self._pgm.initialize_array(self._pgm.DatasetType.input, component, count)

    def _input(self, closed: Flags, live: Flags, ratio: Complex) -> dict[str, Any]:
        n = self._network
        node = self._array("node", len(n.bus_names))
        node["id"], node["u_rated"] = np.arange(len(node)), n.nominal_voltage
        branch = self._branches(closed, ratio)
        first = len(node) + len(branch)
        source = self._array("source", len(n.slack))
        source["id"], source["node"] = first + np.arange(len(source)), n.slack
        source["status"], source["sk"] = live, STIFF
        source["u_ref"], source["u_ref_angle"] = np.abs(n.slack_voltage), np.angle(n.slack_voltage)
        shunt = self._shunts(closed, ratio, first + len(source))
        load = self._array("sym_load", sum(len(rows) for rows, _, _ in self._loads))
        load["id"] = first + len(source) + len(shunt) + np.arange(len(load))
        load["node"] = np.concatenate([rows for rows, _, _ in self._loads])
        load["type"] = np.concatenate([np.full(len(rows), kind) for rows, _, kind in self._loads])
        load["status"], load["p_specified"], load["q_specified"] = 1, 0.0, 0.0
        self._load_id, self._source_id = load["id"].copy(), source["id"].copy()
        return {
            "node": node,
            "generic_branch": branch,
            "source": source,
            "shunt": shunt,
            "sym_load": load,
        }

    def _branches(self, closed: Flags, ratio: Complex) -> Any:
        """Closed branches without their shunts, which :meth:`_shunts` puts at the buses."""
        n = self._network
        rows = np.flatnonzero(closed)
        ohm = n.nominal_voltage[n.to_bus[rows]] ** 2 / n.base_power
        branch = self._array("generic_branch", len(rows))
        branch["id"] = len(n.bus_names) + np.arange(len(rows))
        branch["from_node"], branch["to_node"] = n.from_bus[rows], n.to_bus[rows]
        branch["from_status"] = branch["to_status"] = 1
        branch["r1"], branch["x1"] = n.series[rows].real * ohm, n.series[rows].imag * ohm
        branch["g1"] = branch["b1"] = 0.0
        branch["k"], branch["theta"] = np.abs(ratio[rows]), np.angle(ratio[rows])
        return branch

    def _shunts(self, closed: Flags, ratio: Complex, first: int) -> Any:
        n = self._network
        total = n.shunt.copy()
        rows = np.flatnonzero(closed)
        np.add.at(total, n.from_bus[rows], n.from_shunt[rows] / np.abs(ratio[rows]) ** 2)
        np.add.at(total, n.to_bus[rows], n.to_shunt[rows])
        buses = np.flatnonzero(total)
        siemens = total[buses] * n.base_power / n.nominal_voltage[buses] ** 2
        shunt = self._array("shunt", len(buses))
        shunt["id"], shunt["node"] = first + np.arange(len(buses)), buses
        shunt["status"], shunt["g1"], shunt["b1"] = 1, siemens.real, siemens.imag
        return shunt

    def _update(
        self, slack_voltage: Complex, active: Floats, reactive: Floats
    ) -> dict[str, dict[str, Any]]:
        steps = active.shape[1]
        voltage = slack_voltage.T
        return {
            "sym_load": {
                "id": _each(self._load_id, steps),
                "p_specified": self._split(active),
                "q_specified": self._split(reactive),
            },
            "source": {
                "id": _each(self._source_id, steps),
                "u_ref": np.ascontiguousarray(np.abs(voltage)),
                "u_ref_angle": np.ascontiguousarray(np.angle(voltage)),
            },
        }

    def _split(self, power: Floats) -> Floats:
        """Power of each load of the model, step by step; (n_step, n_load)."""
        parts = [power[rows] * share[:, None] for rows, share, _ in self._loads]
        return np.ascontiguousarray(np.concatenate(parts).T)


def _each(ids: Rows, steps: int) -> Rows:
    return np.ascontiguousarray(np.broadcast_to(ids, (steps, len(ids))))


def _groups(branches: Branches, columns: Rows) -> Iterator[tuple[Complex, Rows]]:
    """Ratios of all branches, and the steps that have them."""
    if not len(columns):
        return
    if not len(branches.rows):
        yield branches.ratio, columns
        return
    values, group = np.unique(1.0 / branches.inverse[:, columns], axis=1, return_inverse=True)
    for number in range(values.shape[1]):
        ratio = branches.ratio.copy()
        ratio[branches.rows] = values[:, number]
        yield ratio, columns[group == number]
