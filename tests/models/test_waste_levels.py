"""`twin waste plan --levels`: what recorded levels decide, day after day, and what is told."""

import csv
import json
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from models.waste.daily import Orders, plan_day, plan_days
from models.waste.sheets import REASONS, WAITS, write
from twin.cli import app
from twin.errors import ConfigError, DataError
from twin.scenario import Scenario


def recorded(helsinki, file, until, stamp=""):
    """Two containers, read hourly for ten days; one is emptied and stays nearly empty."""
    first, second = (str(key) for key in helsinki["container"].ids[:2])
    begin = np.datetime64(until, "s") - np.timedelta64(240, "h")
    lines = ["id,dateObserved,fillingLevel"]
    for hour in range(241):
        at = begin + np.timedelta64(hour, "h")
        lines.append(f"{first},{at}{stamp},{min(1.0, 0.1 + 0.012 * (hour % 80)):.4f}")
        lines.append(f"{second},{at}{stamp},{0.05 + 0.0005 * hour:.4f}")
    lines.append(f"{first},{at}{stamp},n/a")
    lines.append(f"elsewhere,{at}{stamp},0.5")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def planned(file, day=date(2025, 1, 14)):
    return plan_day(Scenario.load("helsinki/baseline"), day, levels=file)


def test_an_old_recording_is_refused(helsinki, tmp_path):
    file = recorded(helsinki, tmp_path / "levels.csv", "2025-01-13T20:00")
    with pytest.raises(DataError, match=r"ends 2025-01-13T20:00, 66\d days before"):
        planned(file, date(2026, 11, 10))


def test_what_is_wrong_with_the_levels_is_told(helsinki, tmp_path):
    notes = "\n".join(planned(recorded(helsinki, tmp_path / "a.csv", "2025-01-13T20:00")).notes)
    assert "the newest 9.0 h old" in notes
    assert "no container 'elsewhere'" in notes
    assert "conflict" in notes
    assert "warning: levels" not in notes
    notes = "\n".join(planned(recorded(helsinki, tmp_path / "b.csv", "2025-01-10T20:00")).notes)
    assert "warning: levels of 2 containers, the newest 81.0 h old" in notes


def test_stamps_in_utc_are_on_the_city_s_clock(helsinki, tmp_path):
    """20:00 UTC is 22:00 in Helsinki: seven hours before the shift."""
    notes = planned(recorded(helsinki, tmp_path / "a.csv", "2025-01-13T20:00", "Z")).notes
    assert any("the newest 7.0 h old" in note for note in notes)


# -- what levels decide --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readings(helsinki, tmp_path_factory):
    """24 residual containers read every two hours for 13 days: filled in 2, 4, 8 or 16 days."""
    table = helsinki["container"]
    rows = np.flatnonzero(table["stream"] == "residual")[:24]
    random = np.random.default_rng(4)
    begin = np.datetime64("2025-01-01T00:00:00")
    lines = ["id,dateObserved,fillingLevel"]
    for number, row in enumerate(rows):
        hours_to_full = 48.0 * 2 ** (number % 4)
        for hour in range(0, 24 * 13, 2):
            level = (hour + 7.0 * number) / hours_to_full % 0.95 + random.normal(0.0, 0.02)
            at = begin + np.timedelta64(hour, "h")
            lines.append(f"{table.ids[row]},{at},{min(1.0, max(0.0, level)):.3f}")
    file = tmp_path_factory.mktemp("levels") / "levels.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file, set(table.ids[rows].tolist())


@pytest.fixture(scope="module")
def three_days(readings):
    return plan_days(Scenario.load("helsinki/baseline"), date(2025, 1, 14), 3, levels=readings[0])


def visited(plan):
    return {e.container: e for r in plan.rounds for e in r.sheet if e.what == "empty"}


@pytest.mark.parametrize("false", ["0.000", "-0.040", "1.000"])
def test_single_false_readings_do_not_fill_the_rounds(readings, three_days, tmp_path, false):
    head, *lines = readings[0].read_text(encoding="utf-8").splitlines()
    hit = np.flatnonzero(np.random.default_rng(8).random(len(lines)) < 0.02)
    for row in hit.tolist():
        lines[row] = f"{lines[row].rpartition(',')[0]},{false}"
    file = tmp_path / "false.csv"
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    plan = planned(file)
    assert any("lone" in note for note in plan.notes)
    honest = visited(three_days[0]).keys() & readings[1]
    assert len(visited(plan).keys() & readings[1]) <= len(honest) + 3


def test_rows_from_after_the_shift_are_told(helsinki, tmp_path):
    file = recorded(helsinki, tmp_path / "a.csv", "2025-01-13T20:00")
    key = str(helsinki["container"].ids[0])
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{key},2027-01-01T00:00:00,0.9\n")
    line = len(file.read_text(encoding="utf-8").splitlines())
    notes = planned(file).notes
    assert f"1 rows are later than the shift: not used (lines {line})" in notes


def test_every_recorded_container_is_told_of_with_its_level_and_a_reason(
    readings, three_days, tmp_path
):
    file = tmp_path / "rounds.csv"
    write(three_days, file)
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for plan in three_days:
        day = [r for r in rows if r["date"] == str(plan.day) and r["container"] in readings[1]]
        assert {r["container"] for r in day} == readings[1]
        assert len(day) == len(readings[1])
        for row in day:
            low, level, high = (float(row[n]) for n in ("level_low", "level", "level_high"))
            assert 0.0 <= low <= level <= high <= 100.0
            assert 0.0 <= float(row["probability_full"]) <= 1.0
            assert row["reason"] == REASONS[row["why"]]
            assert (row["what"] == "left") == (row["why"] in WAITS)


