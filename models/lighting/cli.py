"""The command ``twin lighting``: a city, or a city's lamps, from an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.lighting.inventory.clean import Report

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Import and check inventories of lamps."
)

File = Annotated[
    Path,
    typer.Argument(help="Inventory: .csv, .geojson, .gpkg, .shp, .zip of one, or NGSI .json."),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", "-m", help="TOML file: what its columns and words mean.")
]
Findings = Annotated[
    Path | None, typer.Option("--report", help="CSV file for every finding; OUTPUT.csv if empty.")
]


@app.command("import")
def import_command(
    file: File,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the bundle.")],
    mapping: MappingFile = None,
    into: Annotated[
        Path | None, typer.Option(help="Bundle of a city whose lamps these are.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the city.")] = None,
    report: Findings = None,
) -> None:
    """Make a city of an inventory, or put it in the place of a city's lamps."""
    from models.lighting.inventory import build
    from models.lighting.inventory.mapping import read_mapping
    from twin.city.bundle import check_target, save
    from twin.city.city import City

    findings = report or output.with_name(output.name + ".csv")
    _apart(file, mapping, findings, output)
    check_target(output)
    rules = read_mapping(mapping)
    if into is None:
        city, found = build.from_inventory(file, rules, name=name or file.stem)
    else:
        city = City.load(into)
        found = build.into(city, file, rules)
        city.name = name or city.name
    made = save(city, output)
    rows = ", ".join(f"{len(table):,} {table.name}" for table in made if len(table) > 1)
    typer.echo(f"{made.folder}: {rows}")
    _say(found, findings)


@app.command("check")
def check_command(file: File, mapping: MappingFile = None, report: Findings = None) -> None:
    """Say what is wrong in an inventory and what an import would do about it."""
    from models.lighting.inventory import build
    from models.lighting.inventory.mapping import read_mapping

    _apart(file, mapping, report)
    _, found = build.from_inventory(file, read_mapping(mapping), name=file.stem)
    _say(found, report)


@app.command("readings")
def readings_command(
    file: Annotated[Path, typer.Argument(help="NGSI entities of street lights: .json, .jsonld.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file for a sensor.")],
) -> None:
    """Write the readings of NGSI entities as the CSV that a recorded sensor takes."""
    from models.lighting.inventory import ngsi

    _apart(file, None, output)
    typer.echo(f"{output}: {ngsi.write_readings(file, output):,} readings")


def _apart(file: Path, mapping: Path | None, *written: Path | None) -> None:
    """Refuse to write over what is read."""
    from twin.errors import ConfigError

    for target in written:
        for source in (file, mapping):
            if target is None or source is None or not target.exists() or not source.exists():
                continue
            if target.samefile(source):
                raise ConfigError(
                    f"{target} is read, and would be written over",
                    where="--report or --output",
                    mend="give another file",
                )


def _say(found: Report, file: Path | None) -> None:
    typer.echo(found.table())
    if file is not None:
        found.write(file)
        typer.echo(f"findings: {file}")
