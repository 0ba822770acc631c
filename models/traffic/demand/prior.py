"""What is believed of the trips before any count: gravity between zones, and its doubts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.traffic.demand.kernels import Floats
from models.traffic.demand.zones import Zones
from models.traffic.kernels import gravity


@dataclass(frozen=True)
class Belief:
    """Parameters of the prior; those that say how strong its parts are may be chosen by counts.

    Attributes
    ----------
    a_person, a_job
        Car trips a day that begin, and that end, at a resident's and at a job's place.
    through, inner
        Willingness to drive from gateway to gateway, and between places inside, over that to drive
        between a gateway and a place inside.
    decay
        Fall of the willingness with the time of the way inside the city, 1/s.
    level, group, road, gate, cell, pair, path, skew
        Standard deviations of the logarithms: of all trips; of through, inner and border-crossing
        trips as groups; of the gateways of a road class; of a gateway; of a cell; of a pair of
        zones; of one path of a pair; of a zone's outbound over its inbound trips.
    reach
        Distance over which the factors of cells are alike, m.
    noise
        Standard deviation of the logarithm of a count that no demand explains.
    """

    a_person: float = 1.2
    a_job: float = 1.5
    through: float = 1.0
    inner: float = 1.0
    decay: float = 1.0 / 600.0
    level: float = 1.0
    group: float = 0.7
    road: float = 0.4
    gate: float = 0.4
    cell: float = 0.4
    pair: float = 0.5
    path: float = 0.5
    skew: float = 0.25
    reach: float = 400.0
    noise: float = 0.08

    def with_(self, **changes: float) -> Belief:
        """A copy with some parameters changed."""
        return replace(self, **changes)


def trips(zones: Zones, cost: Floats, belief: Belief, day: float) -> Floats:
    """Trips between zones in a part of a day.

    Parameters
    ----------
    cost : (n_zones, n_zones) float64, s
        Time between the zones; infinite without a way.
    day
        Share of a day's trips that the part has.

    Returns
    -------
    (n_zones, n_zones) float64, veh
        Doubly constrained gravity (Furness; Ortuzar & Willumsen, Modelling Transport, ch. 5): each
        gateway passes its volume, half of it each way, each cell sends and gets its people's and
        jobs' trips.
    """
    ends = zones.volume / 2.0 + belief.a_person * zones.people + belief.a_job * zones.jobs
    found: Floats = gravity(ends, ends, willingness(zones, cost, belief)) * day
    return found


def willingness(zones: Zones, cost: Floats, belief: Belief) -> Floats:
    """Deterrence of each pair; (n, n) float64, 0 for a pair that nobody drives."""
    finite = np.isfinite(cost)
    found = np.where(finite, np.exp(-belief.decay * np.where(finite, cost, 0.0)), 0.0)
    gate = zones.gate
    apart = np.hypot(*(zones.point[:, None, :] - zones.point[None, :, :]).transpose(2, 0, 1))
    both = np.ix_(gate, gate)
    found[both] = belief.through * _direct(cost[both], apart[both])
    found[np.ix_(~gate, ~gate)] *= belief.inner
    np.fill_diagonal(found, 0.0)
    return found


def _direct(cost: Floats, apart: Floats) -> Floats:
    """How direct the ways between gateways are: 1 for the most direct ones, 0 for a turn back."""
    finite = np.isfinite(cost) & (apart > 0.15 * apart.max(initial=1.0))
    pace = np.where(finite, cost, np.inf) / np.maximum(apart, 1.0)
    best = np.quantile(pace[finite], 0.25) if finite.any() else 1.0
    found: Floats = np.where(finite, np.minimum(1.0, best / pace) ** 2, 0.0)
    return found


def features(zones: Zones, belief: Belief) -> tuple[Floats, Floats]:
    """Covariances of the factors of zones: common to both directions, and of their difference.

    Returns
    -------
    (n, n), (n, n) float64
    """
    count, gate = len(zones), zones.gate
    apart = np.hypot(*(zones.point[:, None, :] - zones.point[None, :, :]).transpose(2, 0, 1))
    alike = np.exp(-apart / belief.reach)
    both = np.where(np.outer(~gate, ~gate), belief.cell**2 * alike, 0.0)
    both += np.where(
        np.outer(gate, gate) & (zones.kind[:, None] == zones.kind), belief.road**2, 0.0
    )
    both[gate, gate] += belief.gate**2
    return both, np.eye(count) * belief.skew**2


def groups(zones: Zones) -> npt.NDArray[np.int64]:
    """0 through, 1 crosses the border, 2 inner; (n, n) int64."""
    inside = (~zones.gate).astype(np.int64)
    return inside[:, None] + inside[None, :]
