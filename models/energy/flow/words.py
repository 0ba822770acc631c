"""What ``twin grid`` says of a grid and of its power flow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from models.energy.flow.case import Case, read
from models.energy.flow.export import check_target, tables, write, write_tables
from models.energy.flow.islands import islands
from models.energy.flow.quality_words import quality
from models.energy.flow.regulated import Regulated
from models.energy.flow.result import Result
from models.energy.flow.solve import PowerFlow


def grid(source: str, begin: datetime | None, end: datetime | None) -> Iterator[str]:
    """Lines on a grid: its parts, its shape, and its weakest places under the largest load."""
    case = read(source, begin, end)
    flow = PowerFlow(case.network)
    yield from _shape(case, flow)
    if not flow.supplied.any():
        return
    total = case.active.sum(axis=0)
    step = int(np.argmax(total))
    when = f" at {case.times[step]}" if len(case.times) else ""
    at_peak = case.steps(np.array([step]))
    result = flow.solve(at_peak.active, at_peak.reactive)
    yield f"largest load{when}: {total[step] / 1e3:.1f} kW"
    yield from _extremes(at_peak, result)
    if len(case.times) > 1:
        whole = flow.solve(case.active, case.reactive, want="magnitude")
        yield from quality(case, flow.supplied, whole.voltage)


def solution(
    source: str, begin: datetime | None, end: datetime | None, output: Path | None
) -> Iterator[str]:
    """Lines on the power flow of a grid, which is written to a file on the way."""
    if output is not None:
        check_target(output)
    case = read(source, begin, end)
    flow = PowerFlow(case.network)
    steps = case.active.shape[1]
    loads = (case.active[:, 0], case.reactive[:, 0]) if steps == 1 else (case.active, case.reactive)
    result = flow.solve(*loads)
    yield from _told(case, flow, result)
    if output is not None:
        for path in write(case, result, output):
            yield f"written: {path}"


def regulated(
    source: str,
    begin: datetime | None,
    end: datetime | None,
    output: Path | None,
    target: float,
    deadband: float | None,
) -> Iterator[str]:
    """As :func:`solution`, with tap changers that keep a voltage, per unit."""
    if output is not None:
        check_target(output)
    case = read(source, begin, end)
    taps = Regulated(case, target, deadband)
    result = taps.solve()
    yield from _told(case, taps.flow, result)
    yield from taps.words(result.voltage)
    if output is not None:
        found = {**tables(case, result), "tap_pos": taps.table()}
        times = [str(t) for t in case.times]
        for path in write_tables(found, case.name, times, result.converged_steps, output):
            yield f"written: {path}"


def _told(case: Case, flow: PowerFlow, result: Result) -> Iterator[str]:
    failed = np.flatnonzero(~result.converged_steps)
    yield (
        f"{case.name}: {result.steps} steps of {len(case.network.bus_names)} buses, "
        f"{len(failed)} not converged"
    )
    yield from islands(case, flow)
    yield from _extremes(case, result)
    yield from quality(case, flow.supplied, result.voltage)
    if len(failed):
        first = case.times[failed[0]] if len(case.times) else failed[0]
        yield f"the loads are too high for the grid first at {first}; those steps are empty"


def _shape(case: Case, flow: PowerFlow) -> list[str]:
    n = case.network
    lines = [
        f"{case.name}: {len(n.bus_names)} buses, {int(n.closed.sum())} closed branches of "
        f"{len(n.closed)} ({len(case.line)} lines, {len(case.trafo)} transformers), "
        f"{len(n.slack)} sources, {case.active.shape[1]} steps"
    ]
    if flow.radial:
        lines.append("radial: solved by the sweep")
    else:
        which = _branch(case, int(flow.loops[0]))
        lines.append(
            f"meshed: solved by power-grid-model; {which} closes the first of {len(flow.loops)} "
            "loops"
        )
    return lines + islands(case, flow)


def _extremes(case: Case, result: Result) -> list[str]:
    """Weakest and strongest bus, most loaded line and transformer, losses."""
    steps = result.steps
    voltage = result.voltage.reshape(-1, steps)
    lit = np.where(result.supplied[:, None] & ~np.isnan(voltage), voltage, np.inf)
    if not np.isfinite(lit).any():
        return ["no bus has a voltage"]
    bus, step = np.unravel_index(np.argmin(lit), lit.shape)
    where = case.bus_called(int(bus)) + _at(case, int(step))
    low = f"lowest voltage {lit[bus, step]:.4f} p.u. at {where}"
    lit = np.where(np.isinf(lit), -np.inf, lit)
    bus, step = np.unravel_index(np.argmax(lit), lit.shape)
    where = case.bus_called(int(bus)) + _at(case, int(step))
    high = f"highest voltage {lit[bus, step]:.4f} p.u. at {where}"
    lines = [low, high]
    loading = np.nan_to_num(result.loading().reshape(-1, steps))
    for what, labels, rows in (
        ("line", case.line, case.line_row),
        ("transformer", case.trafo, case.trafo_row),
    ):
        if len(rows):
            row, step = np.unravel_index(np.argmax(loading[rows]), (len(rows), steps))
            share = 100.0 * loading[rows[row], step]
            lines.append(f"most loaded {what} {labels[row]}: {share:.1f} %{_at(case, int(step))}")
    mean = float(np.nanmean(result.total_losses()))
    lines.append(f"losses {mean / 1e3:.3f} kW" + (" on average" if steps > 1 else ""))
    return lines


def _at(case: Case, step: int) -> str:
    return f" at {case.times[step]}" if len(case.times) > 1 else ""


def _branch(case: Case, row: int) -> str:
    for what, labels, rows in (
        ("line", case.line, case.line_row),
        ("transformer", case.trafo, case.trafo_row),
    ):
        found = np.flatnonzero(rows == row)
        if len(found):
            return f"{what} {labels[found[0]]}"
    return f"branch {case.network.branch_names[row]}"
