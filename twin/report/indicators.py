"""The table of indicators, with a small chart of each difference and its interval."""

from __future__ import annotations

import math
from html import escape
from itertools import groupby

import numpy as np

from twin.report.data import Effect, IndicatorRow, ReportData, Verdict
from twin.report.messages import Catalogue
from twin.report.scale import step

WIDTH, HEIGHT, PAD = 180.0, 20.0, 8.0
MARKS: dict[Verdict, str] = {
    "better": "▲",
    "worse": "▼",
    "changed": "◆",
    "same": "=",
    "unsure": "○",
    "none": "·",
}
"""Signs beside the words, so that colour is never alone."""


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    if not data.indicators:
        return f"<p>{escape(say('indicators.none'))}</p>"
    return _comparison(data, say) if data.variants else _single(data, say)


def _comparison(data: ReportData, say: Catalogue) -> str:
    limit = _limit(data)
    columns = ["indicator", "base", "policy", "difference", "relative", "verdict", "who"]
    several = ""
    if len(data.variants) > 1:
        columns.insert(2, "scenario")
        several = " several"
    confidence = say.numbers.share(data.making.confidence)
    caption = escape(say("indicators.caption", confidence=confidence))
    return (
        f'<p class="note">{caption}</p>'
        '<label class="only"><input type="checkbox" id="only"> '
        f"{escape(say('indicators.only'))}</label>"
        f'<table class="indicators{several}" id="indicators">{_head(columns, say, limit)}'
        f"{''.join(_groups(data, say, len(columns), limit))}</table>"
    )


def _single(data: ReportData, say: Catalogue) -> str:
    columns = ["indicator", "value", "spread", "who"]
    return (
        f'<p class="note">{escape(say("indicators.caption.run"))}</p>'
        f'<table class="indicators single">{_head(columns, say)}'
        f"{''.join(_groups(data, say, len(columns), 1.0))}</table>"
    )


def _head(columns: list[str], say: Catalogue, limit: float = math.nan) -> str:
    cells = (
        f'<th scope="col" class="{name}">{_column(name, say)}'
        f"{_ends(limit, say) if name == 'relative' else ''}</th>"
        for name in columns
    )
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _column(name: str, say: Catalogue) -> str:
    return escape(say(f"column.{name}"))


def _ends(limit: float, say: Catalogue) -> str:
    """What the ends of the whiskers' scale are."""
    low, high = (say.numbers.share(end, signed=True) for end in (-limit, limit))
    return f'<span class="ends" aria-hidden="true"><span>{low}</span><span>{high}</span></span>'


def _groups(data: ReportData, say: Catalogue, width: int, limit: float) -> list[str]:
    """A heading for each service and a body for each indicator."""
    order = {row.indicator.service: None for row in data.indicators}
    rank = {service: position for position, service in enumerate(order)}
    rows = sorted(data.indicators, key=lambda row: rank[row.indicator.service])
    parts = []
    for service, members in groupby(rows, key=lambda row: row.indicator.service):
        label = escape(say.label("service", service))
        parts.append(
            f'<tbody class="group"><tr><th scope="colgroup" colspan="{width}">{label}</th></tr>'
            "</tbody>"
        )
        parts += [_body(row, data, say, limit) for row in members]
    return parts


def _body(row: IndicatorRow, data: ReportData, say: Catalogue, limit: float) -> str:
    if not data.variants:
        return f"<tbody><tr>{_label(row, say, 1)}{_single_cells(row, say)}</tr></tbody>"
    span = len(data.variants)
    lines = []
    for position, effect in enumerate(row.effects):
        verdict = row.verdict(effect)
        first = _label(row, say, span) + _base(row, say, span) if position == 0 else ""
        key = f'<span class="key s{position + 1}"></span>'
        title = key + escape(data.variants[position].title)
        named = _cell("scenario", title, say) if span > 1 else ""
        who = _who(row, say, span) if position == 0 else ""
        lines.append(
            f'<tr data-verdict="{verdict}">{first}{named}'
            f"{_effect_cells(row, effect, say, limit)}{who}</tr>"
        )
    clear = any(row.verdict(effect) in ("better", "worse", "changed") for effect in row.effects)
    return f'<tbody class="{"clear" if clear else "unclear"}">{"".join(lines)}</tbody>'


def _label(row: IndicatorRow, say: Catalogue, span: int) -> str:
    unit = escape(say.unit(row.indicator.unit))
    label = escape(say.label("indicator", row.indicator.name))
    shown = f'&nbsp;<span class="unit">{unit}</span>' if unit else ""
    return f'<th scope="row"{_span(span)}>{label}{shown}</th>'


