"""Every scenario of the shipped cities that moves traffic, on queues."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import shared
from twin.core.engine import Engine
from twin.scenario import Scenario
from twin.scenario.recipe import load_city

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(
    file.relative_to(FOLDER).with_suffix("").as_posix()
    for city in ("bologna", "helsinki")
    for file in (FOLDER / city).glob("*.toml")
    if file.stem != "city"
)
EXPECTED = (
    "are not in its numbers",
    "what citizens decide",
    "have no lane to spare and stay as they are",
    "is not followed: on queues",
)
"""What a short run may say."""
QUICK = ("bologna/max-pressure", "bologna/works")
"""Those of every run of the tests; the others are slow together."""


def marked(name: str) -> object:
    return name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [marked(name) for name in FILES])
def test_a_scenario_drives_on_queues(name: str) -> None:
    if name.startswith("bologna"):
        shared("traffic/bologna")
    usual = Scenario.load(name)
    if "traffic" not in usual.raw["model"]:
        pytest.skip("no traffic in it")
    begin = usual.raw["period"]["from"]
    changes = {"model.traffic.engine": "queue", "period.duration": "5m"}
    if begin.rpartition(" ")[2] < "05:00":
        # At night nobody arrives within minutes.
        changes["period.from"] = begin[:-5] + "07:30"
    what = usual.changed(changes)
    with Engine(what, load_city(what.city), 1) as engine:
        outcome = engine.run()
    found = {indicator.name: value for indicator, value in outcome.indicators}
    assert found["traffic.trips"] > 0
    assert found["traffic.distance"] > 0
    unexplained = [
        line for line in outcome.warnings if not any(words in line for words in EXPECTED)
    ]
    assert not unexplained
