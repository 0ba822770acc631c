"""Fills the data of a report from the runs of a comparison."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from twin.core.ledger import NOBODY
from twin.experiment.alike import alike
from twin.experiment.fields import Fields, common
from twin.experiment.maps import map_of
from twin.experiment.statistics import paired
from twin.report.data import (
    Curve,
    Effect,
    Happening,
    IndicatorRow,
    Making,
    Measure,
    Money,
    MoneyRow,
    Profile,
    ReportData,
    Variant,
)
from twin.results.store import Run
from twin.scenario.find import names
from twin.scenario.scenario import Scenario

if TYPE_CHECKING:
    from twin.experiment.compare import Comparison

Floats = npt.NDArray[np.float64]


def collect(comparison: Comparison, language: str, *, drawn: bool = True) -> ReportData:
    """Everything that a report says, in plain data.

    Parameters
    ----------
    comparison, language
        What is told, and in which language scenarios name themselves.
    drawn
        False leaves out what only a page draws: maps, curves, money and what happened.

    Raises
    ------
    TwinError
        The runs, or the city that they lived in, cannot be read.
    """
    comparison = _shared(comparison)
    scenarios = comparison.scenarios
    indicators = _indicators(comparison)
    titles = [s.text("title", language) for s in scenarios]
    told = ReportData(
        title=" / ".join(titles[1:]) or titles[0],
        base=_variant(scenarios[0], language),
        variants=[_variant(s, language) for s in scenarios[1:]],
        making=_making(comparison),
        indicators=indicators,
        limits=notes(comparison),
    )
    if not drawn:
        return told
    fields = [Fields(list(runs.values())) for runs in comparison.runs]
    geometries, layers = map_of(comparison, fields)
    return replace(
        told,
        profiles=_profiles(comparison, fields),
        money=_money(comparison),
        balances=_balances(comparison),
        geometries=geometries,
        layers=layers,
        happenings=_happenings(comparison),
    )


def _shared(comparison: Comparison) -> Comparison:
    """The seeds that every scenario has finished, so that all numbers are of the same lives."""
    seeds = [s for s in comparison.seeds if all(s in runs for runs in comparison.runs)]
    if not seeds or seeds == comparison.seeds:
        return comparison
    kept = [{seed: runs[seed] for seed in seeds} for runs in comparison.runs]
    return replace(comparison, seeds=seeds, runs=kept)


def _variant(scenario: Scenario, language: str) -> Variant:
    data = scenario.data
    measures = [Measure("policy", p.use, p.parameters) for p in data.policy]
    measures += [Measure("event", e.use, e.parameters) for e in data.event]
    return Variant(
        scenario.text("title", language), scenario.text("description", language), measures
    )


def _indicators(comparison: Comparison) -> list[IndicatorRow]:
    found = []
    for indicator in comparison.indicators():
        base = comparison.values(0, indicator.name)
        effects = []
        for position in range(1, len(comparison.scenarios)):
            p = paired(base, comparison.values(position, indicator.name))
            effects.append(Effect(p.policy, p.difference, p.low, p.high, alone=p.alone))
        kept = base[np.isfinite(base)]
        found.append(
            IndicatorRow(
                indicator,
                float(kept.mean()) if len(kept) else float("nan"),
                effects,
                (float(kept.min()), float(kept.max())) if len(kept) > 1 else None,
            )
        )
    return found


def _midnight(scenario: Scenario) -> float:
    """Seconds from the midnight before the start to the start."""
    start = scenario.data.period.start
    return start.hour * 3600.0 + start.minute * 60.0


def _profiles(comparison: Comparison, fields: Sequence[Fields]) -> list[Profile]:
    found = []
    for name in common(fields):
        attributes = fields[0].attributes(name)
        how = attributes.get("profile")
        if how not in ("mean", "sum") or not np.prod(fields[0].groups[0][name].shape):
            continue
        # A flow has no interval behind it at tick 0, so its curve begins with the next sample.
        first = 1 if attributes.get("kind") == "flow" else 0
        curves = [_from(f.curve(name, how), first) for f in fields]
        time = fields[0].times()[first:] + _midnight(comparison.scenarios[0])
        found.append(Profile(name, str(attributes["unit"]), time, curves[0], curves[1:], how))
    return found


def _from(curve: Curve, first: int) -> Curve:
    return Curve(
        curve.mean[first:],
        None if curve.low is None else curve.low[first:],
        None if curve.high is None else curve.high[first:],
    )


def _money(comparison: Comparison) -> list[MoneyRow]:
    books = [_book(list(runs.values())) for runs in comparison.runs]
    keys = sorted({key for book in books for key in book})
    nothing = Money()
    return [
        MoneyRow(
            party,
            category,
            books[0].get((party, category), nothing),
            [book.get((party, category), nothing) for book in books[1:]],
        )
        for party, category in keys
    ]


def _balances(comparison: Comparison) -> dict[str, list[Effect]]:
    """Change of each party's balance in each variant, paired by seed."""
    nets = [{seed: _net(_book([run])) for seed, run in runs.items()} for runs in comparison.runs]
    found = {}
    for party in sorted({party for runs in nets for net in runs.values() for party in net}):
        values = [
            np.array([runs[s].get(party, 0.0) if s in runs else np.nan for s in comparison.seeds])
            for runs in nets
        ]
        pairs = [paired(values[0], other) for other in values[1:]]
        found[party] = [Effect(p.policy, p.difference, p.low, p.high) for p in pairs]
    return found


