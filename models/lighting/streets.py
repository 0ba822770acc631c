"""Which streets are lit, and where lamps stand along them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.lighting.luminaires import rank, usual
from twin.city.city import City

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

URBAN = frozenset(
    {"", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"}
    | {"pedestrian", "primary_link", "secondary_link", "tertiary_link"}
)
"""Road classes that a town lights; motorways, service roads and paths only where it is tagged."""

URBAN_SPEED = 60.5 / 3.6
"""Fastest free-flow speed of a street in town, m/s."""

BUILT_UP = 0.5
"""Part of its length that has a building near, from which a street counts as built up."""

NEAR = 40.0
SAMPLE = 20.0
LANE_WIDTH = 3.2
"""Metres: from a street to the buildings along it; between points of it; width of a lane."""


@dataclass(frozen=True)
class Places:
    """Where lamps could stand.

    Attributes
    ----------
    xy : (n, 2) float64, metres
    edge : (n,) int64
        Row of the street's edge.
    order : (n,) int64
        Number of the lamp along its edge.
    spacing : (n,) float64, metres
    """

    xy: Floats
    edge: Rows
    order: Rows
    spacing: Floats

    def __getitem__(self, keep: Mask) -> Places:
        return Places(self.xy[keep], self.edge[keep], self.order[keep], self.spacing[keep])


def classes(city: City) -> list[str]:
    """Road class of each edge; where the network has none, two lanes make a secondary road."""
    edges = city["edge"]
    pairs = zip(edges["road"].tolist(), edges["lanes"].tolist(), strict=True)
    return [road or ("secondary" if lanes > 1 else "residential") for road, lanes in pairs]


def opposite(city: City) -> npt.NDArray[np.int32]:
    """Row of the edge that leads back along the same street, or -1; (n_edge,) int32."""
    edges = city["edge"]
    n = np.int64(max(len(city["junction"]), 1)) if "junction" in city else np.int64(2**31)
    start = edges["from_junction"].astype(np.int64)
    end = edges["to_junction"].astype(np.int64)
    forth, back = start * n + end, end * n + start
    order = np.argsort(forth, kind="stable")
    place = np.minimum(np.searchsorted(forth[order], back), max(len(order) - 1, 0))
    found = order[place] if len(order) else order
    length = edges["length"]
    same = (forth[found] == back) & (np.abs(length[found] - length) <= 0.2 * length + 2.0)
    same &= start != end
    return np.where(same, found, -1).astype(np.int32)


def lit(city: City) -> tuple[Mask, Mask]:
    """Streets that have lamps: by their tag, and by the rule for streets without one.

    A street tagged ``lit`` with anything but ``no`` and ``disused`` is lit. Where less than half of
    the length of a town's streets carries the tag, its absence says nothing: an untagged street is
    then lit if it is of an urban class, no faster than 60 km/h and built up.

    Returns
    -------
    tagged, assumed : (n_edge,) bool
    """
    edges = city["edge"]
    says = edges["lit"]
    tagged = ~np.isin(says, ("", "no", "disused"))
    urban = np.isin(edges["road"], list(URBAN)) & (edges["speed"] <= URBAN_SPEED)
    urban &= edges["car"] | (edges["road"] == "pedestrian")
    length = edges["length"]
    known = float(length[urban & (says != "")].sum())
    if known >= 0.5 * float(length[urban].sum()):
        return tagged, np.zeros(len(edges), dtype=np.bool_)
    return tagged, urban & (says == "") & built_up(city)


def built_up(city: City) -> Mask:
    """Streets with a building within 40 m along half of them; all, in a city without buildings."""
    import shapely

    edges = city["edge"]
    walls = city["building"].geometry if "building" in city else None
    if walls is None or not len(walls) or edges.geometry is None:
        return np.ones(len(edges), dtype=np.bool_)
    counts = np.maximum(1, np.ceil(edges["length"] / SAMPLE)).astype(np.int64)
    which, order = _numbered(counts)
    share = (order + 0.5) / counts[which]
    points = shapely.line_interpolate_point(edges.geometry[which], share, normalized=True)
    tree = shapely.STRtree(walls)
    near = np.zeros(len(points), dtype=np.bool_)
    near[tree.query(points, predicate="dwithin", distance=NEAR)[0]] = True
    found = np.bincount(which, weights=near, minlength=len(edges))
    return np.asarray(found >= BUILT_UP * counts, dtype=np.bool_)


def _numbered(counts: Rows) -> tuple[Rows, Rows]:
    """Owner and number of each of ``counts[i]`` things of every owner ``i``."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def along(city: City, chosen: Mask) -> Places:
    """Places at the usual spacing along streets, alternately on either side.

    A street of two directions is one street: its lower edge row stands for it. A street shorter
    than half its spacing has none of its own.
    """
    edges = city["edge"]
    back, known = opposite(city), classes(city)
    rows = np.flatnonzero(chosen & ((back < 0) | (np.arange(len(edges)) < back) | ~chosen[back]))
    roads = [known[row] for row in rows]
    spacing = np.array([usual(road).spacing for road in roads], dtype=np.float64)
    ranks = np.array([rank(road) for road in roads], dtype=np.int64)
    by_rank = np.lexsort((rows, ranks))
    rows, spacing = rows[by_rank], spacing[by_rank]
    counts = np.floor(edges["length"][rows] / spacing + 0.5).astype(np.int64)
    which, order = _numbered(counts)
    share = (order + 0.5) / counts[which]
    xy = _beside(city, rows[which], share, order, back)
    return Places(xy, rows[which], order, spacing[which])


