"""A small city and run for the tests of sensors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.city import City, Place
from twin.city.table import Table
from twin.core.port import Port
from twin.core.time import Calendar, hours
from twin.sensors.observations import Observations
from twin.sensors.recorded import RecordedSensor

PORTS = {
    "bin.level": Port("bin.level", table="bin", unit="1"),
    "weather.temperature": Port("weather.temperature", table="city", unit="degC"),
    "weather.wind": Port("weather.wind", table="city", unit="m/s"),
    "bin.emptied": Port("bin.emptied", table="bin", unit="1", kind="event", fields=("row",)),
}


def city(ids: tuple[str, ...] = ("a", "b", "c"), timezone: str = "Europe/Helsinki") -> City:
    made = City("Testville", Place("EPSG:3067", 24.9, 60.2, timezone), Path("none.net.xml"))
    made.add(Table("bin", list(ids)))
    return made


def calendar(start: str = "2025-01-14T06:00", timezone: str = "Europe/Helsinki") -> Calendar:
    return Calendar.at(datetime.fromisoformat(start), timezone)


def sensor(file: Path, **parameters: Any) -> RecordedSensor:
    return RecordedSensor(
        "test", RecordedSensor.Parameters.model_validate({"file": file, **parameters})
    )


def live(
    source: RecordedSensor,
    town: City | None = None,
    at: Calendar | None = None,
    end: int = hours(4),
    ports: Mapping[str, Port] = PORTS,
) -> Observations:
    """Replay a whole recording; what the observations know at the end of the run."""
    town = town or city()
    source.prepare(town, at or calendar(), end, ports)
    seen = Observations()
    for port in source.ports:
        seen.open(port, len(town[ports[port].table]))
    last = 0
    for tick, batch in source.arrivals():
        assert last <= tick <= end
        assert batch.time_arrived == tick
        assert np.all(batch.time_observed <= tick)
        last = tick
        seen.take(batch)
    return seen
