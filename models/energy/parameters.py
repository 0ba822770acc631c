"""Parameters of the energy model, with defaults and their sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from models.energy.archetypes import COMFORT
from models.energy.demand import PER_PERSON
from models.energy.reliability.parameters import ReliabilityParameters
from twin.core.model import Parameters

UseName = Literal[
    "residential",
    "retail",
    "office",
    "industrial",
    "education",
    "health",
    "hotel",
    "public",
    "other",
]
Twentyfour = tuple[float, ...]
ROUNDING = 1e-9


def five_ages(value: tuple[float, ...]) -> tuple[float, ...]:
    """Shares of the five age classes, checked; none is allowed.

    Raises
    ------
    ValueError
        They are not five, one is negative, or they do not add up to 1.
    """
    if not value:
        return value
    if len(value) != 5 or min(value) < 0:
        raise ValueError("give five shares of zero or more, or none")
    if abs(sum(value) - 1.0) > 0.005:
        raise ValueError(f"the five shares add up to {sum(value):g}: they are of all buildings, 1")
    return value


class HeatParameters(Parameters):
    """Heating, cooling and hot water."""

    direct_heating: float = Field(
        0.04, ge=0, le=1, description="Share of buildings heated by resistances"
    )
    heat_pumps: float = Field(0.06, ge=0, le=1, description="Share of buildings with heat pumps")
    ages: tuple[float, ...] = Field(
        (), description="Shares of five age classes of buildings, oldest first; none: the country's"
    )
    gas: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of the other buildings with gas; the rest: district heat",
    )
    flow_temperature: float = Field(
        45.0, ge=25, le=70, description="Of the heat pumps' heating water, degC"
    )
    water_temperature: float = Field(55.0, ge=40, le=70, description="Of hot water, degC")
    design_temperature: float = Field(
        -12.0, lt=15, description="Outdoor temperature for which heating is sized at 20 degC, degC"
    )
    heat_pump_size: float = Field(
        0.8, gt=0, le=1.5, description="Heat pump over the design load; a resistance does the rest"
    )
    room_temperature: float = Field(
        COMFORT, ge=5, le=28, description="What households and firms want without a policy, degC"
    )
    water_energy: float = Field(
        1.5, ge=0, description="Hot water of a person, kWh a day (35 l at 37 K; EN 16147 profile M)"
    )
    cooled: float = Field(
        0.5, ge=0, le=1, description="Share of offices, shops, hotels, hospitals with cooling"
    )
    cooling_temperature: float = Field(25.0, ge=20, le=35, description="Cooled from it on, degC")
    cooling_performance: float = Field(3.0, gt=1, description="Cold for a unit of electricity")
    gas_price: float = Field(
        0.12, ge=0, description="EUR/kWh of heat (EU-27 in 2024, Eurostat nrg_pc_202, 92 % used)"
    )
    district_price: float = Field(0.10, ge=0, description="EUR/kWh of district heat")
    gas_co2: float = Field(0.22, ge=0, description="kg CO2 per kWh of heat (0.202 / 0.92)")
    district_co2: float = Field(0.15, ge=0, description="kg CO2 per kWh of district heat")

    @field_validator("ages")
    @classmethod
    def _five_ages(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        return five_ages(value)

    @model_validator(mode="after")
    def _one_heating_each(self) -> HeatParameters:
        both = self.heat_pumps + self.direct_heating
        if both > 1.0 + ROUNDING:
            raise ValueError(
                f"heat_pumps = {self.heat_pumps:g} and direct_heating = {self.direct_heating:g} "
                f"are shares of the same buildings and add up to {both:g}: give at most 1 together"
            )
        return self


class MoneyParameters(Parameters):
    """Tariffs and the CO2 of electricity."""

    co2_intensity: float = Field(
        0.21, ge=0, description="kg CO2 per kWh from the grid (EU-27 in 2023, EEA)"
    )
    co2_by_hour: Twentyfour = Field(
        (), description="24 factors on the CO2 intensity by local hour; none for a constant one"
    )
    household_price: float = Field(
        0.29, ge=0, description="EUR/kWh all in (EU-27 in 2024, Eurostat nrg_pc_204)"
    )
    firm_price: float = Field(
        0.19, ge=0, description="EUR/kWh without VAT (EU-27 in 2024, Eurostat nrg_pc_205)"
    )
    municipality_price: float = Field(0.19, ge=0, description="EUR/kWh for public buildings")
    loss_price: float = Field(0.09, ge=0, description="EUR/kWh of the grid operator for losses")
    peak_factor: float = Field(
        1.15, ge=1, le=3, description="Price at peak, 06:00 to 22:00, over the flat one"
    )
    off_peak_factor: float = Field(0.7, ge=0, le=1, description="The same off peak")
    market_price: float = Field(
        0.09, ge=0, description="EUR/kWh of the day-ahead market, its mean; part of every price"
    )
    market_by_hour: Twentyfour = Field(
        (
            *(0.80, 0.75, 0.72, 0.71, 0.75, 0.87, 1.07, 1.25, 1.31, 1.18, 1.03, 0.93),
            *(0.86, 0.81, 0.80, 0.86, 0.99, 1.17, 1.36, 1.41, 1.30, 1.13, 1.02, 0.92),
        ),
        min_length=24,
        max_length=24,
        description="Factors on the market price by local hour, while nothing gives the price",
    )
    feed_in_price: float = Field(
        0.08, ge=0, description="EUR/kWh for what panels feed in, but at a dynamic tariff"
    )
    net_metering: bool = Field(
        False, description="What is fed in is paid at the price of what is drawn"
    )

    @field_validator("co2_by_hour", "market_by_hour")
    @classmethod
    def _whole_day(cls, value: Twentyfour) -> Twentyfour:
        if len(value) not in (0, 24) or any(factor < 0 for factor in value):
            raise ValueError("give 24 factors of zero or more, or none")
        return value

    @field_validator("market_by_hour")
    @classmethod
    def _some_price(cls, value: Twentyfour) -> Twentyfour:
        if not any(value):
            raise ValueError(
                "all factors are zero, so that they have no mean to be scaled to; for a market "
                "without a price give market_price = 0"
            )
        return value


class EquipmentParameters(Parameters):
    """Panels, batteries, and what equipment costs."""

    module_power: float = Field(0.2, gt=0, le=0.4, description="Of panels, kW per m²")
    solar_cost: float = Field(1_200.0, ge=0, description="Of panels on a roof, EUR per kW")
    battery_cost: float = Field(600.0, ge=0, description="EUR per kWh of capacity")
    heat_pump_cost: float = Field(1_300.0, ge=0, description="EUR per kW of heat")
    insulation_cost: float = Field(180.0, ge=0, description="EUR per m² of envelope, windows too")
    upkeep: float = Field(0.015, ge=0, description="Of equipment, a year, share of its capital")
    trench_cost: float = Field(100.0, ge=0, description="A street opened for cables, EUR/m")
    cable_cost: float = Field(30.0, ge=0, description="Each cable laid, EUR/m")
    regulator_cost: float = Field(
        15_000.0, ge=0, description="A transformer with taps under load beyond a usual one, EUR"
    )
    transformer_cost: float = Field(60.0, ge=0, description="Capacity added, EUR/kVA")
    interest: float = Field(0.03, ge=0, le=0.2, description="Real, 1/a")
    battery_rate: float = Field(0.5, gt=0, description="Power over capacity of batteries, 1/h")
    battery_efficiency: float = Field(0.9, gt=0, le=1, description="Of a whole turn, 1")


class EnergyParameters(HeatParameters, MoneyParameters, EquipmentParameters):
    """Loads, heating, generation, grid and tariffs."""

    period: float = Field(15.0, gt=0, description="Minutes between two power flows")
    households: Literal["appliances", "profile"] = Field(
        "appliances", description="Appliances by chance in each home, or the mean of many homes"
    )
    per_person: float = Field(
        PER_PERSON, ge=0, description="Of a resident without heating, kWh per year"
    )
    specific: dict[UseName, float] = Field(
        default_factory=dict,
        description="Electricity of a use's floor area without heating, kWh/(m²·a), by use",
    )
    power_factor: float = Field(0.95, gt=0, le=1, description="Of every load, inductive")
    source_voltage: float = Field(1.0, gt=0.8, lt=1.2, description="Medium voltage, per unit")
    voltage_band: float = Field(0.1, gt=0, lt=1, description="Allowed deviation, 1 (EN 50160)")
    reliability: ReliabilityParameters = Field(
        default_factory=lambda: ReliabilityParameters.model_validate({}),
        description="Failures, crews and their times",
    )
