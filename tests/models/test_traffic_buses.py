"""Buses: those of a SUMO scenario beside any demand, and those of a timetable, in both engines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from models.traffic.demand.file import Demand, write_demand
from models.traffic.engine import Calls
from models.traffic.transit import own, timetable
from models.traffic.transit.cli import buses as command
from models.traffic.transit.punctuality import Punctuality
from models.traffic.transit.timetable import Timetable, Wanted
from tests.models import bus_feed
from tests.models._streets import bologna, indicators, live, scenario
from twin.city.city import City
from twin.core.engine import Engine
from twin.core.time import Calendar, minutes
from twin.errors import ConfigError, DataError
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


def small(city: City, file: Path, runs: list[bus_feed.Run], **stops: tuple[float, float]) -> Path:
    """A feed of Bologna's first line, and of further stops at some coordinates."""
    edges = city["edge"]
    known = {}
    for name, edge, share in (("a", "a133", 0.7), ("b", "a115", 0.9), ("c", "a90", 0.5)):
        line = edges.shapes[edges.row(edge)]
        spot = line.interpolate(share, normalized=True)
        known[name] = bus_feed.Stop(f"Stop {name}", spot.x, spot.y)
    known |= {name: bus_feed.Stop(f"Stop {name}", x, y) for name, (x, y) in stops.items()}
    return bus_feed.write(file, city, known, runs)


def far_from_streets(city: City) -> tuple[float, float]:
    """A point among the streets that none is near to."""
    import shapely

    streets = shapely.unary_union(city["edge"].shapes)
    low, high = city["junction"].points.min(axis=0), city["junction"].points.max(axis=0)
    x, y = np.meshgrid(*(np.linspace(a, b, 60)[10:-10] for a, b in zip(low, high, strict=True)))
    hull = shapely.convex_hull(shapely.multipoints(city["junction"].points))
    apart = shapely.distance(streets, shapely.points(x, y)) * shapely.contains_xy(hull, x, y)
    best = np.unravel_index(apart.argmax(), apart.shape)
    assert apart[best] > 60.0
    return float(x[best]), float(y[best])


def test_a_line_is_cut_to_the_city_and_what_is_left_out_is_told(city: City, tmp_path: Path) -> None:
    start = bus_feed.START
    served = ["out", "a", "b", "lost", "c", "out"]
    times = [start + 60.0 * k for k in range(6)]
    runs = [
        bus_feed.Run("bus", served, times),
        bus_feed.Run("tram", ["a", "b"], times[:2], mode=900),
        bus_feed.Run("away", ["out", "c"], times[:2]),
        bus_feed.Run("later", ["a", "b"], [time + 36_000.0 for time in times[:2]]),
    ]
    places = {"out": (30_000.0, 0.0), "lost": far_from_streets(city)}
    found = read(city, small(city, tmp_path / "f.zip", runs, **places))
    (bus,) = found.buses
    assert [call.stop for call in bus.calls] == ["a", "b", "c"]
    assert [call.due for call in bus.calls] == [60.0, 120.0, 240.0]
    assert bus.depart == 40.0
    assert [str(city["edge"].ids[e]) for e in (bus.way[0], bus.way[-1])] == ["a133", "a90"]
    notes = " ".join(found.notes)
    assert "1 buses of 2 bus trips" in notes
    assert "1 have fewer than two stops in the city, 1 are cut" in notes
    assert "left out: 1 tram" in notes
    assert "Stop lost" in notes


def test_who_is_under_way_at_the_start_begins_at_its_next_stop(city: City, tmp_path: Path) -> None:
    run = bus_feed.Run("bus", ["a", "b", "c"], [bus_feed.START + t for t in (-300, 5, 300)])
    (bus,) = read(city, small(city, tmp_path / "f.zip", [run])).buses
    assert [call.stop for call in bus.calls] == ["b", "c"]
    assert bus.depart == 0.0
    assert str(city["edge"].ids[bus.way[0]]) == "a115"


def test_times_past_midnight_are_those_of_the_day_before(city: City, tmp_path: Path) -> None:
    run = bus_feed.Run("bus", ["a", "b"], [24.5 * 3600.0, 24.6 * 3600.0])
    file = small(city, tmp_path / "f.zip", [run])
    night = Calendar.at(datetime(2025, 1, 15, 0, 15), "Europe/Rome")
    (bus,) = read(city, file, 60, night).buses
    assert bus.calls[0].due == 900.0
    before = Calendar.at(datetime(2025, 1, 14, 23, 45), "Europe/Rome")
    assert [call.due for call in read(city, file, 60, before).buses[0].calls] == [2700.0, 3060.0]


