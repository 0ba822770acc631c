"""Which edge every vehicle of SUMO enters, second by second, for those who follow vehicles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.traffic.passages import GONE, Entries

ROAD_ID = 0x50
"""SUMO's VAR_ROAD_ID."""
INSIDE = ":"
"""Edges inside junctions begin with it."""


class Followed:
    """Asks SUMO after each second on which edge every vehicle is, by a subscription.

    An entry is of the second after which the vehicle was first seen there; its place says how far
    it had come by then. An edge that is passed within a second is not seen.

    Parameters
    ----------
    api
        SUMO.
    edges
        SUMO edge ids, in the order of the city's table.
    """

    def __init__(self, api: Any, edges: Sequence[str]) -> None:
        self._vehicle = api.vehicle
        self._row = {edge: row for row, edge in enumerate(edges)}
        self._number: dict[str, int] = {}
        self._at: dict[str, str] = {}
        self._lines: list[tuple[float, int, int, float, float]] = []

    def look(self, tick: float, departed: Sequence[str], arrived: Sequence[str]) -> None:
        """Take in who departed, who arrived and who is on another edge since the last second."""
        gone = set(arrived)
        for name in sorted(gone):
            self._leave(tick, name)
        for name in departed:
            if name not in gone:
                self._number[name] = len(self._number)
                self._at[name] = ""
                self._vehicle.subscribe(name, [ROAD_ID])
        at = self._at
        for name, found in self._vehicle.getAllSubscriptionResults().items():
            road = found[ROAD_ID]
            if road != at.get(name, road) and not road.startswith(INSIDE):
                at[name] = road
                self._enter(tick, name, road)

    def _leave(self, tick: float, name: str) -> None:
        if self._at.pop(name, None) is not None:
            self._lines.append((tick, self._number[name], GONE, 0.0, 0.0))

    def _enter(self, tick: float, name: str, road: str) -> None:
        """A vehicle is on an edge of the city, on one that is not in its table, or on none."""
        row, drive = self._row.get(road, GONE), self._vehicle
        place = speed = 0.0
        if row != GONE:
            place, speed = float(drive.getLanePosition(name)), float(drive.getAllowedSpeed(name))
        self._lines.append((tick, self._number[name], row, place, speed))

    def take(self) -> Entries:
        """Entries since the last call, by time, then vehicle."""
        lines = np.array(sorted(self._lines), dtype=np.float64).reshape(-1, 5)
        self._lines.clear()
        return Entries(
            lines[:, 0],
            lines[:, 1].astype(np.int64),
            lines[:, 2].astype(np.int64),
            np.maximum(lines[:, 3], 0.0),
            lines[:, 4],
        )
