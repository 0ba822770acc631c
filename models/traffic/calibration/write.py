"""Writes a calibrated scenario: a TOML file that extends the original, and the demand beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.traffic.demand.file import write_demand
from twin.errors import ConfigError

if TYPE_CHECKING:
    from models.traffic.calibration.calibrate import Calibration
    from twin.scenario.scenario import Scenario

TITLES = {"en": "{}, calibrated to counts", "fr": "{}, calé sur les comptages"}


def write_scenario(
    found: Calibration, scenario: Scenario, name: str, output: Path
) -> tuple[Path, Path]:
    """Write both files; returns the scenario's and the demand's.

    Parameters
    ----------
    name
        What the original is called: its name, or its file.
    output
        The scenario's file; ``.toml`` is added where it is missing.

    Raises
    ------
    ConfigError
        ``output`` is the original itself.
    """
    target = output if output.suffix == ".toml" else output.with_name(output.name + ".toml")
    if scenario.file is not None and target.resolve() == scenario.file.resolve():
        raise ConfigError(
            "the calibrated scenario would replace the one that it extends",
            where=str(target),
            mend="give another name: -o NAME",
        )
    demand = target.with_suffix(".demand.parquet")
    write_demand(found.demand, found.city, demand)
    target.write_text(_toml(found, scenario, _extended(scenario, name, target), demand), "utf-8")
    return target, demand


def _extended(scenario: Scenario, name: str, target: Path) -> str:
    """The original as the new file names it: relative where it was a file."""
    if (
        scenario.file is None
        or not Path(name if name.endswith(".toml") else f"{name}.toml").is_file()
    ):
        return name
    return os.path.relpath(scenario.file, target.resolve().parent)


def _toml(found: Calibration, scenario: Scenario, extends: str, demand: Path) -> str:
    counts, fitted, left = found.counts, found.fitted, found.left_out
    lines = [
        f"# Calibrated to {len(counts)} counters. GEH below 5: {fitted.share:.0%} in the fit,",
        f"# {left.share:.0%} when held out of it." if left.counters else "# none held out.",
        f"name = {_text(scenario.name + ', calibrated')}",
        f"extends = {_text(extends)}",
        "",
        "[title]",
        *(
            f"{tongue} = {_text(text.format(scenario.text('title', tongue)))}"
            for tongue, text in TITLES.items()
        ),
        *_period(found, scenario),
        "",
        "[model.traffic]",
        'demand = "calibrated"',
        f"demand_file = {_text(demand.name)}",
    ]
    return "\n".join(lines) + "\n"


def _period(found: Calibration, scenario: Scenario) -> list[str]:
    """The period, where the original's does not hold the counts."""
    period = scenario.data.period
    start = period.start.hour * 3600 + period.start.minute * 60
    if start == found.begin and start + period.duration / 1000.0 == found.end:
        return []
    begin, minutes = int(found.begin), round((found.end - found.begin) / 60.0)
    clock = f"{begin // 3600 % 24:02d}:{begin // 60 % 60:02d}"
    return ["", "[period]", f'from = "{clock}"', f'duration = "{minutes}m"']


def _text(value: Any) -> str:
    """A TOML string; JSON's are such."""
    return json.dumps(str(value), ensure_ascii=False)
