"""What a renewal saves, and when it has paid for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting import technology
from models.lighting.lamps import HPS, LED, Luminaires

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def saved_power(lamps: Luminaires, rows: Rows, high: npt.NDArray[np.float32], rules: Any) -> float:
    """What lamps take less as LED than as they were at the start, as bright as they are now, W.

    Parameters
    ----------
    rows
        Lamps that burn: renewed ones, or those that a renewal would replace.
    high : (n_lamps,) float32, W
        Their power now.
    rules
        Parameters of the model.
    """
    s = lamps.standing[rows]
    level = (high[rows] / lamps.rated[rows] - s) / np.maximum(1.0 - s, 1e-9)
    before = _watts(lamps.kind_before[rows], lamps.before[rows], level, rules)
    led = np.full(len(rows), LED)
    rated = technology.converted(lamps.before[rows], lamps.kind_before[rows], led)
    return float((before - _watts(led, rated, level, rules)).sum())


def _watts(kind: npt.NDArray[np.int64], rated: Floats, level: Floats, rules: Any) -> Floats:
    standing = technology.of(kind, "standing")
    standing = np.where(kind == LED, rules.standing_led, standing)
    standing = np.where(kind == HPS, rules.standing_hps, standing)
    level = np.maximum(np.where(standing < 1.0, level, 1.0), technology.of(kind, "least"))
    return np.asarray(rated * (standing + (1.0 - standing) * level))


def payback(lamps: Luminaires, rows: Rows, energy: float, hours: float, rules: Any) -> float:
    """Years until savings in energy and upkeep have paid for new luminaires; NaN for none.

    Parameters
    ----------
    rows
        Lamps that were renewed, or that a renewal would replace.
    energy
        What is saved a year, kWh.
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


def over(part: float, whole: float) -> float:
    """A quotient; NaN where there is nothing to divide by."""
    return part / whole if whole > 0.0 else float("nan")
