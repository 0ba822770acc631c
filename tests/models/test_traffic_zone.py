"""The low-emission zone: which vehicles it bans, what their owners do, and what it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.fleet import BASES, NAMES, Mix, critair, read_ages
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import box
from twin.city.city import City
from twin.city.features import Features
from twin.core.random import Streams
from twin.errors import ConfigError


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def zoned(city: City, minutes: int, fleet: str = "FR-2023", **zone: Any) -> dict[str, float]:
    what = scenario(minutes, fleet=fleet)
    return indicators(live(city, what.with_policy("traffic.low_emission_zone", **zone)))


@pytest.mark.parametrize("name", ["FR-2023", "FI-2024", "IT-2023"])
def test_a_fleet_has_the_shares_of_its_table(name: str) -> None:
    ages = read_ages(name)
    assert ages is not None
    assert all(sum(shares) == pytest.approx(1.0) for shares in ages.values())
    keys = Streams(1).keys("test", np.array([f"v{i}" for i in range(20_000)]))
    kinds = Mix(0.4, 0.05, 0.1, 0.05, ages).kinds(keys, goods=True)
    new = Mix(0.4, 0.05, 0.1, 0.05).kinds(keys, goods=True)
    assert ((kinds == new) | (kinds >= len(BASES))).all()
    petrol = kinds[new == 0]
    assert (petrol == 0).mean() == pytest.approx(ages["petrol"][0], abs=0.02)
    old = NAMES.index("petrol_2")
    assert (petrol == old).mean() == pytest.approx(ages["petrol"][4], abs=0.02)


def test_stickers_are_those_of_the_order() -> None:
    found = {name: critair(kind) for kind, name in enumerate(NAMES)}
    assert found["electric"] == 0
    assert [found[name] for name in ("petrol", "petrol_5", "petrol_4", "petrol_3")] == [1, 1, 2, 3]
    assert [found[f"diesel{end}"] for end in ("", "_5", "_4", "_3", "_2")] == [2, 2, 3, 4, 5]
    assert [found[f"truck{end}"] for end in ("", "_5", "_4", "_3")] == [2, 3, 4, 5]


def test_an_unknown_fleet_names_those_that_there_are(streets: City) -> None:
    with pytest.raises(ConfigError, match="no fleet 'XX'"):
        live(streets, scenario(1, fleet="XX"))


@pytest.mark.parametrize(("fleet", "critair", "said"), [("", 2, 1), ("", 1, 0), ("FR-2023", 2, 0)])
def test_a_zone_that_bans_nobody_says_so(
    streets: City, fleet: str, critair: int, said: int
) -> None:
    what = scenario(1, fleet=fleet).with_policy(
        "traffic.low_emission_zone", area=box(streets, 0.1, 0.9), critair=critair
    )
    notes = [note for note in live(streets, what).warnings if "bans nobody" in note]
    assert len(notes) == said


def test_a_zone_without_a_fine_or_a_replacement_changes_nothing(streets: City) -> None:
    base = indicators(live(streets, scenario(8, fleet="FR-2023")))
    same = zoned(streets, 8, area=box(streets, 0.3, 0.7), fine=0.0, replaced=0.0)
    assert same["traffic.nox"] == base["traffic.nox"]
    assert same["traffic.zone_replaced"] == 0.0


def test_new_vehicles_emit_less_and_the_trips_stay(streets: City) -> None:
    area = box(streets, 0.1, 0.9)
    base = indicators(live(streets, scenario(10, fleet="FR-2023")))
    ours = zoned(streets, 10, area=area, replaced=1.0)
    assert ours["traffic.zone_replaced"] > 20
    assert ours["traffic.zone_violations"] == 0.0
    assert ours["traffic.trips"] == pytest.approx(base["traffic.trips"], rel=0.05)
    assert ours["traffic.nox"] < 0.92 * base["traffic.nox"]


def test_who_is_caught_pays(streets: City) -> None:
    area = box(streets, 0.1, 0.9)
    what = scenario(10, fleet="IT-2023").with_policy(
        "traffic.low_emission_zone", area=area, replaced=0.0, caught=0.5, fine=1.0
    )
    outcome = live(streets, what)
    found = indicators(outcome)
    assert found["traffic.zone_violations"] > 20
    assert 0.2 < found["traffic.zone_fines"] / found["traffic.zone_violations"] < 0.8
    booked = sum(amount for *_, amount, kind in outcome.ledger if kind.startswith("fine, "))
    assert booked == pytest.approx(found["traffic.zone_fines"])


def test_a_citys_own_demand_has_a_fleet_and_answers_a_zone() -> None:
    city = bologna()
    base = indicators(live(city, scenario(5, fleet="IT-2023")))
    ours = zoned(city, 5, fleet="IT-2023", area=box(city, 0.2, 0.8), replaced=0.7)
    assert ours["traffic.zone_replaced"] > 20
    assert ours["traffic.nox"] < base["traffic.nox"]
    assert ours["traffic.trips"] > 0.8 * base["traffic.trips"]
