"""Policies on the citizens' choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import ConfigDict, Field

from twin.core import model
from twin.core.time import Tick, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View

CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d$"


def _seconds(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60


class CarPriceParameters(model.Parameters):
    """Parameters of :class:`CarPrice`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    price: float = Field(default=2.0, ge=0, le=100, description="price of a car trip, EUR")
    from_: str = Field(default="06:30", alias="from", pattern=CLOCK, description="local time")
    until: str = Field(default="18:30", pattern=CLOCK, description="local time")
    weekends: bool = Field(default=False, description="also on Saturdays and Sundays")


class CarPrice(Policy):
    """A price for each car trip that starts within some hours."""

    name = "citizens.car_price"
    Parameters = CarPriceParameters
    parameters: CarPriceParameters
    acts: ClassVar[tuple[str, ...]] = ("citizens.car_price",)
    period = minutes(5)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The price in its hours, nothing outside them; hours may pass midnight."""
        at = self.world.calendar.day_seconds(now)
        first, last = _seconds(self.parameters.from_), _seconds(self.parameters.until)
        within = first <= at < last if first <= last else at >= first or at < last
        weekday = self.world.calendar.local(now).weekday() < 5
        charged = within and (weekday or self.parameters.weekends)
        yield Action("citizens.car_price", self.parameters.price if charged else 0.0)
