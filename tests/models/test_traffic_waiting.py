"""Who finds no room to depart is counted, with the time of the wait."""

from __future__ import annotations

import pytest

from models.traffic.totals import missing
from tests.models._streets import bologna, indicators, live, scenario


@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_the_wait_of_those_who_cannot_depart_is_counted(engine: str) -> None:
    what = scenario(6, engine=engine)
    closed = what.with_event("traffic.closure", edges=["a210", "b1[0]"], from_="07:00")
    free, shut = (live(bologna(), one) for one in (what, closed))
    waiting = indicators(shut)["traffic.waiting_to_depart"]
    hours = indicators(shut)["traffic.waiting_hours"]
    assert waiting > 100
    # They come evenly over six minutes, so each waits three on average.
    assert hours == pytest.approx(waiting * 3.0 / 60.0, rel=0.4)
    assert indicators(free)["traffic.waiting_hours"] < 0.3 * hours
    assert any("found no room to depart" in note for note in shut.warnings)
    assert not any("found no room to depart" in note for note in free.warnings)


def test_a_few_who_wait_are_not_worth_a_note() -> None:
    found = {"traffic.trips": 990.0, "traffic.waiting_hours": 1.0}
    assert missing(found | {"traffic.waiting_to_depart": 10.0}) is None
    note = missing(found | {"traffic.waiting_to_depart": 30.0})
    assert note is not None
    assert "30 vehicles" in note
