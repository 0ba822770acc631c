"""Kernels of parking against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.parking import ground, kernels
from models.parking.columns import LEG, Habits, room
from models.parking.usual import coefficient, start_shares
from models.parking.wishes import kernels as wishes
from tests.models.parking_town import town
from twin.core.random import uniform

CITY = town(4)
GROUND = ground.make(CITY, 300.0)
HABITS = Habits(-0.2, -1.0 / 80.0, 300.0, 1200.0, 0.05, 0.1, 2.0, 4.2)
BLOCKS, EDGES = len(GROUND.capacity), len(GROUND.length)


def _reference_wish(price: np.ndarray, full: np.ndarray, edge: int, key: int, stay: float) -> int:
    """The same by whole arrays."""
    g, h = GROUND, HABITS
    part = slice(g.near_start[edge], g.near_start[edge + 1])
    rows, walk = g.near[part], g.near_walk[part]
    bays = g.capacity[rows].astype(float)
    gumbel = [-np.log(-np.log(uniform(np.uint64(key), np.uint64(b)))) for b in rows]
    value = h.price * price[rows] * stay + h.walk * walk + np.log(bays) + gumbel
    value = np.where(full[rows], -np.inf, value)
    usual = h.price * h.usual_price * stay + np.log((bays * np.exp(h.walk * walk)).sum())
    away = usual + np.log(h.elsewhere / (1 - h.elsewhere))
    away += -np.log(-np.log(uniform(np.uint64(key), np.uint64(1 << 40))))
    best = int(np.argmax(value))
    return -1 if full[rows].all() or away > value[best] else int(rows[best])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    edge=st.integers(0, EDGES - 1),
    stay=st.floats(0.1, 8.0),
    share=st.floats(0.0, 1.0),
)
def test_the_block_wished_for_is_the_best(seed: int, edge: int, stay: float, share: float) -> None:
    draws = np.random.default_rng(seed)
    price = draws.uniform(0.0, 6.0, BLOCKS)
    full = draws.uniform(size=BLOCKS) < share
    key = int(draws.integers(1 << 62))
    found = wishes.wish(GROUND, HABITS, price, full, edge, np.uint64(key), stay)
    assert found == _reference_wish(price, full, edge, key, stay)


@settings(max_examples=60, deadline=None)
@given(
    edge=st.integers(0, EDGES - 1),
    goal=st.integers(0, EDGES - 1),
    before=st.integers(0, EDGES - 1),
    draw=st.floats(0, 0.999),
)
def test_the_next_street_is_drawn_by_bays_nearness_and_memory(
    edge: int, goal: int, before: int, draw: float
) -> None:
    g = GROUND
    choices = g.next[g.next_start[edge] : g.next_start[edge + 1]]
    far = np.hypot(g.x[choices] - g.x[goal], g.y[choices] - g.y[goal])
    weight = (1.0 + g.bays[choices]) * np.exp(-far / HABITS.reach)
    path = np.full(LEG, edge, np.int32)
    trail = np.array([-1, before], np.int32)
    weight[(choices == edge) | (choices == before)] *= 0.1
    wanted = choices[np.searchsorted(np.cumsum(weight), draw * weight.sum())]
    assert kernels.next_edge(GROUND, HABITS, edge, goal, path, 1, trail, draw) == wanted


@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(0.01, 5.0)), min_size=1, max_size=30),
    st.floats(0.0, 1.0),
)
def test_occupancies_at_the_start_follow_the_wishes_and_have_the_mean(
    blocks: list[tuple[int, float]], mean: float
) -> None:
    capacity = np.array([c for c, _ in blocks], np.int32)
    wishes = capacity * np.array([w for _, w in blocks])
    found = start_shares(capacity, wishes, mean)
    assert (found <= 1.0).all()
    assert (found >= 0.0).all()
    assert (capacity * found).sum() == pytest.approx(mean * capacity.sum(), abs=1e-6)
    some = np.flatnonzero((capacity > 0) & (found < 1.0 - 1e-9))
    ratio = found[some] / (wishes[some] / capacity[some])
    np.testing.assert_allclose(ratio, ratio[:1].repeat(len(some)), rtol=1e-6)


def test_the_coefficient_of_the_price_gives_the_elasticity() -> None:
    price = np.linspace(1.0, 4.0, BLOCKS)
    weight = np.linspace(0.0, 2.0, EDGES)
    found = coefficient(GROUND, HABITS, price, 2.0, weight, -0.4)
    habits = HABITS._replace(price=found)
    assert wishes.own_elasticity(GROUND, habits, price, 2.0, weight) == pytest.approx(-0.4)

    # The derivative itself, of the expected demand of one block for its own price.
    def demand(p: np.ndarray, block: int) -> float:
        total = 0.0
        for edge in range(EDGES):
            part = slice(GROUND.near_start[edge], GROUND.near_start[edge + 1])
            rows = GROUND.near[part]
            value = habits.price * p[rows] * 2.0 + habits.walk * GROUND.near_walk[part]
            attraction = GROUND.capacity[rows] * np.exp(value)
            whole = attraction.sum() + np.exp(wishes.outside(GROUND, habits, edge, 2.0))
            total += weight[edge] * attraction[rows == block].sum() / whole
        return total

    sums = counts = 0.0
    for block in range(BLOCKS):
        step = np.zeros(BLOCKS)
        step[block] = 1e-4
        here = demand(price, block)
        slope = (demand(price + step, block) - demand(price - step, block)) / 2e-4
        sums += slope * price[block]
        counts += here
    assert sums / counts == pytest.approx(-0.4, rel=1e-4)


@pytest.mark.parametrize("occupancy", [0.5, 0.8, 0.9])
def test_bays_looked_at_are_one_over_the_free_share(occupancy: float) -> None:
    """On streets with many small blocks whose bays are taken at random."""
    draws = np.random.default_rng(3)
    drivers, g = room(4000), GROUND._replace(capacity=np.ones(BLOCKS, np.int32))
    habits = HABITS._replace(illegal=0.0, elsewhere=0.0, reach=1e5)
    full = np.zeros(BLOCKS, np.bool_)
    paths, hops = np.zeros((1, LEG), np.int32), np.zeros(1, np.int32)
    for d in range(4000):
        taken = (draws.uniform(size=BLOCKS) < occupancy).astype(np.int32)
        drivers.key[d], drivers.stay[d] = draws.integers(1 << 62), 3600.0
        drivers.goal[d] = drivers.edge[d] = draws.integers(EDGES)
        for _ in range(30):
            kernels.search(
                g, habits, drivers, taken, np.full(BLOCKS, 2.0), full, g.length / 8.0,
                np.array([d], np.int32), np.zeros(1), paths, hops, np.zeros(5),
            )  # fmt: skip
            if not hops[0] or drivers.holds[d]:
                break
            # Elsewhere bays change meanwhile; those that the driver has just seen do not.
            known = g.seen[g.seen_start[drivers.edge[d]] : g.seen_start[drivers.edge[d] + 1]]
            again = (draws.uniform(size=BLOCKS) < occupancy).astype(np.int32)
            again[known] = taken[known]
            taken = again
    assert drivers.inspected.mean() == pytest.approx(1.0 / (1.0 - occupancy), rel=0.08)
