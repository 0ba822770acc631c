"""Kinds of days: which date is lived, and how likely each activity is on it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from models.citizens.columns import Day
from models.citizens.parameters import Parameters
from twin.core.time import Calendar, Tick

BEGIN = time(3)
"""Local time at which a day of activities begins; travel surveys cut the day at 03:00 or 04:00."""


def lived(calendar: Calendar, now: Tick) -> date:
    """Date of the day of activities at a tick: before 03:00 it is still yesterday."""
    return (calendar.local(now) - timedelta(hours=3)).date()


def begin(calendar: Calendar, day: date) -> Tick:
    """Tick at which a day of activities begins."""
    return calendar.tick(datetime.combine(day, BEGIN))


def is_holiday(day: date, country: str) -> bool:
    """Whether it is a public holiday there; False where the country is not known."""
    if not country:
        return False
    import holidays

    try:
        return day in holidays.country_holidays(country, years=day.year)
    except NotImplementedError:
        return False


def profile(day: date, country: str, parameters: Parameters) -> Day:
    """Chances of each activity on a date.

    Calibrated so that residents make 2.5 to 3 trips on a working day; see docs/models/citizens.md.
    """
    warm = 1.1 if day.month in (5, 6, 7, 8) else (0.9 if day.month in (11, 12, 1, 2) else 1.0)
    outside, number = parameters.errand_outside, day.toordinal()
    if day.weekday() == 6 or is_holiday(day, country):
        return Day(number, 0.08, 0.0, 0.05, 0.1, 0.2, 0.35, 0.65 * warm, 0.6, outside)
    if day.weekday() == 5:
        return Day(number, 0.14, 0.0, 0.1, 0.2, 0.3, 0.65, 0.65 * warm, 1.0, outside)
    summer = day.month in (7, 8)
    attend = parameters.attendance_summer if summer else parameters.attendance
    school = 0.0 if day.month in parameters.school_holiday_months else 0.95
    return Day(number, attend, school, 0.3, 0.25, 0.4 * warm, 0.65, 0.6 * warm, 0.8, outside)


def bicycle_constant(day: date, parameters: Parameters) -> float:
    """The bicycle's constant in the season of a date."""
    winter = day.month in (12, 1, 2, 3)
    return parameters.constant_bicycle + (parameters.bicycle_winter if winter else 0.0)
