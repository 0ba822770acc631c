"""From counts to demand: the most likely trips under the prior, in logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.demand.kernels import Floats, meet
from models.traffic.demand.paths import Paths
from models.traffic.demand.prior import Belief, features, groups
from models.traffic.demand.sums import sums
from models.traffic.demand.zones import Zones

ROUNDS = 30
SMALL = 0.003
"""Gain of the log-likelihood below which the search ends."""
SHARES = (1.0, 0.5, 0.25, 0.1, 0.03)
"""Parts of a step that are tried."""
MOST = 7.0
"""Largest logarithm of a factor."""


@dataclass(frozen=True)
class Meetings:
    """Which paths pass which counters.

    Attributes
    ----------
    matrix
        Sparse (n_counters, n_paths) of ones.
    shape
        (n_draws, n_zones, n_zones); a path is an index into it.
    """

    matrix: Any
    shape: tuple[int, int, int]

    @classmethod
    def of(
        cls, paths: Paths, edge: npt.NDArray[np.int64], source: npt.NDArray[np.int64]
    ) -> Meetings:
        """For counters on edges; ``source`` is the edge that a counted turn comes from, or -1."""
        from scipy.sparse import csr_array

        draws, zones, size = paths.before.shape
        order = np.argsort(edge, kind="stable")
        first = np.searchsorted(edge[order], np.arange(size + 1)).astype(np.int32)
        given = (first, order.astype(np.int32), source[order].astype(np.int32))
        empty = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
        room = meet(paths.before, paths.origin, paths.goal, *given, *empty)
        counter, path = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
        meet(paths.before, paths.origin, paths.goal, *given, counter, path)
        shape = (len(edge), draws * zones * zones)
        matrix = csr_array((np.ones(room), (counter, path)), shape=shape)
        return cls(matrix, (draws, zones, zones))

    def rows(self, chosen: npt.NDArray[Any]) -> Meetings:
        """Those of some counters."""
        return Meetings(self.matrix[chosen], self.shape)


@dataclass(frozen=True)
class Fit:
    """The outcome.

    Attributes
    ----------
    trips : (n_draws, n_zones, n_zones) float64, veh
        Trips on every path.
    density : (n_counters,) float64
        Logarithm of the predictive density of each counter if it alone were left out (Rasmussen &
        Williams 2006, eq. 5.12).
    """

    trips: Floats
    density: Floats


def fit(prior: Floats, meetings: Meetings, counts: Floats, zones: Zones, belief: Belief) -> Fit:
    """The trips that are most likely given the counts.

    Parameters
    ----------
    prior : (n_draws, n_zones, n_zones) float64, veh
        Expected trips on every path.
    counts : (n_counters,) float64, veh

    Notes
    -----
    Every path's trips are ``prior x exp(group + both_o + both_d + skew_o - skew_d + pair + path)``,
    normal a priori; a count is log-normal around the sum over its paths with variance ``1/count +
    noise^2`` (generalised least squares in logarithms; Cascetta 1984, Maher 1983). Gauss-Newton in
    the space of the counters, which are few.
    """
    covers = _Covers(zones, belief, meetings)
    climb = _Climb(covers, prior.reshape(-1), counts)
    density = np.zeros(len(counts))
    for _ in range(ROUNDS if len(counts) else 0):
        slope = covers.slope(climb.trips, climb.model)
        inverse = np.linalg.inv(slope.gain() + np.diag(climb.noise))
        weight = inverse @ (climb.miss + slope.matrix @ climb.change)
        spread = 1.0 / np.diag(inverse)
        density = -0.5 * (np.log(2.0 * np.pi * spread) + weight * spread * weight)
        if not climb.move(slope, weight):
            break
    return Fit(climb.trips.reshape(meetings.shape), density)


class _Climb:
    """Where the search for the most likely trips stands.

    The change of the logarithms is ``covariance x force``, so that what it costs under the prior is
    half of force times change, without an inverse.
    """

    def __init__(self, covers: _Covers, start: Floats, counts: Floats) -> None:
        self._covers, self._start = covers, start
        self._target = np.log(counts + 0.5)
        self.noise: Floats = 1.0 / (counts + 1.0) + covers.belief.noise**2
        self.force: Floats = np.zeros(len(start))
        self.change: Floats = np.zeros(len(start))
        self._look()

    def _look(self) -> None:
        self.trips: Floats = self._start * np.exp(self.change)
        self.model: Floats = self._covers.meetings.matrix @ self.trips
        self.miss: Floats = self._target - np.log(self.model + 0.5)
        self.cost = 0.5 * float(np.sum(self.miss**2 / self.noise) + np.dot(self.force, self.change))

    def move(self, slope: _Slope, weight: Floats) -> bool:
        """Go towards the solution of the linear problem as far as it helps; False at the end."""
        aim, force = slope.spread(weight), slope.matrix.T @ weight
        before = (self.force, self.change, self.cost)
        for share in SHARES:
            self.force = (1.0 - share) * before[0] + share * force
            self.change = np.minimum((1.0 - share) * before[1] + share * aim, MOST)
            self._look()
            if self.cost < before[2] - SMALL:
                return True
        self.force, self.change, _ = before
        self._look()
        return False


class _Covers:
    """The prior covariance of the logarithms of all paths, never written out."""

    def __init__(self, zones: Zones, belief: Belief, meetings: Meetings) -> None:
        self.belief, self.meetings = belief, meetings
        self.both, self.skew = features(zones, belief)
        self.group = np.full((3, 3), belief.level**2) + np.eye(3) * belief.group**2
        self.groups = groups(zones)
        count, square = len(zones), len(zones) ** 2
        matrix = meetings.matrix
        self.row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        self.pair = self.row * square + matrix.indices % square
        self.size = count

    def slope(self, now: Floats, model: Floats) -> _Slope:
        """How the counters' logarithms answer to those of the paths."""
        matrix = self.meetings.matrix
        data = now[matrix.indices] / (model + 0.5)[self.row]
        square = self.size**2
        pairs = sums(self.pair, data, matrix.shape[0] * square).reshape(-1, square)
        slope = type(matrix)((data, matrix.indices, matrix.indptr), shape=matrix.shape)
        return _Slope(self, slope, pairs)


