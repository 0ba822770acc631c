# mypy: allow-untyped-decorators, disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels that say what a trip by car was worth to who no longer makes it, because of a price.

The account of a run has the time and the fuel of everybody who drives. Who stays away has neither,
which is no gain: the trip was worth at least that to them. How much they lose in all is known from
their own choice, with the same draws, with and without the price (Small & Rosen 1981).
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.citizens.columns import BICYCLE, CAR, TRANSIT, Choice, Floats, Ground, People
from models.citizens.planning import distance
from twin.core.random import uniform


@nb.njit(cache=True)
def speed_beyond(mode: int) -> float:
    """Speed outside the city, m/s."""
    if mode == CAR:
        return 13.0
    return 11.0 if mode == TRANSIT else (4.2 if mode == BICYCLE else 1.33)


@nb.njit(cache=True)
def logsum(values: Floats) -> float:
    """ln Σ exp of the utilities; -inf where nothing can be chosen."""
    best = values.max()
    return best + math.log(np.exp(values - best).sum()) if best > -np.inf else best


@nb.njit(cache=True)
def gumbel(key: int, counter: int) -> float:
    """A Gumbel draw, the same for the same key and counter."""
    return -math.log(-math.log(uniform(key, np.uint64(counter))))


@nb.njit(cache=True)
def driving(
    people: People, ground: Ground, choice: Choice, p: int, a: int, b: int, seconds: Floats
) -> float:
    """What the account has for a trip by car in the city, EUR: its time, and its kilometres."""
    beyond = people.beyond[p] / speed_beyond(CAR) if max(a, b) >= ground.buildings else 0.0
    time = max(0.0, seconds[CAR] - seconds[5] - beyond)
    return (
        choice.time / choice.cost * time / 60.0
        + choice.car_cost * 1.3 * distance(ground, a, b) / 1000.0
    )


@nb.njit(cache=True)
def swap(
    choice: Choice, free: Floats, values: Floats, mode: int, key: int, draw: int, drive: float
) -> float:
    """What a car trip was worth beyond its fare by the mode that a price made of it, EUR.

    ``drive`` is what the account no longer has for driving. The loss beside it is the difference of
    the two utilities, draws included, over that of a euro: at most the price.
    """
    loss = free[CAR] + gumbel(key, draw + CAR) - values[mode] - gumbel(key, draw + mode)
    return drive + loss / -choice.cost - (choice.fare if mode == TRANSIT else 0.0)


@nb.njit(cache=True)
def forgone(choice: Choice, free: Floats, values: Floats, mode: int, drive: float) -> float:
    """What a tour, out and back, was worth that a price made them give up, EUR.

    ``mode`` is that of the tour without the price. To what the account no longer has comes half of
    what the price would have taken (the rule of a half), as the logsum has it.
    """
    spent = drive if mode == CAR else (choice.fare if mode == TRANSIT else 0.0)
    return 2.0 * spent + 0.5 * (logsum(free) - logsum(values)) / -choice.cost
