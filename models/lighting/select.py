"""Finds lamps by road class, street, edge or place: one lookup for policies and events."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.errors import ConfigError

Rows = npt.NDArray[np.int64]


def on_roads(city: City, roads: Sequence[str], who: str) -> Rows:
    """Rows of the lamps on some road classes; of all lamps when none is named.

    Raises
    ------
    ConfigError
        No street of the city is of the class.
    """
    edge = city.link("lamp", "edge").indices
    if not roads:
        return np.arange(len(edge))
    there = city["edge"]["road"]
    unknown = sorted(set(roads) - set(there.tolist()))
    if unknown:
        raise ConfigError(
            f"{who}: no street of this city is of the class {unknown[0]!r}",
            allowed=", ".join(sorted(set(there.tolist()))),
        )
    return np.flatnonzero((edge >= 0) & np.isin(there[edge], list(roads)))


def on_street(city: City, street: str, who: str) -> Rows:
    """Rows of the lamps of a street, by its name.

    Raises
    ------
    ConfigError
        No street has this name; says the nearest ones.
    """
    names = [str(name).casefold() for name in city["edge"]["name"]]
    wanted = street.strip().casefold()
    edges = np.flatnonzero([name == wanted for name in names])
    if not len(edges):
        known = sorted({str(name) for name in city["edge"]["name"] if name})
        close = difflib.get_close_matches(street, known, n=3, cutoff=0.4)
        raise ConfigError(
            f"{who}: there is no street {street!r} in {city.name}",
            allowed=", ".join(map(repr, close)) or f"{len(known)} named streets",
            mend=f"did you mean {close[0]!r}?" if close else None,
        )
    return np.flatnonzero(np.isin(city.link("lamp", "edge").indices, edges))


def near(city: City, longitude: float, latitude: float, radius: float, who: str) -> Rows:
    """Rows of the lamps within a radius of a place, m.

    Raises
    ------
    ConfigError
        No lamp is so near.
    """
    from pyproj import Transformer

    to_metres = Transformer.from_crs("EPSG:4326", city.place.crs, always_xy=True)
    x, y = to_metres.transform(longitude, latitude)
    points = city["lamp"].points
    far = np.hypot(points[:, 0] - x, points[:, 1] - y)
    rows = np.flatnonzero(far <= radius)
    if not len(rows):
        raise ConfigError(
            f"{who}: no lamp stands within {radius:g} m of {longitude:g}, {latitude:g}",
            allowed=f"the nearest is {far.min():,.0f} m away" if len(far) else "this city has none",
        )
    return rows
