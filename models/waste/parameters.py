"""Parameters of the waste model."""

from __future__ import annotations

from pydantic import ConfigDict, Field, model_validator

from twin.core.model import Parameters
from twin.core.time import ClockTime


class Window(Parameters):
    """When containers on streets of a kind may be emptied."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    road: str = Field(description="kind of street, such as pedestrian or living_street")
    from_: ClockTime = Field(alias="from", description="local time from which it is allowed")
    until: ClockTime = Field(description="local time until which it is")

    @model_validator(mode="after")
    def _is_open(self) -> Window:
        if self.from_ == self.until:
            raise ValueError(f"the window of {self.road} ends when it begins, at {self.until}")
        return self

    @property
    def seconds(self) -> tuple[float, float]:
        """Since midnight; the end of a window over midnight lies on the next day."""
        (a, b), (c, d) = (text.split(":") for text in (self.from_, self.until))
        opens, closes = int(a) * 3600.0 + int(b) * 60.0, int(c) * 3600.0 + int(d) * 60.0
        return opens, closes if closes > opens else closes + 86_400.0


class WasteParameters(Parameters):
    """Rules of the fleet and their costs; sources are in docs/models/waste.md."""

    trucks: int = Field(4, ge=0, le=200, description="trucks of each stream")
    shift_start: ClockTime = Field("06:00", description="local time of the dispatch")
    shift: float = Field(8.0, gt=0.0, le=16.0, description="length of the shift, rest included, h")
    rest: float = Field(45.0, ge=0.0, le=120.0, description="length of the rest, min")
    rest_after: float = Field(270.0, gt=0.0, description="work after which a rest is due, min")
    unloading: float = Field(15.0, ge=0.0, description="time of one unloading, min")
    beyond: float = Field(
        3.0, ge=0.0, description="way from the edge of the map to a depot that it lacks, km"
    )
    iterations: int = Field(150, ge=1, description="of the search for rounds")
    crew: int = Field(3, ge=1, description="people on a truck")
    wage: float = Field(30.0, ge=0.0, description="labour cost of one, EUR/h")
    vehicle: float = Field(25.0, ge=0.0, description="truck without fuel and crew, EUR/h")
    margin: float = Field(0.08, ge=0.0, description="of the operator on its costs")
    tow_hours: float = Field(
        2.0,
        gt=0.0,
        description="until a lost truck has been towed in, unloaded and is in the depot, h",
    )
    tow_price: float = Field(600.0, ge=0.0, description="of towing a truck in, EUR")
    fuel_per_km: float = Field(0.45, ge=0.0, description="diesel for driving, l/km")
    fuel_per_hour: float = Field(3.5, ge=0.0, description="diesel for lifting and pressing, l/h")
    fuel_price: float = Field(1.5, ge=0.0, description="EUR/l")
    windows: tuple[Window, ...] = Field(
        (), description="when containers may be emptied, by kind of street; else all day"
    )
    electric: bool = Field(False, description="trucks are electric, and charged at the depot")
    battery: float = Field(280.0, gt=0.0, description="usable energy of a truck, kWh")
    charger: float = Field(50.0, gt=0.0, description="power at which a truck is charged, kW")
    kwh_per_km: float = Field(1.4, ge=0.0, description="electric energy for driving, kWh/km")
    kwh_per_hour: float = Field(8.0, ge=0.0, description="the same for lifting and pressing, kWh/h")
    electricity_price: float = Field(0.18, ge=0.0, description="EUR/kWh")
    electricity_co2: float = Field(0.06, ge=0.0, description="of the grid, kg/kWh")
    complaints: float = Field(
        0.02, ge=0.0, description="complaints an hour for which a container overflows"
    )
    season: tuple[float, ...] = Field(
        (0.96, 0.95, 0.98, 1.0, 1.03, 1.04, 1.0, 0.98, 1.01, 1.02, 1.01, 1.02),
        min_length=12, max_length=12,
        description="what households throw away in each month, 1 on average",
    )  # fmt: skip
    litter_weekdays: tuple[float, ...] = Field(
        (0.93, 0.93, 0.95, 0.97, 1.04, 1.12, 1.06), min_length=7, max_length=7,
        description="litter on each weekday, Monday first, 1 on average",
    )  # fmt: skip
    litter_warmth: float = Field(
        0.02, ge=0.0, description="more litter for each degree above 10, share"
    )
    litter_visitors: float = Field(
        0.5, ge=0.0, le=1.0, description="part of the litter that follows who is in shops nearby"
    )
    crowd_litter: float = Field(0.05, ge=0.0, description="litter of a person in a crowd, kg/h")
