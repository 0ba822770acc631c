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

from models.traffic.engine import Floats, Rows
from models.traffic.parameters import TrafficParameters
from models.traffic.time_costs import hourly
from models.traffic.toll.tariff import CLASS, TRUCK, VAN, Bools, Charges, Prices, Rates, Units
from models.traffic.toll.ways import Tree, Ways, along
from twin.core.random import Keys, uniforms
from twin.core.time import Calendar, Tick, minutes

PAYS, DIVERTS, SHIFTS, GIVES_UP = range(4)
LEVELS = 8
"""Levels to which the value of time is rounded, so that drivers share searches."""
STEP: Tick = minutes(5)
FREE = Rates(0.0, 0.0)
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
        ``PAYS`` (also who meets no price), ``DIVERTS``, ``SHIFTS`` or ``GIVES_UP``.
    depart : (n,) float64, tick
    kind : (n,) int64
        What they drive: another vehicle than before for who has replaced one that a zone bans.
    lost : (n,) float64, EUR
        Of trips at another time, what the wrong time costs; of trips given up, what the trip was
        worth: the time and the kilometres that it would have taken in the city, by the values of
        the account, and half of what the price would have added (the rule of a half).
    ways
        For who diverts: rows of the edges of the cheaper way, by row of the travellers.
    """

    choice: Rows
    depart: Floats
    kind: Rows
    lost: Floats
    ways: dict[int, list[int]]


class Drivers:
    """Asks drivers; the same driver gives the same answer to the same prices.

    Parameters
    ----------
    ways
        Searches on the network.
    length : (n_edges,) float64, m
    prices, calendar, end
        What is charged, local time, last tick of the run.
    parameters
        Of the model: values of time, elasticities, costs.
    """

    def __init__(
        self,
        ways: Ways,
        length: Floats,
        prices: Prices,
        calendar: Calendar,
        end: Tick,
        parameters: TrafficParameters,
    ) -> None:
        self._ways, self._kilometres, self._prices = ways, length / 1000.0, prices
        self._p = parameters
        self._charges = Charges(prices, calendar, end, STEP)
        self._trees: dict[tuple[int, float, float], Tree] = {}

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
        before = np.column_stack(self._prices.shares(travellers.kind, travellers.resident))
        renewed = self.owned(travellers.keys, travellers.kind)
        after = np.column_stack(self._prices.shares(renewed, travellers.resident))
        choice = np.full(len(travellers), PAYS, dtype=np.int64)
        depart, kind = travellers.depart.copy(), travellers.kind.copy()
        lost, found = np.zeros(len(travellers)), dict[int, list[int]]()
        draws = uniforms(travellers.keys, np.uint64(12))
        self._trees.clear()
        for row in map(int, np.lexsort((before[:, 0] / value, travellers.origin))):
            one = self._one(travellers, row, times, float(value[row]), _pair(before[row]))
            if one is not None and one.banned and renewed[row] != kind[row]:
                kind[row] = renewed[row]
                one = self._one(travellers, row, times, float(value[row]), _pair(after[row]))
            if one is None:
                continue
            if travellers.elastic[row] and draws[row] >= one.stays:
                choice[row], lost[row] = GIVES_UP, one.worth
                continue
            choice[row], depart[row], lost[row] = one.choice, one.depart, one.delay
            if one.choice == DIVERTS:
                found[row] = one.way
        return Answers(choice, depart, kind, lost, found)

    def owned(self, keys: Keys, kind: Rows) -> Rows:
        """Vehicles after a zone made some owners replace theirs, if they enter it; (n,) int64."""
        return self._prices.replaced(kind, uniforms(keys, np.uint64(14)))

    def _one(
        self,
        travellers: Travellers,
        row: int,
        times: Floats,
        value: float,
        shares: tuple[float, float],
    ) -> _Answer | None:
        """The answer of one driver; None for who meets no price."""
        charges, now = self._charges, float(travellers.depart[row])
        rates = charges.rates(now, shares)
        if rates == (0.0, 0.0):
            return None
        origin, goal = int(travellers.origin[row]), int(travellers.goal[row])
        way, time = self._usual(travellers, row, times)
        enters = bool(travellers.enters[row])
        units = charges.units(way if enters else way[1:])
        toll = charges.cost(units, rates)
        if toll == 0.0 or not np.isfinite(time):
            return None
        drive = value * time
        cheapest = self._tree(origin, times, rates, value)
        around = cheapest.way(goal)
        options = [_Option(drive + toll, PAYS, now)]
        least = charges.cost(charges.units(around if enters else around[1:]), rates)
        if least < toll:
            # Had the way around been faster, they would take it without a price.
            less = value * max(time, along(around, times)) + least
            options.append(_Option(less, DIVERTS, now))
        options += self._shifts(travellers, row, value, shares, _Usual(units, toll, drive))
        best = min(options)
        full = self._full(travellers, row, value, way, drive)
        stays = ((full + best.cost - drive) / full) ** self._elasticity(
            int(CLASS[travellers.kind[row]])
        )
        banned = rates.fine > 0.0 and units.zone > 0.0
        worth = self._resources(int(travellers.kind[row]), way, time) + 0.5 * (best.cost - drive)
        return _Answer(best.choice, best.depart, around, stays, banned, best.delay, worth)

    def _resources(self, kind: int, way: Rows | list[int], time: float) -> float:
        """What the account has for driving a way, EUR: the time, and the fuel about."""
        driven = self._p.running_cost * along(way, self._kilometres)
        return hourly(kind, self._p) * time / 3600.0 + driven

    def _usual(
        self, travellers: Travellers, row: int, times: Floats
    ) -> tuple[Rows | list[int], float]:
        """The way without a price, and its time, s."""
        given = travellers.ways.get(row)
        if given is not None:
            return given, along(given, times)
        goal = int(travellers.goal[row])
        fastest = self._tree(int(travellers.origin[row]), times, FREE, 1.0)
        return fastest.way(goal), float(fastest.cost[goal])

    def _tree(self, origin: int, times: Floats, rates: Rates, value: float) -> Tree:
        """Cheapest ways when an hour is worth ``value``, EUR/s."""
        paces = Rates(rates.toll / value, rates.fine / value)
        key = (origin, round(paces.toll, 3), round(paces.fine, 3))
        if key not in self._trees:
            if len(self._trees) > 64:
                self._trees.clear()
            money = self._charges.everywhere(paces) if any(paces) else 0.0
            self._trees[key] = self._ways.tree(origin, times + money)
        return self._trees[key]

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
        self,
        travellers: Travellers,
        row: int,
        value: float,
        shares: tuple[float, float],
        usual: _Usual,
    ) -> list[_Option]:
        """Departures within an hour at which the usual way costs less."""
        now, found = float(travellers.depart[row]), []
        within = float(uniforms(travellers.keys[[row]], np.uint64(13))[0]) * STEP
        for steps in range(-12, 13):
            start = (now // STEP + steps) * STEP
            then = start + within
            toll = self._charges.cost(usual.units, self._charges.rates(then, shares))
            if then < travellers.earliest[row] or toll >= usual.toll:
                continue
            late = (then - now) / 1000.0 * value
            delay = LATE * late if late > 0.0 else -EARLY * late
            found.append(_Option(usual.drive + toll + delay, SHIFTS, then, delay))
        return found


def _pair(shares: Floats) -> tuple[float, float]:
    return float(shares[0]), float(shares[1])


class _Usual(NamedTuple):
    """The way without a price: what it has to pay for, how much, EUR, and its time, EUR."""

    units: Units
    toll: float
    drive: float


class _Option(NamedTuple):
    """Sorts by cost, EUR, then by how little it changes."""

    cost: float
    choice: int
    depart: float
    delay: float = 0.0
    """Of this, what the wrong time costs."""


class _Answer(NamedTuple):
    choice: int
    depart: float
    way: list[int]
    stays: float
    """Probability of making the trip at all."""
    banned: bool
    """Whether the way without a price breaks the ban of a zone."""
    delay: float
    """What the wrong time costs, EUR."""
    worth: float
    """What the trip is worth to who does not make it, EUR."""
