# mypy: disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels of the search for a bay: where a driver looks, parks, or gives up.

Draws are functions of a driver's key and the use of the draw, so that a price or a sign changes
only what it makes people do.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.parking.columns import (
    DRIVING,
    ELSEWHERE,
    GIVES_UP,
    GONE,
    ILLEGAL,
    LEG,
    LOOKS,
    PARKED,
    PARKS,
    STOPS_ILLEGALLY,
    Drivers,
    Flags,
    Floats,
    Ground,
    Habits,
    Rows,
)
from models.parking.wishes.kernels import wish
from twin.core.random import uniform

_ILLEGAL = 1 << 41
_WALK = 1 << 42


@nb.njit(cache=True)
def _distance(ground: Ground, a: int, b: int) -> float:
    return math.hypot(ground.x[a] - ground.x[b], ground.y[a] - ground.y[b])


@nb.njit(cache=True)
def next_edge(
    ground: Ground,
    habits: Habits,
    edge: int,
    goal: int,
    path: Rows,
    passed: int,
    trail: Rows,
    draw: float,
) -> int:
    """The edge that a searching driver turns into; -1 at a dead end.

    Weights: bays beside the edge, nearness to the destination, and a tenth for an edge that was
    passed on this leg or the last one (``trail``, -1 for none) already.
    """
    first, last = ground.next_start[edge], ground.next_start[edge + 1]
    total = 0.0
    for turn in range(2):
        mark = draw * total
        running = 0.0
        for i in range(first, last):
            candidate = ground.next[i]
            weight = (1.0 + ground.bays[candidate]) * math.exp(
                -_distance(ground, candidate, goal) / habits.reach
            )
            known = False
            for j in range(passed):
                known |= path[j] == candidate
            for j in range(trail.size):
                known |= trail[j] == candidate
            if known:
                weight *= 0.1
            running += weight
            if turn == 1 and running >= mark:
                return candidate
        total = running
        if total <= 0.0:
            return ground.next[first] if last > first else -1
    return ground.next[last - 1]


@nb.njit(cache=True)
def _free_here(ground: Ground, taken: Rows, edge: int, walk_of: int, habits: Habits) -> int:
    """A block with a free bay that is seen from an edge and near enough to the destination."""
    for i in range(ground.seen_start[edge], ground.seen_start[edge + 1]):
        block = ground.seen[i]
        if taken[block] < ground.capacity[block]:
            at = ground.block_edge[block]
            if _distance(ground, at, walk_of) <= 2.0 * habits.reach:
                return block
    return -1


@nb.njit(cache=True)
def _passes(ground: Ground, taken: Rows, edge: int) -> float:
    """Bays of full blocks that a driver looks at along an edge."""
    looked = 0.0
    for i in range(ground.seen_start[edge], ground.seen_start[edge + 1]):
        block = ground.seen[i]
        if ground.street[block] and taken[block] >= ground.capacity[block]:
            looked += ground.capacity[block]
    return looked


@nb.njit(cache=True)
def _take(ground: Ground, drivers: Drivers, taken: Rows, d: int, block: int) -> None:
    """Take a bay; the bays looked at before the first free one are (n + 1) / (free + 1) on average.

    That is the mean place of the first of ``free`` free ones among ``n`` in a random order.
    """
    size = ground.capacity[block]
    free = size - taken[block]
    if ground.street[block]:
        drivers.inspected[d] += (size + 1.0) / (free + 1.0)
    taken[block] += 1
    drivers.block[d] = block
    drivers.holds[d] = True
    drivers.holds_ever[d] = True
    drivers.edge[d] = ground.block_edge[block]


@nb.njit(cache=True)
def _nearest_free(ground: Ground, taken: Rows, goal: int) -> int:
    """The nearest block of the whole city with a free bay; -1 when there is none."""
    best, found = np.inf, -1
    for block in range(taken.size):
        if taken[block] < ground.capacity[block] and ground.block_edge[block] >= 0:
            far = _distance(ground, ground.block_edge[block], goal)
            if far < best:
                best, found = far, block
    return found


@nb.njit(cache=True)
def _circulate(
    ground: Ground, habits: Habits, drivers: Drivers, taken: Rows, d: int, path: Rows
) -> int:
    """A leg of the search from street to street; returns how many edges it has."""
    edge, goal = drivers.edge[d], drivers.goal[d]
    path[0] = edge
    hops = 1
    count = np.uint64(_WALK + int(drivers.distance[d]))
    while hops < LEG:
        draw = uniform(drivers.key[d], count + np.uint64(hops))
        trail = drivers.trail[d]
        follows = next_edge(ground, habits, edge, goal, path, hops, trail, draw)
        if follows < 0:
            break
        edge = follows
        path[hops] = edge
        hops += 1
        block = _free_here(ground, taken, edge, goal, habits)
        if block >= 0:
            _take(ground, drivers, taken, d, block)
            drivers.edge[d] = edge
            return hops
        drivers.inspected[d] += _passes(ground, taken, edge)
    if hops == 1 and edge != goal:
        # A dead end: back to where the search began.
        path[1] = goal
        hops = 2
    drivers.edge[d] = path[hops - 1]
    drivers.trail[d, :hops] = path[:hops]
    drivers.trail[d, hops:] = -1
    return hops


