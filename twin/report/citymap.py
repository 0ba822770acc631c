"""The map: geometries and values packed for the canvas, and the controls around it."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import numpy as np

from twin.report.data import Floats, Geometry, Layer, ReportData
from twin.report.messages import Catalogue
from twin.report.scale import extent, prefixed, reach

EARTH = 6_371_008.8
"""Mean radius of the Earth, m."""
UNIT = 0.2
"""Coordinates are whole multiples of this many metres."""
TOLERANCE = 0.5
"""How far a background shape may be from the true one, m."""
TEXTS = ("less", "more", "none", "view.base", "view.policy", "view.difference")
OSM = "https://www.openstreetmap.org/copyright"


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    caution = say("map.caution" if data.variants else "map.caution.run")
    names = ", ".join(_layer_label(layer, say) for layer in ordered(data))
    alt = escape(say("map.alt", layers=names))
    return (
        f'<p class="note">{escape(caution)}</p>{_controls(data, say)}'
        '<div class="map"><canvas id="map" tabindex="0" role="img" '
        f'aria-label="{alt}"></canvas>{_buttons(say)}'
        '<div class="scale" aria-hidden="true"><span></span></div>'
        f'<div class="tip" hidden></div>{_attribution(data, say)}</div>'
        '<div class="maplegend" id="maplegend" aria-live="polite"></div>'
        f'<p class="note">{escape(say("map.hint"))}</p>'
        f"<noscript><p>{escape(say('report.noscript'))}</p></noscript>"
        f'<script type="application/json" id="mapdata">{packed(data, say)}</script>'
    )


def ordered(data: ReportData) -> list[Layer]:
    """Layers, those that the variants change most (relative to the base) first."""
    return sorted(data.layers, key=lambda layer: -_change(layer))


def _change(layer: Layer) -> float:
    size = float(np.nanmean(np.abs(layer.base))) if np.isfinite(layer.base).any() else 0.0
    gaps = [np.abs(column - layer.base) for column in layer.variants]
    most = max((float(np.nanmean(gap)) for gap in gaps if np.isfinite(gap).any()), default=0.0)
    return most / size if size else most


def _layer_label(layer: Layer, say: Catalogue) -> str:
    special = say.get(f"layer.{layer.name}")
    return say.label("port", layer.name) if special is None else special


def _controls(data: ReportData, say: Catalogue) -> str:
    layers = _options([_layer_label(layer, say) for layer in ordered(data)])
    parts = [_select("layer", say("map.layer"), layers)]
    if data.variants:
        views = ("difference", "base", "policy")
        parts.append(_views([(view, say(f"map.view.{view}")) for view in views], say))
    if len(data.variants) > 1:
        titles = _options([variant.title for variant in data.variants])
        parts.append(_select("variant", say("map.variant"), titles))
    return f'<div class="controls">{"".join(parts)}</div>'


def _options(labels: list[str]) -> str:
    return "".join(
        f'<option value="{position}">{escape(label)}</option>'
        for position, label in enumerate(labels)
    )


def _select(name: str, label: str, options: str) -> str:
    return f'<label>{escape(label)} <select id="map{name}">{options}</select></label>'


def _views(views: list[tuple[str, str]], say: Catalogue) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="mapview" value="{view}"'
        f"{' checked' if position == 0 else ''}><span>{escape(label)}</span></label>"
        for position, (view, label) in enumerate(views)
    )
    return f'<fieldset class="views"><legend>{escape(say("map.view"))}</legend>{buttons}</fieldset>'


def _buttons(say: Catalogue) -> str:
    signs = (("in", "+"), ("out", "−"), ("home", "⌂"))
    buttons = "".join(
        f'<button type="button" id="map{name}" title="{escape(say(f"map.{name}"))}" '
        f'aria-label="{escape(say(f"map.{name}"))}">{sign}</button>'
        for name, sign in signs
    )
    return f'<div class="zoom">{buttons}</div>'


def _attribution(data: ReportData, say: Catalogue) -> str:
    if data.making.openstreetmap:
        who = (
            f'{escape(say("map.osm"))} © <a href="{OSM}" rel="noreferrer">'
            f"{escape(say('map.contributors'))}</a>"
        )
    else:
        who = escape(data.making.source)
    return f'<p class="attribution">{who}</p>' if who else ""


def packed(data: ReportData, say: Catalogue) -> str:
    """The map's data as JSON that may stand in a page.

    Vertices are whole multiples of :data:`UNIT` from the south-west corner, each the step from the
    one before it.
    """
    centre = _centre(data)
    projected = [_metres(geometry, data.projection, centre) for geometry in data.geometries]
    corner = np.array([0.0, 0.0])
    size = np.array([1.0, 1.0])
    if any(len(vertices) for vertices in projected):
        every = np.concatenate(projected)
        corner, size = every.min(axis=0), np.ptp(every, axis=0)
    content = {
        "unit": UNIT,
        "size": [round(float(length), 1) for length in size],
        "geometries": [
            _geometry(geometry, vertices - corner)
            for geometry, vertices in zip(data.geometries, projected, strict=True)
        ],
        "layers": [_layer(layer, data, say) for layer in ordered(data)],
        "text": {key: say(f"map.{key}") for key in TEXTS},
        "titles": [variant.title for variant in data.variants],
        "point": say.numbers.point,
        "group": say.numbers.group,
    }
    return in_page(content)


def in_page(content: Any) -> str:
    """JSON in which no text can end the script element that holds it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _centre(data: ReportData) -> Floats:
    found = [geometry.coordinates for geometry in data.geometries if len(geometry.coordinates)]
    if not found:
        return np.zeros(2)
    every = np.concatenate(found)
    return np.asarray((every.min(axis=0) + every.max(axis=0)) / 2.0)


