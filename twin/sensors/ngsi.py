"""Reads entities of Smart Data Models from NGSI-LD or NGSI v2 JSON, key-values or normalized."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twin.errors import DataError

Entity = dict[str, Any]
SUFFIXES = (".json", ".jsonld")
"""Of files that may hold entities."""


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


def text(value: Any) -> str:
    """A value as the text that a CSV would have."""
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


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
