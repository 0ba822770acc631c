"""Vehicles and walkers by the hour."""

from __future__ import annotations

import numpy as np
import pytest

from models.lighting.use import ON_FOOT, WEEKDAY, WEEKEND
from tests.models.test_lighting_model import live


def test_the_hours_are_a_whole_day() -> None:
    for shape in (WEEKDAY, WEEKEND, ON_FOOT):
        assert len(shape) == 24
        assert sum(shape) == pytest.approx(100.0)


def test_a_day_has_the_volume_of_its_road_class_half_in_each_direction() -> None:
    record = {"every": "5m", "ports": ["traffic.flow", "citizens.walkers"]}
    out = live(
        duration="24h",
        model={"street_use": {"day_spread": 0.0, "spread": 0.0}, "lighting": {}},
        record=record,
    )
    flow = out.series["traffic.flow"][1:]
    assert flow.sum(axis=0).mean() / 12 == pytest.approx(400, rel=0.03)
    by_hour = flow.mean(axis=1).reshape(24, 12).mean(axis=1)
    np.testing.assert_allclose(by_hour / by_hour.sum() * 100, WEEKDAY, atol=0.8)
    walkers = out.series["citizens.walkers"][1:]
    assert walkers.sum(axis=0).mean() / 12 == pytest.approx(250, rel=0.03)


def test_streets_differ_by_seed_and_a_policy_changes_none() -> None:
    model = {"street_use": {}, "lighting": {}}
    record = {"every": "5m", "ports": ["traffic.flow"]}
    first, again, other = (
        live(model=model, record=record, seed=seed, duration="1h", **more)
        for seed, more in ((1, {}), (1, {"policy": [{"use": "lighting.on_demand"}]}), (2, {}))
    )
    np.testing.assert_array_equal(first.series["traffic.flow"], again.series["traffic.flow"])
    assert (first.series["traffic.flow"] != other.series["traffic.flow"]).any()


def test_walkers_alone_follow_the_hours_and_light_lamps() -> None:
    from tests.models.test_lighting_model import live, values

    models = {"street_walkers": {"spread": 0.0}, "lighting": {"faulty_at_start": 0.0}}
    rest = [{"use": "lighting.on_demand", "rest": 0.2}]
    record = {"every": "5m", "ports": ["citizens.walkers"]}
    evening = live(model=models, policy=rest, start="18:00", record=record)
    night = live(model=models, policy=rest, start="01:00", record=record)
    ratio = evening.series["citizens.walkers"].sum() / night.series["citizens.walkers"].sum()
    assert ratio == pytest.approx((8.0 + 6.2 + 4.4 + 3.2) / (0.6 + 0.4 + 0.3 + 0.3), rel=0.15)
    assert values(evening)["energy"] > 1.05 * values(night)["energy"]
