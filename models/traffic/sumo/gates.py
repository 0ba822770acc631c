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


Burdens = tuple[float, float]
"""Seconds that a euro of the toll, and of an expected fine, weighs to a driver."""
NOTHING: Burdens = (0.0, 0.0)
HEAVY = ("truck", "trailer")
"""SUMO's classes of trucks."""
AROUND = 1e4
"""Travel time of an edge forbidden to trucks, s: only who has no other way uses it."""


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
    price, fine : (n_edges,) float64, EUR
        What a car pays now, and the expected fine of who may not enter.
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
        self._banned: Rows = np.empty(0, dtype=np.int64)
        self._told: set[str] = set()
        self._again: dict[str, Tick] = {}
        self.price: Floats = np.zeros(len(edges))
        self.fine: Floats = np.zeros(len(edges))

    def weighs(self, burdens: Burdens, heavy: bool) -> bool:
        """Whether the prices, or for a truck the bans, of the moment move a driver."""
        if heavy and len(self._banned):
            return True
        return bool(len(self._costing(burdens)))

    def _costing(self, burdens: Burdens) -> Rows:
        """Watched edges that cost a driver something."""
        pays = (self.price > 0.0) & (burdens[0] > 0.0) | (self.fine > 0.0) & (burdens[1] > 0.0)
        return self._watched[pays[self._watched]]

    def way(self, vehicle: str, burdens: Burdens, heavy: bool) -> list[str]:
        """The way with the least time and money for a vehicle that SUMO knows."""
        self._tell(vehicle, burdens, heavy)
        self._api.vehicle.rerouteTraveltime(vehicle, False)
        return list(self._api.vehicle.getRoute(vehicle))

    def follow(self, vehicle: str, burdens: Burdens, heavy: bool, again: Tick) -> None:
        """Let a vehicle on such a way look for a better one at some tick, and every while."""
        self._tell(vehicle, burdens, heavy)
        self._again[vehicle] = again

    def _tell(self, vehicle: str, burdens: Burdens, heavy: bool) -> None:
        drive = self._api.vehicle
        drive.setRoutingMode(vehicle, CUSTOM)
        for row in self._costing(burdens).tolist():
            fined = burdens[1] * self.fine[row]
            money = fined if fined > 0.0 else burdens[0] * self.price[row]
            drive.setAdaptedTraveltime(vehicle, self._edges[row], float(self._time[row] + money))
        for row in map(int, self._banned if heavy else ()):
            drive.setAdaptedTraveltime(vehicle, self._edges[row], AROUND)

    def ban_trucks(self, column: Floats) -> None:
        """Forbid edges to trucks, (n_edges,) float64, and lead those of a city's own demand around.

        Trucks that we release are told as they depart.
        """
        banned: Rows = np.flatnonzero(column > 0.5)
        if not len(banned) and not len(self._banned):
            return
        if not np.array_equal(banned, self._banned):
            self._banned = banned
            self._told.clear()
        present, drive = self._api.vehicle.getIDList(), self._api.vehicle
        for vehicle in present:
            if vehicle not in self._told:
                self._told.add(vehicle)
                if drive.getVehicleClass(vehicle) in HEAVY:
                    self._tell(vehicle, NOTHING, True)
                    with suppress(*self._errors):
                        drive.rerouteTraveltime(vehicle, False)
        self._told.intersection_update(present)

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
