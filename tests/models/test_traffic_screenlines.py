"""Lines over the streets: counted in every life of a comparison, whether they cost or not."""

from __future__ import annotations

from typing import Any

import pytest

from models.traffic.build import TrafficBuilder
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import box
from twin.city.city import City
from twin.city.features import Features
from twin.errors import ConfigError
from twin.experiment.alike import alike
from twin.report.messages import catalogue

LINE = "traffic.crossings:line"


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def counted(city: City, length: int, **line: Any) -> dict[str, float]:
    return indicators(live(city, scenario(length, screenlines=[{"name": "line", **line}])))


def test_a_line_counts_and_changes_nothing(streets: City) -> None:
    base = indicators(live(streets, scenario(8)))
    found = counted(streets, 8, area=box(streets, 0.3, 0.7))
    assert found.pop(LINE) > 20
    assert repr(found) == repr(base)


def test_hours_and_kinds_are_parts_of_all_crossings(streets: City) -> None:
    area = box(streets, 0.3, 0.7)
    found = counted(streets, 8, area=area, hours=[["07:04", "24:00"]], kinds=["petrol"])
    hours = found["traffic.crossings_in_hours:line"]
    assert 0 < hours < found[LINE]
    assert 0 < found["traffic.crossings_of_kinds:line"] < hours
    both = counted(streets, 8, area=area, crossings="both")[LINE]
    assert both == found[LINE] + counted(streets, 8, area=area, crossings="outward")[LINE]


@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_a_toll_is_seen_against_a_base_without_one(streets: City, engine: str) -> None:
    base = scenario(12, engine=engine)
    toll = base.with_policy("traffic.toll", area=box(streets, 0.3, 0.7), price=10.0)
    free, dear = (indicators(live(streets, what)) for what in alike([base, toll]))
    name = "traffic.crossings_in_hours:traffic.toll"
    assert free[name] > 20
    assert dear[name] < 0.3 * free[name]
    assert free["traffic.toll_crossings"] == 0.0


def test_a_citys_own_banned_vehicles_are_told_in_the_base() -> None:
    city = bologna()
    base = scenario(5, fleet="IT-2023")
    zone = base.with_policy(
        "traffic.low_emission_zone", area=box(city, 0.2, 0.8), replaced=1.0, critair=2
    )
    free, banned = (indicators(live(city, what)) for what in alike([base, zone]))
    name = "traffic.crossings_of_kinds:traffic.low_emission_zone"
    assert free[name] > 10
    assert banned[name] == 0.0


def test_scenarios_count_the_same_lines_once_each_under_its_own_name() -> None:
    hours = {"from": "07:00", "until": "9:00"}
    line = {"name": "mine", "area": [1, 2, 3, 4], "crossings": "inward", "weekends": False}
    base = scenario(1, screenlines=[line | {"hours": [["07:00", "9:00"]]}])
    same = base.with_policy("traffic.toll", area=[1, 2, 3, 4], **hours)
    other = base.with_policy("traffic.toll", area=[1, 2, 3, 5])
    third = base.with_policy("traffic.toll", area=[1, 2, 3, 6])
    made = alike([base, same, other, third])
    first = made[0].data.model["traffic"]["screenlines"]
    assert [line["name"] for line in first] == ["mine", "traffic.toll", "traffic.toll 2"]
    assert all(what.data.model["traffic"]["screenlines"] == first for what in made)
    assert alike(made)[0].digest() == made[0].digest()


def test_without_policies_that_want_it_nothing_is_added() -> None:
    base = scenario(1)
    assert alike([base, base.with_policy("traffic.zone_30")])[0] is base


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({}, "not said where"),
        ({"area": [0.0, 0.0, 0.1, 0.1]}, "crosses the border"),
        ({"edges": ["nowhere"]}, "no edge 'nowhere'"),
        ({"area": [0.0, 0.0, 0.1, 0.1], "kinds": ["steam"]}, "no kind 'steam'"),
    ],
)
def test_a_wrong_line_fails_before_the_run(streets: City, line: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        counted(streets, 1, **line)


def test_a_line_is_called_by_its_policy_or_its_own_name() -> None:
    say = catalogue("en")
    assert say.label("indicator", "traffic.crossings:traffic.toll") == (
        "Vehicles over the cordon (Urban toll)"
    )
    assert say.label("indicator", LINE) == "Vehicles over the cordon (line)"
