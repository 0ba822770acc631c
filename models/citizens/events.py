"""Events that reach the citizens."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from twin.core import model
from twin.core.model import Process
from twin.errors import ConfigError
from twin.policy.policy import Event


class AlertParameters(model.Parameters):
    """Parameters of :class:`Alert`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: str = Field(alias="from", description='"HH:MM" or an ISO date and time, local')
    until: str = Field(description='"HH:MM" or an ISO date and time, local')
    share: float = Field(default=0.6, ge=0, le=1, description="share of people who heed it")
    longitude: float | None = Field(default=None, description="centre of the area, degrees")
    latitude: float | None = Field(default=None, description="centre of the area, degrees")
    radius: float = Field(default=500.0, gt=0, description="radius of the area, m")


class Alert(Event):
    """A call to stay at home, in the whole city or within a radius."""

    name = "citizens.alert"
    Parameters = AlertParameters
    parameters: AlertParameters
    acts: ClassVar[tuple[str, ...]] = ("citizens.stay_home",)

    def setup(self) -> None:
        """Find the buildings concerned, and check the times.

        Raises
        ------
        ConfigError
            The end is not after the beginning, a coordinate is missing, or no building is there.
        """
        p = self.parameters
        self.first, self.last = self.span(p.from_, p.until)
        if (p.longitude is None) != (p.latitude is None):
            raise ConfigError(
                "an alert with one coordinate", allowed="longitude and latitude, or neither"
            )
        self.rows = self._area()

    def _area(self) -> np.ndarray:
        p, building = self.parameters, self.city["building"]
        if p.longitude is None or p.latitude is None:
            return np.arange(len(building))
        from pyproj import Transformer

        to_metres = Transformer.from_crs("EPSG:4326", self.city.place.crs, always_xy=True)
        x, y = to_metres.transform(p.longitude, p.latitude)
        gap = np.hypot(building.points[:, 0] - x, building.points[:, 1] - y)
        rows = np.flatnonzero(gap <= p.radius)
        if not len(rows):
            raise ConfigError(
                f"no building lies within {p.radius:g} m of {p.latitude:g}, {p.longitude:g}",
                mend="another place, or a larger radius",
            )
        return rows

    def process(self) -> Process:
        """The alert, then its end."""
        yield self.until(self.first)
        self.act("citizens.stay_home", self.parameters.share, self.rows)
        yield self.until(self.last)
        self.act("citizens.stay_home", 0.0, self.rows)