def _metres(geometry: Geometry, projection: str, centre: Floats) -> Floats:
    """Metres east and north of the centre; equirectangular, true for the size of a city."""
    away = geometry.coordinates.reshape(-1, 2) - centre
    if projection == "metres":
        return away
    radians = np.radians(away)
    return np.column_stack(
        [radians[:, 0] * np.cos(np.radians(centre[1])) * EARTH, radians[:, 1] * EARTH]
    )


def _geometry(geometry: Geometry, vertices: Floats) -> dict[str, Any]:
    offsets = geometry.offsets
    if offsets is None:
        offsets = np.arange(len(vertices) + 1)
    elif geometry.background:
        vertices, offsets = _simpler(vertices, np.asarray(offsets), geometry.kind)
    whole = np.rint(vertices / UNIT).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    packed = {
        "table": geometry.table,
        "kind": geometry.kind,
        "background": geometry.background,
        "steps": steps.ravel().tolist(),
        "counts": np.diff(offsets).tolist() if geometry.kind != "point" else [],
        "labels": list(geometry.labels) if any(geometry.labels) else [],
    }
    if geometry.width is not None:
        packed["width"] = [round(float(width), 1) for width in geometry.width]
    return packed


def _simpler(vertices: Floats, offsets: Any, kind: str) -> tuple[Floats, Any]:
    import shapely

    parts = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if not len(parts) or np.diff(offsets).min() < 2:
        return vertices, offsets
    lines = shapely.linestrings(vertices, indices=parts)
    simple = shapely.simplify(lines, TOLERANCE)
    counts = shapely.get_num_coordinates(simple)
    return shapely.get_coordinates(simple), np.append(0, np.cumsum(counts))


def _layer(layer: Layer, data: ReportData, say: Catalogue) -> dict[str, Any]:
    unit, factor = prefixed(layer.unit, [layer.base, *layer.variants])
    base, *variants = (column / factor for column in (layer.base, *layer.variants))
    low, high = extent([base, *variants])
    differences = [column - base for column in variants]
    tables = [geometry.table for geometry in data.geometries]
    return {
        "label": _layer_label(layer, say),
        "unit": say.unit(unit),
        "geometry": tables.index(layer.table),
        "low": _short(low),
        "high": _short(high),
        "reach": _short(reach(differences)),
        "base": _column(base),
        "variants": [_column(column) for column in variants],
    }


def _column(values: Floats) -> list[float | int | None]:
    return [_short(float(value)) if np.isfinite(value) else None for value in values]


def _short(value: float) -> float | int:
    """Four digits: more than the eye sees, far fewer than a float has."""
    rounded = float(f"{value:.3e}")
    return int(rounded) if rounded.is_integer() else rounded
