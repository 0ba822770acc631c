"""Recorded street lights, with the names of Smart Data Models, through the recorded sensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models.test_lighting_model import town
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.scenario import Scenario

SENSOR = """
name = "replayed"
city = "grid"
[period]
date = 2025-01-14
from = "00:00"
duration = "2h"
[model.lighting]
faulty_at_start = 0.0
[record]
every = "1m"
ports = ["lighting.power", "lighting.dimming", "lighting.cabinet_power"]
[[sensor]]
use = "recorded"
name = "telemetry"
file = "lights.csv"
columns = { entity = "id", time = "dateObserved" }
values = { "lighting.dimming" = "illuminanceLevel", "lighting.power" = "powerConsumption" }
[[sensor]]
use = "recorded"
name = "cabinets"
file = "cabinets.csv"
columns = { entity = "id", time = "dateObserved", value = "activePower" }
port = "lighting.cabinet_power"
scale = 1000
unit = "W"
[[policy]]
use = "lighting.as_recorded"
"""


def replayed(folder: Path, rows: list[str]) -> Outcome:
    city = town()
    cabinet = city["cabinet"].ids[0]
    head = "id,type,dateObserved,illuminanceLevel,powerConsumption\n"
    (folder / "lights.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "cabinets.csv").write_text(
        f"id,type,dateObserved,activePower\n"
        f"{cabinet},StreetlightControlCabinet,2025-01-14T00:30:00+02:00,1.25\n",
        encoding="utf-8",
    )
    (folder / "replayed.toml").write_text(SENSOR, encoding="utf-8")
    with Engine(Scenario.load(str(folder / "replayed.toml")), city, 1) as engine:
        return engine.run()


def test_lamps_are_dimmed_as_their_controller_did(tmp_path: Path) -> None:
    ids = town()["lamp"].ids
    rows = [
        f"{ids[0]},Streetlight,2025-01-14T00:30:00+02:00,0.4,15",
        f"{ids[0]},Streetlight,2025-01-14T01:30:00+02:00,0.8,24",
        f"{ids[1]},Streetlight,2025-01-14T00:30:00+02:00,0.5,17",
        "nobody,Streetlight,2025-01-14T00:30:00+02:00,0.1,5",
        f"{ids[2]},Streetlight,2025-01-14T00:30:00+02:00,,",
    ]
    out = replayed(tmp_path, rows)
    level = out.series["lighting.dimming"]
    assert level[20, 0] == 1.0  # nothing was known yet
    assert level[[45, 100], 0] == pytest.approx([0.4, 0.8])
    assert level[45, 1] == pytest.approx(0.5)
    assert (level[45, 2:] == 1.0).all()
    power = out.series["lighting.power"]
    rated = town()["lamp"]["power"][0]
    assert power[45, 0] == pytest.approx(rated * (0.145 + 0.855 * 0.4), rel=1e-6)
    quality = out.quality["telemetry"]
    assert quality.unknown_entity == 2  # of two quantities
    assert quality.missing == 2
    cabinets = [batch for batch in out.observations if batch.port == "lighting.cabinet_power"]
    assert np.concatenate([batch.value for batch in cabinets]).tolist() == [1250.0]


def test_cabinets_measure_their_lamps(tmp_path: Path) -> None:
    city = town()
    out = replayed(tmp_path, [f"{city['lamp'].ids[0]},Streetlight,2025-01-14T00:30:00+02:00,1,30"])
    sums = np.zeros(len(city["cabinet"]))
    np.add.at(sums, city.link("lamp", "cabinet").indices, city["lamp"]["power"])
    np.testing.assert_allclose(out.series["lighting.cabinet_power"][60], sums, rtol=1e-6)


def test_levels_that_cannot_be_are_told_and_give_full_light(tmp_path: Path) -> None:
    ids = town()["lamp"].ids
    rows = [
        f"{ids[row]},Streetlight,2025-01-14T00:30:00+02:00,{level},15"
        for row, level in enumerate((0.5, 50, -1))
    ]
    out = replayed(tmp_path, rows)
    assert out.series["lighting.dimming"][45, :3] == pytest.approx([0.5, 1.0, 1.0])
    (told,) = [text for text in out.warnings if "as_recorded" in text]
    assert "2 lamps" in told
    assert f"{ids[1]}: 50" in told
