"""What a city does with its lamps: dims them by the traffic it sees, or by the hour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.lighting import kernels
from models.lighting.streets import opposite
from twin.core.model import Parameters as Base
from twin.core.time import ClockTime, DailyWindow, Tick, minutes
from twin.core.world import World
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View
from twin.scenario.schema import Duration

Floats = npt.NDArray[np.float64]


class ByTraffic(Policy):
    """Dims the lamps of a street by the traffic that the sensors see on it.

    The level goes from ``minimum`` where flow / capacity is at most ``quiet`` up to full light at
    ``busy``, in a straight line. It rises at once and falls after less for ``hold``. A
    street that no sensor has seen, or not for ``stale``, and a lamp at no street, has full light.
    """

    class Parameters(Base):
        """Parameters of dimming by traffic."""

        minimum: float = Field(default=0.3, ge=0.0, le=1.0, description="lowest level, 1")
        quiet: float = Field(default=0.02, ge=0.0, description="flow / capacity of a quiet street")
        busy: float = Field(default=0.35, gt=0.0, description="flow / capacity for full light")
        hold: Duration = Field(default=minutes(15), description="before a level falls")
        stale: Duration = Field(default=minutes(60), description="age after which a count is void")
        every: Duration = Field(default=minutes(5), description="between two decisions")

    name: ClassVar[str] = "lighting.by_traffic"
    sees = ("traffic.flow",)
    acts = ("lighting.dimming",)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self.period = parameters.every
        if parameters.busy <= parameters.quiet:
            raise ConfigError(
                f"{self.name}: busy = {parameters.busy:g}, quiet = {parameters.quiet:g}",
                allowed=f"busy above {parameters.quiet:g}",
            )

    def setup(self) -> None:
        """The street of each lamp, both directions."""
        lamps = len(self.city["lamp"])
        self._edge = self.city.link("lamp", "edge").indices
        none = np.full(lamps, -1, dtype=np.int32)
        back = opposite(self.city)
        self._back = np.where(self._edge >= 0, back[self._edge], none) if len(back) else none
        self._capacity = self.city["edge"]["capacity"].astype(np.float64)
        self._ratio = np.zeros(lamps)
        self._level = np.ones(lamps)
        self._since = np.zeros(lamps, dtype=np.int64)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level of every lamp."""
        age = view.age("traffic.flow", now)
        flow = np.where(age * 1000.0 > self.parameters.stale, np.nan, view["traffic.flow"])
        kernels.use(flow, self._edge, self._back, self._capacity, self._ratio)
        return [Action("lighting.dimming", self._held(now, self.wanted(self._ratio)))]

    def wanted(self, ratio: Floats) -> Floats:
        """Level for each flow over capacity; (n,) float64, full where the ratio is NaN."""
        p = self.parameters
        rise = np.clip((ratio - p.quiet) / (p.busy - p.quiet), 0.0, 1.0)
        level = p.minimum + (1.0 - p.minimum) * rise
        return np.where(np.isnan(ratio), 1.0, level)

    def _held(self, now: Tick, wanted: Floats) -> Floats:
        """The level, which falls only when less was wanted for the whole of ``hold``."""
        self._since[wanted >= self._level] = now
        falls = now - self._since >= self.parameters.hold
        np.maximum(self._level, wanted, out=self._level)
        self._level[falls] = wanted[falls]
        self._since[falls] = now
        return self._level.copy()


class PartNight(Policy):
    """Dims or switches off lamps between two local times, on some road classes or on all."""

    class Parameters(Base):
        """Parameters of part-night lighting; times are local, and ``until`` may be the next day."""

        level: float = Field(default=0.5, ge=0.0, le=1.0, description="level in those hours, 1")
        from_: ClockTime = Field(default="23:00", alias="from", description="local time")
        until: ClockTime = Field(default="05:00", description="local time")
        roads: tuple[str, ...] = Field(default=(), description="road classes; all when empty")

    name: ClassVar[str] = "lighting.part_night"
    acts = ("lighting.dimming",)
    period: Tick = minutes(1)

    def setup(self) -> None:
        """The lamps of the road classes."""
        edge = self.city.link("lamp", "edge").indices
        roads = self.city["edge"]["road"]
        chosen = np.ones(len(edge), dtype=np.bool_)
        if self.parameters.roads:
            unknown = sorted(set(self.parameters.roads) - set(roads.tolist()))
            if unknown:
                raise ConfigError(
                    f"{self.name}: no street of this city is of the class {unknown[0]!r}",
                    allowed=", ".join(sorted(set(roads.tolist()))),
                )
            chosen = (edge >= 0) & np.isin(roads[edge], self.parameters.roads)
        self._rows = np.flatnonzero(chosen)
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level at the two times; nothing between them."""
        inside = self._hours.turns(self.world.calendar, now, self.period)
        return (
            []
            if inside is None
            else [Action("lighting.dimming", self.parameters.level if inside else 1.0, self._rows)]
        )
