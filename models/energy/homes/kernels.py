"""A day of many households: starts of appliances, taps and tanks; pure functions over arrays."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import Keys, uniform

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

QUARTERS = 96
SPILL = 16
"""Quarter-hours past midnight that an appliance may still run."""
MOST = 64
"""Starts of one kind of appliance in a home and day at the most."""
AHEAD = 32
"""Quarter-hours by which a movable start may be put off at the most: 8 h."""

_F = nb.float64
_A = nb.float64[::1]
_M = nb.float64[:, ::1]
_I = nb.int64[::1]
_K = nb.uint64[::1]
_B = nb.boolean[::1]


@nb.njit(nb.int64(_F, _F), cache=True)
def poisson(mean: float, chance: float) -> int:
    """Poisson draw by inversion of a uniform one, at most :data:`MOST`."""
    share = math.exp(-mean)
    total, count = share, 0
    while chance > total and count < MOST:
        count += 1
        share *= mean / count
        total += share
    return count


@nb.njit(nb.int64(_A, _F), cache=True)
def place(cumulative: Floats, chance: float) -> int:
    """First position whose cumulative weight is above ``chance`` times the whole."""
    wanted = chance * cumulative[cumulative.size - 1]
    low, high = 0, cumulative.size - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > wanted:
            high = middle
        else:
            low = middle + 1
    return low


@nb.njit(nb.int64(nb.int64, nb.int64, _A), cache=True)
def cheapest(start: int, length: int, price: Floats) -> int:
    """The start from ``start`` on, at most :data:`AHEAD` later, whose run costs least.

    Parameters
    ----------
    start, length : int, quarter-hours
    price : (n,) float64, EUR/kWh
        From the midnight before; past its end the last value holds. The first of equals is taken.
    """
    best, least = start, math.inf
    for begin in range(start, start + AHEAD + 1):
        cost = 0.0
        for step in range(begin, begin + length):
            cost += price[min(step, price.size - 1)]
        if cost < least - 1e-12:
            best, least = begin, cost
    return best


@nb.njit(nb.void(_A, _I, _K, _M, _B, nb.int64, _F, _M, _A, _I, _B, _A, _M, _A), cache=True)
def appliances(
    energy: Floats,
    owner: Rows,
    keys: Keys,
    owned: Floats,
    moves: Flags,
    day: int,
    base: float,
    rate: Floats,
    power: Floats,
    length: Rows,
    movable: Flags,
    price: Floats,
    out: Floats,
    shifted: Floats,
) -> None:
    """Power of the appliances of every home in each quarter-hour of a day, added up by building.

    Starts of each kind are a Poisson process whose rate follows the hour (as in Richardson et al.
    2010, with the standard profile in place of activities); each run draws ``power`` for
    ``length``. A run that passes midnight spills over.

    Parameters
    ----------
    energy : (n_home,) float64, kWh/a
    owner : (n_home,) int64
        Row of the building.
    keys : (n_home,) uint64
    owned : (n_home, n_kind) float64, 1
        0 in a home without the kind, else one over the share of homes that have it.
    moves : (n_home,) bool
        Homes that put movable runs off to cheap hours.
    day : int
        Number of the day, for the draws.
    base : float, W per kWh/a
        What runs all day.
    rate : (n_kind, 96) float64, starts a day per kWh/a
        Cumulative over the day.
    power : (n_kind,) float64, W
    length : (n_kind,) int64, quarter-hours
        At most 16.
    movable : (n_kind,) bool
    price : (n,) float64, EUR/kWh
        By quarter-hour from this midnight on.
    out : (96 + 48, n_building) float64, W
        Added to; what lies past midnight belongs to the next day.
    shifted : (1,) float64, kWh
        Energy of the runs that were put off; added to.
    """
    for home in range(energy.size):
        row = owner[home]
        for quarter in range(QUARTERS):
            out[quarter, row] += base * energy[home]
        for kind in range(power.size):
            mean = energy[home] * owned[home, kind] * rate[kind, QUARTERS - 1]
            if mean <= 0.0:
                continue
            counter = np.uint64(day * 8192 + kind * 128)
            count = poisson(mean, uniform(keys[home], counter))
            for number in range(count):
                chance = uniform(keys[home], counter + np.uint64(number + 1))
                start = place(rate[kind], chance)
                if movable[kind] and moves[home]:
                    later = cheapest(start, length[kind], price)
                    if later != start:
                        shifted[0] += power[kind] * length[kind] / 4000.0
                        start = later
                for step in range(start, min(start + length[kind], out.shape[0])):
                    out[step, row] += power[kind]


@nb.njit(nb.void(_A, _I, _K, _B, nb.int64, _A, _F, _F, _M, _M), cache=True)
def taps(
    persons: Floats,
    owner: Rows,
    keys: Keys,
    electric: Flags,
    day: int,
    hours: Floats,
    draws: float,
    energy: float,
    drawn: Floats,
    tapped: Floats,
) -> None:
    """Hot water that every home draws in each quarter-hour of a day.

    Draws are Poisson with exponential sizes at hours that follow ``hours``.

    Parameters
    ----------
    persons : (n_home,) float64
    owner : (n_home,) int64
    keys : (n_home,) uint64
    electric : (n_home,) bool
        Homes with an electric tank.
    day : int
    hours : (96,) float64
        Cumulative weight of the quarter-hours.
    draws : float
        A person and day.
    energy : float, kWh
        A person and day.
    drawn : (96, n_home) float64, kWh
        From electric tanks; set.
    tapped : (96, n_building) float64, W
        Heat drawn by homes without one; set.
    """
    drawn[:] = 0.0
    tapped[:] = 0.0
    for home in range(persons.size):
        counter = np.uint64(day * 512)
        count = poisson(persons[home] * draws, uniform(keys[home], counter))
        for number in range(count):
            at = place(hours, uniform(keys[home], counter + np.uint64(2 * number + 1)))
            size = -math.log(uniform(keys[home], counter + np.uint64(2 * number + 2)))
            size *= energy / draws
            if electric[home]:
                drawn[at, home] += size
            else:
                tapped[at, owner[home]] += size * 4000.0


@nb.njit(nb.void(_A, _I, _B, _B, nb.boolean, _B, _A, _F, _F, _A, _B, _A), cache=True)
def tanks(
    persons: Floats,
    owner: Rows,
    electric: Flags,
    waits: Flags,
    cheap: bool,
    powered: Flags,
    drawn: Floats,
    tank: float,
    loss: float,
    level: Floats,
    heating: Flags,
    heated: Floats,
) -> None:
    """What electric tanks give and take in a quarter-hour.

    A tank heats from 70 % until it is full; one that waits for cheap hours does so only then, or
    when it is down to 15 %. The heater brings in a whole tank in three hours. Without power it
    heats nothing and gives what it holds, so that many heaters are on when power is back.

    Parameters
    ----------
    persons : (n_home,) float64
    owner : (n_home,) int64
    electric, waits : (n_home,) bool
        Homes with an electric tank; those that heat it in cheap hours.
    cheap : bool
        Whether this is one of them.
    powered : (n_building,) bool
        Buildings with supply.
    drawn : (n_home,) float64, kWh
        Hot water that is wanted.
    tank : float, kWh
        That a tank holds, a person.
    loss : float, W
        Of a tank.
    level : (n_home,) float64, kWh
        In the tanks; changed in place.
    heating : (n_home,) bool
        Whether each thermostat is on; changed in place.
    heated : (n_building,) float64, W
        Heat put into tanks; set.
    """
    heated[:] = 0.0
    for home in range(persons.size):
        if not electric[home]:
            continue
        full = tank * persons[home]
        level[home] -= drawn[home] + loss / 4000.0
        if level[home] >= full:
            heating[home] = False
        elif level[home] < 0.15 * full:
            heating[home] = True
        elif waits[home]:
            heating[home] = cheap and (heating[home] or level[home] < 0.9 * full)
        elif level[home] < 0.7 * full:
            heating[home] = True
        if not powered[owner[home]]:
            level[home] = max(level[home], 0.0)
        elif heating[home]:
            put = min(full / 12.0, full - level[home])
            level[home] += put
            heated[owner[home]] += put * 4000.0
