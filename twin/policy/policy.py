"""The contract of a policy (chosen by the city) and of an event (what happens to it)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from twin.core.model import Parameters, Process
from twin.core.time import Tick, minutes
from twin.errors import ConfigError

if TYPE_CHECKING:
    from twin.core.world import World
    from twin.policy.view import View


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

    def span(self, begin: str, until: str) -> tuple[Tick, Tick]:
        """Ticks of two local times, ``"HH:MM"`` of the first day or ISO dates with a time.

        Warns of a span that lies outside the run.

        Raises
        ------
        ConfigError
            It ends before it begins.
        """
        calendar, world = self.world.calendar, self.world
        first, last = calendar.clock_tick(begin), calendar.clock_tick(until)
        if last <= first:
            raise ConfigError(
                f"it ends at {until!r}, before it begins at {begin!r}",
                where=f"{self.name} until",
                mend="give a later time; past midnight with its date",
            )
        if last <= 0:
            world.warnings.append(
                f"event {self.name} is over at {until!r}, before the run begins on "
                f"{calendar.start:%Y-%m-%d %H:%M}: it changes nothing"
            )
        return first, last

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
