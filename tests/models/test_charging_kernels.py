"""Kernels of charging against NumPy and by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.charging import kernels

N = 6
HABITS = np.array([18_000.0, 0.6, 9000.0, 1800.0, 0.7])
positive = arrays(np.float64, N, elements=st.floats(0, 5e4))
unit = arrays(np.float64, N, elements=st.floats(0, 1))
rows = arrays(np.int32, N, elements=st.integers(0, N - 1))
KEYS = np.arange(3 * N, dtype=np.uint64) * np.uint64(7919)


@given(positive, rows, rows, unit)
def test_share(
    values: np.ndarray, sources: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> None:
    out = np.full(N, 9.0)
    kernels.share(values, sources, targets, weights, out)
    expected = np.bincount(targets, weights=weights * values[sources], minlength=N)
    np.testing.assert_allclose(out, expected)


@given(positive, positive, st.floats(0, 3600))
def test_deliver_gives_what_fits_and_counts_it(
    need: np.ndarray, power: np.ndarray, elapsed: float
) -> None:
    slots = np.zeros((N, 3))
    slots[:, kernels.NEED] = need
    tally = np.zeros(4)
    kernels.deliver(slots, power, elapsed, tally)
    given_ = np.minimum(need, power * elapsed / 3600.0)
    np.testing.assert_allclose(slots[:, kernels.NEED], need - given_, atol=1e-9)
    np.testing.assert_allclose(tally[kernels.ENERGY], given_.sum(), atol=1e-6)


@given(positive, positive, unit, positive)
def test_draw_power_is_what_the_car_takes_within_the_limit(
    need: np.ndarray, accept: np.ndarray, limit: np.ndarray, rated: np.ndarray
) -> None:
    start = np.array([0, 1, 3, 6], dtype=np.int32)
    slots = np.column_stack((need, accept, np.zeros(N)))
    power, out = np.zeros(N), np.zeros(3)
    total = kernels.draw_power(slots, start, rated[:3].copy(), limit[:3].copy(), power, out)
    station = np.array([0, 1, 1, 2, 2, 2])
    expected = np.where(need > 0, np.minimum(accept, (rated[:3] * limit[:3])[station]), 0.0)
    np.testing.assert_allclose(power, expected)
    np.testing.assert_allclose(out, np.bincount(station, weights=expected))
    np.testing.assert_allclose(total, expected.sum())


def test_draws_have_the_stated_means() -> None:
    cars = np.empty((20_000, 3))
    for i in range(len(cars)):
        kernels.draw_car(KEYS, 1, i, 22_000.0, HABITS, cars[i])
    assert abs(cars[:, 0].mean() / 18_000 - 1) < 0.02
    assert abs(np.median(cars[:, 2]) / 9000 - 1) < 0.03
    shares = [np.mean(cars[:, 1] == watts) for watts in (7400.0, 11_000.0, 22_000.0)]
    np.testing.assert_allclose(shares, [0.3, 0.6, 0.1], atol=0.02)


def test_a_queue_is_served_in_order_and_sends_away_whom_it_cannot_hold() -> None:
    queue, waits = np.zeros((1, 2, 3)), np.zeros((1, 2))
    length, tally, rated = np.zeros(1, dtype=np.int64), np.zeros(4), np.array([22_000.0])
    slots = np.array([[0.0, 0.0, np.inf]])
    start, five = np.array([0, 1], dtype=np.int32), np.array([5], dtype=np.int64)
    kernels.queue_up(queue, waits, length, five, KEYS, 1, rated, HABITS, 0.0, 900.0, tally)
    assert (length[0], tally[kernels.TURNED_AWAY]) == (2, 3)
    first, second = queue[0].copy()
    kernels.plug_in(queue, waits, length, start, slots, 0.0, tally)
    assert (length[0], tally[kernels.SESSIONS]) == (1, 1)
    np.testing.assert_array_equal(slots[0], first)
    np.testing.assert_array_equal(queue[0, 0], second)
    none = np.zeros(1, dtype=np.int64)
    kernels.queue_up(queue, waits, length, none, KEYS, 2, rated, HABITS, 901.0, 900.0, tally)
    assert (length[0], tally[kernels.TURNED_AWAY]) == (0, 4)


def test_a_car_that_leaves_early_goes_unserved() -> None:
    slots = np.array([[5000.0, 7400.0, 60.0], [5000.0, 7400.0, 120.0]])
    tally = np.zeros(4)
    kernels.depart(slots, 60.0, tally)
    assert tally[kernels.UNSERVED] == 5000.0
    assert np.isinf(slots[0, kernels.TIME])
    assert slots[1, kernels.NEED] == 5000.0
