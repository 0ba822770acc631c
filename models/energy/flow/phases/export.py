"""Results as pandapower's tables of three phases: ``res_bus_3ph`` and ``res_line_3ph``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.energy.flow.network import Complex, Floats, Rows
from models.energy.flow.phases.case import PhaseCase
from models.energy.flow.phases.solve import PhaseResult

if TYPE_CHECKING:
    import pandas as pd

PHASES = "abc"


def tables(case: PhaseCase, result: PhaseResult) -> dict[str, pd.DataFrame]:
    """The one step of a case under pandapower's names and units.

    Power is that drawn from the bus, an external grid's negative; buses without supply have no
    voltage and draw nothing.
    """
    import pandas as pd

    voltage = result.complex_voltage[:, :, 0]
    at_from, at_to = _currents(case, voltage)
    ends = case.imported.network.balanced
    power = [
        ends.base_power / 3e6 * voltage[bus] * current.conj()
        for bus, current in ((ends.from_bus, at_from), (ends.to_bus, at_to))
    ]
    return {
        "res_bus_3ph": pd.DataFrame(_bus(case, result, voltage, power), index=case.bus),
        "res_line_3ph": pd.DataFrame(
            _line(case, [at_from, at_to], power, case.line_row), index=case.line
        ),
    }


def _currents(case: PhaseCase, voltage: Complex) -> tuple[Complex, Complex]:
    """Into each branch at its two ends, per unit; (n_branch, 3).

    Behind the connection of a transformer ``I_to = Y (V_to - C V_from)`` and
    ``I_from = -C^H I_series``, with the shunts at either end.
    """
    network = case.imported.network
    n, joins = network.balanced, network.connection()
    size = (np.abs(n.ratio) ** 2)[:, None, None]
    v, w = voltage[n.from_bus], voltage[n.to_bus]
    admittance = np.linalg.inv(network.series).astype(np.complex128)
    series = _times(admittance, w - _times(joins, v))
    at_to = series + _times(network.to_shunt, w)
    earth: Complex = network.from_shunt / size
    at_from = _times(earth, v) - _times(joins.transpose(0, 2, 1).conj(), series)
    closed = n.closed[:, None]
    return np.where(closed, at_from, 0.0), np.where(closed, at_to, 0.0)


def _times(blocks: Complex, values: Complex) -> Complex:
    product: Complex = np.einsum("kij,kj->ki", blocks, values)
    return product


def _bus(
    case: PhaseCase, result: PhaseResult, voltage: Complex, power: list[Complex]
) -> dict[str, Floats]:
    rows = case.imported.bus[case.bus]
    lit = np.where(voltage[rows] == 0.0, np.nan, voltage[rows])
    drawn = _drawn(case, voltage, power)
    columns: dict[str, Floats] = {}
    for name, values in (
        ("vm_{}_pu", np.abs(lit)),
        ("va_{}_degree", np.rad2deg(np.angle(lit))),
        ("p_{}_mw", drawn.real),
        ("q_{}_mvar", drawn.imag),
    ):
        columns |= _by_phase(name, values)
    unbalance = np.where(np.isnan(lit[:, 0]), np.nan, 100.0 * result.unbalance[rows, 0])
    return columns | {"unbalance_percent": unbalance}


def _drawn(case: PhaseCase, voltage: Complex, power: list[Complex]) -> Complex:
    """MVA of each phase drawn from the source's buses, less what external grids at them feed."""
    n, rows = case.imported.network.balanced, case.imported.bus[case.bus]
    drawn = np.where(voltage[rows] == 0.0, 0.0, case.own / 1e6)
    leaving = np.zeros_like(voltage)
    np.add.at(leaving, n.from_bus, power[0])
    np.add.at(leaving, n.to_bus, power[1])
    np.add.at(leaving, rows, drawn)
    at = rows[case.ext_grid_bus]
    share = np.bincount(at, minlength=len(voltage))[at]
    np.subtract.at(drawn, case.ext_grid_bus, leaving[at] / share[:, None])
    return drawn


def _line(
    case: PhaseCase, current: list[Complex], power: list[Complex], rows: Rows
) -> dict[str, Floats]:
    n = case.imported.network.balanced
    columns: dict[str, Floats] = {}
    s, t = (part[rows] for part in power)
    for side, values in (("from", s), ("to", t)):
        columns |= _by_phase(f"p_{{}}_{side}_mw", values.real)
        columns |= _by_phase(f"q_{{}}_{side}_mvar", values.imag)
    columns |= _by_phase("pl_{}_mw", (s + t).real) | _by_phase("ql_{}_mvar", (s + t).imag)
    unit = n.base_power / np.sqrt(3.0) / n.nominal_voltage[n.from_bus[rows], None] / 1e3
    i, j = (unit * part[rows] for part in current)
    neutral = [np.abs(part.sum(axis=1)) for part in (i, j)]
    largest = np.maximum(np.abs(i), np.abs(j))
    columns |= _by_phase("i_{}_from_ka", np.abs(i)) | _by_phase("i_{}_to_ka", np.abs(j))
    columns |= _by_phase("i_{}_ka", largest)
    columns |= {"i_n_from_ka": neutral[0], "i_n_to_ka": neutral[1], "i_n_ka": np.maximum(*neutral)}
    loading = 100.0 * largest / (n.rating[rows, None] / 1e3)
    return (
        columns
        | _by_phase("loading_{}_percent", loading)
        | {"loading_percent": loading.max(axis=1)}
    )


def _by_phase(name: str, values: Floats) -> dict[str, Floats]:
    return {name.format(phase): values[:, at] for at, phase in enumerate(PHASES)}
