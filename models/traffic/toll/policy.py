"""The urban toll: a cordon, or a price for each kilometre in a part of the city."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic.engine import Floats
from models.traffic.streets import by_ids
from models.traffic.toll.tariff import CLASS, Band, Tariff
from twin.city.city import City
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View

Place = tuple[float, float]


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
    area: tuple[float, float, float, float] | None = Field(
        default=None, description="west, south, east, north in degrees"
    )
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
            No area, or one that no street crosses; an unknown edge; two tolls in a scenario.
        """
        p = self.parameters
        unit, counted = self._units()
        if self.acts[0] in self.world.announced:
            raise ConfigError(
                "this scenario has two prices on the streets",
                where=f"policy {self.name}",
                allowed="one traffic.toll or traffic.low_emission_zone",
            )
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
        self.world.announced[self.acts[0]] = self.tariff
        self._now = 0.0

    def _units(self) -> tuple[Floats, Flags]:
        """Passages or kilometres that each edge counts for, and the edges with equipment.

        Of a price by kilometre that is the border, where vehicles are seen to come and go; what
        they drive inside is told by a device of their own.
        """
        p, table, where = self.parameters, self.city["edge"], f"policy {self.name}"
        unit = np.zeros(len(table))
        border = np.zeros(len(table), dtype=bool)
        if p.edges:
            unit[by_ids(self.city, p.edges, f"{where}, edges")] = 1.0
        elif p.area is None and len(p.polygon) < 3:
            raise ConfigError(
                "it is not said where",
                where=where,
                allowed="`area` (west, south, east, north), `polygon` (three corners or more) or "
                "`edges` (ids)",
            )
        else:
            start, end = ends_inside(self.city, p.area, p.polygon)
            unit[gates(start, end, p.crossings) & table["car"]] = 1.0
            if p.kind == "distance":
                border = gates(start, end, "both") & table["car"]
                unit[:] = np.where(start & end & table["car"], table["length"] / 1000.0, 0.0)
        if not unit.any():
            raise ConfigError(
                "no street that cars use crosses the border of the area",
                where=f"{where}, area",
                allowed=_extent(self.city),
            )
        return unit, border if border.any() else unit > 0.0

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


Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def ends_inside(
    city: City, area: Sequence[float] | None, polygon: Sequence[Place]
) -> tuple[Flags, Flags]:
    """Whether the start, and the end, of each edge lies in a box or a polygon of degrees."""
    import shapely
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    points = city["junction"].points
    longitude, latitude = to_degrees.transform(points[:, 0], points[:, 1])
    shape = shapely.box(*area) if area is not None else shapely.Polygon(polygon)
    inside = shapely.contains_xy(shape, longitude, latitude)
    table = city["edge"]
    return inside[table["from_junction"]], inside[table["to_junction"]]


def gates(start: Flags, end: Flags, crossings: str) -> Flags:
    """Edges that lead over the border of an area; (n_edges,) bool."""
    inward, outward = ~start & end, start & ~end
    found: Flags = {"inward": inward, "outward": outward, "both": inward | outward}[crossings]
    return found


def _extent(city: City) -> str:
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    points = city["junction"].points
    longitude, latitude = to_degrees.transform(points[:, 0], points[:, 1])
    return (
        f"a part of {min(longitude):.4f}, {min(latitude):.4f}, {max(longitude):.4f}, "
        f"{max(latitude):.4f} (west, south, east, north) that does not hold all of it"
    )
