"""What happens to lamps: an incident lights a place, a cabinet fails."""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.lighting.select import Rows, near, on_street
from twin.core.controls import Controls
from twin.core.model import Parameters, Process
from twin.core.random import uniforms
from twin.core.world import World
from twin.errors import ConfigError
from twin.policy.policy import Event

Integers = npt.NDArray[np.integer]
Holds = dict[str, list[tuple[float, Integers]]]


class _Timed(Event):
    """An event with ``from`` and, perhaps, ``until``."""

    def times(self) -> None:
        """Read the times.

        Raises
        ------
        ConfigError
            The end is not after the beginning.
        """
        self.begin, self.end = self.span(self.parameters.from_, self.parameters.until)

    def hold(self, port: str, value: float, rows: Integers, *, free: float) -> Process:
        """Set a control of some rows from the beginning to the end.

        Where several events hold a row, the last that began wins; when it ends, the one before it,
        and when none is left the row is free.
        """
        yield self.until(self.begin)
        held = _holds(self.world).setdefault(port, [])
        mine = (value, rows)
        held.append(mine)
        self.act(port, value, rows)
        if self.end is None:
            return
        yield self.until(self.end)
        held[:] = [other for other in held if other is not mine]
        column = self.world.state.columns[port].copy()
        column[rows] = free
        for level, others in held:
            column[np.intersect1d(rows, others)] = level
        self.act(port, column[rows], rows)


_HOLDS: WeakKeyDictionary[Controls, Holds] = WeakKeyDictionary()
"""What the events of each run hold, in the order in which they began."""


def _holds(world: World) -> Holds:
    return _HOLDS.setdefault(world.controls, {})


class OverrideParameters(Parameters):
    """Of a manual override: a street, or a place and its surroundings."""

    street: str | None = Field(default=None, description="name of the street")
    longitude: float | None = Field(default=None, ge=-180, le=180, description="of the place")
    latitude: float | None = Field(default=None, ge=-90, le=90, description="of the place")
    radius: float = Field(default=150.0, gt=0.0, description="around the place, m")
    level: float = Field(default=1.0, ge=0.0, le=1.0, description="level, 1")
    from_: str = Field(alias="from", description="local time, or date and time")
    until: str | None = Field(default=None, description="local time; to the end when left out")


class Override(_Timed):
    """Lamps at an incident are set by hand; it wins over dimming, presence and daylight."""

    name = "lighting.override"
    Parameters: ClassVar[type[Parameters]] = OverrideParameters
    acts = ("lighting.override",)

    def setup(self) -> None:
        """Find the lamps and the times.

        Raises
        ------
        ConfigError
            No place is given, or there is no such street or no lamp near.
        """
        self.times()
        self._rows = self._found()

    def _found(self) -> Rows:
        p, who = self.parameters, f"event {self.name}"
        if p.street is not None:
            return on_street(self.city, p.street, who)
        if p.longitude is None or p.latitude is None:
            raise ConfigError(
                f"{who}: it is not said where", allowed="`street`, or `longitude` and `latitude`"
            )
        return near(self.city, p.longitude, p.latitude, p.radius, who)

    def process(self) -> Process:
        """Set the level, wait, give the lamps back."""
        yield from self.hold("lighting.override", self.parameters.level, self._rows, free=-1.0)


class CabinetOutParameters(Parameters):
    """Of cabinets that fail: which, or how many."""

    cabinets: tuple[str, ...] = Field(default=(), description="ids")
    count: int = Field(default=1, ge=1, description="how many are drawn when none is named")
    from_: str = Field(alias="from", description="local time, or date and time")
    until: str | None = Field(default=None, description="local time; to the end when left out")


class CabinetOut(_Timed):
    """Cabinets fail, and all their lamps are dark."""

    name = "lighting.cabinet_out"
    Parameters: ClassVar[type[Parameters]] = CabinetOutParameters
    acts = ("lighting.cabinet_on",)

    def setup(self) -> None:
        """Find the cabinets and the times.

        Raises
        ------
        ConfigError
            A cabinet that the city does not have.
        """
        self.times()
        table, p = self.city["cabinet"], self.parameters
        if p.cabinets:
            rows = table.rows(np.array(p.cabinets, dtype=np.str_))
            for name, row in zip(p.cabinets, rows, strict=True):
                if row < 0:
                    raise ConfigError(
                        f"event {self.name}: there is no cabinet {name!r}",
                        allowed=f"one of {len(table)} ids such as {table.ids[:3].tolist()}",
                    )
            self._rows = rows
        else:
            draw = uniforms(self.world.streams.keys("lighting.cabinet_out", table.ids), 0)
            self._rows = np.argsort(draw, kind="stable")[: p.count].astype(np.int32)

    def process(self) -> Process:
        """Switch them off, wait, switch them on."""
        yield from self.hold("lighting.cabinet_on", 0.0, self._rows, free=1.0)
