"""Signal programs of SUMO as green windows of movements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.traffic.queue.arrays import PLAN, WINDOW, Floats, Ints, Records
from models.traffic.queue.layout import Layout
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.turn import Turn
from models.traffic.signals.programs import PLAN as PLAN_NAME
from models.traffic.sumo.inputs import read_text
from twin.city.city import City

YELLOW_USED = 1.0
"""Of the time after a green, what vehicles still use, s."""


@dataclass(frozen=True)
class Program:
    """A signal program.

    Attributes
    ----------
    offset
        s.
    phases
        Duration (s) and state of each.
    """

    offset: float
    phases: tuple[tuple[float, str], ...]

    @property
    def cycle(self) -> float:
        """Sum of the phases, s."""
        return sum(duration for duration, _ in self.phases)

    def greens(self, indices: Sequence[int], signs: str = "Gg") -> list[tuple[float, float]]:
        """When any of some places is green, merged; (from, to) within the cycle, s."""
        found: list[tuple[float, float]] = []
        time = 0.0
        for duration, state in self.phases:
            if any(i < len(state) and state[i] in signs for i in indices):
                if found and abs(found[-1][1] - time) < 1e-9:
                    found[-1] = (found[-1][0], time + duration)
                else:
                    found.append((time, time + duration))
            time += duration
        return found


def read_programs(network: Path, additional: Sequence[Path]) -> dict[str, dict[str, Program]]:
    """Programs of each signal by their ids; the last one read is the usual one, as in SUMO."""
    from xml.etree import ElementTree

    found: dict[str, dict[str, Program]] = {}
    for file in [network, *additional]:
        for item in ElementTree.fromstring(read_text(Path(file))).iter("tlLogic"):
            phases = tuple(
                (float(phase.get("duration", "0")), phase.get("state", ""))
                for phase in item.findall("phase")
            )
            if sum(duration for duration, _ in phases) <= 0.0:
                continue
            programs = found.setdefault(item.get("id", ""), {})
            name = item.get("programID", "")
            programs.pop(name, None)
            programs[name] = Program(float(item.get("offset", "0")), phases)
    return found


class SignalPlans:
    """Plans of all movements under all programs.

    Attributes
    ----------
    usual : (n_movements,) int32
        Plan under the usual program, -1 without a signal.
    plans, windows
        Records of the kernels.
    programs
        By row of the table ``signal``: movements and plans under each program in the order of their
        ids, the usual one first of all (index -1 + 1 = 0).
    lit, widths
        By row: movements and their places in the signal's states, and how many places there are.
    red_plan
        A plan that is never green.
    brought
        By row, the place among them of the one that a policy brings.
    gives_way
        Whether the movement must give way in a green of its usual program.
    red : (n_movements,) float64, s
        Mean wait for green of a vehicle that comes at any moment, r^2 / 2 C.
    """

    def __init__(
        self,
        city: City,
        turns: Sequence[Turn],
        programs: Mapping[str, Mapping[str, Program]],
        parameters: QueueParameters,
    ) -> None:
        self._loss = parameters.start_loss
        self._plans: list[tuple[float, float, int, int]] = []
        self._windows: list[tuple[float, float]] = []
        self.usual: Ints = np.full(len(turns), -1, dtype=np.int32)
        self.red: Floats = np.zeros(len(turns))
        self.gives_way = [False] * len(turns)
        self.share: Floats = np.ones(len(turns))
        by_light: dict[str, list[int]] = {}
        for row, turn in enumerate(turns):
            if turn.light in programs:
                by_light.setdefault(turn.light, []).append(row)
        self.red_plan = len(self._plans)
        self._plans.append((1.0, 0.0, 0, 0))
        made = {light: self._add(turns, rows, programs[light]) for light, rows in by_light.items()}
        ids = [str(signal) for signal in city["signal"].ids]
        self.programs = {row: made[light] for row, light in enumerate(ids) if light in made}
        self.lit = {
            row: (made[light][0][0], [turns[turn].indices for turn in by_light[light]])
            for row, light in enumerate(ids)
            if light in made
        }
        self.widths = {
            row: max(len(state) for one in programs[light].values() for _, state in one.phases)
            for row, light in enumerate(ids)
            if light in made
        }
        self.brought = {
            row: sorted(programs[light]).index(PLAN_NAME)
            for row, light in enumerate(ids)
            if light in made and PLAN_NAME in programs[light]
        }
        self.plans: Records = np.array(self._plans, dtype=PLAN)
        self.windows: Records = np.array(self._windows, dtype=WINDOW)

    def _add(
        self, turns: Sequence[Turn], rows: list[int], programs: Mapping[str, Program]
    ) -> list[tuple[Ints, Ints]]:
        usual = [program for name, program in programs.items() if name != PLAN_NAME][-1]
        for row in rows:
            self.gives_way[row] = bool(usual.greens(turns[row].indices, "g"))
        movements = np.array(rows, dtype=np.int32)
        found = []
        for program in [usual, *(programs[name] for name in sorted(programs))]:
            plans = np.array([self._plan(turns[row], program) for row in rows], dtype=np.int32)
            found.append((movements, plans))
        self.usual[movements] = found[0][1]
        for row, plan in zip(rows, found[0][1].tolist(), strict=True):
            if plan >= 0:
                self._account(row, plan)
        return found

    def _plan(self, turn: Turn, program: Program) -> int:
        """Row of a new plan; -1 where the movement is never green: then it is not held."""
        greens = [
            (begin + self._loss, end + YELLOW_USED)
            for begin, end in program.greens(turn.indices)
            if end + YELLOW_USED > begin + self._loss
        ]
        full = [1 for begin, end in program.greens(turn.indices) if end - begin >= program.cycle]
        if not greens or full:
            return -1
        first = len(self._windows)
        self._windows += greens
        self._plans.append((program.cycle, program.offset, first, len(self._windows)))
        return len(self._plans) - 1

    def _account(self, row: int, plan: int) -> None:
        cycle, _, first, end = self._plans[plan]
        green = sum(closes - opens for opens, closes in self._windows[first:end])
        self.share[row] = min(1.0, green / cycle)
        self.red[row] = max(0.0, cycle - green) ** 2 / (2.0 * cycle)

    def as_capacity(self, layout: Layout) -> None:
        """Let each movement pass at any time, with its green share as capacity and the mean wait.

        The capacity of a server is that of the movement with the largest share of green.
        """
        share = np.zeros(len(layout.server_gap))
        for row, group in enumerate(layout.group):
            for server in layout.group_servers[group]:
                share[server] = max(share[server], self.share[row])
        layout.server_gap = layout.server_gap / np.where(share > 0.0, share, 1.0)
        layout.hold = self.red
        # Without phases nobody is known to be red: who has green has it alone.
        layout.yields = [
            [] if plan >= 0 else listed
            for plan, listed in zip(self.usual.tolist(), layout.yields, strict=True)
        ]
        layout.plan = np.full(len(layout.plan), -1, dtype=np.int32)
