"""The streets as a graph of edges, for what is reachable and how long it takes on empty streets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.kernels import Floats
from models.traffic.sumo.inputs import read_text
from twin.city.city import City

Bools = npt.NDArray[np.bool_]
_CONNECTION = re.compile(r"<connection from=\"([^\":]+)\" to=\"([^\":]+)\"")


@dataclass(frozen=True)
class Network:
    """Edges that cars drive on, and which follows which.

    Attributes
    ----------
    graph
        Sparse (n_edges, n_edges); an entry is the time to pass the second edge, s.
    starts, ends : (n_edges,) bool
        Edges from which, and to which, the largest strongly connected part is joined: a trip from a
        start to an end has a way.
    """

    graph: Any
    starts: Bools
    ends: Bools

    @classmethod
    def read(cls, city: City) -> Network:
        """The network of a city, turn restrictions obeyed."""
        from scipy.sparse import csr_array

        table = city["edge"]
        car = np.asarray(table["car"], dtype=bool)
        pairs = _CONNECTION.findall(read_text(city.network))
        found = table.rows(np.array([edge for pair in pairs for edge in pair], dtype=np.str_))
        links = np.unique(found.reshape(-1, 2), axis=0)
        links = links[(links >= 0).all(axis=1)]
        links = links[car[links[:, 0]] & car[links[:, 1]]]
        times = (table["length"] / np.maximum(table["speed"], 0.1))[links[:, 1]]
        size = len(table)
        graph = csr_array((times, (links[:, 0], links[:, 1])), shape=(size, size))
        starts, ends = _reach(graph, car)
        return cls(graph, starts, ends)

    def times(self, origins: npt.NDArray[np.integer]) -> Floats:
        """Time from each origin to each edge on empty streets; (len(origins), n_edges), s."""
        from scipy.sparse.csgraph import dijkstra

        found: Floats = np.atleast_2d(dijkstra(self.graph, indices=origins))
        return found


def _reach(graph: Any, car: Bools) -> tuple[Bools, Bools]:
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    if not car.any():
        return car.copy(), car.copy()
    _, label = connected_components(graph, directed=True, connection="strong")
    core = np.bincount(label[car]).argmax()
    seed = int(np.flatnonzero((label == core) & car)[0])
    ends, starts = np.zeros(len(car), dtype=bool), np.zeros(len(car), dtype=bool)
    ends[breadth_first_order(graph, seed, return_predecessors=False)] = True
    starts[breadth_first_order(graph.T.tocsr(), seed, return_predecessors=False)] = True
    return starts & car, ends & car
