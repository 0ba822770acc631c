"""The command ``twin``: the same words as the Python API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.city.cli import app as city_app
from twin.errors import ConfigError, TwinError
from twin.memory import leave, seldom_collect

if TYPE_CHECKING:
    from twin.scenario.scenario import Scenario

app = typer.Typer(
    name="twin",
    help="A real city lives twice, once as it is and once with a policy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(city_app, name="city", help="Build, inspect and draw the static city.")


def _version(asked: bool) -> None:
    """Print the version of the distribution and end."""
    if not asked:
        return
    from importlib.metadata import version

    typer.echo(f"citytwin {version('citytwin')}")
    raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options of the command itself."""


def add_commands(into: typer.Typer) -> None:
    """Add what installed packages bring: a function is a command, a Typer a group of them.

    They are entry points of the group ``citytwin.commands``; the name is the command's. One that
    does not import is told and left out, so that it takes no other command along.
    """
    from twin.core.registry import available, find

    for name in available("commands"):
        try:
            found = find("commands", name)
        except ConfigError as error:
            _note(f"note: the command {name!r} is left out: {error}")
            continue
        if isinstance(found, typer.Typer):
            into.add_typer(found, name=name)
        else:
            into.command(name)(found)


STOPPED = 130
"""Exit code after ctrl-C."""

Name = Annotated[
    str, typer.Argument(help="A scenario: a file, or a name such as helsinki/baseline.")
]
Results = Annotated[Path, typer.Option("--results", help="Folder of the results.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a key of the scenario: --set period.season=summer."),
]
Language = Annotated[
    str, typer.Option("--language", "-l", help="Language of the report: en or fr.")
]


def _load(name: str, changes: list[str] | None) -> Scenario:
    from twin.scenario.scenario import Scenario

    return Scenario.load(name).changed(_values(changes))


def _values(changes: list[str] | None) -> dict[str, Any]:
    """What ``--set key=value`` asks for."""
    from twin.experiment.compare import toml_value

    found: dict[str, Any] = {}
    for change in changes or []:
        key, sign, value = change.partition("=")
        if not sign:
            raise ConfigError(f"--set {change}", allowed="--set key=value")
        found[key.strip()] = toml_value(value.strip())
    return found


def _language(language: str) -> str:
    if language not in ("en", "fr"):
        raise ConfigError(f"--language {language}", allowed="en or fr")
    return language


@app.command("run")
def run_command(
    scenario: Name,
    seed: Annotated[int, typer.Option(help="Which chances the run meets.")] = 1,
    results: Results = Path("results"),
    changes: Changes = None,
    report: Annotated[Path | None, typer.Option(help="Write a report of the run.")] = None,
    language: Language = "en",
    pace: Annotated[
        float,
        typer.Option(help="Simulated seconds a wall second; 0 is as fast as possible.", min=0),
    ] = 0.0,
) -> None:
    """Live a scenario once and print its indicators."""
    _language(language)
    from twin.core.clock import Pace
    from twin.experiment.live import city_of, run
    from twin.progress import Bar

    loaded = _load(scenario, changes)
    city = city_of(loaded, _note)
    with Bar(loaded.name) as bar:
        found = run(
            loaded,
            seed,
            results=results,
            city=city,
            progress=bar.ticks,
            pace=Pace(pace) if pace else None,
        )
    for warning in found.manifest["warnings"]:
        _note(f"note: {warning}")
    _show(found.folder, language, report)


