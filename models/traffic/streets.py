"""Finds edges by street name, edge id, road class or place: one lookup for policies and events."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.errors import ConfigError

Rows = npt.NDArray[np.int64]


def by_name(city: City, street: str, where: str) -> Rows:
    """Rows of the edges of a street; case and spaces at the ends do not matter.

    Raises
    ------
    ConfigError
        No street has this name; says the nearest ones.
    """
    names = city["edge"]["name"]
    folded = np.char.casefold(names) if hasattr(np.char, "casefold") else np.char.lower(names)
    wanted = street.strip().casefold()
    rows = np.flatnonzero(folded == wanted)
    if len(rows):
        return rows
    known = {str(name).casefold(): str(name) for name in np.unique(names) if name}
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    close = close or [name for name in known if wanted and wanted in name][:3]
    raise ConfigError(
        f"there is no street {street!r} in {city.name}",
        where=where,
        allowed=", ".join(repr(known[name]) for name in close) or f"{len(known)} named streets",
        mend=f"did you mean {known[close[0]]!r}?" if close else "name edges by their ids instead",
    )


def by_ids(city: City, edges: Sequence[str], where: str) -> Rows:
    """Rows of edges given by id.

    Raises
    ------
    ConfigError
        An edge that the city does not have.
    """
    table = city["edge"]
    rows = table.rows(np.array(list(edges), dtype=np.str_))
    for edge, row in zip(edges, rows, strict=True):
        if row < 0:
            close = difflib.get_close_matches(edge, list(map(str, table.ids)), n=3)
            raise ConfigError(
                f"there is no edge {edge!r} in {city.name}",
                where=where,
                allowed=", ".join(map(repr, close)) or f"ids such as {str(table.ids[0])!r}",
            )
    return rows.astype(np.int64)


def chosen(city: City, street: str | None, edges: Sequence[str], where: str) -> Rows:
    """Rows of a street, of edges, or of both.

    Raises
    ------
    ConfigError
        Neither is given, or one is unknown.
    """
    if street is None and not edges:
        raise ConfigError(
            "it is not said which street", where=where, allowed="`street` (a name) or `edges` (ids)"
        )
    named = [] if street is None else [by_name(city, street, f"{where}, street")]
    return np.unique(np.concatenate([*named, by_ids(city, edges, f"{where}, edges")]))


def by_class(city: City, roads: Sequence[str], where: str) -> Rows:
    """Rows of the edges of some road classes that cars use.

    Raises
    ------
    ConfigError
        A class that no edge of the city has.
    """
    table = city["edge"]
    known = sorted(set(map(str, table["road"])) - {""})
    for road in roads:
        if road not in known:
            raise ConfigError(
                f"no edge of {city.name} is of the class {road!r}",
                where=where,
                allowed=", ".join(known) or "none: this network has no road classes",
            )
    rows: Rows = np.flatnonzero(np.isin(table["road"], list(roads)) & table["car"])
    return rows


def within(city: City, rows: Rows, area: Sequence[float] | None) -> Rows:
    """Those of the rows that lie in a box of degrees (west, south, east, north)."""
    if area is None:
        return rows
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    points = city["edge"].points[rows]
    longitude, latitude = to_degrees.transform(points[:, 0], points[:, 1])
    west, south, east, north = area
    inside = (west <= longitude) & (longitude <= east) & (south <= latitude) & (latitude <= north)
    kept: Rows = rows[np.asarray(inside)]
    return kept
