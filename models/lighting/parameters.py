"""Parameters and indicators of the lighting of a city."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.lighting.classes import MORE_LANES, TWO_LANES
from twin.core.indicator import Indicator
from twin.core.model import Parameters as Base
from twin.core.time import ClockEnd, ClockTime, minutes
from twin.scenario.schema import Duration


class Parameters(Base):
    """Parameters of the lighting of a city."""

    technology: Literal["as built", "led", "hps", "metal halide", "mercury", "fluorescent"] = Field(
        default="as built", description="lamps as in the city's table, or all of one technology"
    )
    switching: Literal["photocell", "clock"] = Field(
        default="photocell", description="what switches on: daylight, or an astronomical clock"
    )
    on_below: float = Field(default=35.0, gt=0.0, description="daylight that switches on, lx")
    off_ratio: float = Field(default=1.5, ge=1.0, description="switches off above this × on_below")
    after_sunset: float = Field(default=10.0, ge=-60, le=120, description="clock: on, min")
    before_sunrise: float = Field(default=10.0, ge=-60, le=120, description="clock: off, min")
    standing_led: float = Field(default=0.145, ge=0.0, le=1.0, description="LED power not dimmable")
    standing_hps: float = Field(default=0.3, ge=0.0, le=1.0, description="the same of sodium lamps")
    cleaning: float = Field(default=3.0, ge=0.0, description="between two cleanings, years")
    presence: Literal["auto", "vehicles", "flows", "streets"] = Field(
        default="auto",
        description="who lights lamps: vehicles one by one, or who is drawn from the flows, lamp "
        "after lamp or all of a street at once; auto: vehicles where a model gives them",
    )
    ahead: float = Field(default=100.0, gt=0.0, description="lit ahead of a vehicle, m")
    walker_ahead: float = Field(default=30.0, gt=0.0, description="lit ahead of a walker, m")
    crossing_ahead: float = Field(
        default=100.0,
        ge=0.0,
        description="of these, lit in streets that leave the next crossing, m",
    )
    behind: float = Field(default=0.0, ge=0.0, description="lit behind both, m")
    hold: float = Field(default=20.0, ge=0.0, description="light stays after somebody passed, s")
    two_lane_quiet: float = Field(
        default=TWO_LANES[0], ge=0, le=1, description="flow / capacity: two classes less below"
    )
    two_lane_busy: float = Field(
        default=TWO_LANES[1], ge=0, le=1, description="... the class of the busiest hour above"
    )
    more_lanes_quiet: float = Field(
        default=MORE_LANES[0], ge=0, le=1, description="the same of streets of more lanes"
    )
    more_lanes_busy: float = Field(
        default=MORE_LANES[1], ge=0, le=1, description="the same of streets of more lanes"
    )
    curfew_from: ClockTime = Field(default="23:00", description="light at windows counts from here")
    curfew_until: ClockEnd = Field(default="06:00", description="to here, local time")
    faulty_at_start: float = Field(default=0.01, ge=0.0, lt=1.0, description="share out of order")
    detection: Literal["reports", "telemetry"] = Field(
        default="reports", description="how the city hears of a failed lamp"
    )
    telemetry_period: Duration = Field(default=minutes(15), description="between two messages")
    patrol_days: float = Field(default=14.0, gt=0.0, description="between two patrols, days")
    report_days: float = Field(default=10.0, gt=0.0, description="mean until a citizen reports it")
    crews: int = Field(default=2, ge=1, description="repair crews")
    repair_time: float = Field(default=45.0, gt=0.0, description="median with the way there, min")
    work_from: ClockTime = Field(default="07:30", description="working hours, Monday to Friday")
    work_until: ClockEnd = Field(default="16:30", description="their end")
    visit: float = Field(default=80.0, ge=0.0, description="crew and vehicle at one lamp, EUR")
    price: float = Field(default=0.19, ge=0.0, description="electricity, EUR/kWh")
    carbon: float = Field(default=0.21, ge=0.0, description="CO2 of electricity, kg/kWh")
    luminaire: float = Field(default=550.0, ge=0.0, description="a new luminaire, fitted, EUR")
    interest: float = Field(default=0.03, ge=0.0, description="rate of the annuity, 1/year")
    lifetime: float = Field(default=20.0, gt=0.0, description="of a new luminaire, years")


INDICATORS = (
    Indicator("lighting.energy", "kWh", "lower", "municipality", headline=True),
    Indicator("lighting.cost", "EUR", "lower", "municipality", headline=True),
    Indicator("lighting.maintenance", "EUR", "lower", "municipality"),
    Indicator("lighting.capital", "EUR", "lower", "municipality"),
    Indicator("lighting.co2", "kg", "lower", "everyone", headline=True),
    Indicator("lighting.burning_hours", "h", "neutral", "municipality"),
    Indicator("lighting.dimmed_share", "%", "neutral", "municipality"),
    Indicator("lighting.illuminance", "lx", "neutral", "everyone"),
    Indicator("lighting.class_kept", "%", "higher", "everyone", headline=True),
    Indicator("lighting.underlit_share", "%", "lower", "everyone"),
    Indicator("lighting.trespass_hours", "h", "lower", "households"),
    Indicator("lighting.power_density", "mW/(lx m²)", "lower", "municipality"),
    Indicator("lighting.annual_consumption", "kWh/m²", "lower", "municipality"),
    Indicator("lighting.faulty_share", "%", "lower", "everyone"),
    Indicator("lighting.failures", "lamps", "lower", "municipality"),
    Indicator("lighting.repairs", "lamps", "neutral", "municipality"),
    Indicator("lighting.hours_to_failure", "lamp-hours", "higher", "municipality"),
    Indicator("lighting.payback", "years", "lower", "municipality", headline=True),
)
