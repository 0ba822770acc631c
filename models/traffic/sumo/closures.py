"""Closed edges: nobody but rescue services enters, and everybody concerned finds another way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.traffic.kernels import Floats
from models.traffic.sumo.inputs import Lanes
from models.traffic.sumo.process import Simulation

RESCUE = ["emergency", "authority"]
FORBIDDEN = 1e6
"""Travel time of a closed edge, s: keeps away vehicles that ignore permissions."""


class Closures:
    """Which edges are closed, and who must be led around them.

    A vehicle on its way is given a new way when its edge closes, one that departs later at the
    next step. Where there is no way around, the trip ends at the barrier. Vehicles that would
    depart from a closed edge wait until it opens.

    Parameters
    ----------
    simulation
        SUMO.
    live
        Whether detours look at present travel times (or at those of empty streets).

    Attributes
    ----------
    detours, ended
        Vehicles led around a closure so far, and trips that ended at a barrier.
    """

    def __init__(
        self, simulation: Simulation, edges: Sequence[str], lanes: Lanes, *, live: bool
    ) -> None:
        self._simulation, self._edges, self._lanes, self._live = simulation, edges, lanes, live
        self._now: Floats = np.zeros(len(edges))
        self._closed: set[str] = set()
        self._permissions: dict[str, tuple[list[str], list[str]]] = {}
        self._checked: set[str] = set()
        self.detours = self.ended = 0

    def apply(self, wanted: Floats) -> None:
        """Close and open edges as the control column says; (n,) float64, 1 closed."""
        for row in np.flatnonzero(wanted != self._now):
            (self._close if wanted[row] > 0.5 else self._open)(int(row))
            self._checked.clear()
        self._now[:] = wanted

    def _lanes_of(self, row: int) -> list[str]:
        return [self._lanes.ids[i] for i in np.flatnonzero(self._lanes.edge == row)]

    def _close(self, row: int) -> None:
        edge, api = self._edges[row], self._simulation.api
        for lane in self._lanes_of(row):
            before = (list(api.lane.getAllowed(lane)), list(api.lane.getDisallowed(lane)))
            self._permissions[lane] = before
            api.lane.setAllowed(lane, RESCUE)
        api.edge.adaptTraveltime(edge, FORBIDDEN)
        self._closed.add(edge)

    def _open(self, row: int) -> None:
        edge, api = self._edges[row], self._simulation.api
        for lane in self._lanes_of(row):
            allowed, disallowed = self._permissions.pop(lane)
            if allowed:
                api.lane.setAllowed(lane, allowed)
            else:
                api.lane.setDisallowed(lane, disallowed)
        length = api.lane.getLength(f"{edge}_0")
        api.edge.adaptTraveltime(edge, length / api.lane.getMaxSpeed(f"{edge}_0"))
        self._closed.discard(edge)

    def lead_around(self) -> None:
        """Give a new way to every vehicle whose way is closed and that was not looked at yet."""
        if not self._closed:
            return
        present = self._simulation.api.vehicle.getIDList()
        for vehicle in present:
            if vehicle not in self._checked and self._lead(vehicle):
                self._checked.add(vehicle)
        self._checked.intersection_update(present)

    def _lead(self, vehicle: str) -> bool:
        """Whether the vehicle's way is free now, or was made so."""
        if self._blocked(vehicle) is None:
            return True
        self._drop_stops(vehicle)
        try:
            self._simulation.api.vehicle.rerouteTraveltime(vehicle, self._live)
        except self._simulation.errors:
            return self._end_before(vehicle)
        if self._blocked(vehicle) is not None:
            return self._end_before(vehicle)
        self.detours += 1
        return True

    def _blocked(self, vehicle: str) -> tuple[list[str], int] | None:
        """The way that is left, and where on it the first closed edge is; None when it is free."""
        drive = self._simulation.api.vehicle
        left = list(drive.getRoute(vehicle)[max(0, drive.getRouteIndex(vehicle)) :])
        # The edge that a vehicle is on it may leave.
        for position, edge in enumerate(left[1:], start=1):
            if edge in self._closed:
                return left, position
        return None

    def _drop_stops(self, vehicle: str) -> None:
        """Forget the stops in a closed edge, last first so that the others keep their numbers."""
        drive = self._simulation.api.vehicle
        stops = drive.getStops(vehicle, 0)
        for number in reversed(range(len(stops))):
            if stops[number].lane.rpartition("_")[0] in self._closed:
                drive.replaceStop(vehicle, number, "")

    def _end_before(self, vehicle: str) -> bool:
        """End the trip at the barrier; False when the vehicle cannot be told now."""
        blocked = self._blocked(vehicle)
        if blocked is None:
            return True
        left, position = blocked
        try:
            self._simulation.api.vehicle.setRoute(vehicle, left[:position])
        except self._simulation.errors:
            return False
        self.ended += 1
        return True
