"""The command ``twin buses``: which buses of a timetable would drive in a city, and where not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from models.traffic.transit.buses import Bus


def buses(
    feed: Annotated[Path, typer.Argument(help="GTFS feed: a .zip, or a folder.")],
    city: Annotated[Path, typer.Option(help="A bundle.")],
    day: Annotated[str, typer.Option("--date", help="Day to read: 2025-01-14.")],
    hours: Annotated[str, typer.Option(help="Hours of the day: 6-22.")] = "6-22",
    distance: Annotated[float, typer.Option(help="Longest from a stop to its street, m.")] = 60.0,
) -> None:
    """Read a timetable as a run would: the buses, and the stops that no street is near to.

    In a scenario: [model.traffic] gtfs_file = "feed.zip".
    """
    from models.traffic.transit.timetable import Wanted, read
    from twin.city.city import City
    from twin.core.time import Calendar
    from twin.core.time import hours as ticks

    begin, length = _period(day, hours)
    town = City.load(city)
    calendar = Calendar.at(begin, town.place.timezone)
    found = read(town, calendar, Wanted(feed, None, ticks(length), distance, 20.0))
    for note in found.notes:
        typer.echo(note.removeprefix("timetable: "))
    lines: dict[str, list[Bus]] = {}
    for bus in found.buses:
        lines.setdefault(bus.line, []).append(bus)
    metres = town["edge"]["length"]
    for line, listed in sorted(lines.items(), key=lambda item: -len(item[1])):
        longest = max(listed, key=lambda bus: len(bus.calls))
        kilometres = sum(float(metres[edge]) for edge in longest.way) / 1000.0
        typer.echo(
            f"  {line:8} {len(listed):5} buses, {len(longest.calls):3} stops, "
            f"{kilometres:5.1f} km  {longest.calls[0].name} – {longest.calls[-1].name}"
        )


def _period(day: str, hours: str) -> tuple[datetime, float]:
    """When it begins, and how many hours it lasts."""
    from datetime import datetime, timedelta

    from twin.errors import ConfigError

    try:
        midnight = datetime.fromisoformat(day)
    except ValueError:
        raise ConfigError(f"--date {day}", allowed="a date such as 2025-01-14") from None
    first, _, last = hours.partition("-")
    try:
        begin, end = float(first), float(last)
    except ValueError:
        begin = end = 0.0
    if not 0.0 <= begin < end:
        raise ConfigError(f"--hours {hours}", allowed="from-until, such as 6-22")
    return midnight + timedelta(hours=begin), end - begin
