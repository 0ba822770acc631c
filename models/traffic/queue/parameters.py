"""Parameters of the queue engine; those of the first group are what ``twin surrogate fit`` fits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class QueueParameters(BaseModel):
    """What a scenario may set under ``[model.traffic.queue]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reaction: float = Field(
        default=1.4, ge=0.5, le=3.0, description="from the start of a queued vehicle to the next, s"
    )
    spacing: float = Field(
        default=7.5, ge=4.0, le=15.0, description="street that a standing vehicle takes, m"
    )
    speed: float = Field(default=0.92, ge=0.5, le=1.2, description="free speed over the limit")
    start_loss: float = Field(
        default=1.5, ge=0.0, le=6.0, description="green that is lost when a queue starts, s"
    )
    turn_loss: float = Field(
        default=1.0, ge=0.0, le=10.0, description="time that a turn costs beside its way, s"
    )
    minor_loss: float = Field(
        default=1.0, ge=0.0, le=10.0, description="time that a stream without priority loses, s"
    )
    gap: float = Field(
        default=3.0, ge=0.5, le=8.0, description="gap that those need who give way, s"
    )
    clear: float = Field(
        default=1.5, ge=0.0, le=5.0, description="time that a vehicle keeps a crossing, s"
    )
    patience: float = Field(
        default=60.0, ge=0.0, description="after giving way for so long, a driver goes anyway, s"
    )
    signals: Literal["phases", "capacity"] = Field(
        default="phases", description="signals as they switch, or their green share as capacity"
    )
    reroute: float = Field(
        default=1.0, ge=0.0, le=1.0, description="share of drivers who take a better way each time"
    )
    release: float = Field(
        default=-1.0,
        allow_inf_nan=False,
        description="a vehicle that waits so long for a full street is pushed into it, s; 0 never, "
        "-1 as SUMO does it (300 for a demand of SUMO's own, else 150)",
    )

    @field_validator("release")
    @classmethod
    def _no_other_negative(cls, value: float) -> float:
        if value < 0.0 and value != -1.0:
            raise ValueError("release must be -1, 0 or a time in seconds above 0")
        return value
