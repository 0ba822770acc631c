"""Makes the tables ``container`` and ``depot`` and their links."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from models.waste.containers import Sites, inferred_household, inferred_litter, mapped
from models.waste.depots import depots
from models.waste.roads import Roads
from models.waste.rounds import weekdays
from models.waste.serve import Demand, companions, demand_of, size
from models.waste.streams import LITTER, RESIDUAL, STREAMS
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import Table

NEAR = 250.0
"""Visitors of a building without people or jobs walk this far to a container, m."""
REACH = 60.0
"""People use a mapped container this near instead of one of their own, m."""


class WasteBuilder(Builder):
    """Containers and depots, from the map and by rules; see docs/models/waste.md.

    Every building with people or jobs is served by one container of the residual stream, at most
    250 m away. A city without buildings gets the mapped containers and litter bins at its stops.
    """

    makes: ClassVar[tuple[str, ...]] = ("container", "depot")
    needs: ClassVar[tuple[str, ...]] = ("edge", "junction", "building", "stop")

    def build(self, city: City, features: Features) -> None:
        """Add ``container``, ``depot`` and the links from and to them."""
        roads = Roads(city)
        demand = demand_of(city)
        sites = mapped(features, roads)
        serving = _nearest_mapped(demand, sites)
        new, own = inferred_household(demand, serving < 0, roads)
        serving[serving < 0] = own[serving < 0] + len(sites)
        sites = sites + new
        if not np.any(sites.stream == LITTER):
            sites = sites + inferred_litter(city, roads)
        table = _container_table(sites, demand, serving, roads)
        city.add(table)
        edges, _ = roads.nearest(sites.points)
        city.connect(Link("container", "edge", edges))
        _link_buildings(city, demand, serving)
        _add_depots(city, features, roads)


def _nearest_mapped(demand: Demand, sites: Sites) -> np.ndarray:
    """Row of the mapped residual container that each building uses, -1 where none is near."""
    rows = np.flatnonzero(sites.stream == RESIDUAL)
    found = np.full(len(demand.rows), -1, dtype=np.int64)
    if len(rows) and len(found):
        from scipy.spatial import KDTree

        far, near = KDTree(sites.points[rows]).query(demand.points)
        found[far <= REACH] = rows[near[far <= REACH]]
    return found


def _container_table(sites: Sites, demand: Demand, serving: np.ndarray, roads: Roads) -> Table:
    import shapely

    near = companions(sites, demand, serving)
    daily = size(sites, demand, serving, near)
    density = np.array([STREAMS[s].density for s in sites.stream], dtype=np.float64)
    _, offset = roads.nearest(sites.points)
    columns = {
        "stream": sites.stream,
        "volume": sites.volume,
        "capacity": sites.volume * density,
        "daily": daily,
        "weekdays": weekdays(sites, daily),
        "offset": offset,
        "origin": sites.origin,
        **{f"{stream}_row": rows for stream, rows in near.items()},
    }
    return Table("container", sites.ids, columns, shapely.points(sites.points))


def _link_buildings(city: City, demand: Demand, serving: np.ndarray) -> None:
    """Who lives or works somewhere has the container made for it, all others the nearest near."""
    if "building" not in city:
        return
    household = city["container"]["stream"] == RESIDUAL
    near = city.connect_nearest("building", "container", within=NEAR, where=household)
    indices = near.indices.copy()
    indices[demand.rows] = serving
    city.connect(Link("building", "container", indices))


def _add_depots(city: City, features: Features, roads: Roads) -> None:
    import shapely

    points, kind, origin, ids = depots(features, roads)
    city.add(Table("depot", ids, {"kind": kind, "origin": origin}, shapely.points(points)))
    edges, _ = roads.nearest(points)
    city.connect(Link("depot", "edge", edges))


class DepotGridBuilder(Builder):
    """Connects each depot to the grid: to the low-voltage busbar of the nearest station."""

    makes: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("depot", "bus", "transformer")

    def build(self, city: City, features: Features) -> None:
        """Add the link from depots to buses."""
        station = np.zeros(len(city["bus"]), dtype=np.bool_)
        station[city["transformer"]["lv_bus"]] = True
        city.connect_nearest("depot", "bus", where=station)
