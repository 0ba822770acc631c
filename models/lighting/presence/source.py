"""Who gives the presence of a run: vehicles and walkers one by one, or the flows of the streets."""

from __future__ import annotations

from typing import Any, Literal

from models.lighting.groups import Streets
from models.lighting.presence.followed import Followed
from models.lighting.presence.lampwise import Lampwise
from models.lighting.presence.passers import Passers, Streetwise
from twin.city.city import City
from twin.core.port import Port
from twin.core.random import Streams
from twin.core.world import World
from twin.errors import ConfigError

PASSAGES = Port(
    "traffic.passages",
    "edge",
    "veh",
    "event",
    fields=("time", "vehicle", "edge", "place", "speed"),
)
WALKS = Port(
    "citizens.walks",
    "edge",
    "person",
    "event",
    fields=("time", "walk", "edge", "place", "speed", "back"),
)
WAITING = "lighting.resting"
"""The control that lets lamps wait for somebody."""
Source = Literal["vehicles", "flows", "streets"]


def source(world: World, wanted: str) -> Source:
    """Who lights the lamps of a run, as the parameter ``presence`` says.

    Raises
    ------
    ConfigError
        It asks for vehicles, and no model of the run gives them.
    """
    given = PASSAGES.name in world.written
    if wanted == "auto":
        return "vehicles" if given else "flows"
    if wanted == "vehicles" and not given:
        raise ConfigError(
            'presence = "vehicles", but no model of this scenario says who enters which street',
            where="model.lighting.presence",
            allowed='"auto", "flows" or "streets"',
            mend=f"add a model that writes {PASSAGES.name}, such as [model.traffic]",
        )
    return wanted  # type: ignore[return-value]


def spared(world: World, wanted: str) -> tuple[str, ...]:
    """Ports of single vehicles and walkers that nobody need fill for the lamps of a run."""
    found = source(world, wanted)
    if WAITING in world.controlled and found == "vehicles":
        return ()
    return (PASSAGES.name, WALKS.name)


def passers(city: City, streets: Streets, world: World, rules: Any) -> Passers:
    """Those who light the lamps of a run."""
    streams: Streams = world.streams
    kind = source(world, rules.presence)
    if WAITING not in world.controlled or kind == "flows":
        return Lampwise(city, streets, streams, rules)
    if kind == "streets":
        return Streetwise(city, streets, streams, rules)
    return Followed(city, streets, streams, rules, walks=WALKS.name in world.written)
