"""Fits the few parameters of the queues to a run of SUMO, and says how well it fits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.traffic.queue.arrays import Floats
from twin.city.city import City
from twin.scenario.scenario import Scenario

FITTED = {
    "reaction": (1.0, 2.2),
    "speed": (0.8, 1.0),
    "start_loss": (0.0, 4.0),
    "turn_loss": (0.0, 4.0),
    "minor_loss": (0.0, 5.0),
    "gap": (1.5, 6.0),
}
"""What is fitted, and the bounds."""
NEEDED = ("traffic", "citizens", "weather")
"""Models of which the traffic depends; the others are left out of the runs."""


@dataclass(frozen=True)
class Seen:
    """What a run says of its streets.

    Attributes
    ----------
    flow : (n_edges,) float64, veh
        Vehicles that passed.
    time : (n_edges,) float64, veh s
        Spent on each edge, from flow, length and speed of each recorded step.
    travel_time
        Mean of the finished trips, s.
    trips
        Finished.
    """

    flow: Floats
    time: Floats
    travel_time: float
    trips: float


@dataclass(frozen=True)
class Agreement:
    """Ours beside SUMO's.

    Attributes
    ----------
    travel_time
        Ours over theirs, less 1.
    trips
        The same of finished trips.
    correlation
        Of the edges' flows (Pearson).
    edges
        Sum over the edges of the difference of the time spent there, over the sum of theirs.
    """

    travel_time: float
    trips: float
    correlation: float
    edges: float

    @property
    def loss(self) -> float:
        """What the fit makes small."""
        return abs(self.travel_time) + abs(self.trips) + self.edges + 1.0 - self.correlation


@dataclass(frozen=True)
class Fit:
    """The outcome of a fit.

    Attributes
    ----------
    parameters
        Fitted values by name.
    before, after
        Agreement with the run that was fitted to, with the parameters as they were and as fitted.
    held_before, held
        The same with the run that was held out.
    runs
        Of the queue engine that it took.
    """

    parameters: dict[str, float]
    before: Agreement
    after: Agreement
    held_before: Agreement
    held: Agreement
    runs: int


def observe(scenario: Scenario, city: City, seed: int, engine: str, queue: dict[str, Any]) -> Seen:
    """Live the traffic of a scenario once."""
    from twin.core.engine import Engine

    changes: dict[str, Any] = {"model.traffic.engine": engine}
    if engine == "queue":
        changes |= {f"model.traffic.queue.{key}": value for key, value in queue.items()}
    with Engine(scenario.changed(changes), city, seed) as life:
        outcome = life.run()
    flow, speed = outcome.series["traffic.flow"], outcome.series["traffic.speed"]
    hours = 60.0 / 3600.0
    length = np.asarray(city["edge"]["length"])
    found = {indicator.name: value for indicator, value in outcome.indicators}
    passed = flow * hours
    return Seen(
        passed.sum(axis=0),
        (passed * length / np.maximum(speed, 0.5)).sum(axis=0),
        found["traffic.travel_time"],
        found["traffic.trips"],
    )


def agreement(ours: Seen, theirs: Seen) -> Agreement:
    """How two runs agree."""
    return Agreement(
        ours.travel_time / theirs.travel_time - 1.0,
        ours.trips / max(1.0, theirs.trips) - 1.0,
        float(np.corrcoef(ours.flow, theirs.flow)[0, 1]),
        float(np.abs(ours.time - theirs.time).sum() / max(1.0, theirs.time.sum())),
    )


def alone(scenario: Scenario) -> Scenario:
    """The scenario with the traffic and what makes it, each minute recorded."""
    raw = copy.deepcopy(scenario.raw)
    raw["model"] = {name: value for name, value in raw["model"].items() if name in NEEDED}
    raw["wire"] = []
    raw["sensor"] = []
    raw["policy"] = [one for one in raw.get("policy", []) if one["use"].startswith("traffic.")]
    raw["record"] = {"every": "1m"}
    return Scenario.from_dict(raw, scenario.file)


def fit(
    scenario: Scenario,
    city: City,
    *,
    seed: int = 1,
    held_out: int = 2,
    runs: int = 60,
    tell: Callable[[str], None] = lambda line: None,
) -> Fit:
    """Fit to SUMO's run with one seed, judge by its run with another.

    Parameters
    ----------
    seed, held_out
        Of the run that is fitted to, and of the one that is not looked at until the end.
    runs
        Most runs of the queue engine (Nelder & Mead 1965 within the bounds).
    """
    from scipy.optimize import minimize

    reduced = alone(scenario)
    tell(f"SUMO, seed {seed}")
    theirs = observe(reduced, city, seed, "libsumo", {})
    tell(f"SUMO, seed {held_out}, held out")
    held = observe(reduced, city, held_out, "libsumo", {})
    count = 0

    def loss(values: Floats) -> float:
        nonlocal count
        count += 1
        chosen = _named(values)
        found = agreement(observe(reduced, city, seed, "queue", chosen), theirs)
        tell(f"run {count}: travel time {found.travel_time:+.1%}, loss {found.loss:.3f}")
        return found.loss

    first = _defaults()
    best = minimize(
        loss,
        first,
        method="Nelder-Mead",
        bounds=list(FITTED.values()),
        options={"maxfev": max(len(FITTED) + 2, runs), "xatol": 0.02, "fatol": 0.002},
    )
    chosen = _named(best.x)
    return Fit(
        chosen,
        agreement(observe(reduced, city, seed, "queue", {}), theirs),
        agreement(observe(reduced, city, seed, "queue", chosen), theirs),
        agreement(observe(reduced, city, held_out, "queue", {}), held),
        agreement(observe(reduced, city, held_out, "queue", chosen), held),
        count,
    )


def _defaults() -> Floats:
    from models.traffic.queue.parameters import QueueParameters

    usual = QueueParameters()
    return np.array([getattr(usual, name) for name in FITTED])


def _named(values: Floats) -> dict[str, float]:
    return {name: round(float(v), 4) for name, v in zip(FITTED, values, strict=True)}
