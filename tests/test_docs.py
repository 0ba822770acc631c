"""What the documentation says can be followed: links, examples, scenarios and commands."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import typer.main

from twin.cli import app
from twin.core.engine import Engine
from twin.errors import TwinError
from twin.scenario import Scenario

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PARSERS: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "json": json.loads,
    "python": ast.parse,
}


class Block(NamedTuple):
    """A block of code on a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in _of(page) if block.language in languages]


def _of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def _name(value: object) -> str | None:
    return value.name if isinstance(value, Block) else None


def _page(value: object) -> str:
    assert isinstance(value, Path)
    return str(value.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [t for t in LINK.findall(text) if not re.match(r"[a-z]+:", t)]
    lost = []
    for target in targets:
        file, _, heading = unquote(target).partition("#")
        place = page.parent / file if file else page
        if not place.exists() or (heading and heading not in _headings(place)):
            lost.append(target)
    assert not lost


def _headings(page: Path) -> set[str]:
    """Names by which a page's headings are linked."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("block", _blocks(*PARSERS), ids=_name)
def test_every_example_parses(block: Block) -> None:
    PARSERS[block.language](block.text)


SCENARIOS = [b for b in _blocks("toml") if "extends" in tomllib.loads(b.text)]


def test_the_readme_shows_a_scenario() -> None:
    assert any(block.page.name == "README.md" for block in SCENARIOS)


@pytest.mark.parametrize("block", [b for b in SCENARIOS if b.page.name == "README.md"], ids=_name)
def test_every_scenario_of_the_readme_can_be_lived(block: Block, bundles: Path) -> None:
    from twin.scenario.recipe import load_city

    scenario = Scenario.from_dict(tomllib.loads(block.text))
    try:
        with Engine(scenario, load_city(scenario.data.city), 1):
            pass
    except TwinError as error:
        pytest.fail(f"{block.name}: {error}")


# -- commands ----------------------------------------------------------------------------------


def _commands() -> list[tuple[str, str]]:
    """Every line that starts with ``twin`` in a block of a shell."""
    found = []
    for block in _blocks("", "sh", "shell", "bash", "console"):
        for number, line in enumerate(block.text.splitlines(), block.line + 1):
            if line.removeprefix("$ ").startswith("twin "):
                place = f"{block.page.relative_to(ROOT)}:{number}"
                found.append((place, line.removeprefix("$ ")))
    return found


def test_the_readme_shows_commands() -> None:
    assert sum(place.startswith("README.md") for place, _ in _commands()) >= 10


@pytest.mark.parametrize(("place", "line"), _commands())
def test_every_command_exists_with_its_options(place: str, line: str) -> None:
    # A remark follows after two blanks or a #.
    words = shlex.split(re.split(r"\s{2,}", line)[0], comments=True)
    command: Any = typer.main.get_command(app)
    words = words[1:]
    while hasattr(command, "commands") and words:  # typer may carry its own click
        assert words[0] in command.commands, f"{place}: twin has no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    optional = [word for word in words if word.startswith("[")]
    given = [word for word in words if word not in optional]
    known = {option for part in command.params for option in part.opts}
    for word in optional:
        assert word.strip("[]") in known, f"{place}: {command.name} has no {word}"
    # click parses types and the number of arguments too; nothing is called.
    command.make_context(command.name, given)
