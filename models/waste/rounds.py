"""The fixed calendar of collection: which container is emptied on which weekdays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.waste.streams import STREAMS

if TYPE_CHECKING:
    from models.waste.containers import Sites


def weekdays(sites: Sites, daily: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Collection days of each container as bits, Monday the lowest; (n,) int32.

    Each stream's containers are swept by their angle around their middle (Gillett & Miller 1974)
    and cut into sectors of equal mass, one sector for each pattern of days.
    """
    bits = np.zeros(len(sites), dtype=np.int32)
    for name, stream in STREAMS.items():
        rows = np.flatnonzero(sites.stream == name)
        if len(rows):
            patterns = np.array([sum(1 << day for day in days) for days in stream.weekdays])
            bits[rows] = patterns[sectors(sites.points[rows], daily[rows], len(patterns))]
    return bits


def sectors(
    points: npt.NDArray[np.float64], mass: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.int64]:
    """Sector 0..count-1 of each point."""
    x, y = (points - points.mean(axis=0)).T
    order = np.lexsort((np.arange(len(points)), np.arctan2(y, x)))
    weight = np.maximum(mass[order], 1e-9)
    before = np.cumsum(weight) - weight / 2.0
    sector = np.empty(len(points), dtype=np.int64)
    sector[order] = np.minimum((before / weight.sum() * count).astype(np.int64), count - 1)
    return sector
