"""The static city: tables with geometry, links between them, its place on Earth and its network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.link import Link
from twin.city.table import Table
from twin.errors import DataError


@dataclass(frozen=True)
class Place:
    """Where the city is.

    Attributes
    ----------
    crs
        Projected coordinate system of the geometries, metres (a proj or EPSG string).
    longitude, latitude
        Centre, degrees (WGS 84).
    timezone
        IANA name, for the sun, calendars and local time.
    country
        ISO 3166-1 alpha-2 code, for holidays and defaults; empty when unknown.
    """

    crs: str
    longitude: float
    latitude: float
    timezone: str
    country: str = ""


@dataclass
class City:
    """A city as tables and links.

    Attributes
    ----------
    name
        Short name of the city.
    place
        Where it is.
    tables
        Tables by name; ``city`` is always there, with one row, for city-wide columns.
    links
        Links by ``(source table, target table)``.
    folder
        The bundle on disk that this city was loaded from, if any.
    network
        The SUMO network file (``.net.xml`` or ``.net.xml.gz``).
    demand
        SUMO's own files that came with the city: ``config``, ``routes``, ``additional`` (lists of
        paths); empty for a city from a map.
    manifest
        Source, licence, versions, hashes.
    """

    name: str
    place: Place
    network: Path
    tables: dict[str, Table] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    demand: dict[str, list[Path]] = field(default_factory=dict)
    folder: Path | None = None
    manifest: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "city" not in self.tables:
            self.tables["city"] = Table("city", [self.name])

    def __contains__(self, table: str) -> bool:
        return table in self.tables

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def __getitem__(self, table: str) -> Table:
        try:
            return self.tables[table]
        except KeyError:
            raise DataError(
                f"the city {self.name!r} has no table {table!r}",
                allowed=", ".join(sorted(self.tables)),
                mend="build the bundle again with this version: twin city build",
            ) from None

    def add(self, table: Table) -> Table:
        """Add a table, in place of one with the same name."""
        self.tables[table.name] = table
        return table

    def link(self, source: str, target: str) -> Link:
        """The link from one table to another.

        Raises
        ------
        DataError
            The city has no such link.
        """
        try:
            return self.links[source, target]
        except KeyError:
            raise DataError(
                f"the city {self.name!r} has no link {source}->{target}",
                allowed=", ".join(link.name for link in self.links.values()) or "none",
            ) from None

    def connect(self, link: Link) -> Link:
        """Add a link, checked against its two tables."""
        link.check(len(self[link.source]), len(self[link.target]))
        self.links[link.source, link.target] = link
        return link

    def connect_nearest(
        self, source: str, target: str, *, within: float = np.inf, where: np.ndarray | None = None
    ) -> Link:
        """Link each entity of ``source`` to the nearest of ``target``.

        Parameters
        ----------
        within
            Farthest distance that still links, metres.
        where : (n_target,) bool, optional
            Which rows of ``target`` may be linked to.

        Notes
        -----
        Equal distances go to the lower row, so that the result does not depend on the tree's order.
        """
        import shapely

        origin, goal = self[source], self[target]
        indices = np.full(len(origin), -1, dtype=np.int32)
        rows = np.arange(len(goal)) if where is None else np.flatnonzero(where)
        if len(rows) and len(origin):
            if goal.geometry is None:
                raise DataError(f"table {target!r} has no geometry to link to")
            tree = shapely.STRtree(goal.geometry[rows])
            points = shapely.points(origin.points)
            limit = None if np.isinf(within) else within
            found, hits = tree.query_nearest(points, max_distance=limit, all_matches=True)
            order = np.lexsort((hits, found))
            first = np.unique(found[order], return_index=True)
            indices[first[0]] = rows[hits[order][first[1]]]
        return self.connect(Link(source, target, indices))

    @classmethod
    def load(cls, path: str | Path) -> City:
        """Read a bundle; see :func:`twin.city.bundle.load`."""
        from twin.city.bundle import load

        return load(Path(path))

    def save(self, path: str | Path) -> City:
        """Write a bundle; see :func:`twin.city.bundle.save`."""
        from twin.city.bundle import save

        return save(self, Path(path))

    @classmethod
    def from_osm(
        cls, extract: str | Path, bundle: str | Path | None = None, **options: Any
    ) -> City:
        """Build a city from an OpenStreetMap extract; see :func:`twin.city.build.from_osm`."""
        from twin.city.build import from_osm

        return from_osm(Path(extract), None if bundle is None else Path(bundle), **options)

    @classmethod
    def from_sumo(
        cls, config: str | Path, bundle: str | Path | None = None, **options: Any
    ) -> City:
        """Build a city from a SUMO scenario; see :func:`twin.city.build.from_sumo`."""
        from twin.city.build import from_sumo

        return from_sumo(Path(config), None if bundle is None else Path(bundle), **options)
