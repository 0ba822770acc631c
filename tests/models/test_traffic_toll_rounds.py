"""Drivers who choose before a run: those who go around a toll share the ways around."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from models.traffic.sumo import home
from models.traffic.toll.answer import DIVERTS, Answers
from models.traffic.toll.own import OwnDemand
from models.traffic.toll.rounds import Expected, settle
from tests.models._streets import city_of, indicators, live, scenario
from twin.city.city import City

NODES = {
    "a": (0, 0), "b": (300, 0), "c": (900, 0), "d": (1200, 0), "n": (600, 300), "s": (600, -300),
}  # fmt: skip
STREETS = ("ab", "bc", "cd", "bn", "nc", "bs", "sc")
CARS, SECONDS = 500, 1200.0
PRICE = 20.0


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A road with a gate on it, and a way around it on either side, as long as the other."""
    folder = tmp_path_factory.mktemp("fork")
    nodes, edges, net = (folder / name for name in ("n.nod.xml", "e.edg.xml", "fork.net.xml"))
    lines = [f'<node id="{name}" x="{x}" y="{y}"/>' for name, (x, y) in NODES.items()]
    nodes.write_text(f"<nodes>{''.join(lines)}</nodes>")
    lines = [
        f'<edge id="{way}" from="{way[0]}" to="{way[1]}" numLanes="{lanes}" speed="{speed}"/>'
        for way in STREETS
        for lanes, speed in [(1, 3.0) if way in ("nc", "sc") else (2, 13.9)]
    ]
    edges.write_text(f"<edges>{''.join(lines)}</edges>")
    command = [str(Path(home(), "bin", "netconvert")), "-n", str(nodes), "-e", str(edges)]
    subprocess.run([*command, "-o", str(net), "--no-turnarounds"], check=True, capture_output=True)
    routes = folder / "fork.rou.xml"
    lines = [
        f'<vehicle id="v{i}" depart="{i * SECONDS / CARS:.2f}" departSpeed="max" '
        'departLane="best"><route edges="ab bc cd"/></vehicle>'
        for i in range(CARS)
    ]
    routes.write_text(f"<routes>{''.join(lines)}</routes>")
    return city_of(net, routes=[routes])


def shares(monkeypatch: pytest.MonkeyPatch, fork: City) -> tuple[list[float], dict[str, float]]:
    """Of the drivers who go around, the share on the north side when nobody looks at the others
    and as they settle; and the indicators of the run.
    """
    found: list[float] = []

    def north(answers: Answers) -> float:
        rows = np.flatnonzero(answers.choice == DIVERTS)
        edge = fork["edge"].row("bn")
        return float(np.mean([edge in answers.ways[int(row)] for row in rows]))

    def watched(drivers, travellers, times):  # type: ignore[no-untyped-def]
        found.append(north(drivers.ask(travellers, times(None))))
        settled = settle(drivers, travellers, times)
        found.append(north(settled))
        return settled

    monkeypatch.setattr("models.traffic.toll.pricing.settle", watched)
    what = scenario(20, demand="own", elasticity=0.0, elasticity_goods=0.0, engine="queue")
    return found, indicators(
        live(fork, what.with_policy("traffic.toll", edges=["bc"], price=PRICE))
    )


def test_two_equal_ways_around_share_those_who_go_around(
    monkeypatch: pytest.MonkeyPatch, fork: City
) -> None:
    (alone, settled), values = shares(monkeypatch, fork)
    assert alone in (0.0, 1.0)
    assert 0.35 < settled < 0.65, (alone, settled)
    assert values["traffic.toll_diverted"] > 0.8 * CARS


def test_expected_times_grow_with_those_who_go_around(fork: City, tmp_path: Path) -> None:
    from models.traffic.engine import Setting
    from models.traffic.parameters import TrafficParameters
    from twin.core.time import minutes

    own = OwnDemand.read(fork)
    setting = Setting(
        fork, 1, tmp_path, True, False, frozenset(), frozenset(), np.empty(0, dtype=np.int64),
        TrafficParameters(engine="queue"),
    )  # fmt: skip
    expected = Expected(setting, own, 0.0, minutes(20))
    row = fork["edge"].row
    around = [row(name) for name in ("ab", "bn", "nc", "cd")]
    count = len(own.names)
    everybody = Answers(
        np.full(count, DIVERTS), own.depart * 1000.0, own.kind, np.zeros(count),
        dict.fromkeys(range(count), around),
    )  # fmt: skip
    quiet, busy = expected.times(None), expected.times(everybody)
    empty = np.asarray(fork["edge"]["length"]) / np.asarray(fork["edge"]["speed"])
    assert (quiet >= empty - 1e-9).all()
    assert busy[around].sum() > 1.2 * quiet[around].sum()
    assert (expected.times(everybody) == busy).all()


def test_the_way_of_a_vehicle_is_what_it_pays_for(fork: City) -> None:
    own = OwnDemand.read(fork)
    way = [str(fork["edge"].ids[row]) for row in own.ways[0]]
    assert way == ["ab", "bc", "cd"]
