"""Waste of the people present: kilograms an hour for each role and building."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.citizens.columns import AT_HOME, AT_SCHOOL, AT_WORK, GUEST

Floats = npt.NDArray[np.float64]

AWAKE_AT_HOME = 12.0
"""Hours that a resident is awake at home on a working day here; the waste falls in them."""

WORK = {"retail": 0.20, "hotel": 0.20, "industrial": 0.13}
"""kg/h for each person at work, by use; 0.065 for the others (an office: 0.5 kg a day)."""

SCHOOL = 0.035
"""kg/h for each pupil (about 45 kg a school year)."""

GUESTS = {"retail": 0.05, "hotel": 0.15}
"""kg/h for each visitor, by use; 0.08 for the others."""


def rates(use: npt.NDArray[np.str_], household: float) -> Floats:
    """Waste of one person present.

    Parameters
    ----------
    use : (n_building,) str
        Use of each building.
    household
        kg per resident and day.

    Returns
    -------
    (4, n_building) float64, kg/h
        By role: at home (awake), at work, at school, guest.
    """
    table = np.empty((4, len(use)))
    table[AT_HOME] = household / AWAKE_AT_HOME
    table[AT_WORK], table[AT_SCHOOL], table[GUEST] = 0.065, SCHOOL, 0.08
    for role, values in ((AT_WORK, WORK), (GUEST, GUESTS)):
        for name, value in values.items():
            table[role, use == name] = value
    return table


def awake(hour: float) -> float:
    """Share of people who are awake at a local hour: all from 7 to 22, none from 0 to 5."""
    return float(np.interp(hour, [0.0, 5.0, 7.0, 22.0, 24.0], [0.0, 0.0, 1.0, 1.0, 0.0]))
