"""Sums of a scenario's traffic in SUMO and in queues, one beside the other."""

from __future__ import annotations

from collections.abc import Mapping

from models.traffic.queue.fit import alone
from twin.city.city import City
from twin.scenario.scenario import Scenario

SUMS = ("trips", "travel_time", "distance", "co2", "nox", "pm", "fuel")
"""Indicators that are laid side by side."""
TITLES = ("trips", "travel time, s", "distance, km", "CO2, kg", "NOx, g", "PM, g", "fuel, l")


def beside(scenario: Scenario, city: City, seed: int) -> Mapping[str, tuple[float, float]]:
    """The sums of ``SUMS`` over the period: SUMO's, and those of the queues."""
    theirs, ours = (_sums(scenario, city, seed, engine) for engine in ("libsumo", "queue"))
    return {name: (theirs[name], ours[name]) for name in SUMS}


def _sums(scenario: Scenario, city: City, seed: int, engine: str) -> dict[str, float]:
    from twin.core.engine import Engine

    what = alone(scenario).changed({"model.traffic.engine": engine})
    with Engine(what, city, seed) as life:
        outcome = life.run()
    found = {indicator.name: value for indicator, value in outcome.indicators}
    return {name: found[f"traffic.{name}"] for name in SUMS}
