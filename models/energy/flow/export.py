"""Results as pandapower's tables: ``res_bus``, ``res_line``, ``res_trafo``, ``res_ext_grid``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.energy.flow.case import Case, Labels
from models.energy.flow.network import Complex, Flags, Floats, Network, Rows
from models.energy.flow.result import Result
from twin.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".json", ".parquet")


def tables(case: Case, result: Result) -> dict[str, pd.DataFrame]:
    """Results under pandapower's names and units, one row an element and step.

    The index of a table is (``step``, element) for many steps and the element for one. Power is
    that drawn from the bus, so that a slack's is negative. Transformers are loaded by their
    currents, pandapower's default.
    """
    import pandas as pd

    steps = result.steps
    at_from, at_to = (part.reshape(-1, steps) / 1e6 for part in result.powers())
    voltage = (result.real + 1j * result.imaginary).reshape(-1, steps)
    on = result.supplied[:, None] & ~np.isnan(result.real)
    ends = _Ends(case.network, voltage, at_from, at_to)
    drawn, fed = _at_buses(case, voltage, at_from, at_to)
    filled: dict[str, tuple[Labels, dict[str, Floats]]] = {
        "res_bus": (case.bus, _bus(case, voltage, on, drawn)),
        "res_line": (case.line, ends.line(case.line_row)),
        "res_trafo": (case.trafo, ends.trafo(case.trafo_row)),
    }
    if len(case.trafo3w):
        filled["res_trafo3w"] = (case.trafo3w, ends.trafo3w(case.trafo3w_row))
    if len(case.ext_grid):
        filled["res_ext_grid"] = (case.ext_grid, _parts(fed, "p_mw", "q_mvar"))
    out = {}
    for name, (labels, columns) in filled.items():
        index = (
            pd.Index(labels)
            if steps == 1
            else pd.MultiIndex.from_product([range(steps), labels], names=["step", "element"])
        )
        out[name] = pd.DataFrame({key: v.T.reshape(-1) for key, v in columns.items()}, index=index)
    return out


def write(case: Case, result: Result, path: Path) -> list[Path]:
    """Write the tables: one ``.json`` of all, or a ``.parquet`` for each beside the name given.

    Raises
    ------
    ConfigError
        See :func:`check_target`.
    """
    check_target(path)
    times = [str(t) for t in case.times]
    return write_tables(tables(case, result), case.name, times, result.converged_steps, path)


def write_tables(
    found: dict[str, pd.DataFrame],
    name: str,
    times: list[str],
    converged: Flags,
    path: Path,
) -> list[Path]:
    """Write tables to a target that :func:`check_target` has seen."""
    if path.suffix == ".json":
        content: dict[str, Any] = {table: _split(frame) for table, frame in found.items()}
        content |= {"name": name, "times": times, "converged": converged.tolist()}
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
        return [path]
    return [_parquet(frame, path, table, times) for table, frame in found.items()]


def check_target(path: Path) -> None:
    """Refuse a name before anything is computed for it.

    Raises
    ------
    ConfigError
        It ends otherwise than in .json or .parquet, or its folder does not exist.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"results in {path.name!r}", allowed="a name in .json or .parquet")
    if not path.parent.is_dir():
        raise ConfigError(f"the folder {path.parent} does not exist", mend="make it first")


def _split(frame: pd.DataFrame) -> dict[str, Any]:
    """``{columns, index, data}``, which ``pandas.DataFrame(**table)`` reads; NaN is null."""
    parsed: dict[str, Any] = json.loads(frame.to_json(orient="split", double_precision=15))
    return parsed


def _parquet(frame: pd.DataFrame, path: Path, name: str, times: list[str]) -> Path:
    import duckdb

    target = path.with_name(f"{path.stem}-{name}.parquet")
    whole = frame.reset_index(names=None if frame.index.nlevels > 1 else "element")
    if times:
        step = whole["step"] if "step" in whole else np.zeros(len(whole), dtype=np.int64)
        whole.insert(0, "time", np.array(times, dtype="datetime64[s]")[step])
    with duckdb.connect() as base:
        base.register("whole", whole)
        base.execute(
            f"COPY whole TO '{str(target).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
        )
    return target


def _bus(case: Case, voltage: Complex, on: Any, drawn: Complex) -> dict[str, Floats]:
    lit = np.where(on, voltage, np.nan)[case.bus_row]
    return {
        "vm_pu": np.abs(lit),
        "va_degree": np.rad2deg(np.angle(lit)),
        **_parts(drawn, "p_mw", "q_mvar"),
    }


def _parts(power: Complex, active: str, reactive: str) -> dict[str, Floats]:
    return {active: power.real, reactive: power.imag}


