"""Vehicles and walkers one by one: which lamps lie ahead, and how long each is lit."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lighting.groups import streets_of
from models.lighting.presence.ahead import Ahead, Arcs
from models.lighting.presence.follow import kernels
from models.lighting.presence.passers import places
from tests.models.test_lighting_model import live, town, values
from twin.core.model import Model
from twin.core.port import Port
from twin.errors import ConfigError

STEP, HOLD, GONE = 60.0, 20.0, kernels.NOWHERE
DT = 0.02


class Reach:
    """Random arcs with the lamps within reach of each."""

    def __init__(self, rng: np.random.Generator, arcs: int, lamps: int, ahead: float) -> None:
        self.length = rng.uniform(20.0, 300.0, arcs)
        rows = [np.flatnonzero(rng.random(lamps) < 0.5).astype(np.int32) for _ in range(arcs)]
        away = [
            np.sort(rng.uniform(0.0, self.length[a] + ahead, len(rows[a]))) for a in range(arcs)
        ]
        self.start = np.append(0, np.cumsum([len(r) for r in rows])).astype(np.int64)
        self.lamp, self.distance = np.concatenate(rows), np.concatenate(away)
        self.lamps, self.ahead = lamps, ahead


def lived(reach: Reach, events: np.ndarray, steps: int, behind: float) -> np.ndarray:
    """Share of each step in which each lamp is lit, by the kernels; events by time."""
    n = int(events[:, 1].max(initial=0)) + 1
    arc, since, at, pace = np.full(n, GONE, np.int32), np.zeros(n), np.zeros(n), np.ones(n)
    near, held = np.zeros(reach.lamps, np.float32), np.zeros(reach.lamps)
    after, order = np.zeros(reach.lamps), np.zeros(reach.lamps, np.int32)
    first, room = np.zeros(reach.lamps + 1, np.int32), 10_000
    whose, window, ordered = np.zeros(room, np.int32), np.zeros((room, 2)), np.zeros((room, 2))
    shares = []
    for step in range(steps):
        here = events[(events[:, 0] >= step * STEP) & (events[:, 0] < (step + 1) * STEP)]
        who = here[:, 1].astype(np.int64)
        still = np.flatnonzero(after > 0.0)
        whose[: len(still)] = still
        window[: len(still)] = np.column_stack((0.0 * still, np.minimum(after[still], STEP)))
        after = np.maximum(after - STEP, 0.0)
        there = np.union1d(np.flatnonzero(arc >= 0), who)
        count = kernels.follow(
            who, here[:, 0] - step * STEP, here[:, 2].astype(np.int32), here[:, 3].copy(),
            here[:, 4].copy(), there, arc, since, at, pace, reach.length, True, STEP, reach.ahead,
            behind, HOLD, reach.start, reach.lamp, reach.distance, len(still), whose, window, after,
        )  # fmt: skip
        kernels.unite(count, whose, window, STEP, first, order, ordered, near, held)
        assert not order.any()
        shares.append(near.copy())
    np.testing.assert_allclose(held, STEP * np.sum(shares, axis=0), rtol=1e-5, atol=1e-3)
    return np.array(shares)


def looked_at(reach: Reach, events: np.ndarray, steps: int, behind: float) -> np.ndarray:
    """The same, by a look at everybody fifty times a second."""
    time = (np.arange(int(steps * STEP / DT)) + 0.5) * DT
    lit = np.zeros((len(time), reach.lamps), bool)
    for who in np.unique(events[:, 1]):
        mine = events[events[:, 1] == who]
        for row, (since, _, arc, at, pace) in enumerate(mine):
            if arc < 0:
                continue
            a, leaves = int(arc), mine[row + 1, 0] if row + 1 < len(mine) else np.inf
            length = reach.length[a]
            # Where he comes from and gets to in each interval: somebody may pass within one.
            begin, end = np.maximum(time - DT / 2, since), np.minimum(time + DT / 2, leaves)
            on = begin < end
            least = np.minimum(at + (begin - since) / pace, length)
            most = np.minimum(at + (end - since) / pace, length)
            for k in range(reach.start[a], reach.start[a + 1]):
                away = reach.distance[k]
                seen = on & (most >= away - reach.ahead) & (least <= away + behind)
                seen &= away + behind >= at
                if not seen.any():
                    continue
                if away <= length < away + behind:  # it is still behind him on the next street
                    seen |= (time >= leaves) & ((time - leaves) / pace <= away + behind - length)
                last = np.maximum.accumulate(np.where(seen, time, -np.inf))
                lit[:, reach.lamp[k]] |= time - last <= HOLD
    return lit.reshape(steps, -1, reach.lamps).mean(axis=1)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 15.0]), st.sampled_from([30.0, 100.0]))
def test_who_is_under_way_lights_the_lamps_within_reach(
    seed: int, behind: float, ahead: float
) -> None:
    rng = np.random.default_rng(seed)
    reach, steps, n = Reach(rng, 4, 6, ahead), 4, int(rng.integers(0, 12))
    arc = rng.integers(-1, 4, n)
    place = np.where(rng.random(n) < 0.3, rng.random(n) * 20.0, 0.0)
    time, who, pace = np.sort(rng.random(n)) * steps * STEP, rng.integers(0, 3, n), rng.random(n)
    events = np.column_stack((time, who, arc, place, 0.07 + pace))
    np.testing.assert_allclose(
        lived(reach, events, steps, behind), looked_at(reach, events, steps, behind), atol=0.01
    )


def test_who_waits_at_a_crossing_keeps_the_lamps_ahead_lit_until_he_goes() -> None:
    reach = Reach(np.random.default_rng(1), 1, 1, 100.0)
    reach.length[:], reach.start[:], reach.lamp = 200.0, [0, 1], np.zeros(1, np.int32)
    reach.distance = np.array([250.0])  # 50 m beyond the crossing
    events = np.array([[0.0, 0, 0, 0.0, 0.1], [100.0, 0, GONE, 0.0, 1.0]])
    # He sees it at 150 m, after 15 s; he stands at the crossing from 20 s to 100 s.
    np.testing.assert_allclose(
        lived(reach, events, 3, 0.0)[:, 0] * STEP, [45.0, 60.0, 0.0], atol=1e-4
    )


@pytest.fixture(scope="module")
def streets() -> tuple[Arcs, int]:
    city = town()
    found = streets_of(city)
    return Arcs.of(city, found, places(city, found)), len(city["lamp"])


@pytest.mark.parametrize("metres", [0.0, 30.0, 100.0, 300.0])
@pytest.mark.parametrize("afoot", [False, True])
def test_lamps_ahead_are_those_of_the_shortest_ways(
    streets: tuple[Arcs, int], metres: float, afoot: bool
) -> None:
    arcs, lamps = streets
    n = len(arcs.length)
    on = np.roll(arcs.back, arcs.edges) == np.arange(n) if afoot else np.arange(n) < arcs.edges
    found = Ahead.of(arcs, lamps, 300.0, beyond=metres, on=on)
    for a in range(arcs.edges):
        row = slice(found.start[a], found.start[a + 1])
        got = dict(zip(found.lamp[row].tolist(), found.distance[row].tolist(), strict=True))
        assert list(got.values()) == sorted(got.values())
        assert got == pytest.approx(searched(arcs, a, metres, on))


def searched(arcs: Arcs, a: int, metres: float, on: np.ndarray) -> dict[int, float]:
    """Lamps ahead of an arc, by going every way to its end."""
    found: dict[int, float] = {}

    def put(arc: int, before: float, limit: float) -> None:
        for k in range(arcs.first_lamp[arc], arcs.first_lamp[arc + 1]):
            away = before + arcs.place[k]
            if away <= limit:
                lamp = int(arcs.lamp[k])
                found[lamp] = min(found.get(lamp, np.inf), away)

    limit = arcs.length[a] + metres
    put(a, 0.0, np.inf)
    ways = [(a, arcs.length[a], (a,))]
    while ways:
        arc, gone, way = ways.pop()
        for other in np.flatnonzero(on & (arcs.begins == arcs.ends[arc])).tolist():
            if (len(way) == 1 and other == arcs.back[a]) or other in way:
                continue
            put(other, gone, limit)
            if gone + arcs.length[other] <= limit:
                ways.append((other, gone + arcs.length[other], (*way, other)))
    return found


PASSAGES = Port(
    "traffic.passages", "edge", "veh", "event", fields=("time", "vehicle", "edge", "place", "speed")
)
WALKS = Port(
    "citizens.walks", "edge", "person", "event",
    fields=("time", "walk", "edge", "place", "speed", "back"),
)  # fmt: skip


class OneCar(Model):
    """One car on the first street, half a minute after one o'clock; it is gone 12 s later."""

    name = "one_car"
    writes = (PASSAGES,)

    def step(self, now: int) -> None:
        if now == 3_660_000:
            self.publish(
                PASSAGES.name, time=[3_630_000, 3_642_000], vehicle=[7, 7], edge=[0, -1],
                place=[0, 0], speed=[10, 0],
            )  # fmt: skip


