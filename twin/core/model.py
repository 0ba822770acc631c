"""The contract of a model: a clocked process that reads and writes named columns."""

from __future__ import annotations

from abc import ABC
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from twin.core.indicator import Indicator
from twin.core.port import Port
from twin.core.state import Batch, Column
from twin.core.time import Tick, minutes

if TYPE_CHECKING:
    import simpy

    from twin.core.world import World

Process = Generator["simpy.Event", Any, Any]


class Parameters(BaseModel):
    """Parameters of a model, policy or event: each a field with type, default and description.

    Unknown keys are refused, so that a misspelt key in a scenario is an error and not a silence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(ABC):
    """A service of the city.

    A subclass declares its ports and indicators and overrides what it needs of ``setup``, ``step``,
    ``processes``, ``measure`` and ``close``.

    Attributes
    ----------
    name
        Name in scenarios, and the prefix of its ports and indicators.
    reads, writes, controls
        Ports. A control is owned by this model and set by policies and events.
    indicators
        What it can measure; :meth:`tells` says what a run does.
    observes
        Ports whose sensor readings this model wants, see ``self.world.observations``.
    period
        Ticks between two steps; an instance may change it in ``__init__``.
    """

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]] = Parameters
    reads: ClassVar[tuple[Port, ...]] = ()
    writes: ClassVar[tuple[Port, ...]] = ()
    controls: ClassVar[tuple[Port, ...]] = ()
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    observes: ClassVar[tuple[str, ...]] = ()
    period: Tick = minutes(1)

    def __init__(self, world: World, parameters: Any) -> None:
        self.world = world
        self.city = world.city
        self.parameters = parameters

    def __getitem__(self, port: str) -> Column:
        """The column of a port; written in place. (n,) float64 over the port's table."""
        return self.world.state.columns[port]

    def spares(self) -> Iterable[str]:
        """Ports among ``reads`` that this model has no use for in this run: nobody need fill them.

        Asked once, when ``world.controlled`` and ``world.written`` are known and before any setup.
        """
        return ()

    def setup(self) -> None:
        """Fill the first values; every column of the run is allocated and every model exists."""

    def step(self, now: Tick) -> None:
        """Bring the written columns up to ``now``; called at tick 0 and after each period."""

    def processes(self) -> Iterable[Process]:
        """SimPy processes of this model, started after ``setup``; times are ticks (integers)."""
        return ()

    def tells(self) -> Iterable[Indicator]:
        """What this run measures: what is declared, unless a scenario asks for several alike.

        Each of several alike is called ``NAME:WHICH``, where ``NAME`` is declared.
        """
        return self.indicators

    def measure(self) -> Mapping[str, float]:
        """Value of each indicator that the run tells, at its end."""
        return {}

    def close(self) -> None:
        """Give back what is held outside Python; called once, also after a failure."""

    def publish(self, port: str, **records: npt.ArrayLike) -> None:
        """Publish a batch of records on an event port that this model writes."""
        self.world.state.queues[port].publish(records)

    def take(self, port: str) -> Batch:
        """Records of an event port that this model reads, new since it last took them."""
        return self.world.state.queues[port].take(self.name)

    def column(self, table: str, values: npt.ArrayLike = 0.0) -> Column:
        """A private column over a table; (n,) float64."""
        return np.full(len(self.city[table]), values, dtype=np.float64)
