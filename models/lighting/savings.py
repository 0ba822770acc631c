"""When a renewal has paid for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting import technology
from models.lighting.lamps import LED, Luminaires

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def payback(lamps: Luminaires, rows: Rows, energy: float, hours: float, rules: Any) -> float:
    """Years until savings in energy and upkeep have paid for new luminaires; NaN for none.

    Parameters
    ----------
    rows
        Lamps that were renewed.
    energy
        What is saved a year, kWh: the lamps that stood there at full light, less what is taken now.
    hours
        Burning hours of a year.
    rules
        Parameters of the model.
    """
    if not len(rows):
        return float("nan")
    before = technology.upkeep(lamps.kind_before[rows], rules.visit)
    after = technology.upkeep(np.full(len(rows), LED), rules.visit)
    yearly = energy * rules.price + float((before - after).sum()) * hours
    return over(len(rows) * rules.luminaire, yearly)


def saved_power(
    lamps: Luminaires, rows: Rows, low: Singles, high: Singles, fed: Floats, share: Floats
) -> float:
    """What renewed lamps take less than those that stood there at full light, W.

    Parameters
    ----------
    rows
        Lamps that were renewed.
    low, high, fed, share : (n_lamps,)
        Power of both states of each lamp, whether it is fed, and its share of time in the high one.
    """
    now = low[rows] + (high[rows] - low[rows]) * share[rows]
    return float((lamps.before[rows] * fed[rows] - now).sum())


def over(part: float, whole: float) -> float:
    """A quotient; NaN where there is nothing to divide by."""
    return part / whole if whole > 0.0 else float("nan")
