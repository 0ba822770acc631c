"""Controls that reach SUMO: speed limits and signal programs, applied only where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.traffic.kernels import Floats
from models.traffic.signals.programs import PLAN, USUAL
from models.traffic.sumo.inputs import Lanes
from twin.errors import ModelError

BROUGHT = 99
"""Index of a program that a policy brings."""


class SpeedLimits:
    """The limit of each edge.

    Parameters
    ----------
    api
        SUMO.
    lanes
        Lanes of the city; each keeps a limit of its own until its edge is given another.
    limit : (n,) float64, m/s
        Limits of the edges as they are.
    """

    def __init__(self, api: Any, edges: Sequence[str], lanes: Lanes, limit: Floats) -> None:
        self._api, self._edges, self._lanes = api, edges, lanes
        self._usual = limit.copy()
        self._now = limit.copy()
        self._own: dict[int, list[tuple[str, float]]] = {}

    def apply(self, wanted: Floats) -> None:
        """Make the limits those of the control column; (n,) float64, m/s."""
        for row in map(int, np.flatnonzero(wanted != self._now)):
            lanes = self._limits(row)
            if wanted[row] == self._usual[row]:
                for lane, speed in lanes:
                    self._api.lane.setMaxSpeed(lane, speed)
            else:
                self._api.edge.setMaxSpeed(self._edges[row], float(wanted[row]))
        self._now[:] = wanted

    def _limits(self, row: int) -> list[tuple[str, float]]:
        """Lanes of an edge with their limits before anybody touched them."""
        if row not in self._own:
            ids = [self._lanes.ids[i] for i in np.flatnonzero(self._lanes.edge == row)]
            self._own[row] = [(lane, self._api.lane.getMaxSpeed(lane)) for lane in ids]
        return self._own[row]


class Signals:
    """The program of each traffic light."""

    def __init__(self, api: Any, signals: Sequence[str]) -> None:
        self._api, self._signals = api, signals
        self._now: Floats = np.full(len(signals), -1.0)
        self._usual: dict[int, str] = {}
        for row, signal in enumerate(signals):
            # A program that a policy brings is loaded last, and SUMO would begin with it.
            if api.trafficlight.getProgram(signal) == PLAN:
                self._usual[row] = api.trafficlight.getParameter(signal, USUAL)
                api.trafficlight.setProgram(signal, self._usual[row])

    def apply(self, wanted: Floats) -> None:
        """Switch programs to those of the control column: an index, -1 the usual one.

        Raises
        ------
        ModelError
            A signal has no program of that index.
        """
        for row in np.flatnonzero(wanted != self._now):
            self._switch(int(row), int(wanted[row]))
        self._now[:] = wanted

    def _switch(self, row: int, index: int) -> None:
        signal, lights = self._signals[row], self._api.trafficlight
        usual = self._usual.setdefault(row, lights.getProgram(signal))
        if index == BROUGHT:
            lights.setProgram(signal, PLAN)
            return
        known = [logic.programID for logic in lights.getAllProgramLogics(signal)]
        if index >= len(known):
            raise ModelError(
                f"signal {signal!r} has no program {index}",
                where="traffic.signal_program",
                allowed="-1, " + ", ".join(f"{i} ({name})" for i, name in enumerate(known)),
            )
        lights.setProgram(signal, usual if index < 0 else known[index])
