# mypy: disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels of trips: the choice of a mode, departures and arrivals.

Times are seconds since 03:00 local time of the day that is lived. Draws are functions of a person's
key, the day and the leg (Gumbel draws for each mode), so that a price changes only those who decide
otherwise because of it.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.citizens.columns import (
    BICYCLE,
    CAR,
    COMMUTER,
    DRAWS,
    GUEST,
    HOME,
    LEISURE,
    LUNCH,
    NEVER,
    SHOP,
    TRANSIT,
    WALK,
    Choice,
    Day,
    Floats,
    Ground,
    Now,
    People,
    Rows,
    Tally,
)
from models.citizens.planning import distance
from models.citizens.worth import driving, forgone, gumbel, logsum, speed_beyond, swap
from twin.core.random import uniform


@nb.njit(cache=True)
def journey(
    people: People,
    ground: Ground,
    choice: Choice,
    skim: Floats,
    p: int,
    a: int,
    b: int,
    seconds: Floats,
) -> float:
    """Door-to-door times by mode; returns the distance, m.

    Parameters
    ----------
    seconds : (6,) float64, s
        Filled: by mode, infinite where it is not to be had; then what of public transport is
        walking and waiting, and what of driving is parking and walking.
    """
    straight = distance(ground, a, b)
    beyond = people.beyond[p] if max(a, b) >= ground.buildings else 0.0
    way = 1.3 * straight + beyond
    seconds[WALK] = way / 1.33 if way < 5000.0 else NEVER
    seconds[BICYCLE] = 60.0 + way / 4.2 if way < 15000.0 else NEVER
    riding, pause = ground.ride[ground.zone[a], ground.zone[b]], ground.wait[min(a, b)]
    if np.isnan(riding):
        riding = 1.3 * straight / 4.5
    else:
        pause = ground.pause[ground.zone[a], ground.zone[b]]
    seconds[4] = ground.access[a] + ground.access[b] + pause
    riding += beyond / 11.0
    seconds[TRANSIT] = seconds[4] + riding if way > 600.0 else NEVER
    driving = skim[ground.zone[a], ground.zone[b]] + beyond / 13.0
    able = people.car[p] and ground.leaves[a] >= 0 and ground.enters[b] >= 0 and way > 400.0
    home = people.home[p]
    seconds[5] = 60.0 if a == home else ground.terminal[a]
    seconds[5] += 60.0 if b == home else ground.terminal[b]
    seconds[CAR] = driving + seconds[5] if able else NEVER
    return way


@nb.njit(cache=True)
def utilities(choice: Choice, seconds: Floats, way: float, price: float, out: Floats) -> None:
    """Utility of each mode; (4,) float64. Minutes on foot and waiting weigh more than riding."""
    minute = seconds / 60.0
    out[WALK] = choice.walk + choice.time_walk * minute[WALK]
    out[BICYCLE] = choice.bicycle + choice.time_bicycle * minute[BICYCLE]
    out[TRANSIT] = (
        choice.transit
        + choice.time * minute[TRANSIT]
        + (choice.time_walk - choice.time) * minute[4]
        + choice.cost * choice.fare
    )
    out[CAR] = (
        choice.car
        + choice.time * minute[CAR]
        + (choice.time_walk - choice.time) * minute[5]
        + choice.cost * (choice.car_cost * way / 1000.0 + price)
    )
    for m in range(4):
        if seconds[m] == NEVER:
            out[m] = -np.inf


@nb.njit(cache=True)
def _pick(values: Floats, key: int, counter: int, owned: bool) -> int:
    """Mode of the highest utility plus its Gumbel draw; without own vehicles unless ``owned``."""
    best, chosen = -np.inf, WALK
    for m in range(4):
        if m in (WALK, TRANSIT) or owned:
            draw = gumbel(key, counter + m)
            if values[m] + draw > best:
                best, chosen = values[m] + draw, m
    return chosen


@nb.njit(cache=True)
def _stays(
    people: People,
    ground: Ground,
    day: Day,
    choice: Choice,
    now: Now,
    p: int,
    goal: int,
    values: Floats,
    seconds: Floats,
) -> bool:
    """Whether a tour is given up: an alert that is heeded, or a way that became too dear."""
    base, leg = day.number * DRAWS, people.leg[p]
    home = people.home[p]
    concerned = home if home < ground.buildings else goal
    heed = uniform(people.key[p], np.uint64(base + 60))
    if concerned < ground.buildings and heed < now.alert[concerned]:
        return True
    purpose = people.plan_purpose[p, leg]
    if purpose != SHOP and purpose != LEISURE:
        return False
    before = np.empty(6)
    usual = np.empty(4)
    way = journey(people, ground, choice, now.free, p, home, goal, before)
    utilities(choice, before, way, 0.0, usual)
    lost = min(0.0, logsum(values) - logsum(usual))
    if math.isnan(lost):
        return False
    keep = math.exp(choice.suppression * lost)
    return uniform(people.key[p], np.uint64(base + 70 + 16 * leg)) > keep


