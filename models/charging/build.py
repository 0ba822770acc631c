"""Charging stations of a city: those of the map, and those that the law asks for beside them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table

USUAL_POWER = 22_000.0
USUAL_POINTS = 2
"""Rated power of a point, W, and points of a public AC station that does not say."""

CARS_PER_PERSON = 0.5
ELECTRIC_SHARE = 0.05
"""Cars per resident and the part of them that are battery-electric: European orders of size."""

POWER_PER_CAR = 1300.0
"""Public charging power per battery-electric car, W (AFIR: Regulation (EU) 2023/1804, art. 3)."""

PEOPLE_PER_METRE = 0.2
"""Residents per metre of local street where the city has no buildings to count them in."""

LOCAL = ("residential", "living_street", "unclassified", "tertiary", "")
REACH = 200.0
"""Farther from every carriageway, a charger has no access; metres."""

_Sites = tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]


class ChargingBuilder(Builder):
    """Makes the table ``charger`` and the link charger→edge.

    Where the mapped stations have less power than 1.3 kW for each battery-electric car of the
    residents (AFIR), stations of two 22 kW points are inferred at the public car parks and kerbs
    with the most spaces until they have; they stand for those the map does not know.
    """

    makes = ("charger",)
    needs = ("edge", "building", "parking")

    def build(self, city: City, features: Features) -> None:
        """Add the mapped stations, then those that are missing for the city's cars."""
        rows = _stations(features)
        tags = [features.tags[row] for row in rows]
        power, points = rated(tags)
        missing = required(city) - float((power * points).sum())
        extra = _choose(city, int(np.ceil(max(0.0, missing) / (USUAL_POWER * USUAL_POINTS))))
        columns = {
            "power": np.concatenate((power, np.full(len(extra), USUAL_POWER))),
            "points": np.concatenate((points, np.full(len(extra), USUAL_POINTS, dtype=np.int32))),
            "origin": np.array([MAPPED] * len(rows) + [INFERRED] * len(extra), dtype="U8"),
        }
        ids = [features.ids[row] for row in rows]
        ids += [f"charger.{number}" for number in range(len(extra))]
        geometry = np.concatenate((features.centres(rows), extra))
        city.add(Table("charger", np.array(ids, dtype=np.str_), columns, geometry))
        if not ids:
            city.connect(Link("charger", "edge", np.empty(0, dtype=np.int32)))
            return
        cars = city["edge"]["car"].astype(np.bool_)
        city.connect_nearest("charger", "edge", within=REACH, where=cars)


def _stations(features: Features) -> npt.NDArray[np.int64]:
    """Rows of the stations for cars."""
    found = features.select("amenity", "charging_station")
    tags = [features.tags[row] for row in found]
    keep = [t.get("motorcar") != "no" and t.get("access") != "no" and _cars(t) for t in tags]
    return found[np.array(keep, dtype=np.bool_)]


def _cars(tags: dict[str, str]) -> bool:
    """Whether a station is not one for bicycles or scooters alone."""
    others = any(tags.get(key) in ("yes", "designated") for key in ("bicycle", "scooter"))
    return not others or any(tags.get(key, "no") != "no" for key in ("motorcar", "car"))


def rated(
    tags: list[dict[str, str]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Power of a point, W, and number of points of mapped stations.

    ``socket:TYPE`` counts sockets and ``socket:TYPE:output`` (or ``charging_station:output``) says
    their power; the power of a point is the mean of its sockets. ``capacity`` counts the cars that
    can charge and goes before the sockets. What is not said is as usual: two points of 22 kW.

    Returns
    -------
    power : (n,) float64, W
    points : (n,) int32
    """
    found = [_rated(t) for t in tags]
    power = np.array([watts for watts, _ in found], dtype=np.float64)
    return power, np.array([points for _, points in found], dtype=np.int32)


def _rated(tags: dict[str, str]) -> tuple[float, int]:
    sockets = {
        key.split(":")[1]: max(1, int(_number(value) or 1))
        for key, value in tags.items()
        if re.fullmatch(r"socket:[^:]+", key) and value != "no" and "schuko" not in key
    }
    outputs = {name: watts(tags.get(f"socket:{name}:output")) for name in sockets}
    known = [name for name in sockets if outputs[name]]
    count = sum(sockets[name] for name in known)
    power = sum(outputs[name] * sockets[name] for name in known) / count if count else 0.0
    power = power or watts(tags.get("charging_station:output") or tags.get("output"))
    points = int(_number(tags.get("capacity"))) or sum(sockets.values()) or USUAL_POINTS
    return power or USUAL_POWER, min(points, 200)


def _number(text: str | None) -> float:
    found = re.search(r"\d+(?:[.,]\d+)?", text or "")
    return float(found.group().replace(",", ".")) if found else 0.0


def watts(text: str | None) -> float:
    """Watts in ``"22 kW"``, ``"22"``, ``"22000 W"``, or the most of ``"11 kW;22 kW"``; else 0.

    A bare number below 1000 is in kilowatts.
    """
    best = 0.0
    for part in (text or "").split(";"):
        value = _number(part)
        kilo = "k" in part.lower() or (value < 1000.0 and "w" not in part.lower())
        best = max(best, value * (1000.0 if kilo else 1.0))
    return min(best, 1.0e6)


def required(city: City) -> float:
    """Public charging power that the residents' electric cars call for, W."""
    people = 0.0
    if "building" in city and "people" in city["building"]:
        people = float(city["building"]["people"].sum())
    if people <= 0.0:
        edges = city["edge"]
        local = edges["car"] & np.isin(edges["road"], LOCAL)
        people = float(edges["length"][local].sum()) * PEOPLE_PER_METRE
    return people * CARS_PER_PERSON * ELECTRIC_SHARE * POWER_PER_CAR


def _choose(city: City, stations: int) -> npt.NDArray[np.object_]:
    """Points of the new stations: the places with the most spaces, one each before a second."""
    points, spaces = _sites(city)
    if not stations or not len(points):
        return np.empty(0, dtype=np.object_)
    order = np.lexsort((np.arange(len(points)), -spaces))
    chosen: npt.NDArray[np.object_] = points[order[np.arange(stations) % len(points)]]
    return chosen


def _sites(city: City) -> _Sites:
    """Public car parks with their spaces; the middles of local streets where there is none."""
    import shapely

    if "parking" in city and len(city["parking"]):
        parking = city["parking"]
        public = np.ones(len(parking), dtype=np.bool_)
        if "access" in parking:
            public = parking["access"] != "private"
        return shapely.points(parking.points[public]), parking["capacity"][public].astype(float)
    edges = city["edge"]
    rows = np.flatnonzero(edges["car"] & np.isin(edges["road"], LOCAL))
    if edges.geometry is None or not len(rows):
        return np.empty(0, dtype=np.object_), np.empty(0)
    lines = edges.geometry[rows]
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    return middles, edges["length"][rows].astype(np.float64)
