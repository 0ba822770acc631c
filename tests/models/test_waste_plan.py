"""`twin waste plan`: the rounds of a day, as a dispatcher gets them; planning again under way."""

import csv
import json
from collections import deque
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from models.waste.daily import plan_day
from models.waste.events import Closure
from models.waste.plan import plan, tours
from models.waste.task import LEAVE_OUT, Task, Vehicle, open_all_day
from models.waste.truck import Stop
from tests.models.waste_city import town
from tests.models.waste_life import live
from twin.cli import app
from twin.core.time import hours, minutes
from twin.errors import ConfigError
from twin.scenario import Scenario


@pytest.fixture(scope="module")
def tuesday(helsinki):
    return plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14))


def test_every_container_of_the_day_is_in_one_round(helsinki, tuesday):
    table = helsinki["container"]
    due = (table["weekdays"] >> 1) & 1 == 1
    emptied = [e.container for r in tuesday.rounds for e in r.sheet if e.what == "empty"]
    assert sorted(emptied) == sorted(
        table.ids[due & (helsinki.link("container", "edge").indices >= 0)]
    )
    assert tuesday.left == 0


def test_sheets_are_in_order_of_time_load_and_distance(tuesday):
    for found in tuesday.rounds:
        begins = [entry.begin for entry in found.sheet]
        assert begins == sorted(begins)
        assert all(entry.begin <= entry.end for entry in found.sheet)
        assert [entry.step for entry in found.sheet] == list(range(1, len(found.sheet) + 1))
        assert np.all(np.diff([entry.km for entry in found.sheet]) >= 0.0)
        assert found.sheet[0].what == "leave"
        assert found.sheet[-1].what == "back"
        assert found.sheet[-1].load == 0.0


def test_the_line_of_a_round_passes_its_stops(tuesday):
    for found in tuesday.rounds:
        for entry in found.sheet:
            if entry.what == "empty":
                off = (found.line - (entry.longitude, entry.latitude)) * (55_600.0, 111_000.0)
                assert np.hypot(*off.T).min() < 400.0


def test_a_closed_street_is_not_driven(helsinki, tmp_path):
    open_day = plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14))
    shut = plan_day(
        Scenario.load("helsinki/baseline"), date(2025, 1, 14), closed=["Mannerheimintie"]
    )
    streets = {e.street for r in shut.rounds for e in r.sheet}
    assert "Mannerheimintie" in {e.street for r in open_day.rounds for e in r.sheet}
    assert "Mannerheimintie" not in streets
    assert shut.left > 0
    assert {missed.street for missed in shut.missed if missed.why == "closed"} == {
        "Mannerheimintie"
    }
    shut.write(tmp_path / "rounds.CSV")
    with (tmp_path / "rounds.CSV").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["what"] == "left"]
    assert [row["container"] for row in rows] == [missed.container for missed in shut.missed]
    with pytest.raises(ConfigError, match="no such street"):
        plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14), closed=["Nowhere"])


def test_levels_decide_what_is_emptied(helsinki, tmp_path):
    """Two containers whose sensors tell: the full one is visited, the empty one is not."""
    table = helsinki["container"]
    due = np.flatnonzero(((table["weekdays"] >> 1) & 1 == 1) & (table["stream"] == "residual"))
    other = np.flatnonzero(((table["weekdays"] >> 1) & 1 == 0) & (table["stream"] == "residual"))
    slow, fast = str(table.ids[due[0]]), str(table.ids[other[0]])
    lines = ["id,dateObserved,fillingLevel"]
    for hour in range(24 * 13):
        moment = np.datetime64("2025-01-01T00:00:00") + np.timedelta64(hour, "h")
        lines.append(f"{slow},{moment},{0.05 + 0.0005 * hour:.4f}")
        lines.append(f"{fast},{moment},{min(1.0, 0.1 + 0.012 * (hour % 80)):.4f}")
    file = tmp_path / "levels.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14), levels=file)
    emptied = {e.container for r in found.rounds for e in r.sheet}
    assert fast in emptied
    assert slow not in emptied


@pytest.mark.parametrize("kind", ["csv", "geojson", "gpx"])
def test_files_for_dispatchers(tuesday, tmp_path, kind):
    file = tmp_path / f"rounds.{kind}"
    tuesday.write(file)
    stops = sum(len(r.sheet) for r in tuesday.rounds)
    if kind == "csv":
        with file.open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == stops
        assert {"vehicle", "begin", "container", "street", "load_kg", "km"} <= set(rows[0])
    elif kind == "geojson":
        features = json.loads(file.read_text("utf-8"))["features"]
        kinds = [feature["geometry"]["type"] for feature in features]
        assert kinds.count("LineString") == len(tuesday.rounds)
        assert kinds.count("Point") == stops
    else:
        root = ElementTree.parse(file).getroot()
        space = {"g": "http://www.topografix.com/GPX/1/1"}
        assert len(root.findall("g:rte/g:rtept", space)) == stops
        assert len(root.findall("g:trk", space)) == len(tuesday.rounds)


