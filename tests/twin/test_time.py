"""Windows of the day."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core.time import Calendar, DailyWindow, hours, minutes
from twin.errors import ConfigError

MIDNIGHT = Calendar.at(datetime(2025, 1, 14), "Europe/Helsinki")
CLOCK = st.integers(0, 24 * 60 - 1)


def text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@given(CLOCK, CLOCK, CLOCK, st.integers(0, 3))
def test_a_window_holds_the_minutes_from_its_start_to_before_its_end(
    start: int, end: int, at: int, day: int
) -> None:
    window = DailyWindow.between(text(start), text(end))
    length = (end - start) % 1440 or 1440
    inside = (at - start) % 1440 < length
    assert window.contains(MIDNIGHT, minutes(day * 1440 + at)) == inside


def test_a_window_over_midnight() -> None:
    night = DailyWindow.between("22:00", "6:00")
    inside = [night.contains(MIDNIGHT, hours(hour)) for hour in (5.99, 6, 21.99, 22, 24, 30)]
    assert inside == [True, False, False, True, True, False]


def test_a_window_turns_once_at_each_end() -> None:
    night, step = DailyWindow.between("22:00", "06:00"), minutes(15)
    turns = {now: night.turns(MIDNIGHT, now, step) for now in range(0, hours(48), step)}
    told = {now: turn for now, turn in turns.items() if turn is not None}
    assert told == {0: True, hours(6): False, hours(22): True, hours(30): False, hours(46): True}


def test_a_window_follows_the_clock_when_summer_time_begins() -> None:
    spring = Calendar.at(datetime(2025, 3, 30), "Europe/Berlin")
    morning = DailyWindow.between("06:00", "07:00")
    assert morning.contains(spring, hours(5))
    assert not morning.contains(spring, hours(6))


@pytest.mark.parametrize("wrong", ["24:01", "7", "07:60", "noon", "", "07:00:00"])
def test_what_is_no_time_of_day_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="not a time of day"):
        DailyWindow.between("06:00", wrong)


def test_a_day_may_end_but_not_begin_at_24() -> None:
    evening = DailyWindow.between("18:00", "24:00")
    inside = [evening.contains(MIDNIGHT, hours(hour)) for hour in (0, 17.99, 18, 23.99, 24)]
    assert inside == [False, False, True, True, False]
    assert DailyWindow.between("00:00", "24:00") == DailyWindow.between("00:00", "00:00")
    with pytest.raises(ConfigError, match="not a time of day"):
        DailyWindow.between("24:00", "06:00")


@given(CLOCK, CLOCK, CLOCK, CLOCK)
def test_windows_overlap_where_a_minute_lies_in_both(a: int, b: int, c: int, d: int) -> None:
    one, other = DailyWindow.between(text(a), text(b)), DailyWindow.between(text(c), text(d))
    both = any(
        one.contains(MIDNIGHT, minutes(at)) and other.contains(MIDNIGHT, minutes(at))
        for at in (a, c)
    )
    assert one.overlaps(other) == other.overlaps(one) == both
