"""Where buses may drive and stop, and which way leads from edge to edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.sumo.inputs import read_text
from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LONGEST = 1800.0
"""Ways between two stops are looked for up to this time on empty streets, s."""
CHUNK = 128
_LANE = re.compile(r"<lane id=\"([^\":][^\"]*)_(\d+)\" index=\"\d+\"([^>]*)>")
_CONNECTION = re.compile(
    r"<connection from=\"([^\":]+)\" to=\"([^\":]+)\" fromLane=\"(\d+)\" toLane=\"(\d+)\""
)


@dataclass(frozen=True)
class BusStreets:
    """The network as buses see it.

    Attributes
    ----------
    graph
        Sparse (n_edges, n_edges); an entry is the time to pass the second edge, s.
    lane : (n_edges,) int64
        The lane nearest to the kerb that buses may use, -1 where they may not drive.
    wide : (n_edges,) int64
        Lanes that buses may use.
    length : (n_edges,) float64, m
    speed : (n_edges,) float64, m/s
    left
        Whether one drives on the left.
    """

    graph: Any
    lane: Rows
    wide: Rows
    length: Floats
    speed: Floats
    left: bool

    @classmethod
    def read(cls, city: City) -> BusStreets:
        """The network of a city; turns are made from lanes that buses may use into such."""
        from scipy.sparse import csr_array

        table, text = city["edge"], read_text(city.network)
        rows = {str(edge): row for row, edge in enumerate(table.ids)}
        size = len(rows)
        lanes: list[set[int]] = [set() for _ in range(size)]
        length = np.maximum(np.array(table["length"], dtype=np.float64), 0.1)
        for edge, number, rest in _LANE.findall(text):
            if edge in rows and may(rest, "bus"):
                lanes[rows[edge]].add(int(number))
                found = re.search(r"\blength=\"([^\"]+)\"", rest)
                length[rows[edge]] = float(found[1]) if found else length[rows[edge]]
        turns = {
            (rows[a], rows[b])
            for a, b, leave, enter in _CONNECTION.findall(text)
            if a in rows
            and b in rows
            and int(leave) in lanes[rows[a]]
            and int(enter) in lanes[rows[b]]
        }
        pairs = np.array(sorted(turns), dtype=np.int64).reshape(-1, 2)
        speed = np.maximum(np.array(table["speed"], dtype=np.float64), 0.5)
        times = (length / speed)[pairs[:, 1]]
        return cls(
            csr_array((times, (pairs[:, 0], pairs[:, 1])), shape=(size, size)),
            np.array([min(found, default=-1) for found in lanes], dtype=np.int64),
            np.array([len(found) for found in lanes], dtype=np.int64),
            length,
            speed,
            bool(re.search(r"<net\b[^>]*\blefthand=\"(?:true|1)\"", text[:100_000])),
        )

    def times(self, sources: Rows, targets: Rows) -> Floats:
        """Time from the end of each source to the end of each target; (n_sources, n_targets), s.

        Infinite where no way of at most ``LONGEST`` leads there.
        """
        from scipy.sparse.csgraph import dijkstra

        found = np.empty((len(sources), len(targets)))
        for first in range(0, len(sources), CHUNK):
            some = sources[first : first + CHUNK]
            found[first : first + CHUNK] = np.atleast_2d(
                dijkstra(self.graph, indices=some, limit=LONGEST)
            )[:, targets]
        return found

    def ways(self, pairs: set[tuple[int, int]]) -> dict[tuple[int, int], list[int]]:
        """The quickest way of each pair of edges that one joins, without the first edge."""
        from scipy.sparse.csgraph import dijkstra

        found: dict[tuple[int, int], list[int]] = {}
        goals: dict[int, list[int]] = {}
        for a, b in sorted(pairs):
            goals.setdefault(a, []).append(b)
        sources = np.array(list(goals), dtype=np.int64)
        for first in range(0, len(sources), CHUNK):
            some = sources[first : first + CHUNK]
            _, before = dijkstra(self.graph, indices=some, limit=LONGEST, return_predecessors=True)
            for row, a in enumerate(some.tolist()):
                for b in goals[a]:
                    found[a, b] = _walk(np.atleast_2d(before)[row], a, b)
        return found


def _walk(before: npt.NDArray[np.int32], source: int, goal: int) -> list[int]:
    way: list[int] = []
    while goal != source:
        way.append(goal)
        goal = int(before[goal])
    return way[::-1]


def may(attributes: str, kind: str) -> bool:
    """Whether a class of vehicles may use a lane with these attributes of SUMO's network."""
    allow = re.search(r"\ballow=\"([^\"]*)\"", attributes)
    if allow is not None:
        return bool({kind, "all"} & set(allow[1].split()))
    disallow = re.search(r"\bdisallow=\"([^\"]*)\"", attributes)
    return disallow is None or not {kind, "all"} & set(disallow[1].split())
