"""Tap changers of a pandapower network, as its ``DiscreteTapControl`` would move them."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.energy.flow.network import Rows
from models.energy.flow.regulation import TapChanger

TOLERANCE = 1e-3
"""What pandapower's controller adds to half a tap, per unit."""


def changers(net: Any, branch: Rows, to_bus: Rows) -> tuple[tuple[TapChanger, ...], Rows]:
    """Changers of ratio at the high voltage, which keep the low voltage, and where they stand.

    A tap at the low voltage changes the impedance with the ratio, and one that turns the phase no
    voltage: these stay as the file has them.

    Parameters
    ----------
    net
    branch : (n_trafo,) int64
        Of each transformer.
    to_bus : (n_branch,) int64
    """
    found, positions = [], []
    for row, (_, unit) in zip(branch, net.trafo.iterrows(), strict=True):
        if not _moves(unit):
            continue
        step = float(unit.tap_step_percent) / 100.0
        found.append(
            TapChanger(
                int(row),
                int(to_bus[row]),
                int(unit.tap_min),
                int(unit.tap_neutral),
                int(unit.tap_max),
                step,
                deadband=step / 2.0 + TOLERANCE,
            )
        )
        positions.append(int(unit.tap_pos))
    return tuple(found), np.array(positions, dtype=np.int64)


def _moves(unit: Any) -> bool:
    columns = ("tap_min", "tap_max", "tap_neutral", "tap_pos", "tap_step_percent")
    numbers = np.array([unit.get(column, np.nan) for column in columns], dtype=np.float64)
    if not unit.in_service or unit.get("tap_side") != "hv" or not np.isfinite(numbers).all():
        return False
    lowest, highest, neutral, _, step = numbers
    degree = unit.get("tap_step_degree", 0.0)
    turns = degree is not None and np.isfinite(degree) and degree != 0.0
    ratio = unit.get("tap_changer_type", "Ratio") == "Ratio"
    return bool(ratio and not turns and step > 0.0 and lowest <= neutral <= highest)
