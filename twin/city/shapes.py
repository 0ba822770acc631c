"""From the objects of an extract to shapes in metres: points, lines, areas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.city.features import Features
from twin.city.osm import Extract, Relation, Tags
from twin.city.place import Floats, transform
from twin.city.words import words

Shapes = npt.NDArray[np.object_]

# Closed ways with one of these keys are areas, unless they say area=no.
AREA_KEYS = words(
    "building building:part landuse amenity leisure natural shop tourism office craft "
    "healthcare historic military place aeroway man_made power area:highway parking water "
    "industrial"
)
# ... and these values are lines all the same.
LINE_VALUES = frozenset({"tree_row", "cliff", "coastline", "ridge", "line", "minor_line", "cable"})


def features(extract: Extract, crs: str) -> Features:
    """Every tagged object of an extract with its shape in projected metres.

    Multipolygon relations are built from the members that are there; one whose rings do not close
    because the border cut them is left out.
    """
    points = transform(extract.lonlat, crs)
    parts = [_nodes(extract, points), _ways(extract, points), _relations(extract, points)]
    return Features(
        [key for part in parts for key in part.ids],
        [tags for part in parts for tags in part.tags],
        np.concatenate([part.geometry for part in parts]),
    )


def _nodes(extract: Extract, points: Floats) -> Features:
    import shapely

    keys = np.fromiter(extract.node_tags, dtype=np.int64, count=len(extract.node_tags))
    places = points[extract.positions(keys)].reshape(-1, 2)
    there = np.atleast_1d(np.isfinite(places).all(axis=1))
    tags = [tags for tags, ok in zip(extract.node_tags.values(), there, strict=True) if ok]
    return Features(
        [f"n{key}" for key in keys[there]], tags, _objects(shapely.points(places[there]))
    )


def _ways(extract: Extract, points: Floats) -> Features:
    tagged = {key: way for key, way in extract.ways.items() if way.tags}
    shapes = lines(extract, points, tagged.keys())
    keys = [key for key in tagged if key in shapes]
    geometry = [_area(shapes[key]) if is_area(tagged[key].tags) else shapes[key] for key in keys]
    return Features(
        [f"w{key}" for key in keys], [tagged[key].tags for key in keys], _array(geometry)
    )


def lines(extract: Extract, points: Floats, keys: Iterable[int]) -> dict[int, Any]:
    """The line of each way of at least two known nodes, by id."""
    import shapely

    wanted = [key for key in keys if key in extract.ways]
    counts = [len(extract.ways[key].nodes) for key in wanted]
    nodes = np.array([n for key in wanted for n in extract.ways[key].nodes], dtype=np.int64)
    owner = np.repeat(np.arange(len(wanted)), counts)
    rows = extract.positions(nodes)
    places = points[rows]
    there = (rows >= 0) & np.isfinite(places).all(axis=1)
    enough = np.bincount(owner[there], minlength=len(wanted)) >= 2
    kept = there & enough[owner] if len(owner) else there
    if not kept.any():
        return {}
    _, index = np.unique(owner[kept], return_inverse=True)
    made = shapely.linestrings(places[kept], indices=index)
    return dict(zip([key for key, ok in zip(wanted, enough, strict=True) if ok], made, strict=True))


def is_area(tags: Tags) -> bool:
    """Whether a closed way with these tags is an area and not a ring."""
    if "area" in tags:
        return tags["area"] != "no"
    if "highway" in tags or "barrier" in tags or "railway" in tags:
        return "building" in tags
    keys = AREA_KEYS & tags.keys()
    return any(tags[key] not in LINE_VALUES for key in keys)


def _area(line: Any) -> Any:
    """The area inside a closed line; the line itself when it is open or encloses nothing."""
    import shapely

    if not shapely.is_closed(line) or shapely.get_num_points(line) < 4:
        return line
    made = repaired(shapely.polygons(shapely.linearrings(shapely.get_coordinates(line))))
    return line if shapely.is_empty(made) else made


def repaired(polygon: Any) -> Any:
    """A valid polygon or multipolygon over the same ground."""
    import shapely

    if shapely.is_valid(polygon):
        return polygon
    return shapely.make_valid(polygon, method="structure", keep_collapsed=False)


def _relations(extract: Extract, points: Floats) -> Features:
    import shapely

    areas = {key: relation for key, relation in extract.relations.items() if _is_areal(relation)}
    wanted = {
        ref for relation in areas.values() for kind, ref, _ in relation.members if kind == "w"
    }
    shapes = lines(extract, points, sorted(wanted))
    found = Features()
    made = []
    for key, relation in areas.items():
        own = [shapes[ref] for kind, ref, _ in relation.members if kind == "w" and ref in shapes]
        # Rings follow from the lines alone (even-odd), whatever the members' roles claim.
        area = shapely.build_area(shapely.union_all(own)) if own else None
        if area is not None and not shapely.is_empty(area):
            found.ids.append(f"r{key}")
            found.tags.append({k: v for k, v in relation.tags.items() if k != "type"})
            made.append(repaired(area))
    found.geometry = _array(made)
    return found


def _is_areal(relation: Relation) -> bool:
    more_than_type = len(relation.tags) > 1
    return more_than_type and relation.tags.get("type") == "multipolygon"


def _array(shapes: list[Any]) -> Shapes:
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def _objects(shapes: npt.NDArray[np.object_]) -> Shapes:
    return np.asarray(shapes, dtype=object).reshape(-1)
