"""Bad rows of a recording are flagged with their line and handled by the rule that is told."""

from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.waste.forecast import read_recording
from models.waste.forecast.quality import RULES
from tests.models.waste_recordings import collections, row, write
from twin.errors import DataError


def _flags(recording):
    return {(flag.what, flag.line) for flag in recording.quality.flags}


def _read(rows, tmp_path):
    return read_recording(write(rows, tmp_path / "collections.csv"))


@pytest.fixture
def rows():
    return collections(containers=12)


def test_good_rows_are_used_as_they_are(rows, tmp_path):
    found = _read(rows, tmp_path)
    assert found.quality.flags == []
    assert found.quality.used == found.quality.rows == len(rows) == len(found)
    assert found.level.tolist() == [float(r["fill_before"]) for r in rows]


@pytest.mark.parametrize(
    ("level", "flag", "becomes"),
    [
        ("104", "over 100", 100.0),
        ("-3", "below 0", 0.0),
        ("250", "impossible level", np.nan),
        ("-40", "impossible level", np.nan),
        ("", "no level", np.nan),
        ("full", "no level", np.nan),
    ],
)
def test_levels_that_cannot_be(rows, tmp_path, level, flag, becomes):
    rows[50] = rows[50] | {"fill_before": level, "volume_l": ""}
    found = _read(rows, tmp_path)
    assert _flags(found) == {(flag, 52)}
    (at,) = np.flatnonzero(found.line == 52)
    np.testing.assert_equal(found.level[at], becomes)
    assert found.after[at] == 0.0, "the emptying counts all the same"


def test_times_and_ids_that_cannot_be_read(rows, tmp_path):
    rows[10] = rows[10] | {"collected_at": "yesterday"}
    rows[11] = rows[11] | {"site_id": ""}
    rows[12] = rows[12] | {"collected_at": "1970-01-01 00:00:00"}
    found = _read(rows, tmp_path)
    assert {("unreadable", 12), ("unreadable", 13), ("outside", 14)} == _flags(found)
    assert len(found) == len(rows) - 3


def test_duplicates_and_conflicts(rows, tmp_path):
    other = rows[20] | {"fill_before": "7", "volume_l": ""}
    found = _read([*rows[:21], rows[20], other, *rows[21:]], tmp_path)
    assert _flags(found) == {("duplicate", 23), ("conflict", 24)}
    assert len(found) == len(rows)


def test_swapped_ids_are_given_back_by_place(rows, tmp_path):
    clean = _read(rows, tmp_path)
    i, j = 40, 41
    a, b = rows[i], rows[j]
    rows[i], rows[j] = a | {"site_id": b["site_id"]}, b | {"site_id": a["site_id"]}
    found = _read(rows, tmp_path)
    assert _flags(found) == {("swapped id", i + 2), ("swapped id", j + 2)}
    np.testing.assert_array_equal(found.container, clean.container)


def test_swapped_ids_are_given_back_by_volume(rows, tmp_path):
    clean = _read(rows, tmp_path)
    full = [k for k, r in enumerate(rows) if float(r["fill_before"]) >= 30.0]
    i, j = next(
        (p, q) for p, q in pairwise(full)
        if rows[p]["site_id"] != rows[q]["site_id"]
    )  # fmt: skip
    a, b = rows[i], rows[j]
    names = ("site_id", "site")
    rows[i] = a | {name: b[name] for name in names}
    rows[j] = b | {name: a[name] for name in names}
    found = _read(rows, tmp_path)
    assert _flags(found) == {("swapped id", i + 2), ("swapped id", j + 2)}
    np.testing.assert_array_equal(found.container, clean.container)


def test_a_level_that_its_volume_contradicts_is_not_used(rows, tmp_path):
    k = next(k for k, r in enumerate(rows) if 40 <= float(r["fill_before"]) <= 60)
    rows[k] = rows[k] | {"fill_before": "99"}
    found = _read(rows, tmp_path)
    assert _flags(found) == {("mismatch", k + 2)}
    assert np.isnan(found.level[found.line == k + 2])


