"""The ways that the trips of each pair of zones take, kept in arrays that grow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.traffic.assignment import kernels
from models.traffic.assignment.network import Floats, RoadNetwork, Rows, TripTable
from models.traffic.assignment.shortest import kernels as shortest

Columns = tuple[Rows, Rows, Rows, Floats, Rows]


class Ways:
    """All ways in use, and the flows, costs and slopes of the links that follow from them.

    Attributes
    ----------
    flow, cost, slope : (n_links,) float64
    """

    def __init__(self, network: RoadNetwork, trips: TripTable) -> None:
        self._network, self._trips = network, trips
        self._origins, self._begin = trips.by_origin()
        n = len(network)
        self.flow, self.cost, self.slope = np.zeros(n), np.zeros(n), np.zeros(n)
        self._cost_of = (
            network.capacity,
            network.free_time,
            network.b,
            network.power,
            network.fixed,
        )
        self._first = np.full(len(trips.trips), -1, dtype=np.int64)
        self._used = np.zeros(2, dtype=np.int64)
        self._columns = _room(0, 0)
        self._stamp, self._mark = np.zeros(n, dtype=np.int64), 0
        self._distance = np.empty(network.n_nodes)
        self._link_to = np.empty(network.n_nodes, dtype=np.int64)
        self._heap = np.empty(n + 1), np.empty(n + 1, dtype=np.int64)
        self._buffer = np.empty(network.n_nodes, dtype=np.int64)
        self.refresh()

    def refresh(self) -> None:
        """Costs and slopes of all links at their flows."""
        kernels.costs(self.flow, *self._cost_of, self.cost, self.slope)

    def shortest(self) -> tuple[float, int]:
        """Σ trips × shortest cost, and the first pair that no way joins or -1."""
        n, t = self._network, self._trips
        total, lost = shortest.shortest_cost(
            self._origins,
            self._begin,
            t.destination,
            t.trips,
            n.first,
            n.order,
            n.head,
            self.cost,
            n.first_through,
        )
        return float(total), int(lost)

    def joined(self) -> npt.NDArray[np.bool_]:
        """Which pairs a way joins; (n_pairs,) bool."""
        found = np.empty(len(self._first), dtype=bool)
        for row, origin in enumerate(self._origins):
            pairs = slice(int(self._begin[row]), int(self._begin[row + 1]))
            self._look(int(origin))
            found[pairs] = np.isfinite(self._distance[self._trips.destination[pairs]])
        return found

    def sweep(self) -> None:
        """Origin by origin: the shortest ways at present costs, and trips shifted to them."""
        n, t = self._network, self._trips
        for row, origin in enumerate(self._origins):
            pairs = int(self._begin[row]), int(self._begin[row + 1])
            self._look(int(origin))
            self._reserve(pairs[1] - pairs[0])
            next_way, begin_at, n_links, way_flow, links = self._columns
            kernels.add_ways(
                origin,
                pairs,
                t.destination,
                t.trips,
                n.tail,
                self._link_to,
                self._first,
                next_way,
                begin_at,
                n_links,
                way_flow,
                links,
                self._used,
                self.flow,
                self._buffer,
            )
            self.refresh()
            self._equalise(pairs)

    def settle(self, times: int) -> None:
        """Shift trips between the ways that are there, without a look for new ones."""
        for _ in range(times):
            self._equalise((0, len(self._first)))

    def pack(self) -> None:
        """Forget ways that carry nothing; sum the flows anew, so that no error piles up."""
        old = self._columns
        self._columns = _room(int(self._used[0]), int(self._used[1]))
        kernels.pack(self._first, *old, *self._columns, self._used, self.flow)
        self.refresh()

    def _look(self, origin: int) -> None:
        """The shortest ways from a zone."""
        n = self._network
        shortest.shortest_ways(
            origin,
            n.first,
            n.order,
            n.head,
            self.cost,
            n.first_through,
            self._distance,
            self._link_to,
            *self._heap,
        )

    def _equalise(self, pairs: tuple[int, int]) -> None:
        self._mark = kernels.equalise(
            pairs,
            self._first,
            *self._columns,
            self.flow,
            *self._cost_of,
            self.cost,
            self.slope,
            self._stamp,
            self._mark,
        )

    def _reserve(self, pairs: int) -> None:
        """Room for one more way of each of ``pairs`` pairs."""
        ways = int(self._used[0]) + pairs
        links = int(self._used[1]) + pairs * (self._network.n_nodes - 1)
        columns = self._columns
        if ways <= len(columns[0]) and links <= len(columns[4]):
            return
        grown = _room(max(2 * ways, len(columns[0])), max(2 * links, len(columns[4])))
        for new, old in zip(grown, columns, strict=True):
            new[: len(old)] = old
        self._columns = grown


def _room(ways: int, links: int) -> Columns:
    """Next way, begin, number of links and flow of each way; their links."""
    return (
        np.full(ways, -1, dtype=np.int64),
        np.zeros(ways, dtype=np.int64),
        np.zeros(ways, dtype=np.int64),
        np.zeros(ways),
        np.zeros(links, dtype=np.int64),
    )
