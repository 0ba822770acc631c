"""Cases for weeks or a year of collection: a city, how it fills, and what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from models.waste.kernels import deposit
from models.waste.task import Vehicle
from models.waste.urgency import Levels, Rates

if TYPE_CHECKING:
    from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 9, 9, 9, 9, 10, 11, 10, 8, 6, 4, 2, 1.0])
"""Weights of the hours of the day at which people bring waste."""
WEEK = np.array([1.05, 0.98, 0.96, 0.97, 1.0, 1.1, 0.94])
"""Weights of the days, Monday first."""
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

    def vehicles(self, trucks: int) -> list[Vehicle]:
        """What may be sent in a shift."""
        return [Vehicle((self.shift - self.rest) * 3600.0, trucks, cost=0)]

    def filling(self, streams: Streams) -> Filling:
        """How sites fill from now on, and what is seen of it."""
        return Bags(self, streams)


class Filling(Protocol):
    """How the sites of a case fill, and what is seen of it.

    Attributes
    ----------
    held : (k,) float64, l
        At each site.
    """

    held: Floats

    @property
    def brought(self) -> float:
        """Ever, l."""

    def fill(self, day: int, hours: slice) -> None:
        """Let what comes in some hours of a day come."""

    def see(self, day: int) -> Day:
        """What is known in the morning."""

    def empty(self, rows: Rows) -> None:
        """Some sites are emptied."""


def sensor_city(
    seed: int = 1, sites: int = 850, containers: int = 1120, trucks: int = 4, width: float = 1.0
) -> Case:
    """A city of any size with level sensors, its numbers like those of Groningen.

    Half of the sites lie in a dense core, the others in quarters and villages around; rates are
    log-normal. With a ``width`` of 1 the area is 18 by 16 km; 250 sites a day of 850 drive about
    250 km and are 48.9 % full.
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
        Expected, shares of the capacity.
    deviation : (k,) float64
        Of the level about it.
    rates
        Learnt so far.
    grain : (k,) float64
        See :func:`models.waste.urgency.growth`.
    number
        Of the day; 0 is a Monday.
    """

    level: Floats
    deviation: Floats
    rates: Rates
    grain: Floats
    number: int = 0


class Bags:
    """Bags of Gamma size (:func:`models.waste.kernels.deposit`), and a level sensor at each site.

    The rates are learnt from what is found at emptying, beginning with the same for all.
    """

    def __init__(self, case: Case, streams: Streams) -> None:
        k = len(case.daily)
        ids = np.array([f"site {i}" for i in range(k)])
        self.case = case
        self.keys = streams.keys("waste.bag", ids)
        self.noise_keys = streams.keys("waste.level noise", ids)
        self.wait, self.count = np.ones(k), np.zeros(k, dtype=np.int64)
        self.held, self.total = np.zeros(k), np.zeros(k)
        self.bag = np.full(k, case.bag)
        self.grain = 1.5 * case.bag / case.capacity
        self.rates = Rates.prior(np.full(k, case.daily.sum() / case.capacity.sum() / 24.0))
        self.levels = Levels.empty(k)
        self.since = np.zeros(k)

    @property
    def brought(self) -> float:
        """Ever, l."""
        return float(self.total.sum())

    def fill(self, day: int, hours: slice) -> None:
        """Let what comes in some hours of a day come."""
        share = float(HOURS[hours].sum() / HOURS.sum() * WEEK[day % 7] / WEEK.mean())
        deposit(
            self.case.daily * share, np.ones(len(self.held)), self.bag, self.keys, self.wait,
            self.count, self.held, self.total,
        )  # fmt: skip

    def see(self, day: int) -> Day:
        """Levels by the sensors' readings so far."""
        from twin.core.random import normals

        noise = normals(self.noise_keys, day)
        seen = np.maximum(self.held / self.case.capacity + NOISE * noise, 0.0)
        self.levels.read(np.arange(len(seen)), seen, NOISE)
        return Day(self.levels.mean, np.sqrt(self.levels.variance), self.rates, self.grain, day)

    def empty(self, rows: Rows) -> None:
        """Some sites are emptied, at eleven; the rates are learnt from their levels at seven."""
        self.rates.observe(rows, self.levels.mean[rows], self.since[rows])
        self.rates.forget(24.0 * 60.0)
        self.since += 24.0
        self.since[rows] = 20.0
        self.held[rows] = 0.0
        ahead = np.full(len(self.held), 24.0)
        self.levels.mean[rows] = self.levels.variance[rows] = 0.0
        ahead[rows] = 20.0
        self.levels.grow(ahead, self.rates, self.grain)
