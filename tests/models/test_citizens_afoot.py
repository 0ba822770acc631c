"""Walks: which streets they pass, and the ports that tell of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from models.citizens.afoot.columns import Streets, Walks
from models.citizens.afoot.kernels import ways
from models.citizens.afoot.walks import SPEED, _joined
from models.citizens.model import WALKS
from tests.models.citizens_town import town
from twin.city.city import City, Place
from twin.city.link import Link
from twin.city.table import Table
from twin.core.engine import Engine
from twin.core.model import Model
from twin.core.outcome import Outcome
from twin.scenario import Scenario


def streets_of(rng: np.random.Generator, junctions: int, edges: int) -> City:
    """Random streets, some in one direction, some in both."""
    start = rng.integers(0, junctions, edges)
    end = (start + rng.integers(1, junctions, edges)) % junctions
    both = rng.random(edges) < 0.5
    length = rng.uniform(10.0, 300.0, edges)
    columns = {
        "from_junction": np.concatenate([start, end[both]]),
        "to_junction": np.concatenate([end, start[both]]),
        "length": np.concatenate([length, length[both]]),
        "road": np.full(edges + int(both.sum()), "residential"),
    }
    city = City("random", Place("EPSG:32635", 24.9, 60.2, "Europe/Helsinki", "FI"), Path("none"))
    city.add(Table("junction", np.arange(junctions).astype(np.str_)))
    city.add(Table("edge", np.arange(len(columns["road"])).astype(np.str_), columns))
    return city


def shortest(
    streets: Streets, a: int, from_a: float, b: int, from_b: float, junctions: int
) -> float:
    """Length of the shortest way between two doors, with the doors as junctions of their own."""
    n, entries = junctions, []
    for edge, (u, v) in enumerate(streets.ends.tolist()):
        entries.append((u, v, streets.length[edge]))
    doors = [(n, a, from_a), (n + 1, b, from_b)]
    if a == b:
        entries.append((n, n + 1, abs(from_a - from_b)))
    elif streets.back[b] == a:
        entries.append((n, n + 1, abs(streets.length[a] - from_b - from_a)))
    for door, edge, place in doors:
        u, v = streets.ends[edge].tolist()
        entries += [(door, u, place), (door, v, streets.length[edge] - place)]
    least: dict[tuple[int, int], float] = defaultdict(lambda: np.inf)
    for u, v, metres in entries:
        for pair in ((u, v), (v, u)):
            least[pair] = min(least[pair], max(metres, 1e-12))
    rows, columns = zip(*least, strict=True)
    graph = csr_matrix((list(least.values()), (rows, columns)), (n + 2, n + 2))
    return float(dijkstra(graph, indices=n)[n + 1])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_walks_take_the_shortest_way_edge_by_edge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    junctions = 7
    city = streets_of(rng, junctions, 9)
    streets, graph = _joined(city)
    far, before = dijkstra(graph, return_predecessors=True)
    n = 5
    a, b = (rng.integers(0, len(streets.length), n).astype(np.int32) for _ in range(2))
    from_a, from_b = (rng.random(n) * streets.length[edge] for edge in (a, b))
    time = rng.random(n) * 100.0
    walks = Walks(np.arange(n), time, a, from_a, b, from_b, streets.ends[a].copy())
    room = np.zeros((3, 6))
    needed = ways(walks, streets, far, before, 1.0 / SPEED, room)
    out = np.zeros((needed, 6))
    assert ways(walks, streets, far, before, 1.0 / SPEED, out) == needed
    np.testing.assert_array_equal(room[: min(3, needed)], out[:3])
    for w in range(n):
        mine = out[out[:, 1] == w]
        expected = shortest(streets, a[w], from_a[w], b[w], from_b[w], junctions)
        direct = a[w] == b[w] or streets.back[b[w]] == a[w]
        if not np.isfinite(expected):
            assert not len(mine)
            continue
        if not direct:  # who stays on a street does not go around the block
            assert mine[:, 5].sum() == pytest.approx(expected)
        assert_joined(streets, mine, time[w], (a[w], from_a[w]), (b[w], from_b[w]))


def assert_joined(
    streets: Streets, lines: np.ndarray, time: float, origin: tuple[int, float], goal: Any
) -> None:
    """One edge begins where and when the one before it ended; from door to door."""
    edges = lines[:-1, 2].astype(int)
    assert lines[-1, 2] == -1
    assert lines[0, 0] == time
    np.testing.assert_allclose(np.diff(lines[:, 0]), lines[:-1, 5] / SPEED, atol=1e-6)
    length, against = streets.length[edges], lines[:-1, 4] > 0.5
    place, metres = lines[:-1, 3], lines[:-1, 5]
    begin = np.where(against, length - place, place)
    end = np.where(against, length - place - metres, place + metres)
    assert edges[0] == origin[0]
    assert begin[0] == pytest.approx(origin[1])
    if len(edges) > 1 or edges[0] == goal[0]:
        assert (edges[-1], end[-1]) == (goal[0], pytest.approx(goal[1], abs=1e-6))
    for k in range(len(edges) - 1):
        leaves = streets.ends[edges[k], 0 if against[k] else 1]
        enters = streets.ends[edges[k + 1], 1 if against[k + 1] else 0]
        assert leaves == enters
        assert end[k] == pytest.approx(0.0 if against[k] else length[k], abs=1e-6)


class Watcher(Model):
    """Keeps all walks, and the flow of each minute."""

    name = "watcher"
    reads = (WALKS,)
    kept: list[dict[str, np.ndarray]] = []  # noqa: RUF012

    def step(self, now: int) -> None:
        self.kept.append(self.take(WALKS.name))


def with_stops() -> City:
    """The town with a stop at every third edge."""
    city = town()
    rows = np.arange(0, len(city["edge"]), 3)
    middles = shapely.line_interpolate_point(city["edge"].geometry[rows], 0.5, normalized=True)
    city.add(Table("stop", rows.astype(np.str_), {"mode": np.full(len(rows), "bus")}, middles))
    city.connect(Link("stop", "edge", rows.astype(np.int32)))
    return city


def live(
    hours: float = 3.0, seed: int = 1, *, watched: bool = True, city: City | None = None
) -> Outcome:
    Watcher.kept.clear()
    watcher = {"tests.models.test_citizens_afoot:Watcher": {}} if watched else {}
    raw = {
        "name": "walks",
        "city": "town",
        "period": {"date": "2025-01-14", "from": "11:00", "duration": f"{hours * 60:.0f}m"},
        "model": {"citizens": {}} | watcher,
        "record": {"every": "1m", "ports": ["citizens.walkers"] if watched else []},
    }
    with Engine(Scenario.from_dict(raw), city or town(), seed) as engine:
        return engine.run()


@pytest.fixture(scope="module")
def noon() -> tuple[Outcome, dict[str, np.ndarray]]:
    out = live()
    return out, {key: np.concatenate([b[key] for b in Watcher.kept]) for key in WALKS.fields}


def test_every_trip_on_foot_is_a_walk(noon: tuple[Outcome, dict[str, np.ndarray]]) -> None:
    out, walks = noon
    trips = {indicator.name: value for indicator, value in out.indicators}
    ends = walks["edge"] < 0
    assert ends.sum() == len(np.unique(walks["walk"]))
    # The town has no stops: walks to and from them are left out.
    assert ends.sum() == trips["citizens.trips_walk"] > 100
    assert set(np.unique(walks["speed"])) == {SPEED}


def test_walkers_of_a_street_are_those_who_enter_it(
    noon: tuple[Outcome, dict[str, np.ndarray]],
) -> None:
    out, walks = noon
    counted = out.series["citizens.walkers"] / 60.0  # person/h, minute by minute
    here = (walks["edge"] >= 0) & (walks["time"] < 3 * 3_600_000)
    minute = (walks["time"][here] // 60_000).astype(int) + 1
    expected = np.zeros_like(counted)
    np.add.at(expected, (minute, walks["edge"][here].astype(int)), 1.0)
    np.testing.assert_allclose(counted, expected)


def test_who_watches_walks_changes_no_day(noon: tuple[Outcome, dict[str, np.ndarray]]) -> None:
    assert live(watched=False).indicators == noon[0].indicators


def test_who_takes_public_transport_walks_to_a_stop_and_from_one() -> None:
    out = live(city=with_stops())
    walks = {key: np.concatenate([b[key] for b in Watcher.kept]) for key in WALKS.fields}
    trips = {indicator.name: value for indicator, value in out.indicators}
    extra = int((walks["edge"] < 0).sum()) - trips["citizens.trips_walk"]
    assert 0 < extra <= 2 * trips["citizens.trips_transit"]
