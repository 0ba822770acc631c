"""Where a quantity is highest or lowest, by name: a table for each layer that asks for one."""

from __future__ import annotations

from html import escape

import numpy as np

from twin.report.data import Layer, ReportData
from twin.report.messages import Catalogue

MOST = 8
"""Entities of a layer that are named."""


def ranked(data: ReportData) -> list[Layer]:
    """Layers whose extremes are named."""
    return [layer for layer in data.layers if layer.ranked in ("highest", "lowest")]


def extremes(layer: Layer) -> list[int]:
    """Rows of the entities with the most extreme value in the base or a variant, worst first."""
    sign = -1.0 if layer.ranked == "highest" else 1.0
    every = np.array([sign * column for column in (layer.base, *layer.variants)])
    worst = np.where(np.isfinite(every), every, np.inf).min(axis=0)
    order = np.argsort(worst, kind="stable")[:MOST]
    return [int(row) for row in order if np.isfinite(worst[row])]


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    tables = "".join(_table(layer, data, say) for layer in ranked(data))
    return f'<p class="note">{escape(say("places.caption"))}</p>{tables}'


def _table(layer: Layer, data: ReportData, say: Catalogue) -> str:
    special = say.get(f"layer.{layer.name}")
    title = say.label("port", layer.name) if special is None else special
    labels = next(g.labels for g in data.geometries if g.table == layer.table)
    several = len(data.variants) > 1
    heads = [say("column.place"), say("column.base" if data.variants else "column.value")]
    heads += [v.title if several else say("column.policy") for v in data.variants]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        _row(layer, row, labels[row] if labels else str(row), say) for row in extremes(layer)
    )
    rows = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<h3>{escape(title)}</h3><table>{rows}</table>"


def _row(layer: Layer, row: int, label: str, say: Catalogue) -> str:
    cells = "".join(
        f'<td class="number">{escape(_shown(float(column[row]), layer, say))}</td>'
        for column in (layer.base, *layer.variants)
    )
    return f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'


def _shown(value: float, layer: Layer, say: Catalogue) -> str:
    if layer.unit == "1":
        return f"{say.numbers.number(100.0 * value)} %"
    return f"{say.numbers.number(value)} {say.unit(layer.unit)}"
