"""Draws a city as one HTML file that needs no network."""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.city.table import INFERRED, Array, Table
from twin.errors import ConfigError

UNIT = 0.1
"""Coordinates are whole multiples of this, m."""
TOLERANCE = 0.3
"""Shapes may be this far from the true ones, m."""
LANE = 3.2
"""Width of a lane, m."""
HIDDEN = frozenset({"junction", "poi"})
KINDS = {0: "point", 1: "line", 3: "area", 4: "point", 5: "line", 6: "area"}
RANK = {"area": 0, "line": 1, "point": 2}
COLOURS = (
    "#e69f00", "#0072b2", "#009e73", "#cc3311", "#8a5fbf", "#56b4e9", "#b8860b", "#d55e9c",
    "#3a7d44", "#7a4b2a", "#4b5fbf", "#ee7733",
)  # fmt: skip
OWN = {"building": "#d8ccb8", "edge": "#8f8a80", "junction": "#555b63", "poi": "#7d8794"}
TINTS = {
    "residential": "#e6d5ba",
    "retail": "#f3b9a1",
    "office": "#b8cce6",
    "industrial": "#c9c2d8",
    "education": "#f4e3a1",
    "health": "#f3bcc8",
    "hotel": "#d9b8e0",
    "public": "#b9dec6",
    "other": "#dcdad6",
}
TEXTS = {
    "en": {
        "edge": "Streets",
        "junction": "Junctions",
        "signal": "Traffic signals",
        "building": "Buildings",
        "stop": "Stops",
        "poi": "Points of interest",
        "layers": "Layers",
        "uses": "Use of buildings",
        "mapped": "mapped",
        "inferred": "inferred",
        "origin": "Full signs are mapped; hollow, pale or dashed ones are inferred by rule.",
        "hint": "Drag to move, scroll to zoom, point at something to see its values.",
        "people": "residents",
        "jobs": "jobs",
        "in": "Zoom in",
        "out": "Zoom out",
        "whole": "Whole city",
        "yes": "yes",
        "no": "no",
        **{use: use for use in TINTS},
    },
    "fr": {
        "edge": "Rues",
        "junction": "Carrefours",
        "signal": "Feux de circulation",
        "building": "Bâtiments",
        "stop": "Arrêts",
        "poi": "Lieux d’intérêt",
        "layers": "Couches",
        "uses": "Usage des bâtiments",
        "mapped": "cartographié",
        "inferred": "déduit",
        "origin": "Les signes pleins sont cartographiés ; les signes creux, pâles ou en tirets "
        "sont déduits par une règle.",
        "hint": "Glisser pour déplacer, molette pour zoomer, pointer pour voir les valeurs.",
        "people": "habitants",
        "jobs": "emplois",
        "in": "Agrandir",
        "out": "Réduire",
        "whole": "Toute la ville",
        "yes": "oui",
        "no": "non",
        "residential": "logement",
        "retail": "commerce",
        "office": "bureaux",
        "industrial": "industrie",
        "education": "enseignement",
        "health": "santé",
        "hotel": "hôtel",
        "public": "public",
        "other": "autre",
    },
}


def write(city: City, path: Path, *, language: str = "en") -> None:
    """Write the map of a city as a self-contained HTML file.

    Parameters
    ----------
    language
        ``en`` or ``fr``.

    Raises
    ------
    ConfigError
        Another language.
    """
    if language not in TEXTS:
        raise ConfigError(f"no map in the language {language!r}", allowed=", ".join(TEXTS))
    path.write_text(page(city, language), encoding="utf-8")


def page(city: City, language: str) -> str:
    """The HTML text of the map."""
    say = TEXTS[language]
    data = json.dumps(packed(city, language), ensure_ascii=False, separators=(",", ":"))
    style, script = _asset("map.css"), _asset("map.js")
    buttons = "".join(
        f'<button id="{key}" title="{say[key]}" aria-label="{say[key]}">{sign}</button>'
        for key, sign in (("in", "+"), ("out", "−"), ("whole", "⤢"))
    )
    warnings = "".join(
        f'<p class="warning">{escape(text)}</p>' for text in city.manifest.get("warnings", [])
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(city.name)}</title><style>{style}</style>'
        f'</head><body><canvas id="map" tabindex="0" role="img" aria-label="{escape(city.name)}">'
        f'</canvas><aside><h1>{escape(city.name)}</h1><p class="where">{_where(city, language)}</p>'
        f'{warnings}<fieldset id="layers"><legend>{say["layers"]}</legend></fieldset>'
        f'<fieldset><legend>{say["uses"]}</legend><div class="key" id="tints"></div></fieldset>'
        f'<p class="hint">{say["origin"]}</p><p class="hint">{say["hint"]}</p></aside>'
        f'<div class="zoom">{buttons}</div><footer><span class="bar"></span>'
        f'<span class="bartext"></span><span>{escape(str(city.manifest.get("licence", "")))}</span>'
        '</footer><div class="tip" hidden></div>'
        # A text from the map may hold "</script>": a less-than sign is written as its escape.
        f'<script type="application/json" id="data">{data.replace("<", chr(92) + "u003c")}</script>'
        f"<script>{script}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return (resources.files("twin.city") / "assets" / name).read_text(encoding="utf-8")


