"""Columns of the edges from what queues counted since the last look (Edie 1963)."""

from __future__ import annotations

import numpy as np

from models.traffic.kernels import decay, travel_time
from models.traffic.queue.arrays import Floats
from models.traffic.queue.emissions import Elements
from models.traffic.queue.network import Streets
from models.traffic.queue.simulation import Queues
from models.traffic.queue.upkeep import kernels as upkeep

COVERS = 5.0
"""Street that a vehicle covers, m."""


class Meter:
    """Looks at the sums of the links.

    Attributes
    ----------
    emitted : (4,) float64, g
        All so far, in the order of ``EMISSIONS``.
    """

    def __init__(self, queues: Queues, streets: Streets) -> None:
        self._queues, self._streets = queues, streets
        self._length = streets.layout.length
        self._before = self._sums()
        self._vehicles = np.zeros(len(self._length))
        self._momentum = np.zeros(len(self._length))
        self.emitted: Floats = np.zeros(4)

    def _sums(self) -> Floats:
        """Sums of the edges; (6, n_edges) float64.

        Entries, exits, time on the link and within the junctions before, stops, and the metres
        driven within these junctions.
        """
        upkeep.settle(self._queues.state, self._queues.now)
        links = self._queues.state.links
        names = ("entries", "exits", "held", "junction", "stops")
        found = [links[name].astype(np.float64) for name in names]
        made = self._queues.state.movements
        metres = made["made"] * made["inside"].astype(np.float64)
        return np.stack([*found, np.bincount(made["to"], metres, len(self._length))])

    def held(self) -> float:
        """Time that all vehicles spent on the network, s."""
        return float(self._sums()[2].sum())

    def mean_times(self) -> Floats:
        """Mean time to pass each edge since the start, NaN where nobody has; (n_edges,) s."""
        _, exits, held, *_ = self._sums()
        found: Floats = np.full(len(exits), np.nan)
        return np.divide(held, exits, out=found, where=exits > 0.0)

    def look(
        self, seconds: float, free: Floats, horizon: float, elements: Elements
    ) -> dict[str, Floats]:
        """All columns of the last ``seconds``, by port.

        Parameters
        ----------
        free : (n_edges,) float64, m/s
            Speed on an empty edge as the limits are now.
        horizon
            Memory of the travel times, s.
        """
        now, before = self._sums(), self._before
        entries, exits, held, junction, stops, inside = now - before
        self._before = now
        # Half of entries and exits, in whole vehicles over the run.
        counted = np.floor(0.5 * (now[0] + now[1])) - np.floor(0.5 * (before[0] + before[1]))
        passed = 0.5 * (entries + exits)
        length = self._length
        time = np.maximum(0.0, held - junction)
        distance = np.minimum(passed * length, time * free)
        speed = free.copy()
        np.divide(distance, time, out=speed, where=(time > 1e-6) & (distance > 0.0))
        speed[(time > 0.5 * seconds) & (distance <= 0.0)] = 0.0
        density = time / seconds / (length / 1000.0)
        keep = decay(seconds, horizon)
        self._vehicles += (1.0 - keep) * (time / seconds - self._vehicles)
        self._momentum += (1.0 - keep) * (distance / seconds - self._momentum)
        idle = np.maximum(0.0, time - distance / free)
        emitted = self._emit(passed * length + inside, idle, stops, free, elements)
        self.emitted += emitted.sum(axis=1)
        rates = emitted / seconds
        return {
            "traffic.flow": counted * (3600.0 / seconds),
            "traffic.speed": speed,
            "traffic.density": density,
            "traffic.occupancy": np.minimum(1.0, density / 1000.0 * COVERS / self._streets.lanes),
            "traffic.travel_time": travel_time(self._vehicles, self._momentum, length, free),
            "traffic.co2": rates[0],
            "traffic.nox": rates[1],
            "traffic.pm": rates[2],
        }

    def _emit(
        self, metres: Floats, idle: Floats, stops: Floats, free: Floats, elements: Elements
    ) -> Floats:
        """Emissions of the edges; (4, n_edges) float64, g."""
        cruise, stop = elements.at(free)
        found: Floats = cruise * metres + elements.idle[:, None] * idle + stop * stops
        return found
