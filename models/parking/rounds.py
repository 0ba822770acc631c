"""Prices found by living the same days again and again under SFpark's rule, parking alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.parking import pricing
from models.parking.columns import Floats
from models.parking.model import Parking
from models.parking.parameters import ParkingParameters
from models.parking.policies import of_kinds
from twin.city.city import City
from twin.core.engine import Engine
from twin.core.time import Tick
from twin.errors import ConfigError
from twin.scenario.scenario import Scenario

KEPT = ("citizens", "parking")
"""Models that are lived in a round: who comes, and the bays."""


@dataclass(frozen=True)
class Round:
    """What the days of one round were like.

    Attributes
    ----------
    number
        0 for the prices at the start.
    price, occupancy : (n_blocks, n_bands) float64
        In the round; EUR/h and 1.
    full
        Share of block and time in the bands with the occupancy of a full block.
    moved
        Share of the prices that the rule changes after it.
    indicators
        Of the model.
    """

    number: int
    price: Floats
    occupancy: Floats
    full: float
    moved: float
    indicators: dict[str, float]


class Watch:
    """Sets the prices of a run and keeps the occupancy, without sensors and policies."""

    def __init__(
        self, parking: Parking, bands: pricing.Bands, price: Floats, rows: npt.NDArray[np.int64]
    ) -> None:
        self.means = pricing.Means(bands, len(price))
        self._parking, self._bands, self._price, self._rows = parking, bands, price, rows
        self._usual: Floats | None = None
        self._full: list[float] = []

    def step(self, now: Tick) -> None:
        """Before a step of the model: look at what the last one left, set the price."""
        model, second = self._parking, self._parking.world.calendar.day_seconds(now)
        if self._usual is None:
            self._usual = model["parking.price"].copy()
        band = self._bands.at(second)
        model["parking.price"][:] = self._usual
        if band >= 0:
            model["parking.price"][self._rows] = self._price[self._rows, band]
            occupancy = model["parking.occupancy"]
            if now > 0:
                self.means.take(second, occupancy)
                limit = model.parameters.full
                self._full.append(float(np.mean(occupancy[self._rows] >= limit)))

    @property
    def full(self) -> float:
        """Share of block and time that was full."""
        return float(np.mean(self._full)) if self._full else float("nan")


def rounds(
    scenario: Scenario,
    city: City,
    *,
    seed: int = 1,
    bands: tuple[str, ...],
    start: float | None = None,
    rule: pricing.Rule | None = None,
    kinds: tuple[str, ...] = ("street",),
    most: int = 20,
    settled: float = 0.05,
    growth: float = 0.0,
    tell: Callable[[str], None] | None = None,
) -> Iterator[Round]:
    """Live the scenario's days with its citizens and its bays alone, and move the prices.

    Parameters
    ----------
    scenario
        Names the model ``parking``; its policies, events and other models are left out, so that
        travel times are those of empty streets.
    start
        Price to begin with, EUR/h; the model's usual one when left out.
    rule
        SFpark's when left out; None of its changes is made before the first round is lived.
    most
        Rounds at most.
    settled
        Share of prices that may still move when it ends; -1 lives all rounds.
    growth
        Of the demand of the profile from the first round to the last of ``most``, in equal steps.

    Raises
    ------
    ConfigError
        No model of parking, or the period holds none of the bands.
    """
    alone = only(scenario)
    cut = pricing.Bands.parse(bands, "bands")
    table, rule = city["parking"], rule or pricing.Rule()
    rows = of_kinds(table["kind"], kinds, "parking prices")
    usual = float(alone.data.model["parking"].get("price", 2.0)) if start is None else start
    price = np.full((len(table), len(cut)), usual)
    for number in range(most + 1):
        grown = _with_more(alone, growth * number / max(1, most))
        watch, indicators = _live(grown, city, seed, cut, price, rows)
        occupancy = watch.means.mean()
        after = price.copy()
        after[rows] = rule.next(price[rows], occupancy[rows])
        used = rows[np.isfinite(occupancy[rows]).any(axis=1)]
        if not len(used):
            raise ConfigError(
                "the scenario's period holds none of the bands: " + ", ".join(bands),
                where=scenario.where("period"),
                allowed="a day or more: --set period.from=06:00 --set period.duration=14h",
            )
        moved = float(np.mean(after[used] != price[used]))
        yield Round(number, price.copy(), occupancy, watch.full, moved, indicators)
        if tell is not None:
            tell(f"round {number}: {100.0 * moved:.0f} % of the prices move")
        if moved <= settled:
            return
        price = after


def only(scenario: Scenario) -> Scenario:
    """The scenario with its citizens and its bays alone.

    Raises
    ------
    ConfigError
        It has no model of parking.
    """
    raw = dict(scenario.raw)
    there = raw.get("model", {})
    if "parking" not in there:
        raise ConfigError(
            "the scenario has no model of parking",
            where=scenario.where("model"),
            mend="add [model.parking]",
        )
    kept = {name: dict(there[name]) for name in KEPT if name in there}
    if kept["parking"].get("source") == "traffic":
        del kept["parking"]["source"]
    for key in ("policy", "event", "sensor", "wire", "without", "constants"):
        raw.pop(key, None)
    raw["model"] = kept
    raw["record"] = {"every": "1h", "ports": ["parking.occupancy"]}
    return Scenario.from_dict(raw, scenario.file)


def _with_more(scenario: Scenario, growth: float) -> Scenario:
    """The scenario with more people who wish to park; ``growth`` 1 is twice as many."""
    if growth == 0.0:
        return scenario
    usual = float(scenario.data.model["parking"].get("turnover", ParkingParameters().turnover))
    return scenario.changed({"model.parking.turnover": usual * (1.0 + growth)})


def _live(
    scenario: Scenario,
    city: City,
    seed: int,
    bands: pricing.Bands,
    price: Floats,
    rows: npt.NDArray[np.int64],
) -> tuple[Watch, dict[str, float]]:
    with Engine(scenario, city, seed) as engine:
        model = next(m for m in engine.parts.models if isinstance(m, Parking))
        watch = Watch(model, bands, price, rows)
        step = model.step

        def watched(now: Tick) -> None:
            watch.step(now)
            step(now)

        model.step = watched  # type: ignore[method-assign]
        outcome = engine.run()
    return watch, {indicator.name: value for indicator, value in outcome.indicators}
