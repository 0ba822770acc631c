"""What the map says beside its roads: tagged objects with a geometry, ready to be selected."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass
class Features:
    """Tagged objects of a map.

    Attributes
    ----------
    ids
        OSM ids with their kind: ``n12``, ``w34``, ``r56``.
    tags
        Tags of each object.
    geometry : (n,) object, metres
        Points, lines and (multi)polygons in the city's projected coordinates.
    """

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    geometry: npt.NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, key: str, *values: str) -> npt.NDArray[np.int64]:
        """Rows whose tag ``key`` is one of ``values`` (or is there at all, when none are given)."""
        if not values:
            return np.array([i for i, tags in enumerate(self.tags) if key in tags], dtype=np.int64)
        wanted = set(values)
        return np.array(
            [i for i, tags in enumerate(self.tags) if tags.get(key) in wanted], dtype=np.int64
        )

    def centres(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        """A point inside each of the objects; (len(rows),) object, metres."""
        import shapely

        found: npt.NDArray[np.object_] = shapely.point_on_surface(self.geometry[rows])
        return found
