"""Policies on the citizens' choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import ConfigDict, Field

from twin.core import model
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class CarPriceParameters(model.Parameters):
    """Parameters of :class:`CarPrice`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    price: float = Field(default=2.0, ge=0, le=100, description="price of a car trip, EUR")
    from_: ClockTime = Field(default="06:30", alias="from", description="local time")
    until: ClockEnd = Field(default="18:30", description="local time")
    weekends: bool = Field(default=False, description="also on Saturdays and Sundays")


class CarPrice(Policy):
    """A price for each car trip that starts within some hours."""

    name = "citizens.car_price"
    Parameters = CarPriceParameters
    parameters: CarPriceParameters
    acts: ClassVar[tuple[str, ...]] = ("citizens.car_price",)
    period = minutes(5)

    def setup(self) -> None:
        """Read the hours.

        Raises
        ------
        ConfigError
            The traffic is not the citizens'.
        """
        if not self.world.announced.get("citizens.trips", True):
            raise ConfigError(
                "a price of citizens' car trips would change nothing: the traffic of this scenario "
                "is a demand of its own",
                where=f"policy {self.name}",
                allowed='demand = "citizens" or "both" under [model.traffic]',
                mend="or use traffic.toll, which every demand answers",
            )
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The price in its hours, nothing outside them."""
        calendar = self.world.calendar
        charged = self._hours.contains(calendar, now) and (
            self.parameters.weekends or calendar.local(now).weekday() < 5
        )
        yield Action("citizens.car_price", self.parameters.price if charged else 0.0)
