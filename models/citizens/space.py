"""The city as people meet it: places, zones, gateways, and travel times by car between zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

ZONES = 48
GATEWAYS = 12


@dataclass(frozen=True)
class Space:
    """Places: first the buildings, then the gateways through which people come from outside.

    Attributes
    ----------
    buildings
        Number of buildings; place ``buildings + g`` is gateway ``g``.
    xy : (n_place, 2) float64, metres
        Where each place is.
    zone : (n_place,) int32
        Zone of each place; each gateway is a zone of its own.
    leaves, enters : (n_place,) int32
        Edge on which a car trip from or to this place starts or ends; -1 for none.
    stop : (n_place,) float64, m
        Distance to the nearest public transport stop.
    stops : (n_place,) float64
        Stops within 500 m; 4 where no stop is mapped at all.
    size
        Side of the cells that make the zones, m.
    start, rows : int32
        Buildings of each building zone (CSR).
    centre : (n_zone, 2) float64, metres
        Middle of each zone.
    weight : (n_gateway,) float64
        Share of the people from outside who use each gateway.
    """

    buildings: int
    xy: Floats
    zone: Rows
    leaves: Rows
    enters: Rows
    stop: Floats
    stops: Floats
    size: float
    start: Rows
    rows: Rows
    centre: Floats
    weight: Floats

    @property
    def gateways(self) -> int:
        """Number of gateways."""
        return len(self.weight)

    def density(self, amount: npt.NDArray[np.generic]) -> Floats:
        """Amount per hectare of each place's zone, 0 at gateways; (n_place,) float64."""
        total = np.zeros(self.zones + self.gateways)
        np.add.at(total, self.zone[: self.buildings], amount.astype(np.float64))
        found: Floats = (total / (self.size**2 / 1e4))[self.zone]
        return found

    @property
    def zones(self) -> int:
        """Number of building zones; the gateways' zones follow."""
        return len(self.start) - 1


def make(city: City) -> Space:
    """Places, zones and gateways of a city; the same city gives the same."""
    car = np.asarray(city["edge"]["car"], dtype=bool)
    xy = city["building"].points if len(city["building"]) else np.empty((0, 2))
    buildings = len(xy)
    zone, start, rows, size = _cells(xy)
    into, out, weight = gateways(city, car)
    gate_xy = _ends(city, into)
    place_xy = np.concatenate([xy, gate_xy])
    edges = _building_edges(city, _connected(city, car), xy)
    stop, stops = _stop_distance(city, place_xy)
    zones = len(start) - 1
    place_zone = np.concatenate([zone, zones + np.arange(len(into), dtype=np.int32)])
    centre = np.array([xy[rows[start[z] : start[z + 1]]].mean(axis=0) for z in range(zones)])
    return Space(
        buildings=buildings,
        xy=np.ascontiguousarray(place_xy, dtype=np.float64),
        zone=place_zone.astype(np.int32),
        leaves=np.concatenate([edges, into]).astype(np.int32),
        enters=np.concatenate([edges, out]).astype(np.int32),
        stop=stop,
        stops=stops,
        size=size,
        start=start,
        rows=rows,
        centre=np.concatenate([centre.reshape(-1, 2), gate_xy]),
        weight=weight,
    )


def _cells(xy: Floats) -> tuple[Rows, Rows, Rows, float]:
    """Square cells, at most ``ZONES`` that are not empty: (zone, start, rows, side in m)."""
    if not len(xy):
        return np.empty(0, np.int32), np.zeros(1, np.int32), np.empty(0, np.int32), 1.0
    low, extent = xy.min(axis=0), np.maximum(np.ptp(xy, axis=0), 1.0)
    size = float(np.sqrt(extent.prod() / ZONES))
    while True:
        cell = np.floor((xy - low) / size).astype(np.int64)
        zone = np.unique(cell[:, 0] * 1_000_000 + cell[:, 1], return_inverse=True)[1].astype(
            np.int32
        )
        if zone.max() < ZONES:
            break
        size *= 1.1
    rows = np.argsort(zone, kind="stable").astype(np.int32)
    start = np.concatenate([[0], np.cumsum(np.bincount(zone))]).astype(np.int32)
    return zone, start, rows, size


def gateways(city: City, car: Flags) -> tuple[Rows, Rows, Floats]:
    """Edges by which the city is entered and left.

    Those of the table ``gateway`` (columns ``edge``, ``inward``, ``volume``) where the city has it;
    else the ends of the car network near its border.

    Returns
    -------
    into, out : (n_gateway,) int32
        Edge in, and the edge out at the same end or the nearest one.
    weight : (n_gateway,) float64
        Shares of the people from outside.
    """
    edge = city["edge"]
    start, end = edge["from_junction"], edge["to_junction"]
    if "gateway" in city and len(city["gateway"]):
        table = city["gateway"]
        inward = np.asarray(table["inward"], dtype=bool)
        into, out, strength = table["edge"][inward], table["edge"][~inward], table["volume"][inward]
    else:
        into, out = _open_ends(city, car)
        strength = edge["capacity"][into] * np.where(_minor(edge["road"][into]), 0.1, 1.0)
    if not len(into) or not len(out):
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    order = np.lexsort((into, -strength))[:GATEWAYS]
    into, strength = into[order], np.maximum(strength[order], 1.0)
    points = city["junction"].points
    gap = np.hypot(*(points[start[into]][:, None] - points[end[out]][None]).transpose(2, 0, 1))
    out = out[gap.argmin(axis=1)].astype(np.int32)
    return into.astype(np.int32), out, strength / strength.sum()


