"""What a recorded sensor promises: readings on the clock, flagged, all accounted for."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.twin.sensing import PORTS, calendar, city, live, sensor
from twin.core.time import hours, minutes
from twin.errors import ConfigError, DataError, WiringError
from twin.sensors.observations import BAD, GOOD, SUSPECT
from twin.sensors.readings import out_of_order, repeated

LONG = """time,entity,value
2025-01-14 05:30,a,0.1
2025-01-14 05:50,a,0.2
2025-01-14 06:00,b,0.3
2025-01-14 07:00,a,0.4
2025-01-14 07:00,nowhere,0.5
2025-01-14 11:00,a,0.9
"""


@pytest.fixture
def long(tmp_path: Path) -> Path:
    file = tmp_path / "long.csv"
    file.write_text(LONG)
    return file


def test_long_layout_replays_on_the_clock(long: Path) -> None:
    source = sensor(long, port="bin.level")
    source.prepare(city(), calendar(), hours(4), PORTS)
    found = [
        (tick, batch.rows.tolist(), batch.value.tolist(), batch.time_observed.tolist())
        for tick, batch in source.arrivals()
    ]
    assert found == [
        (0, [0, 1], [0.2, 0.3], [-minutes(10), 0]),
        (hours(1), [0, -1], [0.4, 0.5], [hours(1), hours(1)]),
    ]


def test_every_reading_is_accounted_for(long: Path) -> None:
    quality = live(sensor(long, port="bin.level")).quality["test"]
    assert (quality.received, quality.outside, quality.untimed) == (4, 2, 0)
    assert quality.unknown_entity == 1


def test_rows_that_cannot_be_used_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    rows = ["05:30,a,0.1", "05:40,a,n/a", "05:50,a,1.9", "05:55,nowhere,0.2", "06:00,b,-0.4"]
    file.write_text("time,entity,value\n" + "".join(f"2025-01-14 {row}\n" for row in rows))
    source = sensor(file, port="bin.level", valid=(0.0, 1.2))
    source.prepare(city(), calendar(), hours(4), PORTS)
    told = "\n".join(source.warnings)
    assert "1 readings of bin.level without a number, not used (lines 3)" in told
    assert "2 readings of bin.level outside of `valid`, not used (lines 4, 6)" in told
    assert "1 readings of bin.level of unknown entities, not used (lines 5)" in told


def test_arrivals_can_be_replayed_again(long: Path) -> None:
    source = sensor(long, port="bin.level")
    first, second = live(source), live(source)
    assert first.quality == second.quality
    assert np.array_equal(
        first.latest("bin.level").value, second.latest("bin.level").value, equal_nan=True
    )


def test_wide_layout_gives_several_ports(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text("date;T;W\n14/01/2025 06:30;-40,5;36\n14/01/2025 07:30;-3,5;\n")
    seen = live(
        sensor(
            file,
            values={
                "weather.temperature": "T",
                "weather.wind": {"column": "W", "scale": 1 / 3.6, "unit": "m/s"},
            },
            columns={"time": "date"},
            time={"format": "%d/%m/%Y %H:%M"},
            valid=[-30, 50],
            delimiter=";",
            decimal=",",
        )
    )
    assert seen.latest("weather.temperature").value.tolist() == [-3.5]
    assert seen.latest("weather.wind").value.tolist() == [10.0]
    quality = seen.quality["test"]
    assert (quality.received, quality.bad) == (4, 2)
    assert (quality.missing, quality.out_of_range) == (1, 1)


def test_packed_files_and_parquet_give_the_same(long: Path, tmp_path: Path) -> None:
    import duckdb

    packed = tmp_path / "long.csv.gz"
    packed.write_bytes(gzip.compress(LONG.encode()))
    packed_more = tmp_path / "long.csv.bz2"
    packed_more.write_bytes(bz2.compress(LONG.encode()))
    table = tmp_path / "long.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{long}')) TO '{table}' (FORMAT parquet)")
    zoned = tmp_path / "zoned.parquet"
    duckdb.sql(
        "COPY (SELECT timezone('Europe/Helsinki', time) AS time, entity, value "
        f"FROM read_csv('{long}')) TO '{zoned}' (FORMAT parquet)"
    )
    expected = live(sensor(long, port="bin.level"))
    for file in (packed, packed_more, table, zoned):
        seen = live(sensor(file, port="bin.level"))
        assert seen.quality == expected.quality, file
        for ours, theirs in zip(seen.archive, expected.archive, strict=True):
            assert np.array_equal(ours.value, theirs.value)
            assert np.array_equal(ours.time_observed, theirs.time_observed)


def test_delay_and_arrived_column_hold_readings_back(tmp_path: Path) -> None:
    file = tmp_path / "late.csv"
    file.write_text(
        "time,arrived,entity,value\n"
        "2025-01-14 06:00,2025-01-14 07:30,a,1\n"
        "2025-01-14 07:00,2025-01-14 07:00,a,2\n"
    )
    seen = live(sensor(file, port="bin.level"))
    assert [batch.time_arrived for batch in seen.archive] == [hours(1), hours(1.5)]
    assert seen.quality["test"].late == 1
    assert seen.latest("bin.level").value[0] == 2
    delayed = sensor(file, port="bin.level", delay="2h", columns={"entity": "entity"})
    assert [batch.time_arrived for batch in live(delayed).archive] == [hours(2), hours(3)]


def test_max_age_makes_old_readings_bad(long: Path) -> None:
    seen = live(sensor(long, port="bin.level", max_age="5m"))
    assert seen.archive[0].quality.tolist() == [BAD, GOOD]
    assert seen.quality["test"].stale == 1


def test_duplicates_out_of_order_and_broken_times_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    rows = [f"2025-01-14 06:{i % 60:02d}:{i // 60:02d},b,1" for i in range(240)]
    rows += ["2025-01-14 09:00,a,1", "2025-01-14 08:00,a,2", "2025-01-14 09:00,a,3", "soon,a,4"]
    file.write_text("time,entity,value\n" + "\n".join(rows) + "\n")
    quality = live(sensor(file, port="bin.level")).quality["test"]
    assert (quality.untimed, quality.duplicate, quality.received) == (1, 1, 243)
    assert quality.out_of_order > 1


def test_of_two_readings_of_one_time_the_first_stays(tmp_path: Path) -> None:
    file = tmp_path / "twice.csv"
    file.write_text("time,entity,value\n2025-01-14 07:00,a,1\n2025-01-14 07:00,a,2\n")
    assert live(sensor(file, port="bin.level")).latest("bin.level").value[0] == 1


def test_a_stuck_sensor_is_suspect(tmp_path: Path) -> None:
    file = tmp_path / "stuck.csv"
    values = [1, 2, 2, 2, 2, 3]
    rows = [f"2025-01-14 06:0{i},a,{value}" for i, value in enumerate(values)]
    file.write_text("time,entity,value\n" + "\n".join(rows))
    seen = live(sensor(file, port="bin.level", stuck_after=3))
    flags = [int(batch.quality[0]) for batch in seen.archive]
    assert flags == [GOOD, GOOD, GOOD, SUSPECT, SUSPECT, GOOD]
    assert (seen.quality["test"].stuck, seen.quality["test"].suspect) == (2, 2)


def test_entity_map_translates_stations(tmp_path: Path) -> None:
    file = tmp_path / "stations.csv"
    file.write_text("time,entity,value\n2025-01-14 07:00,S1,1\n2025-01-14 07:00,S2,2\n")
    (tmp_path / "map.csv").write_text("station,entity\nS2,c\n")
    for stations in ("map.csv", {"S2": "c"}):
        seen = live(sensor(file, port="bin.level", entity_map=stations))
        assert seen.latest("bin.level").value[2] == 2
        assert seen.quality["test"].unknown_entity == 1


def test_one_entity_for_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("time,value\n2025-01-14 07:00,1\n")
    assert live(sensor(file, port="bin.level", entity="b")).latest("bin.level").value[1] == 1
    with pytest.raises(ConfigError, match="3 entities"):
        live(sensor(file, port="bin.level"))


def test_align_start_moves_the_first_reading_to_the_start(long: Path) -> None:
    summer = calendar("2031-07-01T12:00")
    seen = live(sensor(long, port="bin.level", align="start"), at=summer, end=hours(1))
    assert [batch.time_arrived for batch in seen.archive] == [0, minutes(20), minutes(30)]
    chosen = sensor(long, port="bin.level", align="start", **{"from": "2025-01-14T06:30"})
    assert live(chosen, at=summer, end=hours(1)).archive[0].time_observed.tolist() == [
        -minutes(40),
        -minutes(30),
    ]


def test_align_time_of_day_keeps_the_clock_and_the_weekday(long: Path) -> None:
    # The recording is of a Tuesday in winter; a Tuesday in summer has another offset from UTC.
    tuesday = calendar("2025-07-15T06:00")
    seen = live(sensor(long, port="bin.level", align="time_of_day"), at=tuesday)
    assert [batch.time_arrived for batch in seen.archive] == [0, hours(1)]
    friday = calendar("2025-07-18T06:00")
    with pytest.raises(DataError, match="Friday"):
        live(sensor(long, port="bin.level", align="time_of_day"), at=friday)
    named = sensor(long, port="bin.level", align="time_of_day", **{"from": "2025-01-14"})
    assert [batch.time_arrived for batch in live(named, at=friday).archive] == [0, hours(1)]


def test_times_of_another_zone_and_numbers(tmp_path: Path) -> None:
    file = tmp_path / "zones.csv"
    file.write_text("time,value\n2025-01-14 05:00,1\n")
    london = sensor(file, port="weather.wind", time={"timezone": "Europe/London"})
    assert live(london).archive[0].time_arrived == hours(1)
    file.write_text("time,value\n2025-01-14T05:00Z,1\n")
    assert live(sensor(file, port="weather.wind")).archive[0].time_arrived == hours(1)
    file.write_text("time,value\n90,1\n")
    counted = sensor(file, port="weather.wind", time={"since": "start", "unit": "min"})
    assert live(counted).archive[0].time_arrived == minutes(90)
    file.write_text("time,value\n1736830800,1\n")
    unix = sensor(file, port="weather.wind", time={"since": "1970-01-01T00:00:00Z"})
    assert live(unix).archive[0].time_arrived == hours(1)


def test_a_warning_when_nothing_is_known_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "noon.csv"
    file.write_text("time,value\n2025-01-14 08:00,1\n")
    source = sensor(file, port="weather.wind")
    live(source)
    assert "2025-01-14 08:00" in source.warnings[0]


@pytest.mark.parametrize(
    ("content", "parameters", "error", "words"),
    [
        (None, {}, DataError, "not there"),
        ("", {}, ConfigError, "no column 'time'"),
        ("time,entity,value\n", {}, DataError, "no rows"),
        ("when,entity,value\n1,a,1\n", {}, ConfigError, "'when', 'entity', 'value'"),
        ("time;entity;value\n1;a;1\n", {}, ConfigError, "delimiter = ';'"),
        (LONG, {"unit": "percent"}, WiringError, "'percent'"),
        (LONG, {"port": "bin.weight"}, WiringError, "bin.level"),
        (LONG, {"port": "bin.emptied"}, WiringError, "event"),
        (LONG, {"time": {"format": "%d.%m.%Y"}}, DataError, "6 of 6 times"),
        (LONG.replace("2025", "2019"), {}, DataError, "do not overlap"),
        (LONG.replace(",a,", ",z,").replace(",b,", ",y,"), {}, ConfigError, "'a', 'b', 'c'"),
        ("time,entity,port,value\n2025-01-14 07:00,a,x,1\n", {}, ConfigError, "allowed: 'x'"),
    ],
)
def test_what_cannot_work_fails_before_the_run(
    tmp_path: Path, content: str | None, parameters: dict[str, Any], error: Any, words: str
) -> None:
    file = tmp_path / "broken.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(error) as caught:
        live(sensor(file, **{"port": "bin.level", **parameters}))
    assert words in str(caught.value)
    assert "broken.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["cut.csv.gz", "cut.csv.bz2", "cut.parquet", "latin.csv"])
def test_damaged_files_are_data_errors(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    packed = {"gz": gzip.compress, "bz2": bz2.compress}.get(file.suffix[1:], lambda data: data)
    content = packed((LONG * 50).replace("nowhere", "Süd").encode("latin-1"))
    file.write_bytes(content if name == "latin.csv" else content[: len(content) // 2])
    with pytest.raises(DataError, match=name):
        live(sensor(file, port="bin.level"))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"port": "bin.level", "values": {"bin.level": "x"}},
        {"port": "bin.level", "from": "2025-01-14"},
        {"port": "bin.level", "valid": [2, 1]},
        {"port": "bin.level", "time": {"timezone": "Mars/Olympus"}},
        {"port": "bin.level", "colums": {}},
        {"port": "bin.level", "delay": "1h", "columns": {"arrived": "x"}},
    ],
)
def test_contradictions_in_the_scenario_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sensor(Path("any.csv"), **parameters)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9)), max_size=30),
    st.integers(2, 4),
)
def test_repeats_and_order_as_told_one_by_one(
    readings: list[tuple[int, int, int]], limit: int
) -> None:
    rows = np.array([r for r, _, _ in readings], dtype=np.int32)
    value = np.array([v for _, v, _ in readings], dtype=np.float64)
    time = np.array([t for _, _, t in readings], dtype=np.int64)
    expected = np.zeros(len(rows), dtype=bool)
    late = 0
    for entity in range(3):
        mine = [i for i in range(len(rows)) if rows[i] == entity]
        late += sum(any(time[j] > time[i] for j in mine if j < i) for i in mine)
        ordered = sorted(mine, key=lambda i: time[i])
        for place, i in enumerate(ordered):
            run = ordered[max(0, place - limit + 1) : place + 1]
            expected[i] = len(run) == limit and len({value[j] for j in run}) == 1
    assert np.array_equal(repeated(rows, value, time, limit), expected)
    assert out_of_order(rows, time) == late
