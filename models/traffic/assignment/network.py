"""A road network and its trips as static assignment sees them: links with a cost that grows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RoadNetwork:
    """Directed links between nodes ``0 .. n_nodes - 1``; the first ``n_zones`` nodes are zones.

    The cost of a link with the flow v is ``free_time (1 + b (v / capacity)^power) + fixed``: the
    function of the Bureau of Public Roads (1964), and what does not depend on the flow.

    Attributes
    ----------
    tail, head : (n_links,) int64
        Nodes.
    capacity : (n_links,) float64, veh a period
    free_time : (n_links,) float64
        In the unit in which costs are told, minutes in most published networks.
    b, power : (n_links,) float64, 1
    fixed : (n_links,) float64
        Toll and distance as time.
    n_nodes, n_zones
        Number of nodes; the nodes below ``n_zones`` are where trips begin and end.
    first_through
        Nodes below it may begin and end a way but lie on none.
    """

    tail: Rows
    head: Rows
    capacity: Floats
    free_time: Floats
    b: Floats
    power: Floats
    fixed: Floats
    n_nodes: int
    n_zones: int
    first_through: int = 0

    def __len__(self) -> int:
        return len(self.tail)

    @cached_property
    def order(self) -> Rows:
        """Links by their tail; (n_links,) int64."""
        return np.argsort(self.tail, kind="stable")

    @cached_property
    def first(self) -> Rows:
        """Where the links of each node begin in :attr:`order`; (n_nodes + 1,) int64."""
        counts = np.bincount(self.tail, minlength=self.n_nodes)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def cost(self, flow: Floats) -> Floats:
        """Cost of each link at these flows; (n_links,) float64."""
        ratio = np.maximum(flow, 0.0) / self.capacity
        cost: Floats = self.free_time * (1.0 + self.b * ratio**self.power) + self.fixed
        return cost

    def beckmann(self, flow: Floats) -> float:
        """Σ ∫ cost: what the user equilibrium makes least (Beckmann et al. 1956)."""
        ratio = np.maximum(flow, 0.0) / self.capacity
        rising = self.b * ratio**self.power / (self.power + 1.0)
        return float(((self.free_time * (1.0 + rising) + self.fixed) * flow).sum())


@dataclass(frozen=True)
class TripTable:
    """How many trips go from zone to zone, those within a zone left out.

    Attributes
    ----------
    origin, destination : (n,) int64
        Zones, ordered by origin.
    trips : (n,) float64
    within : float
        Trips within a zone, which use no link.
    """

    origin: Rows
    destination: Rows
    trips: Floats
    within: float = 0.0

    @classmethod
    def of(cls, origin: Rows, destination: Rows, trips: Floats) -> TripTable:
        """From entries in any order; those of one pair are added."""
        if (trips < 0.0).any() or not np.isfinite(trips).all():
            worst = int(np.flatnonzero((trips < 0.0) | ~np.isfinite(trips))[0])
            raise DataError(
                f"{trips[worst]} trips from zone {origin[worst] + 1} to {destination[worst] + 1}",
                allowed="a number of trips, not negative",
            )
        inside = origin == destination
        keep = ~inside & (trips > 0.0)
        pairs, where = np.unique(
            np.stack([origin[keep], destination[keep]]), axis=1, return_inverse=True
        )
        total: Floats = np.bincount(where.ravel(), trips[keep], pairs.shape[1]).astype(np.float64)
        return cls(
            pairs[0].astype(np.int64), pairs[1].astype(np.int64), total, float(trips[inside].sum())
        )

    def only(self, keep: npt.NDArray[np.bool_]) -> TripTable:
        """Without some entries; ``keep`` is (n,) bool."""
        return TripTable(self.origin[keep], self.destination[keep], self.trips[keep], self.within)

    def by_origin(self) -> tuple[Rows, Rows]:
        """Origins, and where the entries of each begin; (n,), (n + 1,) int64."""
        origins, begin = np.unique(self.origin, return_index=True)
        return origins.astype(np.int64), np.append(begin, len(self.origin)).astype(np.int64)
