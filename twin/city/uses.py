"""What buildings are used for, and by how many: the stated rules of the building table."""

from __future__ import annotations

import re

from twin.city.osm import Tags

USES = (
    "residential",
    "retail",
    "office",
    "industrial",
    "education",
    "health",
    "hotel",
    "public",
    "other",
)

STOREY = 3.0
"""Height of a storey where a map says a height and no levels, m."""

RESIDENTIAL_AREA = 60.0
"""Gross floor area per resident, m²: about 45 m² of dwelling, a quarter of walls and stairs."""

JOB_AREA = {
    "retail": 50.0,
    "office": 25.0,
    "industrial": 100.0,
    "education": 80.0,
    "health": 50.0,
    "hotel": 90.0,
    "public": 70.0,
}
"""Gross floor area per job, m², after the usual planning values (HCA Employment Density Guide)."""

LEVELS = {
    "residential": 1.5,
    "retail": 1.0,
    "office": 3.0,
    "industrial": 1.0,
    "education": 2.0,
    "health": 3.0,
    "hotel": 3.0,
    "public": 2.0,
    "other": 1.0,
}
"""Levels by use where the city's map says too few to take its median.

Homes: half of the houses have an upper floor."""

APARTMENT_LEVELS = 4.0
"""The same for a building tagged as apartments."""

HOUSES = frozenset({"house", "detached", "semidetached_house", "terrace", "bungalow", "farm"})
"""Values of ``building`` that are never a block of flats, however large."""

BLOCK, BLOCK_LEVELS = 400.0, 3.0
"""Footprint from which a home is a block of flats, m², and its levels."""

SMALL = 60.0
"""Footprint above which a building without a stated use is never an outbuilding, m²."""

SMALL_SHARE = 0.5
"""... and below which share of the city's median building it is one: houses differ by country."""

HALL = 800.0
"""Footprint from which a building on commercial land is a hall and not an office, m²."""


# Values of building=*; `yes` and unknown values say nothing.
_BUILDING = {
    "residential": (
        "apartments house detached residential terrace semidetached_house semi dormitory bungalow "
        "farm cabin hut_residential static_caravan houseboat block villa townhouse houses flats "
        "ger stilt_house tree_house dwelling_house"
    ),
    "retail": "retail supermarket kiosk shop mall marketplace market department_store",
    "office": "office",
    "industrial": "industrial warehouse manufacture factory works hangar storage_tank silo depot",
    "education": "school university college kindergarten childcare",
    "health": "hospital clinic doctors",
    "hotel": "hotel hostel motel guest_house",
    "public": (
        "public civic government church cathedral chapel mosque temple synagogue shrine monastery "
        "train_station transportation museum library townhall fire_station police stadium "
        "sports_hall sports_centre grandstand pavilion theatre cinema religious castle palace"
    ),
    "other": (
        "garage garages carport parking roof shed hut barn stable sty cowshed greenhouse "
        "glasshouse farm_auxiliary service utility transformer_tower water_tower tower ruins "
        "construction collapsed bunker bridge container tent toilets ship gazebo entrance "
        "outbuilding substation digester conservatory boathouse allotment_house slurry_tank "
        "guardhouse atrium wall proposed abandoned"
    ),
}
_AMENITY = {
    "education": "school university college kindergarten childcare music_school language_school "
    "driving_school prep_school",
    "health": "hospital clinic doctors dentist nursing_home social_facility veterinary",
    "retail": (
        "restaurant cafe fast_food bar pub biergarten food_court ice_cream pharmacy bank "
        "marketplace bureau_de_change nightclub fuel car_wash casino internet_cafe"
    ),
    "public": (
        "townhall library theatre cinema arts_centre courthouse police fire_station "
        "place_of_worship community_centre post_office exhibition_centre conference_centre "
        "events_venue prison public_building studio monastery embassy crematorium bus_station"
    ),
    "office": "coworking_space research_institute",
    "other": "parking shelter toilets bicycle_parking",
}
_TOURISM = {
    "hotel": "hotel hostel motel guest_house apartment chalet",
    "public": "museum gallery aquarium zoo attraction",
}
_LEISURE = {
    "public": "sports_centre sports_hall stadium ice_rink swimming_pool fitness_centre dance"
}
_LANDUSE = {
    "residential": "residential",
    "retail": "retail",
    "office": "commercial",
    "industrial": "industrial port quarry depot",
    "education": "education",
    "public": "religious civic_admin institutional civic civil",
    "other": "farmyard allotments railway military greenhouse_horticulture",
}


def _inverse(groups: dict[str, str]) -> dict[str, str]:
    return {value: use for use, values in groups.items() for value in values.split()}


_VALUES = {
    "building": _inverse(_BUILDING),
    "amenity": _inverse(_AMENITY),
    "tourism": _inverse(_TOURISM),
    "leisure": _inverse(_LEISURE),
}
_GROUND = _inverse(_LANDUSE)
# Keys that say a use whatever their value.
_ANY = {"shop": "retail", "office": "office", "healthcare": "health", "craft": "industrial"}
_NUMBER = re.compile(r"\s*([0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*('|ft\b)?")
_NOT = frozenset({"no", "vacant", "disused"})


def by_building(tags: Tags) -> str:
    """Use that ``building=*`` itself names, or ``building:use``; empty when it names none."""
    value = tags.get("building", "").split(";")[0].strip().lower()
    said = tags.get("building:use", "").split(";")[0].strip().lower()
    return _VALUES["building"].get(value, "") or _VALUES["building"].get(said, "")


def by_function(tags: Tags) -> str:
    """Use that amenity, shop, office and the like name; empty when none does."""
    for key, use in _ANY.items():
        if tags.get(key, "no") not in _NOT:
            return use
    for key in ("amenity", "tourism", "leisure"):
        found = _VALUES[key].get(tags.get(key, "").split(";")[0].strip())
        if found:
            return found
    return ""


def by_ground(tags: Tags) -> str:
    """Use of what stands on an area: its grounds (a school's, a hospital's) or its landuse."""
    amenity = by_function(tags)
    if amenity in ("education", "health") or (amenity and "landuse" not in tags):
        return amenity
    return _GROUND.get(tags.get("landuse", ""), "")


def levels(tags: Tags) -> float:
    """Levels that the tags say, from their number or the height; nan when they say none."""
    stated = _number(tags.get("building:levels", "")) or _number(tags.get("levels", ""))
    if stated:
        return min(max(stated, 1.0), 200.0)
    high = _number(tags.get("height", "")) or _number(tags.get("building:height", ""))
    return min(max(round(high / STOREY), 1.0), 200.0) if high else float("nan")


def _number(text: str) -> float:
    """The first number of a text such as ``3``, ``2,5``, ``12 m`` or ``2;3``; 0 without any."""
    found = _NUMBER.match(text)
    if found is None:
        return 0.0
    value = float(found[1].replace(",", ".")) * (0.3048 if found[2] else 1.0)
    return value if 0.0 < value < 1000.0 else 0.0
