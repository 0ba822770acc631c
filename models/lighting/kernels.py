"""Loops over lamps."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@nb.njit(
    nb.types.UniTuple(nb.float64, 3)(
        nb.boolean,
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def power(
    dark: bool,
    dimming: Floats,
    rated: Floats,
    standing: Floats,
    needed: Floats,
    out: Floats,
) -> tuple[float, float, float]:
    """Power of each lamp: P = P_full (s + (1 - s) d); none by day, and none at d = 0.

    Parameters
    ----------
    dark
        Whether the lamps are switched on.
    dimming : (n_lamps,) float64, 1
        Dimming level d, 0 (switched off) to 1 (full light).
    rated : (n_lamps,) float64, W
        Power at full light.
    standing : (n_lamps,) float64, 1
        Part s of the power that dimming does not save.
    needed : (n_lamps,) float64, 1
        Level that the street's use asks for now.
    out : (n_lamps,) float64, W
        Filled with the power.

    Returns
    -------
    total, burning, underlit
        Power of all lamps (W), how many burn, and how many of the lamps that should burn are below
        the level that is needed.
    """
    total = 0.0
    burning = 0.0
    underlit = 0.0
    for i in range(out.size):
        level = dimming[i]
        if not dark:
            out[i] = 0.0
            continue
        if level > 0.0:
            watts = rated[i] * (standing[i] + (1.0 - standing[i]) * level)
            burning += 1.0
        else:
            watts = 0.0
        if level < needed[i] - 1e-9:
            underlit += 1.0
        out[i] = watts
        total += watts
    return total, burning, underlit


@nb.njit(
    nb.void(nb.float64[::1], nb.int32[::1], nb.int32[::1], nb.float64[::1], nb.float64[::1]),
    cache=True,
)
def use(flow: Floats, edge: Rows, back: Rows, capacity: Floats, out: Floats) -> None:
    """Flow over capacity on each lamp's street, both directions together; NaN where none is known.

    Parameters
    ----------
    flow : (n_edges,) float64, veh/h
        NaN where nobody has counted.
    edge, back : (n_lamps,) int32
        Rows of the lamp's edge and of the one that leads back; -1 for none.
    capacity : (n_edges,) float64, veh/h
    out : (n_lamps,) float64, 1
        Filled with the ratio; a direction without a count is left out.
    """
    for i in range(out.size):
        vehicles = 0.0
        room = 0.0
        if edge[i] >= 0 and not np.isnan(flow[edge[i]]):
            vehicles += flow[edge[i]]
            room += capacity[edge[i]]
        if back[i] >= 0 and not np.isnan(flow[back[i]]):
            vehicles += flow[back[i]]
            room += capacity[back[i]]
        out[i] = vehicles / room if room > 0.0 else np.nan


@nb.njit(nb.void(nb.float64[::1], nb.float64[::1]), cache=True)
def needed_level(ratio: Floats, out: Floats) -> None:
    """Level that the use of a street asks for, relative to that of its busiest class.

    CEN/TR 13201-1 moves the class of a road by one between more than 65 % of its capacity, 35 to
    65 %, and less; a class less of EN 13201-2 is about three quarters of the luminance (M3 1.0, M4
    0.75, M5 0.5 cd/m²).

    Parameters
    ----------
    ratio : (n_lamps,) float64, 1
        Flow over capacity; NaN asks for full light.
    out : (n_lamps,) float64, 1
        Filled with 0.5, 0.75 or 1.
    """
    for i in range(out.size):
        if ratio[i] < 0.35:
            out[i] = 0.5
        elif ratio[i] <= 0.65:
            out[i] = 0.75
        else:
            out[i] = 1.0
