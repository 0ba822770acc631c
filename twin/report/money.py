"""Money: what each party gains or loses, as bars, and every category as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from twin.report.data import Money, MoneyRow, ReportData
from twin.report.messages import Catalogue

CENT = 0.005


def parties(data: ReportData) -> dict[str, list[MoneyRow]]:
    """Rows of each party, in order of appearance."""
    found: dict[str, list[MoneyRow]] = {}
    for row in data.money:
        found.setdefault(row.party, []).append(row)
    return found


def net_changes(data: ReportData, position: int) -> dict[str, float]:
    """Net change of each party that has one of at least a cent, EUR."""
    sums = {
        party: sum(row.variants[position].net - row.base.net for row in rows)
        for party, rows in parties(data).items()
    }
    return {party: change for party, change in sums.items() if abs(change) >= CENT}


def certainty(data: ReportData, position: int, party: str, say: Catalogue) -> str:
    """How sure a party's change is: ``± half an interval``, and whether it is clear; or nothing."""
    if party not in data.balances:
        return ""
    effect = data.balances[party][position]
    if not effect.known:
        return say("verdict.unsure")
    half = say.numbers.money((effect.high - effect.low) / 2.0)
    return f"± {half}" if effect.sure else f"± {half}, {say('verdict.unsure')}"


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    if not data.money:
        return f"<p>{escape(say('summary.nothing.money'))}</p>"
    caption = say("money.caption" if data.variants else "money.caption.run")
    bars = "".join(_bars(data, say, position) for position in range(len(data.variants)))
    if not data.variants:
        nets = {party: sum(row.base.net for row in rows) for party, rows in parties(data).items()}
        bars = _bar_table(nets, say, say("column.party"))
    return f'<p class="note">{escape(caption)}</p>{bars}{_details(data, say)}'


def _bars(data: ReportData, say: Catalogue, position: int) -> str:
    changes = net_changes(data, position)
    if not changes:
        return f"<p>{escape(say('summary.same.money'))}</p>"
    sure = {party: certainty(data, position, party, say) for party in changes}
    return _bar_table(changes, say, data.variants[position].title, sure)


def _bar_table(
    changes: dict[str, float], say: Catalogue, title: str, sure: Mapping[str, str] | None = None
) -> str:
    most = max((abs(change) for change in changes.values()), default=0.0) or 1.0
    ranked = sorted(changes.items(), key=lambda pair: (-pair[1], pair[0]))
    said = sure or {}
    rows = "".join(_bar(party, change, most, say, said.get(party, "")) for party, change in ranked)
    return f'<table class="bars"><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>'


def _bar(party: str, change: float, most: float, say: Catalogue, sure: str) -> str:
    share = 50.0 * abs(change) / most
    x = 50.0 if change >= 0 else 50.0 - share
    kind = "better" if change >= 0 else "worse"
    name = escape(say.label("party", party))
    return (
        f'<tr><th scope="row">{name}</th><td class="bar"><svg viewBox="0 0 100 10" '
        'preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" x="{x:.2f}" y="1" width="{share:.2f}" height="8"/>'
        '<path class="zero" d="M50 0V10"/></svg></td>'
        f'<td class="number">{say.numbers.money(change, signed=True)}'
        f"{f' <small>{escape(sure)}</small>' if sure else ''}</td></tr>"
    )


def _details(data: ReportData, say: Catalogue) -> str:
    titles = [say("column.base") if data.variants else say("column.value")]
    for variant in data.variants:
        titles.append(say("column.policy") if len(data.variants) == 1 else variant.title)
        titles.append(say("column.difference"))
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    bodies = "".join(_party(party, rows, say) for party, rows in parties(data).items())
    return (
        f"<details><summary>{escape(say('money.details'))}</summary>"
        f'<div class="scroll"><table class="money"><thead><tr><th scope="col">'
        f"{escape(say('column.category'))}</th>{heads}</tr></thead>{bodies}</table></div></details>"
    )


def _party(party: str, rows: list[MoneyRow], say: Catalogue) -> str:
    name = escape(say.label("party", party))
    lines = "".join(_line(row, side, say) for row in rows for side in _sides(row))
    base = Money(sum(row.base.paid for row in rows), sum(row.base.received for row in rows))
    width = range(len(rows[0].variants))
    sums = [sum(row.variants[position].net for row in rows) for position in width]
    total = _amounts(base.net, sums, say)
    return f'<tbody><tr class="total"><th scope="rowgroup">{name}</th>{total}</tr>{lines}</tbody>'


def _sides(row: MoneyRow) -> list[str]:
    every = (row.base, *row.variants)
    return [
        side
        for side in ("paid", "received")
        if any(abs(getattr(money, side)) >= CENT for money in every)
    ]


def _line(row: MoneyRow, side: str, say: Catalogue) -> str:
    sign = -1.0 if side == "paid" else 1.0
    key = "money.pays" if side == "paid" else "money.receives"
    name = escape(say(key, category=say.label("ledger", row.category)))
    values = [sign * getattr(money, side) for money in row.variants]
    amounts = _amounts(sign * getattr(row.base, side), values, say)
    return f'<tr><th scope="row">{name}</th>{amounts}</tr>'


def _amounts(base: float, values: Sequence[float], say: Catalogue) -> str:
    cells = [say.numbers.money(base)]
    for value in values:
        cells.append(say.numbers.money(value))
        change = value - base
        cells.append(say.numbers.money(change, signed=True) if abs(change) >= CENT else "")
    return "".join(f'<td class="number">{cell}</td>' for cell in cells)
