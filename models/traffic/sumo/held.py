"""Vehicles that would set off in a closed street: they stand beside it until it opens."""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Any

RESCUE = ["emergency", "authority"]
PARKING = 1
"""Flag of a stop of SUMO that leaves the lane free."""
FOREVER = 1e6
"""Duration of such a stop, s."""


class Held:
    """Holds vehicles at the place of their departure.

    SUMO throws away a vehicle whose first edge forbids it, so a closed edge forbids nothing to who
    sets off on it; such a vehicle is parked at once, where nobody meets it.

    Parameters
    ----------
    api
        SUMO.

    Attributes
    ----------
    finished : s
        How long those that have finished their trips were held: no part of their travel time.
    """

    def __init__(self, api: Any) -> None:
        self._vehicle, self._lane, self._simulation = api.vehicle, api.lane, api.simulation
        self._errors: tuple[type[Exception], ...] = (api.TraCIException, api.FatalTraCIError)
        self._there: dict[str, tuple[str, float]] = {}
        self._waited: dict[str, float] = {}
        self.finished = 0.0

    def __len__(self) -> int:
        return len(self._there)

    def __contains__(self, vehicle: object) -> bool:
        return vehicle in self._there

    def take(self, departed: Iterable[str], closed: Container[str]) -> None:
        """Hold those of the vehicles just departed that stand on a closed edge."""
        drive = self._vehicle
        for vehicle in departed:
            with suppress(*self._errors):
                edge = drive.getRoadID(vehicle)
                if edge not in closed or drive.getVehicleClass(vehicle) in RESCUE:
                    continue
                drive.setPreviousSpeed(vehicle, 0.0)
                length = self._lane.getLength(drive.getLaneID(vehicle))
                place = min(length, drive.getLanePosition(vehicle) + 1.0)
                lane = drive.getLaneIndex(vehicle)
                drive.setStop(vehicle, edge, place, lane, FOREVER, PARKING)
                self._there[vehicle] = (edge, self._simulation.getTime())

    def release(self, edge: str) -> None:
        """Let those go who were held on an edge."""
        now = self._simulation.getTime()
        for vehicle in [name for name, (where, _) in self._there.items() if where == edge]:
            self._waited[vehicle] = now - self._there.pop(vehicle)[1]
            try:
                self._vehicle.resume(vehicle)
            except self._errors:
                # It has not come to its stop yet.
                with suppress(*self._errors):
                    self._vehicle.replaceStop(vehicle, 0, "")

    def look(self, arrived: Iterable[str]) -> None:
        """Take in who has arrived."""
        for vehicle in arrived if self._waited or self._there else ():
            self._there.pop(vehicle, None)
            self.finished += self._waited.pop(vehicle, 0.0)
