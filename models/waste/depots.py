"""Where trucks start and unload: mapped places, or plausible ones at the city's edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.waste.roads import Roads
from twin.city.features import Features
from twin.city.table import INFERRED, MAPPED

Floats = npt.NDArray[np.float64]

DEPOT, DISPOSAL = "depot", "disposal"
FAR = 500.0
"""A mapped place farther from any street is left out, m."""
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")


def depots(
    features: Features, roads: Roads
) -> tuple[Floats, npt.NDArray[np.str_], npt.NDArray[np.str_], list[str]]:
    """Points, kinds, origins and ids of all depots; one of each kind at least if there are roads.

    Returns
    -------
    points : (n, 2) float64, metres
    kind, origin : (n,) str
    ids : list of str
    """
    points, kinds, ids = _mapped(features, roads)
    origins = [MAPPED] * len(ids)
    for kind in (DEPOT, DISPOSAL):
        if kind not in kinds and roads:
            points.append(_border(roads, away_from=points))
            kinds.append(kind)
            origins.append(INFERRED)
            ids.append(f"{kind}:border")
    where = np.array(points, dtype=np.float64).reshape(-1, 2)
    return where, np.array(kinds, dtype="<U8"), np.array(origins, dtype="<U8"), ids


def _mapped(features: Features, roads: Roads) -> tuple[list[Floats], list[str], list[str]]:
    import shapely

    points: list[Floats] = []
    kinds: list[str] = []
    ids: list[str] = []
    found = {int(row): DISPOSAL for row in features.select("amenity", "waste_transfer_station")}
    found |= {int(row): DISPOSAL for row in features.select("landuse", "landfill")}
    found |= {int(row): DISPOSAL for row in features.select("plant:source", "waste")}
    found |= {int(row): DEPOT for row in features.select("landuse", "depot")}
    found |= {int(row): DEPOT for row in features.select("industrial", "depot")}
    for row, kind in sorted(found.items()):
        point = shapely.get_coordinates(features.centres(np.array([row])))
        edge, _ = roads.nearest(point)
        if roads.distance(point, edge)[0] <= FAR:
            points.append(point[0])
            kinds.append(kind)
            ids.append(features.ids[row])
    return points, kinds, ids


def _border(roads: Roads, away_from: list[Floats]) -> Floats:
    """A point on a main street far from the middle, and far from the places already there."""
    import shapely

    main = np.isin(roads.edges["road"][roads.rows], _MAIN)
    lines = roads.lines[main] if main.any() else roads.lines
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    everything = shapely.get_coordinates(shapely.centroid(roads.lines))
    from_places = [np.hypot(*(middle - place).T) for place in away_from]
    far = np.min([np.hypot(*(middle - everything.mean(axis=0)).T), *from_places], axis=0)
    point: Floats = middle[int(far.argmax())]
    return point
