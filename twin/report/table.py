"""The comparison as a table in the terminal, and as plain aligned text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from twin.report.data import Effect, IndicatorRow, ReportData
from twin.report.indicators import MARKS
from twin.report.messages import Catalogue, catalogue

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {"better": "green", "worse": "red", "changed": "cyan", "same": "dim", "unsure": "dim"}
WIDE = 400
Line = tuple[list[str], str]
"""Cells of a line and the colour of its verdict."""


def render(
    data: ReportData,
    language: str = "en",
    extra_folders: Iterable[Path] | None = None,
    *,
    terminal: bool | None = None,
) -> str:
    """The table of a comparison, or of a single scenario where there is no variant.

    Parameters
    ----------
    terminal
        Whether to write colours and to keep to the terminal's width; as standard output is when it
        is None. What is no terminal gets plain text that is as wide as it needs to be.
    """
    from io import StringIO

    from rich.console import Console

    say = catalogue(language, extra_folders)
    page = StringIO()
    if sys.stdout.isatty() if terminal is None else terminal:
        console = Console(file=page, highlight=False, force_terminal=True)
        console.print(table(data, say))
    else:
        console = Console(file=page, highlight=False, width=WIDE, color_system=None)
        console.print(table(data, say, plain=True))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def table(data: ReportData, say: Catalogue, *, plain: bool = False) -> Table:
    """The table, ready for a console of rich."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    look = Table(
        title=None if plain else Text(data.title),
        title_justify="left",
        box=None if plain else box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 2 if plain else 1, 0, 0),
    )
    for name, right in _columns(data):
        look.add_column(
            Text(say(f"column.{name}")), justify="right" if right else "left", no_wrap=plain
        )
    for service, lines in _lines(data, say):
        look.add_row(Text(say.label("service", service), style="bold"))
        for cells, verdict in lines:
            look.add_row(*_styled(cells, verdict))
    return look


def _styled(cells: list[str], verdict: str) -> list[object]:
    from rich.text import Text

    colour = COLOURS.get(verdict, "")
    last = len(cells) - 2
    return [Text(cell, style=colour if at == last else "") for at, cell in enumerate(cells)]


def _columns(data: ReportData) -> list[tuple[str, bool]]:
    """Names of the columns, and whether they are numbers."""
    if not data.variants:
        return [
            ("indicator", False),
            ("unit", False),
            ("value", True),
            ("spread", True),
            ("who", False),
        ]
    several = [("scenario", False)] if len(data.variants) > 1 else []
    return [
        ("indicator", False),
        ("unit", False),
        *several,
        ("base", True),
        ("policy", True),
        ("difference", True),
        ("relative", True),
        ("verdict", False),
        ("who", False),
    ]


def _lines(data: ReportData, say: Catalogue) -> list[tuple[str, list[Line]]]:
    """Lines of each service, in order of appearance."""
    order = list(dict.fromkeys(row.indicator.service for row in data.indicators))
    rows = sorted(data.indicators, key=lambda row: order.index(row.indicator.service))
    return [
        (service, [line for row in members for line in _of_row(row, data, say)])
        for service, members in groupby(rows, key=lambda row: row.indicator.service)
    ]


def _of_row(row: IndicatorRow, data: ReportData, say: Catalogue) -> list[Line]:
    label = f"  {say.label('indicator', row.indicator.name)}"
    unit = say.unit(row.indicator.unit)
    who = say.label("party", row.indicator.stakeholder)
    number = say.numbers.number
    if not data.variants:
        spread = say.numbers.span(row.spread)
        return [([label, unit, number(row.base), spread, who], "")]
    lines: list[Line] = []
    for position, effect in enumerate(row.effects):
        head = [label, unit] if position == 0 else ["", ""]
        several = [data.variants[position].title] if len(data.variants) > 1 else []
        cells = [*head, *several, number(row.base), *_of_effect(row, effect, say), who]
        lines.append((cells, row.verdict(effect)))
    return lines


def _of_effect(row: IndicatorRow, effect: Effect, say: Catalogue) -> list[str]:
    verdict = row.verdict(effect)
    difference, half = say.numbers.margin(effect.difference, effect.half)
    return [
        say.numbers.mean(effect.mean, effect.alone),
        f"{difference} ± {half}" if half else difference,
        say.numbers.share(row.relative(effect.difference), signed=True),
        f"{MARKS[verdict]} {say(f'verdict.{verdict}')}",
    ]
