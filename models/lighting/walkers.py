"""Walkers by the hour, beside a traffic model that has vehicles alone."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from models.lighting.streets import classes, opposite
from models.lighting.use import ON_FOOT, OTHERS, WALKERS, WEEKEND_VOLUME
from twin.core.model import Model, Parameters
from twin.core.port import Port
from twin.core.random import normals, poissons
from twin.core.time import Tick, hours, minutes
from twin.core.world import World


class WalkerParameters(Parameters):
    """Parameters of the walkers of streets."""

    walkers: dict[str, float] = Field(
        default=WALKERS, description="a weekday's walkers by road class, both directions"
    )
    spread: float = Field(
        default=0.5, ge=0, le=2, description="deviation of the logarithm from street to street"
    )


class StreetWalkers(Model):
    """Walkers of each street: a day's volume, the shape of the hours, Poisson counts."""

    name: ClassVar[str] = "street_walkers"
    Parameters = WalkerParameters
    writes = (Port("citizens.walkers", "edge", "person/h", "flow"),)
    period: Tick = minutes(5)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._steps = 0

    def setup(self) -> None:
        """Volumes of the streets, drawn once."""
        edges, rules, streams = self.city["edge"], self.parameters, self.world.streams
        self._keys = streams.keys("street_walkers.count", edges.ids)
        chance = normals(streams.keys("street_walkers.volume", edges.ids), 0) * rules.spread
        factor = np.exp(chance - rules.spread**2 / 2.0)
        factor[opposite(self.city) >= 0] /= 2.0  # an edge of its own for each direction
        daily = [rules.walkers.get(road, OTHERS) for road in classes(self.city)]
        self._volume = np.array(daily, dtype=np.float64) * factor

    def step(self, now: Tick) -> None:
        """Counts of five minutes, as flows."""
        local = self.world.calendar.local(now)
        volume = self._volume * (WEEKEND_VOLUME if local.weekday() >= 5 else 1.0)
        per_hour = hours(1) / self.period
        mean = volume * ON_FOOT[local.hour] / 100.0 / per_hour
        self._steps += 1
        self["citizens.walkers"][:] = poissons(self._keys, self._steps, mean) * per_hour
