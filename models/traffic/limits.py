"""Policies for some streets at some hours: a speed limit, a ban on trucks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic.streets import Rows, chosen, within
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class StreetParameters(Parameters):
    """Some streets at some hours."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    street: str | None = Field(default=None, description="name of the street")
    edges: tuple[str, ...] = Field(default=(), description="edge ids")
    area: tuple[float, float, float, float] | None = Field(
        default=None, description="west, south, east, north in degrees, in place of a street"
    )
    from_: ClockTime = Field(default="00:00", alias="from", description="local time")
    until: ClockEnd = Field(default="00:00", description="local time; all day when equal to from")


class OnStreets(Policy):
    """Holds within its hours on its streets; what was there before holds else."""

    parameters: StreetParameters
    period = minutes(1)

    def setup(self) -> None:
        """Find the streets.

        Raises
        ------
        ConfigError
            An unknown street (says the nearest names), none at all, or no street in the area.
        """
        p, where = self.parameters, f"policy {self.name}"
        if p.area is not None and p.street is None and not p.edges:
            rows = within(self.city, np.arange(len(self.city["edge"])), p.area)
        else:
            rows = chosen(self.city, p.street, p.edges, where)
        self._rows: Rows = rows[np.asarray(self.city["edge"]["car"])[rows]]
        if not len(self._rows):
            raise ConfigError(
                "no street that cars use is there",
                where=where,
                allowed="`street` (a name), `edges` (ids) or `area` (a box of degrees)",
            )
        self._hours = DailyWindow.between(p.from_, p.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Begin and end with the hours."""
        turns = self._hours.turns(self.world.calendar, now, self.period)
        if turns is None:
            return []
        column = self.world.state.columns[self.acts[0]]
        if turns:
            self._before = column[self._rows].copy()
        return [Action(self.acts[0], self.values() if turns else self._before, self._rows)]

    def values(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """What holds within the hours; (n_rows,) float64."""
        raise NotImplementedError


class LimitParameters(StreetParameters):
    """Of a speed limit."""

    speed: float = Field(default=30.0, ge=5, le=130, description="limit, km/h")


class SpeedLimit(OnStreets):
    """A speed limit on some streets at some hours; it may also be higher than the usual one."""

    name = "traffic.speed_limit"
    Parameters: ClassVar[type[Parameters]] = LimitParameters
    parameters: LimitParameters
    acts = ("traffic.speed_limit",)

    def values(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The limit."""
        return np.full(len(self._rows), self.parameters.speed / 3.6)


class NoTrucks(OnStreets):
    """Trucks go around some streets; who must deliver there may."""

    name = "traffic.no_trucks"
    Parameters: ClassVar[type[Parameters]] = StreetParameters
    acts = ("traffic.no_trucks",)

    def values(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Forbidden."""
        return np.ones(len(self._rows))
