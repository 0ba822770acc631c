"""Edges with a price: who passes them, and how the price weighs on the ways of vehicles."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Passages, Rows
from models.traffic.sumo.inputs import Lanes, loop_id
from twin.core.time import Tick

CUSTOM = 4
"""SUMO's ROUTING_MODE_AGGREGATED_CUSTOM: the travel times that a vehicle was told, else those of
the rerouting device."""


class Gates:
    """Watched edges.

    Parameters
    ----------
    api
        SUMO.
    edges
        Ids of all edges.
    watched : (n_watched,) int64
        Rows of those that are watched.
    lanes, loops
        Lanes of the city, and numbers of those with a loop of ours.
    time : (n_edges,) float64, s
        To pass each edge when it is empty.

    Attributes
    ----------
    price : (n_edges,) float64, EUR
        What a car pays now.
    """

    def __init__(
        self,
        api: Any,
        edges: Sequence[str],
        watched: Rows,
        lanes: Lanes,
        loops: npt.NDArray[np.int64],
        time: Floats,
    ) -> None:
        self._api, self._edges, self._watched, self._time = api, edges, watched, time
        self._loops = [(loop_id("gate", int(n)), int(lanes.edge[n])) for n in loops]
        self._errors: tuple[type[Exception], ...] = (api.TraCIException, api.FatalTraCIError)
        self._again: dict[str, Tick] = {}
        self.price: Floats = np.zeros(len(edges))

    def weighs(self, burden: float) -> bool:
        """Whether the prices of the moment move a driver."""
        return burden > 0.0 and bool((self.price[self._watched] > 0.0).any())

    def way(self, vehicle: str, burden: float) -> list[str]:
        """The way with the least time and money for a vehicle that SUMO knows."""
        self._tell(vehicle, burden)
        self._api.vehicle.rerouteTraveltime(vehicle, False)
        return list(self._api.vehicle.getRoute(vehicle))

    def follow(self, vehicle: str, burden: float, again: Tick) -> None:
        """Let a vehicle on such a way look for a better one at some tick, and every while."""
        self._tell(vehicle, burden)
        self._again[vehicle] = again

    def _tell(self, vehicle: str, burden: float) -> None:
        self._api.vehicle.setRoutingMode(vehicle, CUSTOM)
        for row in map(int, self._watched[self.price[self._watched] > 0.0]):
            seconds = float(self._time[row] + burden * self.price[row])
            self._api.vehicle.setAdaptedTraveltime(vehicle, self._edges[row], seconds)

    def look_again(self, now: Tick, every: Tick) -> None:
        """Let the vehicles whose turn it is look for a better way."""
        if not self._again:
            return
        present = set(self._api.vehicle.getIDList())
        for vehicle in [name for name, tick in self._again.items() if tick <= now]:
            if vehicle in present:
                with suppress(*self._errors):
                    self._api.vehicle.rerouteTraveltime(vehicle, False)
                self._again[vehicle] = now + every
            else:
                del self._again[vehicle]

    def passed(self) -> Passages:
        """Who passed in the loops' last period, gate by gate."""
        names: list[str] = []
        rows: list[int] = []
        for loop, row in self._loops:
            found = self._api.inductionloop.getLastIntervalVehicleIDs(loop)
            names += found
            rows += [row] * len(found)
        return Passages(np.array(names, dtype=np.str_), np.array(rows, dtype=np.int64))
