"""A handmade town with homes, shops, offices, a school and two gateways, and lives in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
import simpy

from models.citizens.model import Citizens
from twin.city.city import City, Place
from twin.city.table import Table
from twin.core.clock import Slot, ticker
from twin.core.random import Streams
from twin.core.time import Calendar, Tick, hours
from twin.core.wiring import wire
from twin.core.world import World

SIDE = 250.0
USES = ("residential", "residential", "retail", "residential", "office", "education")


def town(n: int = 6, *, people: int = 60, jobs: int = 120, gateways: bool = True) -> City:
    """A grid of ``n`` × ``n`` junctions, a building in each square, a road out to west and east."""
    spots = [(x * SIDE, y * SIDE) for x in range(n) for y in range(n)]
    pairs = [(x * n + y, x * n + y + n) for x in range(n - 1) for y in range(n)]
    pairs += [(x * n + y, x * n + y + 1) for x in range(n) for y in range(n - 1)]
    if gateways:
        west, east = n // 2, (n - 1) * n + n // 2
        spots += [(-SIDE, spots[west][1]), (n * SIDE, spots[east][1])]
        pairs += [(n * n, west), (n * n + 1, east)]
    city = City("town", Place("EPSG:32635", 24.94, 60.17, "Europe/Helsinki", "FI"), Path("none"))
    ids = [f"j{i}" for i in range(len(spots))]
    city.add(Table("junction", ids, geometry=shapely.points(spots)))
    city.add(_edges(spots, pairs))
    city.add(_buildings(n, people, jobs))
    return city


def _edges(spots: list[tuple[float, float]], pairs: list[tuple[int, int]]) -> Table:
    both = [pair for a, b in pairs for pair in ((a, b), (b, a))]
    k = len(both)
    return Table(
        "edge",
        [f"{a}-{b}" for a, b in both],
        {
            "from_junction": np.array([a for a, _ in both]),
            "to_junction": np.array([b for _, b in both]),
            "length": np.full(k, SIDE),
            "speed": np.full(k, 11.1),
            "road": np.full(k, "primary"),
            "car": np.ones(k, dtype=np.bool_),
            "capacity": np.full(k, 900.0),
        },
        shapely.linestrings([[spots[a], spots[b]] for a, b in both]),
    )


def _buildings(n: int, people: int, jobs: int) -> Table:
    squares = [(x, y) for x in range(n - 1) for y in range(n - 1)]
    use = np.array([USES[i % len(USES)] for i in range(len(squares))], dtype=np.str_)
    boxes = np.empty(len(squares), dtype=np.object_)
    boxes[:] = [
        shapely.box(x * SIDE + 40, y * SIDE + 40, x * SIDE + 200, y * SIDE + 200)
        for x, y in squares
    ]
    work = {"retail": jobs // 3, "office": jobs, "education": jobs // 10}
    columns = {
        "use": use,
        "floor_area": np.full(len(squares), 3000.0),
        "people": np.where(use == "residential", people, 0),
        "jobs": np.array([work.get(str(u), 0) for u in use]),
    }
    return Table("building", [f"b{i}" for i in range(len(squares))], columns, boxes)


@dataclass
class Life:
    """What is left of a run."""

    model: Citizens
    world: World
    trips: npt.NDArray[np.float64]
    """(n, 4) depart, origin, destination, person."""
    present: npt.NDArray[np.float64]
    """(steps, n_building)"""
    waste: npt.NDArray[np.float64]
    parked: npt.NDArray[np.float64]
    indicators: dict[str, float]


def live(
    city: City,
    *,
    start: str = "2025-01-21T05:00",
    length: float = 5.0,
    seed: int = 1,
    each: Callable[[Citizens, Tick], None] | None = None,
    prepare: Callable[[World], None] | None = None,
    **parameters: object,
) -> Life:
    """Live some hours; ``each`` is called before every step, ``prepare`` before the first."""
    calendar = Calendar.at(datetime.fromisoformat(start), city.place.timezone)
    world = World(city, calendar, hours(length), simpy.Environment(), Streams(seed), Path("."))
    model = Citizens(world, Citizens.Parameters.model_validate(parameters))
    wire([model], [], city, world.state)
    world.controls.ports.update({p.name: p for p in model.controls})
    world.state.queues["citizens.trips"].subscribe("test")
    model.setup()
    if prepare:
        prepare(world)
    seen: list[list[npt.NDArray[np.float64]]] = [[], [], []]

    def step(now: Tick) -> None:
        if each:
            each(model, now)
        model.step(now)
        for keep, port in zip(seen, ("present", "waste", "parked"), strict=True):
            keep.append(model[f"citizens.{port}"].copy())

    world.env.run(world.env.process(ticker(world.env, [Slot(model.period, step)], world.end)))
    batch = world.state.queues["citizens.trips"].take("test")
    fields = ("depart", "origin", "destination", "person")
    columns = [np.array(keep) for keep in seen]
    trips = np.stack([batch[key] for key in fields], axis=1)
    return Life(model, world, trips, *columns, dict(model.measure()))