def _net(book: dict[tuple[str, str], Money]) -> dict[str, float]:
    """What each party received less what it paid, EUR."""
    found: dict[str, float] = defaultdict(float)
    for (party, _), money in book.items():
        found[party] += money.net
    return found


def _book(runs: Sequence[Run]) -> dict[tuple[str, str], Money]:
    """What each party paid and received in each category, mean over the runs."""
    paid: dict[tuple[str, str], float] = defaultdict(float)
    received: dict[tuple[str, str], float] = defaultdict(float)
    for run in runs:
        rows = zip(
            *(run.ledger[key] for key in ("payer", "payee", "amount", "category")), strict=True
        )
        for payer, payee, amount, category in rows:
            paid[str(payer), str(category)] += float(amount) / len(runs)
            if payee != NOBODY:
                received[str(payee), str(category)] += float(amount) / len(runs)
    return {key: Money(paid.get(key, 0.0), received.get(key, 0.0)) for key in {*paid, *received}}


def _happenings(comparison: Comparison) -> list[Happening]:
    """Control changes and other entries of the log, those alike put together."""
    offset = _midnight(comparison.scenarios[0])
    found = []
    for position, runs in enumerate(comparison.runs):
        groups: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        for run in runs.values():
            columns = (run.events[key] for key in ("tick", "kind", "subject", "detail"))
            for tick, kind, subject, detail in zip(*columns, strict=True):
                by = str(json.loads(str(detail)).get("by", ""))
                key = (str(kind), str(subject) if kind == "control" else "", by)
                groups[key].append(float(tick) / 1000.0 + offset)
        for (kind, subject, by), times in sorted(groups.items()):
            found.append(
                Happening(
                    position, min(times), kind, subject, by, max(times), len(times) / len(runs)
                )
            )
    return found


def _making(comparison: Comparison) -> Making:
    runs = [run for found in comparison.runs for run in found.values()]
    first = runs[0].manifest
    start = datetime.fromisoformat(first["start"])
    quality: dict[str, float] = defaultdict(float)
    for run in runs:
        for account in run.manifest["quality"].values():
            for key, count in account.items():
                quality[key] += count / len(runs)
    names = [s.name for s in comparison.scenarios]
    return Making(
        city=str(first["city"]["name"]),
        start=start,
        end=start + timedelta(seconds=first["duration_seconds"]),
        seeds=comparison.seeds,
        source=_source(first["city"]["source"]),
        licence=str(first["city"]["licence"] or ""),
        wall_time=sum(run.manifest["wall_seconds"]["total"] for run in runs),
        versions=first["versions"],
        hashes=first["inputs"],
        quality=dict(quality),
        failed={f"{names[i]}, seed {seed}": e for (i, seed), e in comparison.failed.items()},
        command=_command(comparison),
    )


def _source(source: Any) -> str:
    """The source of a city as a text: its kind and its file."""
    if isinstance(source, dict):
        return ", ".join(str(source[key]) for key in ("kind", "file") if key in source)
    return str(source or "")


def _named_files(scenarios: Sequence[Scenario]) -> list[str]:
    """Names by which the scenarios can be loaded again; none if one was changed since."""
    files = [s.file for s in scenarios if s.file is not None and s.file.is_file()]
    if len(files) < len(scenarios):
        return []
    again = alike([Scenario.load(file) for file in files])
    if any(a.digest() != s.digest() for a, s in zip(again, scenarios, strict=True)):
        return []
    short = [f"{file.parent.name}/{file.stem}" for file in files]
    return [s if s in names() else str(f) for s, f in zip(short, files, strict=True)]


def _command(comparison: Comparison) -> str:
    """The command that makes the same; empty where a scenario was changed after it was loaded."""
    wanted = _named_files(comparison.scenarios)
    if not wanted:
        return ""
    if len(wanted) == 1:
        return f"twin run {wanted[0]} --seed {comparison.seeds[0]}"
    seeds = comparison.seeds
    counted = seeds == list(range(1, len(seeds) + 1))
    chosen = str(len(seeds)) if counted else ",".join(map(str, seeds))
    return f"twin compare {' '.join(wanted)} --seeds {chosen}"


def notes(comparison: Comparison) -> list[str]:
    """Warnings of the runs, each once."""
    found = {
        w for runs in comparison.runs for run in runs.values() for w in run.manifest["warnings"]
    }
    lost = sorted({seed for _, seed in comparison.failed})
    if lost:
        named = ", ".join(map(str, lost))
        found.add(f"seed {named}: a run failed; the others are compared")
    return sorted(found)
