# mypy: disable-error-code="no-any-return"
# Compiled functions carry no types that mypy could see.
"""Kernels of the choice of a block: by price, walk and bays, or elsewhere."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.parking.columns import Flags, Floats, Ground, Habits
from twin.core.random import uniform

_OUTSIDE = 1 << 40


@nb.njit(cache=True)
def gumbel(key: int, counter: int) -> float:
    """A standard Gumbel draw of a key."""
    return -math.log(-math.log(uniform(key, np.uint64(counter))))


@nb.njit(cache=True)
def outside(ground: Ground, habits: Habits, edge: int, stay: float) -> float:
    """Utility of parking elsewhere, so that its share at the usual price is ``elsewhere``.

    Parameters
    ----------
    edge
        Edge of the destination.
    stay
        Hours.

    Notes
    -----
    The logsum of the blocks in reach at the usual price, plus the logit of the share (Train,
    Discrete Choice Methods with Simulation, 2009, ch. 3).
    """
    total = 0.0
    for i in range(ground.near_start[edge], ground.near_start[edge + 1]):
        if ground.capacity[ground.near[i]] > 0:
            total += ground.capacity[ground.near[i]] * math.exp(habits.walk * ground.near_walk[i])
    if total == 0.0 or habits.elsewhere >= 1.0:
        return np.inf
    if habits.elsewhere <= 0.0:
        return -np.inf
    usual = habits.price * habits.usual_price * stay + math.log(total)
    return usual + math.log(habits.elsewhere / (1.0 - habits.elsewhere))


@nb.njit(cache=True)
def wish(
    ground: Ground,
    habits: Habits,
    price: Floats,
    full: Flags,
    edge: int,
    key: int,
    stay: float,
) -> int:
    """The block that a driver would like best; -1 elsewhere.

    Parameters
    ----------
    price : (n_blocks,) float64, EUR/h
    full : (n_blocks,) bool
        Blocks that are left out: those that the driver knows to be full.
    edge
        Edge of the destination.
    stay
        Hours.

    Notes
    -----
    Logit: utility of the price of the stay and of the walk, the logarithm of the bays (a block is
    so many equal alternatives; Ben-Akiva & Lerman 1985, ch. 9), and a Gumbel draw of the driver
    and the block.
    """
    best, chosen = -np.inf, -1
    for i in range(ground.near_start[edge], ground.near_start[edge + 1]):
        block = ground.near[i]
        if ground.capacity[block] <= 0 or full[block]:
            continue
        value = habits.price * price[block] * stay + habits.walk * ground.near_walk[i]
        value += math.log(ground.capacity[block]) + gumbel(key, block)
        if value > best:
            best, chosen = value, block
    away = outside(ground, habits, edge, stay)
    if chosen < 0 or away == np.inf:
        return -1
    return -1 if away > -np.inf and away + gumbel(key, _OUTSIDE) > best else chosen


@nb.njit(cache=True)
def own_elasticity(
    ground: Ground, habits: Habits, price: Floats, stay: float, weight: Floats
) -> float:
    """Own-price elasticity of the demand of a block, mean over destinations.

    Parameters
    ----------
    price : (n_blocks,) float64, EUR/h
    stay
        Mean stay, h.
    weight : (n_edges,) float64
        Arrivals at each edge.

    Notes
    -----
    Of a logit, mu p s (1 - P), here weighted by the arrivals that choose the block.
    """
    sums, total = 0.0, 0.0
    for edge in range(weight.size):
        first, last = ground.near_start[edge], ground.near_start[edge + 1]
        if weight[edge] <= 0.0 or first == last:
            continue
        away = outside(ground, habits, edge, stay)
        if away == np.inf:
            continue
        whole = math.exp(away)
        for i in range(first, last):
            block = ground.near[i]
            if ground.capacity[block] > 0:
                value = habits.price * price[block] * stay + habits.walk * ground.near_walk[i]
                whole += ground.capacity[block] * math.exp(value)
        for i in range(first, last):
            block = ground.near[i]
            if ground.capacity[block] > 0:
                value = habits.price * price[block] * stay + habits.walk * ground.near_walk[i]
                share = ground.capacity[block] * math.exp(value) / whole
                sums += weight[edge] * share * habits.price * price[block] * stay * (1.0 - share)
                total += weight[edge] * share
    return sums / total if total > 0.0 else 0.0
