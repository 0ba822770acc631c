"""Inventories of lamps: read, cleaned with every row accounted for, made into a city."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.lighting.build import LightingBuilder
from models.lighting.cli import app
from models.lighting.inventory.build import from_inventory, into
from models.lighting.inventory.chains import chain_of, chains
from models.lighting.inventory.mapping import Mapping, checked, read_mapping
from models.lighting.luminaires import named
from tests.data import shared
from tests.models.street_city import grid
from tests.models.test_lighting_model import live, values
from twin.city.city import City
from twin.city.features import Features
from twin.errors import ConfigError, DataError

HEAD = "id,longitude,latitude,power,technology,height\n"
ROWS = [f"l{i},{3.87 + i * 3e-4:.6f},43.61,100,sodium,8" for i in range(20)]


def written(folder: Path, *rows: str, head: str = HEAD) -> Path:
    file = folder / "lamps.csv"
    file.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_a_clean_inventory_is_a_city_of_lamps_and_streets(tmp_path: Path) -> None:
    city, report = from_inventory(written(tmp_path, *ROWS), Mapping(), name="M")
    lamps = city["lamp"]
    assert (report.read, report.kept, report.findings) == (20, 20, [])
    assert set(lamps["technology"]) == {"hps"}
    assert set(lamps["power"]) == {100.0}
    assert set(lamps["optics"]) == {"sodium"}
    assert city.place.timezone == "Europe/Paris"
    step = float(np.hypot(*np.diff(lamps.points[:2], axis=0)[0]))
    assert city["edge"]["length"].sum() == pytest.approx(20 * step, rel=0.06)
    assert (city.link("lamp", "edge").indices >= 0).all()
    assert len(city["cabinet"]) == 1


def test_a_city_of_an_inventory_leaves_no_files_behind(tmp_path: Path) -> None:
    city, _ = from_inventory(written(tmp_path, *ROWS), Mapping(), name="M")
    folder = city.network.parent
    assert folder.exists()
    del city
    gc.collect()
    assert not folder.exists()


BAD = {
    "no coordinates": "x1,,43.61,100,led,8",
    "far from the city": "x1,4.87,43.61,100,led,8",
    "the same lamp twice": "l3,3.870900,43.61,100,led,8",
    "an id of two lamps": "l3,3.8712,43.6105,100,led,8",
    "no id": ",3.8712,43.6105,100,led,8",
    "no power": "x1,3.8712,43.6105,,led,8",
    "negative power": "x1,3.8712,43.6105,-70,led,8",
    "power is no number": "x1,3.8712,43.6105,lots,led,8",
    "power out of range": "x1,3.8712,43.6105,70000,led,8",
    "unknown technology": "x1,3.8712,43.6105,100,candle,8",
    "no technology": "x1,3.8712,43.6105,100,,8",
    "negative height": "x1,3.8712,43.6105,100,led,-8",
    "shares its place with another": "x1,3.870900,43.61,100,led,8",
}


@pytest.mark.parametrize("problem", BAD)
def test_a_bad_row_is_reported_with_its_line_and_cleaned(tmp_path: Path, problem: str) -> None:
    city, report = from_inventory(written(tmp_path, *ROWS, BAD[problem]), Mapping(), name="M")
    assert report.counts() == {problem: 1}
    assert report.findings[0].row == 22  # the line of the file
    left_out = report.findings[0].action == "left out"
    assert report.kept == len(city["lamp"]) == (20 if left_out else 21)
    assert len(set(city["lamp"].ids)) == len(city["lamp"])
    assert (city["lamp"]["power"] > 0.0).all()
    assert (city["lamp"]["height"] > 0.0).all()


cell = st.sampled_from(
    ["", "0", "-1", "nan", "inf", "x", "3.8705", "43.61", "100", "led", "l1", "é"]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[cell] * 6).map(",".join), min_size=1, max_size=8))
def test_whatever_the_rows_all_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    file = written(tmp_path_factory.mktemp("any"), *ROWS, *rows)
    city, report = from_inventory(file, Mapping(), name="M")
    told = {finding.row for finding in report.findings if finding.action == "left out"}
    blank = sum(not row.replace(",", "").strip() for row in rows)
    assert report.read == 20 + len(rows) - blank
    assert report.removed == len(told)
    assert len(city["lamp"]) == report.kept
    for column in ("power", "height", "flux"):
        assert np.isfinite(city["lamp"][column]).all()
        assert (city["lamp"][column] > 0.0).all()


def test_geojson_with_the_names_of_smart_data_models(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [3.87 + i * 4e-4, 43.61]},
            "properties": {
                "id": f"urn:ngsi-ld:Streetlight:{i}",
                "lampTechnology": "LED",
                "maxPowerConsumption": 42,
                "lanternHeight": 9,
                "refStreetlightControlCabinet": f"cab{i // 6}",
            },
        }
        for i in range(12)
    ]
    file = tmp_path / "lamps.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    city, report = from_inventory(file, Mapping(), name="M")
    assert report.findings == []
    assert set(city["lamp"]["power"]) == {42.0}
    assert city["cabinet"].ids.tolist() == ["cab0", "cab1"]
    assert city["cabinet"]["lamps"].tolist() == [6, 6]


def test_a_mapping_names_columns_words_and_coordinates(tmp_path: Path) -> None:
    head = "numero;X;Y;kW;source;annee;modele\n"
    rows = [f"{i};{770000 + 25 * i};6279000;0,15;SHP;2009;BORNE" for i in range(9)]
    file = written(tmp_path, *rows, "9;770225;6279000;0,15;SHP;2009;CHOSE", head=head)
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'crs = "EPSG:2154"\ndecimal = ","\nsurveyed = 2013\nscale = { power = 1000 }\n'
        '[columns]\nid = "numero"\npower = "kW"\nsource = "source"\ntype = "modele"\n'
        '[technologies]\nSHP = "hps"\n[types.borne]\noptics = "bollard"\nheight = 1\n'.replace(
            'source = "source"', 'technology = "source"'
        )
    )
    city, report = from_inventory(file, read_mapping(mapping), name="M")
    lamps = city["lamp"]
    assert report.counts() == {"unknown type": 1}
    np.testing.assert_allclose(lamps["power"], 150.0)
    assert set(lamps["technology"]) == {"hps"}
    assert set(lamps["age"]) == {16_000.0}
    assert (lamps["optics"] == "bollard").sum() == 9
    assert city.place.longitude == pytest.approx(3.87, abs=0.05)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("LED_40W", "led"), ("led", "led"), ("SON-T 70", "hps"), ("Sodium Haute Pression", "hps"),
        ("HPS", "hps"), ("iodures métalliques", "metal halide"), ("CDM-T", "metal halide"),
        ("high_pressure_mercury", "mercury"), ("ballon fluo", "mercury"), ("CFL", "fluorescent"),
        ("tube fluorescent", "fluorescent"), ("chandelle", ""), ("", ""), ("person", ""),
    ],
)  # fmt: skip
def test_words_for_technologies(text: str, kind: str) -> None:
    assert named(text) == kind


def test_the_year_of_installation_is_an_age_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    head = "id,longitude,latitude,power,technology,height,year\n"
    dates = ["2009", "01/05/2009", "2009-05-01T00:00:00Z", "soon", "2031", ""]
    rows = [f"{row},{year}" for row, year in zip(ROWS, dates, strict=False)]
    file = written(tmp_path, *rows, head=head)
    city, report = from_inventory(file, Mapping(surveyed=2013), name="M")
    assert city["lamp"]["age"].tolist() == [16_000.0] * 3 + [-1.0] * 3
    assert report.counts() == {"no year": 1, "year is no year": 1, "year out of range": 1}


def test_what_cannot_be_read_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not there"):
        from_inventory(tmp_path / "none.csv", Mapping(), name="M")
    with pytest.raises(DataError, match="no rows"):
        from_inventory(written(tmp_path), Mapping(), name="M")
    with pytest.raises(ConfigError, match="'x'"):
        from_inventory(written(tmp_path, "a,b", head="id,power\n"), Mapping(), name="M")
    with pytest.raises(ConfigError, match="watt"):
        from_inventory(
            written(tmp_path, *ROWS), checked({"columns": {"power": "watt"}}, "m"), name="M"
        )
    with pytest.raises(ConfigError, match="colour"):
        checked({"columns": {"colour": "c"}}, "m")
    with pytest.raises(ConfigError, match="crs"):
        from_inventory(written(tmp_path, *ROWS), Mapping(crs="EPSG:0"), name="M")
    with pytest.raises(DataError, match="on Earth"):
        from_inventory(written(tmp_path, "a,,,1,led,8"), Mapping(), name="M")
    (tmp_path / "lamps.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read"):
        from_inventory(tmp_path / "lamps.zip", Mapping(), name="M")


def test_lamps_of_a_city_are_replaced_and_lit(tmp_path: Path) -> None:
    from pyproj import Transformer

    city = grid()
    LightingBuilder().build(city, Features())
    back = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    places = [back.transform(x, 4.0) for x in np.arange(10.0, 350.0, 20.0)]
    rows = [f"n{i},{x:.7f},{y:.7f},60,LED,7" for i, (x, y) in enumerate(places)]
    report = into(city, written(tmp_path, *rows), Mapping())
    assert report.kept == len(city["lamp"]) == 17
    assert (city.link("lamp", "edge").indices >= 0).all()
    assert values(live(city))["energy"] == pytest.approx(17 * 60.0 * 4 / 1000)


def test_chains_follow_a_street_and_part_where_streets_meet() -> None:
    along = np.column_stack((np.arange(-5, 6) * 20.0, np.zeros(11)))
    across = np.column_stack((np.full(5, 0.0), np.arange(1, 6) * 20.0))
    found = chains(np.vstack((along, across)))
    assert sorted(found.length.round()) == [120.0, 120.0, 120.0]
    assert set(found.spacing.round(6)) == {20.0}
    beside = np.array([[100.0, 12.0], [300.0, 0.0]])
    of = chain_of(found, np.vstack((along, beside)), np.array([True] * 11 + [False] * 2))
    assert (of[:11] >= 0).all()
    assert of[11] == of[10]
    assert of[12] == -1
    assert len(chains(along[:1]).paths) == 0
    assert len(chains(np.array([[0.0, 0.0], [500.0, 0.0]])).paths) == 0


def test_the_command_imports_and_writes_its_findings(tmp_path: Path) -> None:
    file = written(tmp_path, *ROWS, BAD["negative power"])
    bundle = tmp_path / "city"
    found = CliRunner().invoke(app, ["import", str(file), "-o", str(bundle)])
    assert found.exit_code == 0, found.output
    assert "21 rows read, 21 kept, 0 left out" in found.output
    lines = (tmp_path / "city.csv").read_text().splitlines()
    assert lines == ["row,id,column,value,problem,action",
                     "22,x1,power,-70,negative power,inferred by rule"]  # fmt: skip
    assert len(City.load(bundle)["lamp"]) == 21
    assert CliRunner().invoke(app, ["check", str(file)]).exit_code == 0


def test_montpellier() -> None:
    file = shared("city/montpellier/street_lights.zip")
    mapping = checked({"technology": "hps", "columns": {"type": "type_lante"}}, "test")
    city, report = from_inventory(file, mapping, name="Montpellier")
    assert report.read == report.kept == len(city["lamp"]) == 29_969
    told = {"shares its place with another", "unknown type", "no type"}  # no [types] here
    assert set(report.counts()) == told
    assert city.place.latitude == pytest.approx(43.61, abs=0.02)
    assert 400 < city["edge"]["length"].sum() / 1000.0 < 900
    assert (city.link("lamp", "edge").indices >= 0).mean() > 0.95
    assert city["cabinet"]["lamps"].max() <= 60
