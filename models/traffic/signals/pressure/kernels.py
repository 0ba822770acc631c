# mypy: disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Max-pressure: which green a signal should show (Varaiya 2013)."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@nb.njit(cache=True)
def pressures(green: Bools, upstream: Floats, downstream: Floats, out: Floats) -> None:
    """Pressure of each green.

    Parameters
    ----------
    green : (n_greens, n_movements) bool
        Movements that a green serves.
    upstream : (n_movements,) float64, veh
        Vehicles that wait to make a movement.
    downstream : (n_movements,) float64, veh
        Vehicles where it leads to.
    out : (n_greens,) float64, veh
        Filled: the sum over the movements of upstream less downstream, none below zero.

    Notes
    -----
    Varaiya, P. (2013), Max pressure control of a network of signalized intersections,
    Transportation Research C 36:177-195, with equal saturation flows. A movement whose exit is
    fuller than its approach counts nothing and not less than nothing, so that an empty approach
    never speaks against its green.
    """
    for g in range(green.shape[0]):
        total = 0.0
        for m in range(green.shape[1]):
            if green[g, m]:
                total += max(0.0, upstream[m] - downstream[m])
        out[g] = total


@nb.njit(cache=True)
def choose(
    pressure: Floats, unserved: Floats, now: int, shown: float, shortest: float, longest: float,
    cycle: float,
) -> int:  # fmt: skip
    """The green to show.

    Parameters
    ----------
    pressure : (n_greens,) float64, veh
    unserved : (n_greens,) float64, s
        How long somebody waits for what each green serves; 0 for the present one.
    now
        The present green.
    shown, shortest, longest
        How long it has been shown, and the bounds, s.
    cycle
        A green for which somebody has waited so long comes first, s.

    Returns
    -------
    int
        The present one until ``shortest`` is over; then the longest unserved one past ``cycle``,
        of several that of the highest pressure; else that of the highest pressure, the present
        one in a draw; after ``longest`` another.
    """
    if shown < shortest:
        return now
    late = -1
    for g in range(pressure.size):
        if g != now and unserved[g] >= cycle:
            more = late < 0 or unserved[g] > unserved[late]
            if more or (unserved[g] == unserved[late] and pressure[g] > pressure[late]):
                late = g
    if late >= 0:
        return late
    best = now
    if shown >= longest and pressure.size > 1:
        best = 0 if now != 0 else 1
    for g in range(pressure.size):
        if (g != now or shown < longest) and pressure[g] > pressure[best]:
            best = g
    return best
