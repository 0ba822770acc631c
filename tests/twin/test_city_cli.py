"""What a bundle says of itself, its map, and the commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.twin.town import Town
from twin.city import order
from twin.city.city import City
from twin.city.cli import app
from twin.city.info import describe, text
from twin.city.map import page, write
from twin.errors import ConfigError

runner = CliRunner()


@pytest.fixture(autouse=True)
def _no_builders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "installed", dict)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    town = Town(size=3)
    town.area(30, 30, 20, building="yes", name="</script><script>alert(1)</script>")
    town.node(50, 50, shop="bakery", name="Pain & <b>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "installed", dict)
        done = runner.invoke(app, ["build", str(town.write(folder)), "-o", str(folder / "city")])
    assert done.exit_code == 0, done.output
    assert "24 edge" in done.output
    return folder / "city"


def test_info_says_what_is_there(bundle: Path) -> None:
    done = runner.invoke(app, ["info", str(bundle)])
    assert done.exit_code == 0
    for word in ("Europe/Paris", "ODbL", "0.3 x 0.3 km", "residents", "sha256", "building → edge"):
        assert word in done.output
    found = json.loads(runner.invoke(app, ["info", str(bundle), "--json"]).output)
    assert found["tables"]["edge"] == {"rows": 24, "mapped": 24, "inferred": 0}
    assert found["tables"]["building"]["mapped"] == 1


def test_info_counts_mapped_and_inferred(bundle: Path) -> None:
    city = City.load(bundle)
    found = describe(city)
    counts = found["tables"]["building"]
    assert counts["mapped"] + counts["inferred"] == counts["rows"] == len(city["building"])
    assert found["people"] == city["building"]["people"].sum()
    assert city.name in text(found)


def test_map_is_one_file_without_the_network(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "city.html"
    done = runner.invoke(app, ["map", str(bundle), "-o", str(out), "--language", "fr"])
    assert done.exit_code == 0
    html = out.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "Bâtiments" in html
    assert "alert(1)</script>" not in html


def test_map_carries_every_layer(bundle: Path) -> None:
    city = City.load(bundle)
    html = page(city, "en")
    raw = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert raw is not None
    data = json.loads(raw[1])
    layers = {layer["name"]: layer for layer in data["layers"]}
    assert set(layers) == {"edge", "junction", "building", "poi"}
    for name, layer in layers.items():
        assert len(layer["ids"]) == len(layer["shapes"]) == len(city[name])
    assert sum(layers["building"]["inferred"]) == (city["building"]["origin"] == "inferred").sum()
    assert [layer["kind"] for layer in data["layers"]] == ["area", "line", "point", "point"]


def test_map_in_another_language_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'xx'"):
        write(City.load(bundle), tmp_path / "x.html", language="xx")
    assert not (tmp_path / "x.html").exists()


def test_map_runs_in_a_browser(bundle: Path, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("needs Debian's Chromium")
    out = tmp_path / "city.html"
    write(City.load(bundle), out)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 700})
        failures: list[str] = []
        tab.on("pageerror", lambda error: failures.append(str(error)))
        tab.goto(out.as_uri())
        tab.get_by_label("Points of interest").check()
        bakery = "data.layers.findIndex((one) => one.name === 'poi')"
        x, y = tab.evaluate(
            f"(() => {{ const [x, y] = data.layers[{bakery}].shapes[0][0];"
            "return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2]"
            "})()"
        )
        tab.mouse.move(x, y)
        assert "Pain & <b>" in tab.locator(".tip").inner_text()
        tab.mouse.wheel(0, -300)
        tab.keyboard.press("Tab")
        browser.close()
    assert failures == []
