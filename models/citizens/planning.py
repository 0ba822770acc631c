# mypy: allow-untyped-decorators, disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels that plan a person's day: which activities, where and when.

Draws are functions of a person's key, the day and the use of the draw, so that no decision shifts
another's chances.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.citizens.columns import (
    AT_HOME,
    COMMUTER,
    DRAWS,
    HOME,
    HOUR,
    LEGS,
    LEISURE,
    LUNCH,
    NEVER,
    SCHOOL,
    SHOP,
    STUDENT,
    VISITOR,
    WALK,
    WORK,
    WORKER,
    Day,
    Floats,
    Ground,
    People,
)
from twin.core.random import exponential, normal, uniform


@nb.njit(cache=True)
def distance(ground: Ground, a: int, b: int) -> float:
    """Straight distance between two places, m."""
    return math.hypot(ground.x[a] - ground.x[b], ground.y[a] - ground.y[b])


@nb.njit(cache=True)
def _search(cumulative: Floats, low: int, high: int, wanted: float) -> int:
    """First index in [low, high) whose value is at least ``wanted``; the last one if none."""
    high -= 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True)
def destination(ground: Ground, table: int, row: int, u: float, v: float) -> int:
    """Building drawn by gravity: a zone by ``u``, one in it by ``v``; -1 where there is none."""
    chances = ground.chance[table, row]
    if chances.size == 0 or chances[-1] <= 0.0:
        return -1
    z = _search(chances, 0, chances.size, u * chances[-1])
    first, last = ground.start[z], ground.start[z + 1]
    return ground.rows[
        _search(ground.within[table], first, last, v * ground.within[table, last - 1])
    ]


@nb.njit(cache=True)
def _add(people: People, p: int, time: float, place: int, purpose: int) -> None:
    n = people.legs[p]
    if n < LEGS and place >= 0:
        # One minute at least between two departures, so that the order of legs is that of time.
        earliest = people.plan_time[p, n - 1] + 60.0 if n > 0 else 0.0
        people.plan_time[p, n] = max(time, earliest)
        people.plan_place[p, n] = place
        people.plan_purpose[p, n] = purpose
        people.legs[p] = n + 1


@nb.njit(cache=True)
def _errand(
    people: People, ground: Ground, day: Day, p: int, origin: int, purpose: int, draw: int
) -> int:
    """Place of an errand: outside for some residents, or else a building by gravity."""
    base = np.uint64(day.number * DRAWS + draw)
    resident = people.kind[p] < COMMUTER
    if resident and people.gateway[p] >= 0 and uniform(people.key[p], base) < day.outside:
        return people.gateway[p]
    row = ground.chance.shape[1] - 1 if people.kind[p] == VISITOR else ground.zone[origin]
    u = uniform(people.key[p], base + np.uint64(1))
    v = uniform(people.key[p], base + np.uint64(2))
    return destination(ground, 0 if purpose == SHOP else 1, row, u, v)


@nb.njit(cache=True)
def _tour(
    people: People, ground: Ground, day: Day, p: int, time: float, purpose: int, draw: int
) -> float:
    """A tour from home to one place and back; returns when the way home begins."""
    goal = _errand(people, ground, day, p, people.home[p], purpose, draw)
    if goal < 0 or goal == people.home[p]:
        return time
    mean = 0.6 if purpose == SHOP else 1.7
    stay = (
        0.2 + mean * exponential(people.key[p], np.uint64(day.number * DRAWS + draw + 3))
    ) * HOUR
    back = min(time + min(stay, 5.0 * HOUR), 22.5 * HOUR)
    _add(people, p, time, goal, purpose)
    _add(people, p, back, people.home[p], HOME)
    return people.plan_time[p, people.legs[p] - 1]


