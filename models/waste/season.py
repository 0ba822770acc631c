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

from models.waste.kernels import deposit
from models.waste.plan import tours
from models.waste.rounds import sectors
from models.waste.task import DISPOSAL, LEAVE_OUT, Task, Vehicle, open_all_day
from models.waste.urgency import Rates, worth

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 9, 9, 9, 9, 10, 11, 10, 8, 6, 4, 2, 1.0])
"""Weights of the hours of the day at which people bring waste."""
WEEK = np.array([1.05, 0.98, 0.96, 0.97, 1.0, 1.1, 0.94])
"""Weights of the days, Monday first."""
LEAST_PRIZE = 5.0
"""A site that is worth less is not looked at, s."""
NOISE = 0.05
"""Deviation of a level sensor."""


@dataclass(frozen=True)
class Case:
    """A city of k sites.

    Attributes
    ----------
    points : (k, 2) float64, m
        Sites.
    depot : (2,) float64, m
        Where trucks start, unload and end.
    containers : (k,) int64
        At each site.
    capacity : (k,) float64, l
        Of all containers of a site.
    daily : (k,) float64, l
        Mean of what comes a day.
    bag
        Mean deposit, l.
    trucks
        How many.
    truck_volume
        Of loose waste that one carries between two unloadings, l; no limit unless given, as in
        the published problem.
    shift, rest, unloading
        h, h, s.
    speed
        m/s, along streets that are ``detour`` times the straight line.
    service
        Time of a site with one container, s; each further one takes ``further``.
    """

    points: Floats
    depot: Floats
    containers: Rows
    capacity: Floats
    daily: Floats
    bag: float = 35.0
    trucks: int = 4
    truck_volume: float = 1e9
    shift: float = 8.0
    rest: float = 0.5
    unloading: float = 900.0
    speed: float = 30.0 / 3.6
    detour: float = 1.3
    service: float = 210.0
    further: float = 120.0

    def seconds(self) -> Floats:
        """Driving times between depot, depot again (unloading) and sites; (k + 2, k + 2), s."""
        at = np.vstack((self.depot, self.depot, self.points))
        away = at[:, None, :] - at[None, :, :]
        found: Floats = np.hypot(away[..., 0], away[..., 1]) * (self.detour / self.speed)
        return found

    def kilometres(self, places: Rows, seconds: float) -> float:
        """Length of a way over places, rows of :meth:`seconds`, that takes so long to drive."""
        return seconds * self.speed / 1000.0

    def service_times(self) -> Floats:
        """Of each site, s; (k,) float64."""
        found: Floats = self.service + self.further * (self.containers.astype(np.float64) - 1.0)
        return found


def groningen_like(
    seed: int = 1, sites: int = 850, containers: int = 1120, trucks: int = 4, width: float = 1.0
) -> Case:
    """A case with the published numbers of Groningen (arXiv 2409.13386).

    1,120 underground containers at 850 sites, four trucks, one depot. Places and rates are not
    published: half of the sites lie in a dense core, the others in quarters and villages around;
    rates are log-normal. The size of the area (18 by 16 km with a ``width`` of
    1) and the mean rate are set so that the published baseline, 250 sites a day, gives the
    published 251 km and 48.9 % at emptying. What other policies save is not fitted.
    """
    from twin.core.random import Streams

    random = Streams(seed).generator("waste.case", "groningen")
    half = sites // 2
    core = random.normal(0.0, 2080.0, (half, 2))
    villages = random.uniform(-1.0, 1.0, (14, 2)) * (9100.0, 7800.0)
    around = villages[random.integers(0, 14, sites - half)] + random.normal(
        0.0, 910.0, (sites - half, 2)
    )
    count = np.ones(sites, dtype=np.int64)
    more = random.permutation(sites)[: containers - sites]
    count[more] += 1
    capacity: Floats = 5000.0 * count.astype(np.float64)
    rate = np.exp(random.normal(0.0, 0.5, sites)) * capacity
    daily = rate * (122.0 / 850.0) * capacity.sum() / rate.sum()
    return Case(
        np.vstack((core, around)) * width, np.array([6760.0, -3250.0]) * width, count, capacity,
        daily, trucks=trucks,
    )  # fmt: skip


@dataclass(frozen=True)
class Day:
    """What a policy sees in the morning.

    Attributes
    ----------
    level : (k,) float64
        As the sensors say, shares of the capacity.
    rates
        Learnt so far.
    grain : (k,) float64
        See :func:`models.waste.urgency.overflow_probability`.
    number
        Of the day; 0 is a Monday.
    """

    level: Floats
    rates: Rates
    grain: Floats
    number: int = 0


Policy = Callable[[Day], Floats]
"""From what is seen to the prize of each site, s; ``LEAVE_OUT`` for those to be emptied."""


