"""Weeks or a year of collection without traffic: many containers, rounds planned every day.

For questions of policy over a long time and a large city. Containers fill by the same kernel as in
a run of the twin and rounds come from the same planner; trucks drive at a constant speed, and what
they visit is emptied in the middle of the shift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.waste.case import Case, Day
from models.waste.plan import tours
from models.waste.rounds import sectors
from models.waste.task import DISPOSAL, LEAVE_OUT, Task, open_all_day
from models.waste.urgency import PRIZE, overflow_probability

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST = 90_000.0
"""A prize is at most this, s: less than what is due."""
LEAST_PRIZE = 5.0
"""A site that is worth less is not looked at, s."""
Policy = Callable[[Day], Floats]
"""From what is seen to the prize of each site, s; ``LEAVE_OUT`` for those to be emptied."""


def fullest_first(count: int, reckoned: float = 1.0) -> Policy:
    """Empty the ``count`` sites that will be full soonest: the published baseline.

    Deposits are reckoned ``reckoned`` times as large as they are.
    """

    def choose(day: Day) -> Floats:
        free = np.maximum(1.0 - reckoned * day.level, 0.0)
        until = free / np.maximum(day.rates.mean, 1e-9)
        prize = np.zeros(len(until))
        prize[np.argsort(until, kind="stable")[:count]] = LEAVE_OUT
        return prize

    return choose


def threshold(level: float) -> Policy:
    """Empty what is fuller than ``level``."""
    return lambda day: np.where(day.level >= level, LEAVE_OUT, 0.0)


def by_forecast(prize: float = PRIZE, hours: float = 28.0) -> Policy:
    """A visit is worth ``prize`` × the probability of overflowing before the next shift."""
    return lambda day: np.minimum(
        prize * overflow_probability(day.level, day.deviation, day.rates, day.grain, hours), MOST
    )


@dataclass(frozen=True)
class Season:
    """Means over the days that count.

    Attributes
    ----------
    km, hours
        Driven a day, and of the trucks' work a day.
    visits
        Sites a day.
    fill
        Mean level when emptied, share of the capacity.
    service
        Share of the visits that found the site not over its capacity: as published.
    room
        Share of the waste that found room.
    routes
        Rounds a day.
    unvisited
        Sites that were to be emptied and no truck had the time for, a day.
    came
        Waste a day, in the unit of the capacities.
    """

    km: float
    hours: float
    visits: float
    fill: float
    service: float
    room: float
    routes: float
    unvisited: float
    came: float


def simulate(
    case: Case,
    policy: Policy,
    days: int,
    *,
    warm: int = 14,
    seed: int = 1,
    iterations: int = 150,
    districts: int = 1,
) -> Season:
    """Live some days, after ``warm`` more that do not count.

    Parameters
    ----------
    districts
        Sites and trucks are divided into so many sectors (by angle around the depot's city), and
        each is planned by itself: how large cities work.
    """
    life = _Life(case, policy, seed, iterations, districts)
    for number in range(warm + days):
        life.day(number, number >= warm)
    return life.result(days)


class _Life:
    """The state of a case from day to day."""

    def __init__(
        self, case: Case, policy: Policy, seed: int, iterations: int, districts: int
    ) -> None:
        from twin.core.random import Streams

        self.case, self.policy, self.iterations = case, policy, iterations
        self.filling = case.filling(Streams(seed))
        self.sector = sectors(case.points, case.daily, districts)
        self.seconds = [
            _within(case, np.flatnonzero(self.sector == number)) for number in range(districts)
        ]
        self.service = case.service_times()
        self.sums = np.zeros(8)
        self.came = 0.0

    def day(self, number: int, counts: bool) -> None:
        """Morning to morning: plan, fill, empty, fill."""
        filling, capacity = self.filling, self.case.capacity
        before = filling.brought
        seen = filling.see(number)
        chosen, driven, worked, routes, left = self._rounds(seen.level, self.policy(seen))
        filling.fill(number, slice(7, 11))
        excess = np.maximum(filling.held[chosen] - capacity[chosen], 0.0)
        fill = (filling.held[chosen] / capacity[chosen]).sum()
        filling.empty(chosen)
        filling.fill(number, slice(11, 24))
        filling.fill(number + 1, slice(0, 7))
        if counts:
            late = float(np.count_nonzero(excess > 0.0))
            self.sums += (driven, worked, len(chosen), fill, excess.sum(), late, routes, left)
            self.came += filling.brought - before

    def _rounds(self, level: Floats, prize: Floats) -> tuple[Rows, float, float, int, int]:
        """Sites that are visited, km, hours, rounds, and how many were due and are not visited."""
        visited: list[int] = []
        driven = worked = 0.0
        routes = due = 0
        for number, matrix in enumerate(self.seconds):
            mine = np.flatnonzero(self.sector == number)
            rows = mine[prize[mine] >= LEAST_PRIZE]
            due += int(np.count_nonzero(prize[rows] >= LEAVE_OUT))
            at = np.concatenate(([0, 1], np.searchsorted(mine, rows) + 2))
            near = matrix[np.ix_(at, at)].astype(np.float64)
            task = self._task(near, level[rows], rows, prize[rows])
            for found in tours(task, self.iterations):
                tour, drive = found.stops, found.length(near)
                trips = found.places.count(DISPOSAL)
                driven += self.case.kilometres(at[found.places], drive)
                worked += (
                    drive + self.service[rows[tour]].sum() + trips * self.case.unloading
                ) / 3600.0 + self.case.rest
                visited += rows[tour].tolist()
                routes += 1
        chosen = np.array(sorted(visited), dtype=np.int64)
        left = due - int(np.count_nonzero(prize[chosen] >= LEAVE_OUT))
        return chosen, driven, float(worked), routes, left

    def _task(self, seconds: Floats, level: Floats, rows: Rows, prize: Floats) -> Task:
        case = self.case
        trucks = max(1, round(case.trucks / len(self.seconds)))
        litres = level * case.capacity[rows]
        return Task(
            seconds=seconds, mass=litres / 1000.0, volume=litres / 1000.0,
            service=self.service[rows], prize=prize, window=open_all_day(len(rows)),
            vehicles=case.vehicles(trucks), truck_mass=1e6,
            truck_volume=case.truck_volume / 1000.0, unloading=case.unloading,
        )  # fmt: skip

    def result(self, days: int) -> Season:
        """Means over the days that counted."""
        km, hours, visits, fill, excess, late, routes, left = self.sums.tolist()
        still = float(np.maximum(self.filling.held - self.case.capacity, 0.0).sum())
        return Season(
            km / days, hours / days, visits / days, fill / max(visits, 1.0),
            1.0 - late / max(visits, 1.0), 1.0 - (excess + still) / self.came, routes / days,
            left / days, self.came / days,
        )  # fmt: skip


def _within(case: Case, rows: Rows) -> npt.NDArray[np.float32]:
    """Driving times of one district; float32 (to 0.01 s) since a city's squares are large."""
    from dataclasses import replace

    part = replace(
        case, points=case.points[rows], containers=case.containers[rows],
        capacity=case.capacity[rows], daily=case.daily[rows],
    )  # fmt: skip
    return part.seconds().astype(np.float32)