def test_what_is_likely_full_is_emptied_and_what_has_room_is_not(three_days):
    first = three_days[0]
    full = [entry.outlook.full for entry in visited(first).values() if entry.why == "full"]
    assert full
    assert min(full) >= 0.5
    room = [left for left in first.waits if left.why == "has room"]
    assert room
    assert all(left.outlook.full < 0.05 for left in room)


def test_what_is_emptied_on_a_day_counts_on_the_next(readings, three_days):
    first, second = three_days[:2]
    alone = plan_day(Scenario.load("helsinki/baseline"), second.day, levels=readings[0])
    emptied, left = levels_of(second), levels_of(alone)
    done = set(visited(first)) & readings[1]
    assert done
    assert all(emptied[key] < left[key] for key in done)
    others = readings[1] - done
    assert all(emptied[key] == pytest.approx(left[key], abs=3.0) for key in others)


def levels_of(plan):
    found = {left.container: left.outlook.level for left in plan.waits}
    return found | {key: entry.outlook.level for key, entry in visited(plan).items()}


def test_the_scenario_s_policy_decides(readings):
    given = {"levels": readings[0]}
    base = Scenario.load("helsinki/baseline")
    found = plan_day(base.with_policy("waste.by_level", threshold=0.7), date(2025, 1, 14), **given)
    assert {left.why for left in found.waits} == {"below threshold"}
    assert all(left.outlook.level < 71.0 for left in found.waits)
    nothing = base.with_policy("waste.by_forecast", prize=0.0)
    found = plan_day(nothing, date(2025, 1, 14), **given)
    why = {entry.why for key, entry in visited(found).items() if key in readings[1]}
    assert why == {"full"}, "without prizes only what is full is worth it"


def test_entities_say_the_same_as_a_table(readings, tmp_path):
    with readings[0].open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    entities = [
        {
            "id": row["id"],
            "type": "WasteContainer",
            "fillingLevel": {
                "type": "Property",
                "value": float(row["fillingLevel"]),
                "observedAt": row["dateObserved"],
            },
        }
        for row in rows
    ]
    file = tmp_path / "levels.jsonld"
    file.write_text(json.dumps(entities), encoding="utf-8")
    scenario, day = Scenario.load("helsinki/baseline"), date(2025, 1, 14)
    ours, theirs = (plan_day(scenario, day, levels=f) for f in (file, readings[0]))
    assert ours.rounds[0].sheet == theirs.rounds[0].sheet
    file.write_text(json.dumps([{"id": "x", "type": "ParkingSpot"}]), encoding="utf-8")
    with pytest.raises(DataError, match="no entity tells the level"):
        plan_day(scenario, day, levels=file)


# -- orders of the dispatcher --------------------------------------------------------------------


def test_vehicles_out_of_service_stay_in(helsinki):
    scenario, day = Scenario.load("helsinki/baseline"), date(2025, 1, 14)
    found = plan_day(scenario, day, without=[0, 16])
    assert not {r.vehicle for r in found.rounds} & {0, 16}
    assert found.left == 0
    none = plan_day(scenario, day, without=range(4))
    assert {missed.why for missed in none.missed} == {"no truck"}
    assert "residual" not in {r.stream for r in none.rounds}
    with pytest.raises(ConfigError, match="no such vehicle"):
        plan_day(scenario, day, without=[20])


def test_what_is_left_over_is_due_on_the_next_day(helsinki):
    scenario = Scenario.load("helsinki/baseline")
    days = plan_days(scenario, date(2025, 1, 14), 2, orders=Orders(shift="06:00-09:00"))
    over = {missed.container for missed in days[0].missed}
    assert over
    again = {m.container: m.expected for m in days[1].missed}
    again |= {key: entry.expected for key, entry in visited(days[1]).items()}
    before = {missed.container: missed.expected for missed in days[0].missed}
    assert over <= again.keys()
    assert all(again[key] > before[key] for key in over)
    assert all(entry.why == "left over" for key, entry in visited(days[1]).items() if key in over)


def test_the_shift_is_the_dispatcher_s(helsinki):
    found = plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14), shift="22:00-05:30")
    leaves = [r.sheet[0].begin for r in found.rounds]
    assert {f"{at:%H:%M}" for at in leaves} == {"22:00"}
    for wrong in ("six", "06:00-06:00", "06:00-23:00", "06:00"):
        with pytest.raises(ConfigError, match="--shift"):
            plan_day(Scenario.load("helsinki/baseline"), date(2025, 1, 14), shift=wrong)


def test_the_command_with_everything(readings, tmp_path):
    for kind in ("csv", "geojson", "gpx"):
        out = tmp_path / f"rounds.{kind}"
        given = ["waste", "plan", "helsinki/baseline", "--date", "2025-01-14", "--days", "2"]
        given += ["--levels", str(readings[0]), "--without-truck", "1", "--closed", "Vuorikatu"]
        given += ["--shift", "06:00-14:00", "-o", str(out)]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == 0, result.output
        assert "Wednesday 2025-01-15" in result.output
        assert "left: it will hardly be full" in result.output
        assert out.stat().st_size > 0
    result = CliRunner().invoke(app, ["waste", "plan", "helsinki/baseline", "--days", "9"])
    assert isinstance(result.exception, ConfigError)
