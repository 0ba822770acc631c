"""Lives a base and its variants under the same seeds, and compares them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from twin.core.indicator import Indicator
from twin.errors import ConfigError, DataError, ModelError
from twin.experiment.alike import alike
from twin.experiment.jobs import Done, Task, Watch, live_all
from twin.experiment.live import city_of, validate
from twin.experiment.statistics import Paired, paired
from twin.results.store import Run, check_writable
from twin.scenario.find import find_scenario
from twin.scenario.scenario import Scenario

if TYPE_CHECKING:
    from twin.report.data import ReportData

EXPERIMENT = "experiment.json"


@dataclass(frozen=True)
class Row:
    """An indicator compared.

    Attributes
    ----------
    indicator, unit, better, stakeholder
        What it is, in which unit, which direction is good, and to whom it matters.
    variant
        Name of the variant.
    result
        The paired comparison.
    """

    indicator: str
    unit: str
    better: str
    stakeholder: str
    variant: str
    result: Paired


@dataclass
class Comparison:
    """A base and variants, lived under the same seeds.

    Attributes
    ----------
    scenarios
        The base first.
    seeds
        Seeds that were asked for.
    runs
        For each scenario, the finished run of each seed.
    failed
        Error of each (scenario position, seed) that could not be finished.
    folder
        Where ``experiment.json`` is, from which the comparison can be opened again.
    """

    scenarios: list[Scenario]
    seeds: list[int]
    runs: list[dict[int, Run]]
    failed: dict[tuple[int, int], str] = field(default_factory=dict)
    folder: Path | None = None

    def values(self, position: int, indicator: str) -> npt.NDArray[np.float64]:
        """An indicator for each seed, NaN where the run failed; (n_seeds,) float64."""
        runs = self.runs[position]
        return np.array(
            [runs[s].values.get(indicator, np.nan) if s in runs else np.nan for s in self.seeds]
        )

    def rows(self) -> list[Row]:
        """Every indicator of the base against every variant."""
        found = []
        for position, scenario in enumerate(self.scenarios[1:], start=1):
            for i in self.indicators():
                result = paired(self.values(0, i.name), self.values(position, i.name))
                found.append(Row(i.name, i.unit, i.better, i.stakeholder, scenario.name, result))
        return found

    def indicators(self) -> list[Indicator]:
        """What every run of the comparison says."""
        first = next((run for runs in self.runs for run in runs.values()), None)
        if first is None:
            raise ModelError(
                "every run of this comparison failed", where=next(iter(self.failed.values()))
            )
        table = first.indicators
        keys = ("indicator", "unit", "better", "stakeholder", "headline")
        missing = [key for key in keys if key not in table]
        if missing:
            raise DataError(
                f"indicators.parquet has no column {missing[0]!r}: another version wrote this run",
                where=str(first.folder.resolve()),
                mend="live the scenario again",
            )
        columns = (table[key].tolist() for key in keys)
        return [Indicator(*row) for row in zip(*columns, strict=True)]

    def data(self, language: str = "en", *, drawn: bool = True) -> ReportData:
        """What the report says (and, not ``drawn``, the table), see :mod:`twin.report.data`."""
        from twin.experiment.collect import collect

        return collect(self, language, drawn=drawn)

    def table(self, language: str = "en") -> str:
        """The comparison as a table for a terminal."""
        from twin.report.table import render

        return render(self.data(language, drawn=False), language)

    def report(self, path: str | Path, language: str = "en") -> Path:
        """Write the report as one self-contained HTML file."""
        from twin.report.html import write

        return write(self.data(language), Path(path), language)

    def frame(self) -> Any:
        """The comparison as a ``pandas.DataFrame``, one row an indicator and variant."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "indicator": r.indicator,
                    "unit": r.unit,
                    "variant": r.variant,
                    "stakeholder": r.stakeholder,
                    "better": r.better,
                    "base": r.result.base,
                    "policy": r.result.policy,
                    "difference": r.result.difference,
                    "low": r.result.low,
                    "high": r.result.high,
                    "seeds": r.result.pairs,
                }
                for r in self.rows()
            ]
        )

    def _save(self, folder: Path) -> None:
        content = {
            "scenarios": [{"raw": s.raw, "file": str(s.file or "")} for s in self.scenarios],
            "seeds": self.seeds,
            "runs": [
                {str(seed): os.path.relpath(run.folder, folder) for seed, run in runs.items()}
                for runs in self.runs
            ],
            "failed": [[i, seed, error] for (i, seed), error in sorted(self.failed.items())],
        }
        partial = folder / f".{EXPERIMENT}.partial-{os.getpid()}"
        partial.write_text(json.dumps(content, indent=1, default=str), encoding="utf-8")
        partial.rename(folder / EXPERIMENT)
        self.folder = folder

    @classmethod
    def open(cls, folder: str | Path) -> Comparison:
        """Open a finished comparison, or a single run as a comparison with nothing.

        Raises
        ------
        DataError
            Neither is there.
        """
        root = Path(folder)
        if (root / EXPERIMENT).is_file():
            return cls._open_experiment(root)
        run = Run.open(root)
        raw = run.manifest["scenario"]
        file = run.manifest.get("file")
        scenario = Scenario.from_dict(raw, Path(file) if file else None)
        return cls([scenario], [run.seed], [{run.seed: run}], folder=root)

    @classmethod
    def _open_experiment(cls, root: Path) -> Comparison:
        try:
            content = json.loads((root / EXPERIMENT).read_text(encoding="utf-8"))
            scenarios = [
                Scenario.from_dict(s["raw"], Path(s["file"]) if s["file"] else None)
                for s in content["scenarios"]
            ]
            runs = [
                {int(seed): Run.open(root / place) for seed, place in found.items()}
                for found in content["runs"]
            ]
            failed = {(i, seed): error for i, seed, error in content["failed"]}
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{root / EXPERIMENT} is damaged: {error}", mend="compare again"
            ) from None
        return cls(scenarios, content["seeds"], runs, failed, root)


