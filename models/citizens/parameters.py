"""Parameters of the citizens, each with its unit and where its value comes from."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from twin.core import model


class Parameters(model.Parameters):
    """Who the people are and how they decide; sources are in docs/models/citizens.md."""

    household_sizes: tuple[float, ...] = Field(
        default=(0.37, 0.31, 0.14, 0.12, 0.06),
        min_length=1,
        description="share of households with 1, 2, 3 … persons (Eurostat, EU 2023, rounded)",
    )
    employment_rate: float = Field(
        default=0.75, ge=0, le=1, description="of those aged 18–64 (Eurostat, EU 2023)"
    )
    cars_per_person: float = Field(
        default=0.45, ge=0, le=1.5, description="cars per resident (cities; EU mean 0.57)"
    )
    outside_cars_per_person: float = Field(
        default=0.55, ge=0, le=1, description="share of people from outside who have a car at hand"
    )
    work_inside: float = Field(
        default=0.6, ge=0, le=1, description="largest share of employed residents who work inside"
    )
    jobs_filled: float = Field(
        default=0.95, ge=0, le=1, description="share of jobs that are filled"
    )
    visits_per_area: float = Field(
        default=0.15, ge=0, description="daily visits per m² of retail floor area"
    )
    outside_visits: float = Field(
        default=0.5, ge=0, le=1, description="share of these visits made by people from outside"
    )
    outside_distance: float = Field(
        default=8000.0, gt=0, description="median distance beyond the border, m"
    )
    work_scale: float = Field(
        default=2500.0, gt=0, description="gravity scale of work and school, m"
    )
    errand_scale: float = Field(default=900.0, gt=0, description="gravity scale of shopping, m")
    leisure_scale: float = Field(default=1500.0, gt=0, description="gravity scale of leisure, m")
    errand_outside: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="share of residents' shopping and leisure done outside",
    )
    attendance: float = Field(
        default=0.78, ge=0, le=1, description="share of workers at their workplace on a working day"
    )
    attendance_summer: float = Field(
        default=0.62, ge=0, le=1, description="the same in July and August"
    )
    school_holiday_months: tuple[int, ...] = Field(
        default=(7, 8), description="months in which nobody goes to school"
    )
    time: float = Field(default=-0.035, le=0, description="utility of a minute in a vehicle")
    time_walk: float = Field(
        default=-0.070, le=0, description="utility of a minute on foot or waiting"
    )
    time_bicycle: float = Field(
        default=-0.055, le=0, description="utility of a minute on a bicycle"
    )
    cost: float = Field(
        default=-0.175, le=0, description="utility of a euro (time / cost = 12 EUR/h)"
    )
    constant_walk: float = Field(default=0.7, description="constant of walking")
    constant_bicycle: float = Field(default=-1.3, description="constant of the bicycle")
    constant_transit: float = Field(default=-0.6, description="constant of public transport")
    constant_car: float = Field(default=-0.2, description="constant of the car")
    bicycle_winter: float = Field(
        default=-0.9, description="added to the bicycle's constant from December to March"
    )
    fare: float = Field(default=1.6, ge=0, description="mean fare of a public transport trip, EUR")
    car_cost: float = Field(
        default=0.15, ge=0, description="running cost felt by a driver, EUR/km (booked by traffic)"
    )
    car_terminal: float = Field(
        default=18.0, ge=0, description="minutes to park and walk in a crowded centre (300 /ha)"
    )
    transit_wait: float = Field(
        default=4.0, ge=0, description="minutes of waiting where 8 stops or more are within 500 m"
    )
    gtfs_file: str | None = Field(
        default=None, description="GTFS feed (.zip or folder) of the city's public transport"
    )
    gtfs_date: date | None = Field(
        default=None, description="day of the feed that is lived; the scenario's where none"
    )
    gtfs_hours: tuple[float, float] = Field(
        default=(6.0, 22.0), description="hours of the day whose headways count"
    )
    suppression: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="share of the loss of accessibility (logsum) by which optional tours fall",
    )
    household_waste: float = Field(
        default=1.0, ge=0, description="kg per resident and day disposed of at home"
    )
