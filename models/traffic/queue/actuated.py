"""Actuated programs: phases in their order, greens as long as vehicles come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from models.traffic.queue.lights import Lights
from models.traffic.queue.network import Streets
from models.traffic.queue.sight import kernels
from models.traffic.queue.simulation import Queues
from models.traffic.signals.programs import Program

GAP = 3.0
"""SUMO's usual max-gap: a green goes on while the next vehicle comes within it, s."""
KINDS = ("actuated", "delay_based", "NEMA")


class Actuated:
    """The signals that run actuated programs.

    Parameters
    ----------
    usual, brought
        Programs by the row of the signal: the usual one, and the one that a policy brings.
    """

    def __init__(
        self,
        queues: Queues,
        streets: Streets,
        lights: Lights,
        usual: Mapping[int, Program],
        brought: Mapping[int, Program],
    ) -> None:
        self._queues, self._streets, self._lights = queues, streets, lights
        self._usual, self._brought = _adaptive(usual), _adaptive(brought)
        self._on: dict[int, _One] = {}

    def follow(self, index: Mapping[int, int]) -> None:
        """Take over the signals whose programs are actuated; {row: -1 or the brought one's}."""
        for row, value in index.items():
            known = self._usual if value < 0 else self._brought
            wanted = known.get(row) if value in (-1, self._streets.brought.get(row)) else None
            present = self._on.get(row)
            if wanted is None:
                if present is not None:
                    del self._on[row]
            elif present is None or present.program is not wanted:
                self._on[row] = _One(wanted)
                self._lights.setRedYellowGreenState(wanted.signal, self._on[row].state)

    @property
    def active(self) -> bool:
        """Whether some program is actuated."""
        return bool(self._on)

    def act(self, elapsed: float) -> None:
        """Let ``elapsed`` s pass at each signal."""
        for row in sorted(self._on):
            one = self._on[row]
            if one.go_on(elapsed, partial(self._comes, row, one)):
                self._lights.setRedYellowGreenState(one.program.signal, one.state)

    def _comes(self, row: int, one: _One) -> bool:
        """Whether a vehicle comes for some movement that is green."""
        movements, places = self._streets.lit[row]
        green = [any(one.state[i] in "Gg" for i in listed) for listed in places]
        wanted = movements[np.array(green, dtype=bool)]
        out = np.zeros(len(wanted), dtype=np.int8)
        kernels.comes(self._queues.state, wanted, GAP, self._queues.now, out)
        return bool(out.any())


def _adaptive(programs: Mapping[int, Program]) -> dict[int, Program]:
    return {row: program for row, program in programs.items() if program.kind in KINDS}


class _One:
    """One signal: its program, the phase that it shows, and for how long."""

    def __init__(self, program: Program) -> None:
        self.program, self._phase, self._shown = program, 0, 0.0

    @property
    def state(self) -> str:
        """What it shows."""
        return self.program.phases[self._phase].state

    def go_on(self, elapsed: float, comes: Callable[[], bool]) -> bool:
        """Let time pass; whether it shows another phase now."""
        phase = self.program.phases[self._phase]
        self._shown += elapsed
        longest = phase.longest if phase.green else phase.duration
        if self._shown < longest and (not phase.green or self._shown < phase.shortest or comes()):
            return False
        self._phase, self._shown = (self._phase + 1) % len(self.program.phases), 0.0
        return True
