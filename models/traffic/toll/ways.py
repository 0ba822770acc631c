"""Cheapest ways over the edges: by time, and by time and money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Rows
from models.traffic.network import Network


@dataclass(frozen=True)
class Tree:
    """Cheapest ways from one edge.

    Attributes
    ----------
    cost : (n_edges,) float64
        To the end of each edge, without the origin's own; infinite where no way leads.
    before : (n_edges,) int
        The edge before each on its way; negative at the origin and where no way leads.
    """

    origin: int
    cost: Floats
    before: npt.NDArray[np.int32]

    def way(self, goal: int) -> list[int]:
        """Rows of the edges from the origin to a goal, both included."""
        way = [goal]
        while way[-1] != self.origin and self.before[way[-1]] >= 0:
            way.append(int(self.before[way[-1]]))
        return way[::-1]


class Ways:
    """Searches on the network, turn restrictions obeyed."""

    def __init__(self, network: Network) -> None:
        self._graph = network.graph.copy()

    def tree(self, origin: int, weight: Floats) -> Tree:
        """Cheapest ways from an edge by the weights of the edges; (n_edges,) float64, positive."""
        from scipy.sparse.csgraph import dijkstra

        self._graph.data = np.maximum(weight, 1e-6)[self._graph.indices]
        cost, before = dijkstra(self._graph, indices=origin, return_predecessors=True)
        return Tree(origin, cost, before)


def along(way: Rows | list[int], values: Floats) -> float:
    """Sum of the values of the edges on a way after its first."""
    return float(values[np.asarray(way[1:], dtype=np.int64)].sum())
