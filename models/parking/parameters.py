"""Parameters of parking, each with its unit and where its value comes from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from twin.core import model
from twin.core.time import ClockEnd, ClockTime


class ParkingParameters(model.Parameters):
    """What a scenario may set under ``[model.parking]``; sources are in docs/models/parking.md."""

    source: Literal["auto", "traffic", "citizens", "profile"] = Field(
        default="auto",
        description="who comes: vehicles that the traffic brings, citizens' car trips on usual "
        "travel times, or a profile of the day",
    )
    period: str = Field(default="1m", description="between two steps")
    private: float = Field(
        default=0.6, ge=0, le=1, description="share of drivers with a space of their own"
    )
    occupied: float = Field(
        default=0.7, ge=0, le=1, description="of the bays at the start, where nobody says"
    )
    turnover: float = Field(
        default=0.5, ge=0, description="arrivals a bay and hour at the busiest (profile)"
    )
    spread: float = Field(
        default=0.5, ge=0, description="of the logarithm of how much people wish for each street"
    )
    stay: float = Field(default=90.0, gt=0, description="median stay, minutes")
    stay_sigma: float = Field(default=0.8, ge=0, description="of its logarithm")
    reach: float = Field(
        default=300.0, gt=0, description="farthest walk from the bay to the destination, m"
    )
    walk_scale: float = Field(
        default=80.0, gt=0, description="walk that a driver takes e times less often, m"
    )
    elasticity: float = Field(
        default=-0.4, le=0, description="own-price elasticity of a block at the usual price"
    )
    elsewhere: float = Field(
        default=0.1, ge=0, lt=1, description="share who park outside at the usual price"
    )
    price: float = Field(default=2.0, ge=0, description="usual price at the kerb, EUR/h")
    garage_price: float = Field(default=3.0, ge=0, description="usual price elsewhere, EUR/h")
    paid_from: ClockTime = Field(default="09:00", description="local time from which bays cost")
    paid_until: ClockEnd = Field(default="20:00", description="local time until which bays cost")
    informed: float = Field(
        default=0.0, ge=0, le=1, description="share of drivers whom guidance reaches as it is"
    )
    patience: float = Field(
        default=20.0, gt=0, description="search after which any free bay is taken, minutes"
    )
    cruise_speed: float = Field(
        default=15.0, gt=0, description="of a driver who looks for a bay, km/h"
    )
    illegal: float = Field(
        default=0.05, ge=0, le=1, description="share who stop illegally at a full block"
    )
    unpaid: float = Field(default=0.1, ge=0, le=1, description="share who do not pay")
    patrol: float = Field(
        default=4.0, gt=0, description="mean time between two patrols past a car, hours"
    )
    fine: float = Field(default=60.0, ge=0, description="fine, EUR")
    bays_per_warden: float = Field(default=300.0, gt=0, description="bays a warden watches")
    warden_cost: float = Field(default=32.0, ge=0, description="a warden, EUR/h in paid hours")
    full: float = Field(
        default=0.9, gt=0, le=1, description="occupancy from which a block counts as full"
    )
