"""Loops over lamps: level, power, and what they sum to."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

QUANTITIES = (
    "power",  # W
    "burning",  # lamps
    "dimmed",  # lamps that are below full light, or off
    "light",  # light level, summed over lamps
    "useful",  # lm on the carriageway
    "trespass",  # windows with more light than is allowed after the curfew
)
"""What is summed over the lamps, in this order."""

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
        nb.float64[:, ::1],
        nb.float32[::1],
        nb.float32[::1],
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
    levels: Floats,
    low: Singles,
    high: Singles,
) -> None:
    """Level and power of each lamp without and with somebody near.

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
    levels : (2, n_lamps) float64, 1
        Filled with the level without and with somebody near.
    low, high : (n_lamps,) float32, W
        Filled with the power without and with somebody near.
    """
    for i in range(rated.size):
        for state in range(2):
            level = dimming[i] * resting[i] if state == 0 else dimming[i]
            if override[i] >= 0.0:
                level = override[i]
            level *= fed[i]
            watts = 0.0
            if level > 0.0:
                level = max(level, least[i])
                watts = rated[i] * (standing[i] + (1.0 - standing[i]) * level)
            levels[state, i] = level
            if state == 0:
                low[i] = watts
            else:
                high[i] = watts


@nb.njit(
    nb.void(
        nb.float64[:, ::1],
        nb.float32[::1],
        nb.float32[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def mix(
    levels: Floats,
    low: Singles,
    high: Singles,
    fed: Floats,
    useful: Floats,
    window: Floats,
    share: Floats,
    sums: Floats,
) -> None:
    """What all lamps sum to in the mean of a time, between the two states of :func:`refresh`.

    Parameters
    ----------
    levels, low, high, fed
        See :func:`refresh`.
    useful : (n_lamps,) float64, lm
        Maintained flux on the carriageway at full light.
    window : (n_lamps,) float64, 1
        Level above which a window gets more light than is allowed; above 1 for never.
    share : (n_lamps,) float64, 1
        Part of that time in which somebody was near.
    sums : (len(QUANTITIES),) float64
        Filled.
    """
    sums[:] = 0.0
    for i in range(share.size):
        for state in range(2):
            part = share[i] if state == 1 else 1.0 - share[i]
            level = levels[state, i]
            sums[0] += part * (low[i] if state == 0 else high[i])
            if level > 0.0:
                sums[1] += part
            if fed[i] > 0.0 and level < FULL:
                sums[2] += part
            sums[3] += part * level
            sums[4] += part * level * useful[i]
            if level > window[i]:
                sums[5] += part