def _where(city: City, language: str) -> str:
    say, place = TEXTS[language], city.place
    people = int(city["building"]["people"].sum()) if "building" in city else 0
    jobs = int(city["building"]["jobs"].sum()) if "building" in city else 0
    figures = f"{_count(people, language)} {say['people']}, {_count(jobs, language)} {say['jobs']}"
    return f"{place.latitude:.4f}, {place.longitude:.4f} {escape(place.country)}<br>{figures}"


def _count(value: int, language: str) -> str:
    return f"{value:,}".replace(",", "\u202f" if language == "fr" else ",")


def packed(city: City, language: str) -> dict[str, Any]:
    """All that the page draws, as data for JSON; coordinates relative to the city's middle."""
    import shapely

    say = TEXTS[language]
    middle = np.round(np.median(city["junction"].points, axis=0))
    layers = [_layer(table, middle, language) for table in city if table.spatial and len(table) > 0]
    for order, layer in enumerate(layers):
        layer["order"] = order
        layer["colour"] = OWN.get(layer["name"], COLOURS[order % len(COLOURS)])
    west, south, east, north = shapely.total_bounds(city["edge"].geometry)
    extent = np.array([west, south, east, north]) - np.tile(middle, 2)
    return {
        "language": language,
        "texts": say,
        "extent": [round(float(value), 1) for value in extent],
        "tints": [[say[use], colour] for use, colour in TINTS.items()],
        "layers": sorted(layers, key=lambda layer: (RANK[layer["kind"]], layer["order"])),
    }


def _layer(table: Table, middle: npt.NDArray[np.float64], language: str) -> dict[str, Any]:
    import shapely

    shapes = table.geometry
    assert shapes is not None, "only tables with shapes are drawn"
    kind = KINDS.get(int(shapely.get_type_id(shapes).max()), "area")
    layer = {
        "name": table.name,
        "label": TEXTS[language].get(table.name, table.name.replace("_", " ").capitalize()),
        "kind": kind,
        "ids": table.ids.tolist(),
        "columns": {key: _column(values) for key, values in table.columns.items()},
        "shapes": _encoded(shapes, middle),
        "shown": _shown(table),
    }
    if "origin" in table:
        layer["inferred"] = (table["origin"] == INFERRED).astype(int).tolist()
    if table.name == "edge":
        layer["sizes"] = np.round(table["lanes"] * LANE, 1).tolist()
    if table.name == "building":
        order = list(TINTS)
        layer["tints"] = [order.index(use) if use in order else -1 for use in table["use"].tolist()]
    return layer


def _shown(table: Table) -> bool:
    """At first the map shows what was surveyed; what is mostly inferred waits for a click."""
    if table.name in ("edge", "building"):
        return True
    surveyed = "origin" not in table or bool((table["origin"] != INFERRED).mean() >= 0.5)
    return surveyed and table.name not in HIDDEN


def _column(values: Array) -> Any:
    """A column for JSON: texts by code, numbers to five digits, what is not finite as null."""
    if values.dtype.kind == "U":
        found, codes = np.unique(values, return_inverse=True)
        return {"values": found.tolist(), "codes": codes.tolist()}
    if values.dtype.kind == "f":
        return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values.tolist()]
    return values.tolist()


def _encoded(shapes: Array, middle: npt.NDArray[np.float64]) -> list[list[list[int]]]:
    """The parts of each shape as whole steps from point to point; rings of areas are parts too."""
    import shapely

    simple = shapely.simplify(shapes, TOLERANCE)
    parts, owner = shapely.get_parts(simple, return_index=True)
    lines, part = _rings(parts)
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    whole = np.round((coordinates - middle) / UNIT).astype(np.int64)
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    steps[starts] = whole[starts]
    out: list[list[list[int]]] = [[] for _ in shapes]
    for index, chunk in zip(line[starts], np.split(steps, starts[1:]), strict=True):
        out[owner[part[index]]].append(chunk.ravel().tolist())
    return out


def _rings(parts: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Rings of polygons, and points and lines as they are, with the part that each is of."""
    import shapely

    areal = shapely.get_type_id(parts) == 3
    rings, of = shapely.get_rings(parts[areal], return_index=True)
    lines = np.concatenate((parts[~areal], rings))
    part = np.concatenate((np.flatnonzero(~areal), np.flatnonzero(areal)[of]))
    return lines, part
