"""What happens on the streets: a closure and an accident."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from models.traffic.streets import Rows, chosen
from twin.core.model import Parameters, Process
from twin.core.time import minutes
from twin.policy.policy import Event


class ClosureParameters(Parameters):
    """Of a closure."""

    street: str | None = Field(default=None, description="name of the street")
    edges: tuple[str, ...] = Field(default=(), description="edge ids")
    from_: str = Field(alias="from", description="local time, or date and time")
    until: str | None = Field(
        default=None, description="local time; the end of the run when left out"
    )


class Closure(Event):
    """A street is closed to all but rescue services."""

    name = "traffic.closure"
    Parameters: ClassVar[type[Parameters]] = ClosureParameters
    acts = ("traffic.closed",)

    def setup(self) -> None:
        """Find the street and the times.

        Raises
        ------
        ConfigError
            An unknown street (says the nearest names), or an end before the beginning.
        """
        p, where = self.parameters, f"event {self.name}"
        self._rows = chosen(self.city, p.street, p.edges, where)
        self._from, self._until = self.span(p.from_, p.until)

    def process(self) -> Process:
        """Close, wait, open what was open before."""
        yield self.until(self._from)
        rows = self._rows[self.world.state.columns["traffic.closed"][self._rows] < 1.0]
        self.act("traffic.closed", 1.0, rows)
        if self._until is not None:
            yield self.until(self._until)
            self.act("traffic.closed", 0.0, rows)


class AccidentParameters(Parameters):
    """Of an accident."""

    street: str | None = Field(
        default=None, description="name of the street; one edge of it is drawn"
    )
    edges: tuple[str, ...] = Field(default=(), description="edge ids; one of them is drawn")
    at: str = Field(description="local time, or date and time")
    effect: Literal["blocks", "slows", "lanes"] = Field(
        default="blocks", description="blocks the edge, slows it, or blocks some of its lanes"
    )
    lanes: int = Field(default=1, ge=1, le=10, description="lanes that it blocks, from the right")
    duration: float = Field(default=45.0, gt=0, description="median until it is cleared, min")
    spread: float = Field(
        default=0.5, ge=0, le=2, description="standard deviation of the logarithm of the duration"
    )
    speed: float = Field(
        default=10.0, ge=2, le=130, description="speed past it when it slows, km/h"
    )


class Accident(Event):
    """An accident blocks one edge or some of its lanes, or slows it, for a while.

    The duration is log-normal, as incident durations are found to be (Golob, Recker & Leonard
    1987); edge and duration are drawn from the accident's own stream.
    """

    name = "traffic.accident"
    Parameters: ClassVar[type[Parameters]] = AccidentParameters
    acts = ("traffic.closed", "traffic.speed_limit", "traffic.lanes_closed")

    def setup(self) -> None:
        """Draw the place and the duration.

        Raises
        ------
        ConfigError
            An unknown street or edge.
        """
        p = self.parameters
        self._at = self.moment(p.at)
        rows = chosen(self.city, p.street, p.edges, f"event {self.name}")
        draws = self.world.streams.generator("traffic.accident", f"{p.street}/{p.edges}/{p.at}")
        self._row: Rows = rows[[int(draws.integers(len(rows)))]]
        self._lasts = minutes(p.duration * float(np.exp(p.spread * draws.standard_normal())))

    def process(self) -> Process:
        """Block or slow the edge, then give it back as it was."""
        yield self.until(self._at)
        port, value = {
            "blocks": ("traffic.closed", 1.0),
            "slows": ("traffic.speed_limit", self.parameters.speed / 3.6),
            "lanes": ("traffic.lanes_closed", float(self.parameters.lanes)),
        }[self.parameters.effect]
        before = self.world.state.columns[port][self._row].copy()
        self.act(port, value, self._row)
        yield self.until(self._at + max(1, self._lasts))
        self.act(port, before, self._row)
