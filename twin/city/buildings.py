"""The building table: what the map draws, what it is used for and by how many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.city import uses
from twin.city.features import Features
from twin.city.osm import Tags
from twin.city.place import Floats
from twin.city.table import INFERRED, MAPPED, Table

Rows = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]

NOT_BUILDINGS = ("no", "demolished", "razed", "proposed", "abandoned:no")
ENOUGH = 20
"""So many buildings of one use with mapped levels give the levels of the others ..."""
SAMPLE = 0.05
"""... when they are this share of them: a map may tag its towers alone."""


def mapped_buildings(features: Features) -> Table:
    """Every building that the map draws; an empty table where it draws none.

    Notes
    -----
    Use, in this order: the value of ``building``; amenity, shop, office, tourism or healthcare on
    the building itself; then, inferred: what is mapped inside it, the grounds or landuse that it
    stands on, and else residential; a small one without address or name is an outbuilding.
    """
    import shapely

    rows = _rows(features)
    shapes = features.geometry[rows]
    footprint = np.asarray(shapely.area(shapes), dtype=np.float64)
    use, use_mapped, shops = _uses(features, rows, shapes, footprint)
    levels, levels_mapped = _levels(features, rows, use, footprint)
    columns = columns_of(use, footprint, levels, shops)
    columns["levels_origin"] = np.where(levels_mapped, MAPPED, INFERRED)
    columns["use_origin"] = np.where(use_mapped, MAPPED, INFERRED)
    columns["origin"] = np.full(len(rows), MAPPED)
    return Table("building", [features.ids[row] for row in rows], columns, shapes)


def _rows(features: Features) -> Rows:
    """Buildings with an area; parts of a building are left to its outline."""
    import shapely

    drawn = [
        row
        for row in features.select("building")
        if features.tags[row]["building"] not in NOT_BUILDINGS
    ]
    rows = np.array(drawn, dtype=np.int64)
    areal = shapely.get_dimensions(features.geometry[rows]) == 2
    return np.asarray(rows[areal], dtype=np.int64)


def _uses(
    features: Features, rows: Rows, shapes: npt.NDArray[np.object_], footprint: Floats
) -> tuple[Texts, Flags, Flags]:
    """Use, whether it is mapped, and whether there is a shop or the like in the building."""
    tags = [features.tags[row] for row in rows]
    use = np.array([uses.by_building(t) or uses.by_function(t) for t in tags], dtype="<U11")
    mapped = use != ""
    inside = _inside(features, shapes)
    shops = np.isin(inside, ("retail", "hotel", "office", "health"))
    # Offices or halls: the tag says no more than the landuse of the same name.
    commercial = np.array([t["building"] == "commercial" for t in tags], dtype=np.bool_)
    ground = np.where(commercial, "office", _ground(features, shapes))
    # Shops on the ground floor do not make a house a shop; a school or a hotel inside does.
    whole = np.isin(inside, ("education", "hotel", "public", "health"))
    single = (inside != "") & (_floors(features, rows) <= 1.0)
    use = np.where((use == "") & (whole | single), inside, use)
    unsaid = np.array([np.isnan(uses.levels(t)) for t in tags], dtype=np.bool_)
    low = unsaid & (_floors(features, rows) <= 2.0)
    hall = (ground == "office") & (footprint > uses.HALL) & low
    use = np.where(use == "", np.where(hall, "industrial", ground), use)
    use = np.where(~mapped & _outbuilding(tags, footprint), "other", use)
    return np.where(use == "", "residential", use), mapped, shops


def _outbuilding(tags: list[Tags], footprint: Floats) -> Flags:
    """Sheds and garages that the map draws as buildings of no kind, without an address."""
    if not len(footprint):
        return np.zeros(0, dtype=np.bool_)
    small = min(uses.SMALL, uses.SMALL_SHARE * float(np.median(footprint)))
    known = np.array(["addr:housenumber" in t or "name" in t for t in tags], dtype=np.bool_)
    return (footprint < small) & ~known


def _floors(features: Features, rows: Rows) -> Floats:
    """Levels that the map says; where it says none the city's median, or two."""
    levels = np.array([uses.levels(features.tags[row]) for row in rows], dtype=np.float64)
    known = levels[~np.isnan(levels)]
    return np.nan_to_num(levels, nan=float(np.median(known)) if _tells(known, levels) else 2.0)


