"""Scenario files: extends, errors with file and key, changes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from twin.errors import ConfigError
from twin.scenario import Scenario
from twin.scenario.find import names

BASE = """
name = "base"
city = "toy"
[period]
weekday = "Monday"
season = "summer"
from = "06:30"
duration = "1h30m"
[model.tap]
rate = 1.0
[[policy]]
use = "a"
name = "first"
[[policy]]
use = "b"
"""
CHILD = """
name = "child"
extends = "base"
[period]
duration = "2h"
[model.tap]
rate = 3.0
[[policy]]
use = "c"
name = "first"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "child.toml").write_text(CHILD)
    return tmp_path


def test_a_child_changes_what_it_says_and_keeps_the_rest(folder: Path) -> None:
    child = Scenario.load(folder / "child.toml").data
    assert child.period.duration == 2 * 3_600_000
    assert child.period.from_ == "06:30"
    assert child.period.day == date(2025, 7, 21)
    assert child.model["tap"] == {"rate": 3.0}
    assert [p.use for p in child.policy] == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[period]\nduration = 5", ["child.toml", "period.duration", "5"]),
        ('[period]\nduration = "5 parsecs"', ["child.toml", "period.duration", "5 parsecs"]),
        ('[period]\nweekday = "someday"', ["child.toml", "period.weekday", "someday", "tuesday"]),
        ("perio = 1", ["child.toml", "unknown key 'perio'"]),
        ("city = 7", ["child.toml", "city = 7"]),
        ("[[policy]]\nname = 'x'", ["child.toml, [[policy]] no. 1", "use", "missing"]),
        ("[period", ["not a TOML file", "child.toml"]),
        ('without = ["nobody"]', ["nobody"]),
    ],
)
def test_an_error_names_file_key_and_value(folder: Path, text: str, words: list[str]) -> None:
    head = "name = 'c'\nextends = 'base'\n" if "[period" not in text or "]" in text else ""
    (folder / "child.toml").write_text(head + text)
    with pytest.raises(ConfigError) as caught:
        Scenario.load(folder / "child.toml")
    for word in words:
        assert word in str(caught.value)


def test_extending_in_a_circle_is_refused(folder: Path) -> None:
    (folder / "base.toml").write_text('name = "b"\nextends = "child"')
    with pytest.raises(
        ConfigError, match=r"extend one another: child\.toml -> base\.toml -> child\.toml"
    ):
        Scenario.load(folder / "child.toml")


def test_an_unknown_scenario_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'helsinki/baseline'"):
        Scenario.load("helsinki/basline")


def test_dotted_changes_are_checked(folder: Path) -> None:
    found = Scenario.load(folder / "base.toml", **{"period.season": "winter", "constants.a.b": 2})
    assert found.data.period.day == date(2025, 1, 20)
    assert found.data.constants == {"a.b": 2.0}
    with pytest.raises(ConfigError, match=r"period\.season"):
        Scenario.load(folder / "base.toml", **{"period.season": "monsoon"})


def test_every_shipped_scenario_loads() -> None:
    shipped = [name for name in names() if not name.startswith("common/")]
    assert len(shipped) >= 8
    for name in shipped:
        scenario = Scenario.load(name)
        for language in ("en", "fr"):
            assert scenario.text("title", language)


def test_equal_content_has_equal_digests_whatever_it_is_called(folder: Path) -> None:
    base = Scenario.load(folder / "base.toml")
    assert base.digest() == base.changed({"name": "another"}).digest()
    assert base.digest() != base.changed({"period.year": 2024}).digest()


def test_a_bundle_beside_the_scenario_is_found_from_anywhere(folder: Path) -> None:
    (folder / "toy").mkdir()
    (folder / "toy" / "manifest.json").write_text("{}")
    place = str(folder / "toy")
    base = Scenario.load(folder / "base.toml")
    assert base.data.city == place
    assert base.with_policy("d").data.city == place
    assert Scenario.load(folder / "child.toml").data.city == place


def test_items_of_a_list_are_changed_by_their_number(folder: Path) -> None:
    found = Scenario.load(folder / "base.toml").changed({"policy.1.level": 0.4})
    assert found.data.policy[1].parameters == {"level": 0.4}
    with pytest.raises(ConfigError, match="0 to 1"):
        Scenario.load(folder / "base.toml").changed({"policy.7.level": 0.4})
    with pytest.raises(ConfigError, match="no \\[\\[event\\]\\]"):
        Scenario.load(folder / "base.toml").changed({"event.0.from": "07:00"})


def test_an_unknown_key_gets_the_allowed_ones_and_the_nearest(folder: Path) -> None:
    (folder / "child.toml").write_text("name = 'c'\nextends = 'base'\npolicies = 1")
    with pytest.raises(ConfigError) as caught:
        Scenario.load(folder / "child.toml")
    assert "did you mean 'policy'?" in str(caught.value)
    assert "sensor" in str(caught.value.allowed)