class _Slope:
    """Derivatives of the counters' logarithms, summed up by pair, zone and group."""

    def __init__(self, covers: _Covers, matrix: Any, pairs: Floats) -> None:
        self.covers, self.matrix, self._pairs = covers, matrix, pairs
        square = pairs.reshape(-1, covers.size, covers.size)
        out, into = square.sum(axis=2), square.sum(axis=1)
        self._both, self._skew = out + into, out - into
        flat = covers.groups.reshape(-1)
        self._group = np.stack([pairs[:, flat == g].sum(axis=1) for g in range(3)], axis=1)

    def gain(self) -> Floats:
        """Prior covariance of the counters' logarithms; (n_counters, n_counters) float64."""
        c, b = self.covers, self.covers.belief
        found: Floats = self._group @ c.group @ self._group.T + self._both @ c.both @ self._both.T
        found += self._skew @ c.skew @ self._skew.T + b.pair**2 * (self._pairs @ self._pairs.T)
        found += b.path**2 * (self.matrix @ self.matrix.T).toarray()
        return found

    def spread(self, weight: Floats) -> Floats:
        """Change of the logarithm of every path's trips for weights of the counters."""
        c, b = self.covers, self.covers.belief
        of_group = c.group @ (self._group.T @ weight)
        of_both, of_skew = c.both @ (self._both.T @ weight), c.skew @ (self._skew.T @ weight)
        square = of_both[:, None] + of_both[None, :] + of_skew[:, None] - of_skew[None, :]
        square = (square + of_group[c.groups]).reshape(-1) + b.pair**2 * (self._pairs.T @ weight)
        paths = b.path**2 * (self.matrix.T @ weight)
        found: Floats = np.tile(square, c.meetings.shape[0]) + paths
        return found
