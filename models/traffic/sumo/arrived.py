"""Who has arrived in SUMO, which forgets a vehicle that is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.traffic.arrivals import CRUISE, Arrived
from models.traffic.sumo.cut import Cut
from models.traffic.sumo.electric import Batteries


class Watch:
    """Remembers where each vehicle goes, and reports those that have arrived.

    Parameters
    ----------
    api
        SUMO.
    edges
        SUMO edge ids, in the order of the city's table.
    batteries
        The electric vehicles.
    cut
        Trips that ended at a barrier.
    """

    def __init__(self, api: Any, edges: Sequence[str], batteries: Batteries, cut: Cut) -> None:
        self._vehicle = api.vehicle
        self._row = {edge: row for row, edge in enumerate(edges)}
        self._batteries, self._cut = batteries, cut
        self._names: list[str] = []
        self._ticks: list[float] = []
        self._rows: list[int] = []
        self._electric: list[bool] = []
        self._charge: list[float] = []
        self._goal: dict[str, int] = {}

    def look(self, tick: float, departed: Sequence[str], arrived: Sequence[str]) -> None:
        """Take in who departed and who arrived since the last look; an arrival is of this tick.

        The goal of a vehicle is asked when it departs; one that came and went between two looks is
        not seen. A trip that ended at a barrier is no arrival; a leg of a search that did is told,
        since its driver goes on with the next.
        """
        for name in arrived:
            (electric, charge), goal = self._batteries.last(name), self._goal.pop(name, -1)
            if name in self._cut.over and not name.startswith(CRUISE):
                continue
            self._names.append(name)
            self._ticks.append(tick)
            self._rows.append(goal)
            self._electric.append(electric)
            self._charge.append(charge)
        gone = set(arrived)
        there = [name for name in departed if name not in gone]
        for name in there:
            self._goal[name] = self._row.get(self._vehicle.getRoute(name)[-1], -1)
        self._batteries.look(there)

    def take(self) -> Arrived:
        """Arrivals since the last call, by tick, then name."""
        names = np.array(self._names, dtype=np.str_)
        ticks = np.array(self._ticks, dtype=np.float64)
        order = np.lexsort((names, ticks))
        found = Arrived(
            names[order],
            ticks[order],
            np.array(self._rows, dtype=np.int64)[order],
            np.array(self._electric, dtype=np.bool_)[order],
            np.array(self._charge, dtype=np.float64)[order],
        )
        for kept in (self._names, self._ticks, self._rows, self._electric, self._charge):
            kept.clear()
        return found
