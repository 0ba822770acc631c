"""From expected trips on paths to whole vehicles with departures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.traffic.demand.file import Demand
from models.traffic.demand.kernels import Floats
from models.traffic.demand.paths import Paths

GOLDEN = 0.6180339887498949


def sample(paths: Paths, slices: list[tuple[float, float, Floats]]) -> Demand:
    """Draw vehicles from expected trips, slice by slice.

    Parameters
    ----------
    paths
        Ways of each pair of zones.
    slices
        Begin, end (s since midnight) and (n_draws, n_zones, n_zones) float64 trips of each part of
        the period. A trip counts for the slice in which it is half way.

    Notes
    -----
    Systematic sampling (Madow 1949) along the paths in a fixed order: each path and each
    neighbouring group of paths gets its expected number to within one, so that streets carry what
    is expected with much less noise than independent draws give. Departures follow a
    golden-ratio sequence, so that the vehicles of each path are spread over the slice.
    """
    departures, ways = [], []
    carried = 0.5
    kept: dict[int, tuple[int, ...]] = {}
    for begin, end, trips in slices:
        chosen, carried = _systematic(_ordered(trips), carried)
        flat = _unordered(chosen, trips.shape)
        times = begin + (end - begin) * np.mod(np.arange(len(flat)) * GOLDEN + 0.5, 1.0)
        half = 0.5 * paths.cost.reshape(-1)[flat]
        departures.append(times - half)
        for path in flat.tolist():
            if path not in kept:
                k, i, j = np.unravel_index(path, trips.shape)
                kept[path] = tuple(paths.route(int(k), int(i), int(j)).tolist())
            ways.append(kept[path])
    return Demand.of(np.concatenate(departures), ways)


def _ordered(trips: Floats) -> Floats:
    """Trips by pair and then by draw: the paths of a pair follow one another."""
    return trips.transpose(1, 2, 0).reshape(-1)


def _unordered(chosen: npt.NDArray[np.int64], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Back to an index of (draw, origin, goal)."""
    draws, zones, _ = shape
    pair, draw = np.divmod(chosen, draws)
    found: npt.NDArray[np.int64] = draw * zones * zones + pair
    return found


def _systematic(trips: Floats, carried: float) -> tuple[npt.NDArray[np.int64], float]:
    """Index of each whole trip, and what is left over for the next slice."""
    upto = np.cumsum(trips) + carried
    count = int(np.floor(upto[-1])) if len(upto) else 0
    chosen = np.searchsorted(upto, np.arange(1, count + 1), side="left")
    return chosen.astype(np.int64), float(upto[-1] - count) if len(upto) else carried
