"""Screenlines and cordons: who crosses a line over the streets, whether it costs or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, field_validator

from models.traffic.cordon import Box, Place, crossed
from models.traffic.engine import Passages, Rows
from models.traffic.fleet import BASE, BASES, NAMES
from twin.city.city import City
from twin.core.indicator import Indicator
from twin.core.log import Log
from twin.core.model import Parameters
from twin.core.time import Calendar, ClockEnd, ClockTime, DailyWindow, Tick

CROSSINGS = Indicator("traffic.crossings", "veh", "neutral", "municipality")
IN_HOURS = Indicator("traffic.crossings_in_hours", "veh", "neutral", "municipality", headline=True)
OF_KINDS = Indicator("traffic.crossings_of_kinds", "veh", "neutral", "municipality")
INDICATORS = (CROSSINGS, IN_HOURS, OF_KINDS)
"""What a line measures; each line of a run has its own, ``traffic.crossings:NAME``."""


class ScreenlineParameters(Parameters):
    """A line over the streets."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(default="cordon", min_length=1, description="by which its rows are told")
    area: Box | None = Field(default=None, description="west, south, east, north in degrees")
    polygon: tuple[Place, ...] = Field(
        default=(), description="corners as [longitude, latitude], in place of a box"
    )
    edges: tuple[str, ...] = Field(default=(), description="ids of edges, in place of an area")
    crossings: Literal["inward", "outward", "both"] = Field(
        default="inward", description="which crossings of the border of an area are counted"
    )
    hours: tuple[tuple[ClockTime, ClockEnd], ...] = Field(
        default=(), description="local times between which crossings are also counted apart"
    )
    weekends: bool = Field(default=True, description="whether the hours hold on weekends too")
    kinds: tuple[str, ...] = Field(
        default=(), description="kinds of vehicles counted apart in the hours, such as diesel_4"
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in NAMES:
                raise ValueError(f"there is no kind {kind!r}; there are {', '.join(NAMES)}")
        return kinds


class _Line:
    """What has crossed one line."""

    def __init__(self, city: City, calendar: Calendar, p: ScreenlineParameters) -> None:
        where = f"model.traffic.screenlines, {p.name}"
        self.p = p
        self.edges = crossed(city, p.area, p.polygon, p.edges, p.crossings, where)
        self._calendar = calendar
        self._hours = [DailyWindow.between(*ends) for ends in p.hours]
        self._kinds = {NAMES.index(kind) for kind in p.kinds}
        self.crossings = self.in_hours = self.of_kinds = 0
        self.by_class: dict[str, int] = {}

    def count(self, passed: Passages, kinds: Sequence[int], moment: Tick) -> None:
        """Take in passages of about this moment, with the kind of each vehicle."""
        over = np.flatnonzero(self.edges[passed.edges]).tolist()
        held = self._holds(moment)
        self.crossings += len(over)
        for row in over:
            kind = kinds[row]
            name = BASES[BASE[kind]] if kind >= 0 else "other"
            self.by_class[name] = self.by_class.get(name, 0) + 1
            self.in_hours += held
            self.of_kinds += held and kind in self._kinds

    def _holds(self, moment: Tick) -> bool:
        if not self.p.weekends and self._calendar.local(moment).weekday() >= 5:
            return False
        return not self._hours or any(h.contains(self._calendar, moment) for h in self._hours)

    def indicators(self) -> list[tuple[Indicator, float]]:
        """What is told of it: hours and kinds only where it has some."""
        found = [(CROSSINGS, self.crossings)]
        if self.p.hours:
            found.append((IN_HOURS, self.in_hours))
        if self.p.kinds:
            found.append((OF_KINDS, self.of_kinds))
        return [
            (Indicator(f"{i.name}:{self.p.name}", i.unit, i.better, i.stakeholder, i.headline), n)
            for i, n in found
        ]


class Screenlines:
    """The lines of a run.

    Attributes
    ----------
    watched : (n_watched,) int64, edge row
        Edges on which somebody must tell who passes.
    """

    def __init__(
        self, city: City, calendar: Calendar, lines: Sequence[ScreenlineParameters]
    ) -> None:
        self._lines = [_Line(city, calendar, line) for line in lines]
        flags = [line.edges for line in self._lines]
        self.watched: Rows = (
            np.flatnonzero(np.any(flags, axis=0)) if flags else np.empty(0, dtype=np.int64)
        )
        self._kinds: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    def expect(self, names: npt.NDArray[np.str_], kinds: Rows) -> None:
        """Remember what vehicles are; ``kinds`` (n,) are indices into ``fleet.NAMES``."""
        if self._lines:
            self._kinds.update(zip(names.tolist(), kinds.tolist(), strict=True))

    def count(self, passed: Passages, begin: Tick, end: Tick) -> None:
        """Take in the passages of a step."""
        if not len(passed.edges):
            return
        kinds = [self._kinds.get(str(name), -1) for name in passed.names]
        for line in self._lines:
            line.count(passed, kinds, (begin + end) // 2)

    def indicators(self) -> list[Indicator]:
        """What the lines measure, line by line."""
        return [indicator for line in self._lines for indicator, _ in line.indicators()]

    def measure(self) -> dict[str, float]:
        """Their values."""
        pairs = [pair for line in self._lines for pair in line.indicators()]
        return {indicator.name: float(value) for indicator, value in pairs}

    def report(self, log: Log, now: Tick) -> None:
        """Log the crossings of each line by class of vehicle."""
        for line in self._lines:
            if line.by_class:
                counts = dict(sorted(line.by_class.items()))
                log.add(now, "traffic.crossed", line.p.name, **counts)
