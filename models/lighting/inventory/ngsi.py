"""Reads entities of Smart Data Models from NGSI-LD or NGSI v2 JSON, key-values or normalized."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Entity = dict[str, Any]
LAMP, MODEL, REFERENCE = "Streetlight", "StreetlightModel", "refStreetlightModel"
READINGS = ("id", "dateObserved", "illuminanceLevel", "powerConsumption")
"""Columns of the readings of lamps, as a recorded sensor takes them."""


def entities(file: Path) -> list[Entity] | None:
    """The entities of a file, their attributes as plain values; None for a JSON of another kind.

    Raises
    ------
    DataError
        It is not JSON.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"this is not JSON: {error}", where=str(file)) from None
    if isinstance(content, dict):
        content = content.get("@graph", [content])
    known = isinstance(content, list) and all(
        isinstance(item, dict) and "id" in item and "type" in item and "geometry" not in item
        for item in content
    )
    return [_plain(item) for item in content] if known else None


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


def text(value: Any) -> str:
    """A value as the text that a CSV would have."""
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


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


def _plain(item: Entity) -> Entity:
    """An entity with short names and plain values; its time also from ``observedAt``."""
    seen = [v["observedAt"] for v in item.values() if isinstance(v, dict) and "observedAt" in v]
    out: Entity = {"dateObserved": max(seen)} if seen else {}
    out.update({_short(key): _value(value) for key, value in item.items() if key != "@context"})
    kind = item["type"][0] if isinstance(item["type"], list) and item["type"] else item["type"]
    return {**out, "id": item["id"], "type": _short(str(kind))}


def _short(name: str) -> str:
    """The last part of an expanded name."""
    return name.replace("#", "/").rsplit("/", 1)[-1]


def _value(value: Any) -> Any:
    """What an attribute says, whether it is normalized or not."""
    if not isinstance(value, dict):
        return value
    for key in ("value", "object", "@value"):
        if key in value:
            return _value(value[key])
    return value
