"""What a city does with its lamps by what it sees: dims them by traffic, by class, on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.lighting import classes as norm
from models.lighting.groups import streets_of
from models.lighting.known import look_up
from models.lighting.select import on_roads
from twin.core.model import Parameters as Base
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.core.world import World
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View
from twin.scenario.schema import Duration

Floats = npt.NDArray[np.float64]


class _Held:
    """Levels that rise at once and fall only when less was wanted for the whole of a time."""

    def __init__(self, n: int, hold: Tick) -> None:
        self._hold = hold
        self._level = np.ones(n)
        self._since = np.zeros(n, dtype=np.int64)

    def __call__(self, now: Tick, wanted: Floats) -> Floats:
        self._since[wanted >= self._level] = now
        falls = now - self._since >= self._hold
        np.maximum(self._level, wanted, out=self._level)
        self._level[falls] = wanted[falls]
        self._since[falls] = now
        return self._level.copy()


class _SeesTraffic(Policy):
    """Knows the flow over the capacity of each street, as the sensors see it."""

    sees = ("traffic.flow",)
    acts = ("lighting.dimming",)

    def setup(self) -> None:
        """The streets of the lamps."""
        self._streets = streets_of(self.city)

    def _flow(self, now: Tick, view: View) -> Floats:
        """Last count of each edge; NaN where there is none, or one that is too old."""
        age = view.age("traffic.flow", now)
        return np.where(age * 1000.0 > self.parameters.stale, np.nan, view["traffic.flow"])


class ByTraffic(_SeesTraffic):
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

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self.period = parameters.every
        if parameters.busy <= parameters.quiet:
            raise ConfigError(
                f"{self.name}: busy = {parameters.busy:g}, quiet = {parameters.quiet:g}",
                allowed=f"busy above {parameters.quiet:g}",
            )

    def setup(self) -> None:
        """The streets, at full light."""
        super().setup()
        self._held = _Held(len(self._streets), self.parameters.hold)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level of every lamp."""
        ratio = self._streets.ratio(self._flow(now, view))
        level = self._held(now, self.wanted(ratio))
        return [Action("lighting.dimming", level[self._streets.of_lamp])]

    def wanted(self, ratio: Floats) -> Floats:
        """Level for each flow over capacity; (n,) float64, full where the ratio is NaN."""
        p = self.parameters
        rise = np.clip((ratio - p.quiet) / (p.busy - p.quiet), 0.0, 1.0)
        level = p.minimum + (1.0 - p.minimum) * rise
        return np.where(np.isnan(ratio), 1.0, level)


