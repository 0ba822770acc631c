"""A virtual sensor: sees the simulated truth as a real one would, late, noisy and with gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from twin.city.city import City
from twin.core.port import Port
from twin.core.random import Streams, normals, uniforms
from twin.core.state import Column
from twin.core.time import Tick, minutes
from twin.errors import WiringError
from twin.scenario.schema import Duration
from twin.sensors.ageing import AgeingSource, Batteries, Outages
from twin.sensors.observations import BAD, GOOD, Batch


class VirtualSource(AgeingSource):
    """A simulated sensor: ``[[sensor]] use = "virtual"``; how it ages is said by its base.

    Attributes
    ----------
    port
        The port that is observed.
    period
        Time between two readings.
    delay
        Time from a measurement to its arrival.
    noise
        Standard deviation of the error, in the port's unit.
    relative_noise
        Standard deviation of a further error, as a share of the true value.
    bias
        Constant error, in the port's unit.
    missing
        Share of readings that are lost.
    coverage
        Share of entities that have the sensor.
    resolution
        Readings are rounded to multiples of this, in the port's unit; 0 leaves them.
    bounds
        Lowest and highest value that the sensor can show.
    """

    port: str
    period: Duration = minutes(5)
    delay: Duration = 0
    noise: float = Field(default=0.0, ge=0.0)
    relative_noise: float = Field(default=0.0, ge=0.0)
    bias: float = 0.0
    missing: float = Field(default=0.0, ge=0.0, le=1.0)
    coverage: float = Field(default=1.0, ge=0.0, le=1.0)
    resolution: float = Field(default=0.0, ge=0.0)
    bounds: tuple[float, float] | None = None

    @field_validator("bounds")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] <= value[1]:
            raise ValueError("allowed: the lower value first")
        return value


class VirtualSensor:
    """Observes a column of the run.

    Every chance is drawn by (sensor's name, entity) with the number of the reading as counter, so
    that two lives of a city with one seed have the same sensors, errors and gaps.

    Parameters
    ----------
    name
        Name of the sensor in the scenario.
    parameters
        What the scenario says of it.
    """

    Parameters: ClassVar[type[VirtualSource]] = VirtualSource

    def __init__(self, name: str, parameters: VirtualSource) -> None:
        self.name = name
        self.parameters = parameters
        self.port = parameters.port
        self.period: Tick = parameters.period

    def prepare(self, city: City, streams: Streams, ports: Mapping[str, Port]) -> None:
        """Draw which entities have the sensor.

        Raises
        ------
        WiringError
            The port is not there, or is an event.
        """
        if self.port not in ports or ports[self.port].kind == "event":
            raise WiringError(
                f"{self.port!r} cannot be observed: it is no column of this scenario",
                where=f"sensor {self.name!r}",
                allowed=", ".join(sorted(n for n, port in ports.items() if port.kind != "event")),
            )
        ids = city[ports[self.port].table].ids
        having = uniforms(streams.keys(f"{self.name} coverage", ids), 0) < self.parameters.coverage
        self.rows: npt.NDArray[np.int32] = np.flatnonzero(having).astype(np.int32)
        ids = ids[self.rows]
        self._noise = streams.keys(f"{self.name} noise", ids)
        self._relative = streams.keys(f"{self.name} relative noise", ids)
        self._lost = streams.keys(f"{self.name} missing", ids)
        given = self.parameters
        self._batteries: Batteries | None = None
        if given.drift > 0.0 or given.battery is not None or given.messages is not None:
            self._batteries = Batteries(self.name, ids, streams, given, self.period)
        self._outages: Outages | None = None
        if given.outage_every is not None:
            self._outages = Outages(
                self.name, ids, streams, given.outage_every, given.outage, given.outage_shared,
                self.period,
            )  # fmt: skip

    def observe(self, now: Tick, column: Column) -> Batch:
        """A reading of each entity that has the sensor, but for those that do not get through.

        Parameters
        ----------
        now
            Tick of the measurement.
        column : (n,) float64
            The truth.
        """
        step = now // self.period
        truth = column[self.rows]
        alive, heard = (np.ones(len(truth), dtype=np.bool_) for _ in range(2))
        drift = np.zeros(len(truth))
        if self._batteries is not None:
            drift, alive = self._batteries.look(now, truth)
        if self._outages is not None:
            heard = alive & ~self._outages.look(step)
        arrives = alive & heard
        if self.parameters.missing > 0.0:
            arrives &= uniforms(self._lost, step) >= self.parameters.missing
        value = self._shown(truth, drift, step)[arrives]
        rows = self.rows[arrives]
        return Batch(
            source=self.name,
            port=self.port,
            rows=rows,
            value=value,
            time_observed=np.full(len(rows), now, dtype=np.int64),
            time_arrived=now + self.parameters.delay,
            quality=np.where(np.isfinite(value), GOOD, BAD).astype(np.int8),
            account={
                "battery": int(np.count_nonzero(~alive)),
                "outage": int(np.count_nonzero(alive & ~heard)),
                "lost": int(np.count_nonzero(alive & heard & ~arrives)),
            },
        )

    def _shown(self, truth: Column, drift: Column, step: int) -> Column:
        """What the sensor shows of the truth: error, then rounding, then the ends of its scale."""
        given = self.parameters
        value = truth + given.bias + drift
        if given.noise > 0.0:
            value += given.noise * normals(self._noise, step)
        if given.relative_noise > 0.0:
            value += given.relative_noise * truth * normals(self._relative, step)
        if given.resolution > 0.0:
            value = np.round(value / given.resolution) * given.resolution
        if given.bounds is not None:
            value = np.clip(value, *given.bounds)
        return value
