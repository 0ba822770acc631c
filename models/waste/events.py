"""What may happen to the fleet and to the bins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from models.waste.streams import LITTER
from twin.core.model import Parameters, Process
from twin.errors import ConfigError
from twin.policy.policy import Event


class TruckOutParameters(Parameters):
    """Which trucks, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: str = Field(alias="from", description="local time HH:MM, or date and time")
    until: str | None = Field(None, description="when they work again; never in this run if empty")
    trucks: int = Field(1, ge=1, description="how many, of the residual stream first")


class TruckOut(Event):
    """Trucks break down: they stop where they are, and are towed in with their load."""

    name = "waste.truck_out"
    Parameters: ClassVar[type[Parameters]] = TruckOutParameters
    acts = ("waste.trucks_out",)

    def setup(self) -> None:
        """Read the times."""
        self.begin, self.end = self.span(self.parameters.from_, self.parameters.until)

    def process(self) -> Process:
        """Take the trucks out, and give them back."""
        yield self.until(self.begin)
        self.act("waste.trucks_out", self._out() + self.parameters.trucks)
        if self.end is not None:
            yield self.until(self.end)
            self.act("waste.trucks_out", max(0.0, self._out() - self.parameters.trucks))

    def _out(self) -> float:
        return float(self.world.state.columns["waste.trucks_out"][0])


class CrowdParameters(Parameters):
    """Where, when and how many."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    longitude: float = Field(description="of the middle, degrees")
    latitude: float = Field(description="of the middle, degrees")
    from_: str = Field(alias="from", description="local time HH:MM, or date and time")
    until: str = Field(description="when it ends")
    people: float = Field(gt=0.0, description="how many are there")
    radius: float = Field(150.0, gt=0.0, description="they use the litter bins this near, m")


class Crowd(Event):
    """A market, a match or a concert fills the litter bins around it."""

    name = "waste.crowd"
    Parameters: ClassVar[type[Parameters]] = CrowdParameters
    acts = ("waste.crowd",)

    def setup(self) -> None:
        """Find the bins and read the times.

        Raises
        ------
        ConfigError
            There is no litter bin near.
        """
        from pyproj import Transformer

        rules, table = self.parameters, self.city["container"]
        self.begin, self.end = self.span(rules.from_, rules.until)
        change = Transformer.from_crs("EPSG:4326", self.city.place.crs, always_xy=True)
        middle = change.transform(rules.longitude, rules.latitude)
        away = np.hypot(*(table.points - np.array(middle)).T)
        self.rows = np.flatnonzero((away <= rules.radius) & (table["stream"] == LITTER))
        if not len(self.rows):
            raise ConfigError(
                f"no litter bin within {rules.radius:g} m of {rules.longitude}, {rules.latitude}",
                where="event waste.crowd",
                mend="a larger radius, or another place",
            )

    def process(self) -> Process:
        """Let them come, and go."""
        each = self.parameters.people / len(self.rows)
        yield self.until(self.begin)
        self.act("waste.crowd", self._now() + each, self.rows)
        yield self.until(self.end)
        self.act("waste.crowd", np.maximum(self._now() - each, 0.0), self.rows)

    def _now(self) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = self.world.state.columns["waste.crowd"][self.rows]
        return found


class ClosureParameters(Parameters):
    """Which street, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    street: str = Field(description="name of a street, or id of an edge")
    from_: str = Field(alias="from", description="local time HH:MM, or date and time")
    until: str | None = Field(None, description="when it opens; never in this run if empty")


class Closure(Event):
    """A market or works close a street to the trucks; cars are the traffic model's."""

    name = "waste.closure"
    Parameters: ClassVar[type[Parameters]] = ClosureParameters
    acts = ("waste.closed",)

    def setup(self) -> None:
        """Find the street and read the times.

        Raises
        ------
        ConfigError
            The city has no such street.
        """
        rules, edges = self.parameters, self.city["edge"]
        self.begin, self.end = self.span(rules.from_, rules.until)
        self.rows = np.flatnonzero((edges["name"] == rules.street) | (edges.ids == rules.street))
        if not len(self.rows):
            raise ConfigError(
                f"the city has no street {rules.street!r}",
                where="event waste.closure",
                allowed="a street's name, or the id of an edge",
            )

    def process(self) -> Process:
        """Close the street, and open it; it stays closed while another closure lasts."""
        yield self.until(self.begin)
        self.act("waste.closed", self._closures() + 1.0, self.rows)
        if self.end is not None:
            yield self.until(self.end)
            self.act("waste.closed", np.maximum(self._closures() - 1.0, 0.0), self.rows)

    def _closures(self) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = self.world.state.columns["waste.closed"][self.rows]
        return found
