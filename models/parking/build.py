"""Car parks of a city: areas, garages and kerbs, their capacity as tagged or from their size."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.parking import capacity
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table

REACH = 200.0
"""Farther from every carriageway, a car park has no access; metres."""

LOCAL = ("residential", "living_street", "unclassified", "tertiary", "")
"""Classes of streets where cars stand at the kerb."""

URBAN_SPEED = 50.5 / 3.6
"""Fastest free-flow speed of a street with cars at the kerb, m/s."""


@dataclass
class _Rows:
    """Rows of the table to be."""

    ids: list[str] = field(default_factory=list)
    geometry: list[object] = field(default_factory=list)
    capacity: list[float] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    access: list[str] = field(default_factory=list)
    origin: list[str] = field(default_factory=list)

    def add(
        self, key: str, geometry: object, spaces: float, kind: str, access: str, origin: str
    ) -> None:
        self.ids.append(key)
        self.geometry.append(geometry)
        self.capacity.append(spaces)
        self.kind.append(kind)
        self.access.append(access)
        self.origin.append(origin)

    def table(self) -> Table:
        geometry = np.empty(len(self.ids), dtype=np.object_)
        geometry[:] = self.geometry
        columns = {
            "capacity": np.array(self.capacity, dtype=np.float64),
            "kind": np.array(self.kind, dtype=np.str_),
            "access": np.array(self.access, dtype=np.str_),
            "origin": np.array(self.origin, dtype=np.str_),
        }
        return Table("parking", np.array(self.ids, dtype=np.str_), columns, geometry)


class ParkingBuilder(Builder):
    """Makes the table ``parking`` and the link parking→edge; keeps a table that is already there.

    A car park of the map is ``mapped``; kerbs of a city whose map knows of no parking at all are
    ``inferred``: one side of each local street, cars one behind the other.
    """

    makes = ("parking",)

    def build(self, city: City, features: Features) -> None:
        """Add the car parks, or only their link where the city brought its own."""
        if "parking" not in city or not len(city["parking"]):
            rows = _Rows()
            _areas(rows, features)
            _spaces(rows, features)
            _kerbs(rows, features)
            if not rows.ids:
                _assumed_kerbs(rows, city)
            city.add(rows.table())
        if ("parking", "edge") not in city.links:
            _connect(city)


def _connect(city: City) -> None:
    if not len(city["parking"]):
        city.connect(Link("parking", "edge", np.empty(0, dtype=np.int32)))
        return
    cars = city["edge"]["car"].astype(np.bool_)
    city.connect_nearest("parking", "edge", within=REACH, where=cars)


def _access(tags: dict[str, str]) -> str:
    return "private" if tags.get("access") in ("private", "no") else "public"


def _areas(rows: _Rows, features: Features) -> None:
    """Car parks and garages."""
    import shapely

    found = features.select("amenity", "parking")
    if not len(found):
        return
    areas = shapely.area(features.geometry[found])
    for row, area, point in zip(found, areas, features.centres(found), strict=True):
        tags = features.tags[row]
        spaces = capacity.of_area(tags, float(area))
        rows.add(features.ids[row], point, spaces, capacity.kind(tags), _access(tags), MAPPED)


def _spaces(rows: _Rows, features: Features) -> None:
    """Single marked spaces that belong to no mapped car park."""
    import shapely

    found = features.select("amenity", "parking_space")
    if not len(found):
        return
    points = features.centres(found)
    parks = features.geometry[features.select("amenity", "parking")]
    inside = np.zeros(len(found), dtype=np.bool_)
    if len(parks):
        inside[shapely.STRtree(parks).query(points, predicate="dwithin", distance=1.0)[0]] = True
    for row, point in zip(found[~inside], points[~inside], strict=True):
        tags = features.tags[row]
        spaces = capacity.number(tags.get("capacity")) or 1.0
        rows.add(features.ids[row], point, spaces, "surface", _access(tags), MAPPED)


def _kerbs(rows: _Rows, features: Features) -> None:
    """Streets whose sides are tagged with parking: one row a way, at its middle."""
    import shapely

    is_line = np.isin(shapely.get_type_id(features.geometry), (1, 2))
    for row in np.flatnonzero(is_line):
        tags = features.tags[row]
        if "highway" not in tags or not any(key.startswith("parking:") for key in tags):
            continue
        spaces = capacity.of_kerb(tags, float(shapely.length(features.geometry[row])))
        if spaces:
            middle = shapely.line_interpolate_point(features.geometry[row], 0.5, normalized=True)
            rows.add(f"kerb.{features.ids[row]}", middle, spaces, "street", "public", MAPPED)


def _assumed_kerbs(rows: _Rows, city: City) -> None:
    """One side of each local street; a street of two directions once."""
    import shapely

    edges = city["edge"]
    local = edges["car"] & np.isin(edges["road"], LOCAL) & (edges["speed"] <= URBAN_SPEED)
    once = _first_of_street(edges["from_junction"], edges["to_junction"])
    for row in np.flatnonzero(local & once):
        spaces = capacity.along(float(edges["length"][row]), "parallel")
        if spaces and edges.geometry is not None:
            middle = shapely.line_interpolate_point(edges.geometry[row], 0.5, normalized=True)
            rows.add(f"kerb.{edges.ids[row]}", middle, spaces, "street", "public", INFERRED)


def _first_of_street(
    start: npt.NDArray[np.int32], end: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Whether an edge is the first between its two junctions, whatever its direction."""
    pairs = np.column_stack((np.minimum(start, end), np.maximum(start, end)))
    first = np.zeros(len(start), dtype=np.bool_)
    if len(start):
        first[np.unique(pairs, axis=0, return_index=True)[1]] = True
    return first
