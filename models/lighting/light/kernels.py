"""Loops over streets: who uses them, the light that this asks for, the light that there is."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from models.lighting.classes import USES_BUSY, USES_QUIET

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@nb.njit(
    nb.void(
        nb.float64[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float64[::1],
        nb.boolean[::1],
        nb.int64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[:, ::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def judge(
    flow: Floats,
    walking: Floats,
    edge: Rows,
    back: Rows,
    capacity: Floats,
    motor: npt.NDArray[np.bool_],
    number: npt.NDArray[np.int64],
    quiet: Floats,
    busy: Floats,
    lux: Floats,
    forth: Floats,
    vehicles: Floats,
    walkers: Floats,
    wanted: Floats,
    asked: Floats,
) -> None:
    """Who uses each street, and the light that this asks for; see :mod:`models.lighting.classes`.

    Parameters
    ----------
    flow, walking : (n_edges,) float64, 1/h
        NaN where nothing is known.
    edge, back : (n_streets,) int32
        Rows of the edge of each direction; -1 for none.
    capacity : (n_edges,) float64, veh/h
    motor, number : (n_streets,)
        Class of each street: whether M, and its number.
    quiet, busy : (n_streets,) float64, 1
        Thresholds of flow over capacity.
    lux : (2, 6) float64
        What P1 to P6, and M1 to M6, ask for.
    forth, vehicles, walkers : (n_streets,) float64, 1/s
        Filled: vehicles of the first direction; vehicles and walkers of both.
    wanted : (n_streets,) float64, lx
        Filled.
    asked : (n_streets,) float64, 1
        Filled with the level relative to the busiest hour.
    """
    for j in range(edge.size):
        cars = room = people = first = 0.0
        for row in (edge[j], back[j]):
            if row >= 0:
                if not np.isnan(flow[row]):
                    cars += flow[row]
                    first += flow[row] if row == edge[j] else 0.0
                    room += capacity[row]
                if not np.isnan(walking[row]):
                    people += walking[row]
        ratio = cars / room if room > 0.0 else 0.0
        asked[j] = 1.0 if ratio > busy[j] else (0.75 if ratio >= quiet[j] else 0.5)
        if motor[j]:
            shift = 0 if ratio > busy[j] else (1 if ratio >= quiet[j] else 2)
        else:
            uses = cars + people
            shift = -1 if uses > USES_BUSY else (0 if uses >= USES_QUIET else 1)
        row = min(max(number[j] + shift, 1), 6) - 1
        wanted[j] = lux[1 if motor[j] else 0, row]
        forth[j] = first / 3600.0
        vehicles[j] = cars / 3600.0
        walkers[j] = people / 3600.0


@nb.njit(
    nb.types.UniTuple(nb.float64, 2)(
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float64,
        nb.float64[::1],
    ),
    cache=True,
)
def lacking(
    level: Floats,
    asked: Floats,
    light: Floats,
    wanted: Floats,
    length: Floats,
    lamps: Floats,
    edge: Rows,
    back: Rows,
    elapsed: float,
    shortfall: Floats,
) -> tuple[float, float]:
    """Where there was less light than was asked for.

    Parameters
    ----------
    level, asked : (n_streets,) float64, 1
        Level for those who are there, and what was asked for.
    light, wanted : (n_streets,) float64, lx
        The same as illuminance; infinite light where none is measured.
    length : (n_streets,) float64, m
    lamps : (n_streets,) float64
        How many.
    edge, back : (n_streets,) int32
    elapsed : float, h
    shortfall : (n_edges,) float64, h
        The time is added where the class was not kept.

    Returns
    -------
    under, short
        Lamps of streets below the level; length of streets below their class, m.
    """
    under = short = 0.0
    for j in range(level.size):
        if level[j] < asked[j] - 1e-9:
            under += lamps[j]
        if light[j] < wanted[j]:
            short += length[j]
            for row in (edge[j], back[j]):
                if row >= 0:
                    shortfall[row] += elapsed
    return under, short


@nb.njit(
    nb.void(
        nb.float64[::1],
        nb.int32[::1],
        nb.int32[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def shine(light: Floats, edge: Rows, back: Rows, out: Floats) -> None:
    """Mean illuminance of each edge over a step, lx.

    Parameters
    ----------
    light : (n_streets,) float64, lx
    edge, back : (n_streets,) int32
    out : (n_edges,) float64, lx
        Filled where a street has lamps.
    """
    for j in range(light.size):
        for row in (edge[j], back[j]):
            if row >= 0:
                out[row] = light[j]
