"""Entries and exits that the kernels wrote down: passages to charge, and vehicles to follow."""

from __future__ import annotations

import numpy as np

from models.traffic.engine import Passages, Rows
from models.traffic.passages import GONE, Entries
from models.traffic.queue.arrays import ARRIVED, ENDED, LINE, TRACED, Records
from models.traffic.queue.roster import Roster
from models.traffic.queue.simulation import Queues

ROOM = 4096
"""Lines for which there is room at first; grows by doubling."""


class Traced:
    """The lines of the trace, for two readers.

    Parameters
    ----------
    queues
        What moves the vehicles; its ``keep`` is :func:`room`.
    watched : (n_watched,) int64
        Links whose passages are charged.
    follow
        Whether somebody follows every vehicle.
    begin
        Time at tick 0, s.
    """

    def __init__(
        self, queues: Queues, roster: Roster, watched: Rows, begin: float, *, follow: bool
    ) -> None:
        self._queues, self._roster, self._begin, self._follow = queues, roster, begin, follow
        self._priced = np.zeros(queues.layout.links, dtype=bool)
        self._priced[watched] = True
        queues.state.links["watched"] = True if follow else self._priced
        self._to_charge = self._to_tell = np.empty(0, dtype=LINE)

    def _drain(self) -> None:
        """Take the new lines out of the trace."""
        state = self._queues.state
        lines: Records = state.trace[: state.counts[TRACED]].copy()
        state.counts[TRACED] = 0
        if self._follow:
            self._to_tell = np.concatenate([self._to_tell, lines])
        lines = lines[lines["link"] >= 0]
        charged = lines[self._priced[lines["link"]]]
        self._to_charge = np.concatenate([self._to_charge, charged])

    def passed(self) -> Passages:
        """Who entered watched edges since the last call."""
        self._drain()
        lines, self._to_charge = self._to_charge, self._to_charge[:0]
        names = np.array([self._roster.names[row] for row in lines["vehicle"]], dtype=np.str_)
        return Passages(names, lines["link"].astype(np.int64))

    def entered(self) -> Entries:
        """Who entered any edge or left the streets since the last call."""
        self._drain()
        lines, self._to_tell = self._to_tell, self._to_tell[:0]
        state = self._queues.state
        vehicles = state.vehicles[lines["vehicle"]]
        done = (vehicles["state"] == ARRIVED) | (vehicles["state"] == ENDED)
        enters = lines["link"] >= 0
        # Every exit is written; the one at which the trip ended says that the vehicle is gone.
        kept = enters | (done & (vehicles["arrive"] == lines["time"]))
        lines, vehicles, enters = lines[kept], vehicles[kept], enters[kept]
        links = state.links[np.where(enters, lines["link"], 0)]
        first = enters & (vehicles["started"] == lines["time"])
        return Entries(
            np.round((lines["time"] - self._begin) * 1000.0),
            lines["vehicle"].astype(np.int64),
            np.where(enters, lines["link"], GONE).astype(np.int64),
            np.where(first, vehicles["skip"], 0.0) * links["length"],
            np.where(enters, links["length"] / np.maximum(links["free_time"], 1e-3), 0.0),
        )


def room(watched: Rows, *, follow: bool) -> int:
    """Lines that the queues are to keep; 0 where nobody reads them, which costs nothing."""
    return ROOM if follow or len(watched) else 0
