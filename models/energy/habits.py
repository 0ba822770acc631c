"""Policies on when electricity is used, and what it costs: tariffs, shifting, off-peak water."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from twin.core.model import Parameters
from twin.core.time import Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

TARIFF = "energy.tariff"
SHIFT = "energy.load_shift"
OFF_PEAK = "energy.off_peak_water"
FEED_IN = "energy.feed_in_limit"
KINDS = ("flat", "peak_off_peak", "dynamic")


class TariffParameters(Parameters):
    """Which tariff households have."""

    kind: Literal["flat", "peak_off_peak", "dynamic"] = Field(
        "dynamic", description="One price; two by the hour; or the day's market"
    )
    shifting: float = Field(
        0.3, ge=0, le=1, description="Share of households that move loads to cheap hours, 1"
    )


class Tariff(Policy):
    """Another tariff for all households, and some of them answer to it."""

    name: ClassVar[str] = "energy.tariff"
    Parameters = TariffParameters
    acts: ClassVar[tuple[str, ...]] = (TARIFF, SHIFT, OFF_PEAK)
    parameters: TariffParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            p = self.parameters
            answering = 0.0 if p.kind == "flat" else p.shifting
            yield Action(TARIFF, float(KINDS.index(p.kind)))
            yield Action(SHIFT, answering)
            yield Action(OFF_PEAK, answering)


class HabitParameters(Parameters):
    """How many households take part."""

    uptake: float = Field(0.5, ge=0, le=1, description="Share of households, 1")


class LoadShift(Policy):
    """Some households run washing machine, dryer and dishwasher in the cheap hours."""

    name: ClassVar[str] = "energy.load_shift"
    Parameters = HabitParameters
    acts: ClassVar[tuple[str, ...]] = (SHIFT,)
    parameters: HabitParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action(SHIFT, self.parameters.uptake)


class OffPeakWater(Policy):
    """Some households' electric boilers heat their water in the off-peak hours only."""

    name: ClassVar[str] = "energy.off_peak_water"
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
