"""The commands ``twin surrogate``: the queue engine in place of SUMO."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.traffic.queue.fit import Agreement
    from twin.city.city import City
    from twin.scenario.scenario import Scenario

app = typer.Typer(help="The queue engine in place of SUMO.", no_args_is_help=True)


@app.callback()
def surrogate() -> None:
    """The queue engine in place of SUMO."""


@app.command("fit")
def fit_command(
    scenario: Annotated[str, typer.Argument(help="A scenario: a file, or a name.")],
    seed: Annotated[int, typer.Option(help="Of SUMO's run that is fitted to.")] = 1,
    held_out: Annotated[int, typer.Option(help="Of SUMO's run that judges the fit.")] = 2,
    runs: Annotated[int, typer.Option(help="Most runs of the queue engine.", min=1)] = 60,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set period.duration=20m.")
    ] = None,
) -> None:
    """Fit the parameters of the queues to one run of SUMO; say how well they fit another."""
    from models.traffic.queue.fit import fit

    loaded, city = _load(scenario, set_ or [])
    found = fit(
        loaded,
        city,
        seed=seed,
        held_out=held_out,
        runs=runs,
        tell=lambda line: print(line, file=sys.stderr),
    )
    print(f"{'':34}{'travel time':>12}{'trips':>9}{'flows r':>9}{'edges':>8}")
    for name, one in (
        (f"seed {seed}, as it was", found.before),
        (f"seed {seed}, fitted", found.after),
        (f"seed {held_out} (held out), as it was", found.held_before),
        (f"seed {held_out} (held out), fitted", found.held),
    ):
        print(_line(name, one))
    print("\n[model.traffic.queue]")
    for key, number in found.parameters.items():
        print(f"{key} = {number:g}")


@app.command("beside")
def beside_command(
    scenario: Annotated[str, typer.Argument(help="A scenario: a file, or a name.")],
    seed: Annotated[int, typer.Option(help="Of both runs.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key: --set period.duration=20m.")
    ] = None,
) -> None:
    """Live the traffic in SUMO and in queues, and print trips, time, distance and emissions."""
    from models.traffic.queue.beside import TITLES, beside

    loaded, city = _load(scenario, set_ or [])
    print(f"{'':18}{'SUMO':>12}{'queues':>12}{'difference':>12}")
    for title, (theirs, ours) in zip(TITLES, beside(loaded, city, seed).values(), strict=True):
        print(f"{title:18}{theirs:12,.1f}{ours:12,.1f}{ours / theirs - 1.0:+12.1%}")


def _load(scenario: str, changes: list[str]) -> tuple[Scenario, City]:
    """A scenario with some keys changed, and its city."""
    from twin.errors import ConfigError
    from twin.scenario.recipe import load_city
    from twin.scenario.scenario import Scenario

    found = {}
    for text in changes:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text}", allowed="--set KEY=VALUE")
        found[key] = value
    loaded = Scenario.load(scenario, **found)
    return loaded, load_city(loaded.data.city, loaded.file)


def _line(name: str, one: Agreement) -> str:
    return (
        f"{name:34}{one.travel_time:>+12.1%}{one.trips:>+9.1%}{one.correlation:>9.4f}"
        f"{one.edges:>8.3f}"
    )
