"""A season on a city's streets: its districts, each with the ways between its sites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.waste.case import Case, Day
from models.waste.season import Policy, Season, simulate
from models.waste.task import LEAVE_OUT

if TYPE_CHECKING:
    from models.waste.network import Legs, Network
    from models.waste.roads import Roads

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StreetCase(Case):
    """Sites on the streets of a city; :attr:`speed` and :attr:`detour` do not count.

    Attributes
    ----------
    travel, way : (k + 2, k + 2) float32, s and m
        Driving times and lengths of the fastest ways between depot, disposal and sites. The way
        home from the disposal is part of leaving the depot.
    weekdays : (k,) int64
        Days on which each site is emptied by the calendar, as bits, Monday the lowest.
    """

    travel: Legs
    way: Legs
    weekdays: Rows

    def seconds(self) -> Floats:
        """Driving times between depot, disposal and sites; (k + 2, k + 2), s."""
        return self.travel.astype(np.float64)

    def kilometres(self, places: Rows, seconds: float) -> float:
        """Length of a way over places, rows of :meth:`seconds`."""
        return float(self.way[places[:-1], places[1:]].sum(dtype=np.float64)) / 1000.0


Choice = Callable[[StreetCase], Policy]
"""Makes the policy of a district; a function of a module, so that other processes find it."""


def fixed_rounds(case: StreetCase) -> Policy:
    """Empty each site on its days."""

    def choose(day: Day) -> Floats:
        due = (case.weekdays >> (day.number % 7)) & 1 == 1
        return np.where(due, LEAVE_OUT, 0.0)

    return choose


def on_streets(
    case: Case, weekdays: Rows, network: Network, roads: Roads, districts: int
) -> list[StreetCase]:
    """Put the sites and the depot of a case on the nearest streets, and part it into districts.

    Parameters
    ----------
    case
        Its points are in the city's metres.
    weekdays : (k,) int64
        See :class:`StreetCase`.
    network
        The streets; ways are the fastest ones now.
    roads
        Those that trucks can reach and leave again.
    districts
        How many; each has its share of the trucks, at least one.
    """
    edges, offsets = roads.nearest(np.vstack((case.depot, case.points)))
    district = compact(case.points, case.daily, districts)
    found = []
    for number in range(districts):
        rows = np.flatnonzero(district == number)
        at = np.concatenate(([0, 0], rows + 1))
        seconds, metres = network.legs(edges[at], offsets[at])
        for legs in (seconds, metres):
            legs[0] += legs[1, 0]
            np.fill_diagonal(legs, 0.0)
        whole = {field.name: getattr(case, field.name) for field in fields(Case)}
        sites = {name: whole[name][rows] for name in ("points", "containers", "capacity", "daily")}
        whole |= sites | {"trucks": max(1, round(case.trucks / districts))}
        found.append(StreetCase(**whole, travel=seconds, way=metres, weekdays=weekdays[rows]))
    return found


def simulate_districts(
    cases: Sequence[StreetCase],
    choice: Choice,
    days: int,
    *,
    warm: int = 14,
    seed: int = 1,
    iterations: int = 30,
    processes: int = 1,
) -> Season:
    """Live some days in every district of a city, each planned by itself, and add them up.

    Parameters
    ----------
    choice
        Makes the policy of each district.
    days, warm
        Days that count, and days before that do not.
    seed
        Of the first district; the others count on.
    iterations
        Of the search, for each district and day.
    processes
        How many work at the same time. The result does not depend on it.
    """
    live = partial(_live, choice, days, warm, iterations)
    work = [(case, seed + number) for number, case in enumerate(cases)]
    if processes == 1:
        return total([live(item) for item in work])
    from multiprocessing import get_context

    with get_context("spawn").Pool(processes) as pool:
        return total(list(pool.imap(live, work)))


def _live(
    choice: Choice, days: int, warm: int, iterations: int, work: tuple[StreetCase, int]
) -> Season:
    case, seed = work
    return simulate(case, choice(case), days, warm=warm, seed=seed, iterations=iterations)


def total(seasons: Sequence[Season]) -> Season:
    """Seasons of districts as one: sums, and means by visit and by waste."""
    sums = {
        name: sum(getattr(season, name) for season in seasons)
        for name in ("km", "hours", "visits", "routes", "unvisited", "came")
    }
    visits = max(sums["visits"], 1.0)
    fill = sum(s.fill * s.visits for s in seasons) / visits
    late = sum((1.0 - s.service) * s.visits for s in seasons)
    lost = sum((1.0 - s.room) * s.came for s in seasons)
    return Season(**sums, fill=fill, service=1.0 - late / visits, room=1.0 - lost / sums["came"])


def compact(points: Floats, weight: Floats, count: int) -> Rows:
    """District 0..count-1 of each point: about equal in weight, and as wide as long.

    The points are cut across their longer side, so that both sides have weight in proportion to
    their number of districts, and each side again (recursive bisection, Berger & Bokhari 1987).

    Parameters
    ----------
    points : (k, 2) float64, m
        At least one for each district.
    weight : (k,) float64
        What the districts are to share evenly.
    count
        How many.
    """
    found = np.zeros(len(points), dtype=np.int64)
    parts = [(np.arange(len(points)), 0, count)]
    while parts:
        rows, first, number = parts.pop()
        found[rows] = first
        if number < 2:
            continue
        left = number // 2
        x = points[rows]
        axis = int(np.argmax(np.ptp(x, axis=0)))
        order = rows[np.lexsort((rows, x[:, axis]))]
        before = np.cumsum(weight[order]) - weight[order] / 2.0
        cut = int(np.searchsorted(before, before[-1] * left / number))
        cut = min(max(cut, left), len(rows) - (number - left))
        parts += [(order[:cut], first, left), (order[cut:], first + left, number - left)]
    return found
