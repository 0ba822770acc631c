"""Kernels of lighting against NumPy, daylight against astral and known values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lighting import classes, kernels
from models.lighting.daylight import (
    AstronomicalClock,
    Photocell,
    illuminance,
    threshold,
    yearly_hours,
)
from models.lighting.light import kernels as streetlight

LYON = (45.76, 4.84)
N, STREETS = 7, 3


def drawn(seed: int, *kinds: str) -> tuple[np.ndarray, ...]:
    """Columns of lamps: levels with whole ones among them, hand-set levels, flags, watts, rows."""
    rng = np.random.default_rng(seed)
    make = {
        "level": lambda: rng.choice([0.0, 0.3, 1.0, *rng.random(4)], N),
        "hand": lambda: rng.choice([-1.0, 0.0, 1.0, *rng.random(2)], N),
        "flag": lambda: rng.integers(0, 2, N).astype(np.float64),
        "watts": lambda: rng.choice([0.0, *rng.uniform(0.0, 500.0, 6)], N),
        "street": lambda: rng.integers(0, STREETS, N).astype(np.int32),
        "flow": lambda: rng.choice([np.nan, 0.0, *rng.uniform(0.0, 3000.0, 6)], N),
        "edge": lambda: rng.integers(-1, N, STREETS).astype(np.int32),
        "capacity": lambda: rng.uniform(100.0, 4000.0, N),
        "motor": lambda: rng.random(STREETS) < 0.5,
        "number": lambda: rng.integers(1, 7, STREETS),
    }
    return tuple(make[kind]() for kind in kinds)


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(seeds)
def test_refresh_and_mix(seed: int) -> None:
    kinds = ["level", "level", "hand", "flag", "watts", "level", "level"]
    given = drawn(seed, *kinds)
    useful, window, share = drawn(seed + 1, "watts", "level", "level")
    dimming, resting, hand, fed, rated, standing, least = given
    low, high = np.zeros(N, np.float32), np.zeros(N, np.float32)
    levels, expected = np.full((2, N), -1.0), np.zeros(len(kernels.QUANTITIES))
    kernels.refresh(*given, levels, low, high)
    for state, out, level in ((0, low, dimming * resting), (1, high, dimming)):
        level = np.where(hand >= 0, hand, level) * fed
        level = np.where(level > 0, np.maximum(level, least), 0.0)
        power = np.where(level > 0, rated * (standing + (1 - standing) * level), 0.0)
        np.testing.assert_allclose(out, power, rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(levels[state], level)
        dimmed = (fed > 0) & (level < kernels.FULL)
        each = [power, level > 0, dimmed, level, level * useful, level > window]
        part = share if state == 1 else 1.0 - share
        expected += [float((values * part).sum()) for values in each]
    sums = np.zeros(len(kernels.QUANTITIES))
    kernels.mix(levels, low, high, fed, useful, window, share, sums)
    np.testing.assert_allclose(sums, expected, rtol=1e-6, atol=1e-9)


@settings(deadline=None)
@given(seeds)
def test_judge(seed: int) -> None:
    given = drawn(seed, "flow", "flow", "edge", "edge", "capacity", "motor", "number")
    flow, walking, edge, back, room, motor, klass = given
    found = [np.zeros(STREETS) for _ in range(5)]
    two = np.arange(STREETS) % 2 == 0
    quiet, busy = np.where(two, 0.15, 0.35), np.where(two, 0.45, 0.65)
    streetlight.judge(*given, quiet, busy, classes.TABLE, *found)
    pair = np.stack((edge, back))
    known = (pair >= 0) & ~np.isnan(flow[pair])
    cars = np.where(known, flow[pair], 0.0).sum(axis=0)
    people = np.where(pair >= 0, np.nan_to_num(walking)[pair], 0.0).sum(axis=0)
    both = (room[pair] * known).sum(axis=0)
    ratio = np.divide(cars, both, out=np.zeros(STREETS), where=both > 0)
    moved = klass + classes.shift(motor, ratio, cars + people, quiet, busy)
    first = np.where(known, flow[pair], 0.0)
    first = np.where(edge == back, first.sum(axis=0), first[0])
    expected = (
        first / 3600,
        cars / 3600,
        people / 3600,
        classes.required(motor, moved),
        classes.relative(ratio, quiet, busy),
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs)


@settings(deadline=None)
@given(seeds)
def test_lacking(seed: int) -> None:
    given = drawn(seed, "level", "level", "watts", "watts", "watts", "watts")
    level, asked, light, wanted, length, lamps = given
    edge = np.arange(N, dtype=np.int32)
    back = np.where(edge % 2 == 0, edge + 1, -1).astype(np.int32)
    back[-1] = -1
    hours = np.zeros(N)
    under, short = streetlight.lacking(*given, edge, back, 0.5, hours)
    assert under == pytest.approx(lamps[level < asked - 1e-9].sum())
    assert short == pytest.approx(length[light < wanted].sum())
    twice = light < wanted
    expected = 0.5 * (twice + np.bincount(back[twice & (back >= 0)], minlength=N))
    np.testing.assert_allclose(hours, expected)


def test_half_light_of_a_led_takes_the_power_that_was_measured() -> None:
    one, low, high = np.ones(1), np.zeros(1, np.float32), np.zeros(1, np.float32)
    parts = (0.5 * one, one, -one, one, 1.24 * one, 0.145 * one, 0.1 * one)
    kernels.refresh(*parts, np.zeros((2, 1)), low, high)
    assert high[0] == pytest.approx(0.71, abs=0.005)  # Carderock: 0.71 kW at 50 %


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


def test_the_hours_of_a_year_are_those_of_the_photocell_and_of_astral() -> None:
    dark = yearly_hours(*LYON, 2025, threshold(35.0))
    assert dark == pytest.approx(4079, rel=0.01)  # the photocell's, a step of five minutes each
    assert yearly_hours(*LYON, 2025, -0.833) == pytest.approx(4298, rel=0.005)
    assert illuminance(threshold(35.0)) == pytest.approx(35.0, rel=0.01)
    assert 3500 < yearly_hours(78.2, 15.6, 2025, -0.833) < 5000  # Longyearbyen: the sun stays


def test_the_clock_switches_at_sunset_and_sunrise_whatever_the_sky() -> None:
    start = datetime(2025, 3, 20, tzinfo=UTC)
    minutes = [start + timedelta(minutes=i) for i in range(1440)]
    at_once, late = AstronomicalClock(*LYON, 0.0, 0.0), AstronomicalClock(*LYON, 10.0, 10.0)
    first = np.array([at_once.look(m, cloud=1.0) for m in minutes])
    second = np.array([late.look(m) for m in minutes])
    assert first.sum() == pytest.approx(11.87 * 60, abs=5)  # the equinox, refraction and the disc
    assert first.sum() - second.sum() == 20
