"""What a virtual sensor promises: the truth with the stated errors, drawn by entity and reading."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.sensing import PORTS, city
from twin.core.random import Streams
from twin.core.time import minutes
from twin.errors import WiringError
from twin.sensors.observations import BAD, Batch, Observations
from twin.sensors.virtual import VirtualSensor

IDS = tuple(f"bin{i}" for i in range(2000))
TRUTH = np.linspace(0.0, 2.0, len(IDS))


def virtual(seed: int = 1, ids: tuple[str, ...] = IDS, **parameters: Any) -> VirtualSensor:
    given = VirtualSensor.Parameters.model_validate({"port": "bin.level", **parameters})
    made = VirtualSensor("level", given)
    made.prepare(city(ids), Streams(seed), PORTS)
    return made


def look(now: int = 0, **parameters: Any) -> Batch:
    return virtual(**parameters).observe(now, TRUTH)


def test_a_perfect_sensor_sees_the_truth_and_leaves_it_alone() -> None:
    batch = look(minutes(5))
    assert np.array_equal(batch.value, TRUTH)
    assert not np.shares_memory(batch.value, TRUTH)
    assert batch.time_arrived == minutes(5)


def test_delay_is_between_measurement_and_arrival() -> None:
    batch = look(minutes(5), delay="2m")
    assert batch.time_arrived == minutes(7)
    assert set(batch.time_observed.tolist()) == {minutes(5)}


def test_noise_and_bias_have_the_stated_size() -> None:
    error = look(noise=0.1, bias=0.5).value - TRUTH
    assert error.mean() == pytest.approx(0.5, abs=0.01)
    assert error.std() == pytest.approx(0.1, rel=0.1)
    share = (look(relative_noise=0.2).value[1:] - TRUTH[1:]) / TRUTH[1:]
    assert share.std() == pytest.approx(0.2, rel=0.1)


def test_rounding_and_the_ends_of_the_scale() -> None:
    shown = look(noise=0.3, resolution=0.25, bounds=[0.0, 1.0]).value
    assert set(np.unique(shown)) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_coverage_is_for_good_and_losses_are_by_reading() -> None:
    sensors = virtual(coverage=0.3, missing=0.2)
    assert len(sensors.rows) / len(IDS) == pytest.approx(0.3, abs=0.04)
    first, second = sensors.observe(0, TRUTH), sensors.observe(minutes(5), TRUTH)
    assert set(first.rows) <= set(sensors.rows.tolist())
    assert set(first.rows) != set(second.rows)
    seen = Observations()
    seen.open("bin.level", len(IDS))
    seen.take(first)
    account = seen.quality["level"]
    assert account.received + account.lost == len(sensors.rows)
    assert account.lost / len(sensors.rows) == pytest.approx(0.2, abs=0.06)


def test_chances_belong_to_the_entity_and_the_reading() -> None:
    both = {"noise": 0.1, "missing": 0.2, "coverage": 0.5}
    again = look(minutes(10), **both)
    assert np.array_equal(look(minutes(10), **both).value, again.value)
    fewer = VirtualSensor("level", virtual(**both).parameters)
    fewer.prepare(city(IDS[1000:]), Streams(1), PORTS)
    part = fewer.observe(minutes(10), TRUTH[1000:])
    late = again.rows >= 1000
    assert np.array_equal(part.rows + 1000, again.rows[late])
    assert np.array_equal(part.value, again.value[late])
    assert not np.array_equal(look(minutes(10), seed=2, **both).rows, again.rows)


def test_a_truth_that_is_not_a_number_is_a_bad_reading() -> None:
    batch = virtual(ids=("a",)).observe(0, np.array([np.nan]))
    assert batch.quality.tolist() == [BAD]


@pytest.mark.parametrize("port", ["bin.emptied", "bin.nothing"])
def test_only_columns_can_be_observed(port: str) -> None:
    with pytest.raises(WiringError, match=r"bin\.level"):
        virtual(port=port)
