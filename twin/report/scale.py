"""Scales of charts: round ticks, and limits that one odd value does not stretch."""

from __future__ import annotations

import math

import numpy as np

from twin.report.data import Floats

PREFIXES = {
    "W": "kW MW GW",
    "Wh": "kWh MWh GWh",
    "VA": "kVA MVA GVA",
    "g": "kg t kt",
    "g/s": "kg/s t/s",
}
"""Units that take a prefix each thousand."""
TIME_STEPS = (300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 7 * 86_400)


def step(span: float, wanted: int) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that gives about so many ticks."""
    raw = span / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if power * factor >= raw)


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values that enclose ``low`` and ``high``."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    by = step(high - low, wanted)
    first, last = math.floor(low / by + 1e-9), math.ceil(high / by - 1e-9)
    return [index * by for index in range(first, last + 1)]


def time_ticks(first: float, last: float, wanted: int = 6) -> list[float]:
    """Round times of day between two times, s."""
    span = max(last - first, 1.0)
    by = next((step for step in TIME_STEPS if span / step <= wanted), TIME_STEPS[-1])
    return [float(at * by) for at in range(math.ceil(first / by), math.floor(last / by) + 1)]


def extent(columns: list[Floats]) -> tuple[float, float]:
    """Limits of a colour scale: from zero, or from the lowest where zero is far away."""
    values = np.concatenate(columns) if columns else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = (float(limit) for limit in np.quantile(values, (0.01, 0.99)))
    if low >= 0.0 and low < 0.6 * high:
        low = 0.0
    return (low, high) if high > low else (low, low + (abs(low) or 1.0))


def reach(columns: list[Floats]) -> float:
    """Limit of a scale around zero, from the differences that are not zero."""
    values = np.abs(np.concatenate(columns)) if columns else np.zeros(0)
    values = values[np.isfinite(values) & (values > 0.0)]
    return float(np.quantile(values, 0.97)) if len(values) else 1.0


def prefixed(unit: str, columns: list[Floats]) -> tuple[str, float]:
    """A unit in which the values have few digits, and what to divide them by."""
    values = np.abs(np.concatenate(columns)) if columns else np.zeros(0)
    values = values[np.isfinite(values)]
    most = float(values.max()) if len(values) else 0.0
    factor = 1.0
    for larger in PREFIXES.get(unit, "").split():
        if most / factor < 10_000.0:
            break
        unit, factor = larger, factor * 1000.0
    return unit, factor
