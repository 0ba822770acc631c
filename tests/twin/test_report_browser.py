"""The page in a real browser: no errors, a map that is drawn, controls that work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.test_report_data import sample
from twin.report.html import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TONES = """() => {
  const map = document.getElementById("map");
  const bytes = map.getContext("2d").getImageData(0, 0, map.width, map.height).data;
  const found = new Set();
  for (let i = 0; i < bytes.length; i += 4) {
    found.add((bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2]);
  }
  return found.size;
}"""
SUM = """() => {
  const map = document.getElementById("map");
  const bytes = map.getContext("2d").getImageData(0, 0, map.width, map.height).data;
  return bytes.reduce((sum, byte, i) => (sum * 31 + byte * (i % 7 + 1)) % 1000003, 0);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def _open(browser: Any, path: Path, width: int, scheme: str = "light") -> tuple[Any, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    wrong: list[str] = []
    page.on(
        "console", lambda message: wrong.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None
        ),
    )
    page.goto(path.as_uri())
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return page, wrong


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(sample(2), tmp_path_factory.mktemp("report") / "report.html", "en")


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1000, "light"), (800, "light"), (360, "dark")]
)
def test_opens_without_errors_and_draws_the_map(
    browser: Any, path: Path, width: int, scheme: str
) -> None:
    page, wrong = _open(browser, path, width, scheme)
    assert page.evaluate(TONES) > 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    page.close()


def test_map_answers_its_controls(browser: Any, path: Path) -> None:
    page, wrong = _open(browser, path, 1280)
    seen = [page.evaluate(SUM)]
    for act in (
        lambda: page.locator(".views span").last.click(),
        lambda: page.select_option("#maplayer", "1"),
        lambda: page.select_option("#mapvariant", "1"),
        lambda: page.click("#mapin"),
    ):
        act()
        page.wait_for_timeout(60)
        seen.append(page.evaluate(SUM))
    page.select_option("#maplayer", "0")
    page.click("#maphome")
    # The second variant's lamps are the first's in the sample; every other act changes the picture.
    assert len(set(seen)) == len(seen) - 1
    assert page.inner_text("#maplegend").startswith(page.inner_text("#maplayer option:first-child"))
    assert wrong == []
    page.close()


def test_pointer_tells_values(browser: Any, path: Path) -> None:
    page, wrong = _open(browser, path, 1280)
    page.locator(".chart svg").first.hover(position={"x": 250, "y": 60})
    assert "Dim and collect" in page.inner_text(".chart .tip")
    page.select_option("#maplayer", "1")
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    assert box is not None
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] / 2 + 2 * step, box["y"] + box["height"] / 2)
        if page.locator(".map .tip").is_visible():
            break
    assert "veh/h" in page.inner_text(".map .tip")
    assert wrong == []
    page.close()


def test_filter_hides_what_is_not_clear(browser: Any, path: Path) -> None:
    page, _ = _open(browser, path, 1280)
    before = page.locator("#indicators tbody:visible").count()
    page.check("#only")
    assert page.locator("#indicators tbody:visible").count() < before
    page.close()
