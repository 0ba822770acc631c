"""Who passes the lamps of a run, and which lamps they light."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting.changes import Watch
from models.lighting.groups import Streets
from models.lighting.presence.streetwise import kernels as streetwise
from twin.city.city import City
from twin.core.random import Streams, uniforms
from twin.core.state import Batch

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
WALKING = 1.3
"""Speed of a walker, m/s."""


def places(city: City, streets: Streets) -> Floats:
    """Where each lamp stands along the edge that stands for its street; (n_lamps,) float64, m.

    The foot of the lamp on the line of the edge. In a city without shapes the lamps of a street
    stand evenly along it, in their order.
    """
    import shapely

    row = streets.of_lamp
    edge = streets.edge[row]
    at_street = edge >= 0
    length = np.zeros(len(row))
    length[at_street] = city["edge"]["length"][edge[at_street]]
    lines, points = city["edge"].geometry, city["lamp"].geometry
    if lines is not None and points is not None:
        share = np.zeros(len(row))
        share[at_street] = shapely.line_locate_point(
            lines[edge[at_street]], points[at_street], normalized=True
        )
        return np.asarray(np.nan_to_num(share) * length)
    order = np.argsort(row, kind="stable")
    count = np.bincount(row, minlength=len(streets))
    begin = np.cumsum(count) - count
    number = np.empty(len(row))
    number[order] = np.arange(len(row)) - begin[row[order]]
    return np.asarray((number + 0.5) / np.maximum(count[row], 1) * length)


class Passers(ABC):
    """Vehicles and walkers on the streets of the lamps.

    Attributes
    ----------
    forth, vehicles, walkers : (n_streets,) float64, 1/s
        Who comes, see :func:`models.lighting.presence.kernels.presence`; filled by the model.
    fresh : bool
        Whether these, or the speeds, are others than in the step before.
    """

    def __init__(self, city: City, streets: Streets, streams: Streams, rules: Any) -> None:
        n, free = len(streets), city["edge"]["speed"]
        self.forth, self.vehicles, self.walkers = np.zeros(n), np.zeros(n), np.zeros(n)
        self.fresh, self._speeds = True, Watch()
        self._keys = streams.keys("lighting.presence", streets.ids)
        self._patience = -np.log(uniforms(self._keys, 0))
        self._drawn = np.ones(n, dtype=np.int64)
        self._rules, self._streets = rules, streets
        self._free = free[streets.edge] if len(free) else np.full(n, 10.0)
        self._pace, self._span = self._windows(self._free)
        self._walker_span = (rules.walker_ahead + rules.behind) / WALKING + rules.hold

    def _windows(self, speed: Floats) -> tuple[Floats, Floats]:
        """Pace of vehicles, s/m, and for how long one lights a lamp, s."""
        pace = 1.0 / np.maximum(speed, 1.0)
        return pace, (self._rules.ahead + self._rules.behind) * pace + self._rules.hold

    def drive(self, speed: Floats) -> None:
        """Take the speeds of the edges, m/s; the free ones where none is known."""
        if self._speeds.changed(speed) and speed.any():
            here = speed[self._streets.edge]
            self._pace, self._span = self._windows(np.where(here > 0.0, here, self._free))
            self.fresh = True

    def see(self, passages: Batch, walks: Batch) -> None:
        """Take in vehicles and walkers one by one; here they are drawn from flows instead."""
        return

    @abstractmethod
    def pass_by(self, seconds: float, lit: bool) -> None:
        """Who lit which lamp in the step that ended; nobody where no lamp waits (not ``lit``)."""

    @abstractmethod
    def spread(self, low: Singles, high: Singles, out: Floats) -> None:
        """Mean power of all lamps over the step that ended."""

    @abstractmethod
    def near_lamps(self) -> Floats:
        """Share of the step in which each lamp is lit; (n_lamps,) float64."""

    @abstractmethod
    def take_held(self) -> Floats:
        """How long each lamp was lit since the last call, s; (n_lamps,) float64."""

    @abstractmethod
    def go(self) -> None:
        """Everybody leaves: the lamps wait for nobody, or it is day."""


class Streetwise(Passers):
    """Whoever is on a street lights all its lamps."""

    def __init__(self, city: City, streets: Streets, streams: Streams, rules: Any) -> None:
        super().__init__(city, streets, streams, rules)
        n = len(streets)
        self._near = np.zeros(n, dtype=np.float32)
        self._lit, self._held = np.zeros(n), np.zeros(n)
        self._coming = np.zeros(n + 1, dtype=np.int32)

    def pass_by(self, seconds: float, lit: bool) -> None:
        """Who lit which street in the step that ended."""
        if not lit:
            return
        streetwise.presence(
            self._keys,
            self._drawn,
            self._patience,
            self._lit,
            self.vehicles,
            self.walkers,
            self._span,
            self._walker_span,
            seconds,
            self._coming,
            self._near,
            self._held,
        )

    def spread(self, low: Singles, high: Singles, out: Floats) -> None:
        """Power of all lamps in the step."""
        streetwise.spread(low, high, self._streets.of_lamp, self._near, out)

    def near_lamps(self) -> Floats:
        """Share of the step in which each lamp is lit; (n_lamps,) float64."""
        return self._near[self._streets.of_lamp].astype(np.float64)

    def take_held(self) -> Floats:
        """How long each lamp was lit since the last call, s; (n_lamps,) float64."""
        held = self._held[self._streets.of_lamp]
        self._held[:] = 0.0
        return held

    def go(self) -> None:
        """Everybody leaves."""
        self._near[:] = 0.0
        self._lit[:] = 0.0
