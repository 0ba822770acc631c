"""The command ``twin city``: build, inspect and draw a city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twin.city.city import City

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of the bundle.")]
Name = Annotated[str | None, typer.Option(help="Name of the city; the file's when left out.")]
Bundle = Annotated[Path, typer.Argument(help="Folder of a bundle.")]


@app.command()
def build(
    extract: Annotated[
        Path,
        typer.Argument(help="OpenStreetMap extract: .osm.pbf, .osm, .osm.xml, also .gz, .bz2."),
    ],
    output: Output,
    name: Name = None,
) -> None:
    """Build a city from an OpenStreetMap extract."""
    from twin.city.build import from_osm

    with _progress() as tell:
        city = from_osm(extract, output, name=name, progress=tell)
    _say(city)


@app.command("from-sumo")
def sumo(
    config: Annotated[
        Path,
        typer.Argument(
            help="SUMO scenario (.sumocfg), or a network alone (.net.xml, .net.xml.gz)."
        ),
    ],
    output: Output,
    name: Name = None,
) -> None:
    """Build a city from a SUMO scenario, with its demand, signals, stops and detectors; or from a
    network alone."""
    from twin.city.build import from_sumo

    with _progress() as tell:
        city = from_sumo(config, output, name=name, progress=tell)
    _say(city)


@app.command()
def info(
    bundle: Bundle,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say what a bundle holds: tables, extent, people, source, licence, hashes."""
    from twin.city.city import City
    from twin.city.info import describe, text

    found = describe(City.load(bundle))
    if as_json:
        import json

        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        typer.echo(text(found))


@app.command("map")
def draw(
    bundle: Bundle,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file.")],
    language: Annotated[str, typer.Option("--language", "-l", help="en or fr.")] = "en",
) -> None:
    """Draw a bundle as one HTML file that needs no network."""
    from twin.city.city import City
    from twin.city.map import write

    write(City.load(bundle), output, language=language)
    typer.echo(f"{output}: open it in a browser")


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A progress line on a terminal; silence in a pipe."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


def _say(city: City) -> None:
    rows = ", ".join(f"{len(table)} {table.name}" for table in city if len(table) > 1)
    typer.echo(f"{city.folder}: {rows}")
    for warning in city.manifest.get("warnings", []):
        typer.echo(f"warning: {warning}", err=True)
