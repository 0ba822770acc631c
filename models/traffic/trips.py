"""Trips on their way to SUMO: kept until they depart, then added as vehicles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.traffic.fleet import NAMES, PREFIX, Mix, speed_factors
from models.traffic.kernels import Floats
from models.traffic.network import Network
from twin.core.random import Streams, uniforms
from twin.core.time import Tick


@dataclass(frozen=True)
class Trips:
    """Trips to be made by car.

    Attributes
    ----------
    names : (n,) str
        A name each, the same in every run of the city.
    depart : (n,) float64, tick
    origin, goal : (n,) int, edge rows
    inside
        Whether they begin at a kerb in the city, or at its border.
    """

    names: npt.NDArray[np.str_]
    depart: Floats
    origin: npt.NDArray[np.int64]
    goal: npt.NDArray[np.int64]
    inside: bool

    def select(self, rows: npt.NDArray[Any]) -> Trips:
        """Some of the trips."""
        return Trips(
            self.names[rows], self.depart[rows], self.origin[rows], self.goal[rows], self.inside
        )


class Departures:
    """The queue of trips before they depart.

    Attributes
    ----------
    unreachable
        Trips between edges that no way joins, or that a closure cut off; left out.
    added
        Vehicles given to SUMO so far.
    """

    def __init__(
        self,
        api: Any,
        edges: npt.NDArray[np.str_],
        length: Floats,
        network: Network,
        streams: Streams,
        mix: Mix,
    ) -> None:
        self._api, self._edges, self._length, self._network = api, edges, length, network
        self._streams, self._mix = streams, mix
        self._waiting: list[Trips] = []
        self.unreachable = self.added = 0

    def take(self, trips: Trips) -> None:
        """Queue trips; those without a way are counted and left out."""
        moves = trips.origin != trips.goal
        ways = self._network.starts[trips.origin] & self._network.ends[trips.goal]
        self.unreachable += int(np.count_nonzero(moves & ~ways))
        kept = np.flatnonzero(moves & ways)
        if len(kept):
            self._waiting.append(trips.select(kept))

    def release(self, until: Tick, begin: float, closed: npt.NDArray[np.bool_]) -> None:
        """Give SUMO every trip that departs before ``until``; ``begin`` is its time at tick 0, s.

        By departure, then name, so that every run adds them in the same order. Who would depart
        from a closed edge, or to one, waits until it opens.
        """
        due: list[_Vehicle] = []
        left: list[Trips] = []
        for trips in self._waiting:
            now = (trips.depart < until) & ~closed[trips.origin] & ~closed[trips.goal]
            due += self._describe(trips.select(np.flatnonzero(now)), begin)
            if not now.all():
                left.append(trips.select(np.flatnonzero(~now)))
        self._waiting = left
        present = self._api.simulation.getTime()
        for vehicle in sorted(due):
            try:
                self._add(vehicle, present)
            except self._api.TraCIException:
                # A closure cut the way that the network has.
                self.unreachable += 1

    def held(self, until: Tick) -> int:
        """Trips that wait for an edge to open."""
        return sum(int(np.count_nonzero(trips.depart < until)) for trips in self._waiting)

    def _describe(self, trips: Trips, begin: float) -> list[_Vehicle]:
        keys = self._streams.keys("traffic.driver", trips.names)
        kinds = self._mix.kinds(keys, goods=not trips.inside)
        factors = speed_factors(keys)
        places = uniforms(keys, np.uint64(2)) * np.maximum(0.0, self._length[trips.origin] - 5.0)
        return [
            _Vehicle(
                begin + float(trips.depart[i]) / 1000.0,
                str(trips.names[i]),
                PREFIX + NAMES[kinds[i]],
                str(self._edges[trips.origin[i]]),
                str(self._edges[trips.goal[i]]),
                f"{places[i]:.1f}" if trips.inside else "base",
                "0" if trips.inside else "max",
                float(factors[i]),
            )
            for i in range(len(trips.names))
        ]

    def _add(self, vehicle: _Vehicle, present: float) -> None:
        # Two edges are enough: the rerouting device finds the way between them at departure.
        self._api.route.add(vehicle.name, [vehicle.origin, vehicle.goal])
        self._api.vehicle.add(
            vehicle.name,
            vehicle.name,
            typeID=vehicle.kind,
            depart=f"{max(vehicle.depart, present):.2f}",
            departLane="best",
            departPos=vehicle.position,
            departSpeed=vehicle.speed,
        )
        self._api.vehicle.setSpeedFactor(vehicle.name, vehicle.factor)
        self.added += 1


class _Vehicle(NamedTuple):
    """What SUMO is told of a vehicle; sorts by departure, then name."""

    depart: float
    name: str
    kind: str
    origin: str
    goal: str
    position: str
    speed: str
    factor: float
