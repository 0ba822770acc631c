"""The command ``twin calibrate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.traffic.calibration.calibrate import Calibration
    from models.traffic.calibration.score import Score


def command(
    scenario: Annotated[str, typer.Argument(help="A scenario: a file, or a name.")],
    counts: Annotated[
        Path, typer.Option(help="Counts: .csv, .parquet, or SUMO's edge data or turns (.xml).")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Name of the calibrated scenario's file."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Which column is what: --column edge=LINK --column count=CARS."),
    ] = None,
    offset: Annotated[
        str | None,
        typer.Option(help="Time of day at which the clock of the counts shows 0: 07:00."),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(help="Parts of the streets with counters, each held out; 0 for none.", min=0),
    ] = 5,
    rounds: Annotated[int, typer.Option(help="Rounds of fit and simulation.", min=1)] = 3,
    draws: Annotated[int, typer.Option(help="Ways of each pair of zones.", min=1)] = 30,
    interval: Annotated[
        str, typer.Option(help="Shorter intervals of the counts are fitted together: 15m, 1h.")
    ] = "1h",
    meso: Annotated[
        bool, typer.Option("--meso", help="Simulate the result with SUMO's fast engine too.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="The page; beside the scenario if none.")
    ] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="en or fr.")] = "en",
) -> None:
    """Fit the car traffic of a scenario to counts; write a scenario and a page of plots."""
    from models.traffic.calibration.calibrate import Settings, calibrate
    from models.traffic.calibration.clock import read_offset
    from models.traffic.calibration.page import write_page
    from models.traffic.calibration.write import write_scenario
    from twin.core.time import duration
    from twin.errors import ConfigError
    from twin.scenario.scenario import Scenario

    if language not in ("en", "fr"):
        raise ConfigError(f"--language {language}", allowed="en or fr")
    loaded = Scenario.load(scenario)
    found = calibrate(
        loaded,
        counts,
        columns=_mapping(column or []),
        offset=None if offset is None else read_offset(offset),
        settings=Settings(folds, rounds, draws, meso, duration(interval) / 1000.0),
        tell=lambda step, share: print(f"{share:4.0%} {step}", file=sys.stderr),
    )
    target = output or Path(f"{loaded.slug}-calibrated")
    file, demand = write_scenario(found, loaded, scenario, target)
    shown = write_page(found, page or file.with_suffix(".html"), language)
    print(summary(found))
    print(f"scenario: {file}\ndemand:   {demand}\npage:     {shown}")


def _mapping(texts: list[str]) -> dict[str, str]:
    from twin.errors import ConfigError

    found = {}
    for text in texts:
        key, sign, name = text.partition("=")
        if not sign or not name:
            raise ConfigError(f"--column {text}", allowed="--column QUANTITY=NAME")
        found[key.strip()] = name.strip()
    return found


def summary(found: Calibration) -> str:
    """The figures as lines of text."""
    from models.traffic.calibration.score import Score

    lines = [
        f"{len(found.demand):,} trips; {len(found.counts)} counters",
        f"{'':24}counters  GEH<5  mean GEH  worst  RMSE veh/h",
        _line("in the fit", found.fitted),
    ]
    if found.left_out.counters:
        lines.append(_line("held out of the fit", found.left_out))
    lines.append(_line("before any count", Score.of(found.prior, found.counts.hourly())))
    if found.counts.left_out:
        lines.append(f"note: {found.counts.left_out} rows lie on no edge that cars use")
    lines += [f"note: {note}" for note in found.counts.notes]
    if found.unreached:
        lines.append(f"note: no way of the demand passes {found.unreached} of the counters")
    return "\n".join(lines)


def _line(name: str, score: Score) -> str:
    return (
        f"{name:24}{score.counters:8d} {score.share:6.0%} {score.mean_geh:9.2f}"
        f" {score.worst_geh:6.1f} {score.rmse:11.1f}"
    )
