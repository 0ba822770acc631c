"""Lives one run and stores it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twin.city.city import City
from twin.core.clock import Pace
from twin.core.engine import Engine, Progress
from twin.results.provenance import run_key
from twin.results.store import Run, check_writable, finished, write_run
from twin.scenario.recipe import load_city
from twin.scenario.scenario import Scenario


def city_of(scenario: Scenario, progress: Callable[[str], None] | None = None) -> City:
    """The city of a scenario, built when it is a recipe that was not built yet."""
    return load_city(scenario.data.city, scenario.file, progress)


def run_folder(root: Path, scenario: Scenario, city: City, seed: int) -> Path:
    """Folder of a run below a results folder."""
    return root / f"{scenario.slug}-{scenario.digest()[:6]}" / f"seed-{seed}"


def run(
    scenario: Scenario | str,
    seed: int = 1,
    *,
    results: str | Path = "results",
    again: bool = True,
    progress: Progress | None = None,
    pace: Pace | None = None,
    city: City | None = None,
) -> Run:
    """Live a scenario once.

    Parameters
    ----------
    scenario
        A scenario or its name.
    seed
        Which chances it meets.
    results
        Folder below which the run's folder is made.
    again
        False takes a finished run of the same inputs and code instead of living it again.
    progress
        Called with (tick, last tick).
    pace
        Ties the run to the wall clock.
    city
        The city, when it is loaded already.

    Raises
    ------
    TwinError
        Before the start when something does not fit; later when a model could not go on. Nothing
        that looks like a finished run is left then.
    """
    scenario = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    city = city or city_of(scenario)
    folder = run_folder(Path(results), scenario, city, seed)
    if not again and finished(folder, run_key(scenario, city, seed)):
        return Run.open(folder)
    check_writable(folder.parent)
    with Engine(scenario, city, seed) as engine:
        outcome = engine.run(progress, pace)
    return Run.open(write_run(folder, outcome, scenario, city, seed))


def validate(scenario: Scenario | str, seed: int = 1) -> list[str]:
    """Check a scenario as far as can be done without living it; returns its warnings.

    Raises
    ------
    TwinError
        What does not fit.
    """
    scenario = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    with Engine(scenario, city_of(scenario), seed) as engine:
        return engine.warnings
