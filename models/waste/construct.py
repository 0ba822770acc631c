"""First rounds for the search to begin with: the nearest stop next, what is not worth it left out.

A search of a few dozen iterations that begins with random rounds (as PyVRP does by itself) may not
even find ones that trucks can drive within the shift. These can be driven, and are short.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.waste.task import DISPOSAL, FIRST, LEAVE_OUT, Task, Vehicle

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

GROWS = 2.0
"""A detour is so many times longer once the stops around that are not worth it are left out."""
FAR = 1e9


def first_rounds(task: Task) -> list[tuple[int, list[int]]]:
    """Row of ``vehicles`` of the task, and places in order, for each round.

    Places are rows of the matrix: stops, and reloads between them; the start and the last unloading
    are not told.
    """
    prize = net_prizes(task)
    order = nearest_next(task, np.flatnonzero(prize > 0.0), task.vehicles[0].place)
    left = np.sort(worth_it(task, order, prize / GROWS))
    found: list[tuple[int, list[int]]] = []
    for row in _in_turn([vehicle.count for vehicle in task.vehicles]):
        order = nearest_next(task, left, task.vehicles[row].place)
        places = list(_fill(task, task.vehicles[row], order.tolist()))
        if places:
            found.append((row, places))
            left = np.setdiff1d(left, np.array(places) - FIRST)
    return found


def _in_turn(counts: list[int]) -> Iterator[int]:
    """Rows of vehicles: one of each kind, then a second of each, as long as there are some."""
    for number in range(max(counts)):
        yield from (row for row, count in enumerate(counts) if count > number)


def net_prizes(task: Task) -> Floats:
    """What each stop is worth beyond its share of the way to the disposal and back; (k,), s.

    A stop that fills a tenth of a truck, or of a shift, takes a tenth of a round's way there and
    back, however near the next stop is (the radial cost of Haimovich & Rinnooy Kan 1985).
    """
    stops = slice(FIRST, FIRST + len(task.mass))
    free = max(1.0, *(vehicle.free for vehicle in task.vehicles))
    share = np.maximum(_shares(task), task.service / free)
    way = task.seconds[DISPOSAL, stops] + task.seconds[stops, DISPOSAL]
    net: Floats = np.where(task.prize >= LEAVE_OUT, task.prize, task.prize - share * way)
    return net


def nearest_next(task: Task, stops: Rows, start: int) -> Rows:
    """Some stops in the order in which each is the nearest to the one before, from a place on."""
    if not len(stops):
        return stops
    at = stops + FIRST
    between = np.minimum(task.seconds[np.ix_(at, at)], FAR)
    left = np.zeros(len(stops))
    here = int(np.argmin(task.seconds[start, at]))
    order = [here]
    for _ in range(len(stops) - 1):
        left[here] = np.inf
        here = int(np.argmin(between[here] + left))
        order.append(here)
    return stops[order]


def worth_it(task: Task, order: Rows, prize: Floats) -> Rows:
    """The stops of an order without those whose detour is longer than a prize, s.

    The one that costs most beyond its prize goes first, until each that is left is worth it.
    """
    at = np.array([DISPOSAL, *(order + FIRST), DISPOSAL])
    seconds = np.minimum(task.seconds, FAR)
    while len(at) > 2:
        before, here, after = at[:-2], at[1:-1], at[2:]
        detour = seconds[before, here] + seconds[here, after] - seconds[before, after]
        loss = detour - prize[here - FIRST]
        worst = int(np.argmax(loss))
        if loss[worst] <= 0.0:
            break
        at = np.delete(at, worst + 1)
    return at[1:-1] - FIRST


def _fill(task: Task, vehicle: Vehicle, order: list[int]) -> Iterator[int]:
    """Places of a round: the stops of an order that it has the time for, and its unloadings."""
    seconds = np.minimum(np.rint(task.seconds), 1e7).tolist()
    share = _shares(task)
    here, time, driven = vehicle.place, 0.0, 0.0
    aboard = max(vehicle.mass / task.truck_mass, vehicle.volume / task.truck_volume)
    for stop in order:
        place = stop + FIRST
        way = [place]
        if aboard + share[stop] > 1.0:
            ways = [(seconds[here][at] + seconds[at][place], at) for at in task.reloads]
            if not ways:
                continue
            way = [min(ways)[1], place]
        opens, closes = task.window[stop]
        legs = sum(seconds[a][b] for a, b in zip([here, *way], way, strict=False))
        arrives = max(time + legs + (len(way) - 1) * task.unloading, opens)
        leaves = arrives + np.ceil(task.service[stop])
        home = seconds[place][DISPOSAL]
        late = leaves + home + task.unloading > vehicle.free - 1.0
        if late or arrives > closes or driven + legs + home > vehicle.driving:
            continue
        yield from way
        aboard = share[stop] + (0.0 if len(way) > 1 else aboard)
        here, time, driven = place, leaves, driven + legs


def _shares(task: Task) -> list[float]:
    """What part of a truck each stop fills, at most all of it, rounded as the planner does."""
    mass = np.ceil(task.mass) / max(1.0, np.floor(task.truck_mass))
    volume = np.ceil(task.volume * 1000.0) / max(1.0, np.floor(task.truck_volume * 1000.0))
    return [float(share) for share in np.minimum(np.maximum(mass, volume), 1.0)]
