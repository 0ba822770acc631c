"""Policies at signals: max-pressure control, actuated programs, another plan."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from models.traffic.signals import installed, plan, programs
from models.traffic.signals.claims import Claim, claim
from models.traffic.signals.installed import Controller, Movement
from twin.core.model import Parameters
from twin.core.random import uniforms
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View

Rows = npt.NDArray[np.int64]
PLAN_INDEX = 99.0
"""Value of ``traffic.signal_program`` for a program that a policy brings."""


class SignalParameters(Parameters):
    """Which signals, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    signals: tuple[str, ...] = Field(default=(), description="ids; all when left out")
    from_: ClockTime = Field(default="00:00", alias="from", description="local time")
    until: ClockEnd = Field(default="00:00", description="local time; from = until is all day")


class SignalPolicy(Policy):
    """Something at some signals between two times of each day."""

    parameters: SignalParameters
    period = minutes(1)
    value: ClassVar[tuple[float, float]]
    """Value of the control when it is on and when it is off."""

    def setup(self) -> None:
        """Find the signals.

        Raises
        ------
        ConfigError
            An unknown signal, or none that has a program.
        """
        table, p = self.city["signal"], self.parameters
        for signal in p.signals:
            if table.rows(np.array([signal]))[0] < 0:
                raise ConfigError(
                    f"there is no signal {signal!r}",
                    where=f"policy {self.name}, signals",
                    allowed=", ".join(map(str, table.ids[:8])) + (" ..." if len(table) > 8 else ""),
                )
        self._hours = DailyWindow.between(p.from_, p.until)
        wanted = set(p.signals or map(str, table.ids))
        known = programs.usual(self.city)
        self.programs = {key: program for key, program in known.items() if key in wanted}
        signals = frozenset(self.programs)
        claim(self.world, Claim(self.name, signals, self._hours, installs=self.acts[0]))
        self._rows = table.rows(np.array(self.install(), dtype=np.str_)).astype(np.int64)
        if not len(self._rows):
            raise ConfigError(
                "no signal of the city has a program with two greens",
                where=f"policy {self.name}",
                mend="the network came without signals, or `signals` names others",
            )

    def install(self) -> list[str]:
        """Put what is needed into the streets; ids of the signals."""
        raise NotImplementedError

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Switch at the two times."""
        inside = self._hours.turns(self.world.calendar, now, self.period)
        if inside is not None:
            yield Action(self.acts[0], self.value[0] if inside else self.value[1], self._rows)


class MaxPressureParameters(SignalParameters):
    """Of max-pressure control."""

    shortest: float = Field(default=15.0, ge=3, description="green at least, s")
    longest: float = Field(default=60.0, ge=5, description="green at most, s")
    cycle: float = Field(
        default=120.0, ge=20, description="a green that was not shown for so long comes first, s"
    )
    yellow: float = Field(default=3.0, ge=2, description="s")
    all_red: float = Field(default=1.0, ge=0, description="s")
    sight: float = Field(default=80.0, gt=5, description="length of a detector, m")
    failed: float = Field(default=0.0, ge=0, le=1, description="share of detectors out of order")


class MaxPressure(SignalPolicy):
    """Each signal shows the green that relieves most waiting vehicles, as its detectors see it."""

    name = "traffic.max_pressure"
    Parameters: ClassVar[type[Parameters]] = MaxPressureParameters
    parameters: MaxPressureParameters
    acts = ("traffic.signal_control",)
    value = (1.0, 0.0)

    def install(self) -> list[str]:
        """Write the detectors and the controllers into the run's folder."""
        p = self.parameters
        lanes = _lengths(self.world.city.network)
        links = [link for link in programs.links(self.city) if link.signal in self.programs]
        detectors: dict[str, tuple[str, float, float]] = {}
        for link in links:
            for lane, ahead in ((link.source, True), (link.target, False)):
                length = lanes.get(lane, 0.0)
                start = max(0.0, length - p.sight) if ahead else 0.0
                end = length if ahead else min(length, p.sight)
                if end - start > 1.0:
                    kind = "before" if ahead else "behind"
                    detectors[f"citytwin.{kind}.{lane}"] = (lane, start, end)
        ids = np.array(sorted(detectors), dtype=np.str_)
        draws = uniforms(self.world.streams.keys("traffic.detector", ids), np.uint64(0))
        works = {str(key) for key in ids[draws >= p.failed]}
        placed = self.world.announced.setdefault(installed.DETECTORS, {})
        placed.update(detectors)
        _write_detectors(self.world.scratch / installed.DETECTORS, placed)
        made = [self._controller(key, links, works) for key in sorted(self.programs)]
        kept = [controller for controller in made if len(controller.greens) > 1]
        installed.write([*installed.read(self.world.scratch), *kept], self.world.scratch)
        return [controller.signal for controller in kept]

    def _controller(self, signal: str, links: list[programs.Link], works: set[str]) -> Controller:
        p, mine = self.parameters, [link for link in links if link.signal == signal]
        served = dict.fromkeys((link.source for link in mine), 0)
        for link in mine:
            served[link.source] += 1
        movements = [
            Movement(
                link.index,
                _working(f"citytwin.before.{link.source}", works),
                _working(f"citytwin.behind.{link.target}", works),
                1.0 / served[link.source],
            )
            for link in mine
        ]
        phases = self.programs[signal].phases
        greens = tuple(dict.fromkeys(phase.state for phase in phases if phase.green))
        return Controller(
            signal, greens, tuple(movements), p.shortest, p.longest, p.cycle, p.yellow, p.all_red
        )


