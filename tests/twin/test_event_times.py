"""When an event happens: times of day in runs that begin in the afternoon or go over midnight."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from twin.core.model import Parameters, Process
from twin.core.time import Calendar, hours
from twin.errors import ConfigError
from twin.policy.policy import Event


class Something(Event):
    """An event of which only the times matter."""

    name = "test.something"

    def process(self) -> Process:
        """Nothing."""
        yield self.until(0)


def event(start: str, duration: float) -> Something:
    calendar = Calendar.at(datetime.fromisoformat(f"2025-01-14T{start}"), "Europe/Helsinki")
    world: Any = SimpleNamespace(calendar=calendar, end=hours(duration), warnings=[], city=None)
    return Something(world, Parameters())


@pytest.mark.parametrize(
    ("start", "duration", "begin", "until", "expected"),
    [
        ("16:00", 17, "02:00", "04:00", (10, 12)),  # after midnight: of the next day
        ("16:00", 17, "22:00", "02:00", (6, 10)),  # over midnight
        ("16:00", 17, "17:00", "18:00", (1, 2)),
        ("07:00", 48, "06:00", "22:00", (-1, 15)),  # under way when the run begins
        ("00:30", 5, "22:00", "02:00", (-2.5, 1.5)),  # since the evening before
        ("00:00", 24, "22:00", "02:00", (22, 26)),
        ("16:00", 17, "2025-01-15 02:00", "2025-01-15 04:00", (10, 12)),
    ],
)
def test_a_span_is_where_the_run_meets_it(
    start: str, duration: float, begin: str, until: str, expected: tuple[float, float]
) -> None:
    found = event(start, duration)
    assert found.span(begin, until) == tuple(hours(at) for at in expected)
    assert not found.world.warnings


def test_a_time_before_the_run_is_of_the_next_day_or_told() -> None:
    found = event("16:00", 17)
    assert found.moment("02:00") == hours(10)
    assert found.span("02:00", None) == (hours(10), None)
    assert not found.world.warnings
    assert found.moment("12:00") == hours(-4)  # the run ends at 09:00
    assert "before the run begins" in found.world.warnings[0]


def test_a_span_outside_the_run_is_told() -> None:
    found = event("16:00", 4)
    found.span("12:00", "13:00")
    assert "it changes nothing" in found.world.warnings[0]


@pytest.mark.parametrize(
    ("begin", "until"),
    [("17:00", "17:00"), ("2025-01-15 03:00", "2025-01-15 02:00")],
)
def test_an_end_that_is_not_after_the_beginning_is_refused(begin: str, until: str) -> None:
    with pytest.raises(ConfigError, match="it ends at"):
        event("16:00", 17).span(begin, until)
