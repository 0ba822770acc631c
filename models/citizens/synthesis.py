# mypy: allow-untyped-decorators, disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels that make a population: households from residents, places of work for workers."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import uniform

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
Keys = npt.NDArray[np.uint64]

CHILD, PUPIL, ADULT, SENIOR = 0, 1, 2, 3
STEP = np.uint64(0xD1342543DE82EF95)


@nb.njit(nb.uint64(nb.uint64, nb.int64), cache=True)
def person_key(key: int, number: int) -> int:
    """Key of the ``number``-th person of an entity with this key."""
    return key ^ (np.uint64(number + 1) * STEP)  # type: ignore[return-value]


@nb.njit(cache=True)
def households(
    people: Rows,
    keys: Keys,
    cumulative: Floats,
    of_building: Rows,
    household: Rows,
    member: Rows,
    person: Keys,
) -> int:
    """Split the residents of each building into households.

    Parameters
    ----------
    people : (n_building,) int32, person
        Residents.
    keys : (n_building,) uint64
        Key of each building.
    cumulative : (n_size,) float64
        Cumulative shares of household sizes 1, 2, …
    of_building, household, member : (n_person,) int32
        Filled with the building, the household and the place within it (0 is the first adult).
    person : (n_person,) uint64
        Filled with a key for each person.

    Returns
    -------
    int
        Number of households.
    """
    at = 0
    count = 0
    for b in range(people.size):
        left = people[b]
        drawn = 0
        number = 0
        while left > 0:
            u = uniform(keys[b], np.uint64(drawn))
            drawn += 1
            size = 1
            while size < cumulative.size and u > cumulative[size - 1]:
                size += 1
            size = min(size, left)
            for m in range(size):
                of_building[at] = b
                household[at] = count
                member[at] = m
                person[at] = person_key(keys[b], number)
                number += 1
                at += 1
            count += 1
            left -= size
    return count


@nb.njit(cache=True)
def ages(household: Rows, member: Rows, person: Keys, out: Codes) -> None:
    """Age class of each person: two adults a household, the others are mostly children.

    One in four first members is 65 or older (EU 2023: 21 % of people), and a second adult is of the
    same class; of the others 35 % are below school age, 50 % at school, 15 % grown up.
    """
    senior = False
    for p in range(household.size):
        u = uniform(person[p], np.uint64(0))
        if member[p] == 0:
            alone = p + 1 == household.size or household[p + 1] != household[p]
            senior = u < (0.30 if alone else 0.22)
            out[p] = SENIOR if senior else ADULT
        elif member[p] == 1:
            out[p] = SENIOR if senior else ADULT
        elif senior or u < 0.15:
            out[p] = ADULT
        else:
            out[p] = PUPIL if u < 0.65 else CHILD


@nb.njit(cache=True)
def assign(
    seekers: Rows,
    home_zone: Rows,
    person: Keys,
    counter: int,
    decay: Floats,
    zone_start: Rows,
    zone_rows: Rows,
    left: Floats,
    zone_left: Floats,
    out: Rows,
) -> int:
    """Give places to seekers by gravity until none is left.

    A zone is chosen with probability proportional to its free places × ``decay``, a building in it
    with probability proportional to its free places.

    Parameters
    ----------
    seekers : (n_seeker,) int32
        Persons in the order in which they choose.
    home_zone : (n_person,) int32
        Zone that each starts from.
    person : (n_person,) uint64
        Keys; draws ``counter`` and ``counter + 1`` are used.
    decay : (n_zone, n_zone) float64
        Weight of the distance.
    zone_start, zone_rows : int32
        Buildings of each zone (CSR).
    left, zone_left : float64
        Free places by building and by zone; counted down.
    out : (n_person,) int32
        Building of each seeker; untouched when there was none.

    Returns
    -------
    int
        How many found a place.
    """
    zones = zone_left.size
    found = 0
    for s in range(seekers.size):
        p = seekers[s]
        total = 0.0
        for z in range(zones):
            total += zone_left[z] * decay[home_zone[p], z]
        if total <= 1e-12:
            continue
        u = uniform(person[p], np.uint64(counter)) * total
        z = 0
        running = zone_left[0] * decay[home_zone[p], 0]
        while z < zones - 1 and (running < u or zone_left[z] < 1e-9):
            z += 1
            running += zone_left[z] * decay[home_zone[p], z]
        u = uniform(person[p], np.uint64(counter + 1)) * zone_left[z]
        running = 0.0
        chosen = -1
        for i in range(zone_start[z], zone_start[z + 1]):
            b = zone_rows[i]
            if left[b] > 1e-9:
                running += left[b]
                chosen = b
                if running >= u:
                    break
        if chosen >= 0:
            taken = min(1.0, left[chosen])
            left[chosen] -= taken
            zone_left[z] = max(0.0, zone_left[z] - taken)
            out[p] = chosen
            found += 1
    return found
