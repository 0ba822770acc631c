"""What may happen to the grid."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from twin.core.model import Parameters, Process
from twin.errors import ConfigError
from twin.policy.policy import Event

SUPPLY = "energy.supply"
LINE_FAULT, TRANSFORMER_FAULT = "energy.line_fault", "energy.transformer_fault"


class OutageParameters(Parameters):
    """Which transformers are out, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    transformers: tuple[str, ...] = Field(
        (), description="Ids in the table transformer; none for all of them"
    )
    begin: str = Field(alias="from", description='Local time "HH:MM", or date and time')
    until: str = Field(description='Local time "HH:MM", or date and time')


class Outage(Event):
    """Transformers without supply from the medium voltage for a while."""

    name: ClassVar[str] = "energy.outage"
    Parameters = OutageParameters
    acts: ClassVar[tuple[str, ...]] = (SUPPLY,)
    parameters: OutageParameters

    def setup(self) -> None:
        """Find the transformers and the times.

        Raises
        ------
        ConfigError
            It ends before it begins.
        DataError
            No transformer has such an id.
        """
        table = self.city["transformer"]
        names = self.parameters.transformers or tuple(map(str, table.ids))
        self._rows = np.array([table.row(name) for name in names], dtype=np.int64)
        self._begin, self._end = self.span(self.parameters.begin, self.parameters.until)

    def process(self) -> Process:
        """Switch off, wait, switch on."""
        yield self.until(self._begin)
        self.act(SUPPLY, 0.0, self._rows)
        yield self.until(self._end)
        self.act(SUPPLY, 1.0, self._rows)


class FaultParameters(Parameters):
    """What breaks, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: tuple[str, ...] = Field((), description="Ids in the table line")
    transformers: tuple[str, ...] = Field((), description="Ids in the table transformer")
    draw: Literal["ring", "feeder", "transformer"] | None = Field(
        None, description="Or let chance choose one: a ring's cable, a street's, a transformer"
    )
    at: str = Field(description='Local time "HH:MM", or date and time')


class Fault(Event):
    """Lines or transformers break: protection opens, a crew finds, isolates and mends them."""

    name: ClassVar[str] = "energy.fault"
    Parameters = FaultParameters
    acts: ClassVar[tuple[str, ...]] = (LINE_FAULT, TRANSFORMER_FAULT)
    parameters: FaultParameters

    def setup(self) -> None:
        """Find what breaks and when.

        Raises
        ------
        ConfigError
            Nothing is named, or something is named and chance asked too.
        DataError
            No line or transformer has such an id.
        """
        p = self.parameters
        if bool(p.lines or p.transformers) == (p.draw is not None):
            raise ConfigError(
                "a fault needs either lines or transformers, or draw",
                where="energy.fault",
                allowed='lines = ["ring/0/1"], transformers = ["3"], or draw = "ring"',
            )
        line, unit = self.city["line"], self.city["transformer"]
        self._lines = np.array([line.row(name) for name in p.lines], dtype=np.int64)
        self._units = np.array([unit.row(name) for name in p.transformers], dtype=np.int64)
        self._at = self.moment(p.at)
        if self._at < 0:
            raise ConfigError(
                f"at {p.at!r} is before the run begins, {self.world.calendar.start:%Y-%m-%d %H:%M}",
                where="energy.fault at",
                mend="give a time within the run; of a later day with its date",
            )
        if p.draw is not None:
            self._draw(p.draw)

    def _draw(self, kind: Literal["ring", "feeder", "transformer"]) -> None:
        """One cable by its length, or one transformer; the same for a seed, whatever else."""
        draws = self.world.streams.generator(self.name, f"{kind}/{self.parameters.at}")
        if kind == "transformer":
            self._units = draws.integers(0, len(self.city["transformer"]), 1)
            return
        line = self.city["line"]
        medium = self.city["bus"]["voltage"][line["from_bus"]] > 1000.0
        weight = line["length"] * (medium == (kind == "ring"))
        if not weight.sum() > 0.0:
            raise ConfigError(
                f"this city's grid has no cable for draw = {kind!r}",
                where="energy.fault draw",
                mend="build the bundle anew for rings, or name lines",
            )
        self._lines = draws.choice(len(line), 1, p=weight / weight.sum())

    def process(self) -> Process:
        """Break them; who mends them is the grid's own matter."""
        yield self.until(self._at)
        for port, rows in ((LINE_FAULT, self._lines), (TRANSFORMER_FAULT, self._units)):
            if len(rows):
                self.act(port, 1.0, rows)
