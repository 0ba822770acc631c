"""Loads of buildings: presence, rooms, panels, batteries; pure functions over arrays."""

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
OPEN = 24.0
"""Windows are open in rooms warmer than this, while it is cooler outside, degC."""
OPENED = 4.0
"""Fresh air with open windows over that without."""


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


@nb.njit(nb.void(_A, _A, _A, _F, _F, _A, _A, _A, _A, _A, _A, _A, _F, _F, _A), cache=True)
def rooms(
    indoor: Floats,
    mass: Floats,
    setpoint: Floats,
    warmest: float,
    outdoor: float,
    opaque: Floats,
    windows: Floats,
    air: Floats,
    inner: Floats,
    solar: Floats,
    highest: Floats,
    coldest: Floats,
    capacity: float,
    dt: float,
    out: Floats,
) -> None:
    """Room temperature and heating of each building: the five resistances of ISO 13790, annex C.

    Three nodes: the air, the surfaces, the mass (Crank-Nicolson over the step). The heat is what
    brings the air to its setpoint, within 0 and ``highest``, or what keeps it from being warmer
    than ``warmest``, down to ``-coldest``. Windows are open above :data:`OPEN`, but where there is
    cooling. A step of no length takes the mass to be in balance with
    the air. All on the floor area.

    Parameters
    ----------
    indoor, mass : (n_building,) float64, degC
        Of the air and of the mass; changed in place.
    setpoint : (n_building,) float64, degC
    warmest : float, degC
        From which it is cooled.
    outdoor : float, degC
    opaque, windows, air : (n_building,) float64, W/(m²·K)
    inner, solar, highest, coldest : (n_building,) float64, W/m²
        Gains of people and equipment, of the sun, and what heating and cooling can do.
    capacity : float, J/(m²·K)
    dt : float, s
    out : (n_building,) float64, W/m²
        Mean heat over the step, negative where it is cooled.

    Notes
    -----
    ``h_is`` = 3.45, ``h_ms`` = 9.1 W/(m²·K); surfaces 4.5 and mass 2.5 times the floor area.
    """
    to_surface, to_mass, part = 4.5 * 3.45, 2.5 * 9.1, 2.5 / 4.5
    for i in range(out.size):
        through = 1.0 / (1.0 / max(opaque[i], 1e-6) - 1.0 / to_mass)
        window, fresh = windows[i], max(air[i], 1e-6)
        if dt > 0.0 and OPEN < indoor[i] > outdoor and coldest[i] <= 0.0:
            fresh *= OPENED
        free = 0.5 * inner[i] + solar[i]
        into_air, into_mass = 0.5 * inner[i], part * free
        into_surface = (1.0 - part - window / (9.1 * 4.5)) * free
        one = 1.0 / (1.0 / fresh + 1.0 / to_surface)
        two = one + window
        three = 1.0 / (1.0 / two + 1.0 / to_mass)
        both = to_mass + window + one
        if dt <= 0.0:
            # Balance of mass and surface with the air at its setpoint gives mass and heat.
            surface = (to_surface * setpoint[i] + window * outdoor + into_surface) + to_mass * (
                through * outdoor + into_mass
            ) / (through + to_mass)
            surface /= to_surface + window + to_mass - to_mass**2 / (through + to_mass)
            mass[i] = (to_mass * surface + through * outdoor + into_mass) / (through + to_mass)
            need = to_surface * (setpoint[i] - surface) + fresh * (setpoint[i] - outdoor)
            out[i] = min(max(need - into_air, 0.0), highest[i])
            indoor[i] = setpoint[i]
            continue
        store = capacity / dt
        # The air's temperature is linear in the heat: at none, and at ten.
        first = second = end = end_more = 0.0
        for trial in range(2):
            driven = outdoor + (into_air + 10.0 * trial) / fresh
            total = into_mass + through * outdoor
            total += three * (into_surface + window * outdoor + one * driven) / two
            later = mass[i] * (store - 0.5 * (three + through)) + total
            later /= store + 0.5 * (three + through)
            middle = 0.5 * (mass[i] + later)
            surface = (to_mass * middle + into_surface + window * outdoor + one * driven) / both
            found = to_surface * surface + fresh * outdoor + into_air + 10.0 * trial
            found /= to_surface + fresh
            if trial == 0:
                first, end = found, later
            else:
                second, end_more = found, later
        need = 10.0 * (setpoint[i] - first) / (second - first)
        power = min(max(need, 0.0), highest[i])
        if first > warmest:
            power = max(10.0 * (warmest - first) / (second - first), -coldest[i])
        out[i] = power
        indoor[i] = first + (second - first) * power / 10.0
        mass[i] = end + (end_more - end) * power / 10.0


