"""A calibrated demand in a run: its trips, released as they depart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.traffic.demand.file import Demand
from models.traffic.trips import Trips
from twin.core.random import uniforms
from twin.core.time import Tick

if TYPE_CHECKING:
    from models.traffic.demand.kernels import Floats
    from models.traffic.engine import Vehicles
    from twin.core.random import Streams

JITTER = 60_000.0
"""A seed moves each departure by up to half of this, ms: every day has the same trips, not the same
seconds."""


class CalibratedTraffic:
    """The trips of a demand file, each with its way.

    Who set off before the run begins and is still on the way begins where it would be, so that the
    first minutes meet no empty streets.

    Parameters
    ----------
    demand
        The trips; s since midnight.
    start
        Beginning of the run, s since midnight.
    times : (n_edges,) float64, s
        Time to pass each edge, to find who is where at the beginning.

    Attributes
    ----------
    ways
        The demand with the ways that ``Trips.way`` counts.
    """

    def __init__(self, demand: Demand, start: float, times: Floats, streams: Streams) -> None:
        self.ways = under_way(demand, start, times)
        self._names = np.array([f"k.{row}" for row in range(len(self.ways))], dtype=np.str_)
        ticks = (self.ways.depart - start) * 1000.0
        draw = uniforms(streams.keys("traffic.calibrated", self._names), np.uint64(0))
        self._depart = np.where(ticks > 0.0, np.maximum(0.0, ticks + JITTER * (draw - 0.5)), 0.0)
        self._order = np.argsort(self._depart, kind="stable")
        self._done = 0

    def until(self, now: Tick) -> Trips:
        """The trips that depart before ``now`` and were not released yet."""
        stop = int(np.searchsorted(self._depart[self._order], now))
        rows = self._order[self._done : max(stop, self._done)]
        self._done = max(stop, self._done)
        way = self.ways.route[rows].astype(np.int64)
        first, last = self.ways.first[way], self.ways.first[way + 1] - 1
        return Trips(
            self._names[rows],
            self._depart[rows],
            self.ways.edges[first].astype(np.int64),
            self.ways.edges[last].astype(np.int64),
            inside=False,
            way=way,
        )

    def around(self, vehicles: Vehicles, closed: npt.NDArray[np.bool_]) -> Vehicles:
        """The same vehicles; those whose way is closed are to find another; (n_edges,) bool."""
        if not closed.any() or not len(vehicles.names):
            return vehicles
        ways = self.ways
        blocked = np.logical_or.reduceat(closed[ways.edges], ways.first[:-1])
        way = np.where((vehicles.way >= 0) & blocked[vehicles.way], -1, vehicles.way)
        return replace(vehicles, way=way)


def under_way(demand: Demand, start: float, times: Floats) -> Demand:
    """The demand from ``start`` on: who is under way then begins where it would be.

    Trips that ended before are left out.
    """
    upto = np.concatenate([[0.0], np.cumsum(times[demand.edges])])
    late = start - demand.depart
    departs, ways = [], []
    for row in range(len(demand)):
        a, b = demand.first[demand.route[row]], demand.first[demand.route[row] + 1]
        skipped = int(np.searchsorted(upto[a + 1 : b + 1] - upto[a], late[row], side="right"))
        if late[row] <= 0.0:
            skipped = 0
        if skipped < b - a:
            departs.append(max(demand.depart[row], start))
            ways.append(tuple(demand.edges[a + skipped : b].tolist()))
    return Demand.of(np.array(departs, dtype=np.float64), ways)
