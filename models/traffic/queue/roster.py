"""Who the vehicles are, by their rows: names and classes, who has arrived, how fast buses are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.traffic.arrivals import CRUISE, Arrived
from models.traffic.queue.arrays import ARRIVED, DRIVING, ENDED, WAITING, Floats
from models.traffic.queue.emissions import electricity
from models.traffic.queue.simulation import Queues
from models.traffic.sumo.electric import CAPACITY, CLASSES, first_charge

Bools = npt.NDArray[np.bool_]


class Roster:
    """Names and classes of the vehicles, in the order of their rows.

    Attributes
    ----------
    names
        One a row.
    heavy, bus, electric : (n,) bool
        Trucks, buses, cars with a battery.
    """

    def __init__(self, queues: Queues, begin: float) -> None:
        self._queues, self._begin = queues, begin
        self.names: list[str] = []
        self.heavy: Bools = np.zeros(0, dtype=bool)
        self.bus: Bools = np.zeros(0, dtype=bool)
        self.electric: Bools = np.zeros(0, dtype=bool)
        self._told: Bools = np.zeros(0, dtype=bool)

    def add(self, names: Sequence[str], heavy: Bools, bus: Bools, electric: Bools) -> None:
        """Take in the vehicles that were just added to the queues."""
        self.names += names
        self.heavy = np.concatenate([self.heavy, heavy])
        self.bus = np.concatenate([self.bus, bus])
        self.electric = np.concatenate([self.electric, electric])
        self._told = np.concatenate([self._told, np.zeros(len(names), dtype=bool)])

    def arrived(self) -> Arrived:
        """Vehicles that reached their goal since the last call, by time, then name.

        One that a closure ends early is none of them, as in SUMO, but for a leg of a search.
        """
        state = self._queues.state
        vehicles = state.vehicles[: self._queues.vehicles]
        done = (vehicles["state"] == ARRIVED) | (vehicles["state"] == ENDED)
        rows = np.flatnonzero(done & ~self._told)
        self._told[rows] = True
        names = np.array([self.names[row] for row in rows], dtype=np.str_)
        ticks = np.round((vehicles["arrive"][rows] - self._begin) * 1000.0)
        order = np.lexsort((names, ticks))
        whole = (vehicles["state"][rows] == ARRIVED) | np.char.startswith(names, CRUISE)
        order = order[whole[order]]
        rows, names, ticks = rows[order], names[order], ticks[order]
        edge = np.empty(len(rows), dtype=np.int64)
        fixed = vehicles["position"][rows] >= 0
        edge[fixed] = state.routes[vehicles["last"][rows[fixed]]]
        edge[~fixed] = state.goals[vehicles["goal"][rows[~fixed]]]
        charge = np.full(len(rows), np.nan)
        for place in np.flatnonzero(self.electric[rows]).tolist():
            used = float(vehicles["driven"][rows[place]]) * _consumption() / CAPACITY
            charge[place] = max(0.0, first_charge(str(names[place])) - used)
        return Arrived(names, ticks, edge, self.electric[rows], charge)

    def bus_speed(self) -> float:
        """Mean speed of the buses so far, stops included, m/s; NaN without any."""
        vehicles = self._queues.state.vehicles[: self._queues.vehicles]
        buses = vehicles[self.bus & (vehicles["state"] != WAITING)]
        here = buses[buses["state"] == DRIVING]
        now = self._queues.now
        seconds = np.where(buses["state"] == DRIVING, now, buses["arrive"]) - buses["started"]
        if not seconds.sum() > 0.0:
            return float("nan")
        return float((buses["driven"].sum() - self._to_drive(here, now).sum()) / seconds.sum())

    def _to_drive(self, here: npt.NDArray[np.void], now: float) -> Floats:
        """Of its present link, which counts as driven from the entry on, the rest of each, m."""
        links = self._queues.state.links[here["at"]]
        span = np.maximum(here["ready"] - here["entered"], 1e-9)
        found: Floats = links["length"] * (1.0 - np.clip((now - here["entered"]) / span, 0.0, 1.0))
        return found


@lru_cache(maxsize=1)
def _consumption() -> float:
    """What a car with a battery draws, Wh/m."""
    return electricity(CLASSES["energy"])
