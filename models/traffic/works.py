"""Works, and many cars that leave at once."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from models.traffic.cordon import ends_inside, gates
from models.traffic.streets import Rows, chosen
from twin.core.model import Parameters, Process
from twin.core.time import minutes
from twin.errors import ConfigError
from twin.policy.policy import Event


class WorksParameters(Parameters):
    """Of works."""

    street: str | None = Field(default=None, description="name of the street")
    edges: tuple[str, ...] = Field(default=(), description="edge ids")
    from_: str = Field(alias="from", description="local time, or date and time")
    until: str | None = Field(
        default=None, description="local time; the end of the run when left out"
    )
    lanes: int = Field(
        default=1, ge=0, le=10, description="lanes closed; a street that has no more stays open"
    )
    speed: float = Field(default=30.0, ge=5, le=130, description="limit along the works, km/h")


class Works(Event):
    """Works close lanes of a street and slow it; one lane in each direction stays open."""

    name = "traffic.works"
    Parameters: ClassVar[type[Parameters]] = WorksParameters
    acts = ("traffic.lanes_closed", "traffic.speed_limit")

    def setup(self) -> None:
        """Find the street and the times.

        Raises
        ------
        ConfigError
            An unknown street (says the nearest names), or an end before the beginning.
        """
        p, where = self.parameters, f"event {self.name}"
        self._rows = chosen(self.city, p.street, p.edges, where)
        self._from, self._until = self.span(p.from_, p.until)

    def process(self) -> Process:
        """Close lanes and slow, wait, give back what was."""
        yield self.until(self._from)
        columns, p = self.world.state.columns, self.parameters
        lanes = self.city["edge"]["lanes"][self._rows]
        before = {port: columns[port][self._rows].copy() for port in self.acts}
        shut = np.maximum(before["traffic.lanes_closed"], np.minimum(p.lanes, lanes - 1))
        self.act("traffic.lanes_closed", np.maximum(shut, 0.0), self._rows)
        limit = np.minimum(before["traffic.speed_limit"], p.speed / 3.6)
        self.act("traffic.speed_limit", limit, self._rows)
        if self._until is not None:
            yield self.until(self._until)
            for port, values in before.items():
                self.act(port, values, self._rows)


class MatchParameters(Parameters):
    """Of many cars that leave a place."""

    street: str | None = Field(default=None, description="street at which the cars are parked")
    edges: tuple[str, ...] = Field(default=(), description="edge ids, in place of a street")
    longitude: float | None = Field(default=None, description="degrees, in place of a street")
    latitude: float | None = Field(default=None, description="degrees")
    radius: float = Field(default=200.0, gt=0, description="m around the point")
    at: str = Field(description="local time of the first cars, or date and time")
    cars: float = Field(default=500.0, gt=0, description="cars that leave, on average")
    over: float = Field(default=30.0, gt=0, description="minutes within which they leave")


class Match(Event):
    """A match or a concert lets out: cars leave the streets around it for the ways out of town."""

    name = "traffic.match"
    Parameters: ClassVar[type[Parameters]] = MatchParameters
    acts = ("traffic.leaving",)

    def setup(self) -> None:
        """Find the streets.

        Raises
        ------
        ConfigError
            An unknown street, or no street that cars use near the point.
        """
        p, where = self.parameters, f"event {self.name}"
        self._at = self.moment(p.at)
        if p.longitude is not None and p.latitude is not None:
            self._rows = self._near(p.longitude, p.latitude, p.radius)
        else:
            self._rows = chosen(self.city, p.street, p.edges, where)
        self._rows = self._rows[np.asarray(self.city["edge"]["car"])[self._rows]]
        if not len(self._rows):
            raise ConfigError(
                "no street that cars use is there",
                where=where,
                allowed="`street`, `edges`, or `longitude` and `latitude` in the city",
            )

    def _near(self, longitude: float, latitude: float, radius: float) -> Rows:
        from pyproj import Transformer

        to_metres = Transformer.from_crs("EPSG:4326", self.city.place.crs, always_xy=True)
        x, y = to_metres.transform(longitude, latitude)
        points = self.city["edge"].points
        found: Rows = np.flatnonzero(np.hypot(points[:, 0] - x, points[:, 1] - y) <= radius)
        return found

    def process(self) -> Process:
        """Let the cars leave, evenly over the time and the streets' lengths."""
        yield self.until(self._at)
        p = self.parameters
        length = self.city["edge"]["length"][self._rows]
        rate = p.cars * 60.0 / p.over * length / length.sum()
        self.act("traffic.leaving", rate, self._rows)
        yield self.until(self._at + minutes(p.over))
        self.act("traffic.leaving", 0.0, self._rows)


class EvacuationParameters(Parameters):
    """Of an area that is cleared."""

    area: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees"
    )
    at: str = Field(description="local time, or date and time")
    until: str | None = Field(
        default=None, description="local time; the end of the run when left out"
    )
    cars: float = Field(default=300.0, ge=0, description="cars that leave it, on average")
    over: float = Field(default=30.0, gt=0, description="minutes within which they leave")


class Evacuation(Event):
    """An area is cleared: nobody drives in any more, and the cars in it leave the city."""

    name = "traffic.evacuation"
    Parameters: ClassVar[type[Parameters]] = EvacuationParameters
    acts = ("traffic.closed", "traffic.leaving")

    def setup(self) -> None:
        """Find the streets inside and those that lead in.

        Raises
        ------
        ConfigError
            No street lies in the area, or an end before the beginning.
        """
        p, where, table = self.parameters, f"event {self.name}", self.city["edge"]
        start, end = ends_inside(self.city, p.area, (), where)
        self._inside: Rows = np.flatnonzero(start & end & table["car"])
        self._gates: Rows = np.flatnonzero(gates(start, end, "inward") & table["car"])
        if not len(self._inside):
            raise ConfigError(
                "no street lies in the area",
                where=f"{where}, area",
                allowed="a box of degrees (west, south, east, north) that holds streets",
            )
        if p.until is None:
            self._at, self._until = self.moment(p.at), None
        else:
            self._at, self._until = self.span(p.at, p.until)

    def process(self) -> Process:
        """Close the ways in, let the cars leave, open again."""
        yield self.until(self._at)
        p = self.parameters
        shut = self._gates[self.world.state.columns["traffic.closed"][self._gates] < 1.0]
        self.act("traffic.closed", 1.0, shut)
        length = self.city["edge"]["length"][self._inside]
        if p.cars > 0.0:
            rate = p.cars * 60.0 / p.over * length / length.sum()
            self.act("traffic.leaving", rate, self._inside)
            yield self.until(self._at + minutes(p.over))
            self.act("traffic.leaving", 0.0, self._inside)
        if self._until is not None:
            yield self.until(self._until)
            self.act("traffic.closed", 0.0, shut)
