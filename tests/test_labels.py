"""Whatever a report of the shipped models can name has a label in English and in French."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import twin.report.messages as messages
from twin.core.model import Model
from twin.core.registry import available, find

ROOT = Path(__file__).parents[1]
LOGGED = re.compile(r"""log(?:\.add)?\(\s*(?:[\w.]+,\s*)?"([\w.]+)\"""")
FOLDERS = (*messages.model_folders(), Path(messages.__file__).parent)


def shipped() -> list[type[Model]]:
    return [find("models", name) for name in available("models")]


def log_kinds() -> set[str]:
    sources = [path for room in ("models", "twin") for path in (ROOT / room).rglob("*.py")]
    return {kind for path in sources for kind in LOGGED.findall(path.read_text("utf-8"))}


def wanted() -> list[str]:
    keys = [f"policy.{name}" for name in available("policies")]
    keys += [f"event.{name}" for name in available("events")]
    keys += [f"log.{kind}" for kind in log_kinds()]
    for model in shipped():
        keys.append(f"service.{model.name}")
        ports = (*model.writes, *model.controls)
        keys += [f"port.{port.name}" for port in ports if port.kind != "event"]
        for indicator in model.indicators:
            keys += [f"indicator.{indicator.name}", f"party.{indicator.stakeholder}"]
    return sorted(set(keys))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_that_a_report_names_has_a_label(language: str) -> None:
    known: set[str] = set()
    for folder in FOLDERS:
        known |= set(messages.read(folder / messages.FILE).get(language, {}))
    assert [key for key in wanted() if key not in known] == []


def test_the_kinds_of_the_log_are_found() -> None:
    assert {"control", "population", "waste.emptied", "waste.unfinished"} <= log_kinds()


def test_every_indicator_says_what_it_counts() -> None:
    units = {i.name: i.unit for model in shipped() for i in model.indicators}
    assert [name for name, unit in units.items() if unit in ("", "1")] == []


def test_layers_and_labels_name_what_exists() -> None:
    ports = {p.name for m in shipped() for p in (*m.reads, *m.writes, *m.controls)}
    indicators = {i.name for m in shipped() for i in m.indicators}
    known = {"port": ports, "layer": ports, "indicator": indicators}
    known |= {"policy": set(available("policies")), "event": set(available("events"))}
    for folder in messages.model_folders():
        for key in messages.read(folder / messages.FILE)["en"]:
            kind, _, name = key.partition(".")
            assert name in known.get(kind, {name}), key