class ByClass(_SeesTraffic):
    """Dims each street to the EN 13201 class that its use asks for, a window of time at a time.

    The level of a window is what EN 13201-2 asks for the class of the mean flow of the window
    before, times ``margin``, over the light that the luminaires of the run, renewed ones too, give
    at full light with their maintenance factor. Where nothing was counted, and at no street: full
    light.
    """

    class Parameters(Base):
        """Parameters of dimming by class."""

        window: Duration = Field(default=minutes(15), description="over which the flow is averaged")
        sample: Duration = Field(default=minutes(1), description="between two looks at the counts")
        minimum: float = Field(default=0.3, ge=0.0, le=1.0, description="lowest level, 1")
        margin: float = Field(default=1.1, gt=0.0, description="light over what is asked for, 1")
        stale: Duration = Field(default=minutes(60), description="age after which a count is void")

    name: ClassVar[str] = "lighting.by_class"

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self.period = parameters.sample
        if parameters.window % parameters.sample:
            raise ConfigError(
                f"{self.name}: window = {parameters.window / 60_000:g} min",
                allowed=f"a multiple of sample, {parameters.sample / 60_000:g} min",
            )

    def setup(self) -> None:
        """The streets, and no count yet."""
        super().setup()
        self._flows: list[Floats] = []

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The levels, at the end of each window."""
        if now > 0:
            self._flows.append(self._flow(now, view))
        if now % self.parameters.window or not self._flows:
            return []
        seen = np.array(self._flows)
        counted = (~np.isnan(seen)).sum(axis=0)
        total = np.nansum(seen, axis=0)
        flow = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
        self._flows.clear()
        return [Action("lighting.dimming", self.levels(flow)[self._streets.of_lamp])]

    def levels(self, flow: Floats) -> Floats:
        """Level of each street; (n_streets,) float64.

        Parameters
        ----------
        flow : (n_edges,) float64, veh/h
            NaN where nothing was counted.
        """
        streets, known = self._streets, look_up(self.world)
        ratio, uses = streets.ratio(flow), streets.total(flow)
        number = streets.number + norm.shift(
            streets.motor, ratio, np.nan_to_num(uses), known.quiet, known.busy
        )
        asked = self.parameters.margin * norm.required(streets.motor, number)
        level = asked / np.maximum(known.full, 1e-9)
        return np.where(np.isnan(ratio), 1.0, np.clip(level, self.parameters.minimum, 1.0))


class OnDemand(Policy):
    """Light on demand: lamps rest at a low level and are lit ahead of who comes.

    The lamps' own detectors see vehicles and walkers, so no sensor of the city is needed; how far
    ahead they light and how long they hold are parameters of the model.
    """

    class Parameters(Base):
        """Parameters of light on demand; the hours are local."""

        rest: float = Field(default=0.2, ge=0.0, le=1.0, description="level while nobody is near")
        from_: ClockTime = Field(default="00:00", alias="from", description="local time")
        until: ClockEnd = Field(default="00:00", description="local time; all night when equal")
        roads: tuple[str, ...] = Field(default=(), description="road classes; all when empty")

    name: ClassVar[str] = "lighting.on_demand"
    acts = ("lighting.resting",)
    period: Tick = minutes(1)

    def setup(self) -> None:
        """The lamps of the road classes."""
        self._rows = on_roads(self.city, self.parameters.roads, self.name)
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The level at rest, at the two times; nothing between them."""
        turns = self._hours.turns(self.world.calendar, now, self.period)
        if turns is None:
            return []
        return [Action("lighting.resting", self.parameters.rest if turns else 1.0, self._rows)]


class AsRecorded(Policy):
    """The levels that were recorded: a sensor's readings of the dimming are what the lamps get.

    With a recorded sensor of ``lighting.dimming`` (``illuminanceLevel`` of Smart Data Models'
    ``Streetlight``) the lamps are dimmed as their real controller did. A lamp without a reading
    has full light.
    """

    class Parameters(Base):
        """Parameters of levels as recorded."""

        every: Duration = Field(default=minutes(1), description="between two decisions")

    name: ClassVar[str] = "lighting.as_recorded"
    sees = ("lighting.dimming",)
    acts = ("lighting.dimming",)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._told = np.zeros(len(self.city["lamp"]), dtype=np.bool_)
        self.period = parameters.every

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The newest reading of each lamp; full light where it is none that can be."""
        level = np.asarray(view["lighting.dimming"])
        wrong = (level < 0.0) | (level > 1.0)
        self._tell(np.flatnonzero(wrong & ~self._told), level)
        self._told |= wrong
        return [Action("lighting.dimming", np.where(np.isnan(level) | wrong, 1.0, level))]

    def _tell(self, rows: npt.NDArray[np.int64], level: Floats) -> None:
        """Warn of the first reading out of range of these lamps."""
        if not len(rows):
            return
        ids = self.city["lamp"].ids
        some = ", ".join(f"{ids[row]}: {level[row]:g}" for row in rows[:3].tolist())
        self.world.warnings.append(
            f"{self.name}: recorded levels of {len(rows)} lamps are not from 0 to 1 ({some}); they "
            "have full light meanwhile. Levels in percent have to be divided by 100"
        )
