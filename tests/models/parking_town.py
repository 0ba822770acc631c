"""A handmade town with bays on every street, and its parking lived alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.parking.build import ParkingBuilder
from tests.models.street_city import grid
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.scenario import Scenario


def town(n: int = 5) -> City:
    """A grid whose streets have kerbs of 18 bays each."""
    city = grid(n)
    from twin.city.table import Table

    city.add(Table("city", np.array(["grid"])))
    ParkingBuilder().build(city, Features())
    return city


def scenario(hours: float = 3.0, start: str = "10:00", **parking: Any) -> Scenario:
    """A day of parking alone, by the profile."""
    return Scenario.from_dict(
        {
            "name": "parking",
            "city": "grid",
            "period": {"date": "2025-01-14", "from": start, "duration": f"{round(hours * 60)}m"},
            "model": {"parking": {"private": 0.0, **parking}},
            "record": {"every": "5m"},
        }
    )


def live(city: City, what: Scenario, seed: int = 1) -> Outcome:
    """Live it."""
    with Engine(what, city, seed) as engine:
        return engine.run()


def indicators(outcome: Outcome) -> dict[str, float]:
    """Values by name without the service."""
    return {i.name.removeprefix("parking."): value for i, value in outcome.indicators}