@nb.njit(cache=True)
def look(
    ground: Ground,
    habits: Habits,
    drivers: Drivers,
    taken: Rows,
    price: Floats,
    full: Flags,
    d: int,
    path: Rows,
) -> tuple[int, int]:
    """What a driver at the end of a leg does.

    Parameters
    ----------
    taken : (n_blocks,) int32
        Bays taken; one more where the driver takes one.
    full : (n_blocks,) bool
        Blocks that guidance shows as full.
    path : (LEG,) int32
        Filled with the edges of the next leg where there is one.

    Returns
    -------
    what, hops : int
        ``PARKS`` (here and now), ``LOOKS`` (a leg of ``hops`` edges), ``STOPS_ILLEGALLY``,
        ``ELSEWHERE`` or ``GIVES_UP``.
    """
    if drivers.holds[d]:
        return PARKS, 0
    edge, goal = drivers.edge[d], drivers.goal[d]
    # A resident with a permit does not look at the prices.
    hours = 0.0 if drivers.resident[d] else drivers.stay[d] / 3600.0
    wished = drivers.block[d]
    if wished < 0 or (drivers.informed[d] and full[wished]):
        known = full if drivers.informed[d] else np.zeros_like(full)
        wished = wish(ground, habits, price, known, goal, drivers.key[d], hours)
        if wished < 0:
            return ELSEWHERE, 0
        drivers.block[d] = wished
    if not drivers.searching[d] and not _sees(ground, edge, wished):
        drivers.edge[d] = ground.block_edge[wished]
        if not habits.straight:
            path[0], path[1] = edge, drivers.edge[d]
            return LOOKS, 2
        edge = drivers.edge[d]
    if taken[wished] < ground.capacity[wished] and _sees(ground, edge, wished):
        _take(ground, drivers, taken, d, wished)
        return PARKS, 0
    if not drivers.searching[d]:
        drivers.searching[d] = True
        if uniform(drivers.key[d], np.uint64(_ILLEGAL)) < habits.illegal:
            return STOPS_ILLEGALLY, 0
        drivers.inspected[d] += _passes(ground, taken, edge)
    block = _free_here(ground, taken, edge, goal, habits)
    if block >= 0:
        _take(ground, drivers, taken, d, block)
        return PARKS, 0
    if drivers.driven[d] > habits.patience:
        block = _nearest_free(ground, taken, goal)
        if block < 0:
            return GIVES_UP, 0
        _take(ground, drivers, taken, d, block)
        path[0], path[1] = edge, drivers.edge[d]
        return (LOOKS, 2) if path[1] != edge else (PARKS, 0)
    return LOOKS, _circulate(ground, habits, drivers, taken, d, path)


@nb.njit(cache=True)
def _sees(ground: Ground, edge: int, block: int) -> bool:
    if ground.block_edge[block] == edge:
        return True
    for i in range(ground.seen_start[edge], ground.seen_start[edge + 1]):
        if ground.seen[i] == block:
            return True
    return False


@nb.njit(cache=True)
def search(
    ground: Ground,
    habits: Habits,
    drivers: Drivers,
    taken: Rows,
    price: Floats,
    full: Flags,
    seconds: Floats,
    rows: Rows,
    now: Floats,
    paths: Rows,
    hops: Rows,
    counts: Floats,
) -> None:
    """Let drivers at the ends of their legs look, one after the other.

    Parameters
    ----------
    seconds : (n_edges,) float64, s
        Time to pass each edge.
    rows : (k,) int32
        Drivers, in the order in which they come.
    now : (k,) float64, s
        When each of them comes.
    paths : (k, LEG) int32
    hops : (k,) int32
        Filled: the edges of each driver's next leg, and how many; 0 where there is none.
    counts : (5,) float64
        How often each of the five came to pass; added to.
    """
    for k in range(rows.size):
        d, moment = rows[k], now[k]
        what, edges = look(ground, habits, drivers, taken, price, full, d, paths[k])
        counts[what] += 1.0
        hops[k] = edges if what == LOOKS else 0
        if what in (PARKS, STOPS_ILLEGALLY):
            drivers.state[d] = PARKED if what == PARKS else ILLEGAL
            drivers.parked_at[d] = moment
            drivers.until[d] = moment + drivers.stay[d]
            permit = drivers.resident[d] and ground.street[drivers.block[d]]
            drivers.rate[d] = 0.0 if permit else price[drivers.block[d]]
        elif what == LOOKS:
            drivers.state[d] = DRIVING
            drivers.leg_begin[d] = moment
            drivers.until[d] = moment + _leg(ground, habits, drivers, seconds, d, paths[k], edges)
        else:
            drivers.state[d] = GONE


@nb.njit(cache=True)
def _leg(
    ground: Ground,
    habits: Habits,
    drivers: Drivers,
    seconds: Floats,
    d: int,
    path: Rows,
    hops: int,
) -> float:
    """Seconds of a leg; the metres of a search are added to the driver's.

    A search goes edge by edge at the pace of the traffic or the driver's own, whichever is slower.
    A way to a known block is 1.3 times the straight line, at the pace of its last edge.
    """
    if hops == 2 and (not drivers.searching[d] or drivers.holds[d]):
        way = 1.3 * _distance(ground, path[0], path[1]) + 0.5 * ground.length[path[1]]
        if drivers.searching[d]:
            drivers.distance[d] += way
        pace = seconds[path[1]] / max(ground.length[path[1]], 1.0)
        return max(5.0, way * max(pace, 1.0 / (2.0 * habits.speed)))
    time = 0.0
    for i in range(1, hops):
        drivers.distance[d] += ground.length[path[i]]
        time += max(seconds[path[i]], ground.length[path[i]] / habits.speed)
    # At a dead end nothing is driven, but time goes by.
    return max(5.0, time)


@nb.njit(cache=True)
def leave(drivers: Drivers, taken: Rows, rows: Rows) -> None:
    """Drivers get into their cars and are gone; their bays are free."""
    for d in rows:
        if drivers.holds[d]:
            taken[drivers.block[d]] -= 1
            drivers.holds[d] = False
        drivers.state[d] = GONE
