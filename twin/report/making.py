"""What was tried, what happened, what to keep in mind, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from twin.report.data import Happening, Measure, ReportData, Variant
from twin.report.messages import Catalogue
from twin.report.numbers import clock, duration

MOST_LINES = 60
FEW_SEEDS, SHORT_HOURS, MANY_INDICATORS = 10, 24.0, 15


def policies(data: ReportData, say: Catalogue) -> str:
    """Each scenario with its policies and events and their parameters."""
    return (
        '<div class="plans">'
        + "".join(
            _scenario(variant, position, say)
            for position, variant in enumerate((data.base, *data.variants))
        )
        + "</div>"
    )


def _scenario(variant: Variant, position: int, say: Catalogue) -> str:
    text = f"<p>{escape(variant.description)}</p>" if variant.description else ""
    measures = "".join(_measure(measure, say) for measure in variant.measures)
    if not measures:
        measures = f'<p class="note">{escape(say("policies.nothing"))}</p>'
    return (
        f'<section class="plan"><h3><span class="key s{position}"></span>'
        f"{escape(variant.title)}</h3>{text}{measures}</section>"
    )


def _measure(measure: Measure, say: Catalogue) -> str:
    kind = say(f"policies.{measure.kind}")
    title = say.label(measure.kind, measure.name)
    code = f" <code>{escape(measure.name)}</code>" if title != measure.name else ""
    parameters = _list(
        (escape(key), escape(_value(value, say))) for key, value in measure.parameters.items()
    )
    return f'<h4>{escape(title)} <span class="unit">{escape(kind)}{code}</span></h4>{parameters}'


def _value(value: object, say: Catalogue) -> str:
    if isinstance(value, float):
        return say.numbers.number(value, digits=6)
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(part, say) for part in value)
    return str(value)


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of terms; both sides are already safe for a page."""
    items = "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in pairs)
    return f"<dl>{items}</dl>" if items else ""


def log(data: ReportData, say: Catalogue) -> str:
    """What happened, in the order of time."""
    columns = ["time", "scenario", "what", "subject", "detail", "count"]
    if not data.variants:
        columns.remove("scenario")
    heads = "".join(f'<th scope="col">{escape(say(f"column.{name}"))}</th>' for name in columns)
    ordered = sorted(
        data.happenings, key=lambda one: (one.time, one.variant, one.kind, one.subject)
    )
    rows = "".join(_happening(one, data, say) for one in ordered[:MOST_LINES])
    more = len(ordered) - MOST_LINES
    rest = f'<p class="note">{escape(say("log.more", count=more))}</p>' if more > 0 else ""
    return (
        f'<p class="note">{escape(say("log.caption"))}</p><div class="scroll">'
        f'<table class="log"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"{rest}"
    )


def _happening(one: Happening, data: ReportData, say: Catalogue) -> str:
    time = clock(one.time)
    if one.until is not None and clock(one.until) != time:
        time += f"–{clock(one.until)}"
    title = _short(data, one.variant, say)
    cells = [
        f'<span class="key s{one.variant}"></span>{escape(title)}' if data.variants else None,
        escape(say.label("log", one.kind)),
        escape(_known(one.subject, say)),
        escape(_known(one.detail, say)),
    ]
    shown = "".join(f"<td>{cell}</td>" for cell in cells if cell is not None)
    count = say.numbers.number(one.count)
    return f'<tr><th scope="row">{time}</th>{shown}<td class="number">{count}</td></tr>'


def _short(data: ReportData, variant: int, say: Catalogue) -> str:
    """With and without where there is one variant: titles may be long."""
    if len(data.variants) == 1:
        return say("column.policy" if variant else "column.base")
    return (data.base, *data.variants)[variant].title


def _known(name: str, say: Catalogue) -> str:
    """What people call a port, a policy or an event; any other text as it is."""
    labels = (say.get(f"{kind}.{name}") for kind in ("port", "policy", "event"))
    return next((label for label in labels if label), name)


def limits(data: ReportData, say: Catalogue) -> str:
    """What the reader must know before believing a number."""
    texts = [*_own_limits(data, say), *(say(text) for text in data.limits)]
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _own_limits(data: ReportData, say: Catalogue) -> list[str]:
    seeds, total = len(data.making.seeds), len(data.indicators)
    hours = (data.making.end - data.making.start).total_seconds() / 3600.0
    texts = [say("limits.model")]
    if seeds == 1:
        texts.append(say("limits.single"))
    elif seeds < FEW_SEEDS:
        texts.append(say("limits.seeds", count=seeds))
    if hours < SHORT_HOURS:
        texts.append(say("limits.short", hours=say.numbers.number(hours)))
    if data.variants and seeds > 1 and total > MANY_INDICATORS:
        texts.append(say("limits.many", total=total))
    return texts


def making(data: ReportData, say: Catalogue) -> str:
    """Seeds, pairing, data quality, versions and hashes."""
    made = data.making
    pairing = ""
    if data.variants:
        title, text = say("making.pairing"), say("making.pairing.text")
        pairing = f"<h3>{escape(title)}</h3><p>{escape(text)}</p>"
    facts = {
        "city": made.city,
        "period": say.numbers.period(made.start, made.end),
        "source": made.source,
        "licence": made.licence,
        "seeds": ", ".join(map(str, made.seeds)),
        "confidence": say.numbers.share(made.confidence) if data.variants else "",
        "time": duration(made.wall_time),
    }
    known = ((escape(say(f"making.{key}")), escape(text)) for key, text in facts.items() if text)
    command = f"<pre><code>{escape(made.command)}</code></pre>" if made.command else ""
    return pairing + _list(known) + command + _groups(data, say)


def _groups(data: ReportData, say: Catalogue) -> str:
    made = data.making
    return (
        _quality(data, say)
        + _group(say("making.failed"), made.failed)
        + _group(say("making.versions"), made.versions)
        + _group(say("making.hashes"), made.hashes)
    )


def _quality(data: ReportData, say: Catalogue) -> str:
    """Counters that are not zero one by one, those that are zero in one sentence."""
    found = data.making.quality
    some = {
        say.label("quality", key): say.numbers.number(value, digits=6)
        for key, value in found.items()
        if value
    }
    none = "; ".join(say.label("quality", key) for key, value in found.items() if not value)
    rest = f'<p class="note">{escape(say("making.quality.none", what=none))}</p>' if none else ""
    return _group(say("making.quality"), some, rest)


def _group(title: str, pairs: Mapping[str, str], rest: str = "") -> str:
    if not pairs and not rest:
        return ""
    items = _list((escape(key), f"<code>{escape(text)}</code>") for key, text in pairs.items())
    return f"<details open><summary>{escape(title)}</summary>{items}{rest}</details>"
