"""How virtual sensors age: drift, batteries, outages, all drawn by sensor and entity."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.twin.sensing import PORTS, city
from twin.core.random import Streams
from twin.core.time import Tick, hours
from twin.sensors.observations import Batch, Observations
from twin.sensors.virtual import VirtualSensor

IDS = tuple(f"bin{i}" for i in range(2000))
TRUTH = np.full(len(IDS), 0.5)


def days(number: float) -> Tick:
    return hours(24.0 * number)


def sensors(ids: tuple[str, ...] = IDS, **parameters: Any) -> VirtualSensor:
    given = VirtualSensor.Parameters.model_validate(
        {"port": "bin.level", "period": "6h", **parameters}
    )
    made = VirtualSensor("level", given)
    made.prepare(city(ids), Streams(1), PORTS)
    return made


def live(made: VirtualSensor, span: int, truth: np.ndarray = TRUTH) -> list[Batch]:
    return [made.observe(now, truth) for now in range(0, span + 1, made.period)]


def test_drift_grows_by_the_day_and_differs_between_sensors() -> None:
    batches = live(sensors(drift=0.01), days(30))
    assert np.array_equal(batches[0].value, TRUTH)
    error = batches[-1].value - TRUTH
    assert error.std() == pytest.approx(0.3, rel=0.06)
    assert error.mean() == pytest.approx(0.0, abs=0.03)
    assert np.allclose(batches[60].value - TRUTH, error / 2.0)


def test_batteries_end_at_a_steady_rate_and_stay_silent() -> None:
    batches = live(sensors(battery="100d", battery_spread=0.0), days(50))
    assert len(batches[0].rows) == len(IDS)
    assert len(batches[-1].rows) / len(IDS) == pytest.approx(0.5, abs=0.04)
    heard = [set(batch.rows.tolist()) for batch in batches]
    assert all(later <= earlier for earlier, later in pairwise(heard))


def test_messages_end_a_battery_as_time_does() -> None:
    by_time = live(sensors(battery="50d"), days(20))
    by_messages = live(sensors(messages=200, battery="400d"), days(20))
    assert np.array_equal(by_time[-1].rows, by_messages[-1].rows)


def test_a_crew_replaces_empty_batteries_after_a_while() -> None:
    made = sensors(battery="50d", replaced_after="5d", battery_spread=0.1)
    batches = live(made, days(300))
    silent = np.array([1.0 - len(batch.rows) / len(IDS) for batch in batches[40:]])
    # In the long run a sensor is silent 5 days of 55.
    assert silent.mean() == pytest.approx(5.0 / 55.0, rel=0.1)


def test_a_visit_replaces_only_empty_batteries_and_sets_the_sensor_right() -> None:
    made = sensors(battery="20d", battery_spread=0.0, visit_fall=0.3, drift=0.01)
    live(made, days(30))
    assert len(made.observe(days(30) + hours(6), TRUTH).rows) == 0
    low = TRUTH.copy()
    low[:1000] = 0.1
    after = made.observe(days(30) + hours(12), low)
    assert np.array_equal(after.rows, np.arange(1000))
    assert np.allclose(after.value, 0.1)
    fresh = sensors(battery="20d", battery_spread=0.0, visit_fall=0.3, drift=0.01)
    fresh.observe(0, TRUTH)
    drifted = fresh.observe(hours(6), low)
    assert np.abs(drifted.value[drifted.rows < 1000] - 0.1).mean() > 0.02


def test_outages_take_their_share_and_last() -> None:
    made = sensors(outage_every="10d", outage="2d")
    heard = np.zeros((400, len(IDS)), dtype=bool)
    for step, batch in enumerate(live(made, days(100) - 1)):
        heard[step, batch.rows] = True
    assert 1.0 - heard.mean() == pytest.approx(2.0 / 12.0, rel=0.1)
    begins = (heard[:-1] & ~heard[1:]).sum()
    mean_length = (~heard).sum() / (begins + (~heard[0]).sum()) * 0.25
    # At least one reading is lost in each: the mean of a geometric stay in readings.
    assert mean_length == pytest.approx(0.25 / -math.expm1(-0.25 / 2.0), rel=0.05)


def test_a_shared_outage_silences_all() -> None:
    batches = live(sensors(outage_every="2d", outage="1d", outage_shared=True), days(30))
    assert {len(batch.rows) for batch in batches} == {0, len(IDS)}


def test_every_reading_is_accounted_for() -> None:
    made = sensors(battery="30d", outage_every="5d", outage="1d", missing=0.1)
    seen = Observations()
    seen.open("bin.level", len(IDS))
    batches = live(made, days(20))
    for batch in batches:
        seen.take(batch)
    account = seen.quality["level"]
    assert min(account.battery, account.outage, account.lost) > 0
    told = account.received + account.lost + account.battery + account.outage
    assert told == len(IDS) * len(batches)


def test_chances_belong_to_the_sensor_whoever_else_there_is() -> None:
    given: dict[str, Any] = {
        "battery": "30d",
        "drift": 0.01,
        "replaced_after": "2d",
        "outage_every": "5d",
    }
    both = live(sensors(**given), days(40))[-1]
    part = live(sensors(IDS[1000:], **given), days(40), TRUTH[1000:])[-1]
    late = both.rows >= 1000
    assert np.array_equal(part.rows + 1000, both.rows[late])
    assert np.array_equal(part.value, both.value[late])


def test_a_replacement_without_a_battery_is_refused() -> None:
    with pytest.raises(ValidationError, match="battery or messages"):
        sensors(replaced_after="2d")
    assert sensors(battery="2d", replaced_after="2d").period == hours(6)
