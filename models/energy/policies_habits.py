"""Policies on when electricity is used, and what it costs: tariffs, shifting, off-peak water."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from models.energy import uptake
from models.energy.parameters import UseName
from models.energy.tariffs import KINDS
from twin.core.model import Parameters
from twin.core.time import Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

TARIFF = "energy.tariff"
SHIFT = "energy.load_shift"
OFF_PEAK = "energy.off_peak_water"
FEED_IN = "energy.feed_in_limit"


class TariffParameters(Parameters):
    """Whose tariff changes, to which, and how many answer to it."""

    kind: Literal["flat", "peak", "dynamic"] = Field(
        "dynamic", description="One price; two by the hour; or the day's market"
    )
    uses: tuple[UseName, ...] = Field(
        ("residential",), description="Uses of the buildings; none for all"
    )
    shifting: float = Field(
        0.3, ge=0, le=1, description="Share of households that look at the price, 1"
    )


class Tariff(Policy):
    """Another tariff, and a share of the households that answers to it.

    Who answers puts washing, drying and dishes off to cheaper hours on days on which it is worth
    the trouble, and heats an electric tank in the cheapest third of the day.
    """

    name: ClassVar[str] = "energy.tariff"
    Parameters = TariffParameters
    acts: ClassVar[tuple[str, ...]] = (TARIFF, SHIFT, OFF_PEAK)
    parameters: TariffParameters

    def setup(self) -> None:
        """Find the buildings."""
        self._rows = np.flatnonzero(uptake.of_use(self.city, self.parameters.uses))

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            p = self.parameters
            answering = 0.0 if p.kind == "flat" else p.shifting
            yield Action(TARIFF, float(KINDS.index(p.kind)), self._rows)
            yield Action(SHIFT, answering, self._rows)
            yield Action(OFF_PEAK, answering, self._rows)


class HabitParameters(Parameters):
    """How many households take part."""

    uptake: float = Field(0.5, ge=0, le=1, description="Share of households, 1")


class LoadShifting(Policy):
    """Some households run washing machine, dryer and dishwasher in hours of little load.

    Without another tariff these are the hours in which the standard profile is low.
    """

    name: ClassVar[str] = "energy.load_shifting"
    Parameters = HabitParameters
    acts: ClassVar[tuple[str, ...]] = (SHIFT,)
    parameters: HabitParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action(SHIFT, self.parameters.uptake)


class OffPeakHotWater(Policy):
    """Some households' electric tanks heat their water in the off-peak hours only."""

    name: ClassVar[str] = "energy.off_peak_hot_water"
    Parameters = HabitParameters
    acts: ClassVar[tuple[str, ...]] = (OFF_PEAK,)
    parameters: HabitParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action(OFF_PEAK, self.parameters.uptake)


class FeedInLimitParameters(Parameters):
    """How much of their peak power panels may feed in."""

    limit: float = Field(0.6, ge=0, le=1, description="Share of the panels' peak power, 1")


class FeedInLimit(Policy):
    """Solar panels are curtailed to a share of their peak power at the connection."""

    name: ClassVar[str] = "energy.feed_in_limit"
    Parameters = FeedInLimitParameters
    acts: ClassVar[tuple[str, ...]] = (FEED_IN,)
    parameters: FeedInLimitParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action(FEED_IN, self.parameters.limit)
