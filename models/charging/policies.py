"""What a city does with its chargers: it limits their power in the hours when the grid is short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from twin.core.model import Parameters as Base
from twin.core.time import Tick, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View

_TIME = r"^([01]?\d|2[0-3]):[0-5]\d$"


class PeakLimit(Policy):
    """Limits the power of every public charger between two local times."""

    class Parameters(Base):
        """Parameters of the limit; ``until`` may be the next day."""

        limit: float = Field(default=0.5, ge=0.0, le=1.0, description="of the rated power, 1")
        from_: str = Field(default="17:00", alias="from", pattern=_TIME, description="local time")
        until: str = Field(default="21:00", pattern=_TIME, description="local time")

    name: ClassVar[str] = "charging.peak_limit"
    acts = ("charging.limit",)
    period: Tick = minutes(1)
    _inside: bool | None = None

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The limit at the two times; nothing between them."""
        p = self.parameters
        inside = _between(self.world.calendar.day_seconds(now), p.from_, p.until)
        if inside is self._inside or (self._inside is None and not inside):
            return []
        self._inside = inside
        return [Action("charging.limit", p.limit if inside else 1.0)]


def _between(second: float, start: str, end: str) -> bool:
    """Whether a second of the day lies in a daily window that may go over midnight."""
    first, last = (int(t.split(":")[0]) * 3600 + int(t.split(":")[1]) * 60 for t in (start, end))
    return first <= second < last if first <= last else second >= first or second < last
