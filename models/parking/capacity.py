"""How many cars fit: as tagged, else from area, levels or length, by stated rules."""

from __future__ import annotations

import re

SURFACE = 25.0
GARAGE = 30.0
"""Gross area of a space with its share of the lanes, m²: on the ground, and in a building, where
ramps and pillars take their part."""

LEVELS = {"underground": 2.0, "multi-storey": 4.0}
"""Levels of a garage that does not say."""

POINTS = {"underground": 200.0, "multi-storey": 300.0, "street_side": 6.0, "lane": 6.0}
"""Spaces of a car park mapped as a point without its capacity; 20 on the ground."""

SPACE_LENGTH = {"parallel": 6.0, "diagonal": 3.1, "perpendicular": 2.5}
"""Length of kerb a car takes, m."""

CORNERS = 10.0
"""Length of kerb that junctions and crossings keep free, m a street."""

_ORIENTATIONS = {
    "parallel": "parallel",
    "inline": "parallel",
    "marked": "parallel",
    "diagonal": "diagonal",
    "perpendicular": "perpendicular",
    "orthogonal": "perpendicular",
}
_KERB = ("lane", "street_side", "on_kerb", "half_on_kerb", "inline", "shoulder")
_PLACES = ("lane", "street_side", "on_kerb", "half_on_kerb", "shoulder", "yes")


def number(text: str | None) -> float:
    """The first number in a tag's value, or 0."""
    found = re.search(r"\d+(?:[.,]\d+)?", text or "")
    return float(found.group().replace(",", ".")) if found else 0.0


def kind(tags: dict[str, str]) -> str:
    """``surface``, ``underground``, ``multi-storey``, ``rooftop``, ``street`` and the like."""
    said = tags.get("parking", "")
    if said in ("", "yes"):
        if tags.get("location") == "underground" or tags.get("layer", "").startswith("-"):
            return "underground"
        return "multi-storey" if tags.get("building") in ("parking", "garages") else "surface"
    return "street" if said in _KERB else said


def of_area(tags: dict[str, str], area: float) -> float:
    """Spaces of a car park.

    Parameters
    ----------
    tags
        Its tags.
    area
        Its area on the ground, m²; 0 for one mapped as a point.

    Returns
    -------
    float
        ``capacity`` where it is tagged; else area times levels over the gross area of a space; for
        a point a usual number for its kind.
    """
    given = number(tags.get("capacity"))
    if given:
        return given
    what = kind(tags)
    if area <= 0.0:
        return POINTS.get(tags.get("parking", what), POINTS.get(what, 20.0))
    levels = number(tags.get("building:levels")) or number(tags.get("levels"))
    levels = levels or number(tags.get("building:levels:underground")) or LEVELS.get(what, 1.0)
    if what == "street":
        return max(1.0, float(round(area / 12.5)))  # only the spaces are drawn, without a lane
    space = GARAGE if what in LEVELS else SURFACE
    return max(1.0, float(round(area * (levels if what in LEVELS else 1.0) / space)))


def along(length: float, orientation: str) -> float:
    """Spaces along one side of a street of this length, m."""
    return float(max(0, int((length - CORNERS) / SPACE_LENGTH[orientation])))


def of_kerb(tags: dict[str, str], length: float) -> float:
    """Spaces on both sides of a street, from the tags ``parking:SIDE`` or ``parking:lane:SIDE``."""
    return sum(_side(tags, side, length) for side in ("left", "right"))


def _side(tags: dict[str, str], side: str, length: float) -> float:
    for where in (side, "both"):
        given = number(tags.get(f"parking:{where}:capacity"))
        given = given or number(tags.get(f"parking:lane:{where}:capacity"))
        if given:
            return given if where == side else given / 2.0
    for where in (side, "both"):
        said = tags.get(f"parking:{where}")
        if said is not None:
            orientation = tags.get(f"parking:{where}:orientation")
            orientation = orientation or tags.get("parking:both:orientation", "parallel")
            usual = _ORIENTATIONS.get(orientation, "parallel")
            return along(length, usual) if said in _PLACES else 0.0
        lane = tags.get(f"parking:lane:{where}")
        if lane is not None:
            return along(length, _ORIENTATIONS[lane]) if lane in _ORIENTATIONS else 0.0
    return 0.0