def _open_ends(city: City, car: Flags) -> tuple[Rows, Rows]:
    """Edges that start, and that end, where the car network ends near its border."""
    edge, rows = city["edge"], np.flatnonzero(car)
    start, end = edge["from_junction"][rows], edge["to_junction"][rows]
    if not len(rows):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    neighbours = _neighbours(start, end, len(city["junction"]))
    border = _near_border(city["junction"].points, np.unique(np.concatenate([start, end])))
    open_end = (neighbours <= 1) & border
    return rows[open_end[start]].astype(np.int32), rows[open_end[end]].astype(np.int32)


def _neighbours(start: Rows, end: Rows, junctions: int) -> npt.NDArray[np.int64]:
    """How many other junctions each is joined to, in either direction."""
    pairs = np.unique(
        np.concatenate([np.stack([start, end], 1), np.stack([end, start], 1)]), axis=0
    )
    return np.bincount(pairs[:, 0], minlength=junctions)


def _near_border(points: Floats, used: Rows) -> Flags:
    """Junctions within 4 % of the network's diagonal from its convex hull."""
    import shapely

    cloud = shapely.multipoints(points[used])
    hull = shapely.boundary(shapely.convex_hull(cloud))
    within = 0.04 * float(np.hypot(*np.ptp(points[used], axis=0)))
    near: Flags = shapely.distance(shapely.points(points), hull) <= max(within, 50.0)
    return near


def _minor(road: npt.NDArray[np.str_]) -> Flags:
    return np.isin(road, ["residential", "living_street", "service", "unclassified", "track"])


def _ends(city: City, into: Rows) -> Floats:
    if not len(into):
        return np.empty((0, 2))
    return city["junction"].points[city["edge"]["from_junction"][into]]


