"""Renewal: LED in place of what stands there, from the start of the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from models.lighting.select import on_roads
from twin.core.model import Parameters as Base
from twin.core.time import Tick, hours
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class LedRenewal(Policy):
    """New LED luminaires, the largest lamps first; what is LED already stays.

    The model books the annuity of the purchase and says after how many years it has paid for
    itself (``lighting.payback``); the price and the life of a luminaire are its parameters.
    """

    class Parameters(Base):
        """Parameters of the renewal."""

        share: float = Field(default=1.0, gt=0.0, le=1.0, description="of the lamps, by power")
        roads: tuple[str, ...] = Field(default=(), description="road classes; all when empty")

    name: ClassVar[str] = "lighting.led_renewal"
    acts = ("lighting.renewed",)
    period: Tick = hours(24)

    def setup(self) -> None:
        """The largest lamps of the road classes."""
        rows = on_roads(self.city, self.parameters.roads, self.name)
        power = self.city["lamp"]["power"][rows]
        order = rows[np.lexsort((rows, -power))]
        self._rows = np.sort(order[: int(np.ceil(self.parameters.share * len(order)))])

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        return [Action("lighting.renewed", 1.0, self._rows)] if now == 0 else []
