"""Where trips begin and end: gateways at the border, and cells of homes and jobs inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.traffic.build import SMALL, UNKNOWN_CLASS, VOLUME
from models.traffic.demand.graph import Graph, classes
from models.traffic.demand.kernels import Floats, Ints
from models.traffic.demand.sums import sums
from twin.city.city import City
from twin.core.random import Streams, uniforms

Rows = npt.NDArray[np.int64]

MAX_CELLS = 120
MAX_GATES = 80
MERGE = 80.0
"""Cut edges within this distance, m, are one gateway: the two carriageways of a road."""
METRES_A_HOME = 10.0
"""Length of small street for one resident, m, in a city without buildings."""
METRES_A_JOB = 30.0


@dataclass(frozen=True)
class Ends:
    """Edges from which (or to which) the trips of each zone go, with their weights.

    Attributes
    ----------
    first : (n_zones + 1,) int64
        Where each zone begins in the other two.
    edge : (n,) int32, edge rows
    upto : (n,) float64
        Weights summed up within the zone; the last is 1.
    """

    first: Rows
    edge: Ints
    upto: Floats

    @classmethod
    def of(cls, zone: Rows, edge: Rows, weight: Floats, count: int) -> Ends:
        """From (zone, edge, weight) rows."""
        order = np.lexsort((edge, zone))
        zone, edge, weight = zone[order], edge[order], np.maximum(weight[order], 1e-9)
        first = np.searchsorted(zone, np.arange(count + 1))
        upto = np.cumsum(weight)
        start = np.concatenate([[0.0], upto])[first[:-1]]
        total = np.concatenate([[0.0], upto])[first[1:]] - start
        share = (upto - start[zone]) / total[zone]
        return cls(first.astype(np.int64), edge.astype(np.int32), share)

    def pick(self, draw: Floats) -> Ints:
        """An edge of each zone for a draw in (0, 1); -1 where a zone has none."""
        found = np.full(len(draw), -1, dtype=np.int32)
        for i, value in enumerate(draw):
            a, b = self.first[i], self.first[i + 1]
            if b > a:
                found[i] = self.edge[a + min(np.searchsorted(self.upto[a:b], value), b - a - 1)]
        return found


@dataclass(frozen=True)
class Zones:
    """The zones; gateways first, then cells.

    Attributes
    ----------
    ids : (n,) str
    gate : (n,) bool
    point : (n, 2) float64, m
    kind : (n,) str
        Road class of a gateway; ``""`` of a cell.
    volume : (n,) float64, veh/day
        A gateway's prior volume in both directions; 0 for a cell.
    people, jobs : (n,) float64
        Of a cell.
    origins, goals
        Edges where their trips begin and end.
    """

    ids: npt.NDArray[np.str_]
    gate: npt.NDArray[np.bool_]
    point: Floats
    kind: npt.NDArray[np.str_]
    volume: Floats
    people: Floats
    jobs: Floats
    origins: Ends
    goals: Ends

    def __len__(self) -> int:
        return len(self.ids)

    def pick(self, streams: Streams, draw: int) -> tuple[Ints, Ints]:
        """An origin edge and a goal edge of every zone, for one draw of the paths."""
        keys = streams.keys("zone", self.ids)
        return (
            self.origins.pick(uniforms(keys, np.uint64(2 * draw))),
            self.goals.pick(uniforms(keys, np.uint64(2 * draw + 1))),
        )

    @classmethod
    def of(cls, city: City, graph: Graph) -> Zones:
        """The zones of a city."""
        gates = _gates(city, graph)
        people, jobs = _weights(city, graph)
        inner = np.flatnonzero(graph.car & (people + jobs > 0.0))
        inner = np.setdiff1d(inner, gates.edge)
        cell, centres = _cells(city["edge"].points[inner], people[inner] + jobs[inner])
        n_gates, count = gates.count, gates.count + len(centres)
        weight = people[inner] + jobs[inner]
        ins, outs = gates.inward, ~gates.inward
        zone = cell + n_gates
        return cls(
            np.array(
                [f"gate {i}" for i in gates.names] + [f"cell {x:.0f} {y:.0f}" for x, y in centres]
            ),
            np.arange(count) < n_gates,
            np.concatenate([gates.point, centres]),
            np.array([*gates.kind, *[""] * len(centres)]),
            np.concatenate([gates.volume, np.zeros(len(centres))]),
            sums(zone, people[inner], count),
            sums(zone, jobs[inner], count),
            Ends.of(
                np.r_[gates.zone[ins], zone],
                np.r_[gates.edge[ins], inner],
                np.r_[gates.lanes[ins], weight],
                count,
            ),
            Ends.of(
                np.r_[gates.zone[outs], zone],
                np.r_[gates.edge[outs], inner],
                np.r_[gates.lanes[outs], weight],
                count,
            ),
        )


@dataclass(frozen=True)
class _Gates:
    """Edges at the border, and which of them are one gateway."""

    edge: Rows
    inward: npt.NDArray[np.bool_]
    zone: Rows
    lanes: Floats
    names: list[str]
    kind: list[str]
    point: Floats
    volume: Floats

    @property
    def count(self) -> int:
        return len(self.names)


def _gates(city: City, graph: Graph) -> _Gates:
    """Every edge that leads to nowhere, or comes from nowhere, and is no cul-de-sac."""
    table = city["edge"]
    start, end = np.asarray(table["from_junction"]), np.asarray(table["to_junction"])
    dead = _dead_ends(city, graph.car)
    inward = np.flatnonzero(graph.car & dead[start] & ~dead[end])
    outward = np.flatnonzero(graph.car & dead[end] & ~dead[start])
    edge = np.concatenate([inward, outward])
    junction = np.concatenate([start[inward], end[outward]])
    road = np.array(classes(city))[edge]
    # A street without a class in a network that has classes is a small one.
    unknown = UNKNOWN_CLASS if not any(classes(city)) else VOLUME["unclassified"]
    volume = np.array([VOLUME.get(r, unknown) for r in road])
    volume *= np.maximum(1, table["lanes"][edge])
    kept = ~np.isin(road, SMALL) | _at_border(city, junction)
    kept &= _largest(volume, MAX_GATES * 2)
    edge, junction, road, volume = edge[kept], junction[kept], road[kept], volume[kept]
    is_in = (np.arange(len(kept)) < len(inward))[kept]
    points = city["junction"].points[junction]
    zone = _merged(points)
    count = int(zone.max(initial=-1)) + 1
    lead = [int(np.flatnonzero(zone == z)[np.argmax(volume[zone == z])]) for z in range(count)]
    return _Gates(
        edge,
        is_in,
        zone,
        np.maximum(1.0, table["lanes"][edge]).astype(np.float64),
        [str(table.ids[edge[i]]) for i in lead],
        [str(road[i]) for i in lead],
        np.array([points[zone == z].mean(axis=0) for z in range(count)]).reshape(-1, 2),
        sums(zone, volume, count),
    )


def _largest(volume: Floats, most: int) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(volume), dtype=bool)
    found[np.argsort(-volume, kind="stable")[:most]] = True
    return found


def _dead_ends(city: City, car: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Junctions joined to one other junction only; (n_junctions,) bool."""
    table = city["edge"]
    start, end = table["from_junction"][car], table["to_junction"][car]
    pairs = np.stack([np.concatenate([start, end]), np.concatenate([end, start])], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    one: npt.NDArray[np.bool_] = np.bincount(pairs[:, 0], minlength=len(city["junction"])) == 1
    return one


def _at_border(city: City, junction: Rows) -> npt.NDArray[np.bool_]:
    """Whether junctions lie near the hull of the network that cars use."""
    import shapely

    car = np.asarray(city["edge"]["car"], dtype=bool)
    used = np.unique(np.r_[city["edge"]["from_junction"][car], city["edge"]["to_junction"][car]])
    hull = shapely.convex_hull(shapely.multipoints(city["junction"].points[used])).boundary
    west, south, east, north = shapely.bounds(hull)
    reach = 0.03 * float(np.hypot(east - west, north - south))
    near: npt.NDArray[np.bool_] = (
        shapely.distance(shapely.points(city["junction"].points[junction]), hull) <= reach
    )
    return near


def _merged(points: Floats) -> Rows:
    """Number of the gateway of each point; near points share one."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(points):
        return np.empty(0, dtype=np.int64)
    apart = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    _, number = connected_components(csr_array(apart <= MERGE), directed=False)
    found: Rows = number.astype(np.int64)
    return found


def _weights(city: City, graph: Graph) -> tuple[Floats, Floats]:
    """People and jobs on each edge; (n_edges,) float64 each. Both directions share them."""
    size = graph.n_edges
    people, jobs = np.zeros(size), np.zeros(size)
    if ("building", "edge") in city.links and len(city["building"]):
        link = np.asarray(city.links["building", "edge"].indices)
        good = link >= 0
        people = sums(link[good], city["building"]["people"][good], size)
        jobs = sums(link[good], city["building"]["jobs"][good], size)
    if people.sum() + jobs.sum() <= 0.0:
        small = graph.car & np.isin(classes(city), [*SMALL, "tertiary", ""])
        people = np.where(small, city["edge"]["length"] / METRES_A_HOME, 0.0)
        jobs = np.where(graph.car, city["edge"]["length"] / METRES_A_JOB, 0.0)
    return _shared(people, graph), _shared(jobs, graph)


def _shared(weight: Floats, graph: Graph) -> Floats:
    """Spread over the directions of each piece of street that cars use."""
    count = int(graph.segment.max(initial=0)) + 1
    lanes = sums(graph.segment, graph.car, count)
    total = sums(graph.segment, weight, count)
    share: Floats = np.where(
        graph.car, total[graph.segment] / np.maximum(1, lanes[graph.segment]), 0.0
    )
    return share


def _cells(points: Floats, weight: Floats) -> tuple[Rows, Floats]:
    """Cell of each point and the centres: squares as small as leave at most ``MAX_CELLS``."""
    if not len(points):
        return np.empty(0, dtype=np.int64), np.empty((0, 2))
    side = 150.0
    while True:
        square = np.floor(points / side).astype(np.int64)
        _, cell = np.unique(square, axis=0, return_inverse=True)
        cell = cell.reshape(-1).astype(np.int64)
        count = int(cell.max()) + 1
        if count <= MAX_CELLS:
            break
        side *= 1.2
    total = np.maximum(sums(cell, weight, count), 1e-9)
    centres = np.stack([sums(cell, weight * points[:, d], count) / total for d in (0, 1)], 1)
    return cell, centres
