"""Parameters of the energy model, with defaults and their sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

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


class EnergyParameters(Parameters):
    """Loads, heating, grid and tariffs."""

    period: float = Field(15.0, gt=0, description="Minutes between two power flows")
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

    direct_heating: float = Field(0.04, ge=0, le=1, description="Share of heat from resistances")
    heat_pumps: float = Field(0.06, ge=0, le=1, description="Share of heat from heat pumps")
    flow_temperature: float = Field(
        45.0, ge=25, le=70, description="Of the heat pumps' heating water, degC"
    )
    heat_loss: float = Field(
        1.4, gt=0, description="Of the floor area, W/(m²·K): 120 kWh/(m²·a) at 86 kKh"
    )
    heat_capacity: float = Field(
        165_000.0, gt=0, description="Of the floor area, J/(m²·K): class medium of ISO 13790"
    )
    free_heat: float = Field(
        5.6, ge=0, description="Sun and people on the floor area, W/m²: 4 K at 1.4 W/(m²·K)"
    )
    design_temperature: float = Field(
        -12.0, lt=15, description="Outdoor temperature for which heating is sized at 20 degC, degC"
    )

    co2_intensity: float = Field(
        0.21, ge=0, description="kg CO2 per kWh from the grid (EU-27 in 2023, EEA)"
    )
    co2_by_hour: tuple[float, ...] = Field(
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

    reliability: ReliabilityParameters = Field(
        default_factory=lambda: ReliabilityParameters.model_validate({}),
        description="Failures, crews and their times",
    )

    @field_validator("co2_by_hour")
    @classmethod
    def _whole_day(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in (0, 24) or any(factor < 0 for factor in value):
            raise ValueError("give 24 factors of zero or more, or none")
        return value
