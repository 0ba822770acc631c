"""EN 50160 as a run goes on is EN 50160 of the whole series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.energy.flow.quality import voltage_quality
from models.energy.reinforcement import Plan, enlarged
from models.energy.weekly import WeeklyVoltage


def lived(voltage: np.ndarray, seconds: float) -> tuple[int, float]:
    weekly = WeeklyVoltage(len(voltage))
    for step in range(voltage.shape[1]):
        weekly.add(voltage[:, step], seconds)
    return weekly.measure()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    minutes=st.sampled_from([2, 5, 10, 15, 60]),
    dips=st.floats(0.0, 0.12),
)
def test_it_is_what_the_whole_series_says(seed: int, minutes: int, dips: float) -> None:
    rng = np.random.default_rng(seed)
    steps = 7 * 1440 // minutes * 3 // 2
    steps -= steps % max(1, 10 // minutes)
    low = rng.random((6, steps)) < dips
    voltage = np.where(low, rng.uniform(0.84, 0.95, low.shape), rng.uniform(0.93, 1.08, low.shape))
    voltage[0, : steps // 3 // 5 * 5] = 0.0 if minutes >= 10 else voltage[0, 0]
    whole = voltage_quality(voltage, minutes * 60.0)
    failed, share = lived(voltage, minutes * 60.0)
    assert failed == (~whole.kept).sum()
    assert share == pytest.approx(np.nanmin(whole.inside))


def test_an_interruption_is_no_low_voltage() -> None:
    voltage = np.ones((2, 672))
    voltage[0, :100] = 0.0
    assert lived(voltage, 900.0) == (0, 1.0)
    voltage[1, :40] = 0.88
    assert lived(voltage, 900.0) == (1, pytest.approx(632 / 672))


def test_what_was_overloaded_is_enlarged_until_it_fits() -> None:
    built = Plan(np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.5]))
    found = enlarged(built, np.array([0.9, 1.2, 2.4]), np.array([1.3, 1.0]))
    assert found.lines.tolist() == [1.0, 3.0, 3.0]
    assert found.transformers.tolist() == [1.5, 1.5]
