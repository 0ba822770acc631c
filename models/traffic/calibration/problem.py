"""The calibration of one city to some counters: prior, choice of its parameters, fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.counts import Counts
from models.traffic.demand import prior as priors
from models.traffic.demand.fit import Fit, Meetings, fit
from models.traffic.demand.graph import Graph
from models.traffic.demand.paths import Paths, draw_paths
from models.traffic.demand.prior import Belief
from models.traffic.demand.zones import Zones
from models.traffic.through import WEEKDAY
from twin.city.city import City

Floats = npt.NDArray[np.float64]

SPREADS = (0.1, 0.2, 0.35)
CHOICES: dict[str, tuple[float, ...]] = {
    "through": (0.5, 1.0, 2.0),
    "decay": (1.0 / 1200.0, 1.0 / 600.0, 1.0 / 300.0),
    "inner": (0.5, 1.0, 2.0),
    "gate": (0.25, 0.4, 0.8),
    "cell": (0.2, 0.4, 0.7),
    "pair": (0.25, 0.5, 0.9),
}
"""Values among which counts may choose; the middle one is the prior's own."""
FEW = 8
MANY = 50
"""Counters that are asked for a choice; more of them say the same."""
RELUCTANCE = 0.5
"""Log-likelihood that a value off the middle must gain to be chosen."""


@dataclass
class Problem:
    """A city, its zones, and the paths between them under some travel times.

    Attributes
    ----------
    times
        Perceived time of each edge from a simulation; None for empty streets.
    """

    city: City
    graph: Graph
    zones: Zones
    draws: int
    times: Floats | None = None
    _paths: dict[float, Paths] = field(default_factory=dict)

    @classmethod
    def of(cls, city: City, draws: int) -> Problem:
        """The problem of a city on empty streets."""
        graph = Graph.read(city)
        return cls(city, graph, Zones.of(city, graph), draws)

    def with_times(self, times: Floats) -> Problem:
        """The same with the travel times of a simulation."""
        return Problem(self.city, self.graph, self.zones, self.draws, times)

    def paths(self, spread: float) -> Paths:
        """Paths for a spread of the perceived costs."""
        if spread not in self._paths:
            self._paths[spread] = draw_paths(
                self.graph, self.zones, self.draws, spread, times=self.times
            )
        return self._paths[spread]

    def prior(self, spread: float, belief: Belief, day: float) -> Floats:
        """Trips on every path before anything was counted, in a share ``day`` of a day."""
        paths = self.paths(spread)
        cost = np.median(paths.cost, axis=0)
        trips = priors.trips(self.zones, cost, belief, day)
        way = np.isfinite(paths.cost)
        ways = np.maximum(1, way.sum(axis=0))
        found: Floats = np.where(way, trips[None] / ways[None], 0.0)
        return found


@dataclass(frozen=True)
class Outcome:
    """A fit, and the parameters that it was made with.

    Attributes
    ----------
    fit
        Trips on every path over the reference time.
    paths
        Their ways.
    meetings
        Which of them pass which counters.
    spread, belief
        Parameters chosen.
    """

    fit: Fit
    paths: Paths
    meetings: Meetings
    spread: float
    belief: Belief

    def expected(self, meetings: Meetings | None = None) -> Floats:
        """Vehicles at the counters over the reference time; (n_counters,) float64."""
        matrix = (meetings or self.meetings).matrix
        found: Floats = matrix @ self.fit.trips.reshape(-1)
        return found


def solve(
    problem: Problem,
    counts: Counts,
    target: Floats,
    *,
    day: float,
    choice: tuple[float, Belief] | None = None,
) -> Outcome:
    """Fit the demand to counts.

    Parameters
    ----------
    target : (n_counters,) float64, veh
        What each counter should have counted.
    day
        Share of a day's trips in that time.
    choice
        Spread and prior to use; without it they are chosen by the predictive density of each
        counter from the others (leave one out, within these counters alone).
    """
    spread, belief = choice or choose(problem, counts, target, day)
    paths = problem.paths(spread)
    meetings = Meetings.of(paths, counts.edge, counts.source)
    found = fit(problem.prior(spread, belief, day), meetings, target, problem.zones, belief)
    return Outcome(found, paths, meetings, spread, belief)


def choose(problem: Problem, counts: Counts, target: Floats, day: float) -> tuple[float, Belief]:
    """Spread and prior by leave-one-out predictive density; one parameter after the other."""
    spread, belief = SPREADS[1], Belief()
    if len(target) < 4:
        return spread, belief
    # A few ways of each pair are enough to compare priors.
    if len(target) > MANY:
        chosen = np.linspace(0, len(target) - 1, MANY).astype(np.int64)
        counts, target = counts.select(chosen), target[chosen]
    few = Problem(
        problem.city, problem.graph, problem.zones, min(FEW, problem.draws), problem.times
    )
    meetings = {s: Meetings.of(few.paths(s), counts.edge, counts.source) for s in SPREADS}

    def score(s: float, b: Belief) -> float:
        prior = few.prior(s, b, day)
        return float(fit(prior, meetings[s], target, few.zones, b).density.sum())

    best = score(spread, belief)
    for _ in range(2):
        before = (spread, belief)
        for s in SPREADS:
            gained = score(s, belief) - RELUCTANCE * _moves(belief, s)
            if gained > best + 1e-9:
                best, spread = gained, s
        for name, values in CHOICES.items():
            for value in values:
                trial = belief.with_(**{name: value})
                gained = score(spread, trial) - RELUCTANCE * _moves(trial, spread)
                if gained > best + 1e-9:
                    best, belief = gained, trial
        if (spread, belief) == before:
            break
    return spread, belief


def _moves(belief: Belief, spread: float) -> int:
    """How many parameters differ from the prior's own."""
    usual = Belief()
    moved = [getattr(belief, name) != getattr(usual, name) for name in CHOICES]
    return int(sum(moved)) + int(spread != SPREADS[1])


def share_of_day(begin: float, end: float) -> float:
    """Share of a weekday's trips between two times of day, s since midnight."""
    total, hourly = 0.0, np.array(WEEKDAY) / sum(WEEKDAY)
    hour = begin // 3600.0
    while hour * 3600.0 < end:
        overlap = min(end, (hour + 1) * 3600.0) - max(begin, hour * 3600.0)
        total += hourly[int(hour) % 24] * overlap / 3600.0
        hour += 1
    return float(total)
