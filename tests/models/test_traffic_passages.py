"""Vehicles one by one: both engines say who enters which edge, and only where it is asked."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from models.traffic.passages import PORT
from models.traffic.queue.engine import QueueEngine
from tests.models._streets import city_of, grid, indicators
from twin.city.city import City
from twin.core.engine import Engine
from twin.core.model import Model
from twin.core.outcome import Outcome
from twin.scenario import Scenario

CARS = [("a", 10, "A0A1 A1A2 A2A3"), ("b", 70, "A3A2 A2A1"), ("c", 71, "B0B1 B1B2 B2C2 C2C3")]


class Listener(Model):
    """Writes the passages into the log."""

    name = "listener"
    reads = (PORT,)

    def step(self, now: int) -> None:
        for line in zip(*self.take(PORT.name).values(), strict=True):
            time, vehicle, edge, place, speed = map(float, line)
            self.world.log.add(
                now, "passage", self.name, time=time, vehicle=vehicle, edge=edge, place=place,
                speed=speed,
            )  # fmt: skip


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A grid on which three cars drive."""
    folder: Path = tmp_path_factory.mktemp("grid")
    grid(folder)
    routes = folder / "cars.rou.xml"
    lines = [
        f'<vehicle id="{name}" depart="{depart}"><route edges="{way}"/></vehicle>'
        for name, depart, way in CARS
    ]
    routes.write_text("<routes>\n" + "\n".join(lines) + "\n</routes>\n", encoding="utf-8")
    return city_of(folder / "grid.net.xml", routes=[routes])


def live(city: City, engine: str, *, listens: bool = True, **traffic: Any) -> Outcome:
    listener = {"tests.models.test_traffic_passages:Listener": {}} if listens else {}
    raw = {
        "name": "passages",
        "city": "small",
        "period": {"from": "07:00", "duration": "6m"},
        "model": {"traffic": {"engine": engine, "demand": "own"} | traffic} | listener,
        "record": {"every": "1m"},
    }
    with Engine(Scenario.from_dict(raw), city, 1) as run:
        return run.run()


def told(outcome: Outcome) -> list[tuple[int, dict[str, Any]]]:
    return [(now, json.loads(detail)) for now, kind, _, detail in outcome.log if kind == "passage"]


@pytest.mark.parametrize("engine", ["queue", "libsumo"])
def test_each_vehicle_is_told_edge_by_edge_and_when_it_is_gone(streets: City, engine: str) -> None:
    rows = {str(edge): row for row, edge in enumerate(streets["edge"].ids)}
    ways: dict[float, list[dict[str, Any]]] = defaultdict(list)
    for now, line in told(live(streets, engine)):
        assert now - 60_000 <= line["time"] <= now  # told at the end of the minute it is of
        ways[line["vehicle"]].append(line)
    found = sorted([line["edge"] for line in way] for way in ways.values())
    assert found == sorted([rows[edge] for edge in way.split()] + [-1] for *_, way in CARS)
    length, limit = streets["edge"]["length"], streets["edge"]["speed"]
    for way in ways.values():
        times = [line["time"] / 1000.0 for line in way]
        assert times == sorted(times)
        for line, begin, end in zip(way, times, times[1:], strict=False):
            row = int(line["edge"])
            assert 0.0 <= line["place"] <= 0.2 * length[row]
            assert 0.5 * limit[row] <= line["speed"] <= 1.4 * limit[row]
            # It cannot be faster than it says; but for the second that SUMO looks in.
            assert end - begin >= (length[row] - line["place"]) / line["speed"] - 2.5


def test_both_engines_agree_on_when_a_vehicle_comes(streets: City) -> None:
    """A second edge is reached within some seconds of each other: one waits at no signal before."""
    first = {}
    for engine in ("queue", "libsumo"):
        lines = [line for _, line in told(live(streets, engine)) if line["edge"] >= 0]
        first[engine] = min(line["time"] for line in lines) / 1000.0
    assert first["queue"] == pytest.approx(first["libsumo"], abs=2.0)


def test_libsumo_and_traci_tell_the_same(streets: City) -> None:
    assert told(live(streets, "libsumo")) == told(live(streets, "traci"))


@pytest.mark.parametrize("engine", ["queue", "libsumo"])
def test_who_listens_changes_no_vehicle(streets: City, engine: str) -> None:
    one, other = (indicators(live(streets, engine, listens=on)) for on in (True, False))
    assert one == pytest.approx(other, nan_ok=True)


def test_where_nobody_listens_queues_write_nothing_down(
    streets: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = []
    start = QueueEngine.__init__

    def watched(self: QueueEngine, *args: Any, **more: Any) -> None:
        start(self, *args, **more)
        rooms.append(len(self._queues.state.trace))

    monkeypatch.setattr(QueueEngine, "__init__", watched)
    live(streets, "queue", listens=False)
    live(streets, "queue")
    assert rooms[0] == 0 < rooms[1]


def test_who_counts_crossings_and_who_follows_read_the_same_trace(streets: City) -> None:
    """Crossings are those of their edges, whoever follows all vehicles."""
    line = {"screenlines": [{"name": "line", "edges": ["A1A2"]}]}
    crossed = [
        indicators(live(streets, "queue", listens=on, **line))["traffic.crossings:line"]
        for on in (True, False)
    ]
    assert crossed == [1.0, 1.0]
