"""Where containers stand: those of the map, and those that the people around must have."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.waste.roads import Roads
from models.waste.serve import Demand
from models.waste.streams import LITTER, RESIDUAL, STREAMS
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import INFERRED, MAPPED

Floats = npt.NDArray[np.float64]

FAR = 500.0
"""A mapped container farther from any street is left out, m."""
YARD = 150.0
"""A building farther than this from its street has its container in the yard, m."""
SPAN = 150.0
"""Longest piece of street that shares one container site, m."""
SHARED_DAILY = 60.0
"""A site on the street serves at most this much, kg/day; more is a building's own yard."""

_TAGS = {
    "glass": ("glass", "glass_bottles", "glass_jars"),
    "organic": ("organic", "food_waste", "green_waste", "garden_waste"),
    "recycling": (
        "paper", "cardboard", "newspaper", "magazines", "paper_packaging", "plastic",
        "plastic_bottles", "plastic_packaging", "packaging", "cans", "metal", "scrap_metal",
        "aluminium", "beverage_cartons", "cartons",
    ),
    RESIDUAL: ("waste",),
}  # fmt: skip


@dataclass
class Sites:
    """Containers on their way to the table, all (n,)."""

    ids: list[str] = field(default_factory=list)
    points: Floats = field(default_factory=lambda: np.empty((0, 2)))
    stream: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype="<U9"))
    volume: Floats = field(default_factory=lambda: np.empty(0))
    origin: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype="<U8"))

    def __len__(self) -> int:
        return len(self.ids)

    def __add__(self, other: Sites) -> Sites:
        return Sites(
            self.ids + other.ids,
            np.vstack([self.points, other.points]),
            np.concatenate([self.stream, other.stream]),
            np.concatenate([self.volume, other.volume]),
            np.concatenate([self.origin, other.origin]),
        )


def _sites(
    ids: list[str], points: Floats, streams: list[str], volumes: Floats, origin: str
) -> Sites:
    return Sites(
        ids,
        np.asarray(points, dtype=np.float64).reshape(-1, 2),
        np.array(streams, dtype="<U9"),
        np.asarray(volumes, dtype=np.float64),
        np.full(len(ids), origin, dtype="<U8"),
    )


def mapped(features: Features, roads: Roads) -> Sites:
    """The containers of the map, one for each stream that an object takes.

    A volume of 0 m³ says that the map does not know it.
    """
    import shapely

    rows = features.select("amenity", "waste_basket", "waste_disposal", "recycling")
    points = shapely.get_coordinates(features.centres(rows)) if len(rows) else np.empty((0, 2))
    edges, _ = roads.nearest(points)
    near = roads.distance(points, edges) <= FAR
    ids, places, streams, volumes = [], [], [], []
    for row, point, use in zip(rows.tolist(), points, near, strict=True):
        tags = features.tags[row]
        for stream in streams_of(tags) if use else ():
            ids.append(f"{features.ids[row]}:{stream}")
            places.append(point)
            streams.append(stream)
            volumes.append(_volume(tags))
    return _sites(ids, np.array(places), streams, np.array(volumes), MAPPED)


def streams_of(tags: dict[str, str]) -> tuple[str, ...]:
    """The streams that a mapped object takes."""
    kind = tags.get("amenity")
    if kind == "waste_basket":
        return (LITTER,)
    if kind == "waste_disposal":
        return ("organic",) if tags.get("waste") in ("organic", "food_waste") else (RESIDUAL,)
    if kind != "recycling" or tags.get("recycling_type") == "centre":
        return ()
    found = tuple(
        stream
        for stream, materials in _TAGS.items()
        if any(tags.get(f"recycling:{material}") == "yes" for material in materials)
    )
    return found or ("recycling",)


def _volume(tags: dict[str, str]) -> float:
    """Volume that the map tells, m³; 0 where it tells none that can be read."""
    text = tags.get("volume", "").replace(",", ".").split(" ")
    try:
        value = float(text[0])
    except ValueError:
        return 0.0
    litres = len(text) > 1 and text[1].lower() in ("l", "litre", "litres", "liter")
    value = value / 1000.0 if litres else value
    return value if 0.0 < value <= 100.0 else 0.0


def inferred_household(
    demand: Demand, wanted: npt.NDArray[np.bool_], roads: Roads
) -> tuple[Sites, npt.NDArray[np.int64]]:
    """Containers in yards and shared ones along the streets.

    Parameters
    ----------
    demand
        Buildings with people or jobs.
    wanted : (n,) bool
        Which of them no mapped container serves.

    Returns
    -------
    Sites
        The new containers.
    serving : (n,) int64
        Which of them each building uses; -1 for those not wanted.
    """
    edges, offsets = roads.nearest(demand.points)
    far = roads.distance(demand.points, edges) > YARD
    yard = wanted & (far | (demand.daily >= SHARED_DAILY))
    serving = np.full(len(demand.rows), -1, dtype=np.int64)
    ids: list[str] = []
    points: list[Floats] = []
    for i in np.flatnonzero(yard).tolist():
        serving[i] = len(ids)
        ids.append(f"yard:{demand.ids[i]}")
        points.append(demand.points[i])
    for members in _groups(demand, wanted & ~yard, edges, offsets, roads):
        serving[members] = len(ids)
        ids.append(f"street:{demand.ids[members[0]]}")
        points.append(_middle(members, edges, offsets, demand, roads))
    streams = [RESIDUAL] * len(ids)
    return _sites(ids, np.array(points), streams, np.zeros(len(ids)), INFERRED), serving


def _groups(
    demand: Demand, wanted: npt.NDArray[np.bool_], edges: np.ndarray, offsets: Floats, roads: Roads
) -> list[npt.NDArray[np.int64]]:
    """Neighbours along one street that share a site, in the order of the street."""
    length = roads.edges["length"]
    rows = np.flatnonzero(wanted)
    rows = rows[np.lexsort((rows, offsets[rows], edges[rows]))]
    groups: list[list[int]] = []
    mass = start = 0.0
    last = -1
    for i in rows.tolist():
        at = float(offsets[i] * length[edges[i]])
        full = mass + demand.daily[i] > SHARED_DAILY or at - start > SPAN
        if edges[i] != last or full:
            groups.append([])
            mass, start, last = 0.0, at, edges[i]
        groups[-1].append(i)
        mass += float(demand.daily[i])
    return [np.array(group, dtype=np.int64) for group in groups]


def _middle(
    members: npt.NDArray[np.int64], edges: np.ndarray, offsets: Floats, demand: Demand, roads: Roads
) -> Floats:
    """The point of the street in the middle of what its neighbours throw away."""
    import shapely

    assert roads.edges.geometry is not None
    at = float(np.average(offsets[members], weights=demand.daily[members]))
    line = roads.edges.geometry[edges[members[0]]]
    point: Floats = shapely.get_coordinates(
        shapely.line_interpolate_point(line, at, normalized=True)
    )[0]
    return point


def inferred_litter(city: City, roads: Roads) -> Sites:
    """One litter bin at each public transport stop, where the map has no bin at all."""
    if "stop" not in city or not len(city["stop"]):
        return Sites()
    stops = city["stop"]
    edges, _ = roads.nearest(stops.points)
    keep = np.flatnonzero(roads.distance(stops.points, edges) <= FAR)
    ids = [f"stop:{stops.ids[row]}" for row in keep.tolist()]
    volumes = np.full(len(ids), STREAMS[LITTER].volume)
    return _sites(ids, stops.points[keep], [LITTER] * len(ids), volumes, INFERRED)
