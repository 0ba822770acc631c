"""Buildings where a map has streets but no houses: rows along the streets, by stated rules.

A city whose map draws its houses is left as it is. Where fewer than :data:`COMPLETE` of the length
of its residential streets has a building beside it, each street without one gets a row on both
sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.city.buildings import ENOUGH, SAMPLE, columns_of
from twin.city.city import City
from twin.city.features import Features
from twin.city.osm import Tags
from twin.city.place import Floats
from twin.city.table import INFERRED, MAPPED, Table

Shapes = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]

COMPLETE = 0.8
"""A map is complete when this share of residential street length has a building beside it."""
BESIDE = 40.0
"""A building this near stands beside a street, m."""
PLOT = 20.0
"""Length of street for each building on a side, m."""
WIDTH, DEPTH = 14.0, 12.0
"""Footprint of an inferred building along and away from the street, m."""
SETBACK = 6.0
"""From the edge of the carriageway to the front of the building, m."""
LANE = 3.2
"""Width of a lane, m."""
CLEAR = 3.0
"""No inferred building is nearer to the middle of a carriageway, m."""
CORNER = 10.0
"""No inferred building within this distance of a junction, along the street, m."""
LONGEST = 400.0
"""A street that is not residential has houses where its junctions are no farther apart, m."""
URBAN_SPEED = 14.0
"""... and where no more than this is driven, m/s."""
LEVELS, LEVELS_MAIN, LEVELS_URBAN = 2.0, 3.0, 4.0
"""Levels beside side streets, beside main streets and in a dense city where the map says none."""
URBAN_SIGNALS = 2.0
"""Traffic signals per km² from which a city is a dense one."""

HOMES = ("residential", "living_street")
MAIN = ("primary", "secondary", "tertiary")
OTHERS = ("unclassified", "road", "unsurfaced", "track", "service", *MAIN, "")
# Ground on which no house is inferred.
EMPTY = {
    "landuse": "forest farmland meadow grass cemetery railway industrial commercial retail military"
    " quarry landfill recreation_ground orchard vineyard allotments basin reservoir village_green"
    " greenhouse_horticulture construction brownfield religious farmyard",
    "natural": "water wood wetland beach sand scrub heath grassland bare_rock glacier",
    "leisure": "park pitch garden golf_course playground stadium sports_centre nature_reserve "
    "swimming_pool marina track",
    "amenity": "school university college hospital parking grave_yard kindergarten",
    "waterway": "riverbank dock",
    "aeroway": "aerodrome runway apron",
}
_EMPTY = {key: frozenset(values.split()) for key, values in EMPTY.items()}


@dataclass
class _Plots:
    """Candidate buildings in rows: their shape and whether their street is a main one."""

    shapes: Shapes
    main: npt.NDArray[np.bool_]

    def keep(self, which: npt.NDArray[np.bool_]) -> _Plots:
        return _Plots(self.shapes[which], self.main[which])


def complete(city: City, features: Features) -> None:
    """Add inferred buildings to the table ``building`` where the map lacks them."""
    streets = bare_streets(city)
    if not len(streets):
        return
    plots = _plots(city, streets)
    plots = plots.keep(~_near(plots.shapes, city["edge"].shapes, CLEAR))
    plots = plots.keep(~_near(plots.shapes, city["building"].shapes, 1.0))
    plots = plots.keep(~_near(plots.shapes, _empty_ground(features), 0.0))
    plots = plots.keep(_apart(plots.shapes))
    if len(plots.shapes):
        levels = _usual_levels(city, plots)
        city.add(_joined(city["building"], _table(plots, levels)))


def bare_streets(city: City) -> Rows:
    """Rows of ``edge``, one for each street that should have houses and has none on the map."""
    import shapely

    edge, building = city["edge"], city["building"]
    streets = _one_direction(edge)
    houses = building.shapes[building["use"] != "other"]
    near = shapely.STRtree(houses).query(edge.shapes[streets], "dwithin", distance=BESIDE)[0]
    built = np.isin(np.arange(len(streets)), near)
    homes = np.isin(edge["road"][streets], HOMES)
    length = edge["length"][streets]
    if homes.any() and length[homes & built].sum() >= COMPLETE * length[homes].sum():
        return np.empty(0, dtype=np.int64)
    wanted = homes | (len(houses) < ENOUGH) & _like_home(edge, streets)
    return streets[wanted & ~built]


def _one_direction(edge: Table) -> Rows:
    """One row for each street open to cars: the first of its two directions."""
    ends = zip(edge["from_junction"].tolist(), edge["to_junction"].tolist(), strict=True)
    seen: set[tuple[int, int]] = set()
    rows = []
    for row, (start, end) in enumerate(ends):
        if edge["car"][row] and (end, start) not in seen:
            seen.add((start, end))
            rows.append(row)
    return np.array(rows, dtype=np.int64)


def _like_home(edge: Table, rows: Rows) -> npt.NDArray[np.bool_]:
    """Streets of other classes that people live on in a built-up place."""
    named = np.isin(edge["road"][rows], OTHERS)
    slow = edge["speed"][rows] <= URBAN_SPEED
    return named & slow & (edge["length"][rows] <= LONGEST)


def _plots(city: City, streets: Rows) -> _Plots:
    """Rectangles on both sides of each street, street by street from its start."""
    import shapely

    edge = city["edge"]
    lines = edge.shapes[streets]
    length = shapely.length(lines)
    count = np.maximum((length - 2.0 * CORNER) // PLOT, 0).astype(np.int64)
    street = np.repeat(np.arange(len(streets)), count)
    step = np.arange(len(street)) - np.repeat(np.cumsum(count) - count, count)
    margin = (length - count * PLOT) / 2.0
    along = margin[street] + (step + 0.5) * PLOT
    here = _points(lines[street], along)
    ahead = _points(lines[street], along + 1.0) - _points(lines[street], along - 1.0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    half = edge["lanes"][streets][street] * LANE / 2.0
    shapes = [_boxes(here, ahead, side * (half + SETBACK + DEPTH / 2.0)) for side in (-1.0, 1.0)]
    order = np.argsort(np.tile(np.arange(len(street)), 2), kind="stable")
    main = _is_main(edge, streets)[street]
    return _Plots(np.concatenate(shapes)[order], np.tile(main, 2)[order])


def _points(lines: Shapes, along: Floats) -> Floats:
    import shapely

    found: Floats = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    return found


def _boxes(here: Floats, ahead: Floats, away: Floats) -> Shapes:
    """Rectangles whose centres lie ``away`` to the left of points on a street."""
    import shapely

    left = np.column_stack((-ahead[:, 1], ahead[:, 0]))
    centre = here + left * away[:, None]
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    rings = [centre + a * ahead * WIDTH / 2.0 + b * left * DEPTH / 2.0 for a, b in corners]
    made: Shapes = shapely.polygons(np.stack(rings, axis=1))
    return made


def _is_main(edge: Table, rows: Rows) -> npt.NDArray[np.bool_]:
    road = edge["road"][rows]
    wide = (road == "") & (edge["lanes"][rows] > 1)
    return np.asarray(np.isin(road, MAIN) | wide, dtype=np.bool_)


def _near(shapes: Shapes, others: Shapes, distance: float) -> npt.NDArray[np.bool_]:
    """Which shapes come within a distance of any other."""
    import shapely

    near = np.zeros(len(shapes), dtype=np.bool_)
    if len(others) and len(shapes):
        near[shapely.STRtree(others).query(shapes, "dwithin", distance=distance)[0]] = True
    return near


def _empty_ground(features: Features) -> Shapes:
    import shapely

    areal = shapely.get_dimensions(features.geometry) == 2
    rows = [i for i, tags in enumerate(features.tags) if areal[i] and _is_empty(tags)]
    return features.geometry[np.array(rows, dtype=np.int64)]


def _is_empty(tags: Tags) -> bool:
    return any(tags.get(key) in values for key, values in _EMPTY.items())


def _apart(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Which shapes to keep so that none overlaps an earlier one that is kept."""
    import shapely

    kept = np.ones(len(shapes), dtype=np.bool_)
    one, other = shapely.STRtree(shapes).query(shapes, "intersects")
    order = np.lexsort((other, one))
    for later, earlier in zip(one[order].tolist(), other[order].tolist(), strict=True):
        if earlier < later and kept[earlier]:
            kept[later] = False
    return kept


