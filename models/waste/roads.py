"""The streets that a truck can reach and leave again, to put containers and depots on."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


class Roads:
    """Drivable edges of the largest strongly connected part of the network.

    Attributes
    ----------
    rows : (m,) int64
        Their rows in the edge table.
    """

    def __init__(self, city: City) -> None:
        self.edges = city["edge"]
        self.rows = _connected(city)

    def __bool__(self) -> bool:
        return len(self.rows) > 0

    @cached_property
    def lines(self) -> npt.NDArray[np.object_]:
        """Geometry of the drivable edges; (m,) object, metres."""
        assert self.edges.geometry is not None
        found: npt.NDArray[np.object_] = self.edges.geometry[self.rows]
        return found

    def nearest(self, points: Floats) -> tuple[Rows, Floats]:
        """The nearest drivable edge of each point and where on it.

        Parameters
        ----------
        points : (n, 2) float64, metres

        Returns
        -------
        edges : (n,) int32
            Rows of the edge table; -1 without any street. Equal distances go to the lower row.
        offsets : (n,) float64, 0..1
            Part of the edge before the point.
        """
        import shapely

        edges = np.full(len(points), -1, dtype=np.int32)
        offsets = np.zeros(len(points))
        if len(points) and self:
            where = shapely.points(points)
            tree = shapely.STRtree(self.lines)
            source, hit = tree.query_nearest(where, all_matches=True)
            order = np.lexsort((hit, source))
            first, at = np.unique(source[order], return_index=True)
            nearest = hit[order][at]
            edges[first] = self.rows[nearest]
            offsets[first] = shapely.line_locate_point(
                self.lines[nearest], where[first], normalized=True
            )
        return edges, offsets

    def distance(self, points: Floats, edges: Rows) -> Floats:
        """From each point to its edge; (n,) float64, metres; infinity without an edge."""
        import shapely

        far = np.full(len(points), np.inf)
        on = edges >= 0
        if on.any() and self.edges.geometry is not None:
            far[on] = shapely.distance(shapely.points(points[on]), self.edges.geometry[edges[on]])
        return far


def _connected(city: City) -> npt.NDArray[np.int64]:
    """Rows of drivable edges whose two ends lie in the largest strongly connected component."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = city["edge"]
    cars = np.flatnonzero(edges["car"])
    if not len(cars):
        return cars.astype(np.int64)
    start, end = edges["from_junction"][cars], edges["to_junction"][cars]
    n = int(max(start.max(), end.max())) + 1
    graph = coo_matrix((np.ones(len(cars)), (start, end)), shape=(n, n))
    _, label = connected_components(graph, connection="strong")
    inside = label[start] == label[end]
    if not inside.any():
        return cars.astype(np.int64)
    largest = np.bincount(label[start[inside]]).argmax()
    found: npt.NDArray[np.int64] = cars[inside & (label[start] == largest)].astype(np.int64)
    return found
