import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.waste import kernels
from twin.core.random import Streams, exponential

seeds = st.integers(0, 2**32 - 1)


def _keys(n: int, seed: int) -> np.ndarray:
    return Streams(seed).keys("test", np.arange(n).astype(str))


@given(seeds, st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_sorting_matches_numpy_and_keeps_the_mass(seed, n):
    rng = np.random.default_rng(seed)
    brought, shares = rng.random(n) * 10.0, np.array([0.15, 0.1, 0.2])
    targets = rng.integers(-1, n, (n, 3)).astype(np.int32)
    out = np.empty(n)
    kernels.sort_waste(brought, targets, shares, out)
    part = np.where(targets >= 0, brought[:, None] * shares, 0.0)
    expected = brought - part.sum(axis=1)
    np.add.at(expected, targets[targets >= 0], part[targets >= 0])
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert np.isclose(out.sum(), brought.sum())


def _deposit(rate, bag, keys, wait, count, mass):
    """One container after the other, as the process is defined."""
    for i in range(len(rate)):
        wait[i] -= rate[i] / bag[i]
        while wait[i] <= 0.0:
            first, second, gap = (exponential(keys[i], 3 * count[i] + k) for k in range(3))
            mass[i] += bag[i] * (first + second) / 2.0
            count[i] += 1
            wait[i] += gap


@given(seeds, st.integers(1, 20), st.floats(0.0, 100.0))
@settings(max_examples=50, deadline=None)
def test_deposits_match_their_definition(seed, n, scale):
    rng = np.random.default_rng(seed)
    rate, bag, keys = rng.random(n) * scale, rng.uniform(0.5, 5.0, n), _keys(n, seed)
    wait = rng.exponential(size=n)
    ours = [wait.copy(), np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)]
    theirs = [wait.copy(), np.zeros(n, dtype=np.int64), np.zeros(n)]
    kernels.deposit(rate, np.ones(n), bag, keys, *ours)
    _deposit(rate, bag, keys, *theirs)
    for one, other in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_array_equal(ours[2], ours[3])


def test_deposits_have_the_rate_and_the_spread_of_the_process():
    n, rate, bag = 4000, 2.0, 1.5
    keys, count = _keys(n, 7), np.zeros(n, dtype=np.int64)
    wait, mass, total = np.random.default_rng(0).exponential(size=n), np.zeros(n), np.zeros(n)
    kernels.deposit(
        np.full(n, rate), np.full(n, 24.0), np.full(n, bag), keys, wait, count, mass, total
    )
    # Compound Poisson: mean r t, variance r t E[size^2] / E[size]; Gamma of shape 2 has 1.5 size^2.
    assert abs(mass.mean() - 48.0) < 0.5
    assert abs(mass.var() / (48.0 * 1.5 * bag) - 1.0) < 0.08


@given(seeds, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_deposits_do_not_depend_on_the_step(seed, parts):
    n = 8
    rng = np.random.default_rng(seed)
    rate, bag, keys = rng.random(n) * 20.0, np.full(n, 2.0), _keys(n, seed)
    wait = rng.exponential(size=n)
    one = [wait.copy(), np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)]
    many = [wait.copy(), np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)]
    kernels.deposit(rate, np.full(n, 3.0), bag, keys, *one)
    for _ in range(parts):
        kernels.deposit(rate, np.full(n, 3.0 / parts), bag, keys, *many)
    np.testing.assert_allclose(one[2], many[2], rtol=1e-9)


@given(seeds, st.floats(0.0, 2.0))
@settings(max_examples=30, deadline=None)
def test_levels_match_numpy(seed, hours):
    rng = np.random.default_rng(seed)
    mass, capacity = rng.random(20) * 10.0, rng.uniform(1.0, 8.0, 20)
    level, overflow = np.empty(20), np.zeros(20)
    kernels.measure_level(mass, capacity, hours, level, overflow)
    np.testing.assert_allclose(level, mass / capacity)
    np.testing.assert_allclose(overflow, np.where(mass > capacity, hours, 0.0))


@given(seeds, st.integers(2, 40), st.integers(1, 160))
@settings(max_examples=50, deadline=None)
def test_shortest_paths_match_scipy(seed, n, m):
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    rng = np.random.default_rng(seed)
    start, end = rng.integers(0, n, (2, m)).astype(np.int32)
    seconds = np.where(rng.random(m) < 0.1, np.inf, rng.uniform(1.0, 50.0, m))
    edges = np.argsort(start, kind="stable").astype(np.int32)
    first = np.concatenate(([0], np.cumsum(np.bincount(start, minlength=n)))).astype(np.int32)
    time, by = np.empty(n), np.empty(n, dtype=np.int32)
    kernels.shortest_tree(0, first, edges, end, seconds, time, by)
    best = np.full((n, n), np.inf)
    np.minimum.at(best, (start, end), seconds)
    rows, columns = np.nonzero(np.isfinite(best))
    graph = csr_matrix((best[rows, columns], (rows, columns)), shape=(n, n))
    np.testing.assert_allclose(time, dijkstra(graph, indices=0))
    reached = np.isfinite(time) & (np.arange(n) != 0)
    assert np.all(end[by[reached]] == np.flatnonzero(reached))
