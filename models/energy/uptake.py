"""Who takes part in a measure: households by chance, the same ones whatever else happens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy import demand
from twin.city.city import City
from twin.core.random import Streams, uniforms

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def of_use(city: City, uses: tuple[str, ...]) -> Flags:
    """Buildings of some uses, of all when none is named; (n_building,) bool."""
    use = city["building"]["use"]
    return np.isin(use, uses) if uses else np.ones(len(use), dtype=np.bool_)


def heating(city: City, streams: Streams) -> Floats:
    """Where each building stands in the order in which heat pumps come; (n_building,) in (0, 1).

    The lowest have one today; a share of heat pumps is all buildings below it.
    """
    drawn: Floats = uniforms(streams.keys("energy.heating", city["building"].ids), 0)
    return drawn


def buildings(city: City, streams: Streams, purpose: str, share: float) -> Flags:
    """Buildings whose owner takes part; a higher share only adds some; (n_building,) bool.

    Parameters
    ----------
    purpose
        What it is about: owners who would do one thing are not those who would do another.
    share : float, 1
    """
    if purpose == "heating":
        return heating(city, streams) < share
    chosen: Flags = uniforms(streams.keys(f"energy.{purpose}", city["building"].ids), 0) < share
    return chosen


def households(city: City, streams: Streams, purpose: str, share: float) -> Floats:
    """Share of each building's households that takes part; (n_building,) float64, 1.

    Each household draws for itself, so that a large building is near ``share`` and a small one is
    all or nothing. A building without dwellings counts as one.
    """
    building = city["building"]
    count = np.maximum(np.rint(demand.dwellings(building, demand.annual(building))), 1.0)
    count = np.nan_to_num(count, nan=1.0).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    number = np.arange(len(owner)) - first[owner]
    names = [f"{building.ids[row]}/{n}" for row, n in zip(owner, number, strict=True)]
    drawn = uniforms(streams.keys(f"energy.{purpose}", np.array(names)), 0) < share
    found: Floats = np.bincount(owner[drawn], minlength=len(count)) / count
    return found
