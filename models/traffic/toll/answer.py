"""How drivers answer a price: another way, another time, or not by car.

Generalised cost with a value of time drawn for each driver; the elasticity of demand with respect
to it decides who gives up (q1 = q0 (c1 / c0) ** elasticity). Equations and sources are on the page
docs/models/traffic-tolls.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Rows
from models.traffic.parameters import TrafficParameters
from models.traffic.toll.tariff import CLASS, TRUCK, VAN, Tariff
from models.traffic.toll.ways import Tree, Ways, along
from twin.core.random import Keys, uniforms
from twin.core.time import Calendar, Tick, minutes

Bools = npt.NDArray[np.bool_]
PAYS, DIVERTS, SHIFTS, GIVES_UP, REPLACES = range(5)
LEVELS = 8
"""Levels to which the value of time is rounded, so that drivers share searches."""
STEP: Tick = minutes(5)
EARLY, LATE = 0.61, 2.4
"""Cost of a minute early and late over that of a minute's travel (Small 1982)."""
_NORMAL = (-1.534, -0.887, -0.489, -0.157, 0.157, 0.489, 0.887, 1.534)
"""Medians of the eighths of a standard normal distribution."""


@dataclass(frozen=True)
class Travellers:
    """Who is asked.

    Attributes
    ----------
    keys : (n,) uint64
        A key each for its draws.
    origin, goal : (n,) int64, edge row
    depart : (n,) float64, tick
    kind : (n,) int64
        Index into ``fleet.NAMES``.
    resident : (n,) bool
    ends : (n,) int64
        How many ends of the trip lie beyond the city's border, 0 to 2.
    enters : (n,) bool
        Whether the trip passes all of its first edge (it begins at its start, not at a kerb).
    elastic : (n,) bool
        Who may give up the trip here (citizens decide that themselves, by mode).
    earliest : (n,) float64, tick
        Before this nobody can be told any more.
    ways
        Rows of the edges of the way that a traveller takes without a price, by row; who has none
        takes the fastest.
    """

    keys: Keys
    origin: Rows
    goal: Rows
    depart: Floats
    kind: Rows
    resident: Bools
    ends: Rows
    enters: Bools
    elastic: Bools
    earliest: Floats
    ways: Mapping[int, Rows] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.origin)


@dataclass(frozen=True)
class Answers:
    """What each does.

    Attributes
    ----------
    choice : (n,) int64
        ``PAYS`` (also who meets no price), ``DIVERTS``, ``SHIFTS``, ``GIVES_UP``, or ``REPLACES``
        (has another vehicle, in a low-emission zone).
    depart : (n,) float64, tick
    burden : (n,) float64, s/EUR
        Seconds of travel that a euro of the car's price weighs; 0 for who need not pay.
    ways
        For who diverts: rows of the edges of the cheaper way, by row of the travellers.
    """

    choice: Rows
    depart: Floats
    burden: Floats
    ways: dict[int, list[int]]


