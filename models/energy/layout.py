"""Radial grids as trees of buses, each bus after its parent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy.stations import Forest
from models.energy.streets import Streets

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

OWN_STATION = 20.0
"""Cable from a customer's own station to the customer's connection, m."""


@dataclass(frozen=True)
class Layout:
    """Buses of all grids, transformer by transformer, a parent before its children.

    Attributes
    ----------
    kind : (n_bus,) str
        ``mv``, ``lv`` or ``connection``.
    transformer, parent, feeder : (n_bus,) int64
        Row of the transformer; row of the parent bus, -1 for an ``mv`` bus; number of the feeder,
        -1 at a station.
    length : (n_bus,) float64, metres
        Of the line from the parent; 0 where there is none.
    paths
        Coordinates of the line from the parent, ending at the bus; (k, 2) each.
    connection : (n_connection,) int64
        Bus of each connection.
    """

    kind: npt.NDArray[np.str_]
    transformer: Rows
    parent: Rows
    feeder: Rows
    length: Floats
    paths: list[Floats]
    connection: Rows

    @property
    def lines(self) -> Rows:
        """Buses that a line leads to; (n_line,)."""
        return np.flatnonzero(self.feeder >= 0)

    def downstream(self, values: Floats) -> Floats:
        """Sum of ``values`` over each bus and all below it; (n_bus,)."""
        total = values.astype(np.float64).copy()
        for bus in range(len(total) - 1, -1, -1):
            if self.parent[bus] >= 0:
                total[self.parent[bus]] += total[bus]
        return total

    def reach(self) -> Floats:
        """Longest way from the station through each bus to a bus below it, m; (n_bus,)."""
        way = self.length.copy()
        for bus, parent in enumerate(self.parent):
            if parent >= 0:
                way[bus] += way[parent]
        for bus in range(len(way) - 1, -1, -1):
            if self.parent[bus] >= 0:
                way[self.parent[bus]] = max(way[self.parent[bus]], way[bus])
        return way


def lay(
    streets: Streets,
    forest: Forest,
    stations: Rows,
    places: Floats,
    own: npt.NDArray[np.bool_],
    points: Floats,
) -> Layout:
    """Join stations, streets and connections to trees.

    Parameters
    ----------
    stations : (n_station,) int64
        Nodes of the public stations, transformers 0, 1, … in this order.
    places : (n_station, 2) float64, metres
        Where they stand.
    own : (n_connection,) bool
        Connections with a station of their own; their transformers follow the public ones.
    points : (n_connection, 2) float64, metres
        The first of the points that ``streets`` has tees for; at the others are street buses alone.
    """
    wanted = np.concatenate([streets.tee[: len(own)][~own], streets.tee[len(own) :]])
    nodes, parent, chains = _shorten(streets, forest, stations, wanted)
    draft = _Draft()
    customers = np.flatnonzero(own)
    doors = _beside(points[customers], streets.points[streets.tee[customers]])
    _add_stations(draft, places, doors)
    row = np.full(len(streets.points), -1, dtype=np.int64)
    lv = np.arange(len(stations)) * 2 + 1
    row[stations] = lv
    number = {int(node): i for i, node in enumerate(stations)}
    for node in nodes:
        t = number[int(forest.station[node])]
        chain = streets.points[[*chains[int(node)], node]]
        length = forest.distance[node] - forest.distance[parent[node]]
        if parent[node] == stations[t]:
            length += float(np.linalg.norm(streets.points[stations[t]] - places[t]))
        row[node] = draft.add("lv", t, int(row[parent[node]]), float(length), chain)
    bus = np.empty(len(points), dtype=np.int64)
    for c in np.flatnonzero(~own):
        tee = int(streets.tee[c])
        t = number[int(forest.station[tee])]
        length = max(1.0, float(np.linalg.norm(points[c] - streets.points[tee])))
        bus[c] = draft.add("connection", t, int(row[tee]), length, points[c : c + 1])
    for i, c in enumerate(customers):
        t = len(stations) + i
        bus[c] = draft.add("connection", t, 2 * t + 1, OWN_STATION, points[c : c + 1])
    return draft.finish(bus)


def _beside(points: Floats, towards: Floats) -> Floats:
    """Points on the way to others, :data:`OWN_STATION` from their own place or half-way."""
    way = towards - points
    distance = np.linalg.norm(way, axis=1, keepdims=True)
    step = np.minimum(OWN_STATION, distance / 2.0)
    east = np.array([1.0, 0.0])
    apart = distance > 0.1
    return points + np.where(apart, way / np.maximum(distance, 0.1) * step, east)


def _add_stations(draft: _Draft, places: Floats, customers: Floats) -> None:
    """An ``mv`` and an ``lv`` bus for each transformer."""
    for t, place in enumerate(np.concatenate([places, customers])):
        mv = draft.add("mv", t, -1, 0.0, place[None])
        draft.add("lv", t, mv, 0.0, place[None])


class _Draft:
    """Buses in the order in which they are found."""

    def __init__(self) -> None:
        self.kind: list[str] = []
        self.transformer: list[int] = []
        self.parent: list[int] = []
        self.feeder: list[int] = []
        self.length: list[float] = []
        self.paths: list[Floats] = []
        self._feeders = 0

    def add(self, kind: str, transformer: int, parent: int, length: float, path: Floats) -> int:
        feeder = -1
        if length > 0.0:
            feeder = self.feeder[parent]
            if feeder < 0:
                feeder, self._feeders = self._feeders, self._feeders + 1
            path = np.concatenate([self.paths[parent][-1:], path])
        self.kind.append(kind)
        self.transformer.append(transformer)
        self.parent.append(parent)
        self.feeder.append(feeder)
        self.length.append(length)
        self.paths.append(path)
        return len(self.kind) - 1

    def finish(self, connection: Rows) -> Layout:
        """The same, ordered by transformer; a stable sort keeps parents before children."""
        transformer = np.array(self.transformer, dtype=np.int64)
        order = np.argsort(transformer, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        parent = np.array(self.parent, dtype=np.int64)[order]
        return Layout(
            kind=np.array(self.kind)[order],
            transformer=transformer[order],
            parent=np.where(parent >= 0, place[parent], -1),
            feeder=np.array(self.feeder, dtype=np.int64)[order],
            length=np.array(self.length)[order],
            paths=[self.paths[i] for i in order],
            connection=place[connection],
        )


def _shorten(
    streets: Streets, forest: Forest, stations: Rows, tees: Rows
) -> tuple[Rows, Rows, dict[int, list[int]]]:
    """Nodes that a grid needs, without the junctions at which nothing connects or branches.

    Returns
    -------
    nodes
        By distance from their station, so that a parent comes first; without the stations.
    parent : (n_node,) int64
        The needed node before each needed node.
    chains
        The left-out nodes between a needed node and its parent, from the parent on.
    """
    wanted = np.zeros(len(streets.points), dtype=bool)
    wanted[tees] = True
    fixed = wanted.copy()
    fixed[stations] = True
    order = np.lexsort((np.arange(len(wanted)), forest.distance))
    order = order[np.isfinite(forest.distance[order])]
    children = np.zeros(len(wanted), dtype=np.int64)
    for node in order[::-1]:
        before = forest.parent[node]
        if wanted[node] and before >= 0:
            wanted[before] = True
            children[before] += 1
    kept = wanted & (fixed | (children > 1))
    parent = forest.parent.copy()
    chains: dict[int, list[int]] = {}
    for node in order[wanted[order]]:
        before = int(forest.parent[node])
        if before < 0:
            continue
        chain = []
        if not (kept[before] or fixed[before]):
            parent[node] = parent[before]
            chain = [*chains[before], before]
        chains[int(node)] = chain
    nodes = order[kept[order] & (forest.parent[order] >= 0)]
    return nodes, parent, chains
