"""How simulated sensors age: they drift, their batteries run down, their connection fails."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from twin.core.model import Parameters
from twin.core.random import Streams, normal, normals, uniforms
from twin.core.state import Column
from twin.core.time import Tick, hours
from twin.scenario.schema import Duration

DAY = 86_400_000.0
Flags = npt.NDArray[np.bool_]


class AgeingSource(Parameters):
    """What time does to a sensor.

    Attributes
    ----------
    drift
        Standard deviation between sensors of the error that each gains in a day, in the port's
        unit; the error is zero when a battery is put in, without batteries at the start of the run.
    battery
        Median life of a battery.
    messages
        Readings that a battery is good for, median; what ends first counts.
    battery_spread
        Standard deviation of the logarithm of a battery's life.
    replaced_after
        A crew replaces an empty battery so long after its end; without it, none comes.
    visit_fall
        When the true value falls by this from one reading to the next, somebody was there: an empty
        battery is replaced.
    outage_every
        Mean time from the end of an outage to the next one.
    outage
        Mean length of an outage.
    outage_shared
        All sensors are out at the same time, as when a network fails.
    """

    drift: float = Field(default=0.0, ge=0.0)
    battery: Duration | None = None
    messages: int | None = Field(default=None, gt=0)
    battery_spread: float = Field(default=0.15, ge=0.0, le=2.0)
    replaced_after: Duration | None = None
    visit_fall: float | None = Field(default=None, gt=0.0)
    outage_every: Duration | None = None
    outage: Duration = hours(6)
    outage_shared: bool = False

    @model_validator(mode="after")
    def _with_battery(self) -> Self:
        replaced = self.replaced_after is not None or self.visit_fall is not None
        if replaced and self.battery is None and self.messages is None:
            raise ValueError(
                "replaced_after and visit_fall say when a battery is replaced: "
                "give its life, battery or messages, too"
            )
        return self


class Batteries:
    """The battery of each sensor, and what it has drifted since that was put in.

    At the start a battery has used a part of its life, drawn evenly.

    Parameters
    ----------
    name
        Of the sensor: part of the purpose of its draws.
    ids : (n,) str
        Entities that have it.
    streams
        Chances of the run.
    given
        How it ages.
    period
        Between two readings.
    """

    def __init__(
        self,
        name: str,
        ids: npt.NDArray[np.str_],
        streams: Streams,
        given: AgeingSource,
        period: Tick,
    ) -> None:
        self._given = given
        lives = [float(given.battery)] if given.battery is not None else []
        lives += [float(given.messages * period)] if given.messages is not None else []
        self._median = min(lives, default=math.inf)
        self._life_keys = streams.keys(f"{name} battery life", ids)
        self._drift_keys = streams.keys(f"{name} drift", ids)
        self._number = np.zeros(len(ids), dtype=np.int64)
        self._life = self._median * np.exp(given.battery_spread * normals(self._life_keys, 0))
        self._drift = given.drift / DAY * normals(self._drift_keys, 0)
        self._fitted = np.zeros(len(ids))
        if lives:
            used = uniforms(streams.keys(f"{name} battery used", ids), 0)
            self._fitted = -used * self._life
        self._before: Column | None = None

    def look(self, now: Tick, truth: Column) -> tuple[Column, Flags]:
        """Drift of each sensor, in the port's unit, and whether its battery is alive.

        Parameters
        ----------
        now
            Tick of the reading.
        truth : (n,) float64
            What is observed: tells where somebody was.
        """
        ended = self._fitted + self._life
        fitted = np.full(len(truth), np.inf)
        if self._given.replaced_after is not None:
            fitted = ended + float(self._given.replaced_after)
        if self._given.visit_fall is not None and self._before is not None:
            visited = self._before - truth >= self._given.visit_fall
            fitted = np.where(visited, np.minimum(fitted, float(now)), fitted)
        self._replace(np.flatnonzero((ended <= now) & (fitted <= now)), fitted)
        self._before = truth.copy()
        return self._drift * (now - self._fitted), self._fitted + self._life > now

    def _replace(self, rows: npt.NDArray[np.intp], fitted: Column) -> None:
        """New batteries, each with a life and, the sensor set right, a drift of its own."""
        for row in rows.tolist():
            self._number[row] += 1
            number = self._number[row]
            spread = self._given.battery_spread * normal(self._life_keys[row], number)
            self._life[row] = self._median * math.exp(spread)
            self._drift[row] = self._given.drift / DAY * normal(self._drift_keys[row], number)
            self._fitted[row] = fitted[row]


class Outages:
    """Which sensors are out: a chain of two states with geometric stays.

    Parameters
    ----------
    name
        Of the sensor: part of the purpose of its draws.
    ids : (n,) str
        Entities that have it.
    streams
        Chances of the run.
    every, length
        Mean time between outages, and of one.
    shared
        Whether all are out at the same time.
    period
        Between two readings.
    """

    def __init__(
        self,
        name: str,
        ids: npt.NDArray[np.str_],
        streams: Streams,
        every: Tick,
        length: Tick,
        shared: bool,
        period: Tick,
    ) -> None:
        self._begins = -math.expm1(-period / every)
        self._ends = -math.expm1(-period / length)
        who = np.array([name]) if shared else ids
        self._of = np.zeros(len(ids), dtype=np.intp) if shared else np.arange(len(ids))
        self._keys = streams.keys(f"{name} outage", who)
        first = uniforms(streams.keys(f"{name} outage, first", who), 0)
        self._out: Flags = first < self._begins / (self._begins + self._ends)
        self._seen = -1

    def look(self, step: int) -> Flags:
        """Which sensors are out at a reading; (n,) bool."""
        if self._seen >= 0:
            chance = uniforms(self._keys, step)
            self._out = np.where(self._out, chance >= self._ends, chance < self._begins)
        self._seen = step
        return self._out[self._of]
