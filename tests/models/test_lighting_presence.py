"""Who lights which lamp: kernels against the union of the windows of their own arrivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lighting.presence import kernels
from models.lighting.presence.streetwise import kernels as streetwise
from twin.core.random import Streams, uniform, uniforms

STEP, WALK, ON_FOOT = 60.0, 1.0 / 1.3, 45.0


@dataclass
class Town:
    """Streets, their lamps, and who comes."""

    forth: np.ndarray
    vehicles: np.ndarray
    walkers: np.ndarray
    pace: np.ndarray
    span: np.ndarray
    far: np.ndarray
    start: np.ndarray
    place: np.ndarray
    seed: int

    @property
    def keys(self) -> np.ndarray:
        return Streams(self.seed).keys("test", np.arange(len(self.far)).astype(np.str_))

    def lives(self, steps: int, room: int = 100_000) -> np.ndarray:
        """Share of each step in which each lamp is lit; (steps, n_lamps). Grows when it must."""
        n, lamps = len(self.far), len(self.place)
        keys, drawn = self.keys, np.ones(n, np.int64)
        patience, count = -np.log(uniforms(keys, 0)), np.zeros(n, np.int32)
        before, after = np.zeros((room, 3)), np.zeros((room, 3))
        near, held, state = np.zeros(lamps, np.float32), np.zeros(lamps), np.zeros(n, np.uint8)
        rates = self.forth, self.vehicles, self.walkers, self.pace, self.span
        shares = []
        for _ in range(steps):
            at = (0, 0, 0)
            while at[0] < n:
                lines = WALK, ON_FOOT, self.far, STEP, self.start, self.place
                scratch = np.zeros((len(after), 2))
                columns = before, after, scratch, count, near, held, state
                at = kernels.presence(*at, keys, drawn, patience, *rates, *lines, *columns)
                if at[0] < n:
                    after = np.concatenate((after, np.zeros((1, 3))))
            before, after = after, np.zeros_like(after)
            shares.append(near.copy())
        np.testing.assert_allclose(held, STEP * np.sum(shares, axis=0), rtol=1e-5, atol=1e-4)
        return np.array(shares)

    def simulated(self, steps: int) -> np.ndarray:
        """The same, one arrival after another and without carrying anything over."""
        out = np.zeros((steps, len(self.place)))
        for j, key in enumerate(self.keys):
            v, w = self.vehicles[j], self.walkers[j]
            at, counter, windows = -np.log(uniform(key, np.uint64(0))) / (v + w), 1, []
            while at < steps * STEP:
                draw = uniform(key, np.uint64(counter))
                chance = (draw * kernels.DIGITS) % 1.0 * (v + w)
                walks, ahead = chance >= v, chance < self.forth[j] or chance >= v + w / 2
                pace, span = (WALK, ON_FOOT) if walks else (self.pace[j], self.span[j])
                windows.append((at, pace, span, ahead))
                at -= np.log(np.float32(draw)) / (v + w)
                counter += 1
            for i in range(self.start[j], self.start[j + 1]):
                out[:, i] = self._lit(j, self.place[i], windows, steps)
        return out

    def _lit(self, j: int, place: float, windows: list, steps: int) -> np.ndarray:
        """Share of each step that a union of windows at one lamp covers."""
        way = [place if ahead else self.far[j] - place for *_, ahead in windows]
        begin = np.array([at + x * pace for x, (at, pace, *_) in zip(way, windows, strict=True)])
        end = begin + np.array([span for _, _, span, _ in windows])
        edges = np.unique(np.concatenate((begin, end, np.arange(steps + 1) * STEP)))
        edges = edges[edges <= steps * STEP]
        middle = (edges[1:] + edges[:-1]) / 2.0
        lit = ((begin <= middle[:, None]) & (middle[:, None] < end)).any(axis=1)
        step = (middle // STEP).astype(np.int64)
        return np.bincount(step, np.diff(edges) * lit, minlength=steps)[:steps] / STEP


def town(seed: int, streets: int, rate: float) -> Town:
    """Streets of 20 to 400 m with up to six lamps each, quiet ones and busy ones."""
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 7, streets)
    far = rng.uniform(20.0, 400.0, streets)
    places = [np.sort(rng.uniform(0.0, length, n)) for length, n in zip(far, count, strict=True)]
    vehicles, pace = rate * rng.random(streets), 1.0 / rng.uniform(2.0, 20.0, streets)
    return Town(
        vehicles * rng.random(streets),
        vehicles,
        0.3 * rate * rng.random(streets) + 1e-6,
        pace,
        100.0 * pace + 20.0,
        far,
        np.append(0, np.cumsum(count)).astype(np.int32),
        np.concatenate(places),
        seed % 1000,
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.001, 0.02, 0.1]), st.sampled_from([1, 100]))
def test_each_lamp_is_lit_by_those_who_reach_it(seed: int, rate: float, room: int) -> None:
    there = town(seed, 3, rate)
    np.testing.assert_allclose(there.lives(6, room), there.simulated(6), atol=2e-5)


@pytest.mark.parametrize(("vehicles", "walkers"), [(0.01, 0.0), (0.0, 0.02), (0.02, 0.01)])
def test_the_share_is_that_of_an_infinite_server_queue(vehicles: float, walkers: float) -> None:
    n = 300
    one = np.ones(n)
    there = Town(
        0.7 * vehicles * one,
        vehicles * one,
        walkers * one,
        one / 10.0,
        30.0 * one,
        200.0 * one,
        (np.arange(n + 1) * 2).astype(np.int32),
        np.tile([20.0, 180.0], n),
        7,
    )
    near = there.lives(65)[5:]  # the slowest who came before the start have passed
    expected = 1.0 - np.exp(-(vehicles * 30.0 + walkers * ON_FOOT))  # M/G/∞: not empty
    assert near.mean() == pytest.approx(expected, rel=0.03)
    assert near[:, 0::2].mean() == pytest.approx(near[:, 1::2].mean(), rel=0.05)


def test_a_walker_lights_one_lamp_after_the_other() -> None:
    who = np.array([[0.0, WALK, 20.0], [200.0, -WALK, 20.0]])
    place, scratch = np.array([0.0, 26.0, 130.0]), np.zeros((2, 2))
    near, held = np.zeros(3, np.float32), np.zeros(3)
    kernels.cover(who, 0, 1, place, 0, 3, STEP, scratch, near, held)
    np.testing.assert_allclose(held, [20.0, 20.0, 0.0])  # at 0, 20 and 100 s
    kernels.cover(who, 1, 2, place, 0, 3, STEP, scratch, near, held)
    np.testing.assert_allclose(held, [20.0, 20.0, 0.0])  # at 200, 180 and 100 s


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_spread(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, start = 8, np.array([0, 3, 3, 8], np.int32)
    low, high, near = (rng.random(n).astype(np.float32) for _ in range(3))
    lamp, state = rng.permutation(n).astype(np.int32), rng.integers(0, 3, 3).astype(np.uint8)
    expected = low[lamp] + (high - low)[lamp] * near
    street = np.repeat(np.arange(3, dtype=np.int32), np.diff(start))
    for everywhere in (True, False):
        out = np.full(n, -1.0)
        kernels.spread(low, high, start, lamp, near, state, everywhere, out)
        known = everywhere | (state[street] != kernels.QUIET)
        np.testing.assert_allclose(out[lamp], np.where(known, expected, -1.0), atol=1e-6)
    of_street, out = rng.random(3).astype(np.float32), np.zeros(n)
    streetwise.spread(low, high, street, of_street, out)
    np.testing.assert_allclose(out, low + (high - low) * of_street[street], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.001, 0.02, 0.2]))
def test_street_by_street_is_lamp_by_lamp_where_lamps_stand_together(
    seed: int, rate: float
) -> None:
    there = town(seed, 4, rate)
    there.far[:], n = 0.0, 4
    there.start, there.place = np.arange(n + 1, dtype=np.int32), np.zeros(n)
    keys, drawn = there.keys, np.ones(n, np.int64)
    patience, lit, held = -np.log(uniforms(keys, 0)), np.zeros(n), np.zeros(n)
    near, coming, found = np.zeros(n, np.float32), np.zeros(n + 1, np.int32), []
    for _ in range(8):
        who = there.vehicles, there.walkers, there.span, ON_FOOT, STEP
        streetwise.presence(keys, drawn, patience, lit, *who, coming, near, held)
        found.append(near.copy())
    np.testing.assert_allclose(held, STEP * np.sum(found, axis=0), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found, there.lives(8), atol=2e-5)