@nb.njit(cache=True)
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@nb.njit(cache=True)
def _working_day(people: People, ground: Ground, day: Day, p: int) -> float:
    """Work, lunch and the way home, perhaps by a shop; returns when the way home begins."""
    key, base = people.key[p], np.uint64(day.number * DRAWS)
    work, home = people.work[p], people.home[p]
    opening = ground.opening[work] - 3.0
    start = _clip(opening - 0.4 + 0.8 * normal(key, base + np.uint64(1)), 1.5, 12.0)
    end = start + 0.4 + _clip(8.2 + 1.1 * normal(key, base + np.uint64(2)), 4.0, 11.0)
    _add(people, p, start * HOUR, work, WORK)
    if work < ground.buildings and uniform(key, base + np.uint64(3)) < day.lunch:
        u, v = uniform(key, base + np.uint64(4)), uniform(key, base + np.uint64(5))
        table = destination(ground, 1, ground.zone[work], u, v)
        if table >= 0 and table != work and distance(ground, work, table) < 700.0:
            noon = _clip(8.6 + 0.5 * normal(key, base + np.uint64(6)), start + 2.0, end - 2.0)
            _add(people, p, noon * HOUR, table, LUNCH)
            _add(people, p, (noon + 0.65) * HOUR, work, WORK)
    back = end * HOUR
    if work < ground.buildings and uniform(key, base + np.uint64(7)) < day.stop:
        shop = _errand(people, ground, day, p, work, SHOP, 8)
        if shop >= 0 and shop != work:
            _add(people, p, back, shop, SHOP)
            back += (0.2 + 0.4 * exponential(key, base + np.uint64(11))) * HOUR
    _add(people, p, back, home, HOME)
    return back


@nb.njit(cache=True)
def decide_day(people: People, ground: Ground, day: Day, first: int, last: int) -> None:
    """Fill the plans of the persons ``first`` to ``last`` (not included) for a day.

    They start at home at 03:00; whoever still was on the way is there.
    """
    for p in range(first, last):
        people.legs[p] = 0
        people.leg[p] = 0
        people.place[p] = people.home[p]
        people.arrive[p] = NEVER
        people.role[p] = AT_HOME
        people.mode[p] = WALK
        key, base = people.key[p], np.uint64(day.number * DRAWS)
        kind = people.kind[p]
        goes = uniform(key, base)
        free = 5.0 * HOUR
        if kind == VISITOR:
            if goes < day.visit:
                hour = _clip(10.0 + 2.6 * normal(key, base + np.uint64(1)), 5.5, 17.0)
                purpose = SHOP if uniform(key, base + np.uint64(2)) < 0.55 else LEISURE
                _tour(people, ground, day, p, hour * HOUR, purpose, 12)
        elif kind == STUDENT and people.work[p] >= 0 and goes < day.school:
            start = _clip(4.7 + 0.25 * normal(key, base + np.uint64(1)), 4.0, 6.0)
            back = start + 0.3 + _clip(6.3 + 0.8 * normal(key, base + np.uint64(2)), 4.0, 9.0)
            _add(people, p, start * HOUR, people.work[p], SCHOOL)
            _add(people, p, back * HOUR, people.home[p], HOME)
            free = back * HOUR
        elif (kind in (WORKER, COMMUTER)) and people.work[p] >= 0 and goes < day.attend:
            free = _working_day(people, ground, day, p)
        if kind < COMMUTER:
            _free_time(people, ground, day, p, free)
        people.depart[p] = people.plan_time[p, 0] if people.legs[p] > 0 else NEVER


@nb.njit(cache=True)
def _free_time(people: People, ground: Ground, day: Day, p: int, free: float) -> None:
    """Shopping and leisure tours: by day for who has the day free, else in the evening."""
    key, base = people.key[p], np.uint64(day.number * DRAWS)
    if people.legs[p] > 0:
        if free < 17.0 * HOUR and uniform(key, base + np.uint64(20)) < day.evening:
            wait = 0.7 + 0.8 * exponential(key, base + np.uint64(21))
            purpose = SHOP if uniform(key, base + np.uint64(22)) < 0.35 else LEISURE
            _tour(people, ground, day, p, min(free + wait * HOUR, 18.5 * HOUR), purpose, 24)
        return
    if uniform(key, base + np.uint64(28)) < day.errand:
        hour = _clip(8.0 + 1.8 * normal(key, base + np.uint64(29)), 5.5, 15.0)
        free = _tour(people, ground, day, p, hour * HOUR, SHOP, 30) + 0.5 * HOUR
    if uniform(key, base + np.uint64(34)) < day.leisure:
        hour = _clip(11.5 + 2.5 * normal(key, base + np.uint64(35)), 6.0, 18.5)
        _tour(people, ground, day, p, max(hour * HOUR, free), LEISURE, 36)