def _beside(
    city: City, edge: Rows, share: Floats, order: Rows, back: npt.NDArray[np.int32]
) -> Floats:
    """Points beside the street, a metre off its edge; (n, 2) float64."""
    import shapely

    lines = city["edge"].geometry
    if lines is None or not len(edge):
        return np.empty((0, 2), dtype=np.float64)
    lines = lines[edge]
    length = shapely.length(lines)
    on = shapely.get_coordinates(shapely.line_interpolate_point(lines, share * length))
    ahead = np.minimum(share * length + 0.5, length)
    behind = np.maximum(ahead - 1.0, 0.0)
    direction = shapely.get_coordinates(shapely.line_interpolate_point(lines, ahead))
    direction = direction - shapely.get_coordinates(shapely.line_interpolate_point(lines, behind))
    norm = np.hypot(direction[:, 0], direction[:, 1])
    direction /= np.where(norm > 0.0, norm, 1.0)[:, None]
    width = LANE_WIDTH * np.maximum(city["edge"]["lanes"][edge], 1)
    off = np.where(back[edge] >= 0, width, width / 2.0) + 1.0
    side = np.where(order % 2 == 0, 1.0, -1.0) * off
    normal = np.column_stack((direction[:, 1], -direction[:, 0]))
    return np.asarray(on + normal * side[:, None], dtype=np.float64)


def thin(places: Places, mapped: Floats) -> Places:
    """Places that have no mapped lamp within their spacing, and no greater street's lamp near.

    Parameters
    ----------
    mapped : (m, 2) float64, metres
        Lamps of the map.
    """
    from scipy.spatial import cKDTree

    if len(mapped) and len(places.xy):
        distance = cKDTree(mapped).query(places.xy)[0]
        places = places[distance > places.spacing]
    if not len(places.xy):
        return places
    keep = np.ones(len(places.xy), dtype=np.bool_)
    pairs = cKDTree(places.xy).query_pairs(0.5 * places.spacing.max(), output_type="ndarray")
    gap = np.hypot(*(places.xy[pairs[:, 0]] - places.xy[pairs[:, 1]]).T)
    pairs = pairs[gap < 0.5 * places.spacing[pairs].max(axis=1)]
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if keep[first]:
            keep[second] = False
    return places[keep]