def fullest_first(count: int) -> Policy:
    """Empty the ``count`` sites that will be full soonest: the published baseline."""

    def choose(day: Day) -> Floats:
        until = (1.0 - day.level) / np.maximum(day.rates.mean, 1e-9)
        prize = np.zeros(len(until))
        prize[np.argsort(until, kind="stable")[:count]] = LEAVE_OUT
        return prize

    return choose


def threshold(level: float) -> Policy:
    """Empty what the sensor says is fuller than ``level``."""
    return lambda day: np.where(day.level >= level, LEAVE_OUT, 0.0)


def by_forecast(prize: float = 2400.0, nearby: float = 40.0, hours: float = 28.0) -> Policy:
    """Prizes by the probability of overflowing before the next shift; see :func:`urgency.worth`."""
    return lambda day: worth(day.level, NOISE, day.rates, day.grain, hours, prize, nearby)


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
        k = len(case.daily)
        ids = np.array([f"site {i}" for i in range(k)])
        streams = Streams(seed)
        self.keys = streams.keys("waste.bag", ids)
        self.noise_keys = streams.keys("waste.level noise", ids)
        self.wait = np.ones(k)
        self.count = np.zeros(k, dtype=np.int64)
        self.mass, self.total = np.zeros(k), np.zeros(k)
        self.bag = np.full(k, case.bag)
        self.grain = 1.5 * case.bag / case.capacity
        mean = np.full(k, float(case.daily.sum() / case.capacity.sum() / 24.0))
        self.rates = Rates.prior(mean)
        self.since = np.zeros(k)
        self.sector = sectors(case.points, case.daily, districts)
        self.seconds = [
            _within(case, np.flatnonzero(self.sector == number)) for number in range(districts)
        ]
        self.service = case.service_times()
        self.sums = np.zeros(7)

    def day(self, number: int, counts: bool) -> None:
        """Morning to morning: plan, fill, empty, fill."""
        from twin.core.random import normals

        noise = normals(self.noise_keys, number)
        level = np.maximum(self.mass / self.case.capacity + NOISE * noise, 0.0)
        before = self.total.sum()
        prize = self.policy(Day(level, self.rates, self.grain, number))
        chosen, driven, worked, routes, left = self._rounds(level, prize)
        self._fill(number, slice(7, 11))
        excess = np.maximum(self.mass[chosen] - self.case.capacity[chosen], 0.0).sum()
        fill = (self.mass[chosen] / self.case.capacity[chosen]).sum()
        self.rates.observe(chosen, level[chosen], self.since[chosen])
        self.rates.forget(24.0 * 60.0)
        self.since += 24.0
        self.since[chosen] = 20.0
        self.mass[chosen] = 0.0
        self._fill(number, slice(11, 24))
        self._fill(number + 1, slice(0, 7))
        if counts:
            came = self.total.sum() - before
            self.sums += (driven, worked, len(chosen), fill, excess, routes, left)
            self.came = getattr(self, "came", 0.0) + came

    def _fill(self, day: int, hours: slice) -> None:
        share = float(HOURS[hours].sum() / HOURS.sum() * WEEK[day % 7] / WEEK.mean())
        ones = np.ones(len(self.mass))
        deposit(
            self.case.daily * share, ones, self.bag, self.keys, self.wait, self.count, self.mass,
            self.total,
        )  # fmt: skip

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
        free = (case.shift - case.rest) * 3600.0
        litres = level * case.capacity[rows]
        return Task(
            seconds=seconds, mass=litres / 1000.0, volume=litres / 1000.0,
            service=self.service[rows], prize=prize, window=open_all_day(len(rows)),
            vehicles=[Vehicle(free, trucks, cost=0)], truck_mass=1e6,
            truck_volume=case.truck_volume / 1000.0, unloading=case.unloading,
        )  # fmt: skip

    def result(self, days: int) -> Season:
        """Means over the days that counted."""
        km, hours, visits, fill, excess, routes, left = self.sums.tolist()
        late = float(np.maximum(self.mass - self.case.capacity, 0.0).sum())
        return Season(
            km / days, hours / days, visits / days, fill / max(visits, 1.0),
            1.0 - (excess + late) / self.came, routes / days, left / days, self.came / days,
        )  # fmt: skip


def _within(case: Case, rows: Rows) -> npt.NDArray[np.float32]:
    """Driving times of one district; float32 (to 0.01 s) since a city's squares are large."""
    from dataclasses import replace

    part = replace(
        case, points=case.points[rows], containers=case.containers[rows],
        capacity=case.capacity[rows], daily=case.daily[rows],
    )  # fmt: skip
    return part.seconds().astype(np.float32)
