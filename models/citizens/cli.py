"""The command ``twin gtfs``: what a timetable holds, and what it means for a city."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import date

    from twin.city.gtfs import Feed


def gtfs(
    feed: Annotated[Path, typer.Argument(help="GTFS feed: a .zip, or a folder.")],
    day: Annotated[str, typer.Option("--date", help="Day to read: 2025-01-14.")],
    city: Annotated[
        Path | None, typer.Option(help="A bundle: says between how many of its zones one can ride.")
    ] = None,
    hours: Annotated[str, typer.Option(help="Hours whose headways count: 6-22.")] = "6-22",
) -> None:
    """Read a timetable: lines, stops, headways, and the times between the zones of a city.

    In a scenario: [model.citizens] gtfs_file = "feed.zip".
    """
    from twin.city.gtfs import read_feed

    begin, end = _hours(hours)
    read = read_feed(feed, _date(day))
    served = sum(len(line.departures) for line in read.lines)
    typer.echo(f"{len(read.stops)} stops, {len(read.lines)} lines, {served} departures on {day}")
    for line in sorted(read.lines, key=lambda line: -line.hourly(begin, end))[:20]:
        hourly = line.hourly(begin, end)
        every = f"every {60.0 / hourly:.0f} min" if hourly > 0.0 else "not in these hours"
        way = f"{read.names[line.stops[0]]} – {read.names[line.stops[-1]]}"
        typer.echo(f"  {line.mode:6} {line.name:8} {every:20} {way}")
    if city is not None:
        typer.echo(_between(read, city, begin, end))


def _date(text: str) -> date:
    from datetime import date

    from twin.errors import ConfigError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--date {text}", allowed="a date such as 2025-01-14") from None


def _hours(text: str) -> tuple[float, float]:
    from twin.errors import ConfigError

    first, _, last = text.partition("-")
    try:
        begin, end = float(first) * 3600.0, float(last) * 3600.0
    except ValueError:
        begin = end = 0.0
    if not 0.0 <= begin < end:
        raise ConfigError(f"--hours {text}", allowed="from-until, such as 6-22")
    return begin, end


def _between(feed: Feed, bundle: Path, begin: float, end: float) -> str:
    import numpy as np

    from models.citizens import space, transit
    from twin.city.city import City

    city = City.load(bundle)
    found = transit.between_zones(city, space.make(city), feed, begin, end)
    joined = np.isfinite(found.ride)
    known = np.count_nonzero(~np.isnan(found.ride))
    if not joined.any():
        return f"{city.name}: no line joins two of its zones"
    ride, pause = (float(np.median(values[joined])) / 60.0 for values in (found.ride, found.pause))
    return (
        f"{city.name}: {np.count_nonzero(joined)} of {known} pairs of zones are joined; median "
        f"{ride:.0f} min of riding, {pause:.0f} min of waiting and changing"
    )
