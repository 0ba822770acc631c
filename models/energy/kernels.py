"""Loads of buildings: presence, standard profiles, heating; pure functions over arrays."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_F = nb.float64
_A = nb.float64[::1]
_I = nb.int64[::1]

BUSY = 0.7
"""Share of a building's jobs whose worker is in at the busiest hour."""


@nb.njit(nb.void(_A, _A, _A, _A, _I, _F, _F, _A), cache=True)
def presence(
    present: Floats,
    residents: Floats,
    jobs: Floats,
    follow: Floats,
    use: Rows,
    at_home: float,
    at_work: float,
    out: Floats,
) -> None:
    """Factor on a building's load from who is in it.

    ``1 + f · (present - expected) / full``, the fraction within ±1, with ``expected = residents ·
    at_home + jobs · at_work`` and ``full = residents + 0.7 · jobs``. Empty at its busiest hour, a
    building keeps ``1 - f`` of its load; a difference at night, when few are expected at work,
    changes little. 1 where presence is unknown (negative) or the building has no people of its own.

    Parameters
    ----------
    present, residents, jobs : (n_building,) float64, persons
    follow : (n_use,) float64, 1
        Share ``f`` of the load that follows presence, by use.
    use : (n_building,) int64
    at_home, at_work : float, 1
        Shares of residents and of workers whom the standard profile supposes to be in at this hour.
    out : (n_building,) float64, 1
    """
    for i in range(out.size):
        expected = residents[i] * at_home + jobs[i] * at_work
        full = residents[i] + BUSY * jobs[i]
        if present[i] < 0.0 or full <= 0.0:
            out[i] = 1.0
        else:
            more = (present[i] - expected) / full
            out[i] = 1.0 + follow[use[i]] * min(max(more, -1.0), 1.0)


@nb.njit(nb.void(_A, _A, _F, _F, _F, _F, _F, _F, _A), cache=True)
def heat(
    indoor: Floats,
    setpoint: Floats,
    outdoor: float,
    loss: float,
    capacity: float,
    gain: float,
    highest: float,
    dt: float,
    out: Floats,
) -> None:
    """One room temperature a building (1R1C), heated to its setpoint as far as the heating can.

    ``capacity · dT/dt = loss · (outdoor - T) + gain + heat``, solved exactly for constant inputs
    over ``dt``; the heat is what makes the end of the step meet the setpoint, within 0 and
    ``highest``. A step of no length gives the heat that holds the temperature.

    Parameters
    ----------
    indoor : (n_building,) float64, degC
        Changed in place.
    setpoint : (n_building,) float64, degC
    outdoor : float, degC
    loss : float, W/(m²·K)
    capacity : float, J/(m²·K)
    gain, highest : float, W/m²
    dt : float, s
    out : (n_building,) float64, W/m²
        Mean heat over the step.
    """
    decay = math.exp(-dt * loss / capacity)
    for i in range(out.size):
        if dt > 0.0:
            need = (setpoint[i] - indoor[i] * decay) / (1.0 - decay) - outdoor
        else:
            need = setpoint[i] - outdoor
        power = min(max(loss * need - gain, 0.0), highest)
        out[i] = power
        steady = outdoor + (gain + power) / loss
        indoor[i] = steady + (indoor[i] - steady) * decay


@nb.njit(nb.void(_A, _A, _I, _A, _F, _A, _A, _F, _A, _A), cache=True)
def load(
    home: Floats,
    work: Floats,
    use: Rows,
    profile: Floats,
    home_profile: float,
    factor: Floats,
    heating: Floats,
    electric: float,
    out_home: Floats,
    out_work: Floats,
) -> None:
    """Electric load of the dwellings and of the rest of each building.

    Parameters
    ----------
    home, work : (n_building,) float64, kWh/a
    use : (n_building,) int64
        0 is residential: its heating counts as the dwellings', else as the rest's.
    profile : (n_use,) float64, W per kWh/a
    home_profile : float, W per kWh/a
    factor : (n_building,) float64, 1
        From :func:`presence`.
    heating : (n_building,) float64, W
        Heat of the whole building.
    electric : float, 1
        Electricity for a unit of heat.
    out_home, out_work : (n_building,) float64, W
    """
    for i in range(out_home.size):
        out_home[i] = home[i] * home_profile * factor[i]
        out_work[i] = work[i] * profile[use[i]] * factor[i]
        if use[i] == 0:
            out_home[i] += heating[i] * electric
        else:
            out_work[i] += heating[i] * electric


@nb.njit(nb.void(_A, _I, _A, _A), cache=True)
def add_to_buses(power: Floats, bus: Rows, base: Floats, out: Floats) -> None:
    """``out = base``, plus the power of each building at its bus; (n_bus,) W."""
    out[:] = base
    for i in range(power.size):
        if bus[i] >= 0:
            out[bus[i]] += power[i]


@nb.njit(nb.float64(_A, nb.boolean[::1], _F, _F), cache=True)
def count_outside(values: Floats, where: npt.NDArray[np.bool_], low: float, high: float) -> float:
    """How many of the marked values are above zero and outside ``low`` to ``high``."""
    count = 0
    for i in range(values.size):
        if where[i] and values[i] > 0.0 and not low <= values[i] <= high:
            count += 1
    return float(count)
