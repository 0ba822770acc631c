"""The commands ``twin grid``: what a grid is like, and its power flow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Power flow of a grid: a pandapower file, a simbench code or a bundle.",
    no_args_is_help=True,
)
Source = Annotated[
    str, typer.Argument(help="A pandapower .json, simbench:CODE, or the folder of a bundle.")
]
From = Annotated[datetime | None, typer.Option("--from", help="First moment: 2025-01-14T06:00.")]
Until = Annotated[datetime | None, typer.Option("--until", help="Moment after the last.")]


@app.command("info")
def info(source: Source, begin: From = None, end: Until = None) -> None:
    """Say what a grid is made of, whether it is radial, and where it is weakest."""
    from models.energy.flow.words import grid

    for line in grid(source, begin, end):
        typer.echo(line)


@app.command("solve")
def solve(
    source: Source,
    begin: From = None,
    end: Until = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Results: .json, or .parquet (one a table)."),
    ] = None,
    phases: Annotated[
        bool, typer.Option("--phases", help="Each phase with its own loads: res_bus_3ph.")
    ] = False,
    regulate: Annotated[
        bool, typer.Option("--regulate", help="Tap changers keep the voltage behind them.")
    ] = False,
    set_point: Annotated[float, typer.Option(help="Voltage that they keep, per unit.")] = 1.0,
    dead_band: Annotated[
        float | None, typer.Option(help="Either side of it, per unit [default: half a tap + 0.001]")
    ] = None,
) -> None:
    """Solve a grid and write pandapower's tables res_bus, res_line and res_trafo."""
    if phases:
        _phases(source, begin, end, output, regulate=regulate)
        return
    from models.energy.flow.words import regulated, solution

    lines = (
        regulated(source, begin, end, output, set_point, dead_band)
        if regulate
        else solution(source, begin, end, output)
    )
    for line in lines:
        typer.echo(line)


def _phases(
    source: str,
    begin: datetime | None,
    end: datetime | None,
    output: Path | None,
    *,
    regulate: bool,
) -> None:
    from models.energy.flow.phases.words import solution
    from twin.errors import ConfigError

    if regulate:
        raise ConfigError("--phases moves no taps", mend="leave --regulate out")
    if begin is not None or end is not None:
        raise ConfigError(
            "--phases solves the loads that the file has, and knows no time",
            mend="leave --from and --until out",
        )
    for line in solution(source, output):
        typer.echo(line)
