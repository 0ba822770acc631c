"""The command ``twin reliability``: interruptions to expect, and what causes most of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.energy.reliability.expected import Expected
    from twin.city.city import City


def reliability(
    bundle: Annotated[Path, typer.Argument(help="Folder of a bundle.")],
    failures: Annotated[float, typer.Option(min=0, help="Times the usual failure rates.")] = 1.0,
    remote: Annotated[bool, typer.Option("--remote", help="Rings switched from afar.")] = False,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst elements to tell.")] = 5,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="All elements, a .csv.")
    ] = None,
) -> None:
    """Say how long customers of a city's grid are without supply in a mean year, and why."""
    from models.energy.reliability.expected import expected
    from models.energy.reliability.parameters import ReliabilityParameters
    from twin.city.city import City

    city = City.load(bundle)
    rules = ReliabilityParameters.model_validate({"failures": failures})
    found = expected(city, rules, remote=remote)
    print(f"SAIDI  {found.saidi:8.3f} min a customer and year")
    print(f"SAIFI  {found.saifi:8.4f} interruptions a customer and year")
    for name, minutes in found.parts().items():
        print(f"  {name:<15}{minutes:8.3f} min")
    rows = _rows(city, found)
    for name, minutes, times in rows[:worst]:
        print(f"  {name:<28}{minutes:10.4f} min {times:10.5f} interruptions")
    if output is not None:
        lines = [f"{name},{minutes:.9g},{times:.9g}" for name, minutes, times in rows]
        head = "element,saidi_min_per_year,saifi_per_year"
        output.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        print(f"elements: {output}")


def _rows(city: City, found: Expected) -> list[tuple[str, float, float]]:
    """All elements, those that cost most minutes first."""
    names = [f"line {i}" for i in city["line"].ids]
    names += [f"transformer {i}" for i in city["transformer"].ids]
    rows = zip(names, found.minutes.tolist(), found.interruptions.tolist(), strict=True)
    return sorted(rows, key=lambda row: (-row[1], row[0]))