def test_a_clock_that_jumps(rows, tmp_path):
    clean = _read(rows, tmp_path)
    moved = np.datetime64(rows[60]["collected_at"]) + np.timedelta64(3, "D")
    rows[60] = rows[60] | {"collected_at": str(moved).replace("T", " ")}
    found = _read(rows, tmp_path)
    assert ("clock", 62) in _flags(found)
    (at,) = np.flatnonzero(found.line == 62)
    assert np.isnan(found.level[at])
    assert found.hour[at] == clean.hour[clean.line == 61], "the time of the row before"
    after = np.flatnonzero((found.container == found.container[at]) & (found.hour > found.hour[at]))
    assert np.isnan(found.level[after[0]])
    assert np.isfinite(found.level[after[1]])


def test_emptied_twice_within_the_hour(rows, tmp_path):
    again = dict(rows[30])
    moved = np.datetime64(again["collected_at"]) + np.timedelta64(20, "m")
    again |= {"collected_at": str(moved).replace("T", " "), "fill_before": "2", "volume_l": ""}
    found = _read([*rows, again], tmp_path)
    whats = {flag.what for flag in found.quality.flags}
    assert whats <= {"repeated", "clock"}
    assert whats


def test_a_collection_that_took_nothing_is_a_reading(rows, tmp_path):
    rows[30] = rows[30] | {"fill_after": rows[30]["fill_before"]}
    found = _read(rows, tmp_path)
    assert _flags(found) == {("not emptied", 32)}
    assert np.isnan(found.after[found.line == 32])


def _readings(tmp_path, with_emptying):
    """Hourly shares of two containers, emptied at hour 30 and 60."""
    lines = ["id,type,dateObserved,fillingLevel,dateLastEmptying"]
    for hour in range(90):
        for name, rate in (("a", 0.02), ("b", 0.03)):
            last = hour // 30 * 30
            level = min(1.0, 0.05 + rate * (hour - last))
            moment = np.datetime64("2024-03-04T00:00:00") + np.timedelta64(hour, "h")
            emptied = np.datetime64("2024-03-04T00:00:00") + np.timedelta64(last, "h")
            told = f"{emptied}Z" if with_emptying and last else ""
            lines.append(f"urn:{name},WasteContainer,{moment}.000Z,{level:.3f},{told}")
    file = tmp_path / "containers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_recording(file)


def test_waste_containers_of_smart_data_models(tmp_path):
    found = _readings(tmp_path, True)
    assert found.ids.tolist() == ["urn:a", "urn:b"]
    emptied = np.isfinite(found.after)
    assert emptied.sum() == 4
    assert not any(flag.what == "emptied unseen" for flag in found.quality.flags)
    assert np.nanmax(found.level) <= 100.0
    assert found.level[0] == pytest.approx(5.0)


def test_a_fall_of_the_level_is_an_emptying_that_nobody_told(tmp_path):
    found = _readings(tmp_path, False)
    unseen = [flag for flag in found.quality.flags if flag.what == "emptied unseen"]
    assert len(unseen) == np.isfinite(found.after).sum() == 4


def test_a_sensor_that_sticks_is_flagged_and_used(tmp_path, rows):
    mine = [k for k, r in enumerate(rows) if r["site_id"] == "c00"][3:9]
    for k in mine:
        rows[k] = rows[k] | {"fill_before": "55", "volume_l": "110"}
    found = _read(rows, tmp_path)
    assert {("stuck", k + 2) for k in mine[4:]} == _flags(found)
    assert found.quality.used == len(rows)