def _connected(city: City, car: Flags) -> Flags:
    """Car edges from which every other such edge can be reached and back; (n_edge,) bool."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    rows, n = np.flatnonzero(car), len(city["junction"])
    start, end = city["edge"]["from_junction"], city["edge"]["to_junction"]
    if not len(rows):
        return car
    graph = csr_matrix((np.ones(len(rows)), (start[rows], end[rows])), (n, n))
    part = connected_components(graph, directed=True, connection="strong")[1]
    largest = np.bincount(part[start[rows]], minlength=part.max() + 1).argmax()
    within: Flags = car & (part[start] == largest) & (part[end] == largest)
    return within


def _building_edges(city: City, car: Flags, xy: Floats) -> Rows:
    """The edge of each building if it is one of ``car``, or else the nearest that is."""
    import shapely

    edges = np.full(len(xy), -1, dtype=np.int32)
    rows = np.flatnonzero(car)
    if not len(xy) or not len(rows):
        return edges
    if ("building", "edge") in city.links:
        linked = city.link("building", "edge").indices
        good = (linked >= 0) & car[np.maximum(linked, 0)]
        edges[good] = linked[good]
    missing = np.flatnonzero(edges < 0)
    geometry = city["edge"].geometry
    if len(missing) and geometry is not None:
        tree = shapely.STRtree(geometry[rows])
        found, hits = tree.query_nearest(shapely.points(xy[missing]), all_matches=True)
        order = np.lexsort((hits, found))
        unique, first = np.unique(found[order], return_index=True)
        edges[missing[unique]] = rows[hits[order][first]]
    return edges


def _stop_distance(city: City, xy: Floats) -> tuple[Floats, Floats]:
    """Metres to the nearest stop, and stops within 500 m; 500 m and 4 where none is mapped."""
    import shapely

    if "stop" not in city or not len(city["stop"]) or not len(xy):
        return np.full(len(xy), 500.0), np.full(len(xy), 4.0)
    points = shapely.points(xy)
    tree = shapely.STRtree(shapely.points(city["stop"].points))
    found, gaps = tree.query_nearest(points, return_distance=True, all_matches=False)
    distance = np.full(len(xy), 500.0)
    distance[found[0]] = gaps
    near = tree.query(points, predicate="dwithin", distance=500.0)[0]
    return distance, np.bincount(near, minlength=len(xy)).astype(np.float64)


class Skims:
    """Car travel times between zones over the streets, from the current times of the edges."""

    def __init__(self, city: City, space: Space) -> None:
        edge = city["edge"]
        car = np.asarray(edge["car"], dtype=bool)
        self.edges = np.flatnonzero(car)
        self.free = edge["length"] / np.maximum(edge["speed"], 1.0)
        self.junctions = len(city["junction"])
        self._order(edge["from_junction"][self.edges], edge["to_junction"][self.edges])
        self.origins, self.targets = _representatives(city, space)
        self.within = _within(space)

    def _order(self, start: Rows, end: Rows) -> None:
        """Sort edges as a CSR matrix wants them; parallel ones share an entry."""
        code = start.astype(np.int64) * self.junctions + end
        self.sorted = np.argsort(code, kind="stable")
        unique, self.first = np.unique(code[self.sorted], return_index=True)
        self.columns = (unique % max(self.junctions, 1)).astype(np.int32)
        counts = np.bincount(unique // max(self.junctions, 1), minlength=self.junctions)
        self.pointer = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def times(self, travel_time: Floats | None = None, closed: Floats | None = None) -> Floats:
        """Seconds by car between zones; infinite where no way is left.

        Parameters
        ----------
        travel_time : (n_edge,) float64, s, optional
            Current times; free flow where it is NaN or not positive.
        closed : (n_edge,) float64, optional
            1 where no car may pass.

        Returns
        -------
        (n_zone, n_zone) float64, s
        """
        return self.priced(travel_time, closed)[0]

    def priced(
        self,
        travel_time: Floats | None = None,
        closed: Floats | None = None,
        charged: Sequence[Floats] = (),
        pace: float = 0.0,
    ) -> tuple[Floats, list[Floats]]:
        """Seconds and money by car between zones, on the ways with the least time and money.

        Parameters
        ----------
        travel_time, closed
            As for :meth:`times`.
        charged : each (n_edge,) float64, EUR
            What passing each edge costs, in parts that are told apart.
        pace
            Seconds that a euro weighs; 0 where nothing is charged.

        Returns
        -------
        (n_zone, n_zone) float64, s, and for each part (n_zone, n_zone) float64, EUR
        """
        zones = len(self.origins)
        money = [np.zeros((zones, zones)) for _ in charged]
        if not zones or not len(self.edges):
            return np.full((zones, zones), np.inf), money
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        weight = self.free.copy()
        if travel_time is not None:
            known = travel_time > 0.0
            weight[known] = np.maximum(travel_time[known], self.free[known])
        if closed is not None:
            weight[closed > 0.5] = 1e9
        total = weight + pace * sum(charged) if pace > 0.0 else weight
        values = np.maximum(np.minimum.reduceat(total[self.edges][self.sorted], self.first), 0.1)
        graph = csr_matrix((values, self.columns, self.pointer), (self.junctions, self.junctions))
        sources, back = np.unique(self.origins, return_inverse=True)
        if pace > 0.0:
            money = [self._money(graph, sources, part)[back] for part in charged]
        found = dijkstra(graph, indices=sources)[back][:, self.targets] - pace * sum(money, 0.0)
        found[found > 1e8] = np.inf
        np.fill_diagonal(found, self.within)
        half = 0.5 * (self.within[:, None] + self.within[None, :])
        return np.ascontiguousarray(found + half), money

    def _money(self, graph: Any, sources: Rows, toll: Floats) -> Floats:
        """Tolls along the cheapest ways from some junctions to each zone; (n_source, n_zone)."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        # One more than each toll: a stored zero would be no entry.
        values = np.minimum.reduceat(toll[self.edges][self.sorted], self.first) + 1.0
        steps = csr_matrix((values, self.columns, self.pointer), graph.shape).todok()
        before = dijkstra(graph, indices=sources, return_predecessors=True)[1]
        money = np.zeros((len(sources), len(self.targets)))
        for row, source in enumerate(map(int, sources)):
            for column, node in enumerate(map(int, self.targets)):
                while node != source and before[row, node] >= 0:
                    last = int(before[row, node])
                    money[row, column] += steps[last, node] - 1.0
                    node = last
        return money


def _representatives(city: City, space: Space) -> tuple[Rows, Rows]:
    """Junction at which trips of each zone start, and at which they end.

    For a zone of buildings: where the edge of the building nearest to its middle ends, and starts.
    """
    edge = city["edge"]
    origins, targets = [], []
    for z in range(space.zones):
        members = space.rows[space.start[z] : space.start[z + 1]]
        gap = np.hypot(*(space.xy[members] - space.centre[z]).T)
        chosen = int(space.leaves[members[gap.argmin()]])
        origins.append(edge["to_junction"][chosen] if chosen >= 0 else 0)
        targets.append(edge["from_junction"][chosen] if chosen >= 0 else 0)
    into, out = space.leaves[space.buildings :], space.enters[space.buildings :]
    return (
        np.concatenate([np.array(origins, np.int32), edge["from_junction"][into]]).astype(np.int32),
        np.concatenate([np.array(targets, np.int32), edge["to_junction"][out]]).astype(np.int32),
    )


def _within(space: Space) -> Floats:
    """Seconds to drive across half of each zone at 25 km/h; none at a gateway."""
    across = np.zeros(space.zones + space.gateways)
    for z in range(space.zones):
        members = space.rows[space.start[z] : space.start[z + 1]]
        across[z] = np.hypot(*(space.xy[members] - space.centre[z]).T).mean() * 1.4 / 6.9
    return across
