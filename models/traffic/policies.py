"""Policies on the streets: a speed zone, and another signal program at certain hours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic.signals import programs
from models.traffic.signals.claims import Claim, claim
from models.traffic.streets import by_class, within
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View

FAST_ROADS = ("motorway", "motorway_link", "trunk", "trunk_link")


class ZoneParameters(Parameters):
    """Of a speed zone."""

    speed: float = Field(default=30.0, ge=5, le=130, description="limit, km/h")
    roads: tuple[str, ...] = Field(
        default=(), description="OSM classes; all but motorways and trunk roads when left out"
    )
    area: tuple[float, float, float, float] | None = Field(
        default=None,
        description="west, south, east, north in degrees; the whole city when left out",
    )


class Zone30(Policy):
    """A lower speed limit on streets of some classes, in a part of the city or in all of it."""

    name = "traffic.zone_30"
    Parameters: ClassVar[type[Parameters]] = ZoneParameters
    acts = ("traffic.speed_limit",)
    period = minutes(60)

    def setup(self) -> None:
        """Find the streets.

        Raises
        ------
        ConfigError
            A class that the city does not have, or no street in the area.
        """
        table, p = self.city["edge"], self.parameters
        if p.roads:
            rows = by_class(self.city, p.roads, f"policy {self.name}, roads")
        else:
            rows = np.flatnonzero(~np.isin(table["road"], FAST_ROADS) & table["car"])
        self._rows = within(self.city, rows, p.area)
        if not len(self._rows):
            raise ConfigError(
                "no street lies in the zone",
                where=f"policy {self.name}, area",
                allowed="a box of degrees (west, south, east, north) that holds streets",
            )
        self._set = False

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Set the limit once; streets that are slower already stay so."""
        if self._set:
            return []
        self._set = True
        limit = self.world.state.columns["traffic.speed_limit"][self._rows]
        return [
            Action(
                "traffic.speed_limit", np.minimum(limit, self.parameters.speed / 3.6), self._rows
            )
        ]


class ProgramParameters(Parameters):
    """Of a switch of signal programs."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    program: int = Field(ge=0, description="index among the programs of each signal")
    signals: tuple[str, ...] = Field(default=(), description="ids; all when left out")
    from_: ClockTime = Field(default="00:00", alias="from", description="local time")
    until: ClockEnd = Field(default="24:00", description="local time")


class SignalProgram(Policy):
    """Another program on some signals between two times of each day, the usual one else."""

    name = "traffic.signal_program"
    Parameters: ClassVar[type[Parameters]] = ProgramParameters
    acts = ("traffic.signal_program",)
    period = minutes(1)

    def setup(self) -> None:
        """Find the signals.

        Raises
        ------
        ConfigError
            An unknown signal, or one without that program.
        """
        p, table = self.parameters, self.city["signal"]
        self._rows = np.arange(len(table)) if not p.signals else self._find(p.signals)
        signals = [str(key) for key in table.ids[self._rows]]
        self._check_programs(signals)
        self._hours = DailyWindow.between(p.from_, p.until)
        claim(self.world, Claim(self.name, frozenset(signals), self._hours))
        self._now = -1.0

    def _check_programs(self, signals: Iterable[str]) -> None:
        known = programs.names(self.city)
        for signal in signals:
            # A signal that no file gives a program is left to the engine.
            if 0 < len(known.get(signal, ())) <= self.parameters.program:
                raise ConfigError(
                    f"signal {signal!r} has no program {self.parameters.program}",
                    where=f"policy {self.name}, program",
                    allowed=", ".join(f"{i} ({name})" for i, name in enumerate(known[signal])),
                    mend="name in `signals` those that have it",
                )

    def _find(self, signals: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        table = self.city["signal"]
        rows = table.rows(np.array(signals, dtype=np.str_)).astype(np.int64)
        if (rows < 0).any():
            raise ConfigError(
                f"there is no signal {signals[int(np.argmin(rows))]!r}",
                where=f"policy {self.name}, signals",
                allowed=", ".join(map(str, table.ids[:8])) + (" ..." if len(table) > 8 else ""),
            )
        return rows

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Switch at the two times."""
        inside = self._hours.contains(self.world.calendar, now)
        wanted = float(self.parameters.program) if inside else -1.0
        if wanted == self._now:
            return []
        self._now = wanted
        return [Action("traffic.signal_program", wanted, self._rows)]