@app.command("compare")
def compare_command(
    base: Name,
    policies: Annotated[
        list[str],
        typer.Argument(help="Scenarios, or policies such as lighting.by_traffic:minimum=0.3."),
    ],
    seeds: Annotated[str, typer.Option(help="How many seeds, or which: 5, or 1,2,7.")] = "5",
    jobs: Annotated[int, typer.Option(help="Runs at a time; 0 takes every core.", min=0)] = 0,
    results: Results = Path("results"),
    changes: Changes = None,
    report: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
    language: Language = "en",
) -> None:
    """Live a base and its variants under the same seeds, and print what changes."""
    _language(language)
    from twin.experiment.compare import compare, variant
    from twin.experiment.live import city_of
    from twin.progress import Bar

    first = _load(base, changes)
    others = [
        variant(first, p) if _is_policy(p) else variant(first, p).changed(_values(changes))
        for p in policies
    ]
    city_of(first, _note)
    with Bar(f"{len(others) + 1} scenarios") as bar:
        found = compare(
            first, *others, seeds=_seeds(seeds), jobs=jobs or None, results=results, watch=bar.share
        )
    for (position, seed), error in found.failed.items():
        print(f"{found.scenarios[position].name}, seed {seed} failed: {error}", file=sys.stderr)
    if found.folder is not None:
        _show(found.folder, language, report)
    if found.failed:
        raise typer.Exit(1)


def _is_policy(text: str) -> bool:
    from twin.core.registry import available

    return text.partition(":")[0] in available("policies")


def _seeds(text: str) -> int | list[int]:
    try:
        parts = [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"--seeds {text}", allowed="a number of seeds, or a list: 1,2,7"
        ) from None
    return parts if len(parts) > 1 or "," in text else parts[0]


def _show(folder: Path, language: str, report: Path | None) -> None:
    from twin.experiment.collect import notes
    from twin.experiment.compare import Comparison

    comparison = Comparison.open(folder)
    print(comparison.table(language))
    for note in notes(comparison):
        _note(f"note: {note}")
    print(f"results: {folder}")
    if report is not None:
        print(f"report:  {comparison.report(report, language)}")


@app.command("report")
def report_command(
    result: Annotated[Path, typer.Argument(help="A run's or a comparison's folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.")] = Path(
        "report.html"
    ),
    language: Language = "en",
) -> None:
    """Write the report of a finished run or comparison as one HTML file."""
    from twin.experiment.compare import Comparison

    print(Comparison.open(result).report(output, _language(language)))


@app.command("validate")
def validate_command(scenario: Name, changes: Changes = None) -> None:
    """Check a scenario without living it."""
    from twin.experiment.live import city_of, validate

    loaded = _load(scenario, changes)
    city_of(loaded, _note)
    for warning in validate(loaded):
        print(f"note: {warning}")
    print(f"{loaded.name}: everything fits")


@app.command("list")
def list_command() -> None:
    """List the scenarios, models, policies, events and sensors that can be named."""
    from twin.core.registry import available
    from twin.scenario.find import names

    print("scenarios: " + ", ".join(names()))
    groups: list[Any] = ["models", "policies", "events", "sensors"]
    for group in groups:
        print(f"{group}: " + ", ".join(available(group)))


@app.command("record")
def record_command(
    result: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file.")],
    port: Annotated[
        list[str] | None, typer.Option(help="Ports; all observed ones if none.")
    ] = None,
    every: Annotated[int, typer.Option(help="Keep every n-th sample of the truth.", min=1)] = 1,
    truth: Annotated[bool, typer.Option(help="The truth, not what sensors saw.")] = False,
) -> None:
    """Write what a run's sensors saw as a recording that scenarios can replay."""
    from twin.experiment.recording import record_run
    from twin.results.store import Run

    print(record_run(Run.open(result), output, port or None, every=every, truth=truth))


@app.command("doctor")
def doctor_command() -> None:
    """Say what is installed, which SUMO, and whether the twin can fork."""
    from twin.doctor import findings

    healthy = True
    for finding in findings():
        healthy &= finding.ok
        print(f"{'ok ' if finding.ok else 'NO '} {finding.what}: {finding.found}")
    if not healthy:
        raise typer.Exit(1)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


add_commands(app)


def main() -> None:
    """Entry point of the command: errors of the twin are told in words, without a traceback."""
    seldom_collect()
    code = _run(app)
    if code == STOPPED:
        _note("stopped; finished runs are kept")
    leave(code)


def _run(run: Callable[[], None]) -> int:
    """The exit code of the command."""
    try:
        run()
    except TwinError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        print(f"{type(error).__name__}: {error.strerror or error}{name}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return STOPPED
    except SystemExit as end:  # typer ends so, after ctrl-C too
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
