"""What may happen to the fleet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field

from twin.core.model import Parameters, Process
from twin.policy.policy import Event


class TruckOutParameters(Parameters):
    """Which trucks, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: str = Field(alias="from", description="local time HH:MM, or date and time")
    until: str | None = Field(None, description="when they work again; never in this run if empty")
    trucks: int = Field(1, ge=1, description="how many, of the residual stream first")


class TruckOut(Event):
    """Trucks break down: they stop where they are and none replaces them."""

    name = "waste.truck_out"
    Parameters: ClassVar[type[Parameters]] = TruckOutParameters
    acts = ("waste.trucks_out",)

    def setup(self) -> None:
        """Read the times."""
        calendar, rules = self.world.calendar, self.parameters
        self.begin = calendar.clock_tick(rules.from_)
        self.end = None if rules.until is None else calendar.clock_tick(rules.until)

    def process(self) -> Process:
        """Take the trucks out, and give them back."""
        yield self.until(self.begin)
        self.act("waste.trucks_out", self._out() + self.parameters.trucks)
        if self.end is not None:
            yield self.until(self.end)
            self.act("waste.trucks_out", max(0.0, self._out() - self.parameters.trucks))

    def _out(self) -> float:
        return float(self.world.state.columns["waste.trucks_out"][0])
