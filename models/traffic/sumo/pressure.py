"""Max-pressure controllers at signals of SUMO: what they show, second by second."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.traffic.kernels import Floats
from models.traffic.signals.installed import Controller
from models.traffic.signals.pressure import kernels


class Pressures:
    """The controllers that a policy has installed.

    Parameters
    ----------
    api
        SUMO.
    controllers
        One a signal.
    signals
        Ids of the city's signals, in the order of its table.
    """

    def __init__(self, api: Any, controllers: list[Controller], signals: list[str]) -> None:
        self._of = {
            signals.index(controller.signal): _One(api, controller) for controller in controllers
        }
        self._on: set[int] = set()

    def apply(self, wanted: Floats) -> None:
        """Switch controllers on and off; (n_signals,), 1 is on."""
        for row, one in self._of.items():
            if wanted[row] > 0.5 and row not in self._on:
                one.begin()
                self._on.add(row)
            elif wanted[row] <= 0.5 and row in self._on:
                one.end()
                self._on.remove(row)

    @property
    def active(self) -> bool:
        """Whether some controller is on."""
        return bool(self._on)

    def act(self, elapsed: float) -> None:
        """Let each controller that is on look and decide; ``elapsed`` s since the last time."""
        for row in sorted(self._on):
            self._of[row].act(elapsed)


class _One:
    """A controller: shows a green, then yellow, all red, and the next green."""

    def __init__(self, api: Any, given: Controller) -> None:
        self._lights, self._area, self._given = api.trafficlight, api.lanearea, given
        self._green = np.array(
            [[green[m.index] in "Gg" for m in given.movements] for green in given.greens],
            dtype=np.bool_,
        )
        self._share = np.array([m.share for m in given.movements])
        self._pressure = np.zeros(len(given.greens))
        self._waited = np.zeros(len(given.movements))
        self._blind = np.array([not m.upstream for m in given.movements], dtype=np.bool_)
        self._now, self._next = 0, 0
        self._left = self._shown = 0.0
        self._before = ""

    def begin(self) -> None:
        """Take the signal over, with the green that is most like what it shows."""
        self._before = self._lights.getProgram(self._given.signal)
        shows = self._lights.getRedYellowGreenState(self._given.signal)
        alike = [
            sum(a in "Gg" and b in "Gg" for a, b in zip(shows, green, strict=True))
            for green in self._given.greens
        ]
        self._now = self._next = int(np.argmax(alike))
        self._left = self._shown = 0.0
        self._waited[:] = 0.0
        self._show(self._given.greens[self._now])

    def end(self) -> None:
        """Give the signal back to its program."""
        self._lights.setProgram(self._given.signal, self._before)

    def act(self, elapsed: float) -> None:
        """Go on with a change, or decide about the next."""
        before, behind = self._seen()
        # Where no detector works there may be somebody at any time, also on foot.
        self._waited = np.where((before > 0.0) | self._blind, self._waited + elapsed, 0.0)
        if self._next != self._now:
            self._change(elapsed)
            return
        self._shown += elapsed
        self._waited[self._green[self._now]] = 0.0
        given = self._given
        kernels.pressures(self._green, before, behind, self._pressure)
        unserved = np.where(self._green, self._waited, 0.0).max(axis=1, initial=0.0)
        chosen = kernels.choose(
            self._pressure, unserved, self._now, self._shown, given.shortest, given.longest,
            given.cycle,
        )  # fmt: skip
        if chosen != self._now:
            self._next, self._left = chosen, given.yellow + given.all_red
            self._show(_between(given.greens[self._now], given.greens[chosen], "y"))

    def _change(self, elapsed: float) -> None:
        given = self._given
        self._left -= elapsed
        if self._left <= 0.0:
            self._now, self._shown = self._next, 0.0
            self._show(given.greens[self._now])
        elif self._left <= given.all_red:
            self._show(_between(given.greens[self._now], given.greens[self._next], "r"))

    def _seen(self) -> tuple[Floats, Floats]:
        """Vehicles before each movement, and those that stand behind it, as detectors count them.

        Who drives away behind the junction does not count: a green would be ended by its own
        vehicles.
        """
        count, halted = self._area.getLastStepVehicleNumber, self._area.getLastStepHaltingNumber
        before = [count(m.upstream) if m.upstream else 0.0 for m in self._given.movements]
        behind = [halted(m.downstream) if m.downstream else 0.0 for m in self._given.movements]
        # The exit is shared by all who come; what weighs against one movement is its share.
        return np.array(before) * self._share, np.array(behind) * self._share

    def _show(self, state: str) -> None:
        self._lights.setRedYellowGreenState(self._given.signal, state)


def _between(now: str, after: str, ending: str) -> str:
    """What is shown between two greens: who stays green goes on, who loses it gets ``ending``."""
    return "".join(
        a if a in "Gg" and b in "Gg" else ending if a in "Gg" else ("r" if b in "Gg" else b)
        for a, b in zip(now, after, strict=True)
    )
