"""Loops over lamps and streets."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import exponential, uniform

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

QUANTITIES = (
    "power",  # W
    "burning",  # lamps
    "dimmed",  # lamps that are below full light, or off
    "light",  # light level, summed over lamps
    "useful",  # lm on the carriageway
    "trespass",  # windows with more light than is allowed after the curfew
)
"""What is summed over the lamps of each street, in this order."""

FULL = 1.0 - 1e-9


@nb.njit(
    nb.void(
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.float32[::1],
        nb.float64[:, :, ::1],
    ),
    cache=True,
)
def refresh(
    dimming: Floats,
    resting: Floats,
    override: Floats,
    fed: Floats,
    rated: Floats,
    standing: Floats,
    least: Floats,
    useful: Floats,
    window: Floats,
    street: Rows,
    low: Singles,
    high: Singles,
    sums: Floats,
) -> None:
    """Power of each lamp without and with somebody near, and what each street sums to.

    A lamp has two states; everything that is measured is linear between them in the share of time
    that somebody is near. P = P_full (s + (1 - s) d) for d > 0, none at d = 0. A level below what
    a technology can be dimmed to burns at that.

    Parameters
    ----------
    dimming : (n_lamps,) float64, 1
        Level while somebody is near, 0 (off) to 1.
    resting : (n_lamps,) float64, 1
        Part of that level while nobody is near; 1 where lamps do not wait for anybody.
    override : (n_lamps,) float64, 1
        Level that wins over both; negative for none.
    fed : (n_lamps,) float64, 1
        1 where the cabinet feeds the lamp and the lamp works, else 0.
    rated, standing, least : (n_lamps,) float64
        Power at full light (W), part s, lowest level.
    useful : (n_lamps,) float64, lm
        Maintained flux on the carriageway at full light.
    window : (n_lamps,) float64, 1
        Level above which a window gets more light than is allowed; above 1 for never.
    street : (n_lamps,) int32
        Row of each lamp's street.
    low, high : (n_lamps,) float32, W
        Filled with the power without and with somebody near.
    sums : (2, n_streets, len(QUANTITIES)) float64
        Filled with the sums of each street, without and with somebody near.
    """
    sums[:] = 0.0
    for i in range(rated.size):
        j = street[i]
        for state in range(2):
            level = dimming[i] * resting[i] if state == 0 else dimming[i]
            if override[i] >= 0.0:
                level = override[i]
            level *= fed[i]
            watts = 0.0
            if level > 0.0:
                level = max(level, least[i])
                watts = rated[i] * (standing[i] + (1.0 - standing[i]) * level)
                sums[state, j, 1] += 1.0
            if fed[i] > 0.0 and level < FULL:
                sums[state, j, 2] += 1.0
            if level > window[i]:
                sums[state, j, 5] += 1.0
            sums[state, j, 0] += watts
            sums[state, j, 3] += level
            sums[state, j, 4] += level * useful[i]
            if state == 0:
                low[i] = watts
            else:
                high[i] = watts


@nb.njit(
    nb.void(
        nb.float32[::1],
        nb.float32[::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
    fastmath=True,
)
def spread(low: Singles, high: Singles, street: Rows, near: Singles, out: Floats) -> None:
    """Mean power of each lamp over a step: low + (high - low) of the share that somebody is near.

    Parameters
    ----------
    low, high : (n_lamps,) float32, W
        See :func:`refresh`.
    street : (n_lamps,) int32
    near : (n_streets,) float32, 1
        Share of the step in which somebody is near.
    out : (n_lamps,) float64, W
        Filled.
    """
    for i in range(out.size):
        out[i] = low[i] + (high[i] - low[i]) * near[street[i]]


@nb.njit(
    nb.void(
        nb.uint64[::1],
        nb.int64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64,
        nb.float32[::1],
    ),
    cache=True,
)
def presence(
    keys: Keys,
    drawn: npt.NDArray[np.int64],
    patience: Floats,
    lit: Floats,
    vehicles: Floats,
    walkers: Floats,
    vehicle_window: Floats,
    walker_window: Floats,
    length: float,
    near: Singles,
) -> None:
    """Share of a step in which somebody lights the lamps of each street.

    Vehicles and walkers come as one Poisson process whose rate is constant within the step; each
    holds the light for its window, and windows that overlap are one. The time to the next arrival
    is a budget of unit exponential ``patience`` that the rate uses up, so that a change of the rate
    between steps is exact and a quiet street costs no draw.

    Parameters
    ----------
    keys : (n_streets,) uint64
    drawn : (n_streets,) int64
        Draws so far; the counter of the next.
    patience : (n_streets,) float64, 1
        Budget that is left until the next arrival; negative before the first step.
    lit : (n_streets,) float64, s
        From the start of the step until when the light is held already.
    vehicles, walkers : (n_streets,) float64, 1/s
        Arrivals.
    vehicle_window, walker_window : (n_streets,) float64, s
        How long each holds the light.
    length : float, s
        Of the step.
    near : (n_streets,) float32, 1
        Filled with the share of the step.
    """
    for j in range(near.size):
        rate = vehicles[j] + walkers[j]
        until = lit[j]
        covered = min(until, length)
        left = patience[j]
        if left < 0.0:
            left = exponential(keys[j], np.uint64(0))
            drawn[j] = 1
        at = 0.0
        while left < rate * (length - at):
            at += left / rate
            draw = np.uint64(drawn[j])
            walks = uniform(keys[j], draw) * rate < walkers[j]
            left = exponential(keys[j], draw + np.uint64(1))
            drawn[j] += 2
            end = at + (walker_window[j] if walks else vehicle_window[j])
            if end > until:
                covered += min(end, length) - min(max(at, until), length)
                until = end
        patience[j] = left - rate * (length - at)
        lit[j] = max(0.0, until - length)
        near[j] = covered / length


@nb.njit(
    nb.void(nb.float64[:, :, ::1], nb.float32[::1], nb.float64[:, ::1], nb.float64[::1]),
    cache=True,
)
def mix(sums: Floats, near: Singles, streets: Floats, total: Floats) -> None:
    """What each street and the city sum to, between the two states of :func:`refresh`.

    Parameters
    ----------
    sums : (2, n_streets, q) float64
    near : (n_streets,) float32, 1
    streets : (n_streets, q) float64
        Filled with each street's.
    total : (q,) float64
        Filled with the city's.
    """
    total[:] = 0.0
    for j in range(near.size):
        for k in range(total.size):
            value = sums[0, j, k] + (sums[1, j, k] - sums[0, j, k]) * near[j]
            streets[j, k] = value
            total[k] += value