def _working(detector: str, works: set[str]) -> str:
    return detector if detector in works else ""


def _lengths(network: Path) -> dict[str, float]:
    """Length of each lane, m."""
    import sumolib

    net = sumolib.net.readNet(str(network))
    return {lane.getID(): lane.getLength() for edge in net.getEdges() for lane in edge.getLanes()}


def _write_detectors(file: Path, detectors: dict[str, tuple[str, float, float]]) -> None:
    lines = [
        f'<laneAreaDetector id="{key}" lane="{lane}" pos="{start:.2f}" endPos="{end:.2f}" '
        'period="3600" file="NUL"/>'
        for key, (lane, start, end) in sorted(detectors.items())
    ]
    file.write_text("\n".join(["<additional>", *lines, "</additional>", ""]), encoding="utf-8")


class PlanPolicy(SignalPolicy):
    """Programs that a policy brings, in place of the usual ones."""

    acts = ("traffic.signal_program",)
    value = (PLAN_INDEX, -1.0)

    def install(self) -> list[str]:
        """Write the programs into the run's folder."""
        made = self.plans()
        brought = self.world.announced.setdefault(installed.PLAN_FILE, [])
        brought += made
        programs.write(brought, self.world.scratch / installed.PLAN_FILE)
        return [program.signal for program, _ in made]

    def plans(self) -> list[tuple[programs.Program, programs.Program]]:
        """Each program with the one whose place it takes."""
        raise NotImplementedError


class ActuatedParameters(SignalParameters):
    """Of actuated programs."""

    kind: Literal["actuated", "delay_based"] = Field(
        default="actuated", description="by gaps at loops, or by the delay of vehicles in sight"
    )
    shortest: float = Field(default=5.0, ge=1, description="green at least, s")
    longest: float = Field(default=50.0, ge=5, description="green at most, s")


class Actuated(PlanPolicy):
    """The usual phases in their order, their greens as long as vehicles come (SUMO's programs)."""

    name = "traffic.actuated"
    Parameters: ClassVar[type[Parameters]] = ActuatedParameters
    parameters: ActuatedParameters

    def plans(self) -> list[tuple[programs.Program, programs.Program]]:
        """The usual programs, made adaptive."""
        p = self.parameters
        return [
            (programs.adaptive(program, p.kind, p.shortest, p.longest), program)
            for _, program in sorted(self.programs.items())
            if sum(phase.green for phase in program.phases) > 1
        ]


class PlanParameters(SignalParameters):
    """Of another signal plan."""

    file: Path = Field(
        description="the plan: SUMO's additional file with <tlLogic> elements, or TOML with a "
        "table for each signal (offset, greens)"
    )


class SignalPlan(PlanPolicy):
    """Another plan: offsets and green times, or whole programs."""

    name = "traffic.signal_plan"
    Parameters: ClassVar[type[Parameters]] = PlanParameters
    parameters: PlanParameters

    def plans(self) -> list[tuple[programs.Program, programs.Program]]:
        """The programs of the file.

        Raises
        ------
        DataError
            The file does not fit the city's signals.
        """
        return plan.plans(self.parameters.file, self.programs)
