"""What happens on the streets, and policies on some of them: one test a promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import box
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.errors import ConfigError

BUSY = ["a210", "a204a[0]", "a203[0]"]
"""Streets of Bologna with three lanes and much traffic."""


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def happens(city: City, length: int, event: str, **what: Any) -> Outcome:
    return live(city, scenario(length).with_event(event, **what))


def test_works_slow_a_street_and_give_it_back() -> None:
    city = bologna()
    rows = [city["edge"].row(edge) for edge in BUSY]
    what = scenario(7).with_event("traffic.works", edges=BUSY, from_="07:02", until="07:05")
    with Engine(what, city, 42) as engine:
        outcome = engine.run()
        state = engine.world.state
        assert (state["traffic.lanes_closed"] == 0.0).all()
        assert (state["traffic.speed_limit"][rows] > 13.0).all()
        api = engine.parts.models[0]._engine.simulation.api  # type: ignore[attr-defined]
        assert "passenger" not in api.lane.getDisallowed(f"{BUSY[0]}_0")
    speed = outcome.series["traffic.speed"][:, rows]
    assert speed[3:5].max() < 30.0 / 3.6 + 0.5
    assert indicators(outcome)["traffic.teleports"] == 0


def test_an_accident_on_a_lane_lets_the_others_pass() -> None:
    city = bologna()
    row = city["edge"].row(BUSY[0])
    outcome = happens(
        city, 6, "traffic.accident", edges=BUSY[:1], at="07:02", effect="lanes", lanes=2
    )
    assert outcome.series["traffic.flow"][3:, row].min() > 0.0


def test_an_accident_on_every_lane_closes_the_street(streets: City) -> None:
    flow = live(streets, scenario(6)).series["traffic.flow"]
    gates = streets["gateway"]["edge"]
    inner = ~np.isin(np.arange(len(streets["edge"])), gates)
    row = int((flow.sum(axis=0) * inner).argmax())
    outcome = happens(
        streets, 8, "traffic.accident", edges=[str(streets["edge"].ids[row])], at="07:02",
        effect="lanes", lanes=1,
    )  # fmt: skip
    assert outcome.series["traffic.flow"][4:, row].max() == 0.0
    assert indicators(outcome)["traffic.detours"] > 0


def test_many_closures_leave_nobody_without_a_way_or_an_end() -> None:
    city = bologna()
    rows = np.argsort(-city["edge"]["length"])[:60]
    edges = [str(city["edge"].ids[row]) for row in rows]
    outcome = happens(city, 6, "traffic.closure", edges=edges, from_="07:02", until="07:04")
    found = indicators(outcome)
    assert found["traffic.ended_at_barrier"] > 0
    assert found["traffic.trips"] > 100


def test_a_match_brings_its_cars_also_where_the_demand_is_the_citys_own() -> None:
    city = bologna()
    base = indicators(live(city, scenario(8)))
    places = [str(edge) for edge in city["edge"].ids[city["edge"]["length"] > 200.0][:6]]
    found = indicators(
        happens(city, 8, "traffic.match", edges=places, at="07:01", cars=150, over=4)
    )
    assert found["traffic.vehicle_hours"] > base["traffic.vehicle_hours"] + 1.0


def test_an_area_that_is_cleared_is_not_entered(streets: City) -> None:
    area = box(streets, 0.3, 0.7)
    outcome = happens(streets, 8, "traffic.evacuation", area=area, at="07:02", cars=40, over=3)
    point = streets["edge"].row("A1B1")
    assert outcome.series["traffic.flow"][4:, point].max() == 0.0
    assert indicators(outcome)["traffic.trips"] > 0


def test_a_limit_holds_within_its_hours(streets: City) -> None:
    what = scenario(5).with_policy(
        "traffic.speed_limit", edges=["B1C1"], speed=10, from_="07:02", until="07:04"
    )
    with Engine(what, streets, 1) as engine:
        row = streets["edge"].row("B1C1")
        engine.run()
        changes = [r for r in engine.world.log.rows if r[2] == "traffic.speed_limit"]
        assert [tick for tick, *_ in changes] == [120_000, 240_000]
        assert engine.world.state["traffic.speed_limit"][row] == pytest.approx(13.89, rel=1e-3)


def test_trucks_go_around_streets_that_are_forbidden_to_them(streets: City) -> None:
    middle = {"B1", "B2", "C1", "C2"}
    inner = [str(e) for e in streets["edge"].ids if {str(e)[:2], str(e)[2:]} <= middle]
    what = scenario(10, trucks=0.5, vans=0.0)
    free = live(streets, what.with_policy("traffic.toll", edges=inner, price=1e-9, truck=1.0))
    both = what.with_policy("traffic.toll", edges=inner, price=1e-9)
    banned = live(streets, both.with_policy("traffic.no_trucks", edges=inner))
    paid = [
        sum(amount for *_, amount, kind in outcome.ledger if kind == "toll, truck")
        for outcome in (free, banned)
    ]
    assert paid[1] < 0.2 * paid[0]


@pytest.mark.parametrize(
    ("event", "what", "message"),
    [
        ("traffic.works", {"street": "Street A1B", "from_": "07:01"}, "no street"),
        ("traffic.works", {"edges": ["A1B1"], "from_": "07:02", "until": "07:02"}, "it ends at"),
        ("traffic.match", {"longitude": 0.0, "latitude": 0.0, "at": "07:01"}, "no street that"),
        ("traffic.evacuation", {"area": [0, 0, 1, 1], "at": "07:01"}, "no street lies"),
    ],
)
def test_a_wrong_event_fails_before_the_run(
    streets: City, event: str, what: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        happens(streets, 1, event, **what)
