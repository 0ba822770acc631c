"""Closed streets in SUMO: no trip gets lost, and one that ends at a barrier is no finished one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.model import Traffic
from models.traffic.sumo.cut import Cut
from models.traffic.sumo.engine import SumoEngine
from tests.models._streets import bologna, grid, indicators, live, scenario
from twin.city.features import Features

CUT = [
    "a189[1][1]", "a206", "a220b", "a35", "a36", "a71", "a72[0]", "a74", "b36", "b37", "b38[0]a",
    "b39[1][1][1]", "b56[1][0]", "b65", "b98",
]  # fmt: skip
"""Edges of Bologna that part the city in two."""
ENTRY = "a203[0]"
"""An edge of Bologna on which vehicles set off."""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """SUMO's own numbers of vehicles whenever a run gives an account."""
    seen: list[dict[str, float]] = []
    account, measure = SumoEngine.account, Traffic.measure

    def count(engine: SumoEngine) -> Any:
        number = engine.simulation.number
        found = {k: number(f"stats.vehicles.{k}") for k in ("loaded", "inserted", "running")}
        found["pending"] = number("stats.vehicles.waiting")
        found["ended"] = number("device.tripinfo.count")
        found["held"] = float(len(engine._closures.held))
        found["cut"] = float(engine._closures.cut.finished)
        seen.append(found)
        return account(engine)

    def total(model: Traffic) -> Any:
        found = measure(model)
        if model._departures is not None:
            seen[-1]["queued"] = float(model._departures.held(model.world.now))
        return found

    monkeypatch.setattr(SumoEngine, "account", count)
    monkeypatch.setattr(Traffic, "measure", total)
    return seen


def conserved(end: dict[str, float]) -> bool:
    """Whether every vehicle that set off has ended or is under way."""
    return end["inserted"] == end["ended"] + end["running"]


def test_no_vehicle_of_a_city_s_own_demand_gets_lost(ends: list[dict[str, float]]) -> None:
    live(bologna(), scenario(7))
    base = ends[-1]
    for edges, until in (([ENTRY], "07:04"), ([ENTRY], "07:30"), (CUT, "07:30")):
        what = scenario(7).with_event("traffic.closure", edges=edges, from_="07:02", until=until)
        found, end = indicators(live(bologna(), what)), ends[-1]
        assert conserved(end)
        assert end["inserted"] + end["pending"] == base["inserted"] + base["pending"]
        assert found["traffic.trips"] == end["ended"] - end["cut"]
        assert found["traffic.waiting_to_depart"] == end["pending"] + end["held"]
        assert (end["held"] > 50) == (edges == [ENTRY] and until == "07:30")


def test_no_vehicle_of_ours_gets_lost(
    ends: list[dict[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    live(city, scenario(8))
    base = ends[-1]
    gate = city["gateway"]
    edges = [str(city["edge"].ids[row]) for row in gate["edge"][gate["inward"]][:3]]
    edges += [str(city["edge"].ids[row]) for row in gate["edge"][~gate["inward"]][:3]]
    live(city, scenario(8).with_event("traffic.closure", edges=edges, from_="07:02"))
    end = ends[-1]
    assert conserved(base)
    assert conserved(end)
    assert end["queued"] > 0
    before = base["inserted"] + base["pending"] + base["queued"]
    assert end["inserted"] + end["pending"] + end["queued"] == before


def test_a_trip_that_ends_at_a_barrier_is_in_no_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    follow = Cut.follow

    def remember(cut: Cut, vehicle: str) -> None:
        names.append(vehicle)
        follow(cut, vehicle)

    monkeypatch.setattr(Cut, "follow", remember)
    file = tmp_path / "trips.xml"
    what = scenario(8, options={"tripinfo-output": str(file)})
    what = what.with_event("traffic.closure", edges=CUT, from_="07:02", until="07:06")
    found = indicators(live(bologna(), what))
    trips = [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in file.read_text().splitlines()]
    trips = [trip for trip in trips if "timeLoss" in trip]
    whole = [trip for trip in trips if trip["id"] not in names]
    assert found["traffic.ended_at_barrier"] == len(names) == len(set(names))
    assert len(trips) - len(whole) > 20
    assert found["traffic.trips"] == len(whole)
    for indicator, column, near in (
        ("travel_time", "duration", 0.05), ("time_loss", "timeLoss", 0.1),
        ("waiting_time", "waitingTime", 0.1),
    ):  # fmt: skip
        mean = np.mean([float(trip[column]) for trip in whole])
        assert found[f"traffic.{indicator}"] == pytest.approx(mean, abs=near)


def test_libsumo_and_traci_hold_the_same() -> None:
    what = [
        scenario(4, engine=engine).with_event(
            "traffic.closure", edges=[ENTRY], from_="07:01", until="07:03"
        )
        for engine in ("libsumo", "traci")
    ]
    here, there = live(bologna(), what[0]), live(bologna(), what[1])
    assert repr(here.indicators) == repr(there.indicators)
