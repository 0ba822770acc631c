"""Lamps of a city: those of the map, and those that lit streets have without being mapped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.lighting.luminaires import number, optics, rated_power, technology, usual
from models.lighting.streets import Places, along, classes, lit, thin
from models.lighting.technology import TECHNOLOGIES
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table

CARRIAGEWAY = 20.0
"""A lamp lights the nearest carriageway within this distance, else the nearest way; metres."""

REACH = 80.0
"""Farther from every way, a lamp lights none; metres."""


class LightingBuilder(Builder):
    """Makes the table ``lamp`` and the link lamp→edge."""

    makes = ("lamp",)
    needs = ("edge", "building")

    def build(self, city: City, features: Features) -> None:
        """Add the mapped lamps, then infer those of lit streets that have none nearby."""
        rows = features.select("highway", "street_lamp")
        points = features.centres(rows)
        tags = [features.tags[row] for row in rows]
        serves = served(city, points)
        places, tagged = self._inferred(city, _coordinates(points))
        self._add(city, [features.ids[row] for row in rows], tags, points, serves, places)
        city["lamp"]["basis"] = np.concatenate(
            (np.full(len(rows), "map"), np.where(tagged[places.edge], "lit street", "urban street"))
        )

    def _inferred(
        self, city: City, mapped: npt.NDArray[np.float64]
    ) -> tuple[Places, npt.NDArray[np.bool_]]:
        tagged, assumed = lit(city)
        return thin(along(city, tagged | assumed), mapped), tagged

    def _add(
        self,
        city: City,
        ids: list[str],
        tags: list[dict[str, str]],
        points: npt.NDArray[np.object_],
        serves: npt.NDArray[np.int32],
        places: Places,
    ) -> None:
        import shapely

        edges = city["edge"]
        known = classes(city)
        roads = [known[row] if row >= 0 else "path" for row in serves]
        guessed = [known[row] for row in places.edge]
        names = [f"lamp.{edges.ids[e]}.{k}" for e, k in zip(places.edge, places.order, strict=True)]
        usual_height = [usual(road).height for road in roads]
        heights = [number(t.get("height"), h) for t, h in zip(tags, usual_height, strict=True)]
        powers = [rated_power(t, road) for t, road in zip(tags, roads, strict=True)]
        powers += [usual(road).power("led") for road in guessed]
        heights += [usual(road).height for road in guessed]
        kinds = [technology(t) for t in tags] + ["led"] * len(guessed)
        columns = {
            "power": np.array(powers, dtype=np.float64),
            "technology": np.array(kinds, dtype="U12"),
            "height": np.array(heights, dtype=np.float64),
            "flux": _flux(powers, kinds),
            "optics": np.array([optics(kind) for kind in kinds], dtype="U12"),
            "age": np.full(len(kinds), -1.0),
            "origin": np.array([MAPPED] * len(ids) + [INFERRED] * len(names), dtype="U8"),
        }
        geometry = np.concatenate((points, shapely.points(places.xy)))
        city.add(Table("lamp", np.array(ids + names, dtype=np.str_), columns, geometry))
        city.connect(Link("lamp", "edge", np.concatenate((serves, places.edge)).astype(np.int32)))


def _flux(powers: list[float], kinds: list[str]) -> npt.NDArray[np.float64]:
    """Initial flux of the luminaires, lm; (n,) float64."""
    pairs = zip(powers, kinds, strict=True)
    return np.array([p * TECHNOLOGIES[kind].efficacy for p, kind in pairs], dtype=np.float64)


def _coordinates(points: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    import shapely

    return np.asarray(shapely.get_coordinates(points), dtype=np.float64).reshape(-1, 2)


def served(city: City, points: npt.NDArray[np.object_]) -> npt.NDArray[np.int32]:
    """Row of the edge that each of some lamps lights, or -1; (n,) int32."""
    edges = city["edge"]
    served = _nearest(city, points, np.flatnonzero(edges["car"]), CARRIAGEWAY)
    far = np.flatnonzero(served < 0)
    served[far] = _nearest(city, points[far], np.arange(len(edges)), REACH)
    return served


def _nearest(
    city: City, points: npt.NDArray[np.object_], rows: npt.NDArray[np.int64], within: float
) -> npt.NDArray[np.int32]:
    """Nearest of some edges; of equally near ones the lower row."""
    import shapely

    found = np.full(len(points), -1, dtype=np.int32)
    lines = city["edge"].geometry
    if not len(points) or not len(rows) or lines is None:
        return found
    tree = shapely.STRtree(lines[rows])
    at, hits = tree.query_nearest(points, max_distance=within, all_matches=True)
    order = np.lexsort((hits, at))
    at, first = np.unique(at[order], return_index=True)
    found[at] = rows[hits[order][first]]
    return found
