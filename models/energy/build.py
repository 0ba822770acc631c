"""A synthetic grid for any city: rings, stations, feeders along the streets, connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.energy import cables, demand, profiles, rings, stations
from models.energy.layout import Layout, lay
from models.energy.streets import Streets, trenches
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

OWN_STATION_FROM = 250_000.0
"""A connection with a higher peak has a transformer station of its own, W."""
STREET_LAMP = 150.0
"""Planned power of a lamp with a street bus of its own, W."""
LAMP_REACH = 40.0
"""Lamps farther than this from every building have a street bus beside them, m."""
DWELLING_SHARE = 1_400.0
"""What a dwelling adds to the peak of a district of about a hundred, W; places the stations."""


@dataclass(frozen=True)
class Connections:
    """What the grid must supply: the buildings, then the chargers.

    Attributes
    ----------
    points : (n, 2) float64, metres
    dwellings : (n,) float64
    business : (n,) float64, W
        Peak of everything else than dwellings.
    """

    points: Floats
    dwellings: Floats
    business: Floats

    @property
    def peak(self) -> Floats:
        """Peak of each connection alone, W; (n,)."""
        return demand.dwellings_peak(self.dwellings) + self.business


class GridBuilder(Builder):
    """Buses, lines and transformers of the grid, and the standard load profiles.

    Stations are those of the map, and as many more as the load and the reach of a cable ask for.
    Each feeds the streets that are nearest to it, along the shortest way; each building and each
    charger has a connection of its own, a lamp hangs on the nearest street bus. A connection that
    draws more than 250 kW has a station of its own. Medium-voltage rings, open in normal operation,
    join the stations to primary substations, so that all is radial as switched.
    """

    makes: ClassVar[tuple[str, ...]] = ("bus", "line", "transformer", "load_profile")
    needs: ClassVar[tuple[str, ...]] = ("edge", "junction", "building", "lamp", "charger")

    def build(self, city: City, features: Features) -> None:
        """Add the tables and the links building→bus, charger→bus and lamp→bus."""
        wanted = _connections(city)
        own = wanted.peak > OWN_STATION_FROM
        lamps = _lonely_lamps(city, wanted.points)
        streets = trenches(city, np.concatenate([wanted.points, lamps]))
        load = np.zeros(len(streets.points))
        np.add.at(load, streets.tee[len(own) :], STREET_LAMP)
        additive = wanted.dwellings * DWELLING_SHARE + wanted.business
        tees = streets.tee[: len(own)][~own]
        np.add.at(load, tees, np.maximum(additive[~own], 1.0))  # a shed too
        seen = stations.mapped(features)
        nodes, forest = stations.place(streets, load, stations.snap(streets, seen))
        places, is_mapped = _places(streets, nodes, seen)
        layout = lay(streets, forest, nodes, places, own, wanted.points)
        _add_tables(city, layout, wanted, is_mapped)
        _add_links(city, layout, public=len(nodes))
        city.add(profiles.table())


def _connections(city: City) -> Connections:
    """Buildings, then chargers where the city has them."""
    building = city["building"]
    used = demand.annual(building)
    dwellings = demand.dwellings(building, used)
    points, business = building.points, demand.business_peak(used)
    if "charger" in city:
        charger = city["charger"]
        count = len(charger)
        points = np.concatenate([points, charger.points])
        dwellings = np.concatenate([dwellings, np.zeros(count)])
        business = np.concatenate([business, charger["power"] * charger["points"]])
    return Connections(points, dwellings, business)


def _lonely_lamps(city: City, points: Floats) -> Floats:
    """Lamps that no connection's street bus is near; (n, 2) float64, metres."""
    from scipy.spatial import cKDTree

    lamps = city["lamp"].points if "lamp" in city else np.empty((0, 2))
    if not len(points) or not len(lamps):
        return lamps
    distance, _ = cKDTree(points).query(lamps)
    lonely: Floats = lamps[distance > LAMP_REACH]
    return lonely


