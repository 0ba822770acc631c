"""A hand-made world in which the waste model lives without an engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from models.waste.events import TruckOut
from models.waste.model import Waste
from models.waste.policies import ByLevel
from twin.city.city import City
from twin.core.clock import Slot, ticker
from twin.core.random import Streams
from twin.core.time import Calendar, hours
from twin.core.wiring import wire
from twin.core.world import World
from twin.policy.view import View


def live(
    city: City,
    *,
    start: str = "2025-01-14T05:00",
    length: float = 12.0,
    seed: int = 1,
    rate: float = 1.0,
    period: int | None = None,
    prepare: Callable[[Waste], None] | None = None,
    policy: dict[str, Any] | None = None,
    event: dict[str, Any] | None = None,
    **parameters: Any,
) -> Waste:
    """Run; the rate at which households bring waste is ``rate`` times the expected one."""
    calendar = Calendar.at(datetime.fromisoformat(start), city.place.timezone)
    world = World(city, calendar, hours(length), simpy.Environment(), Streams(seed), Path("."))
    model = Waste(world, Waste.Parameters(**parameters))
    world.controls.ports.update({p.name: p for p in model.controls})
    wire([model], [], city, world.state)
    deposit = world.state["waste.deposit"]
    if "building" in city:
        link, building = city.link("building", "container").indices, city["building"]
        served = link >= 0
        np.add.at(deposit, link[served], building["people"][served] * rate / 24.0)
    model.setup()
    if prepare:
        prepare(model)
    slots = [Slot(period or model.period, model.step)]
    if policy is not None:
        slots.insert(0, _deciding(world, policy))
    if event is not None:
        happening = TruckOut(world, TruckOut.Parameters(**event))
        happening.setup()
        world.env.process(happening.process())
    clock = world.env.process(ticker(world.env, slots, world.end, None))
    for process in model.processes():
        world.env.process(process)
    world.env.run(until=clock)
    return model


def _deciding(world: World, parameters: dict[str, Any]) -> Slot:
    rule = ByLevel(world, ByLevel.Parameters(**parameters))
    view = View(world.state, world.observations, rule.sees, True)

    def decide(now: int) -> None:
        for action in rule.decide(now, view):
            world.controls.set(action.port, action.values, now=now, by=rule.name)

    return Slot(rule.period, decide)