class OneWalker(Model):
    """One walker against the first street, told before he sets off."""

    name = "one_walker"
    writes = (WALKS,)

    def step(self, now: int) -> None:
        if now == 3_600_000:
            self.publish(
                WALKS.name, time=[3_720_000, 3_840_000], walk=[3, 3], edge=[0, -1], place=[0, 0],
                speed=[1, 0], back=[1, 0],
            )  # fmt: skip


ONE = "tests.models.test_lighting_follow:"
WAITS: dict[str, Any] = {
    "duration": "2h",
    "policy": [{"use": "lighting.on_demand", "rest": 0.2}],
}


def night(
    *others: str, presence: str = "auto", lighting: dict[str, Any] | None = None, **more: Any
) -> Any:
    rules = {"faulty_at_start": 0.0, "presence": presence}
    lamps = {"lighting": rules | (lighting or {})}
    models = {ONE + other: {} for other in others} | lamps
    return live(model=models, **(WAITS | more))


def test_lamps_light_because_a_given_vehicle_comes_to_the_second() -> None:
    city = town()
    quiet, out = night(presence="flows"), night("OneCar")
    power, full = out.series["lighting.power"], city["lamp"]["power"]
    low = full * (0.145 + 0.855 * 0.2)
    lit = power > 1.0001 * low
    assert np.flatnonzero(lit.any(axis=1)).tolist() == [61, 62]  # means of the minutes that ended
    found = streets_of(city)
    arcs = Arcs.of(city, found, places(city, found))
    forth = np.arange(len(arcs.length)) < arcs.edges
    ahead = Ahead.of(arcs, len(full), 100.0, beyond=100.0, on=forth)
    row = slice(ahead.start[0], ahead.start[1])
    seconds = np.zeros(len(full))
    for lamp, away in zip(ahead.lamp[row], ahead.distance[row], strict=True):
        begin = max(0.0, (away - 100.0) / 10.0)
        end = away / 10.0 if away <= 120.0 else 12.0
        seconds[lamp] = min(end, 12.0) + 20.0 - begin
    spent = (power - low).sum(axis=0) * 60.0
    np.testing.assert_allclose(spent, (full - low) * seconds, rtol=1e-4, atol=0.02)
    more = float(((full - low) * seconds).sum()) / 3.6e6
    assert values(out)["energy"] - values(quiet)["energy"] == pytest.approx(more, rel=1e-4)