def test_a_feed_that_says_nothing_of_day_or_city_is_refused(city: City, tmp_path: Path) -> None:
    run = bus_feed.Run("bus", ["a", "out"], [bus_feed.START, bus_feed.START + 60.0])
    file = small(city, tmp_path / "f.zip", [run], out=(30_000.0, 0.0))
    sunday = Calendar.at(datetime(2025, 1, 19, 7), "Europe/Rome")
    with pytest.raises(DataError, match="20250101 to 20251231"):
        read(city, file, 60, sunday)
    far = bus_feed.Run("far", ["out", "off"], [bus_feed.START, bus_feed.START + 60.0])
    places = {"out": (30_000.0, 0.0), "off": (31_000.0, 0.0)}
    with pytest.raises(DataError, match="no bus stop of the timetable lies in small"):
        read(city, small(city, tmp_path / "g.zip", [far], **places))
    with pytest.raises(DataError, match="no such GTFS feed"):
        live(city, tuesday(1, gtfs_file=str(tmp_path / "none.zip")))


def test_the_command_shows_what_would_drive(
    city: City,
    feed: tuple[Path, bus_feed.Known],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(City, "load", lambda _: city)
    command(feed[0], Path("small"), "2025-01-14", "7-8", 60.0)
    said = capsys.readouterr().out
    assert "buses of" in said
    assert "Stop b25" in said
    with pytest.raises(ConfigError, match="--hours"):
        command(feed[0], Path("small"), "2025-01-14", "8-7", 60.0)


# -- what becomes of them ------------------------------------------------------------------------


def test_delays_are_those_of_the_calls_that_were_made_or_missed() -> None:
    nan = float("nan")
    kept = Punctuality(
        {
            "on": np.array([0.0, 100.0, 200.0]),
            "skips": np.array([0.0, 100.0, 200.0]),
            "stuck": np.array([0.0, 100.0, 900.0]),
            "soon": np.array([1000.0, 1100.0, 1200.0]),
        }
    )
    told = [
        ("on", 0, -20.0, 10.0), ("on", 1, 50.0, 40.0 + 100.0), ("on", 2, 260.0, nan),
        ("skips", 0, 0.0, 30.0), ("skips", 2, 150.0, 200.0), ("skips", -1, nan, nan),
        ("stuck", 0, 0.0, 400.0), ("nobody", 0, 0.0, 0.0),
    ]  # fmt: skip
    names, numbers, came, left = (np.array(column) for column in zip(*told, strict=True))
    kept.take(Calls(names, numbers, came, left))
    found = kept.kept(1000.0)
    # Stuck since 100 s, which is 900 s late; due at 900 s is not yet more than 5 min ago.
    known = [10.0, 40.0, 60.0, 30.0, 0.0, 400.0, 900.0]
    assert found.mean() == pytest.approx(np.mean(known))
    assert found.missed() == 1.0
    assert found.on_time() == pytest.approx(100.0 * 3 / 6)


@ENGINES
def test_no_bus_leaves_before_its_time(
    city: City, feed: tuple[Path, bus_feed.Known], engine: str
) -> None:
    what = tuesday(12, demand="citizens", through=0.0, gtfs_file=str(feed[0]), engine=engine)
    with Engine(what, city, 42) as life:
        life.run()
        kept = life.parts.models[0]._punctuality  # type: ignore[attr-defined]
    found = kept.kept(720.0)
    assert len(found.delay) > 60
    assert found.delay[~found.last].min() >= -0.5


@ENGINES
def test_buses_go_around_a_closed_street_and_serve_what_is_left(
    city: City, feed: tuple[Path, bus_feed.Known], engine: str
) -> None:
    what = tuesday(15, demand="citizens", through=0.0, gtfs_file=str(feed[0]), engine=engine)
    closed = what.with_event("traffic.closure", **{"edges": ["a115"], "from": "07:03"})
    usual, found = (indicators(live(city, w)) for w in (what, closed))
    assert usual["traffic.bus_stops_missed"] == 0.0
    assert found["traffic.detours"] > 0
    assert found["traffic.bus_stops_missed"] > 0
    assert found["traffic.bus_on_time"] < usual["traffic.bus_on_time"]
    assert found["traffic.teleports"] == 0
    assert found["traffic.ended_at_barrier"] == 0
