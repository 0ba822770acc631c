"""The command ``twin waste``: forecasts of containers from a recording, rounds for a day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin.errors import ConfigError

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Forecast containers, plan rounds."
)

Given = Annotated[
    Path,
    typer.Argument(help="Collections (site_id, collected_at, fill_before, ...) or level readings."),
]
Account = Annotated[
    Path | None, typer.Option("--quality", help="Write every finding about the data to this CSV.")
]


@app.command("forecast")
def forecast_command(
    recording: Given,
    at: Annotated[
        str | None, typer.Option(help="Moment, such as 2016-07-18T06:00; the end if left out.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write every container to this CSV.")
    ] = None,
    quality: Account = None,
    noise: Annotated[
        float | None,
        typer.Option(
            help="Deviation of a reading, %; found from the readings if left out.", min=0.1
        ),
    ] = None,
) -> None:
    """Forecast the level of each container, and when it will be full, with 90 % intervals."""
    from models.waste.forecast import forecast, read_recording

    found = forecast(read_recording(recording), None if at is None else _hour(at), noise=noise)
    print(found.table())
    for warning in found.warnings():
        print(f"warning: {warning}")
    print(found.quality.table())
    if output is not None:
        found.write(output)
        print(f"forecast: {output}")
    if quality is not None:
        found.quality.write(quality)
        print(f"quality:  {quality}")


@app.command("evaluate")
def evaluate_command(
    recording: Given,
    test: Annotated[
        Path | None,
        typer.Argument(help="Later weeks to judge; without it, each week by those before."),
    ] = None,
    quality: Account = None,
) -> None:
    """Judge the forecast on weeks that it has not seen, beside simple ones."""
    from models.waste.forecast import evaluate, read_recording, rolling

    first = read_recording(recording)
    account = first.quality
    if test is None:
        print(rolling(first).table())
    else:
        second = read_recording(test)
        account = first.quality + second.quality
        print(evaluate(first, second).table())
    print(account.table())
    if quality is not None:
        account.write(quality)
        print(f"quality:  {quality}")


@app.command("plan")
def plan_command(
    scenario: Annotated[str, typer.Argument(help="Names the city and the rules of the fleet.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write .gpx, .geojson or .csv.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Which day; tomorrow if left out.")] = None,
    levels: Annotated[
        Path | None, typer.Option(help="A recording of levels: empty what will be full.")
    ] = None,
    closed: Annotated[
        list[str] | None, typer.Option(help="A street that is closed: name or edge. Repeatable.")
    ] = None,
    slower: Annotated[
        float, typer.Option(help="How much longer than in empty streets driving takes.", min=0.5)
    ] = 1.0,
) -> None:
    """Plan the rounds of a day: vehicles, stops in order with times, loads, kilometres."""
    from datetime import date as day
    from datetime import timedelta

    from models.waste.daily import plan_day
    from twin.scenario.scenario import Scenario

    try:
        when = day.today() + timedelta(days=1) if date is None else day.fromisoformat(date)
    except ValueError:
        raise ConfigError(f"--date {date}", allowed="a date such as 2025-01-15") from None
    if output is not None and output.suffix not in (".gpx", ".geojson", ".json", ".csv"):
        raise ConfigError(f"-o {output}", allowed=".gpx, .geojson or .csv")
    found = plan_day(
        Scenario.load(scenario), when, levels=levels, closed=closed or (), slower=slower
    )
    print(found.table())
    if output is not None:
        found.write(output)
        print(f"rounds: {output}")


def _hour(text: str) -> float:
    from datetime import datetime

    try:
        found = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ConfigError(
            f"--at {text}", allowed="a date and time such as 2016-07-18T06:00"
        ) from None
    return (found - datetime(1970, 1, 1)).total_seconds() / 3600.0
