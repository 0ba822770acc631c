"""Lines of sight: which streets a camera sees past the buildings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.city.table import Table

STEP = 5.0
"""Distance between the points of a street that are looked at, m."""

OFF_WALL = 0.5
"""A camera mapped inside a building hangs this far in front of its nearest wall, m."""

Rows = npt.NDArray[np.int32]
Points = npt.NDArray[np.float64]


def visible_pairs(city: City, camera: Table) -> tuple[Rows, Rows]:
    """Pairs (camera row, edge row) of streets that cameras see; each pair once.

    A street is seen when a point of it, one each 5 m, is within the camera's range and field of
    view and no building stands between them. Buildings are taken as higher than every camera.
    """
    import shapely

    edges = city["edge"].geometry
    walls = city["building"].geometry if "building" in city else None
    none = np.empty(0, dtype=np.int32)
    if edges is None or not len(edges) or not len(camera):
        return none, none
    tree = shapely.STRtree(walls) if walls is not None and len(walls) else None
    eyes = outside(camera.points, walls, tree)
    cameras, points, rows = _points_in_range(eyes, camera, edges)
    if tree is not None and len(cameras):
        free = _unhidden(eyes[cameras], points, tree)
        cameras, rows = cameras[free], rows[free]
    pairs = np.unique(np.column_stack((cameras, rows)), axis=0)
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)


def outside(points: Points, walls: npt.NDArray[np.object_] | None, tree: object) -> Points:
    """The points, those inside a building moved in front of its nearest wall; (n, 2) metres."""
    import shapely

    moved = points.copy()
    if walls is None or tree is None:
        return moved
    inside, hits = tree.query(shapely.points(points), predicate="dwithin", distance=0.1)  # type: ignore[attr-defined]
    for row, hit in zip(inside.tolist(), hits.tolist(), strict=True):
        rim = shapely.boundary(shapely.buffer(walls[hit], OFF_WALL, quad_segs=2))
        nearest = shapely.shortest_line(shapely.Point(points[row]), rim)
        moved[row] = shapely.get_coordinates(nearest)[-1]
    return moved


def _points_in_range(
    eyes: Points, camera: Table, edges: npt.NDArray[np.object_]
) -> tuple[Rows, Points, Rows]:
    """Camera rows, points of streets within range and field, and their edge rows."""
    import shapely

    reach = camera["range"]
    near, at = shapely.STRtree(edges).query(
        shapely.points(eyes), predicate="dwithin", distance=reach
    )
    length = shapely.length(edges[at])
    counts = np.maximum(1, np.ceil(length / STEP)).astype(np.int64)
    which = np.repeat(np.arange(len(at)), counts)
    order = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (order + 0.5) * (length / counts)[which]
    points = shapely.get_coordinates(shapely.line_interpolate_point(edges[at[which]], along))
    cameras, rows = near[which], at[which]
    offset = points - eyes[cameras]
    seen = np.hypot(offset[:, 0], offset[:, 1]) <= reach[cameras]
    seen &= _in_field(offset, camera["direction"][cameras], camera["field"][cameras])
    return cameras[seen].astype(np.int32), points[seen], rows[seen].astype(np.int32)


def _in_field(offset: Points, direction: Points, field: Points) -> npt.NDArray[np.bool_]:
    """Whether a point lies within the horizontal field of view of its camera."""
    bearing = np.degrees(np.arctan2(offset[:, 0], offset[:, 1]))
    turn = np.abs((bearing - direction + 180.0) % 360.0 - 180.0)
    return np.asarray((direction < 0.0) | (turn <= field / 2.0), dtype=np.bool_)


def _unhidden(eyes: Points, points: Points, tree: object) -> npt.NDArray[np.bool_]:
    """Whether no building crosses the line from eye to point; (n,) bool."""
    import shapely

    lines = shapely.linestrings(np.stack((eyes, points), axis=1))
    free = np.ones(len(lines), dtype=np.bool_)
    free[tree.query(lines, predicate="intersects")[0]] = False  # type: ignore[attr-defined]
    return free
