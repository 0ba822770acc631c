"""What ``twin grid solve --phases`` says of a grid whose phases carry different loads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.energy.flow.export import check_target, write_tables
from models.energy.flow.phases.case import PhaseCase, read_phases
from models.energy.flow.phases.export import PHASES, tables
from models.energy.flow.phases.solve import PhasePowerFlow, PhaseResult
from twin.errors import ModelError

TOLERANCE = 1e-12
"""Per unit: currents of short lines are differences of voltages that are nearly the same."""
LIMIT = 0.02
"""Voltage unbalance factor that EN 50160:2010, 4.2.4 allows."""


def solution(source: str, output: Path | None) -> Iterator[str]:
    """Lines on the power flow in three phases, which is written to a file on the way."""
    if output is not None:
        check_target(output)
    case = read_phases(source)
    flow = PhasePowerFlow(case.imported.network, tolerance=TOLERANCE)
    result = flow.solve(case.imported.active[:, :, None], case.imported.reactive[:, :, None])
    if not result.converged[0]:
        worst = int(np.argmax(case.own.real.sum(axis=1)))
        raise ModelError(
            "the power flow finds no voltages that carry the loads: they are too high for the grid",
            where=f"{case.name}, largest load at bus {case.bus[worst]}",
        )
    yield f"{case.name}: {len(case.bus)} buses in three phases, {result.iterations[0]} sweeps"
    dead = case.bus[~flow.supplied[case.imported.bus[case.bus]]]
    if len(dead):
        shown = ", ".join(str(bus) for bus in dead[:12])
        yield f"warning: {len(dead)} buses have no supply, with what hangs on them: {shown}"
    found = tables(case, result)
    yield from _extremes(case, result)
    line = found["res_line_3ph"]
    if len(line):
        worst = int(line.loading_percent.to_numpy().argmax())
        yield (
            f"most loaded line {line.index[worst]}: {line.loading_percent.iloc[worst]:.1f} %, "
            f"{1e3 * line.i_n_ka.iloc[worst]:.1f} A in its neutral"
        )
        lost = sum(float(line[f"pl_{phase}_mw"].sum()) for phase in PHASES)
        yield f"losses of the lines {1e3 * lost:.3f} kW"
    if output is not None:
        for path in write_tables(found, case.name, [], result.converged, output):
            yield f"written: {path}"


def _extremes(case: PhaseCase, result: PhaseResult) -> Iterator[str]:
    """Lowest and highest phase voltage, and the largest unbalance."""
    rows = case.imported.bus[case.bus]
    voltage = result.voltage[rows, :, 0]
    lit = voltage > 0.0
    if not lit.any():
        yield "no bus has a voltage"
        return
    for what, values, best in (
        ("lowest", np.where(lit, voltage, np.inf), np.argmin),
        ("highest", voltage, np.argmax),
    ):
        bus, phase = np.unravel_index(best(values), values.shape)
        yield (
            f"{what} voltage {voltage[bus, phase]:.4f} p.u. at bus {case.bus[bus]}, "
            f"phase {PHASES[phase]}"
        )
    factor = result.unbalance[rows, 0]
    worst = int(np.argmax(factor))
    kept = "within" if factor[worst] <= LIMIT else "above"
    yield (
        f"largest voltage unbalance {100.0 * factor[worst]:.3f} % at bus {case.bus[worst]}, "
        f"{kept} the 2 % of EN 50160"
    )