def test_the_command(tmp_path, helsinki):
    out = tmp_path / "rounds.csv"
    given = ["waste", "plan", "helsinki/baseline", "--date", "2025-01-14", "-o", str(out)]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    assert "residual" in result.output
    assert out.is_file()
    nowhere = str(tmp_path / "none" / "rounds.gpx")
    for wrong in (
        ["--date", "someday"],
        ["-o", "rounds.pdf"],
        ["-o", nowhere],
        ["--slower", "inf"],
    ):
        result = CliRunner().invoke(app, ["waste", "plan", "helsinki/baseline", *wrong])
        assert isinstance(result.exception, ConfigError)


def test_a_scenario_that_closes_a_street_closes_it_in_the_plan(helsinki):
    given = {"street": "Mannerheimintie", "from_": "2025-01-13T05:00", "until": "2025-01-15T20:00"}
    scenario = Scenario.load("helsinki/baseline").with_event("waste.closure", **given)
    scenario = scenario.with_policy("waste.by_level", threshold=0.7)
    found = plan_day(scenario, date(2025, 1, 14))
    assert "Mannerheimintie" not in {entry.street for r in found.rounds for entry in r.sheet}
    assert any("closed" in note for note in found.notes)
    assert any("needs --levels" in note for note in found.notes)
    later = plan_day(scenario, date(2025, 1, 21))
    assert "closed" not in {missed.why for missed in later.missed}


def test_the_crew_rests_where_it_is(helsinki):
    scenario = Scenario.load("helsinki/baseline").changed({"model.waste.rest_after": 30.0})
    found = plan_day(scenario, date(2025, 1, 14))
    for r in found.rounds:
        for before, rest in zip(r.sheet, r.sheet[1:], strict=False):
            if rest.what == "rest" and before.what == "empty":
                off = np.array([rest.longitude - before.longitude, rest.latitude - before.latitude])
                assert np.hypot(*(off * (55_600.0, 111_000.0))) < 400.0
            if rest.what == "unload":
                assert rest.km > before.km


# -- the planner -------------------------------------------------------------------------------


def _line(places, prize, vehicles, window=None, mass=10.0, **more):
    """Stops on a line, so many seconds from the depot, which is the disposal too."""
    at = np.array([0.0, 0.0, *places])
    k = len(places)
    given = {
        "seconds": np.abs(at[:, None] - at[None, :]), "mass": np.full(k, mass),
        "volume": np.full(k, 0.01), "service": np.zeros(k), "prize": np.asarray(prize, float),
        "window": open_all_day(k) if window is None else np.asarray(window, float),
        "vehicles": vehicles, "truck_mass": 100.0, "truck_volume": 10.0,
    } | more  # fmt: skip
    return Task(**given)


def test_prizes_decide_what_is_worth_a_detour():
    task = _line([100, 200, 900], [LEAVE_OUT, 50, 300], [Vehicle(1e5, cost=0)])
    ((_, tour),) = plan(task, 50)
    assert set(tour) == {0}, "200 s there and back are more than a prize of 50"
    task = _line([100, 200, 900], [LEAVE_OUT, 250, 300], [Vehicle(1e5, cost=0)])
    ((_, tour),) = plan(task, 50)
    assert set(tour) == {0, 1}


def test_windows_and_loads_are_obeyed():
    window = [[0, 50], [0, 1e6]]
    task = _line([100, 200], [LEAVE_OUT] * 2, [Vehicle(1e5)], window)
    assert [stop for _, tour in plan(task, 50) for stop in tour] == [1]
    full = _line([100], [500], [Vehicle(1e5, mass=100.0, cost=0, place=3)], seconds=np.array(
        [[0, 0, 100, 0], [0, 0, 100, 0], [100, 100, 0, 0], [1000, 1000, 10, 0]], float
    ))  # fmt: skip
    assert plan(full, 50) == [], "a full truck far away unloads first: too long for the prize"


# -- again, under way --------------------------------------------------------------------------


def test_others_take_over_what_a_lost_truck_leaves():
    city = town(people=120.0)
    alone = live(city, trucks=1, event={"from": "06:10"})
    helped = live(city, trucks=3, event={"from": "06:10"})
    assert alone.measure()["waste.unfinished"] > helped.measure()["waste.unfinished"] == 0
    kinds = [kind for _, kind, *_ in helped.world.log.rows]
    assert "waste.replanned" in kinds


