"""Traffic and walkers by the hour: for a city of which nothing but its lamps is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.lighting.streets import classes, opposite
from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters
from twin.core.port import Port
from twin.core.random import normals, poissons
from twin.core.time import Tick, hours, minutes
from twin.core.world import World

Floats = npt.NDArray[np.float64]

VEHICLES = {
    "primary": 14_000.0,
    "secondary": 9_000.0,
    "tertiary": 4_000.0,
    "residential": 800.0,
    "living_street": 150.0,
}
WALKERS = {
    "primary": 1_500.0,
    "secondary": 1_200.0,
    "tertiary": 1_000.0,
    "residential": 500.0,
    "living_street": 800.0,
}
OTHERS = 200.0
"""Vehicles and walkers of a usual weekday on a street, both directions; priors by road class."""

WEEKDAY = (
    *(0.9, 0.5, 0.4, 0.4, 0.7, 1.7, 4.2, 7.2, 7.4, 5.6, 5.2, 5.4),
    *(5.8, 5.6, 5.8, 6.6, 7.6, 8.0, 6.6, 4.6, 3.3, 2.7, 2.2, 1.6),
)
WEEKEND = (
    *(2.2, 1.6, 1.2, 1.0, 0.9, 1.0, 1.6, 2.6, 3.8, 5.0, 6.0, 6.5),
    *(6.6, 6.4, 6.4, 6.6, 6.8, 6.8, 6.4, 5.4, 4.2, 3.6, 3.4, 4.0),
)
ON_FOOT = (
    *(1.0, 0.6, 0.4, 0.3, 0.3, 0.6, 1.6, 4.2, 5.8, 5.0, 5.2, 6.0),
    *(8.4, 7.6, 6.2, 6.2, 7.2, 8.4, 8.0, 6.2, 4.4, 3.2, 2.0, 1.2),
)
"""Share of a day's vehicles (weekday, weekend) and walkers in each hour, %: the usual shape of
urban counts, rounded; not measured in any one city."""
WEEKEND_VOLUME = 0.8


class UseParameters(Parameters):
    """Parameters of the use of streets by the hour."""

    vehicles: dict[str, float] = Field(
        default=VEHICLES, description="a weekday's vehicles by road class, both directions"
    )
    walkers: dict[str, float] = Field(default=WALKERS, description="the same of walkers")
    spread: float = Field(
        default=0.5, ge=0, le=2, description="deviation of the logarithm from street to street"
    )
    day_spread: float = Field(
        default=0.1, ge=0, le=1, description="deviation of the logarithm from day to day"
    )


class StreetUse(Model):
    """Vehicles and walkers of each street: a day's volume, an hourly shape, Poisson counts."""

    name: ClassVar[str] = "street_use"
    Parameters = UseParameters
    writes = (
        Port("traffic.flow", "edge", "veh/h", "flow", profile="mean"),
        Port("traffic.speed", "edge", "m/s"),
        Port("citizens.walkers", "edge", "person/h", "flow"),
    )
    indicators = (Indicator("street_use.distance", "veh-km", "neutral", "everyone"),)
    period: Tick = minutes(5)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._steps = 0
        self._distance = 0.0

    def setup(self) -> None:
        """Volumes of the streets, drawn once, and free-flow speeds."""
        edges, rules, streams = self.city["edge"], self.parameters, self.world.streams
        road = classes(self.city)
        self._keys = [streams.keys(f"street_use.{k}", edges.ids) for k in ("vehicles", "walkers")]
        chance = normals(streams.keys("street_use.volume", edges.ids), 0) * rules.spread
        factor = np.exp(chance - rules.spread**2 / 2.0)
        factor[opposite(self.city) >= 0] /= 2.0  # an edge of its own for each direction
        self._volume = [
            np.array([daily.get(r, OTHERS) for r in road], dtype=np.float64) * factor
            for daily in (rules.vehicles, rules.walkers)
        ]
        self["traffic.speed"][:] = edges["speed"]

    def step(self, now: Tick) -> None:
        """Counts of the last five minutes, as flows."""
        local = self.world.calendar.local(now)
        weekend = local.weekday() >= 5
        day = self.world.streams.generator("street_use.day", local.date().isoformat())
        factor = float(np.exp(self.parameters.day_spread * day.standard_normal()))
        per_hour = hours(1) / self.period
        self._steps += 1
        shapes = (WEEKEND if weekend else WEEKDAY, ON_FOOT)
        for port, keys, volume, shape in zip(
            ("traffic.flow", "citizens.walkers"), self._keys, self._volume, shapes, strict=True
        ):
            share = shape[local.hour] / 100.0 * (WEEKEND_VOLUME if weekend else 1.0)
            mean = volume * share * factor / per_hour
            self[port][:] = poissons(keys, self._steps, mean) * per_hour
        if now > 0:
            flow = self["traffic.flow"] / per_hour
            self._distance += float((flow * self.city["edge"]["length"]).sum()) / 1000.0

    def measure(self) -> Mapping[str, float]:
        """Distance driven."""
        return {"street_use.distance": self._distance}
