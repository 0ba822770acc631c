"""Loops over charging stations, their points and their queues."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import normal, uniform

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

AC_LIMIT = 43_000.0
"""Power up to which a point is AC, W: the car's own charger then limits it (IEC 61851 mode 3)."""

MOST = 16
"""Arrivals a station and step that have draws of their own."""

ENERGY, SESSIONS, TURNED_AWAY, UNSERVED = 0, 1, 2, 3
"""Places in the tally: Wh delivered, sessions begun, cars turned away, Wh wanted and not had."""

NEED, ACCEPT, TIME = 0, 1, 2
"""Fields of a car: energy it still wants (Wh), power it takes (W), and when it leaves or how long
it stays (s)."""


@nb.njit(
    nb.void(nb.float64[::1], nb.int32[::1], nb.int32[::1], nb.float64[::1], nb.float64[::1]),
    cache=True,
)
def share(values: Floats, sources: Rows, targets: Rows, weights: Floats, out: Floats) -> None:
    """Share values out: ``out[target] = Σ weight · value[source]`` over pairs.

    Parameters
    ----------
    values : (n_sources,) float64
    sources, targets : (n_pairs,) int32
    weights : (n_pairs,) float64, 1
    out : (n_targets,) float64
        Overwritten.
    """
    out[:] = 0.0
    for i in range(sources.size):
        out[targets[i]] += weights[i] * values[sources[i]]


@nb.njit(cache=True)
def draw_car(
    keys: Keys, station: int, counter: int, rated: float, habits: Floats, car: Floats
) -> None:
    """Draw a car that arrives: need (log-normal), power it accepts, and stay (log-normal).

    Parameters
    ----------
    keys : (3 · n_stations,) uint64
        A key for need, car and stay of each station.
    counter
        Counter of this arrival.
    rated
        Power of a point, W.
    habits : (5,) float64
        Mean need (Wh) and its sigma, median stay at AC and at DC (s), and its sigma.
    car : (3,) float64
        Filled: Wh, W, s.

    Notes
    -----
    Sigmas are those of the logarithm. On AC a car takes 7.4 kW (three in ten), 11 kW (six) or 22 kW
    (one); on DC 50 to 150 kW.
    """
    sigma = habits[1]
    z = normal(keys[3 * station], np.uint64(counter))
    car[0] = min(max(np.exp(np.log(habits[0]) - 0.5 * sigma * sigma + sigma * z), 1e3), 8e4)
    u = uniform(keys[3 * station + 1], np.uint64(counter))
    if rated > AC_LIMIT:
        car[1] = 5e4 + 1e5 * u
        stay = habits[3]
    else:
        car[1] = 7400.0 if u < 0.3 else (11_000.0 if u < 0.9 else 22_000.0)
        stay = habits[2]
    w = normal(keys[3 * station + 2], np.uint64(counter))
    car[2] = min(max(stay * np.exp(habits[4] * w), 300.0), 86_400.0)


@nb.njit(cache=True)
def deliver(slots: Floats, power: Floats, elapsed: float, tally: Floats) -> None:
    """Give every car the energy of the time that passed.

    Parameters
    ----------
    slots : (n_points, 3) float64
        The car at each point (Wh, W, tick of leaving in s); leaving is infinite at a free point.
    power : (n_points,) float64, W
        Power of each point during that time.
    elapsed
        Seconds.
    tally : (4,) float64
    """
    for i in range(power.size):
        if power[i] > 0.0:
            energy = min(slots[i, NEED], power[i] * elapsed / 3600.0)
            slots[i, NEED] -= energy
            tally[ENERGY] += energy


@nb.njit(cache=True)
def depart(slots: Floats, now: float, tally: Floats) -> None:
    """Free the points whose car leaves; what it still wanted is unserved."""
    for i in range(slots.shape[0]):
        if slots[i, TIME] <= now:
            tally[UNSERVED] += slots[i, NEED]
            slots[i, NEED] = 0.0
            slots[i, TIME] = np.inf


@nb.njit(cache=True)
def queue_up(
    queue: Floats,
    waits: Floats,
    length: Counts,
    arrivals: Counts,
    keys: Keys,
    counter: int,
    rated: Floats,
    habits: Floats,
    now: float,
    patience: float,
    tally: Floats,
) -> None:
    """Send away who waited too long, then let arrivals join where there is room.

    Parameters
    ----------
    queue : (n_stations, room, 3) float64
        Cars that wait, first come first (Wh, W, stay in s).
    waits : (n_stations, room) float64, s
        Until when each waits.
    length : (n_stations,) int64
        How many wait.
    arrivals : (n_stations,) int64
        Cars that came in this step.
    """
    car = np.empty(3)
    room = queue.shape[1]
    for c in range(length.size):
        kept = 0
        for k in range(length[c]):
            if waits[c, k] > now:
                queue[c, kept] = queue[c, k]
                waits[c, kept] = waits[c, k]
                kept += 1
            else:
                tally[TURNED_AWAY] += 1.0
        for k in range(min(arrivals[c], MOST)):
            draw_car(keys, c, counter * MOST + k, rated[c], habits, car)
            if kept < room:
                queue[c, kept] = car
                waits[c, kept] = now + patience
                kept += 1
            else:
                tally[TURNED_AWAY] += 1.0
        length[c] = kept


@nb.njit(cache=True)
def join(
    queue: Floats,
    waits: Floats,
    length: Counts,
    cars: Floats,
    at: Rows,
    now: float,
    patience: float,
    tally: Floats,
) -> None:
    """Known cars join the queues of their stations where there is room, in their order.

    Parameters
    ----------
    cars : (k, 3) float64
        Wh, W, stay in s.
    at : (k,) int32
        Their stations.
    """
    for k in range(at.size):
        c = at[k]
        if length[c] < queue.shape[1]:
            queue[c, length[c]] = cars[k]
            waits[c, length[c]] = now + patience
            length[c] += 1
        else:
            tally[TURNED_AWAY] += 1.0


@nb.njit(cache=True)
def plug_in(
    queue: Floats,
    waits: Floats,
    length: Counts,
    start: Rows,
    slots: Floats,
    now: float,
    tally: Floats,
) -> None:
    """Cars that wait take the free points of their station, in order.

    Parameters
    ----------
    start : (n_stations + 1,) int32
        First point of each station.
    """
    for c in range(length.size):
        taken = 0
        for i in range(start[c], start[c + 1]):
            if taken < length[c] and np.isinf(slots[i, TIME]):
                slots[i] = queue[c, taken]
                slots[i, TIME] += now
                tally[SESSIONS] += 1.0
                taken += 1
        if taken:
            for k in range(taken, length[c]):
                queue[c, k - taken] = queue[c, k]
                waits[c, k - taken] = waits[c, k]
            length[c] -= taken


@nb.njit(cache=True)
def draw_power(
    slots: Floats, start: Rows, rated: Floats, limit: Floats, power: Floats, out: Floats
) -> float:
    """Power of each point and station: what the car takes, at most the limited rated power.

    Parameters
    ----------
    rated : (n_stations,) float64, W
        Of a point.
    limit : (n_stations,) float64, 1
    power : (n_points,) float64, W
        Filled.
    out : (n_stations,) float64, W
        Filled.

    Returns
    -------
    float
        Power of all, W.
    """
    total = 0.0
    for c in range(out.size):
        out[c] = 0.0
        most = rated[c] * limit[c]
        for i in range(start[c], start[c + 1]):
            power[i] = min(slots[i, ACCEPT], most) if slots[i, NEED] > 0.0 else 0.0
            out[c] += power[i]
        total += out[c]
    return total
