"""What a model, a policy or an event of one run can reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.core.controls import Controls
from twin.core.ledger import Ledger
from twin.core.log import Log
from twin.core.random import Streams
from twin.core.state import State
from twin.core.time import Calendar, Tick
from twin.sensors.observations import Observations

if TYPE_CHECKING:
    import simpy

    from twin.city.city import City


@dataclass
class World:
    """One life of the city.

    Attributes
    ----------
    city
        The static city.
    state
        Columns and queues by port name.
    calendar
        Local time of a tick.
    end
        Last tick of the run.
    env
        The SimPy environment; ``env.now`` is the tick.
    streams
        Random streams by purpose and entity.
    controls
        The way to set controls: checked and logged.
    observations
        What the sensors saw.
    ledger, log
        Money, and what happened.
    scratch
        A folder of this run for temporary files, removed at its end.
    consumed
        Ports that something reads, senses or records: a model need not fill the others.
    controlled
        Controls that some policy or event of the scenario may set.
    written
        Ports that a model of the run writes; of the others a reader has what its default says.
    announced
        What parts make known to each other before they act, such as a price list or what a
        planner needs, by control port.
    warnings
        What a model or an event wants the reader of the results to know.
    """

    city: City
    calendar: Calendar
    end: Tick
    env: simpy.Environment
    streams: Streams
    scratch: Path
    consumed: frozenset[str] = frozenset()
    controlled: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    announced: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    state: State = field(default_factory=State)
    observations: Observations = field(default_factory=Observations)
    ledger: Ledger = field(default_factory=Ledger)
    log: Log = field(default_factory=Log)
    controls: Controls = field(init=False)

    def __post_init__(self) -> None:
        self.controls = Controls(self.state, self.log)

    @property
    def now(self) -> Tick:
        """The tick of the clock."""
        return int(self.env.now)