def compare(
    base: Scenario | str,
    *policies: Scenario | str,
    seeds: int | Sequence[int] = 5,
    jobs: int | None = None,
    results: str | Path = "results",
    watch: Watch | None = None,
) -> Comparison:
    """Live the base and each variant under the same seeds and compare them.

    Parameters
    ----------
    base
        The city as it is: a scenario or its name.
    *policies
        Variants: scenarios, names of scenarios, or a policy on top of the base such as
        ``"lighting.by_traffic"`` or ``"lighting.by_traffic:minimum=0.3"``.
    seeds
        How many (1, 2, …), or which.
    jobs
        Runs at a time; all cores when left out.
    results
        Folder of the results; finished runs of the same inputs and code are taken from there, so a
        comparison that was interrupted goes on where it was.
    watch
        Called with (share done, seconds); on a terminal, progress is shown when it is left out.

    Raises
    ------
    TwinError
        A scenario does not fit: before anything runs. A run that fails later is in ``failed``, and
        the others are kept.
    """
    first = Scenario.load(base) if isinstance(base, str) else base
    scenarios = [first, *(variant(first, p) for p in policies)]
    _comparable(scenarios)
    wanted = list(range(1, seeds + 1)) if isinstance(seeds, int) else [int(s) for s in seeds]
    if not wanted or len(set(wanted)) != len(wanted):
        raise ConfigError(f"seeds = {seeds!r}", allowed="at least one seed, each once")
    scenarios = alike(scenarios)
    for scenario in scenarios:
        validate(scenario, wanted[0])
    tasks = [Task(scenario, seed) for seed in wanted for scenario in scenarios]
    root = Path(results)
    check_writable(root)
    done = live_all(tasks, root, jobs or os.cpu_count() or 1, watch)
    comparison = _collect(scenarios, wanted, done)
    comparison._save(_experiment_folder(root, scenarios))
    return comparison


def variant(base: Scenario, text: Scenario | str) -> Scenario:
    """A variant from a scenario, its name, or ``policy[:key=value,…]`` on top of the base."""
    from twin.core.registry import available

    if isinstance(text, Scenario):
        return text
    use, _, rest = text.partition(":")
    if use not in available("policies"):
        find_scenario(use, also=list(available("policies")))
        return Scenario.load(text)
    parameters = {}
    for pair in filter(None, _parts(rest)):
        key, sign, value = pair.partition("=")
        if not sign:
            raise ConfigError(f"{pair!r} in {text!r}", allowed="policy:key=value,key=value")
        parameters[key.strip()] = toml_value(value.strip())
    return base.with_policy(use, **parameters)


def _parts(text: str) -> Iterator[str]:
    """What commas outside of brackets part: ``area=[11, 44, 12, 45],price=2`` has two."""
    depth = begin = 0
    for place, letter in enumerate(text):
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def toml_value(text: str) -> Any:
    """A value as TOML writes it; a bare word is a text."""
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _comparable(scenarios: Sequence[Scenario]) -> None:
    """Refuse to compare different cities or periods."""
    base = scenarios[0].data
    for other in scenarios[1:]:
        for key, ours, theirs in (
            ("city", base.city, other.data.city),
            ("period.start", base.period.start, other.data.period.start),
            ("period.duration", base.period.duration, other.data.period.duration),
        ):
            if ours != theirs:
                raise ConfigError(
                    f"{other.name!r} cannot be compared with {scenarios[0].name!r}: "
                    f"{key} is {theirs} and not {ours}",
                    where=other.where(key),
                    allowed="the same city and period",
                    mend='make it extend the base: extends = "baseline"',
                )


def _collect(scenarios: list[Scenario], seeds: list[int], done: Sequence[Done]) -> Comparison:
    runs: list[dict[int, Run]] = [{} for _ in scenarios]
    failed: dict[tuple[int, int], str] = {}
    for number, result in enumerate(done):
        position = number % len(scenarios)
        if result.run is not None:
            runs[position][result.task.seed] = result.run
        else:
            failed[position, result.task.seed] = result.error or "unknown"
    return Comparison(scenarios, seeds, runs, failed)


def _experiment_folder(root: Path, scenarios: Sequence[Scenario]) -> Path:
    name = "-vs-".join(f"{s.slug}-{s.digest()[:6]}" for s in scenarios)
    folder = root / "comparisons" / name[:150]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


__all__ = ["Comparison", "Row", "city_of", "compare", "variant"]