def test_a_street_that_opens_again_is_served_after_all():
    city = town()
    first = live(city)
    last = [s for _, k, s, _ in first.world.log.rows if k == "waste.emptied"][-1]
    edge = int(first.fleet.edges[city["container"].row(last)])

    def prepare(model):
        def shut():
            model["traffic.closed"][edge] = 1.0
            yield model.world.env.timeout(hours(1) + minutes(10))
            model["traffic.closed"][edge] = 0.0

        model.world.env.process(shut())

    found = live(city, prepare=prepare)
    assert found.measure()["waste.unfinished"] == 0


def test_containers_in_a_street_with_a_window_wait_for_it():
    city = town()
    city["edge"]["road"][:] = "residential"
    rules = [{"road": "residential", "from": "07:00", "until": "12:00"}]
    model = live(city, windows=rules)
    emptied = [tick for tick, kind, *_ in model.world.log.rows if kind == "waste.emptied"]
    assert min(emptied) >= hours(2)
    assert model.measure()["waste.unfinished"] == 0


def test_a_truck_keeps_the_stop_that_it_is_at():
    city = town()
    model = live(city, length=0.1)
    from models.waste.streams import STREAMS
    from models.waste.truck import Truck

    here, there = Stop(1, deque([0])), Stop(2, deque([1]))
    truck = Truck(model.fleet, 0, "residual", STREAMS["residual"], [here, there], 1)
    truck.current = here
    truck.take_over([])
    assert list(truck.stops) == [here]


# -- lengths, windows, closures ----------------------------------------------------------------


def test_the_kilometres_are_those_of_the_track(tuesday):
    """Outside the map there is no track: the way beyond is taken off."""
    from pyproj import Geod

    for found in tuesday.rounds:
        unloads = sum(entry.what == "unload" for entry in found.sheet)
        track = Geod(ellps="WGS84").line_length(*found.line.T) / 1000.0
        inside = found.sheet[-1].km - 3.0 * (2 + 2 * unloads)
        assert inside == pytest.approx(track, rel=0.02)


def test_a_round_with_unloadings_is_as_long_as_its_legs():
    task = _line([100, 110, 120, 130], [LEAVE_OUT] * 4, [Vehicle(1e5)], mass=50.0)
    (tour,) = tours(task, 50)
    assert tour.places.count(1) == 2, "two trips of 100 kg"
    assert tour.length(task.seconds) == 2 * (110 + 130)
    apart = replace(task, reloads=(), vehicles=[Vehicle(1e5, 2)])
    assert sum(tour.length(task.seconds) for tour in tours(apart, 50)) == 2 * (110 + 130)


def test_no_container_is_emptied_after_its_window():
    city = town()
    window = {"road": "residential", "from": "06:00", "until": "06:12"}
    model = live(city, windows=[window], trucks=1)
    emptied = [tick for tick, kind, *_ in model.world.log.rows if kind == "waste.emptied"]
    assert emptied
    assert max(emptied) <= hours(1) + minutes(12)
    assert model.measure()["waste.unfinished"] > 0


def test_a_window_over_midnight_is_open_on_both_sides():
    window = {"road": "residential", "from": "22:00", "until": "06:30"}
    model = live(town(), windows=[window], trucks=1)
    emptied = [tick for tick, kind, *_ in model.world.log.rows if kind == "waste.emptied"]
    assert emptied
    assert max(emptied) <= hours(1) + minutes(30)
    night = live(town(), windows=[window], trucks=1, shift_start="20:00", length=24.0)
    emptied = [tick for tick, kind, *_ in night.world.log.rows if kind == "waste.emptied"]
    assert emptied
    assert min(emptied) >= hours(17)


@pytest.mark.parametrize(
    ("road", "until", "count"), [("lane", "12:00", 1), ("residential", "12:00", 2)]
)
def test_a_window_that_says_nothing_is_refused(road, until, count):
    window = {"road": road, "from": "07:00", "until": until}
    with pytest.raises(ConfigError, match=road):
        live(town(), length=0.1, windows=[window] * count)
    with pytest.raises(ValueError, match="ends when it begins"):
        live(town(), length=0.1, windows=[window | {"until": "07:00"}])


def test_a_street_stays_closed_until_the_last_closure_ends():
    model = live(town(), length=0.01)
    street = str(model.city["edge"].ids[3])
    for begin, until in (("05:10", "05:30"), ("05:20", "06:00")):
        given = {"street": street, "from": begin, "until": until}
        closure = Closure(model.world, Closure.Parameters(**given))
        closure.setup()
        model.world.env.process(closure.process())
    shut = []
    for minute in (15, 25, 40, 61):
        model.world.env.run(until=minutes(minute))
        shut.append(bool(model.fleet.network.closed[3]))
    assert shut == [True, True, True, False]
    wrong = {"street": street, "from": "2025-01-14T08:00", "until": "2025-01-14T07:00"}
    with pytest.raises(ConfigError, match="ends at"):
        Closure(model.world, Closure.Parameters(**wrong)).setup()
