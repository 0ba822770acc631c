"""A grid city small enough to reason about: 6 x 6 junctions, two-way streets of 100 m."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from models.waste.build import WasteBuilder
from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.table import Table

N = 6


def network(n: int = N, spacing: float = 100.0) -> City:
    city = City(
        "grid", Place("EPSG:3067", 24.9, 60.2, "Europe/Helsinki", "FI"), Path("grid.net.xml")
    )
    points = [(x * spacing, y * spacing) for y in range(n) for x in range(n)]
    city.add(
        Table(
            "junction",
            [f"j{i}" for i in range(n * n)],
            {"signal": np.zeros(n * n, bool)},
            shapely.points(points),
        )
    )
    pairs = [(i, i + 1) for i in range(n * n) if (i + 1) % n] + [
        (i, i + n) for i in range(n * (n - 1))
    ]
    pairs = [p for i, j in pairs for p in ((i, j), (j, i))]
    lines = np.array([shapely.LineString([points[i], points[j]]) for i, j in pairs], dtype=object)
    m = len(pairs)
    city.add(Table("edge", [f"e{i}-{j}" for i, j in pairs], {
        "from_junction": np.array([p[0] for p in pairs], dtype=np.int32),
        "to_junction": np.array([p[1] for p in pairs], dtype=np.int32),
        "length": np.full(m, spacing), "speed": np.full(m, 10.0),
        "lanes": np.ones(m, dtype=np.int32),
        "car": np.ones(m, dtype=bool), "road": np.full(m, "residential"), "name": np.full(m, ""),
    }, lines))  # fmt: skip
    none = {"use": np.empty(0, "<U1"), "people": np.empty(0), "jobs": np.empty(0)}
    city.add(Table("building", [], none, np.empty(0, dtype=object)))
    return city


def with_buildings(city: City, people: float = 40.0, n: int = N, spacing: float = 100.0) -> City:
    places = [(x * spacing + 50.0, y * spacing + 20.0) for y in range(n - 1) for x in range(n - 1)]
    boxes = np.array([shapely.box(x - 8, y - 8, x + 8, y + 8) for x, y in places], dtype=object)
    k = len(places)
    city.add(Table("building", [f"b{i}" for i in range(k)], {
        "use": np.full(k, "residential"), "people": np.full(k, people), "jobs": np.zeros(k),
    }, boxes))  # fmt: skip
    return city


def features(items: list[tuple[dict[str, str], tuple[float, float]]]) -> Features:
    return Features(
        [f"n{i}" for i in range(len(items))],
        [tags for tags, _ in items],
        np.array([shapely.Point(at) for _, at in items] or [], dtype=object),
    )


def town(people: float = 40.0, n: int = N) -> City:
    """The grid with buildings, ten litter bins and a recycling site, built."""
    city = with_buildings(network(n), people, n)
    bins = [({"amenity": "waste_basket"}, (x * 40.0, 101.0)) for x in range(10)]
    recycling = {"amenity": "recycling", "recycling:glass": "yes", "recycling:paper": "yes"}
    WasteBuilder().build(city, features([*bins, (recycling, (250.0, 250.0))]))
    return city
