"""A day of charging: demand from parked cars, pairing, the power limit, money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from models.charging.build import ChargingBuilder
from models.charging.model import ARRIVALS
from models.parking.build import ParkingBuilder
from tests.models.street_city import features, grid
from twin.city.city import City
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.scenario import Scenario

STATION = {"amenity": "charging_station", "capacity": "4", "socket:type2": "4"}


def town(points: int = 4) -> City:
    city = grid(3)
    tags = STATION | {"socket:type2:output": "22 kW", "capacity": str(points)}
    what = features((tags, shapely.Point(60, 5)), (tags, shapely.Point(120, 200)))
    ParkingBuilder().build(city, what)
    ChargingBuilder().build(city, what)
    return city


def live(
    city: City | None = None, *, seed: int = 1, parked: float | None = 40.0, **more: Any
) -> Outcome:
    raw: dict[str, Any] = {
        "name": "day",
        "city": "grid",
        "period": {"date": "2025-03-04", "from": "00:00", "duration": "24h"},
        "model": {"charging": more.pop("charging", {"sessions": 0.5})},
        "record": {"every": "1m", "ports": ["charging.power", "charging.limit"]},
        **more,
    }
    if parked is not None:
        raw["constants"] = {"citizens.parked": parked}
    with Engine(Scenario.from_dict(raw), city or town(), seed) as engine:
        return engine.run()


def values(outcome: Outcome) -> dict[str, float]:
    return {indicator.name.split(".")[1]: value for indicator, value in outcome.indicators}


LIMIT = {"use": "charging.peak_limit", "limit": 0.3, "from": "17:00", "until": "21:00"}


def test_the_habits_of_the_day_have_mean_one() -> None:
    assert sum(ARRIVALS) == pytest.approx(24)


def test_energy_is_the_integral_of_power() -> None:
    out = live()
    power = out.series["charging.power"].sum(axis=1)
    # Whoever becomes full within a minute draws less than a whole minute.
    assert values(out)["energy"] == pytest.approx(power.sum() / 60 / 1000, rel=0.02)
    assert values(out)["peak_power"] == pytest.approx(power.max() / 1000)


def test_sessions_follow_the_cars_in_reach() -> None:
    # 24 edges with 40 cars each, one in twenty electric, half a session a day: 24 a day.
    counts = [values(live(town(50), seed=seed))["sessions"] for seed in range(8)]
    assert np.mean(counts) == pytest.approx(24, abs=3 * np.sqrt(24 / 8))
    twice = [values(live(town(50), seed=seed, parked=80.0))["sessions"] for seed in range(8)]
    assert np.mean(twice) == pytest.approx(48, abs=3 * np.sqrt(48 / 8))


def test_without_a_model_of_parking_the_car_parks_say_how_many() -> None:
    assert values(live(parked=None))["sessions"] > 0


def test_same_seed_same_day_other_seed_another() -> None:
    assert values(live()) == values(live())
    assert values(live()) != values(live(seed=2))


def test_a_limit_changes_power_but_not_who_comes() -> None:
    free, limited = live(), live(policy=[LIMIT])
    assert values(free)["sessions"] == values(limited)["sessions"]
    assert values(free)["turned_away"] == values(limited)["turned_away"]
    before = slice(0, 17 * 60)
    np.testing.assert_array_equal(
        free.series["charging.power"][before], limited.series["charging.power"][before]
    )
    assert values(limited)["energy"] < values(free)["energy"]
    assert values(limited)["unserved"] > values(free)["unserved"]


def test_the_limit_holds_between_its_hours_only() -> None:
    limit = live(policy=[LIMIT]).series["charging.limit"].mean(axis=1)
    assert limit[17 * 60 - 1] == limit[21 * 60] == 1
    assert limit[17 * 60] == limit[21 * 60 - 1] == pytest.approx(0.3)


def test_too_few_points_turn_cars_away() -> None:
    busy = {"sessions": 3.0}
    assert values(live(town(1), charging=busy))["turned_away"] > 0
    assert values(live(town(100), charging=busy))["turned_away"] == 0


def test_drivers_pay_operators_who_pay_the_supplier() -> None:
    out = live()
    measured = values(out)
    paid = {row[4]: sum(r[3] for r in out.ledger if r[4] == row[4]) for row in out.ledger}
    assert paid["charging"] == pytest.approx(measured["energy"] * 0.45)
    assert paid["charging"] - paid["charging_electricity"] == pytest.approx(measured["margin"])


def test_the_warm_up_leaves_cars_at_the_points_and_counts_nothing() -> None:
    busy = {"sessions": 5.0, "warm_up": 12}
    warm = live(charging=busy, period={"date": "2025-03-04", "from": "18:00", "duration": "1m"})
    cold = live(
        charging=busy | {"warm_up": 0},
        period={"date": "2025-03-04", "from": "18:00", "duration": "1m"},
    )
    assert warm.series["charging.power"][0].sum() > 0
    assert cold.series["charging.power"][0].sum() == 0
    assert values(warm)["sessions"] <= 8
