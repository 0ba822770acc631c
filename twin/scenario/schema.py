"""What a scenario file may say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from twin.core.time import ClockTime, Tick, duration
from twin.errors import ConfigError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Season = Literal["winter", "spring", "summer", "autumn"]
_MONTH = {"winter": 1, "spring": 4, "summer": 7, "autumn": 10}


def _ticks(value: object) -> object:
    """Texts such as "5m" as ticks; pydantic wants a ValueError where it is none."""
    if not isinstance(value, str):
        raise ValueError('a duration is a text such as "30s", "5m" or "2h"')
    try:
        return duration(value)
    except ConfigError as error:
        raise ValueError(f"{error.what}; allowed: {error.allowed}") from None


Duration = Annotated[Tick, BeforeValidator(_ticks)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Period(_Strict):
    """When the city lives.

    Either a ``date``, or ``weekday`` and ``season``: the first such weekday on or after the 15th of
    January (winter), April (spring), July (summer) or October (autumn) of ``year``.
    """

    date_: date | None = Field(default=None, alias="date")
    weekday: Weekday = "tuesday"
    season: Season = "winter"
    year: int = Field(default=2025, ge=1990, le=2100)
    from_: ClockTime = Field(default="05:00", alias="from")
    duration: Duration = duration("5h")

    @field_validator("weekday", "season", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def day(self) -> date:
        """The first day."""
        if self.date_ is not None:
            return self.date_
        day = date(self.year, _MONTH[self.season], 15)
        return day + timedelta(days=(WEEKDAYS.index(self.weekday) - day.weekday()) % 7)

    @property
    def start(self) -> datetime:
        """Local start, without a time zone."""
        hour, minute = map(int, self.from_.split(":"))
        return datetime(self.day.year, self.day.month, self.day.day, hour, minute)


class WireItem(_Strict):
    """A wire between two ports."""

    from_: str = Field(alias="from")
    to: str
    delayed: bool = False


class Record(_Strict):
    """What a run keeps of its columns over time."""

    every: Duration = duration("5m")
    ports: list[str] | None = None


class Item(BaseModel):
    """A policy, an event or a sensor: what it is, and its own parameters beside."""

    model_config = ConfigDict(extra="allow", frozen=True)
    use: str
    name: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """All keys but those that this class reads itself."""
        return dict(self.model_extra or {})


class PolicyItem(Item):
    """A policy; ``oracle`` lets it see the truth and not the sensors."""

    oracle: bool = False


class ScenarioFile(_Strict):
    """A scenario, after ``extends`` was resolved."""

    name: str = Field(min_length=1)
    title: dict[str, str] = Field(default_factory=dict)
    description: dict[str, str] = Field(default_factory=dict)
    city: str = Field(min_length=1)
    period: Period = Period()
    model: dict[str, dict[str, Any]] = Field(default_factory=dict)
    without: list[str] = Field(default_factory=list)
    constants: dict[str, float] = Field(default_factory=dict)
    wire: list[WireItem] = Field(default_factory=list)
    sensor: list[Item] = Field(default_factory=list)
    event: list[Item] = Field(default_factory=list)
    policy: list[PolicyItem] = Field(default_factory=list)
    record: Record = Record()

    @model_validator(mode="after")
    def _known_models(self) -> ScenarioFile:
        unknown = [name for name in self.without if name not in self.model]
        if unknown:
            raise ValueError(f"`without` names {unknown[0]!r}, which is not among the models")
        return self