@nb.njit(cache=True)
def _cancel(people: People, tally: Tally, p: int, counted: bool) -> None:
    """Drop the legs up to and including the one that leads home."""
    leg = people.leg[p]
    while leg < people.legs[p]:
        leg += 1
        tally.sums[2] += counted
        if people.plan_purpose[p, leg - 1] == HOME:
            break
    people.leg[p] = leg
    people.depart[p] = people.plan_time[p, leg] if leg < people.legs[p] else NEVER


@nb.njit(cache=True)
def set_off(
    people: People,
    ground: Ground,
    day: Day,
    choice: Choice,
    now: Now,
    tally: Tally,
    p: int,
    counted: bool,
) -> None:
    """A departure: whether to go at all, the mode, and what follows from it."""
    leg, a = people.leg[p], people.place[p]
    b = people.plan_place[p, leg]
    purpose = people.plan_purpose[p, leg]
    seconds, values = np.empty(6), np.empty(4)
    skim = now.skim_banned if now.banned[p] else now.skim
    way = journey(people, ground, choice, skim, p, a, b, seconds)
    price = now.price + _toll(people, ground, now, p, a, b)
    utilities(choice, seconds, way, price, values)
    first = a == people.home[p]
    draw = day.number * DRAWS + 64 + 16 * leg
    free = values.copy()
    free[CAR] -= choice.cost * price
    drive = driving(people, ground, choice, p, a, b, seconds) if values[CAR] > -np.inf else 0.0
    if first and _stays(people, ground, day, choice, now, p, b, values, seconds):
        if price > 0.0 and not _stays(people, ground, day, choice, now, p, b, free, seconds):
            usual = _pick(free, people.key[p], draw, True)
            tally.sums[7] += counted * forgone(choice, free, values, usual, drive)
        _cancel(people, tally, p, counted)
        return
    mode = int(people.mode[p])
    own = mode in (CAR, BICYCLE)
    # Lunch is on foot and its way back too: the vehicle stays where the tour left it.
    after_lunch = leg > 0 and people.plan_purpose[p, leg - 1] == LUNCH
    if purpose == LUNCH or after_lunch:
        mode = WALK
    elif first or not own:
        mode = _pick(values, people.key[p], draw, first)
        people.mode[p] = mode
        if first:
            usual = _pick(free, people.key[p], draw, True) if price > 0.0 else mode
            tally.swapped[p] = usual == CAR and mode != CAR
            if tally.swapped[p]:
                worth = swap(choice, free, values, mode, people.key[p], draw, drive)
                tally.sums[6] += counted * worth
        elif tally.swapped[p]:
            tally.sums[6] += counted * (drive - (choice.fare if mode == TRANSIT else 0.0))
    if seconds[mode] == NEVER:
        # The vehicle is out and must come home, whatever it takes: at 25 km/h along the detour.
        seconds[mode] = way / (1.33 if mode != CAR else 6.9)
    inner = seconds[mode]
    if a >= ground.buildings:
        # The plan says when people from outside pass the gateway.
        inner -= min(inner, people.beyond[p] / speed_beyond(mode))
    time = people.depart[p]
    if a < ground.buildings:
        tally.present[people.role[p], a] -= 1.0
    people.place[p], people.heading[p] = -1, b
    people.arrive[p], people.depart[p] = time + inner, NEVER
    if mode == CAR and purpose != LUNCH:
        _drive(ground, tally, p, a, b, time, counted)
    if counted:
        _walk(people, ground, tally, p, a, b, time, mode)
        tally.trips[people.kind[p], mode] += 1.0
        if people.kind[p] < COMMUTER:
            tally.sums[0] += 1.0
            tally.sums[1] += seconds[mode]
        tally.sums[3] += choice.fare if mode == TRANSIT else 0.0
        tally.sums[4] += now.price if mode == CAR else 0.0
        tally.sums[5] += 1.3 * distance(ground, a, b) if mode == CAR else 0.0


@nb.njit(cache=True)
def _walk(
    people: People, ground: Ground, tally: Tally, p: int, a: int, b: int, time: float, mode: int
) -> None:
    """Put what is walked of a trip into the buffers: all of it, or to the stop and from one."""
    if mode == WALK:
        _on_foot(tally, time, a, b)
    elif mode == TRANSIT:
        if a < ground.buildings:
            _on_foot(tally, time, a, -1)
        if b < ground.buildings:
            _on_foot(tally, max(time, people.arrive[p] - ground.access[b]), -1, b)