def test_how_far_lamps_are_lit_beyond_a_crossing_is_a_parameter() -> None:
    spent = [
        values(night("OneCar", lighting={"crossing_ahead": metres}))["energy"]
        for metres in (0.0, 40.0, 100.0)
    ]
    assert spent == sorted(spent)
    assert len(set(spent)) == 3


def test_a_vehicle_in_the_last_minute_counts_in_the_energy_of_the_run() -> None:
    quiet, out = night(presence="flows", duration="61m"), night("OneCar", duration="61m")
    # From 30 s to the end of the minute at least one lamp is lit.
    assert values(out)["energy"] > values(quiet)["energy"]


def test_a_walker_lights_the_lamps_where_he_walks() -> None:
    out = night("OneCar", "OneWalker")
    power = out.series["lighting.power"]
    low = power.min()
    when = np.flatnonzero((power > 1.0001 * low).any(axis=1))
    assert when.tolist() == [61, 62, 63, 64, 65]  # the car; then from 3,720 s to 3,840 + 20 s


def test_without_a_walker_of_its_own_the_run_draws_them_from_the_flow() -> None:
    few, many = (
        values(night("OneCar", constants={"citizens.walkers": rate}))["energy"] for rate in (5, 50)
    )
    none = values(night("OneCar"))["energy"]
    assert none < few < many


def test_drawn_walkers_light_as_long_as_a_poisson_process_does() -> None:
    rate, full = 40.0, town()["lamp"]["power"].sum()
    out = night("OneCar", constants={"citizens.walkers": rate}, start="22:00", duration="8h")
    share = 1.0 - np.exp(-2.0 * rate / 3600.0 * (30.0 / 1.3 + HOLD))  # M/G/∞, both directions
    low = full * (0.145 + 0.855 * 0.2)
    expected = (low + (full - low) * share) * 8.0 / 1000.0
    assert values(out)["energy"] == pytest.approx(expected, rel=0.02)


def test_vehicles_that_nobody_gives_are_refused_before_the_run() -> None:
    with pytest.raises(ConfigError, match=r"traffic\.passages"):
        night(presence="vehicles")


class Counts(OneCar):
    """Says whether somebody wants vehicles one by one."""

    name = "counts"

    def step(self, now: int) -> None:
        self.world.log.add(now, "wanted", self.name, passages=PASSAGES.name in self.world.consumed)


@pytest.mark.parametrize(
    ("presence", "policy", "wanted"),
    [("auto", True, True), ("auto", False, False), ("flows", True, False)],
)
def test_vehicles_are_asked_for_only_where_lamps_wait_for_them(
    presence: str, policy: bool, wanted: bool
) -> None:
    more = {"duration": "2m"} | ({} if policy else {"policy": []})
    rows = night("Counts", presence=presence, **more).log
    said = [json.loads(detail)["passages"] for _, kind, _, detail in rows if kind == "wanted"]
    assert said
    assert set(said) == {wanted}


def test_two_lives_are_the_same_to_the_byte() -> None:
    one, other = (night("OneCar", "OneWalker") for _ in range(2))
    pairs = itertools.zip_longest(one.indicators, other.indicators)
    assert all(a[1] == b[1] or a[1] != a[1] for a, b in pairs)
    np.testing.assert_array_equal(one.series["lighting.power"], other.series["lighting.power"])
