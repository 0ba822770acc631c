"""A city's streets and a table of trips between them as a network for static assignment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.traffic.assignment.network import Floats, RoadNetwork, Rows, TripTable
from twin.city.city import City
from twin.errors import DataError

B, POWER = 0.15, 4.0
"""Of the Bureau of Public Roads (1964)."""
COLUMNS = ("origin", "destination", "trips")


def read_trips(file: Path, city: City) -> tuple[RoadNetwork, TripTable]:
    """Read a CSV of trips an hour between edges, and the network on which they drive.

    Parameters
    ----------
    file
        With the columns ``origin``, ``destination`` (edge ids) and ``trips``.

    Raises
    ------
    DataError
        A column is missing, or an edge is not one of the city's.
    """
    import pandas as pd

    try:
        table = pd.read_csv(file, dtype={"origin": str, "destination": str})
    except FileNotFoundError:
        raise DataError("there is no such file", where=str(file)) from None
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise DataError(f"no column {missing[0]!r}", where=str(file), allowed=", ".join(COLUMNS))
    rows = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    ends = []
    for name in COLUMNS[:2]:
        unknown = ~table[name].isin(rows)
        if unknown.any():
            line = int(np.flatnonzero(unknown)[0])
            raise DataError(
                f"{name} {table[name][line]!r} is no edge of {city.name}",
                where=f"{file}:{line + 2}",
                mend="twin city map BUNDLE -o map.html shows the ids of the streets",
            )
        ends.append(np.array([rows[edge] for edge in table[name]], dtype=np.int64))
    trips = pd.to_numeric(table["trips"], errors="coerce").to_numpy(dtype=np.float64)
    odd = np.flatnonzero(~np.isfinite(trips) | (trips < 0.0))
    if len(odd):
        raise DataError(
            f"trips {table['trips'][odd[0]]!r}",
            where=f"{file}:{odd[0] + 2}",
            allowed="a number of trips an hour, zero or more",
        )
    return of_city(city, ends[0], ends[1], trips)


def of_city(
    city: City, origin: Rows, destination: Rows, trips: Floats
) -> tuple[RoadNetwork, TripTable]:
    """The streets open to cars as links between junctions; every edge with trips has a zone.

    A trip enters at the end of its first edge and leaves at the beginning of its last. Turns that
    are forbidden are not known here. Costs are seconds, capacities vehicles an hour.

    Parameters
    ----------
    origin, destination : (n,) int64
        Edges.
    trips : (n,) float64, veh/h
    """
    edge = city["edge"]
    used = np.unique(np.concatenate([origin, destination]))
    zones = len(used)
    cars = np.flatnonzero(edge["car"] & (edge["capacity"] > 0))
    start, end = edge["from_junction"].astype(np.int64), edge["to_junction"].astype(np.int64)
    zone = np.arange(zones, dtype=np.int64)
    idle = np.zeros(2 * zones)
    network = RoadNetwork(
        tail=np.concatenate([start[cars] + zones, zone, start[used] + zones]),
        head=np.concatenate([end[cars] + zones, end[used] + zones, zone]),
        capacity=np.concatenate([edge["capacity"][cars].astype(np.float64), idle + 1.0]),
        free_time=np.concatenate([edge["length"][cars] / edge["speed"][cars], idle]),
        b=np.concatenate([np.full(len(cars), B), idle]),
        power=np.concatenate([np.full(len(cars), POWER), idle]),
        fixed=np.zeros(len(cars) + 2 * zones),
        n_nodes=len(city["junction"]) + zones,
        n_zones=zones,
        first_through=zones,
    )
    table = TripTable.of(np.searchsorted(used, origin), np.searchsorted(used, destination), trips)
    return network, table


def names(city: City) -> list[str]:
    """Ids of the edges that are the network's first links, in their order."""
    edge = city["edge"]
    return [str(name) for name in edge.ids[edge["car"] & (edge["capacity"] > 0)]]
