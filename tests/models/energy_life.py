"""An energy model alone in a world whose inputs a test sets by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import simpy

from models.energy.build import GridBuilder
from models.energy.model import Energy
from tests.models.energy_town import town
from twin.city.city import City
from twin.city.features import Features
from twin.core.random import Streams
from twin.core.time import Calendar, minutes
from twin.core.wiring import wire
from twin.core.world import World

TUESDAY = datetime(2025, 1, 14)


def built(**options: float) -> City:
    city = town(**options)
    GridBuilder().build(city, Features())
    return city


def living(city: City, start: datetime = TUESDAY, **parameters: object) -> Energy:
    world = World(
        city=city,
        calendar=Calendar.at(start, city.place.timezone),
        end=minutes(1440),
        env=simpy.Environment(initial_time=0),
        streams=Streams(1),
        scratch=Path("none"),
    )
    model = Energy(world, Energy.Parameters(**parameters))
    world.controls.ports.update({port.name: port for port in model.controls})
    wire([model], [], city, world.state)
    model.setup()
    return model


def run(model: Energy, hours: float, every: float = 15.0) -> Energy:
    for now in range(0, minutes(hours * 60) + 1, minutes(every)):
        model.step(now)
    return model


def bus_power(model: Energy) -> np.ndarray:
    """What buildings and others draw at each bus, W."""
    own = np.bincount(
        model.city.link("building", "bus").indices,
        weights=model["energy.building_power"],
        minlength=len(model.city["bus"]),
    )
    return own + model["energy.bus_load"]
