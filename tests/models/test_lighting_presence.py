"""Who lights which lamp: kernels against the union of the windows of their own arrivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench._lamps import town as town_of_lamps
from models.lighting.groups import streets_of
from models.lighting.parameters import Parameters
from models.lighting.presence import kernels
from models.lighting.presence.arrivals.kernels import DIGITS
from models.lighting.presence.lampwise import Lampwise, Lines
from models.lighting.presence.streetwise import kernels as streetwise
from models.lighting.presence.union import kernels as union
from models.lighting.presence.union.kernels import HELD, LANES, NEAR, PLACE
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

    def lives(self, steps: int, room: int = 8, together: int = 1) -> np.ndarray:
        """Share of the last of ``together`` steps in which each lamp is lit, again and again.

        (steps / together, n_lamps). Grows when it must.
        """
        n, lamps = len(self.far), len(self.place)
        street = np.repeat(np.arange(n, dtype=np.int32), np.diff(self.start))
        lines = Lines.of(street, self.place, n)
        lanes = np.zeros((len(lines.place), 3, LANES), np.float32)
        lanes[:, PLACE] = lines.place
        keys, drawn, patience = self.keys, np.ones(n, np.int64), -np.log(uniforms(self.keys, 0))
        rates = [column[None] for column in (self.forth, self.vehicles, self.walkers)]
        rates += [self.pace[None], self.span[None], np.array([WALK, ON_FOOT])]
        first, rooms = room * np.arange(n, dtype=np.int32), np.full(n, room, np.int32)
        who, count = np.zeros((room * n, 4), np.float32), np.zeros(n, np.int32)
        tail, marks, size = np.array([room * n]), np.zeros(n, np.uint8), np.zeros(7, np.int64)
        lists, scratch = np.zeros((8, 1025), np.int32), np.zeros((2, 1000), np.float32)
        far, shares, seconds = np.column_stack((lines.ends, self.far)), [], np.zeros(lamps)
        for step in range(0, steps, together):
            at, done = np.zeros(3, np.int64), False
            plan = np.zeros(together, np.int32)
            while not done:
                done = kernels.presence(
                    *(at, STEP * step, STEP, plan, keys, drawn, patience, *rates, far, lines.start),
                    *(lanes, marks, first, rooms, count, who, who.view(np.uint64), tail),
                    *(lists, size, scratch),
                )
                if not done:
                    who = np.concatenate((who, np.zeros((1 + len(who), 4), np.float32)))
            shares.append(lanes[:, NEAR].ravel()[lines.lane])
            lit = np.repeat(marks > 0, np.diff(self.start))
            assert not shares[-1][~lit].any()
            seconds += STEP * shares[-1]
        held = lanes[:, HELD].ravel()[lines.lane]
        if together == 1:
            np.testing.assert_allclose(held, seconds, rtol=1e-5, atol=1e-3)
        return np.array([*shares, held])

    def simulated(self, steps: int) -> np.ndarray:
        """The same, one arrival after another and without carrying anything over."""
        out = np.zeros((steps, len(self.place)))
        for j, key in enumerate(self.keys):
            v, w = self.vehicles[j], self.walkers[j]
            at, counter, windows = -np.log(uniform(key, np.uint64(0))) / (v + w), 1, []
            while at < steps * STEP:
                draw = uniform(key, np.uint64(counter))
                chance = (draw * DIGITS) % 1.0 * (v + w)
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
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.001, 0.02, 0.1]), st.sampled_from([1, 8]))
def test_each_lamp_is_lit_by_those_who_reach_it(seed: int, rate: float, room: int) -> None:
    there = town(seed, 3, rate)
    np.testing.assert_allclose(there.lives(6, room)[:-1], there.simulated(6), atol=2e-5)


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
    near = there.lives(65)[5:-1]  # the slowest who came before the start have passed
    expected = 1.0 - np.exp(-(vehicles * 30.0 + walkers * ON_FOOT))  # M/G/∞: not empty
    assert near.mean() == pytest.approx(expected, rel=0.03)
    assert near[:, 0::2].mean() == pytest.approx(near[:, 1::2].mean(), rel=0.05)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.001, 0.02]), st.sampled_from([2, 3, 6]))
def test_steps_that_are_lived_together_are_those_lived_one_by_one(
    seed: int, rate: float, together: int
) -> None:
    there = town(seed, 5, rate)
    one_by_one, at_once = there.lives(6), there.lives(6, 1, together)
    np.testing.assert_array_equal(at_once[:-1], one_by_one[together - 1 : -1 : together])
    np.testing.assert_array_equal(at_once[-1], one_by_one[-1])


LOOPS = (union.one, union.two, union.three, union.four, *[union.eight] * 4)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 40))
def test_the_union_of_windows(seed: int, k: int, lamps: int) -> None:
    rng = np.random.default_rng(seed)
    now, street, streets = 120.0, 1, np.array([1], np.int32)
    lines = Lines.of(np.full(lamps, street, np.int32), np.sort(rng.uniform(0, 300, lamps)), 3)
    lanes = np.zeros((len(lines.place), 3, LANES), np.float32)
    lanes[:, PLACE] = lines.place
    lanes[:, HELD] = before = 7.0
    first, count = np.array([9, 0, 9], np.int32), np.array([0, k, 0], np.int32)
    who = np.zeros((20, 4), np.float32)
    who[:k, 0] = now + rng.uniform(-300.0, 60.0, k)
    who[:k, 1] = rng.choice([-0.8, -0.07, 0.07, 0.8], k)
    who[:k, 2] = rng.choice([10.0, 27.0, 43.0], k)
    who[:k, 3] = now + rng.choice([-1.0, 30.0, 60.5, 300.0], k)
    came = who.astype(np.float64)
    given = streets, 1, first, count, who, who.view(np.uint64), lines.start, now, STEP, lanes
    if k > kernels.MANY:
        union.many(*given, np.zeros((2, 20), np.float32))
    else:
        LOOPS[k - 1](*given)
    place = lines.place.ravel()[lines.lane].astype(np.float64)
    begin = came[:k, 0] - now + place[:, None] * came[:k, 1]
    lit = np.array([covered(row, row + came[:k, 2]) for row in begin])
    np.testing.assert_allclose(lanes[:, HELD].ravel()[lines.lane] - before, lit, atol=1e-3)
    np.testing.assert_allclose(lanes[:, NEAR].ravel()[lines.lane], lit / STEP, atol=2e-5)
    stay = came[:k][came[:k, 3] > now + STEP]
    assert count.tolist() == [0, len(stay), 0]
    np.testing.assert_array_equal(who[: len(stay)], stay)


def covered(begin: np.ndarray, end: np.ndarray) -> float:
    """Length of a union of windows within a step."""
    lit, until = 0.0, 0.0
    for at, to in sorted(zip(begin, end, strict=True)):
        lit += max(0.0, min(to, STEP) - max(at, until, 0.0))
        until = max(until, min(to, STEP))
    return lit


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_spread(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, streets = 50, 4
    street, spot = rng.integers(0, streets, n).astype(np.int32), rng.permutation(n).astype(np.int32)
    low, high, near = (rng.random(n).astype(np.float32) for _ in range(3))
    out = np.zeros(n)
    kernels.spread(low, high, spot, near, out)
    np.testing.assert_allclose(out, low + (high - low) * near[spot], atol=1e-6)
    of_street, out = rng.random(streets).astype(np.float32), np.zeros(n)
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
    np.testing.assert_allclose(found, there.lives(8)[:-1], atol=2e-5)


def test_who_asks_each_minute_changes_nothing() -> None:
    city, lives = town_of_lamps(3_000), []
    for asks in (True, False):
        passers = Lampwise(city, streets_of(city), Streams(1), Parameters())
        low, high, power = np.ones(3_000, np.float32), np.full(3_000, 3, np.float32), np.ones(3_000)
        for minute in range(95):
            if minute % 5 == 0:
                passers.vehicles[:], passers.walkers[:] = 0.004 + minute / 1e5, 0.003
                passers.forth[:], passers.fresh = 0.002, True
            passers.pass_by(STEP, True)
            if asks:
                passers.spread(low, high, power)
        held = passers.take_held()
        passers.spread(low, high, power)
        lives.append((power, passers.near_lamps(), held))
    for one, other in zip(*lives, strict=True):
        np.testing.assert_array_equal(one, other)
    assert 0.2 < held.mean() / (95 * STEP) < 0.3  # 1 - exp(-λ w), λ about 0.0075, w 27 and 43 s