def _usual_levels(city: City, plots: _Plots) -> Floats:
    """Levels of each plot: the median of the mapped homes, or by kind of street and city."""
    mapped = city["building"]
    homes = (mapped["use"] == "residential") & (mapped["levels_origin"] == MAPPED)
    if homes.sum() >= max(ENOUGH, SAMPLE * (mapped["use"] == "residential").sum()):
        return np.full(len(plots.shapes), np.median(mapped["levels"][homes]))
    if _is_dense(city):
        return np.full(len(plots.shapes), LEVELS_URBAN)
    return np.where(plots.main, LEVELS_MAIN, LEVELS)


def _is_dense(city: City) -> bool:
    import shapely

    hull = shapely.convex_hull(shapely.geometrycollections(city["junction"].shapes))
    return bool(len(city["signal"]) >= max(URBAN_SIGNALS * hull.area / 1e6, 1.0))


def _table(plots: _Plots, levels: Floats) -> Table:
    """Use of the plots, which are numbered along the streets.

    On main streets one in four is a shop and one in four an office; elsewhere one in forty is a
    shop and one in two hundred a school; the others are homes.
    """
    number = np.arange(len(plots.shapes))
    use = np.full(len(number), "residential", dtype="<U11")
    use[np.where(plots.main, number % 4 == 1, number % 40 == 20)] = "retail"
    use[plots.main & (number % 4 == 3)] = "office"
    use[~plots.main & (number % 200 == 100)] = "education"
    footprint = np.full(len(number), WIDTH * DEPTH)
    columns = columns_of(use, footprint, levels, np.zeros(len(number), dtype=np.bool_))
    for key in ("levels_origin", "use_origin", "origin"):
        columns[key] = np.full(len(number), INFERRED)
    return Table("building", [f"inferred{i}" for i in number], columns, plots.shapes)


def _joined(first: Table, second: Table) -> Table:
    columns = {key: np.concatenate((first[key], second[key])) for key in first.columns}
    ids = np.concatenate((first.ids, second.ids))
    return Table(first.name, ids, columns, np.concatenate((first.shapes, second.shapes)))
