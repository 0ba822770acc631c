"""Who takes part in a measure: households by chance, the same ones whatever else happens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy import demand
from twin.city.city import City
from twin.core.random import Keys, Streams, uniforms

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


BASE = 5
"""Buildings beside each other among which each fifth of a share is dealt out once."""
CLASSES = 20
"""Classes of size, each with the same floor area."""


def spread(order: Rows, keys: Keys, spare: Keys) -> Floats:
    """A draw for each entity that is even along an order; (n,) float64 in (0, 1).

    Each draw alone is uniform, but of any :data:`BASE` neighbours one is in each fifth of (0, 1),
    of any :data:`BASE`² one in each twenty-fifth, and so on, so that a share below any threshold
    takes its part everywhere along the order (nested scrambling as of Owen 1995, of one
    dimension).

    Parameters
    ----------
    order : (n,) int64
        Entities as they are neighbours.
    keys : (n,) uint64
        Of the entities, by row.
    spare : (n_spare,) uint64
        Of places that fill the order up to a power of :data:`BASE`.
    """
    count = len(order)
    levels = max(1, int(np.ceil(np.log(max(count, 2)) / np.log(BASE) - 1e-9)))
    total = BASE**levels
    every = np.concatenate([keys[order], spare[: total - count]])
    rows = np.arange(total).reshape(1, total)
    for level in range(levels):
        drawn = uniforms(every, level)
        blocks = rows.reshape(len(rows), -1, BASE)
        dealt = np.take_along_axis(blocks, np.argsort(drawn[blocks], axis=2), axis=2)
        rows = dealt.transpose(0, 2, 1).reshape(len(rows) * BASE, -1)
    place = np.empty(total)
    place[rows[:, 0]] = np.arange(total)
    found = np.empty(count)
    found[order] = (place[:count] + uniforms(every, levels)[:count]) / total
    return found


def draws(city: City, streams: Streams, purpose: str) -> Floats:
    """A draw of each building for one purpose, even over sizes and places; (n_building,).

    Buildings stand in the order of their size, in classes of the same floor area, and within a
    class by the transformer that feeds them: a share of the buildings is nearly the same share of
    the floor area for every seed, all over the city. Who it is differs by seed.
    """
    building = city["building"]
    area = np.maximum(np.nan_to_num(building["floor_area"].astype(np.float64)), 0.0)
    largest = np.argsort(-area, kind="stable")
    size = np.empty(len(area), dtype=np.int64)
    part = np.cumsum(area[largest]) / max(float(area.sum()), 1e-9)
    size[largest] = np.minimum(CLASSES * part, CLASSES - 1).astype(np.int64)
    place = np.zeros(len(area), dtype=np.int64)
    if "bus" in city and "transformer" in city["bus"]:
        place = city["bus"]["transformer"][city.link("building", "bus").indices].astype(np.int64)
    order = np.lexsort((-area, place, size))
    name = f"energy.{purpose}"
    spare = np.array([f"spare/{number}" for number in range(BASE * max(len(area), BASE))])
    return spread(order, streams.keys(name, building.ids), streams.keys(name, spare))


def of_use(city: City, uses: tuple[str, ...]) -> Flags:
    """Buildings of some uses, of all when none is named; (n_building,) bool."""
    use = city["building"]["use"]
    return np.isin(use, uses) if uses else np.ones(len(use), dtype=np.bool_)


def heating(city: City, streams: Streams) -> Floats:
    """Where each building stands in the order in which heat pumps come; (n_building,) in (0, 1).

    The lowest have one today; a share of heat pumps is all buildings below it.
    """
    return draws(city, streams, "heating")


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
    return draws(city, streams, purpose) < share


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
