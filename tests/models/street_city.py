"""A handmade town: a grid of streets of 120 m in both directions, a block in each square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.table import Table

SIDE = 120.0


def grid(n: int = 4, *, lit: str = "yes", road: str = "residential", houses: bool = True) -> City:
    """A town of n × n junctions."""
    places = [(x * SIDE, y * SIDE) for x in range(n) for y in range(n)]
    pairs = [(x * n + y, x * n + y + n) for x in range(n - 1) for y in range(n)]
    pairs += [(x * n + y, x * n + y + 1) for x in range(n) for y in range(n - 1)]
    city = City("grid", Place("EPSG:32635", 24.94, 60.17, "Europe/Helsinki", "FI"), Path("none"))
    city.add(Table("junction", [f"j{i}" for i in range(n * n)], geometry=shapely.points(places)))
    city.add(_edges(places, pairs, lit, road))
    blocks = range(n - 1) if houses else range(0)
    boxes = [
        shapely.box(x * SIDE + 20, y * SIDE + 20, x * SIDE + 100, y * SIDE + 100)
        for x in blocks
        for y in blocks
    ]
    ids = np.array([f"b{i}" for i in range(len(boxes))], dtype=np.str_)
    geometry = np.empty(len(boxes), dtype=np.object_)
    geometry[:] = boxes
    city.add(Table("building", ids, {"people": np.full(len(boxes), 100.0)}, geometry))
    return city


def _edges(
    places: list[tuple[float, float]], pairs: list[tuple[int, int]], lit: str, road: str
) -> Table:
    both = [pair for a, b in pairs for pair in ((a, b), (b, a))]
    n = len(both)
    columns: dict[str, Any] = {
        "from_junction": np.array([a for a, _ in both]),
        "to_junction": np.array([b for _, b in both]),
        "length": np.full(n, SIDE),
        "lanes": np.ones(n, dtype=np.int32),
        "speed": np.full(n, 13.9),
        "road": np.full(n, road, dtype="U20"),
        "name": np.full(n, ""),
        "lit": np.full(n, lit, dtype="U8"),
        "car": np.ones(n, dtype=np.bool_),
        "capacity": np.full(n, 600.0),
    }
    lines = shapely.linestrings([[places[a], places[b]] for a, b in both])
    return Table("edge", [f"{a}-{b}" for a, b in both], columns, lines)


def features(*objects: tuple[dict[str, str], Any]) -> Features:
    """Features from pairs of tags and geometry."""
    geometry = np.empty(len(objects), dtype=np.object_)
    geometry[:] = [shape for _, shape in objects]
    ids = [f"n{i}" for i in range(len(objects))]
    return Features(ids, [tags for tags, _ in objects], geometry)
