"""The contract of a policy (chosen by the city) and of an event (what happens to it)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
import numpy.typing as npt

from twin.core.model import Parameters, Process
from twin.core.time import Tick, minutes, of_day
from twin.errors import ConfigError

if TYPE_CHECKING:
    from twin.core.world import World
    from twin.policy.view import View


Measured = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""Entries for list parameters of models: by model, then by parameter."""


@dataclass(frozen=True)
class Action:
    """Set a control port, at some rows of its table or at all."""

    port: str
    values: npt.ArrayLike
    rows: npt.NDArray[np.integer] | None = None


class Policy(ABC):
    """A rule of the city that looks at what the sensors saw and sets controls.

    Attributes
    ----------
    name
        Name in scenarios: ``service.rule``.
    sees
        Ports that it looks at; each must have a sensor in the scenario, or ``oracle = true``.
    acts
        Control ports that it sets.
    period
        Ticks between two decisions, first at tick 0; an instance may change it.
    """

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]] = Parameters
    sees: ClassVar[tuple[str, ...]] = ()
    acts: ClassVar[tuple[str, ...]] = ()
    period: Tick = minutes(15)

    def __init__(self, world: World, parameters: Any) -> None:
        self.world = world
        self.city = world.city
        self.parameters = parameters

    def setup(self) -> None:
        """Prepare; every column of the run is there."""

    @classmethod
    def measures(cls, parameters: Any) -> Measured:
        """What every life of a comparison must measure to show what this policy does.

        A comparison adds these entries (each with a ``name``) to the list parameters of the models
        of all its scenarios, also of those without the policy.
        """
        return {}

    @abstractmethod
    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """What to do at ``now``, from what can be seen."""


class Event(ABC):
    """Something that happens to the city at its time.

    Attributes
    ----------
    name
        Name in scenarios: ``service.what``.
    acts
        Control ports that it sets.
    """

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]] = Parameters
    acts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, world: World, parameters: Any) -> None:
        self.world = world
        self.city = world.city
        self.parameters = parameters

    def setup(self) -> None:
        """Check the parameters against the city (an unknown street fails here, before the run)."""

    @abstractmethod
    def process(self) -> Process:
        """The SimPy process of the event; times are ticks."""

    def moment(self, text: str) -> Tick:
        """Tick of a local time, ``"HH:MM"`` or an ISO date with a time.

        A time of day before the run begins is of the next day, when the run lasts until then; else
        a warning tells that it is outside.
        """
        tick = self._next(text)
        if tick < 0:
            self._outside(f"at {text!r} it is", "it happens at the beginning")
        return tick

    def _next(self, text: str) -> Tick:
        calendar = self.world.calendar
        tick = calendar.clock_tick(text)
        later = calendar.clock_tick(text, day=1) if tick < 0 and of_day(text) else tick
        return later if later <= self.world.end else tick

    @overload
    def span(self, begin: str, until: str) -> tuple[Tick, Tick]: ...

    @overload
    def span(self, begin: str, until: str | None) -> tuple[Tick, Tick | None]: ...

    def span(self, begin: str, until: str | None) -> tuple[Tick, Tick | None]:
        """Ticks of two local times, ``"HH:MM"`` or ISO dates with a time.

        Of two times of day, an end before the beginning is of the day after it, and a span that is
        over before the run begins is of the next day, when the run lasts until then. A beginning
        before the run is the run's. Warns of a span that lies outside the run.

        Raises
        ------
        ConfigError
            It ends before it begins.
        """
        calendar = self.world.calendar
        if until is None:
            return self._next(begin), None
        daily = of_day(begin) and of_day(until)
        first, last = calendar.clock_tick(begin), calendar.clock_tick(until)
        over = daily and last < first
        if over:
            last = calendar.clock_tick(until, day=1)
        if last <= first:
            raise ConfigError(
                f"it ends at {until!r} and begins at {begin!r}",
                where=f"{self.name} until",
                mend="give an end after the beginning, with its date where that has one",
            )
        if daily:
            day = self._day(begin, until, over)
            first = calendar.clock_tick(begin, day=day)
            last = calendar.clock_tick(until, day=day + over)
        if last <= 0:
            self._outside(f"over at {until!r}, it is", "it changes nothing")
        return first, last

    def _day(self, begin: str, until: str, over: bool) -> int:
        """The day whose span the run meets: the first, else the next, or the one before."""
        clock, end = self.world.calendar.clock_tick, self.world.end
        if clock(until, day=int(over)) <= 0 and clock(begin, day=1) <= end:
            return 1
        if over and clock(begin) > end and clock(until) > 0:
            return -1
        return 0

    def _outside(self, what: str, so: str) -> None:
        begins = self.world.calendar.start
        self.world.warnings.append(
            f"event {self.name}: {what} before the run begins, on {begins:%Y-%m-%d %H:%M}: {so}"
        )

    def until(self, tick: Tick) -> Any:
        """A SimPy event at this tick (at once when it is past): ``yield self.until(...)``."""
        from twin.core.clock import urgent

        if tick > self.world.end:
            self.world.warnings.append(
                f"event {self.name}: {self.world.calendar.local(tick):%Y-%m-%d %H:%M} is after the "
                "end of the run"
            )
        return urgent(self.world.env, max(0, tick - self.world.now))

    def act(
        self, port: str, values: npt.ArrayLike, rows: npt.NDArray[np.integer] | None = None
    ) -> None:
        """Set a control now, checked and logged."""
        self.world.controls.set(port, values, now=self.world.now, by=self.name, rows=rows)
