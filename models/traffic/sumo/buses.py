"""Bus lanes, and how fast buses are."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from models.traffic.kernels import Floats
from models.traffic.sumo.inputs import Lanes

MAY = ["bus", "coach", "taxi", "emergency", "authority", "bicycle"]
"""Classes that a bus lane is for."""


class BusLanes:
    """Lanes reserved for buses, applied where the control has changed.

    Parameters
    ----------
    api
        SUMO.
    lanes
        Lanes of the city.
    """

    def __init__(self, api: Any, lanes: Lanes) -> None:
        self._lane, self._lanes = api.lane, lanes
        self._now: Floats | None = None
        self._before: dict[str, tuple[list[str], list[str]]] = {}

    def apply(self, wanted: Floats) -> None:
        """Reserve as many lanes, from the kerb on, as the control says; (n_edges,)."""
        now = np.zeros_like(wanted) if self._now is None else self._now
        for row in map(int, np.flatnonzero(wanted != now)):
            ids = [self._lanes.ids[i] for i in np.flatnonzero(self._lanes.edge == row)]
            for number, lane in enumerate(ids):
                self._set(lane, number < round(wanted[row]))
        self._now = wanted.copy()

    def _set(self, lane: str, reserved: bool) -> None:
        if reserved and lane not in self._before:
            may = (list(self._lane.getAllowed(lane)), list(self._lane.getDisallowed(lane)))
            self._before[lane] = may
            self._lane.setAllowed(lane, MAY)
        elif not reserved and lane in self._before:
            allowed, disallowed = self._before.pop(lane)
            if allowed:
                self._lane.setAllowed(lane, allowed)
            else:
                self._lane.setDisallowed(lane, disallowed)


class Buses:
    """Mean speed of the buses, stops included.

    Attributes
    ----------
    seconds, metres
        Vehicle seconds and metres so far.
    """

    def __init__(self, api: Any) -> None:
        self._vehicle = api.vehicle
        self._errors: tuple[type[Exception], ...] = (api.TraCIException, api.FatalTraCIError)
        self._there: list[str] = []
        self.seconds = self.metres = 0.0

    def look(
        self,
        interval: float,
        departed: Sequence[str],
        arrived: Sequence[str],
        held: Container[str] = (),
    ) -> None:
        """Take one sample that stands for the last ``interval`` s; who is held does not count."""
        gone = set(arrived)
        fresh = [v for v in departed if v not in gone and self._vehicle.getVehicleClass(v) == "bus"]
        self._there = [v for v in (*self._there, *fresh) if v not in gone]
        for bus in [bus for bus in self._there if bus not in held]:
            # A bus that SUMO moves past a jam is nowhere for a while: it says a negative speed, or
            # is not known at all.
            with suppress(*self._errors):
                speed = self._vehicle.getSpeed(bus)
                if speed >= 0.0:
                    self.seconds += interval
                    self.metres += interval * speed

    @property
    def speed(self) -> float:
        """m/s; NaN without a bus."""
        return self.metres / self.seconds if self.seconds else float("nan")
