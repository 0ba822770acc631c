"""Kernels of lighting against NumPy, daylight against astral and known values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.lighting import kernels
from models.lighting.daylight import Photocell, illuminance

LYON = (45.76, 4.84)
N = 7
unit = arrays(np.float64, N, elements=st.sampled_from([0.0, 0.3, 0.5, 0.75, 1.0]) | st.floats(0, 1))
watts = arrays(np.float64, N, elements=st.floats(0, 500))


@given(st.booleans(), unit, watts, unit, unit)
def test_power(
    dark: bool, dimming: np.ndarray, rated: np.ndarray, standing: np.ndarray, needed: np.ndarray
) -> None:
    out = np.full(N, -1.0)
    total, burning, underlit = kernels.power(dark, dimming, rated, standing, needed, out)
    expected = rated * (standing + (1 - standing) * dimming) * (dimming > 0) * dark
    np.testing.assert_allclose(out, expected, atol=1e-9)
    assert total == pytest.approx(expected.sum())
    assert burning == np.count_nonzero(dimming > 0) * dark
    assert underlit == np.count_nonzero(dimming < needed - 1e-9) * dark


def test_half_light_of_a_led_takes_the_power_that_was_measured() -> None:
    out = np.zeros(1)
    kernels.power(True, np.array([0.5]), np.array([1.24]), np.array([0.145]), np.ones(1), out)
    assert out[0] == pytest.approx(0.71, abs=0.005)  # Carderock: 0.71 kW at 50 %


flows = arrays(np.float64, N, elements=st.floats(0, 3000) | st.just(np.nan))
rows = arrays(np.int32, N, elements=st.integers(-1, N - 1))


@given(flows, rows, rows, arrays(np.float64, N, elements=st.floats(100, 4000)))
def test_use(flow: np.ndarray, edge: np.ndarray, back: np.ndarray, capacity: np.ndarray) -> None:
    out = np.zeros(N)
    kernels.use(flow, edge, back, capacity, out)
    pair = np.stack((edge, back))
    known = (pair >= 0) & ~np.isnan(flow[pair])
    room = (capacity[pair] * known).sum(axis=0)
    vehicles = np.where(known, flow[pair], 0.0).sum(axis=0)
    expected = np.divide(vehicles, room, out=np.full(N, np.nan), where=room > 0)
    np.testing.assert_allclose(out, expected)


@given(arrays(np.float64, N, elements=st.floats(0, 2) | st.just(np.nan)))
def test_needed_level(ratio: np.ndarray) -> None:
    out = np.zeros(N)
    kernels.needed_level(ratio, out)
    expected = np.select([ratio < 0.35, ratio <= 0.65], [0.5, 0.75], 1.0)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("elevation", "lux", "tolerance"),
    [(60.0, 1.0e5, 0.1), (-0.833, 450.0, 0.1), (-6.0, 3.4, 0.05), (-12.0, 0.008, 0.1)],
)
def test_illuminance_at_known_heights(elevation: float, lux: float, tolerance: float) -> None:
    assert illuminance(elevation) == pytest.approx(lux, rel=tolerance)


def test_illuminance_rises_with_the_sun_without_jumps_and_falls_with_cloud() -> None:
    light = np.array([illuminance(e) for e in np.arange(-18.0, 90.0, 0.05)])
    assert (np.diff(np.log10(light)) > -0.01).all()
    assert np.abs(np.diff(np.log10(light))).max() < 0.06
    assert illuminance(10.0, 1.0) == pytest.approx(0.25 * illuminance(10.0))


def test_the_sun_is_astrals() -> None:
    from astral import Observer
    from astral.sun import dawn, sunset

    cell, day = Photocell(*LYON), datetime(2025, 3, 20, tzinfo=UTC)
    observer = Observer(*LYON)
    assert cell.elevation(sunset(observer, day)) == pytest.approx(-0.833, abs=0.1)
    assert cell.elevation(dawn(observer, day)) == pytest.approx(-6.0, abs=0.1)


def test_a_year_of_burning_lies_between_civil_darkness_and_sunset_to_sunrise() -> None:
    cell, start = Photocell(*LYON), datetime(2025, 1, 1, tzinfo=UTC)
    dark = sum(cell.look(start + timedelta(minutes=5 * i)) for i in range(365 * 288)) / 12
    assert 3892 < dark < 4298  # Lyon 2025, from astral; France reports 3,500 to 4,300 h


def test_a_cloud_at_dawn_does_not_switch_the_lamps_back_on() -> None:
    cell, moment = Photocell(*LYON), datetime(2025, 3, 20, 5, 0, tzinfo=UTC)
    while cell.look(moment):
        moment += timedelta(minutes=1)
    assert not cell.look(moment + timedelta(minutes=2), cloud=0.6)
