"""Power flow of all low-voltage grids at once, by power-grid-model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.errors import DataError, ModelError

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest change of a voltage in the last iteration, per unit."""
STIFF = 1e13
"""Short-circuit power of the medium-voltage source, VA: a slack without impedance."""


@dataclass(frozen=True)
class Flow:
    """Result of a power flow.

    Attributes
    ----------
    voltage : (n_bus,) float64, per unit
        0 where a bus is without supply.
    line_loading, transformer_loading : (n_line,), (n_transformer,) float64, 1
        Current over ampacity, apparent power over rated power.
    infeed, losses : float, W
        Power from the medium voltage, and how much of it reaches no load.
    """

    voltage: Floats
    line_loading: Floats
    transformer_loading: Floats
    infeed: float
    losses: float


class Grid:
    """The grid of a city, its model built once and its loads updated.

    Parameters
    ----------
    city
        With the tables ``bus``, ``line`` and ``transformer``.
    source_voltage
        Voltage of the medium-voltage source, per unit.

    Raises
    ------
    DataError
        The tables do not make a grid.
    """

    def __init__(self, city: City, source_voltage: float = 1.0) -> None:
        import power_grid_model as pgm
        from power_grid_model.errors import PowerGridError

        self._pgm: Any = pgm
        self._city = city
        self._buses = len(city["bus"])
        self._branches = len(city["line"]) + len(city["transformer"])
        try:
            self._model = pgm.PowerGridModel(self._input(source_voltage), system_frequency=50.0)
        except PowerGridError as error:
            raise DataError(
                f"the grid of {city.name!r} is not one: {error}".splitlines()[0],
                mend="build the bundle again: twin city build",
            ) from error
        self._update = self._loads("update")

    def _array(self, component: str, count: int, dataset: str = "input") -> Any:
        return self._pgm.initialize_array(self._pgm.DatasetType[dataset], component, count)

    def _input(self, source_voltage: float) -> dict[str, Any]:
        return {
            "node": self._nodes(),
            "line": self._lines(),
            "transformer": self._transformers(),
            "source": self._sources(source_voltage),
            "sym_load": self._loads("input"),
        }

    def _nodes(self) -> Any:
        node = self._array("node", self._buses)
        node["id"] = np.arange(self._buses)
        node["u_rated"] = self._city["bus"]["voltage"]
        return node

    def _lines(self) -> Any:
        table = self._city["line"]
        line = self._array("line", len(table))
        line["id"] = self._buses + np.arange(len(table))
        line["from_node"], line["to_node"] = table["from_bus"], table["to_bus"]
        line["from_status"] = line["to_status"] = 1
        line["r1"], line["x1"] = table["r"], table["x"]
        line["c1"] = line["tan1"] = 0.0
        line["i_n"] = table["ampacity"]
        return line

    def _transformers(self) -> Any:
        table, bus = self._city["transformer"], self._city["bus"]
        unit = self._array("transformer", len(table))
        unit["id"] = self._buses + len(self._city["line"]) + np.arange(len(table))
        unit["from_node"], unit["to_node"] = table["mv_bus"], table["lv_bus"]
        unit["from_status"] = unit["to_status"] = 1
        unit["u1"], unit["u2"] = bus["voltage"][table["mv_bus"]], bus["voltage"][table["lv_bus"]]
        unit["sn"] = table["rated_power"]
        unit["uk"] = table["impedance"]
        unit["pk"] = table["resistance"] * table["rated_power"]
        unit["i0"], unit["p0"] = table["no_load_current"], table["iron_losses"]
        unit["winding_from"] = self._pgm.WindingType.delta
        unit["winding_to"] = self._pgm.WindingType.wye_n
        unit["clock"] = 5
        unit["tap_side"] = self._pgm.BranchSide.from_side
        unit["tap_pos"] = unit["tap_min"] = unit["tap_max"] = unit["tap_nom"] = 0
        unit["tap_size"] = 0.0
        return unit

    def _sources(self, voltage: float) -> Any:
        mv_bus = self._city["transformer"]["mv_bus"]
        source = self._array("source", len(mv_bus))
        source["id"] = self._buses + self._branches + np.arange(len(mv_bus))
        source["node"], source["status"] = mv_bus, 1
        source["u_ref"], source["sk"] = voltage, STIFF
        return source

    def _loads(self, dataset: str) -> Any:
        load = self._array("sym_load", self._buses, dataset)
        load["id"] = (
            self._buses + self._branches + len(self._city["transformer"]) + np.arange(self._buses)
        )
        load["status"] = 1
        load["p_specified"] = load["q_specified"] = 0.0
        if dataset == "input":
            load["node"] = np.arange(self._buses)
            load["type"] = self._pgm.LoadGenType.const_power
        return load

    def switch(self, on: npt.NDArray[np.bool_]) -> None:
        """Supply each transformer or not; (n_transformer,) bool."""
        source = self._array("source", len(on), "update")
        source["id"] = self._buses + self._branches + np.arange(len(on))
        source["status"] = on
        self._model.update(update_data={"source": source})

    def solve(self, active: Floats, reactive: Floats) -> Flow:
        """Power flow for one moment.

        Parameters
        ----------
        active, reactive : (n_bus,) float64, W and var

        Raises
        ------
        ModelError
            A load is not finite, or the power flow finds no voltage that carries the loads.
        """
        from power_grid_model.errors import PowerGridError

        self._check(active)
        self._update["p_specified"], self._update["q_specified"] = active, reactive
        self._model.update(update_data={"sym_load": self._update})
        try:
            out = self._model.calculate_power_flow(
                symmetric=True,
                error_tolerance=TOLERANCE,
                max_iterations=100,
                calculation_method=self._pgm.CalculationMethod.iterative_current,
                output_component_types=["node", "line", "transformer", "source"],
            )
        except PowerGridError as error:
            raise self._diverged() from error
        return self._read(out, active)

    def _check(self, active: Floats) -> None:
        bad = np.flatnonzero(~np.isfinite(active))
        if len(bad):
            raise ModelError(
                f"the load of bus {str(self._city['bus'].ids[bad[0]])!r} is {active[bad[0]]} W",
                allowed="a finite power",
                mend="look at the wires that end in energy.bus_load",
            )

    def _diverged(self) -> ModelError:
        """Name the bus whose voltage the loads pull down most, by the linear power flow."""
        linear = self._model.calculate_power_flow(
            symmetric=True,
            calculation_method=self._pgm.CalculationMethod.linear,
            output_component_types=["node"],
        )
        voltage = np.where(linear["node"]["energized"] == 1, linear["node"]["u_pu"], np.inf)
        worst = int(np.argmin(voltage))
        return ModelError(
            "the power flow finds no voltages that carry the loads: they are too high for the grid",
            where=f"weakest bus {str(self._city['bus'].ids[worst])!r}, "
            f"{self._update['p_specified'][worst] / 1000:.1f} kW on itself",
            mend="lower the load there, or build the city's grid for more",
        )

    def _read(self, out: dict[str, Any], active: Floats) -> Flow:
        node = out["node"]
        live = node["energized"] == 1
        infeed = float(out["source"]["p"].sum())
        return Flow(
            voltage=np.where(live, node["u_pu"], 0.0),
            line_loading=_loading(out.get("line")),
            transformer_loading=_loading(out.get("transformer")),
            infeed=infeed,
            losses=infeed - float(active[live].sum()),
        )


def _loading(part: Any) -> Floats:
    """Loading of the energized; nothing where the grid has no such part (no cables)."""
    if part is None:
        return np.empty(0)
    return np.where(part["energized"] == 1, part["loading"], 0.0)
