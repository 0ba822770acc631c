"""The kernels of the citizens against plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.citizens import kernels, synthesis
from models.citizens.build import whole
from models.citizens.columns import CAR, Choice
from models.citizens.space import Skims, make
from models.citizens.waste import AWAKE_AT_HOME, awake, rates
from tests.models.citizens_town import town

CHOICE = Choice(0.7, -1.3, -0.6, -0.2, -0.035, -0.07, -0.055, -0.175, 1.6, 0.15, 0.2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e4), min_size=6, max_size=6), st.floats(0, 2e4), st.floats(0, 20))
def test_utilities(seconds: list[float], way: float, price: float) -> None:
    out = np.empty(4)
    kernels.utilities(CHOICE, np.array(seconds), way, price, out)
    m = [s / 60 for s in seconds]
    assert out.tolist() == pytest.approx(
        [
            0.7 - 0.07 * m[0],
            -1.3 - 0.055 * m[1],
            -0.6 - 0.035 * m[2] - 0.035 * m[4] - 0.175 * 1.6,
            -0.2 - 0.035 * m[3] - 0.035 * m[5] - 0.175 * (0.15 * way / 1000 + price),
        ]
    )
    assert kernels.logsum(out) == pytest.approx(math.log(sum(math.exp(v) for v in out)))


def test_a_mode_that_is_not_to_be_had_is_never_the_best() -> None:
    seconds = np.array([600.0, 300.0, 900.0, np.inf, 300.0, 60.0])
    out = np.empty(4)
    kernels.utilities(CHOICE, seconds, 2000.0, 0.0, out)
    assert out[CAR] == -np.inf
    assert all(kernels._pick(out, np.uint64(k), 7, True) != CAR for k in range(200))


def test_choices_follow_the_logit() -> None:
    values = np.array([0.5, -0.5, 0.0, 1.0])
    picks = [kernels._pick(values, np.uint64(k * 7919 + 1), 3, True) for k in range(20_000)]
    shares = np.bincount(picks, minlength=4) / len(picks)
    assert shares == pytest.approx(np.exp(values) / np.exp(values).sum(), abs=0.012)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_households_hold_every_resident_once(people: list[int]) -> None:
    n = sum(people)
    building, household, member = (np.zeros(n, np.int32) for _ in range(3))
    key, keys = np.zeros(n, np.uint64), np.arange(len(people), dtype=np.uint64) * 991
    cumulative = np.array([0.4, 0.7, 1.0])
    count = synthesis.households(
        np.array(people, np.int32), keys, cumulative, building, household, member, key
    )
    assert np.bincount(building, minlength=len(people)).tolist() == people
    assert len(np.unique(household)) == count
    assert n == 0 or np.bincount(household).max() <= 3
    assert len(np.unique(key)) == n


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=4, max_size=4), st.integers(0, 30))
def test_assign_fills_each_place_once(places: list[int], seekers: int) -> None:
    left = np.array(places, np.float64)
    zone_left = np.array([left[:2].sum(), left[2:].sum()])
    out = np.full(seekers, -1, np.int32)
    found = synthesis.assign(
        np.arange(seekers, dtype=np.int32), np.zeros(seekers, np.int32),
        np.arange(seekers, dtype=np.uint64) * 77, 0, np.ones((2, 2)),
        np.array([0, 2, 4], np.int32), np.arange(4, dtype=np.int32), left, zone_left, out,
    )  # fmt: skip
    assert found == min(seekers, sum(places)) == (out >= 0).sum()
    taken = np.bincount(out[out >= 0], minlength=4)
    assert (taken <= places).all()
    assert left.tolist() == (np.array(places) - taken).tolist()


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_whole_numbers_keep_the_total(amount: list[float]) -> None:
    found = whole(np.array(amount))
    assert (found >= 0).all()
    assert abs(found.sum() - sum(amount)) <= 0.5 + 1e-6


def test_skims_are_shortest_times() -> None:
    city = town()
    places = make(city)
    skims = Skims(city, places)
    free = skims.times()
    assert np.isfinite(free).all()
    assert places.gateways == 2
    # Across the town and both approaches: 7 streets of 250 m at 11.1 m/s.
    assert free[-1, -2] == pytest.approx(7 * 250 / 11.1, rel=1e-6)
    assert skims.times(np.full(len(city["edge"]), 50.0))[-1, -2] == pytest.approx(350.0)
    assert (skims.times(np.full(len(city["edge"]), 1.0)) == free).all()


def test_a_closed_street_is_driven_around() -> None:
    city = town()
    skims = Skims(city, make(city))
    closed = np.zeros(len(city["edge"]))
    closed[city["edge"].row("9-15")] = 1.0
    assert skims.times(None, closed)[-2, -1] == pytest.approx(skims.times()[-2, -1], rel=0.5)
    assert skims.times(None, closed)[-2, -1] > skims.times()[-2, -1]
    assert np.isinf(skims.times(None, np.ones(len(closed)))[-1, -2])


def test_waste_at_home_falls_in_waking_hours() -> None:
    table = rates(np.array(["residential", "retail"]), 1.0)
    assert table[0].tolist() == [1.0 / AWAKE_AT_HOME] * 2
    assert table[1, 1] > table[1, 0]
    assert [awake(h) for h in (3, 6, 12, 23)] == [0.0, 0.5, 1.0, 0.5]
