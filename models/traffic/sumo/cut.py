"""Trips that ended at a barrier: SUMO takes them for finished, so its totals are put right."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any


class Cut:
    """Follows such trips to their end.

    Parameters
    ----------
    api
        SUMO.

    Attributes
    ----------
    finished
        How many of them SUMO's tripinfo device counts as finished.
    travel_time, time_loss, waiting_time : s
        Their part of the device's sums.
    over
        Names of those that are gone.
    """

    def __init__(self, api: Any) -> None:
        self._vehicle, self._simulation = api.vehicle, api.simulation
        self._errors: tuple[type[Exception], ...] = (api.TraCIException, api.FatalTraCIError)
        self._under_way: dict[str, tuple[float, float, float]] = {}
        self.finished = 0
        self.over: set[str] = set()
        self.travel_time = self.time_loss = self.waiting_time = 0.0

    def __len__(self) -> int:
        return len(self._under_way)

    def __contains__(self, vehicle: object) -> bool:
        return vehicle in self._under_way

    def follow(self, vehicle: str) -> None:
        """Begin with a trip that has been cut short."""
        departed = float(self._vehicle.getDeparture(vehicle))
        self._under_way[vehicle] = (departed, 0.0, 0.0)
        self._ask(vehicle)

    def look(self, arrived: Iterable[str]) -> None:
        """Go on by one step of SUMO: it forgets a vehicle as soon as it has arrived."""
        if not self._under_way:
            return
        # SUMO dates an arrival at the beginning of the step in which it happens.
        now = float(self._simulation.getTime()) - float(self._simulation.getDeltaT())
        for vehicle in arrived:
            if vehicle in self._under_way:
                departed, lost, waited = self._under_way.pop(vehicle)
                self.finished += 1
                self.over.add(vehicle)
                self.travel_time += now - departed
                self.time_loss += lost
                self.waiting_time += waited
        for vehicle in list(self._under_way):
            self._ask(vehicle)

    def _ask(self, vehicle: str) -> None:
        drive = self._vehicle
        departed, lost, waited = self._under_way[vehicle]
        # While SUMO moves a vehicle past a jam it knows no loss of it.
        with suppress(*self._errors):
            lost = max(lost, float(drive.getTimeLoss(vehicle)))
            waited = float(drive.getParameter(vehicle, "device.tripinfo.waitingTime"))
        self._under_way[vehicle] = (departed, lost, waited)
