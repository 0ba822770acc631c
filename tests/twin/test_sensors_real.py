"""Recorded sensors on real recordings, defects and all."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import shared
from tests.twin.sensing import calendar, city, live, sensor
from twin.core.port import Port
from twin.core.time import hours
from twin.sensors.observations import Quality
from twin.sensors.recorded import RecordedSensor

PARKED = Port("park.occupied", table="bin", unit="veh")


def column(file: Path, name: str) -> list[str]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        return [row[name] for row in csv.DictReader(stream)]


def told(quality: Quality) -> int:
    return quality.received + quality.outside + quality.untimed


def parking(file: Path, **parameters: Any) -> RecordedSensor:
    return sensor(
        file,
        port=PARKED.name,
        columns={"entity": "SystemCodeNumber", "value": "Occupancy", "time": "LastUpdated"},
        time={"timezone": "Europe/London"},
        **parameters,
    )


def test_birmingham_car_parks_live_again_in_another_year_and_zone() -> None:
    file = shared("sensors/parking/birmingham_2016.csv.gz")
    parks = tuple(dict.fromkeys(column(file, "SystemCodeNumber")))
    week = calendar("2025-01-14T00:00")
    source = parking(file, align="time_of_day")
    seen = live(source, city(parks), week, hours(7 * 24), {PARKED.name: PARKED})
    quality = seen.quality["test"]
    assert told(quality) == len(column(file, "Occupancy"))
    assert quality.duplicate > 0
    # The first recorded Tuesday is 4 October; its first reading is of 7:46 on the clock.
    assert "2025-01-14 07:46" in source.warnings[0]
    assert np.isfinite(seen.latest(PARKED.name).value).sum() >= 28


def test_birmingham_values_that_cannot_be_are_bad() -> None:
    file = shared("sensors/parking/birmingham_2016.csv.gz")
    values = np.array(column(file, "Occupancy"), dtype=np.float64)
    parks = tuple(dict.fromkeys(column(file, "SystemCodeNumber")))
    start = calendar("2016-10-01T00:00", "Europe/London")
    source = parking(file, valid=[0, 4000], stuck_after=12)
    seen = live(source, city(parks), start, hours(60 * 24), {PARKED.name: PARKED})
    quality = seen.quality["test"]
    assert quality.received == len(values)
    assert quality.bad == quality.out_of_range == np.count_nonzero((values < 0) | (values > 4000))
    assert quality.bad > 0
    assert quality.stuck > 0


def test_edinburgh_bins_give_levels_of_their_capacity() -> None:
    file = shared("sensors/waste/edinburgh_bins_2016.csv.gz")
    sites = tuple(dict.fromkeys(column(file, "site_id")))
    port = Port("bin.level", table="bin", unit="1")
    source = sensor(
        file,
        port="bin.level",
        columns={"entity": "site_id", "value": "fill_before", "time": "collected_at"},
        scale=0.008,
        unit="1",
        valid=[0.0, 1.25],
    )
    town = city(sites[1:], "Europe/London")
    seen = live(
        source, town, calendar("2016-06-10T00:00", "Europe/London"), hours(72), {port.name: port}
    )
    quality = seen.quality["test"]
    assert told(quality) == len(column(file, "site_id"))
    level = seen.latest("bin.level").value
    assert 0.2 < np.nanmean(level) < 0.8
    assert np.isfinite(level).sum() > 200


def test_marylebone_wind_and_air_as_one_wide_file() -> None:
    file = shared("sensors/air/marylebone_1998_2003.csv.gz")
    names = {"ws": "m/s", "no2": "ppb", "pm25": "ug/m3"}
    ports = {f"air.{n}": Port(f"air.{n}", table="city", unit=u) for n, u in names.items()}
    source = sensor(
        file,
        values={f"air.{n}": {"column": n, "unit": u} for n, u in names.items()},
        columns={"time": "date"},
        time={"timezone": "UTC"},
        valid=[0, 2000],
    )
    seen = live(source, city(), calendar("2001-03-25T00:00", "Europe/London"), hours(24), ports)
    quality = seen.quality["test"]
    assert told(quality) == 3 * len(column(file, "date"))
    # Summer time began on that day: the clock of the recording did not jump, so 25 readings arrive.
    arrived = [b.time_arrived for b in seen.archive if b.port == "air.ws"]
    assert arrived == [hours(i) for i in range(25)]
    assert seen.latest("air.ws").value[0] == pytest.approx(
        float(column(file, "ws")[column(file, "date").index("2001-03-26 00:00:00")])
    )
    gaps = live(source, city(), calendar("1998-01-01T00:00", "Europe/London"), hours(24), ports)
    assert gaps.quality["test"].missing == gaps.quality["test"].bad > 25
