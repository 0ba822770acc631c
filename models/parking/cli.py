"""The commands ``twin parking``: prices by the rule of SFpark, and a forecast of occupancy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Prices of bays that answer to demand.", no_args_is_help=True)


@app.callback()
def parking() -> None:
    """Prices of bays that answer to demand."""


@app.command("prices")
def prices_command(
    scenario: Annotated[str, typer.Argument(help="A scenario with the model parking.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The table of prices to write.")
    ] = Path("prices.csv"),
    seed: Annotated[int, typer.Option(help="Which chances the days meet.")] = 1,
    rounds: Annotated[int, typer.Option(help="Changes at most.", min=0)] = 20,
    bands: Annotated[
        str, typer.Option(help="Bands of the day.")
    ] = "09:00-12:00,12:00-15:00,15:00-18:00",
    period: Annotated[
        str, typer.Option(help="Hours that are lived in each round: from, duration.")
    ] = "06:00,13h",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key of the scenario.")
    ] = None,
) -> None:
    """Live a day again and again, parking alone, and move the prices as SFpark does."""
    import numpy as np

    from models.parking import pricing
    from models.parking.rounds import rounds as lived
    from twin.errors import ConfigError
    from twin.experiment.compare import toml_value
    from twin.experiment.live import city_of
    from twin.scenario.scenario import Scenario

    begin, _, length = period.partition(",")
    found = {"period.from": begin.strip(), "period.duration": length.strip()}
    for change in changes or []:
        key, sign, value = change.partition("=")
        if not sign:
            raise ConfigError(f"--set {change}", allowed="--set key=value")
        found[key.strip()] = toml_value(value.strip())
    loaded = Scenario.load(scenario).changed(found)
    city = city_of(loaded)
    names = tuple(band.strip() for band in bands.split(","))
    print("round   full  occupancy  search  price  moves")
    for last in lived(loaded, city, seed=seed, bands=names, most=rounds):
        street = city["parking"]["kind"] == "street"
        numbers = last.indicators
        print(
            f"{last.number:5d} {100 * last.full:5.1f}% {numbers['parking.occupancy']:9.1f}% "
            f"{numbers['parking.search_time']:5.2f}' {last.price[street].mean():6.2f} "
            f"{100 * last.moved:5.0f}%"
        )
    cut = pricing.Bands.parse(names, "bands")
    pricing.write(output, city["parking"], cut, last.price, np.asarray(street))
    print(f"prices: {output}")


@app.command("forecast")
def forecast_command(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with SystemCodeNumber, Capacity, Occupancy, LastUpdated."),
    ],
    held_out: Annotated[
        int, typer.Option(help="Days at the end that nothing is learnt from.", min=1)
    ] = 14,
) -> None:
    """Clean a recording of car parks and say how well its occupancy can be forecast."""
    from models.parking import forecast
    from twin.errors import ConfigError

    recording = forecast.read(file)
    days = len(recording.days)
    if held_out > days - 7:
        raise ConfigError(
            f"--held-out {held_out}", allowed=f"at most {days - 7} of the {days} days"
        )
    flagged = ", ".join(f"{many} {rule}" for rule, many in recording.flagged.items())
    print(f"{len(recording.parks)} car parks, {days} days; rows left out: {flagged}")
    hours = forecast.by_hour(recording)
    print(
        "mean by hour: " + "  ".join(f"{h}h {100 * v:.1f}%" for h, v in enumerate(hours) if v == v)
    )
    print(f"mean absolute error on the last {held_out} days, points of occupancy:")
    print("ahead   forecast   as now   as a week ago   usual")
    for ahead in (1, 2, 4, 8):
        e = {key: 100 * value for key, value in forecast.skill(recording, held_out, ahead).items()}
        print(
            f"{ahead * forecast.SLOT:3d} min {e['forecast']:8.2f} {e['as now']:9.2f} "
            f"{e['as a week ago']:12.2f} {e['usual']:11.2f}"
        )
