"""Stochastic route choice: shortest paths under costs that each driver perceives differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.traffic.demand import kernels
from models.traffic.demand.graph import Graph
from models.traffic.demand.kernels import Floats, Ints
from models.traffic.demand.zones import Zones
from twin.core.random import Streams, normals


@dataclass(frozen=True)
class Paths:
    """Paths between all pairs of zones, one for each draw of the costs.

    Attributes
    ----------
    before : (n_draws, n_zones, n_edges) int32
        Edge before each edge on the way from the zone's origin.
    origin, goal : (n_draws, n_zones) int32, edge rows
        -1 where a zone has no way out, or in.
    cost : (n_draws, n_zones, n_zones) float64, s
        Perceived time of each pair; infinite without a way.
    """

    before: Ints
    origin: Ints
    goal: Ints
    cost: Floats

    @property
    def n_draws(self) -> int:
        """How many paths a pair has."""
        return len(self.before)

    def flows(self, trips: Floats) -> Floats:
        """Vehicles on each edge; ``trips`` is (n_draws, n_zones, n_zones) float64, veh."""
        flow = np.zeros(self.before.shape[2])
        kernels.load(self.before, self.origin, self.goal, trips, flow)
        return flow

    def route(self, draw: int, origin: int, goal: int) -> Ints:
        """Edge rows of a path; empty without a way."""
        path = np.empty(self.before.shape[2], dtype=np.int32)
        start, end = int(self.origin[draw, origin]), int(self.goal[draw, goal])
        return path[: kernels.walk(self.before[draw, origin], start, end, path)]


def draw_paths(
    graph: Graph,
    zones: Zones,
    draws: int,
    spread: float,
    seed: int = 0,
    times: Floats | None = None,
) -> Paths:
    """Draw the paths.

    Parameters
    ----------
    graph, zones
        Streets, and where trips begin and end.
    draws
        Paths a pair.
    spread
        Standard deviation of the logarithm of the perceived cost of an edge. Half of its variance
        is common to a street and half its piece's own, both directions alike.
    times : (n_edges,) float64, s
        Travel times met in a simulation, in place of those of empty streets.

    Notes
    -----
    Probit-like stochastic loading (Sheffi & Powell 1982): overlapping ways share their errors, as
    they do not in a logit over enumerated paths.
    """
    streams = Streams(seed)
    size, count = graph.n_edges, len(zones)
    before = np.full((draws, count, size), -9999, dtype=np.int32)
    cost = np.full((draws, count, count), np.inf)
    origin, goal = np.full((2, draws, count), -1, dtype=np.int32)
    factor = _factors(graph, streams, draws, spread)
    base = graph.edge_cost if times is None else times
    for k in range(draws):
        origin[k], goal[k] = zones.pick(streams, k)
        _trees(graph, base * factor[k], origin[k], goal[k], before[k], cost[k])
    return Paths(before, origin, goal, cost)


def _factors(graph: Graph, streams: Streams, draws: int, spread: float) -> Floats:
    """What each draw makes of each edge's cost; (draws, n_edges) float64, median 1."""
    street = streams.keys("street", graph.street.astype(np.str_))
    piece = streams.keys("piece", graph.segment.astype(np.str_))
    found = np.empty((draws, graph.n_edges))
    for k in range(draws):
        both = normals(street, np.uint64(k)) + normals(piece, np.uint64(k))
        found[k] = np.exp(spread * both / np.sqrt(2.0))
    return found


def _trees(
    graph: Graph, cost: Floats, origin: Ints, goal: Ints, before: Ints, between: Floats
) -> None:
    """Fill the trees and costs of one draw."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    weight = cost[graph.second] + graph.turn
    shape = (graph.n_edges, graph.n_edges)
    matrix = csr_array((np.maximum(weight, 1e-3), (graph.first, graph.second)), shape=shape)
    rows = np.flatnonzero(origin >= 0)
    far, previous = dijkstra(matrix, indices=origin[rows], return_predecessors=True)
    before[rows] = previous
    ends = goal >= 0
    between[np.ix_(rows, np.flatnonzero(ends))] = far[:, goal[ends]] + cost[origin[rows], None]
