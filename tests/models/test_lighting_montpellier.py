"""Montpellier's what-ifs, from the scenarios that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import ROOT, shared
from tests.models.test_lighting_model import values
from twin.city.city import City
from twin.core.engine import Engine
from twin.errors import DataError
from twin.scenario import Scenario
from twin.scenario.recipe import load_city

NIGHT = {"period.from": "23:30", "period.duration": "2h"}


@pytest.fixture(scope="module")
def montpellier(tmp_path_factory: pytest.TempPathFactory) -> City:
    shared("city/montpellier/street_lights.zip")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITYTWIN_DATA", str(ROOT))
        patch.setenv("CITYTWIN_HOME", str(tmp_path_factory.mktemp("home")))
        return load_city("montpellier")


def lived(city: City, name: str) -> dict[str, float]:
    scenario = Scenario.load(f"montpellier/{name}").changed(NIGHT)
    with Engine(scenario, city, 1) as engine:
        return values(engine.run())


def test_the_what_ifs_save_and_say_at_what_light(montpellier: City) -> None:
    names = ("part-night", "by-traffic", "by-class", "on-demand", "led-renewal")
    base = lived(montpellier, "baseline")
    found = {name: lived(montpellier, name) for name in names}
    assert all(out["energy"] < 0.9 * base["energy"] for out in found.values())
    assert found["on-demand"]["energy"] < found["led-renewal"]["energy"]
    assert found["by-class"]["class_kept"] > found["by-traffic"]["class_kept"]
    assert 3.0 < found["led-renewal"]["payback"] < 30.0
    assert base["failures"] + base["faulty_share"] > 0.0


def test_without_its_data_the_city_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTWIN_DATA", str(tmp_path))
    monkeypatch.setenv("CITYTWIN_HOME", str(tmp_path))
    with pytest.raises(DataError, match="Montpellier"):
        load_city("montpellier")
