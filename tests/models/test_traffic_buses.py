"""Buses: those of a SUMO scenario beside any demand, and those of a timetable, in both engines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from models.traffic.demand.file import Demand, write_demand
from models.traffic.transit import own, timetable
from models.traffic.transit.timetable import Timetable, Wanted
from tests.models import bus_feed
from tests.models._streets import bologna, indicators, live, scenario
from twin.city.city import City
from twin.core.time import Calendar, minutes
from twin.errors import ConfigError
from twin.scenario import Scenario

MORNING = Calendar.at(datetime(2025, 1, 14, 7), "Europe/Rome")
ENGINES = pytest.mark.parametrize("engine", ["libsumo", "queue"])


@pytest.fixture(scope="module")
def city() -> City:
    return bologna()


@pytest.fixture(scope="module")
def feed(city: City, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bus_feed.Known]:
    file = tmp_path_factory.mktemp("feed") / "bologna.zip"
    return file, bus_feed.bologna(file, city)


def tuesday(length: int, **traffic: Any) -> Scenario:
    """A morning on which the feeds run."""
    raw = scenario(length, **traffic).raw
    raw["period"] |= {"date": "2025-01-14"}
    return Scenario.from_dict(raw)


def read(city: City, file: Path, length: int = 80, calendar: Calendar = MORNING) -> Timetable:
    return timetable.read(city, calendar, Wanted(file, None, minutes(length), 60.0, 20.0))


# -- a scenario's own ----------------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize("demand", ["calibrated", "citizens"])
def test_a_scenarios_buses_drive_beside_another_demand(
    city: City, tmp_path: Path, engine: str, demand: str
) -> None:
    given: dict[str, Any] = {"demand": demand, "engine": engine, "through": 0.0}
    if demand == "calibrated":
        file = tmp_path / "one.demand.parquet"
        write_demand(Demand.of(np.array([7.0 * 3600.0]), [(0,)]), city, file)
        given["demand_file"] = str(file)
    found = indicators(live(city, scenario(8, **given)))
    assert 5.0 < found["traffic.bus_speed"] < 40.0
    assert found["traffic.trips"] > 1
    empty = indicators(live(city, scenario(8, **given, buses="none")))
    assert np.isnan(empty["traffic.bus_speed"])
    assert empty["traffic.trips"] <= 1


def test_buses_and_the_others_are_all_vehicles_of_the_scenario(city: City, tmp_path: Path) -> None:
    def vehicles(files: Any) -> dict[str, str]:
        roots = [ElementTree.parse(file).getroot() for file in files]
        ways = [(e.get("id", ""), e.find("route")) for root in roots for e in root.iter("vehicle")]
        return {name: "" if way is None else way.get("edges", "") for name, way in ways}

    kept = vehicles(own.service(city, tmp_path).files["routes"])
    others = vehicles(own.without(city, tmp_path).demand["routes"])
    assert len(kept) == 176
    assert not kept.keys() & others.keys()
    assert kept | others == vehicles(city.demand["routes"])


def test_a_city_without_buses_says_so(city: City, tmp_path: Path) -> None:
    from tests.models._streets import grid

    streets = grid(tmp_path)
    assert np.isnan(indicators(live(streets, scenario(1)))["traffic.bus_delay"])
    with pytest.raises(ConfigError, match="came without buses"):
        live(streets, scenario(1, buses="own"))
    with pytest.raises(ConfigError, match="no timetable is given"):
        live(streets, scenario(1, buses="timetable"))


# -- from a feed to buses ------------------------------------------------------------------------


def test_stops_and_ways_of_a_feed_are_those_of_the_scenario(
    city: City, feed: tuple[Path, bus_feed.Known]
) -> None:
    file, known = feed
    ids, found = city["edge"].ids, read(city, file)
    assert len(found.buses) == len(known.ways) == 176
    for bus in found.buses:
        name = bus.name.removeprefix("bus.")
        assert [str(ids[call.place.edge]) for call in bus.calls] == known.edges[name]
        assert [str(ids[edge]) for edge in bus.way] == known.ways[name]


@ENGINES
def test_buses_of_a_feed_drive_and_are_measured(
    city: City, feed: tuple[Path, bus_feed.Known], engine: str
) -> None:
    given: dict[str, Any] = {"gtfs_file": str(feed[0]), "engine": engine, "through": 0.0}
    alone = indicators(live(city, tuesday(12, demand="citizens", **given)))
    assert 8.0 < alone["traffic.bus_speed"] < 30.0
    assert -5.0 < alone["traffic.bus_delay"] < 90.0
    assert alone["traffic.bus_on_time"] == 100.0
    assert alone["traffic.bus_stops_missed"] == 0.0