@nb.njit(cache=True)
def _on_foot(tally: Tally, time: float, a: int, b: int) -> None:
    n = tally.foot_count[0]
    if n < tally.foot_time.size:
        tally.foot_time[n] = time
        tally.foot_from[n] = a
        tally.foot_to[n] = b
        tally.foot_count[0] = n + 1


@nb.njit(cache=True)
def _toll(people: People, ground: Ground, now: Now, p: int, a: int, b: int) -> float:
    """Tolls and expected fines of a way by car, EUR."""
    share = now.share[p] * (now.resident if people.kind[p] < COMMUTER else 1.0)
    start, end = ground.zone[a], ground.zone[b]
    if now.banned[p]:
        return share * now.toll_banned[start, end] + now.fine[start, end]
    return share * now.toll[start, end]


@nb.njit(cache=True)
def _drive(
    ground: Ground, tally: Tally, p: int, a: int, b: int, time: float, counted: bool
) -> None:
    """Take the car from its space, and put the trip into the buffers."""
    start, end = ground.leaves[a], ground.enters[b]
    if a < ground.buildings and start >= 0:
        tally.parked[start] -= 1.0
    n = tally.trip_count[0]
    if counted and start >= 0 and end >= 0 and start != end and n < tally.trip_time.size:
        tally.trip_time[n] = time
        tally.trip_from[n] = start
        tally.trip_to[n] = end
        tally.trip_person[n] = p
        tally.trip_count[0] = n + 1


@nb.njit(cache=True)
def arrive(people: People, ground: Ground, tally: Tally, p: int) -> None:
    """An arrival: present at the place, the car parked, the next departure set."""
    b, leg = people.heading[p], people.leg[p]
    purpose = people.plan_purpose[p, leg]
    people.place[p] = b
    people.role[p] = min(purpose, GUEST)
    if b < ground.buildings:
        tally.present[people.role[p], b] += 1.0
        walked = purpose == LUNCH or (leg > 0 and people.plan_purpose[p, leg - 1] == LUNCH)
        if people.mode[p] == CAR and not walked and ground.enters[b] >= 0:
            tally.parked[ground.enters[b]] += 1.0
    people.leg[p] = leg + 1
    if leg + 1 < people.legs[p]:
        stay = 300.0 if purpose != HOME else 60.0
        people.depart[p] = max(people.plan_time[p, leg + 1], people.arrive[p] + stay)
    people.arrive[p] = NEVER


@nb.njit(cache=True)
def replay(
    people: People,
    ground: Ground,
    day: Day,
    choice: Choice,
    now: Now,
    tally: Tally,
    first: int,
    last: int,
    until: float,
) -> None:
    """Live the hours before the run starts, on empty streets and without counting."""
    for p in range(first, last):
        while min(people.depart[p], people.arrive[p]) < until:
            if people.depart[p] < people.arrive[p]:
                set_off(people, ground, day, choice, now, tally, p, False)
            else:
                arrive(people, ground, tally, p)


@nb.njit(cache=True)
def set_off_many(
    people: People, ground: Ground, day: Day, choice: Choice, now: Now, tally: Tally, rows: Rows
) -> None:
    """The departures of several persons."""
    for p in rows:
        set_off(people, ground, day, choice, now, tally, p, True)


@nb.njit(cache=True)
def arrivals(people: People, ground: Ground, tally: Tally, now: float) -> None:
    """All arrivals up to ``now``."""
    for p in range(people.arrive.size):
        if people.arrive[p] <= now:
            arrive(people, ground, tally, p)


@nb.njit(cache=True)
def due(people: People, until: float) -> Rows:
    """Persons who set off before ``until``, in the order of rows; (k,) int32."""
    return np.flatnonzero(people.depart < until).astype(np.int32)


@nb.njit(cache=True)
def go_home(
    people: People, ground: Ground, alert: Floats, number: int, now: float, rows: Rows
) -> int:
    """Those who heed an alert and are out for shopping or leisure break off; returns how many."""
    count = 0
    for p in rows:
        at = people.place[p]
        if at < 0 or at >= ground.buildings or people.role[p] != GUEST:
            continue
        home = people.home[p]
        concerned = home if home < ground.buildings else at
        leg = people.leg[p]
        if leg >= people.legs[p] or people.plan_purpose[p, leg - 1] == LUNCH:
            continue
        if uniform(people.key[p], np.uint64(number * DRAWS + 60)) < alert[concerned]:
            while people.plan_purpose[p, leg] != HOME:
                leg += 1
            people.leg[p] = leg
            people.depart[p] = min(people.depart[p], now)
            count += 1
    return count
