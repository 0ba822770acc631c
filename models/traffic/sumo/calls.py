"""Which buses came to their stops and left them, as SUMO tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from models.traffic.engine import Calls


class BusCalls:
    """Collects what happens at the stops whose ``actType`` is their number.

    Parameters
    ----------
    api
        SUMO.
    begin
        Its time at the start of the run, s.
    """

    def __init__(self, api: Any, begin: float) -> None:
        self._api, self._begin = api, begin
        self._buses: set[str] = set()
        self._seen: list[tuple[str, int, float, float]] = []

    def look(self, arrived: Iterable[str]) -> None:
        """Take in the last advance of SUMO, after which it forgets who came and left."""
        vehicle, happened = self._api.vehicle, self._api.simulation
        gone = set(arrived)
        for bus in happened.getStopStartingVehiclesIDList():
            if bus not in gone:
                self._take(bus, vehicle.getStops(bus, 1), there=True)
        for bus in happened.getStopEndingVehiclesIDList():
            # Who stood at the very end of its way is no vehicle any more; its arrival is known.
            if bus not in gone:
                self._take(bus, vehicle.getStops(bus, -1), there=False)
        for bus in sorted(gone & self._buses):
            self._buses.discard(bus)
            self._seen.append((bus, -1, np.nan, np.nan))

    def _take(self, bus: str, stops: Any, *, there: bool) -> None:
        if not stops or not stops[0].actType.isdigit():
            return
        stop = stops[0]
        self._buses.add(bus)
        left = np.nan if there else stop.depart - self._begin
        self._seen.append((bus, int(stop.actType), stop.arrival - self._begin, left))

    def take(self) -> Calls:
        """What was collected since the last call."""
        seen, self._seen = self._seen, []
        names, numbers, came, left = zip(*seen, strict=True) if seen else ((), (), (), ())
        return Calls(
            np.array(names, dtype=np.str_),
            np.array(numbers, dtype=np.int64),
            np.array(came, dtype=np.float64),
            np.array(left, dtype=np.float64),
        )
