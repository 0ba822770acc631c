"""What is usual: occupancies at the start, and how much a euro weighs at the usual prices."""

from __future__ import annotations

import numpy as np

from models.parking.columns import Floats, Ground, Habits, Rows
from models.parking.wishes import kernels as wishes


def start_shares(capacity: Rows, wishes: Floats, mean: float) -> Floats:
    """Occupancies in proportion to the wishes for a bay, full where these exceed it.

    Parameters
    ----------
    capacity : (n_blocks,) int32
    wishes : (n_blocks,) float64
        How much a block is wished for.
    mean
        Occupancy of all blocks together, 1.

    Returns
    -------
    (n_blocks,) float64, 1
        min(1, c w / capacity), with the c that gives the mean.
    """
    size = np.maximum(capacity, 1)
    ratio = np.where(capacity > 0, wishes / size, 0.0)
    total, usable = float(capacity.sum()), ratio > 0.0
    if mean <= 0.0 or not usable.any():
        return np.where(capacity > 0, mean, 0.0)
    low, high = 0.0, 1.0 / float(ratio[usable].min())
    for _ in range(60):
        middle = 0.5 * (low + high)
        held = float((capacity * np.minimum(1.0, middle * ratio)).sum())
        low, high = (middle, high) if held < mean * total else (low, middle)
    found: Floats = np.minimum(1.0, high * ratio)
    return found


def coefficient(
    g: Ground,
    habits: Habits,
    usual: Floats,
    stay: float,
    weight: Floats,
    elasticity: float,
) -> float:
    """Utility of a euro that gives the mean own-price elasticity of a block.

    Parameters
    ----------
    usual : (n_blocks,) float64, EUR/h
    stay
        Mean stay, h.
    weight : (n_edges,) float64
        Arrivals at each edge.

    Notes
    -----
    By fixed-point steps on :func:`models.parking.wishes.kernels.own_elasticity`. Free bays have no
    elasticity: they are taken as if they cost 1 EUR/h.
    """
    prices = np.where(usual > 0.0, usual, 1.0)
    found = elasticity / (float(prices.mean()) * stay)
    for _ in range(20):
        there = wishes.own_elasticity(g, habits._replace(price=found), prices, stay, weight)
        if there == 0.0 or abs(there - elasticity) < 1e-6:
            break
        found *= elasticity / there
    return found