def _places(streets: Streets, nodes: Rows, seen: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where each station stands, and whether the map says so."""
    from scipy.spatial import cKDTree

    places = streets.points[nodes].copy()
    is_mapped = np.isin(nodes, stations.snap(streets, seen))
    if is_mapped.any():
        _, nearest = cKDTree(seen).query(places[is_mapped])
        places[is_mapped] = seen[nearest]
    return places, is_mapped


def _add_tables(
    city: City, layout: Layout, wanted: Connections, is_mapped: npt.NDArray[np.bool_]
) -> None:
    at_bus = np.zeros((2, len(layout.kind)))
    at_bus[0, layout.connection] = wanted.dwellings
    at_bus[1, layout.connection] = wanted.business
    peak = demand.dwellings_peak(layout.downstream(at_bus[0])) + layout.downstream(at_bus[1])
    ids = _ids(layout)
    mv = np.flatnonzero(layout.kind == "mv")
    places = np.array([layout.paths[bus][-1] for bus in mv]).reshape(-1, 2)
    above = rings.design(places, peak[mv]) if len(mv) else None
    city.add(_bus(layout, ids, above))
    city.add(_line(layout, ids, peak, above))
    city.add(_transformer(layout, peak, is_mapped))


def _ids(layout: Layout) -> npt.NDArray[np.str_]:
    """``transformer/mv``, ``transformer/lv``, then ``transformer/1``, …."""
    first = np.searchsorted(layout.transformer, layout.transformer)
    number = np.arange(len(layout.kind)) - first
    names = {0: "mv", 1: "lv"}
    return np.array(
        [f"{t}/{names.get(int(n), n - 1)}" for t, n in zip(layout.transformer, number, strict=True)]
    )


def _bus(layout: Layout, ids: npt.NDArray[np.str_], above: rings.Rings | None) -> Table:
    """The buses of the transformers, one transformer after the other; then the sources."""
    import shapely

    primary = np.empty((0, 2)) if above is None else above.primary
    none = np.full(len(primary), -1)
    columns = {
        "kind": np.concatenate([layout.kind, np.full(len(primary), "source")]),
        "voltage": np.where(layout.kind == "mv", rings.VOLTAGE, cables.VOLTAGE),
        "transformer": np.concatenate([layout.transformer, none]),
        "parent": np.concatenate([layout.parent, none]),
    }
    columns["voltage"] = np.concatenate([columns["voltage"], np.full(len(primary), rings.VOLTAGE)])
    names = np.concatenate([ids, [f"primary/{i}" for i in range(len(primary))]])
    columns["origin"] = np.full(len(names), INFERRED)
    points = [*(path[-1] for path in layout.paths), *primary]
    return Table("bus", names, columns, shapely.points(points))


def _line(
    layout: Layout, ids: npt.NDArray[np.str_], peak: Floats, above: rings.Rings | None
) -> Table:
    """The low-voltage lines, then the medium-voltage ones, ring by ring."""
    import shapely

    to = layout.lines
    service = layout.kind[to] == "connection"
    chosen = cables.choose_cables(peak[to], layout.length[to], layout.reach()[to], service)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "from_bus": layout.parent[to],
        "to_bus": to,
        "length": layout.length[to],
        "type": chosen.type,
        "parallel": chosen.parallel,
        "r": chosen.r,
        "x": chosen.x,
        "b": np.zeros(len(to)),
        "ampacity": chosen.ampacity,
        "feeder": layout.feeder[to],
        "normally_open": np.zeros(len(to), dtype=bool),
        "origin": np.full(len(to), INFERRED),
    }
    geometry = [shapely.LineString(layout.paths[bus]) for bus in to]
    names = ids[to]
    if above is not None:
        columns = _append(columns, _ring_columns(layout, above))
        geometry += _ring_lines(layout, above)
        first = np.searchsorted(above.ring, above.ring)
        steps = np.arange(len(above.ring)) - first
        extra = [f"ring/{r}/{i}" for r, i in zip(above.ring, steps, strict=True)]
        names = np.concatenate([names, extra])
    return Table("line", names, columns, np.array(geometry, dtype=object))


def _append(
    first: dict[str, npt.NDArray[np.generic]], then: dict[str, npt.NDArray[np.generic]]
) -> dict[str, npt.NDArray[np.generic]]:
    return {name: np.concatenate([first[name], then[name]]) for name in first}


def _ring_columns(layout: Layout, above: rings.Rings) -> dict[str, npt.NDArray[np.generic]]:
    mv = np.flatnonzero(layout.kind == "mv")
    buses = np.concatenate([mv, len(layout.kind) + np.arange(len(above.primary))[::-1]])
    feeders = int(layout.feeder.max(initial=-1)) + 1
    return {
        "from_bus": buses[above.start],
        "to_bus": buses[above.end],
        "length": above.length,
        "feeder": feeders + above.ring,
        "normally_open": above.open,
        "origin": np.full(len(above.ring), INFERRED),
        **above.electrical(),
    }


def _ring_lines(layout: Layout, above: rings.Rings) -> list[object]:
    import shapely

    mv = np.flatnonzero(layout.kind == "mv")
    places = np.array([layout.paths[bus][-1] for bus in mv])
    points = np.concatenate([places, above.primary[::-1]])
    ends = np.stack([points[above.start], points[above.end]], axis=1)
    apart = (ends[:, 0] != ends[:, 1]).any(axis=1)
    ends[~apart, 1] += 1.0  # a primary at its only station
    return list(shapely.linestrings(ends))


def _transformer(layout: Layout, peak: Floats, is_mapped: npt.NDArray[np.bool_]) -> Table:
    import shapely

    mv = np.flatnonzero(layout.kind == "mv")
    chosen = cables.choose_transformers(peak[mv])
    origin = np.full(len(mv), INFERRED)
    origin[: len(is_mapped)][is_mapped] = MAPPED
    columns = {
        "mv_bus": mv,
        "lv_bus": mv + 1,
        "rated_power": chosen.rated_power,
        "type": chosen.type,
        "parallel": chosen.parallel,
        "impedance": chosen.impedance,
        "resistance": chosen.resistance,
        "iron_losses": chosen.iron_losses,
        "no_load_current": chosen.no_load_current,
        "origin": origin,
    }
    geometry = shapely.points([layout.paths[bus][-1] for bus in mv])
    return Table("transformer", np.arange(len(mv)).astype(np.str_), columns, geometry)


def _add_links(city: City, layout: Layout, *, public: int) -> None:
    """Every building and charger to its own bus, every lamp to the nearest public street bus."""
    count = len(city["building"])
    city.connect(Link("building", "bus", layout.connection[:count].astype(np.int32)))
    if "charger" in city:
        city.connect(Link("charger", "bus", layout.connection[count:].astype(np.int32)))
    if "lamp" in city:
        street = (layout.kind == "lv") & (layout.transformer < public)
        city.connect_nearest("lamp", "bus", where=street)
