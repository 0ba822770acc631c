"""Pure functions over arrays: from samples to traffic quantities, and gravity between gateways.

They are NumPy and not numba: over the edges of a city each takes microseconds, and what costs is
asking SUMO.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def space_mean_speed(vehicles: Floats, momentum: Floats, free: Floats) -> Floats:
    """Speed of the vehicles met, the free speed where there were none.

    Parameters
    ----------
    vehicles : (n,) float64, veh
        Sum over the samples of the vehicles on each edge.
    momentum : (n,) float64, veh m/s
        Sum over the samples of vehicles x their mean speed.
    free : (n,) float64, m/s
        Speed of an empty edge.

    Returns
    -------
    (n,) float64, m/s

    Notes
    -----
    Total distance over total time (Edie 1963), so that flow = density x speed.
    """
    speed = free.copy()
    np.divide(momentum, vehicles, out=speed, where=vehicles > 0.0)
    return speed


def travel_time(vehicles: Floats, momentum: Floats, length: Floats, free: Floats) -> Floats:
    """Time to pass each edge, from smoothed sums.

    Parameters
    ----------
    vehicles, momentum : (n,) float64
        As in :func:`space_mean_speed`, smoothed over minutes.
    length : (n,) float64, m
    free : (n,) float64, m/s

    Returns
    -------
    (n,) float64, s

    Notes
    -----
    One tenth of a vehicle at free speed is added: an empty edge is passed freely, and a queue that
    happens to stand at every look does not make the time infinite.
    """
    prior = 0.1
    pace = (vehicles + prior) / (momentum + prior * free)
    found: Floats = length * pace
    return found


def decay(interval: float, horizon: float) -> float:
    """Weight that a smoothed sum keeps after ``interval`` s with a time constant ``horizon`` s."""
    return float(np.exp(-interval / horizon))


def gravity(origins: Floats, destinations: Floats, willingness: Floats, rounds: int = 50) -> Floats:
    """Trips between all pairs that leave and reach each end as often as asked.

    Parameters
    ----------
    origins : (n,) float64, veh/day
        Trips that start at each gateway.
    destinations : (m,) float64, veh/day
        Weight of each gateway as a goal; scaled to the total of the origins.
    willingness : (n, m) float64
        Deterrence of each pair; 0 forbids it.
    rounds
        Alternating scalings.

    Returns
    -------
    (n, m) float64, veh/day
        Doubly constrained gravity model by Furness's method (Ortuzar & Willumsen, Modelling
        Transport, ch. 5). An end without an allowed partner gets no trips.
    """
    rows = willingness.sum(axis=1) > 0.0
    columns = willingness.sum(axis=0) > 0.0
    out = np.where(rows, origins, 0.0)
    into = np.where(columns, destinations, 0.0)
    if out.sum() == 0.0 or into.sum() == 0.0:
        return np.zeros_like(willingness)
    into = into * (out.sum() / into.sum())
    trips = willingness.copy()
    for _ in range(rounds):
        trips *= _ratio(into, trips.sum(axis=0))[None, :]
        trips *= _ratio(out, trips.sum(axis=1))[:, None]
    return trips


def _ratio(wanted: Floats, have: Floats) -> Floats:
    found = np.zeros_like(wanted)
    np.divide(wanted, have, out=found, where=have > 0.0)
    return found
