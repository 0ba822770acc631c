"""Random draws depend on seed, purpose, entity and counter, and on nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twin.core.random import Streams, normals, poissons, uniforms

IDS = np.array([f"e{i}" for i in range(20_000)])


@given(st.integers(0, 2**31), st.integers(0, 10**9))
def test_an_entity_keeps_its_draw_when_others_come_and_go(seed: int, counter: int) -> None:
    streams = Streams(seed)
    few, many = streams.keys("x", IDS[5:9]), streams.keys("x", IDS[:20])
    np.testing.assert_array_equal(uniforms(few, counter), uniforms(many, counter)[5:9])


def test_purposes_seeds_and_counters_are_independent() -> None:
    keys = Streams(1).keys("a", IDS)
    others = [
        uniforms(Streams(2).keys("a", IDS), 0),
        uniforms(Streams(1).keys("b", IDS), 0),
        uniforms(keys, 1),
        uniforms(keys, 2**40),
    ]
    for other in others:
        assert abs(np.corrcoef(uniforms(keys, 0), other)[0, 1]) < 0.03


def test_uniforms_are_uniform_over_entities_and_over_counters() -> None:
    keys = Streams(7).keys("u", IDS)
    assert stats.kstest(uniforms(keys, 3), "uniform").pvalue > 1e-3
    along = np.array([uniforms(keys[:1], i)[0] for i in range(5000)])
    assert stats.kstest(along, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(along[:-1], along[1:])[0, 1]) < 0.05


def test_normals_are_normal() -> None:
    draws = normals(Streams(7).keys("n", IDS), 5)
    assert stats.kstest(draws, "norm").pvalue > 1e-3


def test_poissons_have_their_mean_and_variance() -> None:
    keys = Streams(7).keys("p", IDS)
    for mean in (0.0, 0.3, 4.0, 25.0, 80.0):
        draws = poissons(keys, 9, np.full(len(IDS), mean))
        assert abs(draws.mean() - mean) < 5 * np.sqrt(max(mean, 1e-9) / len(IDS)) + 1e-12
        if mean:
            assert abs(draws.var() / mean - 1) < 0.06


def test_generators_repeat() -> None:
    a, b = (Streams(3).generator("truck", "t1").random(4) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert (Streams(3).generator("truck", "t2").random(4) != a).all()
