"""What `record` promises: a recording that replays what was recorded, and says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.twin.sensing import calendar, city, live, sensor
from twin.core.time import hours
from twin.errors import ConfigError, DataError
from twin.sensors.observations import BAD
from twin.sensors.record import SUFFIXES, PortReadings, record

TIMES = [0, hours(1), hours(2)]
LEVELS = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, 0.6], [0.7, 0.8, 0.9]], dtype=np.float32)


def readings() -> list[PortReadings]:
    town = city()
    return [
        PortReadings.from_series("bin.level", "1", TIMES, town["bin"].ids, LEVELS),
        PortReadings.from_series(
            "weather.wind", "m/s", TIMES, town["city"].ids, np.array([[1.0], [2.0], [3.0]])
        ),
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_replays_what_was_recorded(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"made{suffix}"
    record(file, readings(), calendar(), scenario="test/base", seed=3)
    both = {"bin.level": "bin.level", "weather.wind": "weather.wind"}
    seen = live(sensor(file, values=both))
    levels = [batch for batch in seen.archive if batch.port == "bin.level"]
    assert [batch.time_arrived for batch in levels] == TIMES
    replayed = np.array([batch.value for batch in levels])
    assert np.allclose(replayed, LEVELS, rtol=1e-6, equal_nan=True)
    assert levels[1].quality.tolist() == [0, BAD, 0]
    assert seen.latest("weather.wind").value.tolist() == [3.0]
    alone = live(sensor(file, port="weather.wind"))
    assert alone.quality["test"].received == 3


def test_the_sidecar_says_that_it_is_synthetic(tmp_path: Path) -> None:
    sidecar = record(tmp_path / "a.csv", readings(), calendar(), scenario="test/base", seed=3)
    said = json.loads(sidecar.read_text())
    assert said["synthetic"] is True
    assert (said["scenario"], said["seed"]) == ("test/base", 3)
    assert said["ports"]["bin.level"] == {"unit": "1", "entities": 3, "readings": 9}
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "a.csv.json"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_readings_give_equal_bytes(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / folder / f"a{suffix}" for folder in ("one", "two")]
    for file in files:
        record(file, readings(), calendar(), scenario="x", seed=1)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_cannot_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.parquet"):
        record(tmp_path / "a.xlsx", readings(), calendar(), scenario="x", seed=1)
    with pytest.raises(DataError):
        record(tmp_path / "a.csv", [], calendar(), scenario="x", seed=1)
    with pytest.raises(DataError, match="shape"):
        PortReadings.from_series("bin.level", "1", TIMES, city()["bin"].ids, LEVELS[:2])
    assert list(tmp_path.iterdir()) == []