def _base(row: IndicatorRow, say: Catalogue, span: int) -> str:
    return _cell("base number", say.numbers.number(row.base), say, span)


def _who(row: IndicatorRow, say: Catalogue, span: int) -> str:
    return _cell("who", escape(say.label("party", row.indicator.stakeholder)), say, span)


def _single_cells(row: IndicatorRow, say: Catalogue) -> str:
    return (
        _cell("value number", say.numbers.number(row.base), say)
        + _cell("spread number", say.numbers.span(row.spread), say)
        + _who(row, say, 1)
    )


def _effect_cells(row: IndicatorRow, effect: Effect, say: Catalogue, limit: float) -> str:
    verdict = row.verdict(effect)
    difference, half = say.numbers.margin(effect.difference, effect.half)
    # The empty margin keeps the differences in line.
    margin = f'<span class="margin">{f"± {half}" if half else ""}</span>'
    word = escape(say(f"verdict.{verdict}"))
    sign = f'<span class="sign" aria-hidden="true">{MARKS[verdict]}</span>'
    relative = say.numbers.share(row.relative(effect.difference), signed=True)
    return (
        _cell("policy number", say.numbers.mean(effect.mean, effect.alone), say)
        + _cell("difference number", difference + margin, say)
        + _cell("relative", f"{whisker(row, effect, say, limit)}<span>{relative}</span>", say)
        + _cell(f"verdict {verdict}", f"{sign} {word}", say)
    )


def _cell(kind: str, content: str, say: Catalogue, span: int = 1) -> str:
    label = _column(kind.split()[0], say)
    return f'<td class="{kind}" data-label="{label}"{_span(span)}>{content}</td>'


def _span(rows: int) -> str:
    return f' rowspan="{rows}"' if rows > 1 else ""


def whisker(row: IndicatorRow, effect: Effect, say: Catalogue, limit: float) -> str:
    """A dot and its interval on a scale from ``-limit`` to ``limit`` relative to the base."""
    middle = row.relative(effect.difference)
    if not math.isfinite(middle):
        return '<svg class="whisker" aria-hidden="true"></svg>'
    ends = [row.relative(end) if effect.known else middle for end in (effect.low, effect.high)]
    shown = say.numbers.share
    text = escape(
        say(
            "indicators.whisker",
            relative=shown(middle, signed=True),
            low=shown(ends[0], signed=True) if effect.known else "–",
            high=shown(ends[1], signed=True) if effect.known else "–",
        )
    )
    low, high, at = (_across(value, limit) for value in (*ends, middle))
    y = HEIGHT / 2
    return (
        f'<svg class="whisker {row.verdict(effect)}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
        f'role="img" aria-label="{text}"><title>{text}</title>'
        f'<path class="axis" d="M{PAD:.0f} {y:.0f}H{WIDTH - PAD:.0f}"/>'
        f'<path class="zero" d="M{WIDTH / 2:.0f} 2V{HEIGHT - 2:.0f}"/>'
        f'<path class="range" d="M{low:.1f} {y:.0f}H{high:.1f}"/>'
        f"{_arrow(ends, limit)}"
        f'<circle cx="{at:.1f}" cy="{y:.0f}" r="4"/></svg>'
    )


def _across(value: float, limit: float) -> float:
    clipped = min(max(value / limit, -1.0), 1.0)
    return WIDTH / 2 + clipped * (WIDTH / 2 - PAD)


def _arrow(ends: list[float], limit: float) -> str:
    y = HEIGHT / 2
    parts = ""
    if ends[0] < -limit:
        parts += f'<path class="arrow" d="M6 {y - 5:.0f}l-5 5l5 5"/>'
    if ends[1] > limit:
        x = WIDTH - 6
        parts += f'<path class="arrow" d="M{x:.0f} {y - 5:.0f}l5 5l-5 5"/>'
    return parts


def _limit(data: ReportData) -> float:
    """One scale for all whiskers: wide enough for nine in ten of the sure ones."""
    shares = [
        max(abs(row.relative(effect.low)), abs(row.relative(effect.high)))
        for row in data.indicators
        for effect in row.effects
        if effect.sure
    ]
    finite = [share for share in shares if math.isfinite(share) and share > 0.0]
    wanted = float(np.quantile(finite, 0.9)) if finite else 0.1
    return max(step(min(wanted, 1.0), 1), 0.01)
