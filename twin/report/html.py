"""The report: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from html import escape
from importlib.resources import files
from pathlib import Path

from twin.report import citymap, indicators, making, money, places, profiles, summary
from twin.report.data import ReportData
from twin.report.messages import Catalogue, catalogue

Section = Callable[[ReportData, Catalogue], str]


def render(
    data: ReportData, language: str = "en", extra_folders: Iterable[Path] | None = None
) -> str:
    """The whole page; the same data give the same text.

    Parameters
    ----------
    language
        ``en`` or ``fr``.
    extra_folders
        Folders with more ``messages.toml``; those of every registered model when it is None.

    Raises
    ------
    ConfigError
        There is no such language.
    """
    say = catalogue(language, extra_folders)
    parts = _sections(data)
    content = "".join(_section(key, draw, data, say) for key, draw in parts.items())
    return (
        f"<!doctype html>\n<html lang='{say.language}'>{_head(data.title)}<body>"
        f'<a class="skip" href="#content">{escape(say("report.skip"))}</a>'
        f'{_header(data, say)}<main id="content">{content}</main>{_footer(data)}'
        f"<script>{_asset('page.js')}</script></body></html>\n"
    )


def write(
    data: ReportData,
    path: Path,
    language: str = "en",
    extra_folders: Iterable[Path] | None = None,
) -> Path:
    """Write the page to a file, whole or not at all."""
    text = render(data, language, extra_folders)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    return part.replace(path)


def _sections(data: ReportData) -> dict[str, Section]:
    """Sections that have something to say, in the order of the page."""
    wanted: dict[str, tuple[Section, bool]] = {
        "summary": (summary.section, True),
        "indicators": (indicators.section, True),
        "money": (money.section, bool(data.money)),
        "profiles": (profiles.section, bool(data.profiles)),
        "places": (places.section, bool(places.ranked(data))),
        "map": (citymap.section, bool(data.layers)),
        "policies": (making.policies, True),
        "log": (making.log, bool(data.happenings)),
        "limits": (making.limits, True),
        "making": (making.making, True),
    }
    return {key: draw for key, (draw, there) in wanted.items() if there}


def _title(key: str, data: ReportData, say: Catalogue) -> str:
    alone = None if data.variants else say.get(f"section.{key}.run")
    return alone or say(f"section.{key}")


def _section(key: str, draw: Section, data: ReportData, say: Catalogue) -> str:
    title = escape(_title(key, data, say))
    return (
        f'<section id="{key}-section" class="part part-{key}" aria-labelledby="{key}-title">'
        f'<h2 id="{key}-title">{title}</h2>{draw(data, say)}</section>'
    )


def _head(title: str) -> str:
    script, style = _asset("page.js"), _asset("page.css")
    policy = (
        f"default-src 'none'; img-src data:; script-src 'sha256-{_digest(script)}'; "
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    return (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
    )


def _header(data: ReportData, say: Catalogue) -> str:
    kind = say("report.kind.comparison" if data.variants else "report.kind.run")
    period = say.numbers.period(data.making.start, data.making.end)
    links = "".join(
        f'<li><a href="#{key}-section">{escape(_title(key, data, say))}</a></li>'
        for key in _sections(data)
    )
    return (
        f'<header><p class="eyebrow">{escape(kind)}</p><h1>{escape(data.title)}</h1>'
        f'<p class="meta">{escape(data.making.city)} <span aria-hidden="true">·</span> '
        f'{escape(period)}</p><nav aria-label="{escape(say("report.sections"))}"><ul>{links}</ul>'
        "</nav></header>"
    )


def _footer(data: ReportData) -> str:
    made = data.making
    words = " · ".join(filter(None, (made.city, made.source, made.licence)))
    return f"<footer><p>{escape(words)}</p></footer>"


def _asset(name: str) -> str:
    return (files("twin.report") / "assets" / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
