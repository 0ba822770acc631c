"""Who uses which container, what it receives a day, and how large it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.waste.streams import (
    LITTER,
    PER_JOB,
    PER_LITTER_BIN,
    PER_OTHER_JOB,
    PER_PERSON,
    RESIDUAL,
    SORTED,
    STREAMS,
)
from twin.city.city import City

if TYPE_CHECKING:
    from models.waste.containers import Sites

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]

SORTING_REACH = 300.0
"""People bring sorted waste this far, m."""
TARGET_FILL = 0.8
"""How full an inferred container is to be before its collection, after the longest gap."""
LARGEST_SITE = 10.0
"""Standard containers of one stream that a mapped recycling site has at most."""
STANDARD = np.array([0.12, 0.24, 0.36, 0.66, 1.1])
"""Wheeled containers of EN 840, m³; larger sites have several of the largest."""


@dataclass(frozen=True)
class Demand:
    """Buildings with people or jobs, all (n,).

    Attributes
    ----------
    rows
        In the building table.
    daily
        What they throw away, kg/day.
    """

    rows: npt.NDArray[np.int64]
    ids: npt.NDArray[np.str_]
    points: Floats
    daily: Floats


def demand_of(city: City) -> Demand:
    """What each building throws away by its residents and jobs; see :mod:`.streams`."""
    if "building" not in city:
        none = np.empty(0, dtype=np.int64)
        return Demand(none, np.empty(0, dtype="<U1"), np.empty((0, 2)), np.empty(0))
    building = city["building"]
    per_job = np.array([PER_JOB.get(str(use), PER_OTHER_JOB) for use in building["use"]])
    daily = building["people"] * PER_PERSON + building["jobs"] * per_job
    rows = np.flatnonzero(daily > 0.0)
    points = building.points[rows] if len(rows) else np.empty((0, 2))
    return Demand(rows, building.ids[rows], points, daily[rows].astype(np.float64))


def companions(sites: Sites, demand: Demand, serving: npt.NDArray[np.int64]) -> dict[str, Rows]:
    """For each residual container the one of each sorted stream that its people use; -1 for none.

    It is the nearest within reach, as long as the site can hold what comes; the nearest people
    come first.
    """
    daily = np.zeros(len(sites))
    np.add.at(daily, serving, demand.daily)
    return {stream: _companion(sites, daily, stream) for stream in SORTED}


def _companion(sites: Sites, daily: Floats, stream: str) -> Rows:
    found = np.full(len(sites), -1, dtype=np.int32)
    sources = np.flatnonzero(sites.stream == RESIDUAL)
    targets = np.flatnonzero(sites.stream == stream)
    if len(sources) and len(targets):
        from scipy.spatial import KDTree

        far, near = KDTree(sites.points[targets]).query(sites.points[sources])
        room = np.array([_room(stream, float(sites.volume[row])) for row in targets])
        for i in np.lexsort((sources, far)).tolist():
            comes = daily[sources[i]] * STREAMS[stream].share
            if far[i] <= SORTING_REACH and comes <= room[near[i]]:
                room[near[i]] -= comes
                found[sources[i]] = targets[near[i]]
    return found


def _room(stream: str, volume: float) -> float:
    """What a site may receive, kg/day."""
    data = STREAMS[stream]
    most = volume if volume > 0.0 else LARGEST_SITE * data.volume
    return most * data.density * TARGET_FILL / data.longest_gap


def size(
    sites: Sites, demand: Demand, serving: npt.NDArray[np.int64], near: dict[str, Rows]
) -> Floats:
    """What each container receives, kg/day; fills in the volumes that the map does not know."""
    daily = np.zeros(len(sites))
    np.add.at(daily, serving, demand.daily)
    taken = np.zeros(len(sites))
    for stream, rows in near.items():
        moved = np.where(rows >= 0, daily * STREAMS[stream].share, 0.0)
        np.add.at(taken, rows[rows >= 0], moved[rows >= 0])
        taken -= moved
    daily += taken
    daily[sites.stream == LITTER] = PER_LITTER_BIN
    for row in np.flatnonzero(sites.volume <= 0.0).tolist():
        sites.volume[row] = standard_volume(str(sites.stream[row]), float(daily[row]))
    return daily


def standard_volume(stream: str, daily: float) -> float:
    """Volume that holds what comes between two collections, m³.

    Parameters
    ----------
    stream
        Stream of the container.
    daily
        What it receives, kg/day.
    """
    data = STREAMS[stream]
    if stream == LITTER:
        return data.volume
    need = daily * data.longest_gap / data.density / TARGET_FILL
    if stream == RESIDUAL and need <= STANDARD[-1]:
        return float(STANDARD[np.searchsorted(STANDARD, need)])
    return float(data.volume * max(1.0, np.ceil(need / data.volume)))
