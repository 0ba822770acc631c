"""Where on the streets the stops of a timetable are: the edges that each may lie on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from models.traffic.transit.streets import BusStreets, Floats, Rows
from twin.city.city import City
from twin.city.gtfs import Feed

BUS = 12.0
"""Length of a bus, m."""
WRONG_SIDE = 15.0
"""So much farther is a stop that lies on the side of the street on which one does not drive, m."""
KNOWN = 25.0
"""A stop of the city this near to the timetable's is the same, whatever its name, m."""


@dataclass(frozen=True)
class Place:
    """A place on an edge where a stop may be.

    Attributes
    ----------
    edge
        Row.
    position
        Of the front of a bus that stands there, m from the beginning.
    distance
        From the stop as the timetable has it, m; with what speaks against the place.
    x, y
        Of the stop, m.
    """

    edge: int
    position: float
    distance: float
    x: float
    y: float


@dataclass(frozen=True)
class Places:
    """The places of all stops of a feed.

    Attributes
    ----------
    of
        By row of the feed's stops, for those that have some.
    missed
        Rows of stops that lie among the streets, but too far from any that buses may use.
    """

    of: dict[int, tuple[Place, ...]]
    missed: frozenset[int]


def find(city: City, streets: BusStreets, feed: Feed, stops: Rows, reach: float) -> Places:
    """Edges that buses may use within ``reach`` m of each of some stops.

    Where the city's table has the stop (a bus stop of the same name within ``reach``, or any within
    ``KNOWN``), the edge that is linked to it is one too, as near as the city's stop lies to it; at
    no distance where a SUMO scenario says on which lane the stop is.
    """
    points = _projected(city, feed, stops)
    edges = np.flatnonzero(streets.lane >= 0)
    lines = city["edge"].shapes[edges]
    near = shapely.STRtree(lines).query(shapely.points(points), "dwithin", distance=reach)
    known = _known(city, streets, feed, stops, points, reach)
    found: dict[int, tuple[Place, ...]] = {}
    for row, stop in enumerate(stops.tolist()):
        here = near[1][near[0] == row]
        places = {int(e): _place(streets, int(e), line, points[row]) for e, line in
                  zip(edges[here], lines[here], strict=True)}  # fmt: skip
        for place in known.get(row, []):
            if place.edge not in places or place.distance < places[place.edge].distance:
                places[place.edge] = place
        if places:
            found[stop] = tuple(places[edge] for edge in sorted(places))
    hull = shapely.convex_hull(shapely.multipoints(city["junction"].points))
    inside = shapely.contains_xy(hull, points)
    missed = [s for s, here in zip(stops.tolist(), inside, strict=True) if here and s not in found]
    return Places(found, frozenset(missed))


def _projected(city: City, feed: Feed, stops: Rows) -> Floats:
    from pyproj import Transformer

    to_metres = Transformer.from_crs("EPSG:4326", city.place.crs, always_xy=True)
    x, y = to_metres.transform(feed.longitude[stops], feed.latitude[stops])
    return np.stack([x, y], axis=1)


def _place(streets: BusStreets, edge: int, line: shapely.LineString, point: Floats) -> Place:
    """The place on an edge that is nearest to a point."""
    at = shapely.Point(point)
    share = float(shapely.line_locate_point(line, at, normalized=True))
    apart = float(shapely.distance(line, at))
    ahead = shapely.line_interpolate_point(line, min(1.0, share + 0.01), normalized=True)
    behind = shapely.line_interpolate_point(line, max(0.0, share - 0.01), normalized=True)
    dx, dy = ahead.x - behind.x, ahead.y - behind.y
    on_left = dx * (point[1] - behind.y) - dy * (point[0] - behind.x) > 0.0
    wrong = apart > 1.0 and on_left != streets.left
    length = float(streets.length[edge])
    front = max(share * length + 0.5 * BUS, BUS + 1.0)
    front = min(front, max(0.5 * length, length - 1.0))
    return Place(edge, front, apart + WRONG_SIDE * wrong, float(point[0]), float(point[1]))


def _known(
    city: City, streets: BusStreets, feed: Feed, stops: Rows, points: Floats, reach: float
) -> dict[int, list[Place]]:
    """Places at the city's own stops, by row of ``stops``."""
    if "stop" not in city or ("stop", "edge") not in city.links or not len(city["stop"]):
        return {}
    table, edge_of = city["stop"], np.asarray(city.links["stop", "edge"].indices)
    lines, found = city["edge"].shapes, dict[int, list[Place]]()
    exact = bool(city.demand.get("additional"))
    buses = np.flatnonzero((table["mode"] == "bus") & (edge_of >= 0))
    buses = buses[streets.lane[edge_of[buses]] >= 0]
    spots = table.points[buses]
    for row, stop in enumerate(stops.tolist()):
        apart = np.hypot(*(spots - points[row]).T)
        for k in np.flatnonzero(apart <= max(reach, KNOWN)).tolist():
            same = str(table["name"][buses[k]]).casefold() == str(feed.names[stop]).casefold()
            if same or apart[k] <= KNOWN:
                edge = int(edge_of[buses[k]])
                place = _place(streets, edge, lines[edge], spots[k])
                found.setdefault(row, []).append(replace(place, distance=0.0) if exact else place)
    return found
