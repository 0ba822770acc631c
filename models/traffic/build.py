"""The gateways of a city: edges that the border of the extract cut."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, Table

VOLUME = {
    "motorway": 15_000.0,
    "trunk": 11_000.0,
    "primary": 7_000.0,
    "secondary": 4_500.0,
    "tertiary": 2_000.0,
    "unclassified": 700.0,
    "residential": 400.0,
}
"""Vehicles a day and lane at an urban boundary, by OSM class: about 9 % of it in the peak hour
gives the usual use of each class. A prior, to be scaled by counts."""
SMALL = ("residential", "unclassified", "service", "living_street")
UNKNOWN_CLASS = 3_000.0
BORDER = 0.06
"""A cut edge ends within this share of the city's diameter from its hull."""


class TrafficBuilder(Builder):
    """Adds the table ``gateway``.

    A gateway is a junction from which the streets lead to one neighbour only, near the hull of the
    network: one row for its inward edge and one for its outward edge. Dead ends of residential
    streets count only where the network has no larger road cut.
    """

    makes: ClassVar[tuple[str, ...]] = ("gateway",)
    needs: ClassVar[tuple[str, ...]] = ("edge", "junction")

    def build(self, city: City, features: Features) -> None:
        """Add the table and its link to ``edge``."""
        edges, inward = _cut_edges(city)
        table = city["edge"]
        volume = _volumes(city, edges)
        ids = [f"{'in' if i else 'out'}.{table.ids[e]}" for e, i in zip(edges, inward, strict=True)]
        columns: dict[str, npt.ArrayLike] = {
            "edge": edges.astype(np.int32),
            "inward": inward,
            "volume": volume,
            "origin": np.full(len(edges), INFERRED),
        }
        city.add(
            Table("gateway", np.array(ids, dtype=np.str_), columns, _ends(city, edges, inward))
        )
        city.connect(Link("gateway", "edge", edges.astype(np.int32)))


def _cut_edges(city: City) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Rows of the cut edges, each with whether it leads inwards."""
    table = city["edge"]
    car = np.asarray(table["car"], dtype=bool)
    start, end = table["from_junction"], table["to_junction"]
    border = _near_border(city) & (_neighbours(city, car) == 1)
    inward = np.flatnonzero(car & border[start] & ~border[end])
    outward = np.flatnonzero(car & border[end] & ~border[start])
    found = np.concatenate([inward, outward])
    kinds = np.arange(len(found)) < len(inward)
    large = ~np.isin(table["road"][found], SMALL)
    if large[kinds].sum() >= 2 and large[~kinds].sum() >= 2:
        found, kinds = found[large], kinds[large]
    return found, kinds


def _neighbours(city: City, car: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """How many other junctions each junction is joined to, whichever way; (n_junctions,) int64."""
    start, end = city["edge"]["from_junction"][car], city["edge"]["to_junction"][car]
    pairs = np.stack([np.concatenate([start, end]), np.concatenate([end, start])], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return np.bincount(pairs[:, 0], minlength=len(city["junction"])).astype(np.int64)


def _near_border(city: City) -> npt.NDArray[np.bool_]:
    """Junctions near the hull of the network; (n_junctions,) bool."""
    import shapely

    points = shapely.points(city["junction"].points)
    hull = shapely.convex_hull(shapely.multipoints(points)).boundary
    west, south, east, north = shapely.bounds(hull)
    reach = BORDER * float(np.hypot(east - west, north - south))
    near: npt.NDArray[np.bool_] = shapely.distance(points, hull) <= reach
    return near


def _volumes(city: City, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Vehicles a day through each cut edge; (n,) float64."""
    table = city["edge"]
    classes = [str(road).removesuffix("_link") for road in table["road"][edges]]
    a_lane = np.array([VOLUME.get(road, UNKNOWN_CLASS) for road in classes], dtype=np.float64)
    found: npt.NDArray[np.float64] = a_lane * np.maximum(1, table["lanes"][edges])
    return found


def _ends(
    city: City, edges: npt.NDArray[np.int64], inward: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Points where the edges cross the border; (n,) object, metres."""
    table, junctions = city["edge"], city["junction"]
    outside = np.where(inward, table["from_junction"][edges], table["to_junction"][edges])
    import shapely

    points: npt.NDArray[np.object_] = shapely.points(junctions.points[outside])
    return points
