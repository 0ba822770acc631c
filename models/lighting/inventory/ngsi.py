"""Street lights among the entities of Smart Data Models: what they are, and their readings."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.errors import DataError
from twin.sensors.ngsi import Entity, entities, text

LAMP, MODEL, REFERENCE = "Streetlight", "StreetlightModel", "refStreetlightModel"
READINGS = ("id", "dateObserved", "illuminanceLevel", "powerConsumption")
"""Columns of the readings of lamps, as a recorded sensor takes them."""


def lamps(file: Path, found: list[Entity]) -> tuple[list[int], list[Entity]]:
    """The street lights among the entities with their number in the file, from 1.

    What a lamp does not say of itself its ``StreetlightModel`` says, where the file has it.

    Raises
    ------
    DataError
        No entity is a street light.
    """
    models = {str(item["id"]): item for item in found if item["type"] == MODEL}
    rows = [row for row, item in enumerate(found, 1) if item["type"] == LAMP]
    if not rows:
        kinds = sorted({str(item["type"]) for item in found})
        raise DataError(
            f"no entity is a {LAMP}", where=str(file), allowed=f"the file has {', '.join(kinds)}"
        )
    chosen = [found[row - 1] for row in rows]
    return rows, [{**models.get(str(item.get(REFERENCE)), {}), **item} for item in chosen]


def place(entity: Entity) -> npt.NDArray[np.float64]:
    """Longitude and latitude of its ``location``; NaN where it has none. (2,) float64."""
    import shapely

    geometry = entity.get("location")
    try:
        middle = shapely.from_geojson(json.dumps(geometry)).centroid
        return np.array([middle.x, middle.y])
    except (shapely.errors.GEOSException, AttributeError, TypeError):
        return np.full(2, np.nan)


def write_readings(file: Path, output: Path) -> int:
    """Write the readings of the street lights of a file as a CSV; how many there are.

    Raises
    ------
    DataError
        The file has no entities, no street light, or none with a reading and its time.
    """
    found = entities(file) if file.is_file() else None
    if found is None:
        raise DataError("this has no NGSI entities", where=str(file), allowed="id and type in each")
    rows = [item for item in lamps(file, found)[1] if any(k in item for k in READINGS[2:])]
    rows = [item for item in rows if text(item.get("dateObserved"))]
    if not rows:
        raise DataError(
            "no street light has a reading and its time",
            where=str(file),
            allowed=f"{READINGS[2]} or {READINGS[3]}, with dateObserved or observedAt",
        )
    with output.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(READINGS)
        writer.writerows([text(item.get(name)) for name in READINGS] for item in rows)
    return len(rows)
