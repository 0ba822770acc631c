"""Lines across the streets: the edges that lead into, or out of, a part of a city."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.traffic.streets import by_ids
from twin.city.city import City
from twin.errors import ConfigError

Place = tuple[float, float]
Box = tuple[float, float, float, float]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def crossed(
    city: City,
    area: Box | None,
    polygon: Sequence[Place],
    edges: Sequence[str],
    crossings: str,
    where: str,
) -> Flags:
    """Edges for cars that cross the border of an area, or the edges given; (n_edges,) bool.

    Parameters
    ----------
    area, polygon
        West, south, east, north in degrees, or corners as (longitude, latitude).
    crossings
        ``inward``, ``outward`` or ``both``.

    Raises
    ------
    ConfigError
        It is not said where, an unknown edge, or an area whose border no street crosses.
    """
    table = city["edge"]
    if edges:
        found = np.zeros(len(table), dtype=bool)
        found[by_ids(city, edges, f"{where}, edges")] = True
        return found
    start, end = ends_inside(city, area, polygon, where)
    found = gates(start, end, crossings) & table["car"]
    if not found.any():
        raise ConfigError(
            "no street that cars use crosses the border of the area",
            where=f"{where}, area",
            allowed=_extent(city),
        )
    return found


def ends_inside(
    city: City, area: Box | None, polygon: Sequence[Place], where: str
) -> tuple[Flags, Flags]:
    """Whether the start, and the end, of each edge lies in a box or a polygon of degrees.

    Raises
    ------
    ConfigError
        Neither is given.
    """
    import shapely

    if area is None and len(polygon) < 3:
        raise ConfigError(
            "it is not said where",
            where=where,
            allowed="`area` (west, south, east, north), `polygon` (three corners or more) or "
            "`edges` (ids)",
        )
    longitude, latitude = _degrees(city)
    shape = shapely.box(*area) if area is not None else shapely.Polygon(polygon)
    inside = shapely.contains_xy(shape, longitude, latitude)
    table = city["edge"]
    return inside[table["from_junction"]], inside[table["to_junction"]]


def gates(start: Flags, end: Flags, crossings: str) -> Flags:
    """Edges that lead over the border of an area; (n_edges,) bool."""
    inward, outward = ~start & end, start & ~end
    found: Flags = {"inward": inward, "outward": outward, "both": inward | outward}[crossings]
    return found


def _degrees(city: City) -> tuple[np.ndarray, np.ndarray]:
    from pyproj import Transformer

    points = city["junction"].points
    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(points[:, 0], points[:, 1])
    return longitude, latitude


def _extent(city: City) -> str:
    longitude, latitude = _degrees(city)
    return (
        f"a part of {min(longitude):.4f}, {min(latitude):.4f}, {max(longitude):.4f}, "
        f"{max(latitude):.4f} (west, south, east, north) that does not hold all of it"
    )
