"""Which buses came to their stops and left them, in queues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Calls
from models.traffic.queue.arrays import ARRIVED, ENDED, Ints
from models.traffic.queue.demand import Halt
from models.traffic.queue.roster import Roster
from models.traffic.queue.simulation import Queues

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class BusCalls:
    """Follows the stops that have numbers.

    Parameters
    ----------
    begin
        Start of the run, s.
    """

    def __init__(self, queues: Queues, roster: Roster, begin: float) -> None:
        self._queues, self._roster, self._begin = queues, roster, begin
        self._stop, self._vehicle, self._number = np.empty((3, 0), dtype=np.int64)
        self._came: Bools = np.zeros(0, dtype=np.bool_)
        self._left: Bools = np.zeros(0, dtype=np.bool_)
        self._gone: set[int] = set()

    def add(self, vehicles: Longs, first: Ints, stops: Sequence[Sequence[Halt]]) -> None:
        """Follow vehicles whose stops begin at some row of ``State.stops``."""
        found = [
            (row + k, vehicle, halt.number)
            for vehicle, row, halts in zip(vehicles.tolist(), first.tolist(), stops, strict=True)
            for k, halt in enumerate(halts)
            if halt.number >= 0
        ]
        if found:
            self._append(np.array(found, dtype=np.int64).T)

    def _append(self, more: Longs) -> None:
        self._stop, self._vehicle, self._number = np.concatenate(
            [[self._stop, self._vehicle, self._number], more], axis=1
        )
        news = np.zeros(more.shape[1], dtype=np.bool_)
        self._came, self._left = (np.concatenate([old, news]) for old in (self._came, self._left))

    def moved(self, vehicle: int, old: Sequence[int], first: int) -> None:
        """A vehicle serves the stops of some rows from other rows on, from ``first``."""
        number = dict(zip(self._stop.tolist(), self._number.tolist(), strict=True))
        found = [(first + k, vehicle, number[row]) for k, row in enumerate(old) if row in number]
        if found:
            self._append(np.array(found, dtype=np.int64).T)

    def take(self) -> Calls:
        """What happened since the last call."""
        now, state = self._queues.now, self._queues.state
        came, left = (state.stops[name][self._stop] for name in ("came", "left"))
        fresh = np.flatnonzero(((came <= now) & ~self._came) | ((left <= now) & ~self._left))
        self._came |= came <= now
        self._left |= left <= now
        gone = self._now_gone()
        vehicles = [*self._vehicle[fresh].tolist(), *gone]
        nothing = np.full(len(gone), np.nan)
        leaves = np.where(left[fresh] <= now, left[fresh], np.nan)
        return Calls(
            np.array([self._roster.names[row] for row in vehicles], dtype=np.str_),
            np.concatenate([self._number[fresh], np.full(len(gone), -1)]),
            np.concatenate([came[fresh], nothing]) - self._begin,
            np.concatenate([leaves, nothing]) - self._begin,
        )

    def _now_gone(self) -> list[int]:
        rows = np.unique(self._vehicle)
        state = self._queues.state.vehicles["state"][rows]
        done = rows[(state == ARRIVED) | (state == ENDED)].tolist()
        found = [row for row in done if row not in self._gone]
        self._gone.update(found)
        return found
