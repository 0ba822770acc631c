"""The first screen: what changes, for whom, at what cost, how sure, in plain sentences."""

from __future__ import annotations

from html import escape

from twin.report.data import Effect, IndicatorRow, ReportData, Verdict
from twin.report.messages import Catalogue
from twin.report.money import certainty, net_changes

MOST, OF_ONE_SERVICE = 4, 2
SLIGHT = 0.005
"""Relative changes below this are clear but too small for the first screen."""
MANIFOLD = 10.0
"""Beyond this many times the base a share misleads: the base was next to nothing."""
Found = tuple[IndicatorRow, Effect]


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    if not data.variants:
        text = say.plural("summary.run", len(data.making.seeds), title=data.base.title)
        return f'<p class="lead">{escape(text)}</p>'
    return "".join(_variant(data, say, position) for position in range(len(data.variants)))


def _variant(data: ReportData, say: Catalogue, position: int) -> str:
    return (
        f'<p class="lead">{escape(headline(data, say, position))}</p><div class="cards">'
        f"{_changes(data, say, position, 'better')}{_changes(data, say, position, 'worse')}"
        f"{_money(data, say, position)}{_certainty(data, say, position)}</div>"
    )


def headline(data: ReportData, say: Catalogue, position: int) -> str:
    """One sentence: how many indicators a variant clearly changes."""
    title = data.variants[position].title
    clear: tuple[Verdict, ...] = ("better", "worse", "changed")
    counts = {verdict: len(_with(data, position, verdict)) for verdict in clear}
    total, sure = len(data.indicators), sum(counts.values())
    if len(data.making.seeds) < 2:
        return say("summary.counts.single", title=title)
    if not sure:
        return say("summary.counts.none", title=title, total=total)
    parts = ", ".join(
        say.plural(f"summary.count.{verdict}", count) for verdict, count in counts.items() if count
    )
    return say.plural("summary.counts.sure", sure, title=title, total=total, parts=parts)


def _with(data: ReportData, position: int, verdict: Verdict) -> list[Found]:
    pairs = ((row, row.effects[position]) for row in data.indicators)
    return [(row, effect) for row, effect in pairs if row.verdict(effect) == verdict]


def strongest(found: list[Found]) -> list[Found]:
    """The headlines, then what changes most, few of one service where several have something.

    Slight changes are left out where there is any other.
    """
    large = [pair for pair in found if _size(pair) >= SLIGHT]
    ranked = sorted(large or found, key=lambda pair: (not pair[0].indicator.headline, -_size(pair)))
    chosen: list[Found] = []
    left: list[Found] = []
    for pair in ranked:
        service = pair[0].indicator.service
        few = sum(other.indicator.service == service for other, _ in chosen) < OF_ONE_SERVICE
        (chosen if few else left).append(pair)
    return (chosen + left)[:MOST]


def _size(pair: Found) -> float:
    share = _share(*pair)
    # What begins at nothing has no relative change; it ranks with a doubling.
    return 1.0 if share is None else abs(share)


def _share(row: IndicatorRow, effect: Effect) -> float | None:
    """The change as a share of the base; None where the base is next to nothing."""
    share = row.relative(effect.difference)
    return share if abs(share) <= MANIFOLD else None


def _changes(data: ReportData, say: Catalogue, position: int, verdict: Verdict) -> str:
    found = _with(data, position, verdict)
    chosen = strongest(found)
    items = "".join(_change(row, effect, say) for row, effect in chosen)
    if not found:
        content = f"<p>{escape(say(f'summary.nothing.{verdict}'))}</p>"
    else:
        content = f"<ul>{items}</ul>"
    if len(found) > len(chosen):
        more = escape(say("summary.more", count=len(found) - len(chosen)))
        content += f'<p class="note"><a href="#indicators-section">{more}</a></p>'
    return _card(verdict, say(f"summary.{verdict}"), content)


def _change(row: IndicatorRow, effect: Effect, say: Catalogue) -> str:
    share = _share(row, effect)
    big = (
        say.quantity(effect.difference, row.indicator.unit, signed=True)
        if share is None
        else say.numbers.share(share, signed=True)
    )
    text = say(
        "summary.instead",
        label=say.label("indicator", row.indicator.name),
        policy=say.quantity(effect.mean, row.indicator.unit),
        base=say.quantity(row.base, row.indicator.unit),
    )
    who = say.label("party", row.indicator.stakeholder)
    return _item(big, text, who)


def _item(big: str, text: str, who: str = "") -> str:
    tag = f' <span class="who">{escape(who)}</span>' if who else ""
    return f'<li><strong class="big">{escape(big)}</strong><span>{escape(text)}{tag}</span></li>'


def _money(data: ReportData, say: Catalogue, position: int) -> str:
    changes = net_changes(data, position)
    if not data.money:
        content = f"<p>{escape(say('summary.nothing.money'))}</p>"
    elif not changes:
        content = f"<p>{escape(say('summary.same.money'))}</p>"
    else:
        ranked = sorted(changes.items(), key=lambda pair: (-abs(pair[1]), pair[0]))[: MOST + 1]
        items = (
            _party(party, change, say, certainty(data, position, party, say))
            for party, change in ranked
        )
        spent = _spent(data, say, position)
        content = f"<ul>{''.join(items)}{spent}</ul>"
    return _card("money", say("summary.money"), content)


def _spent(data: ReportData, say: Catalogue, position: int) -> str:
    """Sums that are neither good nor bad in themselves, such as what is bought."""
    changed = _with(data, position, "changed")
    sums = [(r, e) for r, e in changed if r.indicator.headline and r.indicator.unit == "EUR"]
    return "".join(
        _item(
            say.numbers.money(effect.difference, signed=True),
            say.label("indicator", row.indicator.name),
            say.label("party", row.indicator.stakeholder),
        )
        for row, effect in sums
    )


def _party(party: str, change: float, say: Catalogue, sure: str) -> str:
    key = "summary.gain" if change > 0 else "summary.loss"
    text = say(key, party=say.label("party", party))
    return _item(say.numbers.money(change, signed=True), text, sure)


def _certainty(data: ReportData, say: Catalogue, position: int) -> str:
    seeds, total = len(data.making.seeds), len(data.indicators)
    confidence = say.numbers.share(data.making.confidence)
    texts = [say.plural("summary.paired", seeds, confidence=confidence)]
    if seeds > 1:
        unsure = len(_with(data, position, "unsure"))
        by_chance = say.numbers.number(total * (1.0 - data.making.confidence), digits=2)
        texts.append(say.plural("summary.unclear", unsure, total=total))
        texts.append(say("summary.false", total=total, expected=by_chance))
    content = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return _card("certainty", say("summary.certainty"), content)


def _card(kind: str, title: str, content: str) -> str:
    return f'<section class="card {kind}"><h3>{escape(title)}</h3>{content}</section>'
