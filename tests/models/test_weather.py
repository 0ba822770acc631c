"""Weather has its normals, its course of the day, and the same chances on the same date."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.toys import toy, toy_city
from twin.core.engine import Engine
from twin.errors import ConfigError
from twin.scenario import Scenario

MONTHS = [-3.0, -4.0, 0.0, 4.0, 10.0, 15.0, 18.0, 17.0, 12.0, 7.0, 2.0, -1.0]


def temperatures(seed: int, date: str, duration: str, **parameters: object) -> np.ndarray:
    raw = toy(
        model={"weather": {"temperature": MONTHS, **parameters}},
        period={"date": date, "from": "00:00", "duration": duration},
        record={"every": "1h"},
    )
    with Engine(Scenario.from_dict(raw), toy_city(), seed) as engine:
        return engine.run().series["weather.temperature"][:, 0]


def test_the_mean_is_the_normal_and_the_spread_is_what_was_asked() -> None:
    days = np.concatenate(
        [
            temperatures(s, "2025-07-01", "30d", spread=3.0)[:-1].reshape(-1, 24).mean(axis=1)
            for s in range(12)
        ]
    )
    assert abs(days.mean() - 17.9) < 0.9
    assert 2.0 < days.std() < 3.5


def test_the_day_is_warmest_in_the_afternoon() -> None:
    day = temperatures(1, "2025-01-15", "1d", spread=0.0, daily_range=[8.0] * 12)
    assert int(day.argmax()) == 15
    assert day.max() - day.min() == pytest.approx(8.0, abs=0.2)


def test_a_date_has_its_weather_whenever_the_run_began() -> None:
    long = temperatures(5, "2025-03-01", "3d")
    short = temperatures(5, "2025-03-02", "1d")
    np.testing.assert_array_equal(long[24:49], short)
    assert (temperatures(6, "2025-03-02", "1d") != short).any()


def test_eleven_months_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.weather\.cloud"):
        temperatures(1, "2025-03-01", "1d", cloud=[0.5] * 11)


def test_a_cold_spell_is_colder_by_what_it_says_and_then_over() -> None:
    raw = toy(
        model={"weather": {"temperature": MONTHS}},
        period={"date": "2025-01-10", "from": "00:00", "duration": "2d"},
        record={"every": "1h"},
    )
    spell = {"use": "weather.cold_spell", "from": "06:00", "until": "2025-01-11T06:00"}
    lives = []
    for events in ([], [{**spell, "kelvin": -8.0}]):
        with Engine(Scenario.from_dict({**raw, "event": events}), toy_city(), 3) as engine:
            lives.append(engine.run().series["weather.temperature"][:, 0])
    gap = lives[1] - lives[0]
    np.testing.assert_allclose(gap[7:30], -8.0, atol=1e-4)
    assert not gap[:6].any()
    assert not gap[31:].any()


def clouds(seed: int, mean: float, days: int = 60) -> np.ndarray:
    raw = toy(
        model={"weather": {"cloud": [mean] * 12}},
        period={"date": "2025-05-01", "from": "00:00", "duration": f"{days}d"},
        record={"every": "1h"},
    )
    with Engine(Scenario.from_dict(raw), toy_city(), seed) as engine:
        return engine.run().series["weather.cloud"][:, 0]


@pytest.mark.parametrize("mean", [0.3, 0.65])
def test_clouds_keep_their_mean_and_are_few_or_many(mean: float) -> None:
    found = np.concatenate([clouds(seed, mean) for seed in range(5)])
    assert found.mean() == pytest.approx(mean, abs=0.06)
    assert found.min() >= 0
    assert found.max() <= 1
    middle = ((found > 0.35) & (found < 0.65)).mean()
    assert middle < ((found < 0.3) | (found > 0.7)).mean()
