"""A small town on a grid of streets, made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from twin.city.city import City, Place
from twin.city.table import Table

USES = ("residential", "residential", "residential", "office", "retail", "education", "other")


def town(blocks: int = 4, side: float = 90.0, every: float = 18.0, big: bool = True) -> City:
    """Streets around ``blocks`` × ``blocks`` blocks, with a building every ``every`` metres."""
    place = Place("EPSG:25832", 9.7, 50.87, "Europe/Berlin", "DE")
    city = City("town", place, Path("none.net.xml"))
    n = blocks + 1
    points = np.array([(x * side, y * side) for y in range(n) for x in range(n)])
    city.add(
        Table(
            "junction",
            [f"j{i}" for i in range(len(points))],
            {"signal": np.zeros(len(points), dtype=bool)},
            shapely.points(points),
        )
    )
    pairs = [(y * n + x, y * n + x + 1) for y in range(n) for x in range(blocks)]
    pairs += [(y * n + x, y * n + x + n) for y in range(blocks) for x in range(n)]
    both = np.array([p for a, b in pairs for p in ((a, b), (b, a))])
    lines = np.array([shapely.LineString(points[list(p)]) for p in both], dtype=object)
    count = len(both)
    city.add(
        Table(
            "edge",
            [f"e{i}" for i in range(count)],
            {
                "from_junction": both[:, 0],
                "to_junction": both[:, 1],
                "length": np.full(count, side),
                "road": np.full(count, "residential"),
            },
            lines,
        )
    )
    city.add(_buildings(points, both[::2], side, every, big))
    return city


def _buildings(
    points: np.ndarray, pairs: np.ndarray, side: float, every: float, big: bool
) -> Table:
    places = []
    for a, b in pairs:
        along = (points[b] - points[a]) / side
        across = np.array([-along[1], along[0]])
        for s in np.arange(every, side - every / 2, every):
            places.append(points[a] + along * s + across * 11.0)
    use = np.array([USES[i % len(USES)] for i in range(len(places))])
    area = np.where(use == "residential", 400.0, 600.0)
    if big:
        use[3], area[3] = "office", 20_000.0
    homes = use == "residential"
    geometry = np.array([shapely.box(x - 5, y - 5, x + 5, y + 5) for x, y in places], dtype=object)
    return Table(
        "building",
        [f"b{i}" for i in range(len(places))],
        {
            "use": use,
            "levels": np.full(len(places), 3),
            "footprint": area / 3,
            "floor_area": area,
            "people": np.where(homes, 8.0, 0.0),
            "jobs": np.where(homes, 0.0, area / 25.0),
        },
        geometry,
    )
