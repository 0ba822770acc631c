"""The places at the end of a layer, by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.twin.test_report_data import sample
from twin.report.data import Layer
from twin.report.html import render
from twin.report.places import MOST, extremes


def test_the_worst_of_base_and_variants_come_first() -> None:
    base = np.array([0.1, 0.9, np.nan, 0.5])
    variant = np.array([1.2, 0.8, np.nan, 0.6])
    assert extremes(Layer("a.b", "edge", "1", base, [variant], "highest")) == [0, 1, 3]
    assert extremes(Layer("a.b", "edge", "1", base, [variant], "lowest")) == [0, 3, 1]
    many = Layer("a.b", "edge", "1", np.arange(100.0), (), "highest")
    assert extremes(many) == list(range(99, 99 - MOST, -1))


def test_a_page_names_them_with_both_values_and_only_where_asked() -> None:
    data = sample()
    assert "places-section" not in render(data, extra_folders=[])
    layer = replace(data.layers[0], ranked="highest", unit="1")
    page = render(replace(data, layers=[layer, *data.layers[1:]]), extra_folders=[])
    part = page[page.index('<section id="places-section"') :].split("</section>")[0]
    labels = next(g.labels for g in data.geometries if g.table == layer.table)
    worst = extremes(layer)[0]
    assert labels[worst] in part
    assert part.count("<tr>") == 1 + min(MOST, len(layer.base))
    assert part.count('<td class="number">') == (part.count("<tr>") - 1) * (1 + len(layer.variants))