def _at_buses(
    case: Case, voltage: Complex, at_from: Complex, at_to: Complex
) -> tuple[Complex, Complex]:
    """MVA drawn from the source's buses, and fed into the network by its external grids.

    What leaves through the branches is known of joined buses together. Where the loads of each are
    known, the external grids at them share what these leave over; else the first has all.
    """
    n, rows = case.network, case.bus_row
    leaving = np.zeros_like(voltage)
    np.add.at(leaving, n.from_bus, at_from)
    np.add.at(leaving, n.to_bus, at_to)
    if case.own is None or case.own_shunt is None:
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(rows, return_index=True)[1]] = True
        all_of_it: Complex = np.where(first[:, None], -leaving[rows], 0.0)
        return all_of_it, np.zeros((0, voltage.shape[1]), dtype=np.complex128)
    size = np.abs(voltage)
    current, impedance = n.constant_current[:, None], n.constant_impedance[:, None]
    share = 1.0 + current * (size - 1.0) + impedance * (size**2 - 1.0)
    lit = (size > 0.0)[rows]
    loads = (case.own[0] + 1j * case.own[1]) * share[rows]
    loads = (loads + case.own_shunt[:, None] * size[rows] ** 2) / 1e6
    drawn = np.where(lit, loads, np.zeros_like(loads))
    np.add.at(leaving, rows, drawn)
    at = rows[case.ext_grid_bus]
    fed: Complex = leaving[at] / np.bincount(at, minlength=len(voltage))[at][:, None]
    np.subtract.at(drawn, case.ext_grid_bus, fed)
    return drawn, fed


class _Ends:
    """Currents and powers at the two ends of the branches, in kA and MVA."""

    def __init__(
        self, network: Network, voltage: Complex, at_from: Complex, at_to: Complex
    ) -> None:
        n = network
        self._network, self._powers = n, (at_from, at_to)
        self._voltage = tuple(voltage[bus] for bus in (n.from_bus, n.to_bus))
        nominal = [n.nominal_voltage[bus][:, None] / 1e3 for bus in (n.from_bus, n.to_bus)]
        self._nominal = nominal
        with np.errstate(divide="ignore", invalid="ignore"):
            self._current = tuple(
                np.where(np.abs(v) > 0.0, np.abs(s) / (np.sqrt(3.0) * kv * np.abs(v)), 0.0)
                for s, v, kv in zip(self._powers, self._voltage, nominal, strict=True)
            )

    def _sides(self, rows: Rows, one: str, two: str) -> dict[str, Floats]:
        (s, t), (i, j) = self._powers, self._current
        lost = s[rows] + t[rows]
        return {
            f"p_{one}_mw": s[rows].real,
            f"q_{one}_mvar": s[rows].imag,
            f"p_{two}_mw": t[rows].real,
            f"q_{two}_mvar": t[rows].imag,
            "pl_mw": lost.real,
            "ql_mvar": lost.imag,
            f"i_{one}_ka": i[rows],
            f"i_{two}_ka": j[rows],
        }

    def _voltages(self, rows: Rows, one: str, two: str) -> dict[str, Floats]:
        found = {}
        for side, voltage in zip((one, two), self._voltage, strict=True):
            lit = np.where(voltage[rows] == 0.0, np.nan, voltage[rows])
            found[f"vm_{side}_pu"] = np.abs(lit)
            found[f"va_{side}_degree"] = np.rad2deg(np.angle(lit))
        return found

    def line(self, rows: Rows) -> dict[str, Floats]:
        columns = self._sides(rows, "from", "to")
        largest = np.maximum(columns["i_from_ka"], columns["i_to_ka"])
        rated = self._network.rating[rows][:, None] / 1e3
        columns |= {"i_ka": largest, **self._voltages(rows, "from", "to")}
        return columns | {"loading_percent": 100.0 * largest / rated}

    def trafo(self, rows: Rows) -> dict[str, Floats]:
        columns = self._sides(rows, "hv", "lv")
        rated = self._network.rating[rows][:, None] / 1e6
        apparent = [
            np.sqrt(3.0) * kv[rows] * i
            for kv, i in zip(self._nominal, (columns["i_hv_ka"], columns["i_lv_ka"]), strict=True)
        ]
        columns |= self._voltages(rows, "hv", "lv")
        return columns | {"loading_percent": 100.0 * np.maximum(*apparent) / rated}

    def trafo3w(self, rows: Rows) -> dict[str, Floats]:
        """The outer ends of the legs: the *from* end of the high one, the *to* end of others."""
        sides = zip(("hv", "mv", "lv"), (0, 1, 1), np.split(rows, 3), strict=True)
        columns: dict[str, Floats] = {}
        lost, loading = np.zeros((len(rows) // 3, 1), dtype=np.complex128), []
        for name, end, leg in sides:
            power, current = self._powers[end][leg], self._current[end][leg]
            columns |= _parts(power, f"p_{name}_mw", f"q_{name}_mvar")
            columns[f"i_{name}_ka"] = current
            lost = lost + power
            rated = self._network.rating[leg][:, None] / 1e6
            loading.append(100.0 * np.sqrt(3.0) * self._nominal[end][leg] * current / rated)
        columns |= _parts(lost, "pl_mw", "ql_mvar")
        return columns | {"loading_percent": np.max(loading, axis=0)}
