"""The page: complete, escaped, offline, the same bytes each time."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.test_report_data import sample
from twin.report.data import ReportData
from twin.report.html import render, write

VOID = {"meta", "link", "input", "br", "path", "circle", "rect"}
POISON = "<script>alert(\"x\")</script>' onload='"


class Page(HTMLParser):
    """Checks that what is opened is closed, and keeps what a test asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def with_tag(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def _poisoned(value: Any) -> Any:
    """The same data with every free text replaced by something nasty."""
    if isinstance(value, str):
        return POISON
    if isinstance(value, np.ndarray) or value is None:
        return value
    if isinstance(value, Mapping):
        return {_poisoned(key): _poisoned(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_poisoned(inner) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fixed = {"better", "kind", "aggregate", "projection", "table"}
        changed = {
            field.name: _poisoned(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in fixed
        }
        return dataclasses.replace(value, **changed)
    return value


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {language: render(sample(), language) for language in ("en", "fr")}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_page_is_whole(pages: dict[str, str], language: str) -> None:
    page = Page(pages[language])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in page.with_tag("a")]
    assert all(str(link)[1:] in ids for link in links if str(link).startswith("#"))
    assert page.with_tag("html")[0]["lang"] == language


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("variants", [0, 1, 3])
@pytest.mark.parametrize("seeds", [1, 10])
def test_every_kind_of_result_renders(language: str, variants: int, seeds: int) -> None:
    text = render(sample(variants, seeds), language)
    Page(text)
    shown = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search(
        r">(summary|section|column|money|map|limits|making|verdict)\.[a-z.]+<", shown
    )
    assert "{" not in re.sub(r'data-chart="[^"]*"', "", shown)


def test_report_without_map_money_or_profiles() -> None:
    full = sample()
    bare = ReportData(full.title, full.base, full.making, [], ())
    text = render(bare, "en")
    Page(text)
    assert "<canvas" not in text


def test_says_what_changes_and_for_whom(pages: dict[str, str]) -> None:
    assert "clearly changes 12 of 16 indicators: 9 for the better, 2 for the worse" in pages["en"]
    assert "256\u00a0kWh instead of 412\u00a0kWh" in pages["en"]
    assert "256\u00a0kWh au lieu de 412\u00a0kWh" in pages["fr"]
    assert "9 en mieux, 2 en moins bien" in pages["fr"]
    assert "municipality" in pages["en"]
    assert "commune" in pages["fr"]
    assert "+€143" in pages["en"]


def test_one_seed_calls_nothing_better() -> None:
    text = render(sample(seeds=1), "en")
    assert 'class="verdict better"' not in text
    assert "with one draw of chance" in text


def test_everything_is_escaped() -> None:
    text = render(_poisoned(sample(2)), "en", [])
    page = Page(text)
    assert "<script>alert" not in text
    assert not any("onload" in attributes for _, attributes in page.tags)
    assert len(page.with_tag("script")) == 2


def test_nothing_is_fetched(pages: dict[str, str]) -> None:
    page = Page(pages["en"])
    assert not any("src" in attributes for _, attributes in page.tags)
    remote = {
        attributes["href"]
        for _, attributes in page.tags
        if "href" in attributes and not str(attributes["href"]).startswith(("#", "data:"))
    }
    assert remote == {"https://www.openstreetmap.org/copyright"}
    style = re.search(r"<style>(.*?)</style>", pages["en"], re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    policy = page.with_tag("meta")[1]["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_same_data_same_bytes(pages: dict[str, str], tmp_path: Path) -> None:
    path = write(sample(), tmp_path / "deep" / "report.html", "fr")
    assert path.read_bytes() == pages["fr"].encode()
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_map_keeps_places_and_values(pages: dict[str, str]) -> None:
    found = re.search(r'id="mapdata">(.*?)</script>', pages["en"])
    assert found is not None
    content = json.loads(found[1])
    lamps = content["geometries"][2]
    steps = np.array(lamps["steps"]).reshape(-1, 2)
    metres = np.cumsum(steps, axis=0) * content["unit"]
    true = sample().geometries[2].coordinates
    apart = np.hypot(*(metres[0] - metres[1]))
    degrees = (true[0] - true[1]) * [np.cos(np.radians(true[:, 1].mean())), 1.0]
    assert apart == pytest.approx(np.radians(np.hypot(*degrees)) * 6_371_008.8, abs=0.3)
    # What changes most comes first.
    assert [layer["geometry"] for layer in content["layers"]] == [2, 1]
    assert content["layers"][0]["base"][5] is None


def test_metres_need_no_projection() -> None:
    full = sample()
    text = render(dataclasses.replace(full, projection="metres"), "en")
    found = re.search(r'id="mapdata">(.*?)</script>', text)
    assert found is not None
    every = np.concatenate([geometry.coordinates for geometry in full.geometries])
    size = np.ptp(every, axis=0)
    assert json.loads(found[1])["size"] == pytest.approx(size, abs=0.1)


def test_a_city_of_thirty_thousand_shapes_stays_small() -> None:
    full = sample()
    corners = np.tile(full.geometries[0].coordinates[:5], (30_000, 1))
    corners += np.repeat(np.random.default_rng(1).uniform(0, 0.05, (30_000, 2)), 5, axis=0)
    shapes = dataclasses.replace(
        full.geometries[0], coordinates=corners, offsets=np.arange(0, 150_001, 5)
    )
    text = render(dataclasses.replace(full, geometries=[shapes, *full.geometries[1:]]), "en")
    assert len(text.encode()) < 5_000_000
