"""Every scenario of the shipped cities that moves traffic, on queues."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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
    "is after the end of the run",
    "is not followed: on queues",
    "found no room to depart",
)
"""What a short run may say."""
QUICK = ("bologna/closed-street", "bologna/max-pressure")
"""Those of every run of the tests; the others are slow together."""


def _marked(name: str) -> Any:
    return name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


def _begin(raw: dict[str, Any]) -> str:
    """A start at which people drive, just before the first event where it has one."""
    day, _, clock = raw["period"]["from"].rpartition(" ")
    texts = [str(event.get("from", event.get("at", ""))) for event in raw.get("event", [])]
    times = [found[0] for text in texts if (found := re.search(r"\d\d:\d\d$", text))]
    if times:
        hours, minutes = map(int, min(times).split(":"))
        minute = max(0, 60 * hours + minutes - 2)
        clock = f"{minute // 60:02d}:{minute % 60:02d}"
    if clock < "05:00":
        clock = "07:30"
    return f"{day} {clock}".strip()


@pytest.mark.parametrize("name", [_marked(name) for name in FILES])
def test_a_scenario_drives_on_queues(name: str) -> None:
    if name.startswith("bologna"):
        shared("traffic/bologna")
    usual = Scenario.load(name)
    if "traffic" in usual.data.without or "traffic" not in usual.raw["model"]:
        pytest.skip("no traffic in it")
    what = usual.changed(
        {
            "model.traffic.engine": "queue",
            "period.from": _begin(usual.raw),
            "period.duration": "5m",
        }
    )
    with Engine(what, load_city(what.data.city, what.file), 1) as engine:
        outcome = engine.run()
    found = {indicator.name: value for indicator, value in outcome.indicators}
    assert found["traffic.trips"] > 0
    assert found["traffic.distance"] > 0
    assert not [line for line in outcome.warnings if not any(say in line for say in EXPECTED)]
