"""Calibration: counts in the forms people have, a demand that fits them, streets not counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.traffic.build import TrafficBuilder
from models.traffic.calibration.calibrate import Calibration, Settings, calibrate
from models.traffic.calibration.clock import by_scenario, read_offset
from models.traffic.calibration.counts import Counts, read_counts
from models.traffic.calibration.folds import folds
from models.traffic.calibration.folds import streets as streets_of_counters
from models.traffic.calibration.page import write_page
from models.traffic.calibration.score import Score, geh
from models.traffic.calibration.write import write_scenario
from models.traffic.demand.file import read_demand
from tests.models._streets import grid, indicators, live
from twin.city.city import City
from twin.city.features import Features
from twin.errors import ConfigError, DataError
from twin.scenario import Scenario

HOUR = 3600.0


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def small(**traffic: object) -> Scenario:
    return Scenario.from_dict(
        {
            "name": "small",
            "city": "small",
            "period": {"from": "07:45", "duration": "75m"},
            "model": {"traffic": traffic},
        }
    )


def passages(streets: City) -> Counts:
    """What passes every edge under a demand of another level, other gateways, less through."""
    from models.traffic.calibration.problem import Problem
    from models.traffic.demand.prior import Belief

    problem = Problem.of(streets, 12)
    rng = np.random.default_rng(3)
    zones = problem.zones
    factor = np.exp(-0.6 + 0.3 * rng.standard_normal(len(zones)))
    paths = problem.paths(0.25)
    trips = problem.prior(0.25, Belief(through=0.6), 0.075) * factor[:, None] * factor[None, :]
    flow = paths.flows(trips)
    rows = np.flatnonzero(flow > 10.0)
    every = np.full(len(rows), 8.0 * HOUR)
    return Counts(
        streets["edge"].ids[rows],
        rows,
        np.full(len(rows), -1),
        np.arange(len(rows)),
        every,
        every + HOUR,
        np.round(flow[rows]),
        np.full(len(rows), np.nan),
    )


@pytest.fixture(scope="module")
def found(streets: City) -> tuple[Calibration, Counts, Counts]:
    """A calibration to every third street, and the counts of the others."""
    truth = passages(streets)
    seen = np.arange(len(truth)) % 3 == 0
    used, hidden = truth.select(seen), truth.select(~seen)
    settings = Settings(folds=3, rounds=2, draws=8, meso=True)
    return calibrate(small(), used, city=streets, settings=settings), used, hidden


def test_a_calibrated_demand_fits_its_counters(found: tuple[Calibration, Counts, Counts]) -> None:
    calibration, used, _ = found
    assert calibration.fitted.share > 0.9
    assert calibration.fitted.counters == len(used)
    assert calibration.fitted.rmse < Score.of(calibration.prior, used.hourly()).rmse / 2


def test_streets_that_were_not_counted_come_nearer_to_the_truth(
    streets: City, found: tuple[Calibration, Counts, Counts]
) -> None:
    from models.traffic.calibration.calibrate import per_counter
    from models.traffic.calibration.problem import Problem
    from models.traffic.calibration.simulate import simulate
    from models.traffic.demand.prior import Belief

    calibration, _, hidden = found
    driven = simulate(streets, calibration.demand, meso=True, until=9 * HOUR + 1)
    ours = Score.of(per_counter(hidden, driven.counts(hidden)[0]), hidden.hourly())
    problem = Problem.of(streets, 8)
    prior = problem.paths(0.2).flows(problem.prior(0.2, Belief(), 0.072))[hidden.edge]
    assert ours.share > 0.6
    assert ours.mean_geh < Score.of(prior, hidden.hourly()).mean_geh


def test_held_out_counters_are_scored_without_having_been_used(
    found: tuple[Calibration, Counts, Counts],
) -> None:
    calibration, used, _ = found
    assert calibration.left_out.counters == len(used)
    assert calibration.left_out.mean_geh > calibration.fitted.mean_geh


def test_a_calibrated_scenario_runs_and_carries_what_was_counted(
    streets: City, found: tuple[Calibration, Counts, Counts], tmp_path: Path
) -> None:
    calibration, used, _ = found
    base = tmp_path / "base.toml"
    base.write_text(
        'name = "base"\ncity = "small"\nperiod = {from = "07:45", duration = "75m"}\n'
        '[model.traffic]\n[record]\nevery = "5m"\n'
    )
    original = Scenario.load(base)
    file, demand = write_scenario(calibration, original, str(base), tmp_path / "counted")
    loaded = Scenario.load(file)
    assert loaded.data.model["traffic"]["demand_file"] == str(demand.resolve())
    assert len(read_demand(demand, streets)) == len(calibration.demand)
    outcome = live(streets, loaded)
    flow = outcome.series["traffic.flow"]
    counted_hour = flow[-12:, used.edge].mean(axis=0)
    assert Score.of(counted_hour, used.hourly()).share > 0.9
    assert indicators(outcome)["traffic.trips"] > 0.8 * len(calibration.demand)


def test_a_calibrated_demand_goes_around_a_closed_street(
    streets: City, found: tuple[Calibration, Counts, Counts], tmp_path: Path
) -> None:
    calibration, used, _ = found
    base = tmp_path / "base.toml"
    base.write_text(
        'name = "base"\ncity = "small"\nperiod = {from = "07:45", duration = "25m"}\n'
        '[model.traffic]\n[record]\nevery = "5m"\n'
    )
    file, _ = write_scenario(calibration, Scenario.load(base), str(base), tmp_path / "counted")
    inner = used.edge[~np.isin(used.edge, streets["gateway"]["edge"])]
    edge = str(streets["edge"].ids[inner[np.argmax(used.hourly()[np.isin(used.edge, inner)])]])
    closed = Scenario.load(file, **{"period.duration": "25m", "period.from": "07:45"})
    what = closed.with_event("traffic.closure", edges=[edge], from_="07:50")
    outcome = live(streets, what)
    assert outcome.series["traffic.flow"][3:, streets["edge"].row(edge)].max() == 0.0
    trips = indicators(outcome)["traffic.trips"]
    assert trips > 100
    assert indicators(outcome)["traffic.teleports"] < 0.02 * trips


def test_hours_that_differ_and_turns_are_fitted_each(streets: City) -> None:
    """A road counted for two hours, three times as busy in the second, and a turn off it."""
    from models.traffic.calibration.problem import Problem
    from models.traffic.demand.fit import Meetings

    problem = Problem.of(streets, 6)
    first, second = problem.graph.first, problem.graph.second
    paths = problem.paths(0.2)
    passed = np.diff(Meetings.of(paths, second, first).matrix.indptr)
    turn = int(np.argmax(passed))
    rows = np.array([second[turn], second[turn]])
    counts = Counts(
        np.array(["road", "turn"]),
        rows,
        np.array([-1, first[turn]]),
        np.array([0, 0, 1, 1]),
        np.array([7.0, 8.0, 7.0, 8.0]) * HOUR,
        np.array([8.0, 9.0, 8.0, 9.0]) * HOUR,
        np.array([60.0, 180.0, 30.0, 90.0]),
        np.full(4, np.nan),
    )
    settings = Settings(folds=0, rounds=2, draws=6, meso=True)
    found = calibrate(small(), counts, city=streets, settings=settings)
    np.testing.assert_allclose(found.simulated, counts.count, rtol=0.25)
    assert (found.begin, found.end) == (6.75 * HOUR, 9.0 * HOUR)  # the period gives way


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_stands_alone(
    found: tuple[Calibration, Counts, Counts], tmp_path: Path, language: str
) -> None:
    calibration, used, _ = found
    text = write_page(calibration, tmp_path / "page.html", language).read_text("utf-8")
    assert text.count("<circle") == 3 * len(used)
    assert "calibration." not in text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert f"lang='{language}'" in text


# -- counts ----------------------------------------------------------------------------------


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_csv_with_other_names_signs_and_clock_times(streets: City, tmp_path: Path) -> None:
    a, b = map(str, streets["edge"].ids[:2])
    file = write(
        tmp_path,
        "counts.csv",
        f"Strecke;von;bis;Kfz/h;v\n{a};07:00;07:30;200;36\n{b};25200;27000;;18\n",
    )
    columns = {"edge": "Strecke", "begin": "von", "end": "bis", "flow": "Kfz/h", "speed_kmh": "v"}
    counts = read_counts(file, streets, columns)
    assert counts.begin.tolist() == [25200.0, 25200.0]
    assert np.nan_to_num(counts.count, nan=-1.0).tolist() == [100.0, -1.0]
    np.testing.assert_allclose(counts.speed, [10.0, 5.0])
    np.testing.assert_allclose(counts.hourly()[0], 200.0)


def test_edge_data_and_turns_of_sumo(streets: City, tmp_path: Path) -> None:
    a, b = map(str, streets["edge"].ids[:2])
    file = write(
        tmp_path,
        "counts.xml",
        f'<meandata><interval begin="0" end="900"><edge id="{a}" entered="40" departed="2" '
        f'speed="9.5"/></interval><interval begin="900" end="1800"><edge id="{a}" entered="30"/>'
        f'<edgeRelation from="{a}" to="{b}" count="7"/></interval></meandata>',
    )
    counts = read_counts(file, streets)
    assert counts.ids.tolist() == [a, f"{a}>{b}"]
    assert counts.total().tolist() == [72.0, 7.0]
    assert counts.hourly().tolist() == [144.0, 28.0]


def test_parquet_holds_the_same_as_csv(streets: City, tmp_path: Path) -> None:
    import duckdb

    a = str(streets["edge"].ids[0])
    csv = write(tmp_path, "counts.csv", f"edge,begin,end,count\n{a},0,3600,12\n")
    parquet = tmp_path / "counts.parquet"
    duckdb.sql(f"COPY (SELECT * FROM '{csv}') TO '{parquet}' (FORMAT parquet)")
    one, two = read_counts(csv, streets), read_counts(parquet, streets)
    assert one.total().tolist() == two.total().tolist() == [12.0]


def test_a_recording_of_the_twins_own_is_a_file_of_counts(streets: City, tmp_path: Path) -> None:
    a = str(streets["edge"].ids[0])
    lines = ["time,entity,port,value,quality"]
    lines += [
        f"2025-01-21T07:{minute:02d}:00+01:00,{a},traffic.flow,{flow},good"
        for minute, flow in ((0, 0), (5, 120), (10, 240))
    ]
    lines.append(f"2025-01-21T07:05:00+01:00,{a},traffic.speed,9,good")
    counts = read_counts(write(tmp_path, "recording.csv", "\n".join(lines) + "\n"), streets)
    assert counts.begin.tolist() == [25200.0, 25500.0]
    assert counts.total().tolist() == [30.0]


def test_wrong_counts_say_what_is_wrong(streets: City, tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "street,begin,end,count\nx,0,10,1\n")
    with pytest.raises(ConfigError, match="is the edge"):
        read_counts(file, streets)
    file = write(tmp_path, "b.csv", "edge,begin,end,count\nnowhere,0,10,1\n")
    with pytest.raises(DataError, match="none of the 1 counts"):
        read_counts(file, streets)
    a = str(streets["edge"].ids[0])
    file = write(tmp_path, "c.csv", f"edge,begin,end,count\n{a},noon,10,1\n")
    with pytest.raises(DataError, match="'noon' is not a time"):
        read_counts(file, streets)
    with pytest.raises(ConfigError, match="no quantity 'colour'"):
        read_counts(file, streets, {"colour": "count"})


def rows_of(
    streets: City, folder: Path, *rows: str, header: str = "edge,begin,end,count"
) -> Counts:
    lines = [row.format(a=streets["edge"].ids[0], b=streets["edge"].ids[1]) for row in rows]
    return read_counts(write(folder, "rows.csv", "\n".join([header, *lines]) + "\n"), streets)


def test_rows_by_class_are_added_and_days_are_averaged(streets: City, tmp_path: Path) -> None:
    counts = rows_of(streets, tmp_path, "{a},7:00,8:00,100", "{a},7:00,8:00,20", "{b},7:00,8:00,9")
    assert counts.total().tolist() == [120.0, 9.0]
    assert counts.hourly().tolist() == [120.0, 9.0]
    assert counts.notes[0].startswith("1 rows were added")
    day = "{{a}},2025-01-{0}T07:00,2025-01-{0}T08:00,{1}"
    counts = rows_of(streets, tmp_path, day.format(14, 100), day.format(15, 20))
    assert counts.hourly().tolist() == [60.0]
    assert counts.notes == ()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("{a},7:00,8:00,9", "{b},7:30,8:30,9", "{a},7:30,8:30,9"), "row 1.* and row 3"),
        (("{a},8:00,7:00,9",), "ends at or before its begin"),
        (("{a},7:00,8:00,99999999",), "99,999,999 vehicles in 3600 s are more than 1 lane"),
        (("{a},nan,8:00,9",), "begin = 'nan' is not a time"),
        (("{a},7:00,8:00,inf",), "count = 'inf'"),
        (("{a},7:00,8:00,-3",), "negative"),
        (("{a},1736838000,1736841600,3",), "is not a time"),
        (("{a},7:00,8:00,",), "none of the 1 rows .* holds a count"),
        (("{a},7:00,8:00,9", "{b},7:00,8:00,9,5"), "more cells .*\n.*row 2"),
        (('{a},7:00,8:00,"1,234"',), "write 1234 or 1.234"),
    ],
)
def test_rows_that_cannot_be_are_refused_with_their_place(
    streets: City, tmp_path: Path, rows: tuple[str, ...], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        rows_of(streets, tmp_path, *rows)


def test_empty_counts_are_noted_and_midnight_ends_a_day(streets: City, tmp_path: Path) -> None:
    counts = rows_of(streets, tmp_path, "{a},23:00,00:00,9", "{b},22:00,23:00,nan")
    assert counts.end.tolist() == [86400.0]
    assert (counts.notes, counts.left_out) == (("rows without a count (empty or nan): 1",), 0)


def test_other_time_zones_and_decimal_commas_are_understood(streets: City, tmp_path: Path) -> None:
    row = "{a};2025-01-14T06:00Z;2025-01-14T07:00Z;12,5"
    counts = rows_of(streets, tmp_path, row, header="edge;begin;end;count")
    assert streets.place.timezone == "Europe/Rome"
    assert (counts.begin[0], counts.end[0], counts.count[0]) == (7 * HOUR, 8 * HOUR, 12.5)


def test_from_and_to_are_times_where_they_hold_times(streets: City, tmp_path: Path) -> None:
    counts = rows_of(streets, tmp_path, "{a};07:00;08:00;9", header="edge;from;to;count")
    assert (counts.begin[0], counts.end[0], counts.source[0]) == (7 * HOUR, 8 * HOUR, -1)
    turn = rows_of(streets, tmp_path, "{a};{b};0;900;9", header="from;to;begin;end;count")
    assert turn.ids.tolist() == [f"{streets['edge'].ids[0]}>{streets['edge'].ids[1]}"]


def test_the_clock_of_edge_data_is_that_of_the_scenario(streets: City, tmp_path: Path) -> None:
    text = (
        '<meandata><interval begin="0" end="900"><edge id="{}" entered="4"/></interval></meandata>'
    )
    file = write(tmp_path, "edges.xml", text.format(streets["edge"].ids[0]))
    assert read_counts(file, streets, offset=7 * HOUR).begin[0] == 7 * HOUR
    config = write(tmp_path, "a.sumocfg", "<configuration/>")
    own = replace(streets, demand={"config": [config], "routes": [config]})
    counts = by_scenario(read_counts(file, own), own, 7 * HOUR, 8 * HOUR)
    assert (counts.begin[0], counts.end[0]) == (7 * HOUR, 7 * HOUR + 900)
    assert "0 is 07:00" in counts.notes[0]
    assert by_scenario(counts, own, 7 * HOUR, 8 * HOUR) is counts
    assert read_offset("07:00") == 7 * HOUR
    with pytest.raises(ConfigError, match="--offset noon"):
        read_offset("noon")


def test_errors_of_counts_speak_of_counts(streets: City, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="file of counts is not there") as gone:
        read_counts(tmp_path / "gone.csv", streets)
    file = write(tmp_path, "a.csv", "edge,begin,end,count\n")
    with pytest.raises(DataError, match="file of counts has no rows") as empty:
        read_counts(file, streets)
    with pytest.raises(ConfigError, match="no column 'NOPE'") as wrong:
        read_counts(file, streets, {"edge": "NOPE"})
    for error in (gone, empty, wrong):
        assert not any(word in str(error.value) for word in ("sensor", "recording", "scenario"))


@given(st.floats(0.0, 5000.0), st.floats(0.0, 5000.0))
def test_geh_is_symmetric_and_zero_only_for_equals(a: float, b: float) -> None:
    there, back = geh(np.array([a]), np.array([b])), geh(np.array([b]), np.array([a]))
    assert there == back
    assert (there[0] == 0.0) == (abs(a - b) ** 2 == 0.0)


def test_every_counter_is_held_out_once() -> None:
    each = np.arange(13)
    parts = folds(each, 5, seed=1)
    assert sorted(np.concatenate(parts).tolist()) == list(range(13))
    assert {len(part) for part in parts} == {2, 3}
    assert folds(each, 5, seed=1)[0].tolist() == parts[0].tolist()
    assert folds(each, 5, seed=2)[0].tolist() != parts[0].tolist()


def test_both_directions_of_a_street_are_held_out_together(streets: City) -> None:
    street = streets_of_counters(passages(streets), streets)
    table = streets["edge"]
    ends = {
        (int(a), int(b)): row
        for row, (a, b) in enumerate(zip(table["from_junction"], table["to_junction"], strict=True))
    }
    place = {int(edge): row for row, edge in enumerate(passages(streets).edge)}
    pairs = 0
    for (a, b), row in ends.items():
        back = ends.get((b, a))
        if row in place and back in place:
            assert street[place[row]] == street[place[back]]
            pairs += 1
    assert pairs > 3
    for part in folds(street, 5, seed=1):
        assert not set(street[part]) & set(np.delete(street, part))


def test_what_is_held_out_depends_on_no_count_of_its_own_street(
    streets: City, found: tuple[Calibration, Counts, Counts]
) -> None:
    """Another count at the held-out counters of a fold changes nothing of their prediction."""
    calibration, used, _ = found
    fold = folds(streets_of_counters(used, streets), 3, seed=1)[0]
    count = used.count.copy()
    count[np.isin(used.counter, fold)] *= 3.0
    settings = Settings(folds=3, rounds=2, draws=8, meso=True)
    again = calibrate(small(), replace(used, count=count), city=streets, settings=settings)
    assert again.held_out[fold].tolist() == calibration.held_out[fold].tolist()
    others = np.setdiff1d(np.arange(len(used)), fold)
    assert again.held_out[others].tolist() != calibration.held_out[others].tolist()