def test_a_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("when,what\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="no recording of containers"):
        read_recording(file)
    empty = write([row("a", 1.0, 50.0) | {"fill_before": "?", "volume_l": ""}], tmp_path / "a.csv")
    with pytest.raises(DataError, match="no level"):
        read_recording(empty)


def test_every_finding_has_a_rule_and_a_place(rows, tmp_path):
    rows[5] = rows[5] | {"fill_before": "104", "volume_l": ""}
    found = _read(rows, tmp_path).quality
    file = tmp_path / "quality.csv"
    found.write(file)
    assert RULES["over 100"] in file.read_text("utf-8")
    assert "lines 7" in found.table()


# -- clocks and forms --------------------------------------------------------------------------


def hours(moment: str) -> float:
    return float((np.datetime64(moment, "s") - np.datetime64(0, "s")).astype(float) / 3600.0)


def readings(file, times, head="id,dateObserved,fillingLevel", between=","):
    lines = [between.join(("a", time, f"0.{k + 3}")) for k, time in enumerate(times)]
    file.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return file


def test_times_with_an_offset_are_moved_to_the_city_s_clock(tmp_path):
    times = ["2025-07-01T03:00:00Z", "2025-07-01T07:00:00+03:00", "2025-07-01T08:00"]
    file = readings(tmp_path / "a.csv", times)
    found = read_recording(file, zone=ZoneInfo("Europe/Helsinki"))
    expected = [hours(f"2025-07-01T{hour}:00") for hour in ("06", "07", "08")]
    np.testing.assert_allclose(found.hour, expected)


def test_mixed_offsets_are_put_in_order(tmp_path):
    times = ["2025-07-01T06:00+02:00", "2025-07-01T05:00:00.250Z", "2025-07-01T08:00:00+0200"]
    found = read_recording(readings(tmp_path / "a.csv", times))
    np.testing.assert_allclose(found.level, [30.0, 40.0, 50.0])
    assert found.hour[0] == hours("2025-07-01T06:00")
    assert found.hour[1] == pytest.approx(hours("2025-07-01T07:00"), abs=1e-3)
    only = read_recording(readings(tmp_path / "b.csv", ["2025-07-01T06:00Z", "2025-07-01T07:00Z"]))
    assert only.hour[0] == hours("2025-07-01T06:00")


def test_a_delimiter_is_found_and_percent_is_refused(tmp_path):
    times = ["2025-07-01T06:00", "2025-07-01T07:00"]
    file = readings(tmp_path / "a.csv", times, "id;dateObserved;fillingLevel", ";")
    np.testing.assert_allclose(read_recording(file).level, [30.0, 40.0])
    file.write_text(file.read_text("utf-8").replace("0.", "0,"), "utf-8")
    np.testing.assert_allclose(read_recording(file).level, [30.0, 40.0])
    file.write_text("id,dateObserved,fillingLevel\na,2025-07-01T06:00,30\na,2025-07-01T07:00,40\n")
    with pytest.raises(DataError, match="percent"):
        read_recording(file)


def _hourly(tmp_path, changed):
    """Shares of a container that fills by 2 points an hour, emptied at hour 30; some changed."""
    lines = ["id,type,dateObserved,fillingLevel"]
    for hour in range(60):
        moment = np.datetime64("2024-03-04T00:00:00") + np.timedelta64(hour, "h")
        level = changed.get(hour, 0.05 + 0.02 * (hour % 30))
        lines.append(f"urn:a,WasteContainer,{moment}.000Z,{level:.3f}")
    file = tmp_path / "containers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_recording(file)


@pytest.mark.parametrize("level", [0.0, -0.04, 1.0])
def test_a_reading_that_leaps_away_and_back_is_not_used(tmp_path, level):
    found = _hourly(tmp_path, {20: level})
    assert ("lone", 22) in _flags(found)
    assert np.isnan(found.level[found.line == 22])
    unseen = [flag.line for flag in found.quality.flags if flag.what == "emptied unseen"]
    assert unseen == [32], "the one emptying there was"


def test_a_container_that_stays_empty_was_emptied(tmp_path):
    found = _hourly(tmp_path, dict.fromkeys(range(20, 30), 0.02))
    assert {flag.what for flag in found.quality.flags if flag.line == 22} == {"emptied unseen"}
