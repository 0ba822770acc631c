"""From SUMO to columns: counts, speeds, densities and emissions of every edge, without vehicles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from models.traffic.engine import EMISSIONS
from models.traffic.kernels import Floats, decay, space_mean_speed, travel_time
from models.traffic.sumo.inputs import Lanes

INNER_EVERY = 7
"""Junctions' insides are sampled each seventh time: with 20 s that is 140 s, which wanders through
the phases of the usual signal cycles (60, 90 and 120 s) as a round minute would not."""


def column(getter: Callable[[str], float], ids: Sequence[str]) -> Floats:
    """What SUMO says of each id; (len(ids),) float64."""
    return np.fromiter(map(getter, ids), dtype=np.float64, count=len(ids))


class Sampler:
    """Looks at all edges several times a step and sums up.

    Parameters
    ----------
    api
        SUMO.
    edges
        SUMO edge ids, in the order of the city's table.
    length, free : (n,) float64, m and m/s
        Of the edges.
    lanes
        Their lanes.
    loops
        Induction loops, one a lane; empty when nobody wants counts.
    occupancy
        Whether anybody wants the occupancy.
    """

    def __init__(
        self,
        api: Any,
        edges: Sequence[str],
        length: Floats,
        free: Floats,
        lanes: Lanes,
        loops: Sequence[str],
        *,
        occupancy: bool,
    ) -> None:
        self.edges, self.inner, self.loops = list(edges), lanes.inner, list(loops)
        self.length, self.free, self._lane_edge = length, free, lanes.edge
        self._edge = api.edge
        self._loop = api.inductionloop
        self._emission = [
            api.edge.getCO2Emission,
            api.edge.getNOxEmission,
            api.edge.getPMxEmission,
            api.edge.getFuelConsumption,
        ]
        self._occupancy = occupancy
        n = len(self.edges)
        self.vehicles, self.momentum, self.occupied = np.zeros(n), np.zeros(n), np.zeros(n)
        self.emitted = np.zeros((len(EMISSIONS), n))
        self.smooth_vehicles, self.smooth_momentum = np.zeros(n), np.zeros(n)
        self.totals = np.zeros(len(EMISSIONS))
        self.vehicle_seconds = 0.0
        self._looks = self._looks_ever = 0

    def look(self, interval: float) -> None:
        """Take one sample that stands for the last ``interval`` s."""
        vehicles = column(self._edge.getLastStepVehicleNumber, self.edges)
        busy = np.flatnonzero(vehicles)
        ids = [self.edges[row] for row in busy]
        self.vehicles += vehicles
        self.momentum[busy] += vehicles[busy] * column(self._edge.getLastStepMeanSpeed, ids)
        if self._occupancy:
            self.occupied[busy] += column(self._edge.getLastStepOccupancy, ids)
        for kind, getter in enumerate(self._emission):
            rates = column(getter, ids)
            self.emitted[kind, busy] += rates
            self.totals[kind] += rates.sum() * interval
        self.vehicle_seconds += float(vehicles.sum()) * interval
        if self._looks_ever % INNER_EVERY == 0:
            self._look_inside(interval * INNER_EVERY)
        self._looks += 1
        self._looks_ever += 1

    def _look_inside(self, interval: float) -> None:
        """Vehicles within junctions: in the totals, on no edge."""
        vehicles = column(self._edge.getLastStepVehicleNumber, self.inner)
        ids = [self.inner[row] for row in np.flatnonzero(vehicles)]
        self.vehicle_seconds += float(vehicles.sum()) * interval
        for kind, getter in enumerate(self._emission):
            self.totals[kind] += column(getter, ids).sum() * interval

    def counts(self) -> Floats:
        """Vehicles that passed the middle of each edge in the loops' last period; (n,) float64."""
        passed = column(self._loop.getLastIntervalVehicleNumber, self.loops)
        found: Floats = np.bincount(self._lane_edge, passed, len(self.edges)).astype(np.float64)
        return found

    def density(self) -> Floats:
        """Mean vehicles a kilometre of street since :meth:`forget`; (n,) float64, veh/km."""
        found: Floats = self.vehicles / max(1, self._looks) / (self.length / 1000.0)
        return found

    def speed(self) -> Floats:
        """Space-mean speed since :meth:`forget`; (n,) float64, m/s."""
        return space_mean_speed(self.vehicles, self.momentum, self.free)

    def occupancy(self) -> Floats:
        """Mean share of the street's length that vehicles cover; (n,) float64, 1."""
        found: Floats = np.minimum(1.0, self.occupied / max(1, self._looks))
        return found

    def rates(self) -> Floats:
        """Mean emissions of each edge; (4, n) float64, g/s."""
        found: Floats = self.emitted / (max(1, self._looks) * 1000.0)
        return found

    def travel_time(self, interval: float, horizon: float) -> Floats:
        """Smoothed travel time of each edge; (n,) float64, s."""
        keep = decay(interval, horizon)
        looks = max(1, self._looks)
        self.smooth_vehicles += (1.0 - keep) * (self.vehicles / looks - self.smooth_vehicles)
        self.smooth_momentum += (1.0 - keep) * (self.momentum / looks - self.smooth_momentum)
        return travel_time(self.smooth_vehicles, self.smooth_momentum, self.length, self.free)

    def forget(self) -> None:
        """Begin a new step."""
        for sums in (self.vehicles, self.momentum, self.occupied, self.emitted):
            sums[...] = 0.0
        self._looks = 0