@nb.njit(nb.void(_F, _F, _F, _F, _F, _A, _A, _A), cache=True)
def planes(
    zenith: float,
    azimuth: float,
    clear: float,
    beyond: float,
    cloud: float,
    tilt: Floats,
    facing: Floats,
    out: Floats,
) -> None:
    """Irradiance on tilted planes under a cloudy sky.

    Cloud leaves ``1 - 0.75 c^3.4`` of the clear sky (Kasten & Czeplak 1980); its diffuse part is
    that of Erbs et al. (1982) for the clearness that results; it comes evenly from the sky (Liu &
    Jordan 1963), and the ground throws 20 % back.

    Parameters
    ----------
    zenith, azimuth : float, degrees
        Of the sun.
    clear : float, W/m²
        Global on the horizontal under a clear sky.
    beyond : float, W/m²
        Of the sun beyond the air, at a right angle.
    cloud : float, 1
    tilt, facing : (n_plane,) float64, degrees
    out : (n_plane,) float64, W/m²
    """
    high = math.cos(math.radians(zenith))
    total = max(clear, 0.0) * (1.0 - 0.75 * min(max(cloud, 0.0), 1.0) ** 3.4)
    if total <= 0.0:
        out[:] = 0.0
        return
    clearness = min(total / (beyond * max(high, 0.065)), 1.0)
    if clearness <= 0.22:
        share = 1.0 - 0.09 * clearness
    elif clearness <= 0.8:
        k = clearness
        share = 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    else:
        share = 0.165
    diffuse = share * total if high > 0.017 else total
    beam = (total - diffuse) / max(high, 0.065)
    side = math.sin(math.radians(zenith))
    for i in range(out.size):
        slope = math.radians(tilt[i])
        towards = math.cos(math.radians(azimuth - facing[i]))
        angle = high * math.cos(slope) + side * math.sin(slope) * towards
        view = 0.5 * (1.0 + math.cos(slope))
        out[i] = beam * max(angle, 0.0) + diffuse * view + 0.2 * total * (1.0 - view)


@nb.njit(nb.void(_A, _A, _A, _F, _F, _F, _F, _F, _A), cache=True)
def batteries(
    surplus: Floats,
    capacity: Floats,
    level: Floats,
    rate: float,
    efficiency: float,
    buy: float,
    sell: float,
    hours: float,
    out: Floats,
) -> None:
    """What each battery takes (positive) or gives over a step, and its level after it.

    It stores what panels leave over and gives it back to the building. ``buy`` above 0 fills it
    from the grid up to that share of its capacity; with ``sell`` below 1 it keeps that share of its
    capacity back for dearer hours.

    Parameters
    ----------
    surplus : (n_building,) float64, W
        Own generation less own load.
    capacity, level : (n_building,) float64, Wh
        ``level`` is changed in place.
    rate : float, 1/h
        Power over capacity.
    efficiency : float, 1
        Of a whole turn; half of it (its root) is lost on either way.
    buy, sell : float, 1
        Share up to which to buy; share below which not to give.
    hours : float
    out : (n_building,) float64, W
    """
    one_way = math.sqrt(efficiency)
    for i in range(out.size):
        out[i] = 0.0
        if capacity[i] <= 0.0 or hours <= 0.0:
            continue
        limit = rate * capacity[i]
        want = max(surplus[i], 0.0)
        target = capacity[i]
        if buy > 0.0:
            want = limit
            if surplus[i] <= 0.0:
                target = buy * capacity[i]
        room = max(target - level[i], 0.0) / one_way / hours
        power = min(min(want, limit), room)
        if power > 0.0:
            level[i] += power * one_way * hours
            out[i] = power
        elif surplus[i] < 0.0 and buy <= 0.0:
            there = max(level[i] - sell * capacity[i], 0.0) * one_way / hours
            given = min(min(-surplus[i], limit), there)
            level[i] -= given / one_way * hours
            out[i] = -given


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
