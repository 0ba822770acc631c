"""What may happen to the grid."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from twin.core.model import Parameters, Process
from twin.errors import ConfigError
from twin.policy.policy import Event

SUPPLY = "energy.supply"


class OutageParameters(Parameters):
    """Which transformers are out, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    transformers: tuple[str, ...] = Field(
        (), description="Ids in the table transformer; none for all of them"
    )
    begin: str = Field(alias="from", description='Local time "HH:MM", or date and time')
    until: str = Field(description='Local time "HH:MM", or date and time')


class Outage(Event):
    """Transformers without supply from the medium voltage for a while."""

    name: ClassVar[str] = "energy.outage"
    Parameters = OutageParameters
    acts: ClassVar[tuple[str, ...]] = (SUPPLY,)
    parameters: OutageParameters

    def setup(self) -> None:
        """Find the transformers and the times.

        Raises
        ------
        ConfigError
            It ends before it begins.
        DataError
            No transformer has such an id.
        """
        table, calendar = self.city["transformer"], self.world.calendar
        names = self.parameters.transformers or tuple(map(str, table.ids))
        self._rows = np.array([table.row(name) for name in names], dtype=np.int64)
        self._begin = calendar.clock_tick(self.parameters.begin)
        self._end = calendar.clock_tick(self.parameters.until)
        if self._end <= self._begin:
            raise ConfigError(
                f"the outage ends at {self.parameters.until!r}, before it begins at "
                f"{self.parameters.begin!r}",
                where="energy.outage until",
                mend="give a later time; past midnight with its date",
            )

    def process(self) -> Process:
        """Switch off, wait, switch on."""
        yield self.until(self._begin)
        self.act(SUPPLY, 0.0, self._rows)
        yield self.until(self._end)
        self.act(SUPPLY, 1.0, self._rows)
