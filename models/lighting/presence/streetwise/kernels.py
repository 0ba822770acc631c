"""Loops over streets whose lamps are lit all together: for a million lamps."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from models.lighting.presence.arrivals.kernels import DIGITS
from twin.core.random import uniform

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]


@nb.njit(
    nb.void(
        nb.float32[::1],
        nb.float32[::1],
        nb.int32[::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
    fastmath=True,
)
def spread(low: Singles, high: Singles, street: Rows, near: Singles, out: Floats) -> None:
    """Mean power of each lamp over a step: low + (high - low) of the share that somebody is near.

    Parameters
    ----------
    low, high : (n_lamps,) float32, W
        See :func:`models.lighting.kernels.refresh`.
    street : (n_lamps,) int32
    near : (n_streets,) float32, 1
        Share of the step in which somebody is near.
    out : (n_lamps,) float64, W
        Filled.
    """
    for i in range(out.size):
        out[i] = low[i] + (high[i] - low[i]) * near[street[i]]


@nb.njit(
    nb.void(
        nb.uint64[::1],
        nb.int64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64[::1],
        nb.float64,
        nb.float64,
        nb.int32[::1],
        nb.float32[::1],
        nb.float64[::1],
    ),
    cache=True,
)
def presence(
    keys: Keys,
    drawn: npt.NDArray[np.int64],
    patience: Floats,
    lit: Floats,
    vehicles: Floats,
    walkers: Floats,
    span: Floats,
    walker_span: float,
    length: float,
    coming: Rows,
    near: Singles,
    held: Floats,
) -> None:
    """Share of a step in which somebody lights the lamps of each street.

    Arrivals are those of :func:`models.lighting.presence.kernels.presence`; each holds the light of
    the whole street for its span, and spans that overlap are one. First all streets as if nobody
    came; then those where somebody comes, in rounds of one arrival each.

    Parameters
    ----------
    keys : (n_streets,) uint64
    drawn : (n_streets,) int64
        Draws so far; the counter of the next.
    patience : (n_streets,) float64, 1
        Budget that is left until the next arrival.
    lit : (n_streets,) float64, s
        From the start of the step until when the light is held; negative where it is not.
    vehicles, walkers : (n_streets,) float64, 1/s
        Arrivals.
    span : (n_streets,) float64, s
        How long a vehicle holds the light.
    walker_span : float, s
        How long a walker does.
    length : float, s
        Of the step.
    coming : (n_streets + 1,) int32
        Overwritten.
    near : (n_streets,) float32, 1
        Filled with the share of the step.
    held : (n_streets,) float64, s
        The light that was held is added.
    """
    share = 1.0 / length
    for j in range(near.size):
        patience[j] -= (vehicles[j] + walkers[j]) * length
        covered = max(0.0, min(lit[j], length))
        lit[j] -= length
        near[j] = covered * share
        held[j] += covered
    found = 0
    for j in range(near.size):
        coming[found] = j
        found += patience[j] < 0.0
    while found:  # one arrival a street in a round: no branch that cannot be foreseen
        left_over = 0
        for c in range(found):
            j = coming[c]
            rate, left = vehicles[j] + walkers[j], patience[j]
            at = length + left / rate
            draw = uniform(keys[j], np.uint64(drawn[j]))
            drawn[j] += 1
            left -= math.log(np.float32(draw))
            # The low digits of a draw do not depend on the high ones, which make the wait.
            fine = draw * DIGITS
            walks = (fine - np.int64(fine)) * rate >= vehicles[j]
            until = lit[j] + length
            end = at + span[j] + walks * (walker_span - span[j])
            more = max(0.0, min(end, length) - max(at, min(until, length)))
            near[j] += more * share
            held[j] += more
            lit[j] = max(until, end) - length
            patience[j] = left
            coming[left_over] = j
            left_over += left < 0.0
        found = left_over
