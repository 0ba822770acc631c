"""Charts write times as their span asks: hours, days, months."""

from datetime import datetime

from twin.report.moments import DAY, Moments
from twin.report.numbers import STYLES

MONDAY = datetime(2025, 1, 20, 6)


def moments(days: float, language: str = "en") -> Moments:
    return Moments(MONDAY, days * DAY, STYLES[language])


def test_a_day_has_its_hours() -> None:
    one = moments(1.0)
    assert one.label(6 * 3600.0) == "06:00"
    assert one.ticks(0.0, DAY)[1] == (14_400.0, "04:00")


def test_a_week_has_its_days() -> None:
    week = moments(7.0)
    assert week.label(DAY + 7.5 * 3600.0) == "Tue 21, 07:30"
    assert [text for _, text in week.ticks(0.0, 3 * DAY - 1)] == ["Mon 20", "Tue 21", "Wed 22"]
    assert moments(7.0, "fr").ticks(0.0, 1.0) == [(0.0, "lun 20")]


def test_a_year_has_its_months() -> None:
    year = moments(365.0).ticks(6 * 3600.0, 365 * DAY)
    assert [text for _, text in year][:2] == ["February", "April"]
    assert year[0][0] == 12 * DAY
    assert len(year) <= 6
