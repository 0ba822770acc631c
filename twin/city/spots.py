"""Stops of public transport and points of interest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.city.features import Features
from twin.city.osm import Tags
from twin.city.table import MAPPED, Table
from twin.city.words import words

Rows = npt.NDArray[np.int64]

SAME_STOP = 25.0
"""A platform this near to a stop is that stop's, m."""

# Values of amenity=* and leisure=* that people go to.
AMENITIES = words(
    "restaurant cafe fast_food bar pub biergarten food_court ice_cream pharmacy bank "
    "marketplace nightclub cinema theatre arts_centre library townhall courthouse police "
    "fire_station place_of_worship community_centre post_office school university college "
    "kindergarten hospital clinic doctors dentist fuel bus_station ferry_terminal casino "
    "social_facility childcare bureau_de_change veterinary conference_centre "
    "exhibition_centre events_venue music_school public_bath car_rental embassy"
)
LEISURES = words(
    "sports_centre stadium fitness_centre swimming_pool park playground ice_rink water_park "
    "marina garden golf_course sports_hall beach_resort dance"
)
# Values of tourism=* and historic=* that are signs and not places.
NOT_SIGHTS = frozenset({"information", "yes", "no", "viewpoint_board"})
SIGHTS = frozenset({"monument", "castle", "memorial", "archaeological_site", "ruins", "fort"})


def stops(features: Features) -> Table:
    """Stops of public transport; platforms count where no stop is mapped beside them."""
    import shapely

    modes = [_mode(tags) for tags in features.tags]
    rows = np.array([i for i, mode in enumerate(modes) if mode], dtype=np.int64)
    points = features.centres(rows)
    platforms = np.array([i for i, t in enumerate(features.tags) if _platform(t)], dtype=np.int64)
    centres = features.centres(platforms)
    near = shapely.STRtree(points).query(centres, predicate="dwithin", distance=SAME_STOP)[0]
    alone = np.setdiff1d(np.arange(len(platforms)), near)
    alone = alone[_first_of_each(centres[alone])]
    modes_alone = [_platform(features.tags[i]) for i in platforms[alone]]
    found = np.concatenate((rows, platforms[alone]))
    columns: dict[str, npt.ArrayLike] = {
        "name": [features.tags[i].get("name", "") for i in found],
        "mode": [modes[i] for i in rows] + modes_alone,
        "origin": np.full(len(found), MAPPED),
    }
    geometry = np.concatenate((points, centres[alone]))
    return Table("stop", [features.ids[i] for i in found], columns, geometry)


def _first_of_each(centres: npt.NDArray[np.object_]) -> Rows:
    """One platform of each group within :data:`SAME_STOP`."""
    import shapely

    one, other = shapely.STRtree(centres).query(centres, predicate="dwithin", distance=SAME_STOP)
    later = np.unique(one[other < one])
    return np.setdiff1d(np.arange(len(centres)), later)


def _mode(tags: Tags) -> str:
    if tags.get("highway") == "bus_stop" or tags.get("amenity") == "bus_station":
        return "tram" if tags.get("tram") == "yes" and tags.get("bus") != "yes" else "bus"
    if tags.get("railway") == "tram_stop":
        return "tram"
    if tags.get("railway") in ("station", "halt"):
        return (
            "subway" if tags.get("station") == "subway" or tags.get("subway") == "yes" else "rail"
        )
    return "ferry" if tags.get("amenity") == "ferry_terminal" else ""


def _platform(tags: Tags) -> str:
    """Mode of a platform; empty for what is none."""
    if tags.get("public_transport") != "platform" or _mode(tags):
        return ""
    if tags.get("railway") == "platform":
        return "tram" if tags.get("tram") == "yes" else "rail"
    for key in ("tram", "train", "subway", "ferry"):
        if tags.get(key) == "yes":
            return {"train": "rail"}.get(key, key)
    return "bus"


def pois(features: Features) -> Table:
    """Places that people go to: their kind is the value of the tag that says it."""
    kinds = [_kind(tags) for tags in features.tags]
    rows = np.array([i for i, kind in enumerate(kinds) if kind], dtype=np.int64)
    columns: dict[str, npt.ArrayLike] = {
        "kind": [kinds[i] for i in rows],
        "name": [features.tags[i].get("name", "") for i in rows],
        "origin": np.full(len(rows), MAPPED),
    }
    return Table("poi", [features.ids[i] for i in rows], columns, features.centres(rows))


def _kind(tags: Tags) -> str:
    for key, allowed in (("amenity", AMENITIES), ("leisure", LEISURES), ("historic", SIGHTS)):
        if tags.get(key) in allowed:
            return tags[key]
    for key in ("shop", "tourism", "office", "healthcare", "craft"):
        value = tags.get(key, "no").split(";")[0].strip()
        if value not in NOT_SIGHTS:
            return value
        if value == "yes":
            return key
    return ""
