"""The urban toll: a cordon, or a price for each kilometre in a part of the city."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic.cordon import Box, Flags, Place, crossed, ends_inside
from models.traffic.engine import Floats
from models.traffic.toll.tariff import CLASS, TOLL, Band, Tariff, announce_once
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Measured, Policy
from twin.policy.view import View


class PriceParameters(Parameters):
    """A price within some hours."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: ClockTime = Field(alias="from", description="local time")
    until: ClockEnd = Field(description="local time")
    price: float = Field(ge=0, le=100, description="EUR")


class TollParameters(Parameters):
    """Of an urban toll."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: Literal["cordon", "distance"] = Field(
        default="cordon", description="a price for each crossing, or for each kilometre inside"
    )
    area: Box | None = Field(default=None, description="west, south, east, north in degrees")
    polygon: tuple[Place, ...] = Field(
        default=(), description="corners as [longitude, latitude], in place of a box"
    )
    edges: tuple[str, ...] = Field(default=(), description="ids of the gates, in place of an area")
    crossings: Literal["inward", "outward", "both"] = Field(
        default="inward", description="which crossings of the cordon are charged"
    )
    price: float = Field(default=2.0, ge=0, le=100, description="EUR a crossing or a kilometre")
    from_: ClockTime = Field(default="06:30", alias="from", description="local time")
    until: ClockEnd = Field(default="18:30", description="local time")
    prices: tuple[PriceParameters, ...] = Field(
        default=(), description="prices by time, in place of price, from and until"
    )
    weekends: bool = Field(default=False, description="also on Saturdays and Sundays")
    electric: float = Field(
        default=1.0, ge=0, le=1, description="share of the price that electric cars pay; 0 exempt"
    )
    van: float = Field(default=1.0, ge=0, le=20, description="times the price of a car")
    truck: float = Field(default=1.0, ge=0, le=20, description="times the price of a car")
    resident: float = Field(
        default=1.0, ge=0, le=1, description="share that vehicles of residents pay; 0 exempt"
    )
    gate_cost: float = Field(
        default=150_000.0, ge=0, description="EUR to build a charged lane, with its back office"
    )
    gate_life: float = Field(default=10.0, gt=0, description="years that it serves")
    gate_upkeep: float = Field(default=20_000.0, ge=0, description="EUR a charged lane and year")
    handling: float = Field(default=0.10, ge=0, description="EUR to bill a crossing")


class Toll(Policy):
    """Drivers pay to enter a part of the city, or for each kilometre in it."""

    name = "traffic.toll"
    Parameters: ClassVar[type[Parameters]] = TollParameters
    parameters: TollParameters
    acts = ("traffic.toll", "traffic.toll_resident")
    period = minutes(1)

    def setup(self) -> None:
        """Find the gates and announce the tariff.

        Raises
        ------
        ConfigError
            No area, or one that no street crosses; an unknown edge; a second toll.
        """
        p = self.parameters
        unit, counted = self._units()
        announce_once(self.world, self.name, TOLL)
        self.tariff = Tariff(
            unit=unit,
            bands=bands(p.prices, p.price, p.from_, p.until),
            weekends=p.weekends,
            factor=np.array([1.0, p.electric, p.van, p.truck])[CLASS],
            resident=p.resident,
            lanes=float(self.city["edge"]["lanes"][counted].sum()),
            upkeep=p.gate_cost / p.gate_life + p.gate_upkeep,
            handling=p.handling,
            once=p.kind == "distance" and not p.edges,
        )
        self.world.announced[TOLL] = self.tariff
        self._now = 0.0

    def _units(self) -> tuple[Floats, Flags]:
        """Passages or kilometres that each edge counts for, and the edges with equipment.

        Of a price by kilometre that is the border, where vehicles are seen to come and go; what
        they drive inside is told by a device of their own.
        """
        p, table, where = self.parameters, self.city["edge"], f"policy {self.name}"
        found = crossed(self.city, p.area, p.polygon, p.edges, p.crossings, where)
        if p.kind == "cordon" or p.edges:
            return np.where(found, 1.0, 0.0), found
        start, end = ends_inside(self.city, p.area, p.polygon, where)
        inside = start & end & table["car"]
        if not inside.any():
            raise ConfigError("no street that cars use lies in the area", where=f"{where}, area")
        border = crossed(self.city, p.area, p.polygon, (), "both", where)
        return np.where(inside, table["length"] / 1000.0, 0.0), border

    @classmethod
    def measures(cls, parameters: Any) -> Measured:
        """The crossings of the cordon, all day and in the hours with a price."""
        p: TollParameters = parameters
        line = {
            "name": cls.name,
            "area": p.area,
            "polygon": p.polygon,
            "edges": p.edges,
            "crossings": p.crossings,
            "hours": [(one.from_, one.until) for one in p.prices] or [(p.from_, p.until)],
            "weekends": p.weekends,
        }
        return {"traffic": {"screenlines": [line]}}

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Charge what the tariff says for the time."""
        price = self.tariff.price(self.world.calendar, now)
        if price == self._now:
            return []
        self._now = price
        return [
            Action("traffic.toll", price * self.tariff.unit),
            Action("traffic.toll_resident", self.parameters.resident),
        ]


def bands(
    prices: Sequence[PriceParameters], price: float, start: str, until: str
) -> tuple[Band, ...]:
    """Prices by time, or the one price."""
    if not prices:
        return (Band(DailyWindow.between(start, until), price),)
    return tuple(Band(DailyWindow.between(one.from_, one.until), one.price) for one in prices)