class Drivers:
    """Asks drivers; the same driver gives the same answer to the same prices.

    Parameters
    ----------
    ways
        Searches on the network.
    length : (n_edges,) float64, m
    tariff, calendar, end
        What is charged, local time, last tick of the run.
    parameters
        Of the model: values of time, elasticities, costs.
    """

    def __init__(
        self,
        ways: Ways,
        length: Floats,
        tariff: Tariff,
        calendar: Calendar,
        end: Tick,
        parameters: TrafficParameters,
    ) -> None:
        self._ways, self._kilometres, self._tariff = ways, length / 1000.0, tariff
        self._p = parameters
        self._prices = tariff.timetable(calendar, end, STEP)
        self._trees: dict[tuple[int, float], Tree] = {}

    def values_of_time(self, travellers: Travellers) -> Floats:
        """EUR/s of each driver: log-normal about its class's median, in eighths; (n,) float64."""
        p = self._p
        kind = CLASS[travellers.kind]
        goods = (kind == VAN) | (kind == TRUCK)
        median = np.where(goods, p.value_of_time_goods, p.value_of_time) / 3600.0
        level = np.minimum(uniforms(travellers.keys, np.uint64(11)) * LEVELS, LEVELS - 1)
        spread = np.exp(p.value_spread * np.array(_NORMAL))[level.astype(np.int64)]
        found: Floats = median * spread
        return found

    def ask(self, travellers: Travellers, times: Floats) -> Answers:
        """What everybody does at travel times ``times``, (n_edges,) float64, s."""
        value = self.values_of_time(travellers)
        share = self._tariff.share(travellers.kind, travellers.resident)
        choice = np.full(len(travellers), PAYS, dtype=np.int64)
        depart = travellers.depart.copy()
        found: dict[int, list[int]] = {}
        draws = [uniforms(travellers.keys, np.uint64(use)) for use in (12, 14)]
        replaced = 0.0 if self._tariff.zone is None else self._tariff.zone.replaced
        self._trees.clear()
        for row in map(int, np.lexsort((share / value, travellers.origin))):
            one = self._one(travellers, row, times, float(value[row]), float(share[row]))
            if one is None:
                continue
            if draws[1][row] < replaced:
                choice[row] = REPLACES
                continue
            if travellers.elastic[row] and draws[0][row] >= one.stays:
                choice[row] = GIVES_UP
                continue
            choice[row], depart[row] = one.choice, one.depart
            if one.choice == DIVERTS:
                found[row] = one.way
        return Answers(choice, depart, share / value, found)

    def _one(
        self, travellers: Travellers, row: int, times: Floats, value: float, share: float
    ) -> _Answer | None:
        """The answer of one driver; None for who meets no price."""
        now = float(travellers.depart[row])
        price = self._price(now) * share
        origin, goal = int(travellers.origin[row]), int(travellers.goal[row])
        if price <= 0.0:
            return None
        way, time = self._usual(travellers, row, times)
        first = float(self._tariff.unit[origin]) if travellers.enters[row] else 0.0
        units = first + along(way, self._tariff.unit)
        if units == 0.0 or not np.isfinite(time):
            return None
        drive = value * time
        cheapest = self._tree(origin, times, price / value)
        around = cheapest.way(goal)
        options = [_Option(drive + price * units, PAYS, now)]
        if first + along(around, self._tariff.unit) < units:
            # Had the way around been faster, they would take it without a price.
            haste = max(0.0, time - along(around, times))
            less = value * (float(cheapest.cost[goal]) + haste) + price * first
            options.append(_Option(less, DIVERTS, now))
        options += self._shifts(travellers, row, value, share * units, drive)
        best = min(options)
        full = self._full(travellers, row, value, way, drive)
        stays = ((full + best.cost - drive) / full) ** self._elasticity(
            int(CLASS[travellers.kind[row]])
        )
        return _Answer(best.choice, best.depart, around, stays)

    def _usual(
        self, travellers: Travellers, row: int, times: Floats
    ) -> tuple[Rows | list[int], float]:
        """The way without a price, and its time, s."""
        given = travellers.ways.get(row)
        if given is not None:
            return given, along(given, times)
        fastest, goal = self._tree(int(travellers.origin[row]), times, 0.0), travellers.goal[row]
        return fastest.way(int(goal)), float(fastest.cost[goal])

    def _tree(self, origin: int, times: Floats, pace: float) -> Tree:
        """Cheapest ways when a unit of the tariff weighs ``pace`` s."""
        key = (origin, round(pace, 3))
        if key not in self._trees:
            if len(self._trees) > 64:
                self._trees.clear()
            self._trees[key] = self._ways.tree(origin, times + pace * self._tariff.unit)
        return self._trees[key]

    def _price(self, moment: float) -> float:
        """Price of a unit for a car, EUR."""
        return float(self._prices[min(len(self._prices) - 1, max(0, int(moment // STEP)))])

    def _elasticity(self, kind: int) -> float:
        return self._p.elasticity_goods if kind in (VAN, TRUCK) else self._p.elasticity

    def _full(
        self, travellers: Travellers, row: int, value: float, way: Rows | list[int], drive: float
    ) -> float:
        """Generalised cost of the whole trip without the toll, also beyond the border, EUR."""
        p, ends = self._p, int(travellers.ends[row])
        kilometres = along(way, self._kilometres) + ends * p.beyond_distance
        return drive + value * ends * p.beyond_time * 60.0 + p.running_cost * kilometres

    def _shifts(
        self, travellers: Travellers, row: int, value: float, units: float, drive: float
    ) -> list[_Option]:
        """Departures within an hour at which the price is lower."""
        now, found = float(travellers.depart[row]), []
        within = float(uniforms(travellers.keys[[row]], np.uint64(13))[0]) * STEP
        for steps in range(-12, 13):
            start = (now // STEP + steps) * STEP
            then = start + within
            if then < travellers.earliest[row] or self._price(then) >= self._price(now):
                continue
            late = (then - now) / 1000.0 * value
            delay = LATE * late if late > 0.0 else -EARLY * late
            found.append(_Option(drive + self._price(then) * units + delay, SHIFTS, then))
        return found


class _Option(NamedTuple):
    """Sorts by cost, EUR, then by how little it changes."""

    cost: float
    choice: int
    depart: float


class _Answer(NamedTuple):
    choice: int
    depart: float
    way: list[int]
    stays: float
    """Probability of making the trip at all."""
