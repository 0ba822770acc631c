"""Cameras of a city and the streets that each can see."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from models.safety.sight import visible_pairs
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import MAPPED, Table

IMAGE_WIDTH = 1920.0
DETECTION = 25.0
"""Pixels across the image of a full-HD camera; pixels a metre to detect a person (EN 62676-4)."""

FIELD = 60.0
"""Horizontal field of view of a camera that looks one way, degrees."""

_EAST = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE")
_COMPASS = (*_EAST, "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def detection_range(field: float = FIELD) -> float:
    """Distance at which the image still has 25 pixels a metre, m: w / (2 · 25 · tan(field / 2))."""
    return float(IMAGE_WIDTH / (2.0 * DETECTION * np.tan(np.radians(field) / 2.0)))


def direction(tags: dict[str, str]) -> float:
    """Degrees clockwise from north; -1 for a dome, a turning camera, or one that does not say."""
    turning = tags.get("camera:type") in ("dome", "panning") or tags.get("revolving") == "yes"
    said = tags.get("camera:direction") or tags.get("direction") or ""
    if turning or not said:
        return -1.0
    if said.strip().upper() in _COMPASS:
        return _COMPASS.index(said.strip().upper()) * 22.5
    between = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*", said)
    if between:
        first, last = float(between[1]), float(between[2])
        return (first + ((last - first) % 360.0) / 2.0) % 360.0
    degrees = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*°?\s*", said)
    return float(degrees[1]) % 360.0 if degrees else -1.0


class CameraBuilder(Builder):
    """Makes the table ``camera`` and the to-many link camera→edge: the streets it sees.

    Cameras are only those of the map; none is inferred.
    """

    makes = ("camera",)
    needs = ("edge", "building")

    def build(self, city: City, features: Features) -> None:
        """Add the outdoor cameras and what each sees."""
        rows = _outdoor(features)
        facing = np.array([direction(features.tags[row]) for row in rows], dtype=np.float64)
        columns = {
            "range": np.full(len(rows), detection_range()),
            "direction": facing,
            "field": np.where(facing < 0.0, 360.0, FIELD),
            "origin": np.full(len(rows), MAPPED),
        }
        ids = np.array([features.ids[row] for row in rows], dtype=np.str_)
        camera = city.add(Table("camera", ids, columns, features.centres(rows)))
        cameras, edges = visible_pairs(city, camera)
        city.connect(Link.many("camera", "edge", cameras, edges, len(camera)))


def _outdoor(features: Features) -> npt.NDArray[np.int64]:
    """Rows of cameras (guards are no cameras) that do not look at the inside of a building."""
    found = features.select("man_made", "surveillance")
    keep = [
        features.tags[row].get("surveillance:type", "camera") in ("camera", "ALPR", "yes")
        and features.tags[row].get("surveillance") != "indoor"
        for row in found
    ]
    return found[np.array(keep, dtype=np.bool_)]
