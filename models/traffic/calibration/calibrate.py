"""Calibration: fit the demand to counts, simulate it, correct, and say how good it is where nobody
looked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.clock import by_scenario
from models.traffic.calibration.counts import Counts, read_counts
from models.traffic.calibration.folds import folds, streets
from models.traffic.calibration.problem import SPREADS, Outcome, Problem, share_of_day, solve
from models.traffic.calibration.score import Score
from models.traffic.calibration.simulate import Passages, simulate
from models.traffic.calibration.slices import Slice, around, slices, whole
from models.traffic.calibration.texts import is_xml
from models.traffic.demand.file import Demand
from models.traffic.demand.fit import Meetings, fit
from models.traffic.demand.prior import Belief
from models.traffic.demand.sample import sample
from models.traffic.demand.sums import sums
from twin.city.city import City
from twin.errors import ConfigError, DataError

if TYPE_CHECKING:
    from twin.scenario.scenario import Scenario

Floats = npt.NDArray[np.float64]
Tell = Callable[[str, float], None]

WARM_UP = 900.0
"""The streets fill for this long before the first count, s."""
CHOOSE_FROM = 20
"""Counters from which on parameters of the prior are chosen; fewer say too little about them."""
SLICE_DOUBT = {
    "level": 0.5,
    "group": 0.15,
    "road": 0.0,
    "gate": 0.15,
    "cell": 0.1,
    "pair": 0.1,
    "path": 0.05,
    "skew": 0.1,
}
"""How a part of the period differs from the whole of it, in logarithms."""


@dataclass(frozen=True)
class Calibration:
    """A calibrated demand with what it was made from and how it does.

    Attributes
    ----------
    city, counts
        Streets and counters.
    demand
        The trips.
    simulated : (n_rows,) float64, veh
        What the counters count in the simulation of the demand, in the rows of ``counts``.
    pace : (n_rows,) float64, 1/s
        Passages of a counted edge a second of a vehicle: its speed over the edge's length.
    held_out : (n_counters,) float64, veh/h
        What the simulation of a demand has there that was calibrated from scratch without any
        counter of its street; NaN without folds.
    prior : (n_counters,) float64, veh/h
        What was expected there before anything was counted.
    spread, belief
        Parameters of the prior that were used.
    begin, end
        Time that the demand covers, s since midnight.
    unreached
        Counters that no path passes.
    """

    city: City
    counts: Counts
    demand: Demand
    simulated: Floats
    pace: Floats
    held_out: Floats
    prior: Floats
    spread: float
    belief: Belief
    begin: float
    end: float
    unreached: int

    @property
    def hourly(self) -> Floats:
        """Simulated flow at each counter; (n_counters,) float64, veh/h."""
        return per_counter(self.counts, self.simulated)

    @property
    def fitted(self) -> Score:
        """Score at the counters that were used."""
        return Score.of(self.hourly, self.counts.hourly())

    @property
    def left_out(self) -> Score:
        """Score at counters that were held out of the fit."""
        return Score.of(self.held_out, self.counts.hourly())


def per_counter(counts: Counts, simulated: Floats) -> Floats:
    """Mean flow of each counter from what it counts row by row; (n_counters,) float64, veh/h."""
    seen = np.isfinite(counts.count)
    total = sums(counts.counter[seen], simulated[seen], len(counts))
    seconds = counts.seconds()
    return np.where(seconds > 0.0, total * 3600.0 / np.maximum(seconds, 1.0), np.nan)


@dataclass(frozen=True)
class Settings:
    """How the calibration goes about it.

    Attributes
    ----------
    folds
        Parts of the counters, each held out of all rounds once, whole streets together; 0 for none.
    rounds
        Rounds of fit and simulation.
    draws
        Ways of each pair of zones.
    meso
        Simulate with SUMO's mesoscopic engine also at the end.
    interval
        Shorter intervals of the counts are fitted together up to this length, s.
    seed
        Which counters are in which fold.
    """

    folds: int = 5
    rounds: int = 3
    draws: int = 30
    meso: bool = False
    interval: float = 3600.0
    seed: int = 1


def calibrate(
    scenario: Scenario | str | Path,
    counts: Counts | str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    offset: float | None = None,
    settings: Settings | None = None,
    city: City | None = None,
    tell: Tell | None = None,
) -> Calibration:
    """Calibrate the car traffic of a scenario to counts.

    Parameters
    ----------
    scenario
        The scenario, or its name or file.
    counts
        Counts, or their file (see :func:`read_counts`).
    columns
        Names of the columns of the file.
    offset
        Time of day at which the clock of the file shows 0, s. Without it that is midnight, but for
        SUMO's edge data of the city's own scenario (see :func:`by_scenario`).
    city
        The city, when it is loaded already.
    tell
        Told of each step and of the share that is done.

    Raises
    ------
    ConfigError, DataError
        The counts cannot be used, or the city has no place where trips could begin or end.
    """
    from twin.experiment.live import city_of
    from twin.scenario.scenario import Scenario

    chosen = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    city = city or city_of(chosen)
    columns = columns or chosen.data.model.get("traffic", {}).get("count_columns", {})
    period = chosen.data.period
    start = period.start.hour * 3600.0 + period.start.minute * 60.0
    stop = start + period.duration / 1000.0
    if not isinstance(counts, Counts):
        file = Path(counts)
        counts = read_counts(file, city, columns, offset=offset or 0.0)
        if offset is None and is_xml(file):
            counts = by_scenario(counts, city, start, stop)
    return _Work(city, counts, settings or Settings(), tell or _silent).run(start, stop)


def _silent(step: str, share: float) -> None:
    """Say nothing."""


class _Work:
    """One calibration on its way."""

    def __init__(self, city: City, counts: Counts, settings: Settings, tell: Tell) -> None:
        self.city, self.counts, self.settings, self.tell = city, counts, settings, tell
        if not np.isfinite(counts.count).any():
            raise DataError("the counts hold no vehicles", mend="give a column of counts or flows")
        self.parts = slices(counts, settings.interval)
        self.begin = min(part.begin for part in self.parts)
        self.end = max(part.end for part in self.parts)
        tell("reading the streets", 0.0)
        self.problem = Problem.of(city, settings.draws)
        if len(self.problem.zones) < 2:
            raise ConfigError(
                f"{city.name} has no two places between which cars could drive",
                mend="a network needs streets that lead out of it, or buildings",
            )
        self._folds = folds(streets(counts, city), settings.folds, settings.seed)
        self._steps = settings.rounds + 1 + len(self._folds)
        self._done = 0

    def _step(self, what: str) -> None:
        self._done += 1
        self.tell(what, (self._done - 0.5) / (self._steps + 0.5))

    def run(self, start: float, stop: float) -> Calibration:
        """Rounds of fit and simulation, then the folds."""
        if start <= self.begin and stop >= self.end:
            begin, end = start, stop
        else:  # a period that does not hold the counts gives way to them
            begin = np.floor((self.begin - WARM_UP) / 60.0) * 60.0
            end = np.ceil(self.end / 60.0) * 60.0
        everyone = np.arange(len(self.counts))
        model = self._rounds(everyone, lambda number: self._step(f"fit and simulation {number}"))
        self._step("the last simulation")
        demand = model.demand(min(begin, self.begin) - WARM_UP, end)
        passages = self._drive(demand, meso=self.settings.meso)
        simulated, pace = passages.counts(self.counts)
        prior = model.meetings.matrix @ model.prior.reshape(-1)
        hourly = 3600.0 / sum(part.seconds for part in self.parts)
        return Calibration(
            self.city,
            self.counts,
            demand,
            simulated,
            pace,
            self._held_out(),
            prior * hourly,
            model.outcome.spread,
            model.outcome.belief,
            begin,
            end,
            int(np.count_nonzero(np.diff(model.meetings.matrix.indptr) == 0)),
        )

    def _rounds(
        self, chosen: npt.NDArray[np.int64], tell: Callable[[int], None] = lambda number: None
    ) -> _Model:
        """Rounds of fit and simulation from empty streets, with some of the counters alone."""
        problem = self.problem
        correction = np.ones((len(self.parts), len(self.counts)))
        choice = None
        for number in range(1, self.settings.rounds + 1):
            tell(number)
            model = self._model(problem, chosen, correction, choice)
            choice = (model.outcome.spread, model.outcome.belief)
            if number < self.settings.rounds:
                passages = self._drive(model.demand(self.begin - WARM_UP, self.end), meso=True)
                correction = self._corrected(correction, model, passages)
                problem = self._with_times(problem, passages)
        return model

    def _drive(self, demand: Demand, *, meso: bool) -> Passages:
        return simulate(self.city, demand, meso=meso, until=self.end + 1.0)

    def _model(
        self,
        problem: Problem,
        chosen: npt.NDArray[np.int64],
        correction: Floats,
        choice: tuple[float, Belief] | None = None,
    ) -> _Model:
        """Fit the whole, then each slice around it, to some counters."""
        counts = self.counts.select(chosen)
        parts = [
            Slice(p.begin, p.end, p.share, (p.target * c)[chosen])
            for p, c in zip(self.parts, correction, strict=True)
        ]
        target, share = whole(parts)
        known = np.isfinite(target)
        if choice is None and np.count_nonzero(known) < CHOOSE_FROM:
            choice = (SPREADS[1], Belief())
        outcome = solve(problem, counts.select(known), target[known], day=share, choice=choice)
        return _Model(problem, self.counts, outcome, counts, parts, share)

    def _corrected(self, correction: Floats, model: _Model, passages: Passages) -> Floats:
        """Ask for more where the simulation has less than was assigned."""
        rows, _ = passages.counts(self.counts)
        found = correction.copy()
        for number, part in enumerate(self.parts):
            inside = (self.counts.begin >= part.begin) & (self.counts.end <= part.end)
            simulated = sums(self.counts.counter[inside], rows[inside], len(self.counts))
            assigned = model.meetings.matrix @ model.slices[number].reshape(-1)
            ratio = (assigned + 5.0) / (simulated + 5.0)
            found[number] *= np.clip(ratio, 0.7, 1.4) ** 0.8
        return np.clip(found, 0.5, 2.0)

    def _with_times(self, problem: Problem, passages: Passages) -> Problem:
        """Let drivers know of the queues that the simulation met."""
        table, graph = self.city["edge"], problem.graph
        free = table["length"] / np.maximum(table["speed"], 0.5)
        slower = passages.times(graph.n_edges, free) / free
        met = graph.edge_cost * np.clip(slower * 0.8, 1.0, 10.0)
        before = graph.edge_cost if problem.times is None else problem.times
        return problem.with_times(0.5 * before + 0.5 * met)

    def _held_out(self) -> Floats:
        """Simulated flow at each counter when its street is in no round; (n_counters,), veh/h."""
        count = len(self.counts)
        found = np.full(count, np.nan)
        for fold in self._folds:
            self._step("counters held out")
            model = self._rounds(np.setdiff1d(np.arange(count), fold))
            passages = self._drive(model.demand(self.begin - WARM_UP, self.end), meso=True)
            rows, _ = passages.counts(self.counts)
            found[fold] = per_counter(self.counts, rows)[fold]
        return found


class _Model:
    """A fit, slice by slice.

    Attributes
    ----------
    slices
        Expected trips on every path in each slice; list of (n_draws, n_zones, n_zones).
    meetings
        Which paths pass each counter of the calibration, also one that was held out.
    """

    def __init__(
        self,
        problem: Problem,
        every: Counts,
        outcome: Outcome,
        counts: Counts,
        parts: list[Slice],
        share: float,
    ) -> None:
        self._parts, self._share = parts, share
        self.outcome = outcome
        self.meetings = Meetings.of(outcome.paths, every.edge, every.source)
        self.prior = problem.prior(outcome.spread, outcome.belief, share)
        mine = Meetings.of(outcome.paths, counts.edge, counts.source)
        self.slices = [self._slice(part, mine, problem) for part in parts]

    def _slice(self, part: Slice, meetings: Meetings, problem: Problem) -> Floats:
        expected = self.outcome.fit.trips * (part.share / self._share)
        if len(self._parts) == 1:
            return expected
        known = np.flatnonzero(np.isfinite(part.target))
        belief = self.outcome.belief.with_(**SLICE_DOUBT)
        rows = meetings.rows(known)
        return fit(expected, rows, part.target[known], problem.zones, belief).trips

    def demand(self, begin: float, end: float) -> Demand:
        """Whole vehicles from ``begin`` to ``end``, s since midnight."""
        pieces = []
        for start, stop, number in around(self._parts, begin, end):
            if number >= 0:
                pieces.append((start, stop, self.slices[number]))
            else:
                nearest = min(
                    range(len(self._parts)),
                    key=lambda i: abs(self._parts[i].begin + self._parts[i].end - start - stop),
                )
                part = self._parts[nearest]
                share = share_of_day(start, stop) / part.share
                pieces.append((start, stop, self.slices[nearest] * share))
        return sample(self.outcome.paths, pieces)
