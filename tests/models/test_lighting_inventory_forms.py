"""Inventories whose form is wrong: no lamp is lost, no file is written over, all is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.lighting.cli import app
from models.lighting.inventory import delimited
from models.lighting.inventory.build import from_inventory
from models.lighting.inventory.mapping import Mapping, checked
from tests.models.test_lighting_inventory import ROWS, written
from twin.errors import ConfigError, DataError


@pytest.mark.parametrize("command", ["import", "check"])
def test_an_inventory_is_never_written_over(tmp_path: Path, command: str) -> None:
    file = written(tmp_path, *ROWS)
    before = file.read_bytes()
    target = ["-o", str(tmp_path / "city")] if command == "import" else []
    run = CliRunner().invoke(app, [command, str(file), *target, "--report", str(file)])
    assert isinstance(run.exception, ConfigError)
    assert file.read_bytes() == before
    if command == "import":  # OUTPUT.csv is where the findings go
        run = CliRunner().invoke(app, [command, str(file), "-o", str(tmp_path / "lamps")])
        assert isinstance(run.exception, ConfigError)
        assert file.read_bytes() == before


def test_a_quote_that_is_not_closed_costs_no_lamp(tmp_path: Path) -> None:
    rows = [*ROWS]
    rows[5] = rows[5].replace("sodium", '"sodium')
    city, report = from_inventory(written(tmp_path, *rows), Mapping(), name="M")
    assert (report.read, report.kept, len(city["lamp"])) == (20, 20, 20)
    (found,) = report.findings
    assert (found.row, found.problem) == (7, "a quote is not closed")
    assert set(city["lamp"]["technology"]) == {"hps"}


def test_two_open_quotes_are_not_taken_for_one_field(tmp_path: Path) -> None:
    rows = [row.replace("sodium", '"sodium') if i in (5, 9) else row for i, row in enumerate(ROWS)]
    _, report = from_inventory(written(tmp_path, *rows), Mapping(), name="M")
    assert report.kept == 20
    assert [found.row for found in report.findings] == [7, 11]


def test_rows_with_more_or_fewer_fields_are_kept_and_told(tmp_path: Path) -> None:
    rows = [*ROWS]
    rows[3], rows[4] = rows[3].removesuffix(",8"), rows[4] + ",9,9"
    _, report = from_inventory(written(tmp_path, *rows), Mapping(), name="M")
    assert report.kept == 20
    told = {found.row: found.problem for found in report.findings if found.column == "row"}
    assert told == {5: "fewer fields than the head", 6: "more fields than the head"}


TEXT = st.text(st.sampled_from('ab" ,\n'), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_well_written_tables_are_read_as_they_were_written(rows: list[tuple[str, str]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    text = "one,two\n" + "".join(f"{quoted(a)},{quoted(b)}\n" for a, b in rows)
    _, found = delimited.records(text, ",")
    assert [tuple(row.fields) for row in found] == [r for r in rows if any(map(str.strip, r))]
    assert all(row.flaw is None for row in found)


@given(st.lists(st.text(st.sampled_from('ab",'), min_size=1), max_size=12))
def test_whatever_the_lines_each_is_in_a_row(lines: list[str]) -> None:
    _, found = delimited.records("\n".join(["one,two", *lines]), ",")
    numbers = [row.number for row in found]
    assert numbers == sorted(set(numbers))
    plain = [i for i, line in enumerate(lines, 2) if '"' not in line and line.strip(", ")]
    merged = sum(any("\n" in field for field in row.fields) for row in found)
    assert merged or set(plain) <= set(numbers)


def test_a_type_that_no_mapping_knows_is_told(tmp_path: Path) -> None:
    head = "id,longitude,latitude,type\n"
    rows = [f"l{i},{3.87 + i * 3e-4:.6f},43.61,LED 30" for i in range(5)]
    rows[2] = rows[2].replace("LED 30", "MUSHROOM")
    _, report = from_inventory(written(tmp_path, *rows, head=head), Mapping(), name="M")
    (found,) = report.findings
    assert (found.row, found.value, found.problem) == (4, "MUSHROOM", "unknown type")


def test_circuits_of_an_inventory_are_kept(tmp_path: Path) -> None:
    head = "id,longitude,latitude,cabinet,circuit\n"
    names = ["7", "8", "7", "north", ""]
    rows = [f"l{i},{3.87 + i * 3e-4:.6f},43.61,C,{name}" for i, name in enumerate(names)]
    city, _ = from_inventory(written(tmp_path, *rows, head=head), Mapping(), name="M")
    lamps = city["lamp"]
    order = lamps.rows(["l0", "l1", "l2", "l3", "l4"])  # type: ignore[arg-type]
    assert lamps["circuit"][order].tolist() == [7, 8, 7, 9, 10]
    assert lamps["circuit_name"][order].tolist() == names


def test_check_says_where_on_earth_the_lamps_lie(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["check", str(written(tmp_path, *ROWS))])
    assert "43.610° N, 3.873° E: time zone Europe/Paris, country FR" in run.output
    rows = [f"l{i},48.85,{2.35 + i * 3e-4:.6f}" for i in range(4)]
    swapped = written(tmp_path, *rows, head="id,longitude,latitude\n")
    run = CliRunner().invoke(app, ["check", str(swapped)])
    assert "are x and y swapped? Then 48.850° N" in run.output


def test_a_lamp_far_from_every_other_is_told_and_kept(tmp_path: Path) -> None:
    file = written(tmp_path, *ROWS, "far,3.90,43.65,100,sodium,8")
    _, report = from_inventory(file, Mapping(), name="M")
    assert report.kept == 21
    assert [(f.row, f.problem) for f in report.findings] == [(22, "far from every other lamp")]


def test_two_columns_of_one_name_and_a_negative_scale_are_refused(tmp_path: Path) -> None:
    head = "id,longitude,latitude,power,power,height\n"
    with pytest.raises(ConfigError, match="2 columns called 'power'"):
        from_inventory(written(tmp_path, *ROWS, head=head), Mapping(), name="M")
    with pytest.raises(ConfigError, match="greater than 0"):
        checked({"scale": {"power": -1}}, "mapping")


def test_entities_of_street_lights_are_lamps(tmp_path: Path) -> None:
    file = tmp_path / "lamps.json"
    file.write_text('[{"id": "a", "type": "Other"}]', encoding="utf-8")
    with pytest.raises(DataError, match="no entity is a Streetlight"):
        from_inventory(file, Mapping(), name="M")
