"""Sensors in a run: a recording drives a port that no model writes, a virtual sensor looks late."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.twin.sensing import city
from twin.core.engine import Engine
from twin.core.model import Model
from twin.core.port import Port
from twin.core.time import Tick, minutes
from twin.errors import DataError, WiringError
from twin.scenario import Scenario


class Thermometer(Model):
    """Copies the weather to its bins, and keeps what it met."""

    name = "bin"
    reads = (Port("weather.temperature", table="city", unit="degC"),)
    writes = (Port("bin.heat", table="bin", unit="degC"),)
    period = minutes(10)
    met: ClassVar[list[tuple[Tick, float]]] = []

    def setup(self) -> None:
        self.met.clear()

    def step(self, now: Tick) -> None:
        self["bin.heat"][:] = self["weather.temperature"][0]
        self.met.append((now, float(self["weather.temperature"][0])))


def scenario(folder: Path, **sensor: object) -> Scenario:
    (folder / "weather.csv").write_text(
        "time,value\n2025-01-14 05:59,-1\n2025-01-14 06:10,-2\n2025-01-14 06:15,\n"
    )
    file = folder / "weather.toml"
    recorded = {"use": "recorded", "name": "weather", "file": "weather.csv"}
    return Scenario.from_dict(
        {
            "name": "sensors",
            "city": "Testville",
            "period": {"date": "2025-01-14", "from": "06:00", "duration": "30m"},
            "model": {f"{__name__}:Thermometer": {}},
            "sensor": [
                {**recorded, "port": "weather.temperature", **sensor},
                {"use": "virtual", "name": "heat", "port": "bin.heat", "period": "10m"}
                | {"delay": "5m", "missing": 0.5},
            ],
        },
        file,
    )


def test_a_recording_drives_and_everything_is_accounted_for(tmp_path: Path) -> None:
    with Engine(scenario(tmp_path), city(), seed=1) as engine:
        outcome = engine.run()
    assert Thermometer.met == [
        (0, -1.0),
        (minutes(10), -2.0),
        (minutes(20), -2.0),
        (minutes(30), -2.0),
    ]
    weather, heat = outcome.quality["weather"], outcome.quality["heat"]
    assert (weather.received, weather.bad, weather.missing) == (3, 1, 1)
    # The look at the end arrives after it: three looks at three bins came in, or were lost.
    assert heat.received + heat.lost == 9
    for batch in outcome.observations:
        if batch.source == "heat":
            assert np.all(batch.time_observed + minutes(5) == batch.time_arrived)


def test_the_same_seed_sees_the_same(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with Engine(scenario(tmp_path), city(), seed=4) as engine:
            seen.append(engine.run().observations)
    for first, second in zip(*seen, strict=True):
        assert np.array_equal(first.rows, second.rows)
        assert np.array_equal(first.value, second.value, equal_nan=True)


def test_a_wrong_sensor_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(WiringError, match="'K'"):
        Engine(scenario(tmp_path, unit="K"), city(), seed=1)
    with pytest.raises(DataError, match=r"gone\.csv"):
        Engine(scenario(tmp_path, file=str(tmp_path / "gone.csv")), city(), seed=1)
