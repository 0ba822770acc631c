"""The first screen: which changes it tells, and which sums."""

from __future__ import annotations

from dataclasses import replace

from tests.twin.test_report_data import sample
from twin.core.indicator import Better, Indicator
from twin.report.data import Effect, IndicatorRow, ReportData
from twin.report.messages import catalogue
from twin.report.summary import Found, section, strongest


def change(name: str, share: float, *, headline: bool = False) -> Found:
    """A number of 100 that changes by a share of it."""
    effect = Effect(100.0 * (1.0 + share), 100.0 * share, 99.0 * share, 101.0 * share)
    return IndicatorRow(Indicator(name, "kWh", headline=headline), 100.0, [effect]), effect


def chosen(*found: Found) -> list[str]:
    return [row.indicator.name for row, _ in strongest(list(found))]


def test_headlines_come_first_then_what_changes_most() -> None:
    found = [
        change("energy.detail", 3.0),
        change("energy.co2", -0.2, headline=True),
        change("traffic.co2", -0.1, headline=True),
        change("traffic.detail", 0.4),
    ]
    assert chosen(*found) == ["energy.co2", "traffic.co2", "energy.detail", "traffic.detail"]


def test_a_service_fills_the_screen_only_where_no_other_changes() -> None:
    energy = [change(f"energy.{name}", 0.1 * rank) for rank, name in enumerate("edcba", start=1)]
    assert chosen(*energy) == ["energy.a", "energy.b", "energy.c", "energy.d"]
    others = [change("traffic.a", 0.02), change("waste.a", 0.01)]
    assert chosen(*energy, *others) == ["energy.a", "energy.b", "traffic.a", "waste.a"]


def test_a_slight_change_is_told_only_where_there_is_no_other() -> None:
    slight = change("energy.co2", -0.004, headline=True)
    assert chosen(slight) == ["energy.co2"]
    assert chosen(slight, change("waste.cost", 0.1)) == ["waste.cost"]


def test_a_base_of_next_to_nothing_is_told_by_the_difference() -> None:
    manifold = change("energy.a", 39.5)
    assert chosen(manifold, change("energy.b", 2.0)) == ["energy.b", "energy.a"]
    told = section(replace(sample(), indicators=[manifold[0]]), catalogue("en"))
    assert "+3,950\N{NO-BREAK SPACE}kWh" in told
    assert "%</strong>" not in told


def spending(better: Better, *, headline: bool) -> ReportData:
    bought = Indicator("energy.investment", "EUR", better, headline=headline)
    row = IndicatorRow(bought, 0.0, [Effect(5_000_000.0, 5_000_000.0, 4.9e6, 5.1e6)])
    return replace(sample(), indicators=[row])


def test_what_is_bought_stands_with_the_money() -> None:
    say = catalogue("en")
    told = section(spending("neutral", headline=True), say)
    assert "+€5,000,000" in told.partition('class="card money"')[2]
    assert "5,000,000" not in section(spending("neutral", headline=False), say)
