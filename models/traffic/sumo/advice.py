"""Advice that reaches a share of the vehicles in SUMO."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from models.traffic.engine import Floats
from models.traffic.sumo.gates import CUSTOM
from twin.core.random import Streams, uniforms


class Advised:
    """Tells drivers the times of slow streets; who listens looks for a faster way.

    Attributes
    ----------
    changed
        Drivers who took another way so far.
    """

    def __init__(self, api: Any, edges: Sequence[str], seed: int) -> None:
        self._api, self._edges, self._streams = api, edges, Streams(seed)
        self._errors: tuple[type[Exception], ...] = (api.TraCIException, api.FatalTraCIError)
        self._now: Floats = np.zeros(len(edges))
        self._told: set[str] = set()
        self.changed = 0

    def tell(self, times: Floats, share: float) -> None:
        """Reach everybody on the way, once for each advice; (n_edges,) float64, s, 0 for none."""
        if (times != self._now).any():
            self._now[:] = times
            self._told.clear()
        rows = map(int, np.flatnonzero(times > 0.0))
        slow = {self._edges[row]: float(times[row]) for row in rows}
        if not slow or share <= 0.0:
            return
        present = self._api.vehicle.getIDList()
        fresh = [vehicle for vehicle in present if vehicle not in self._told]
        self._told.update(fresh)
        self._told.intersection_update(present)
        if not fresh:
            return
        keys = self._streams.keys("traffic.advice", np.array(fresh))
        for vehicle, draw in zip(fresh, uniforms(keys, np.uint64(0)), strict=True):
            if draw < share:
                self._advise(vehicle, slow)

    def _advise(self, vehicle: str, slow: dict[str, float]) -> None:
        drive = self._api.vehicle
        before = drive.getRoute(vehicle)
        left = before[max(0, drive.getRouteIndex(vehicle)) + 1 :]
        if not any(edge in slow for edge in left) or drive.getStops(vehicle, 1):
            return
        drive.setRoutingMode(vehicle, CUSTOM)
        for edge, seconds in slow.items():
            drive.setAdaptedTraveltime(vehicle, edge, seconds)
        with suppress(*self._errors):
            drive.rerouteTraveltime(vehicle, False)
        self.changed += drive.getRoute(vehicle) != before
