"""What a bundle holds, as data and as text."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.city.bundle import counts
from twin.city.city import City

Described = dict[str, Any]


def describe(city: City) -> Described:
    """Counts, extent, population, source, licence and hashes of a city.

    Returns
    -------
    dict
        ``name``, ``folder``, ``place``, ``extent`` (km east-west and north-south), ``people``,
        ``jobs``, ``street_km``, ``tables`` (rows, mapped, inferred), ``links`` (linked rows),
        ``demand``, ``source``, ``licence``, ``warnings``, ``files`` and ``tools``.
    """
    manifest = city.manifest
    return {
        "name": city.name,
        "folder": str(city.folder or ""),
        "place": vars(city.place),
        "extent": _extent(city),
        "people": _sum(city, "building", "people"),
        "jobs": _sum(city, "building", "jobs"),
        "street_km": round(_sum(city, "edge", "length") / 1000.0, 1),
        "tables": {table.name: counts(table) for table in city},
        "links": {link.name: len(link.pairs()[0]) for link in city.links.values()},
        "demand": {kind: [file.name for file in files] for kind, files in city.demand.items()},
        "source": manifest.get("source", {}),
        "licence": manifest.get("licence", ""),
        "warnings": manifest.get("warnings", []),
        "files": manifest.get("files", {}),
        "tools": manifest.get("tools", {}),
    }


def _extent(city: City) -> list[float]:
    """Size of the box around the junctions, km."""
    points = city["junction"].points
    return [round(float(side) / 1000.0, 2) for side in np.ptp(points, axis=0)]


def _sum(city: City, table: str, column: str) -> float:
    if table not in city or column not in city[table]:
        return 0.0
    return float(city[table][column].sum())


def text(found: Described) -> str:
    """The description as text of aligned lines."""
    place = found["place"]
    head = [
        ("city", found["name"]),
        ("place", f"{place['latitude']:.4f}, {place['longitude']:.4f}  {place['country']}"),
        ("time zone", place["timezone"]),
        ("extent", "{} x {} km".format(*found["extent"])),
        ("streets", f"{found['street_km']:,} km of carriageway"),
        ("people", f"{found['people']:,.0f} residents, {found['jobs']:,.0f} jobs (estimated)"),
        ("source", " ".join(filter(None, map(found["source"].get, ("kind", "file"))))),
        ("licence", found["licence"]),
    ]
    parts = [_aligned(head), _table(found["tables"]), _aligned(_links(found["links"]))]
    parts.append(_aligned([(name, _hash(entry)) for name, entry in found["files"].items()]))
    parts += [f"warning: {warning}" for warning in found["warnings"]]
    return "\n\n".join(part for part in parts if part)


def _links(links: dict[str, int]) -> list[tuple[str, str]]:
    return [(name.replace("->", " → "), f"{pairs:,}") for name, pairs in sorted(links.items())]


def _hash(entry: dict[str, Any]) -> str:
    return f"sha256 {entry['sha256'][:16]}…  {entry['bytes'] / 1e6:.1f} MB"


def _aligned(rows: list[tuple[str, str]]) -> str:
    width = max((len(key) for key, _ in rows), default=0)
    return "\n".join(f"{key:<{width}}  {value}" for key, value in rows)


def _table(tables: dict[str, dict[str, int]]) -> str:
    rows: list[tuple[str, ...]] = [("table", "rows", "mapped", "inferred")]
    for name, entry in tables.items():
        if name != "city":
            found = [entry.get(key) for key in ("rows", "mapped", "inferred")]
            rows.append((name, *("" if value is None else f"{value:,}" for value in found)))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