def _tells(known: Floats, levels: Floats) -> bool:
    """Whether the mapped levels stand for all."""
    return len(known) >= max(ENOUGH, SAMPLE * len(levels))


def _inside(features: Features, shapes: npt.NDArray[np.object_]) -> Texts:
    """The use of what is mapped as a point inside each building; the most frequent one."""
    import shapely

    found = [uses.by_function(tags) for tags in features.tags]
    kinds = shapely.get_type_id(features.geometry)
    points = np.array([i for i, use in enumerate(found) if use and kinds[i] == 0], dtype=np.int64)
    tree = shapely.STRtree(shapes)
    point, building = tree.query(features.geometry[points], predicate="within")
    codes = np.array([uses.USES.index(found[i]) for i in points], dtype=np.int64)[point]
    votes = np.zeros((len(shapes), len(uses.USES)), dtype=np.int64)
    np.add.at(votes, (building, codes), 1)
    return _elected(votes)


def _elected(votes: npt.NDArray[np.int64]) -> Texts:
    if not len(votes):
        return np.empty(0, dtype="<U11")
    return np.where(votes.any(axis=1), np.array(uses.USES)[votes.argmax(axis=1)], "")


def _ground(features: Features, shapes: npt.NDArray[np.object_]) -> Texts:
    """The use of the smallest area with a stated use that each building stands on."""
    import shapely

    stated = ["" if "building" in tags else uses.by_ground(tags) for tags in features.tags]
    areal = shapely.get_dimensions(features.geometry) == 2
    areas = np.array([i for i, use in enumerate(stated) if use and areal[i]], dtype=np.int64)
    size = shapely.area(features.geometry[areas])
    areas = areas[np.argsort(-size, kind="stable")]
    tree = shapely.STRtree(features.geometry[areas])
    building, area = tree.query(shapely.point_on_surface(shapes), predicate="within")
    # Areas are in falling size, so the highest index is the smallest one: it is the last to write.
    order = np.argsort(area, kind="stable")
    out = np.full(len(shapes), "", dtype="<U11")
    out[building[order]] = np.array([stated[i] for i in areas], dtype="<U11")[area[order]]
    return out


def _levels(features: Features, rows: Rows, use: Texts, footprint: Floats) -> tuple[Floats, Flags]:
    tags = [features.tags[row] for row in rows]
    levels = np.array([uses.levels(t) for t in tags], dtype=np.float64)
    mapped = ~np.isnan(levels)
    flats = np.array(
        [t["building"] in ("apartments", "flats", "block") for t in tags], dtype=np.bool_
    )
    usual = np.array([uses.LEVELS[u] for u in use], dtype=np.float64)
    house = np.array([t["building"] in uses.HOUSES for t in tags], dtype=np.bool_)
    block = (use == "residential") & (footprint >= uses.BLOCK) & ~house
    usual = np.where(block, uses.BLOCK_LEVELS, usual)
    usual = np.where(flats, uses.APARTMENT_LEVELS, usual)
    for kind in uses.USES:
        known = levels[mapped & (use == kind)]
        if _tells(known, levels[use == kind]):
            usual[use == kind] = np.median(known)
    return np.where(mapped, levels, usual), mapped


def columns_of(
    use: Texts, footprint: Floats, levels: Floats, shops: Flags
) -> dict[str, npt.NDArray[np.generic]]:
    """Floor area, residents and jobs by the rules of :mod:`twin.city.uses`.

    Parameters
    ----------
    shops : (n,) bool
        Whether the ground floor of a residential building is let: its area gives jobs as in retail
        and houses nobody.
    """
    floor = footprint * levels
    home = use == "residential"
    let = np.where(home & shops, footprint, 0.0)
    people = np.where(home, (floor - np.where(levels > 1.0, let, 0.0)) / uses.RESIDENTIAL_AREA, 0.0)
    per_job = np.array([uses.JOB_AREA.get(kind, np.inf) for kind in use], dtype=np.float64)
    jobs = floor / per_job + let / uses.JOB_AREA["retail"]
    return {
        "use": use,
        "levels": levels,
        "footprint": footprint,
        "floor_area": floor,
        "people": np.rint(people).astype(np.int32),
        "jobs": np.rint(jobs).astype(np.int32),
    }
