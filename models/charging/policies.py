"""What a city does with its chargers: it limits their power in the hours when the grid is short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from twin.core.model import Parameters as Base
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class PeakLimit(Policy):
    """Limits the power of every public charger between two local times."""

    class Parameters(Base):
        """Parameters of the limit; ``until`` may be the next day."""

        limit: float = Field(default=0.5, ge=0.0, le=1.0, description="of the rated power, 1")
        from_: ClockTime = Field(default="17:00", alias="from", description="local time")
        until: ClockEnd = Field(default="21:00", description="local time")

    name: ClassVar[str] = "charging.peak_limit"
    acts = ("charging.limit",)
    period: Tick = minutes(1)

    def setup(self) -> None:
        """Read the hours."""
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The limit at the two times; nothing between them."""
        inside = self._hours.turns(self.world.calendar, now, self.period)
        return (
            []
            if inside is None
            else [Action("charging.limit", self.parameters.limit if inside else 1.0)]
        )
