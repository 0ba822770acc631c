"""Street lights as entities of Smart Data Models: inventories and readings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models.lighting.cli import app
from models.lighting.inventory.build import from_inventory
from models.lighting.inventory.mapping import Mapping
from twin.errors import DataError

CONTEXT = "https://smartdatamodels.org/context.jsonld"
EXPANDED = "https://smartdatamodels.org/dataModel.Streetlighting/"


def lamp(i: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Streetlight:{i}",
        "type": "Streetlight",
        "@context": CONTEXT,
        "location": {"type": "Point", "coordinates": [3.87 + i * 3e-4, 43.61]},
        "lanternHeight": 8,
        "circuit": "C1",
        "refStreetlightModel": "urn:ngsi-ld:StreetlightModel:a",
        "refStreetlightControlCabinet": "urn:ngsi-ld:StreetlightControlCabinet:7",
        **more,
    }


MODEL = {
    "id": "urn:ngsi-ld:StreetlightModel:a",
    "type": "StreetlightModel",
    "maxPowerConsumption": 70,
    "lampTechnology": "HPS",
}


def normalized(entity: dict[str, Any]) -> dict[str, Any]:
    """The same entity in the other representation, one of its names expanded."""
    out: dict[str, Any] = {}
    for key, value in entity.items():
        if key in ("id", "type", "@context"):
            out[key] = value
        elif key == "location":
            out[key] = {"type": "GeoProperty", "value": value}
        elif key.startswith("ref"):
            out[key] = {"type": "Relationship", "object": value}
        else:
            name = EXPANDED + key if key == "lanternHeight" else key
            out[name] = {"type": "Property", "value": value, "observedAt": "2025-01-14T20:00:00Z"}
    return out


def written(folder: Path, content: Any, name: str = "lights.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize("plain", [True, False])
def test_an_inventory_of_entities_in_both_representations(tmp_path: Path, plain: bool) -> None:
    things = [MODEL, *(lamp(i) for i in range(12))]
    things = things if plain else [normalized(thing) for thing in things]
    file = written(tmp_path, {"@graph": things} if plain else things, "lights.jsonld")
    city, report = from_inventory(file, Mapping(), name="M")
    lamps = city["lamp"]
    assert (report.read, report.kept, report.counts()) == (12, 12, {})
    assert lamps.ids[3] == "urn:ngsi-ld:Streetlight:3"
    assert set(lamps["power"]) == {70.0}
    assert set(lamps["technology"]) == {"hps"}
    assert set(lamps["height"]) == {8.0}
    assert len(city["cabinet"]) == 1


def test_a_lamp_without_a_place_is_reported_and_keeps_its_number(tmp_path: Path) -> None:
    things = [MODEL, *(lamp(i) for i in range(5)), lamp(6, location=None)]
    _, report = from_inventory(written(tmp_path, things), Mapping(), name="M")
    assert (report.read, report.kept) == (6, 5)
    assert [(f.row, f.id[-1]) for f in report.findings] == [(7, "6")]


def test_geojson_is_still_a_layer(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "id": i, "properties": {"power": 50}, "geometry": lamp(i)["location"]}
        for i in range(5)
    ]
    file = written(tmp_path, {"type": "FeatureCollection", "features": features})
    assert len(from_inventory(file, Mapping(), name="M")[0]["lamp"]) == 5


@pytest.mark.parametrize("plain", [True, False])
def test_readings_become_the_table_of_a_recorded_sensor(tmp_path: Path, plain: bool) -> None:
    time = {"dateObserved": "2025-01-14T20:00:00Z"} if plain else {}
    things = [lamp(i, illuminanceLevel=0.5, powerConsumption=40 + i, **time) for i in range(2)]
    things = things if plain else [normalized(thing) for thing in things]
    file, out = written(tmp_path, [*things, lamp(9)]), tmp_path / "readings.csv"
    result = CliRunner().invoke(app, ["readings", str(file), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text(encoding="utf-8").splitlines()[:2] == [
        "id,dateObserved,illuminanceLevel,powerConsumption",
        "urn:ngsi-ld:Streetlight:0,2025-01-14T20:00:00Z,0.5,40",
    ]


def test_what_is_wrong_with_entities_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no entity is a Streetlight"):
        from_inventory(written(tmp_path, [MODEL]), Mapping(), name="M")
    broken = tmp_path / "broken.json"
    broken.write_text("[{", encoding="utf-8")
    with pytest.raises(DataError, match="not JSON"):
        from_inventory(broken, Mapping(), name="M")
