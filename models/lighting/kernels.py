"""Loops over lamps and streets."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import uniform

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
DIGITS = 1048576.0
"""2^20: a draw has 53 binary digits; the first 20 are more than the wait needs."""


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
        nb.float64[::1],
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
    held: Floats,
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
    held : (n_streets,) float64, s
        The light that was held is added.
    """
    share = 1.0 / length
    for j in range(near.size):
        rate = vehicles[j] + walkers[j]
        until = lit[j]
        left = patience[j]
        if left < 0.0:
            left = -math.log(uniform(keys[j], np.uint64(0)))
            drawn[j] = 1
        budget = rate * length
        if left >= budget and until <= 0.0:  # nobody comes, and nobody was here
            patience[j] = left - budget
            near[j] = 0.0
            continue
        covered = min(until, length)
        if left < budget:
            wait = 1.0 / rate
            part = walkers[j] * wait
            counter = drawn[j]
            while left < budget:
                at = length - (budget - left) * wait
                budget -= left
                draw = uniform(keys[j], np.uint64(counter))
                counter += 1
                left = -math.log(np.float32(draw))
                # The low digits of a draw do not depend on the high ones, which make the wait.
                fine = draw * DIGITS
                walks = fine - np.int64(fine) < part
                end = at + (walker_window[j] if walks else vehicle_window[j])
                covered += max(0.0, min(end, length) - max(at, min(until, length)))
                until = max(until, end)
            drawn[j] = counter
        patience[j] = left - budget
        lit[j] = max(0.0, until - length)
        near[j] = covered * share
        held[j] += covered


@nb.njit(
    nb.void(nb.float64[:, :, ::1], nb.float64[::1], nb.float64, nb.float64[:, ::1]),
    cache=True,
)
def mix(sums: Floats, held: Floats, length: float, streets: Floats) -> None:
    """What each street summed to in the mean of a time, between the two states of :func:`refresh`.

    Parameters
    ----------
    sums : (2, n_streets, q) float64
    held : (n_streets,) float64, s
        For how long of that time somebody was near.
    length : float, s
    streets : (n_streets, q) float64
        Filled.
    """
    for j in range(held.size):
        share = held[j] / length
        for k in range(streets.shape[1]):
            streets[j, k] = sums[0, j, k] + (sums[1, j, k] - sums[0, j, k]) * share
