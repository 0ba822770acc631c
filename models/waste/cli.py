"""The command ``twin waste``: forecasts of containers from a recording, rounds for a day."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.errors import ConfigError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

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

Zone = Annotated[
    str | None,
    typer.Option(help="Clock of the city, such as Europe/Helsinki: moves times with an offset."),
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
    timezone: Zone = None,
    noise: Annotated[
        float | None,
        typer.Option(
            help="Deviation of a reading, %; found from the readings if left out.", min=0.1
        ),
    ] = None,
) -> None:
    """Forecast the level of each container, and when it will be full, with 90 % intervals."""
    from models.waste.forecast import forecast, read_recording

    given = read_recording(recording, zone=_zone(timezone))
    found = forecast(given, None if at is None else _hour(at, timezone), noise=noise)
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
    timezone: Zone = None,
) -> None:
    """Judge the forecast on weeks that it has not seen, beside simple ones."""
    from models.waste.forecast import evaluate, read_recording, rolling

    first = read_recording(recording, zone=_zone(timezone))
    account = first.quality
    if test is None:
        print(rolling(first).table())
    else:
        second = read_recording(test, zone=_zone(timezone))
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
    without_truck: Annotated[
        list[int] | None,
        typer.Option(help="A vehicle out of service: its number in the table. Repeatable."),
    ] = None,
    shift: Annotated[
        str, typer.Option(help="When the crews work, such as 06:00-14:00; else the scenario's.")
    ] = "",
    days: Annotated[
        int, typer.Option(help="How many days; what is planned for one is done on the next.")
    ] = 1,
) -> None:
    """Plan the rounds of a day: vehicles, stops in order with times, loads, kilometres."""
    from datetime import date as day
    from datetime import timedelta

    from models.waste.daily import Orders, plan_days
    from models.waste.sheets import check_file, write
    from twin.scenario.scenario import Scenario

    try:
        when = day.today() + timedelta(days=1) if date is None else day.fromisoformat(date)
    except ValueError:
        raise ConfigError(f"--date {date}", allowed="a date such as 2025-01-15") from None
    if output is not None:
        check_file(output)
    orders = Orders(closed or (), slower, without_truck or (), shift)
    plans = plan_days(Scenario.load(scenario), when, days, levels=levels, orders=orders)
    for found in plans:
        print(found.table())
        for note in found.notes:
            print(note)
    if output is not None:
        write(plans, output)
        print(f"rounds: {output}")


def _zone(name: str | None) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo

    try:
        return None if name is None else ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConfigError(
            f"--timezone {name}: there is no such zone", allowed="a name such as Europe/Helsinki"
        ) from None


def _hour(text: str, timezone: str | None) -> float:
    from models.waste.forecast.recording import clock_hours

    found = float(clock_hours([text], _zone(timezone))[0])
    if math.isnan(found):
        raise ConfigError(f"--at {text}", allowed="a date and time such as 2016-07-18T06:00")
    return found
