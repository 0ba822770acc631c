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
) -> None:
    """Solve a grid and write pandapower's tables res_bus, res_line and res_trafo."""
    if phases:
        _phases(source, begin, end, output)
        return
    from models.energy.flow.words import solution

    for line in solution(source, begin, end, output):
        typer.echo(line)


def _phases(source: str, begin: datetime | None, end: datetime | None, output: Path | None) -> None:
    from models.energy.flow.phases.words import solution
    from twin.errors import ConfigError

    if begin is not None or end is not None:
        raise ConfigError(
            "--phases solves the loads that the file has, and knows no time",
            mend="leave --from and --until out",
        )
    for line in solution(source, output):
        typer.echo(line)
