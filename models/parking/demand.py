"""Who comes to park: vehicles that the traffic brought, citizens' car trips, or a day's profile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.parking.columns import Flags, Floats, Ground, Keys, Rows
from models.parking.parameters import ParkingParameters
from twin.city.city import City
from twin.core.random import Streams, normals, poissons, uniforms
from twin.core.state import Batch
from twin.core.time import Tick

ARRIVALS = (
    *(0.05, 0.03, 0.02, 0.02, 0.03, 0.08, 0.25, 0.55, 0.85, 0.95, 1.00, 1.00),
    *(1.00, 0.95, 0.90, 0.85, 0.85, 0.90, 0.85, 0.65, 0.45, 0.30, 0.20, 0.10),
)
"""Arrivals by local hour relative to the busiest: the plateau of a shopping and office district."""
APPROACH = 7.0
"""Speed of a trip whose traffic nobody models, along 1.3 times the straight line, m/s."""


class Comers(NamedTuple):
    """People who reach a destination and want a bay; (k,) each."""

    moment: Floats
    """s since the start of the run."""
    goal: Rows
    person: npt.NDArray[np.int64]
    key: Keys
    stay: Floats
    """Intended stay, s."""
    resident: Flags


class Demand:
    """Makes comers of what the ports bring.

    Parameters
    ----------
    leaves : (n_edges,) bool
        Edges that lead out of the city: who goes there does not park.
    enters : (n_edges,) bool
        Edges that lead into it: nobody lives there.
    pull : (n_edges,) float64
        Bays of each edge times the log-normal factor of its street: how many wish to park there.
    """

    def __init__(self, city: City, ground: Ground, streams: Streams, p: ParkingParameters) -> None:
        self._ground, self._streams, self._p = ground, streams, p
        self._edges = city["edge"].ids
        self.leaves, self.enters = _gates(city)
        # Where the network was cut: nobody could look on from there, or come home to it.
        self.leaves |= ~ground.returns
        self.enters |= ~ground.reached
        self._home: dict[int, int] = {}
        self._pending: list[Comers] = []
        self._profile_keys = streams.keys("parking.profile", self._edges)
        pull = np.exp(p.spread * normals(streams.keys("parking.pull", self._edges), np.uint64(0)))
        self.pull: Floats = (
            pull / np.exp(p.spread**2 / 2.0) * ground.bays / np.maximum(1.0, _shared(ground))
        )

    # -- citizens ------------------------------------------------------------------------------

    def remember_homes(self, trips: Batch) -> None:
        """The first trip of a person starts at home, unless it comes from outside."""
        for person, origin in zip(
            trips["person"].astype(int), trips["origin"].astype(int), strict=True
        ):
            self._home.setdefault(person, -1 if self.enters[origin] else origin)

    def from_trips(self, trips: Batch) -> None:
        """Citizens on their way whose traffic nobody models: they come when they usually would."""
        origin, goal = trips["origin"].astype(np.int64), trips["destination"].astype(np.int64)
        g = self._ground
        way = 1.3 * np.hypot(g.x[origin] - g.x[goal], g.y[origin] - g.y[goal])
        moment = trips["depart"] / 1000.0 + way / APPROACH
        self._add(moment, goal, trips["person"], trips["depart"])

    def from_arrivals(self, arrivals: Batch) -> None:
        """Vehicles whose trips the traffic has ended."""
        trips = arrivals["cruise"] < 0.5
        self._add(
            arrivals["time"][trips] / 1000.0,
            arrivals["edge"][trips].astype(np.int64),
            arrivals["person"][trips],
            arrivals["vehicle"][trips],
        )

    def from_profile(self, now: Tick, elapsed: float, hour: int, counter: int) -> None:
        """People whom nobody models: a Poisson stream by edge with the day's profile."""
        mean = self.pull * (self._p.turnover * ARRIVALS[hour] * elapsed / 3600.0)
        counts = poissons(self._profile_keys, np.uint64(counter), mean)
        goal = np.repeat(np.arange(len(counts)), counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        number = (np.arange(len(goal)) - first + 1000 * counter).astype(np.float64)
        draws = uniforms(self._streams.keys("parking.moment", _names(goal, number)), np.uint64(0))
        self._add(now / 1000.0 - elapsed * draws, goal, -1.0 - goal, number, private=0.0)

    def _add(
        self,
        moment: Floats,
        goal: npt.NDArray[np.integer],
        person: npt.NDArray[np.floating],
        number: Floats,
        private: float | None = None,
    ) -> None:
        """Queue those who want a public bay; ``private`` have their own, or the usual share."""
        if not len(moment):
            return
        keys = self._streams.keys("parking.driver", _names(person, number))
        owner = self._streams.keys(
            "parking.private", _names(person, np.where(person < 0, number, 0))
        )
        people = person.astype(np.int64)
        home = np.array([self._home.get(int(who), -1) for who in people])
        p = self._p
        stay = 60.0 * p.stay * np.exp(p.stay_sigma * normals(keys, np.uint64(7)))
        share = p.private if private is None else private
        wants = ~self.leaves[goal] & (uniforms(owner, np.uint64(0)) >= share)
        comers = Comers(moment, goal.astype(np.int32), people, keys, stay, home == goal)
        self._pending.append(_some(comers, np.flatnonzero(wants)))

    def until(self, now: float) -> Comers:
        """Those who come by now, in the order of their moments; they are queued no more."""
        every = _joined(self._pending)
        due = every.moment <= now
        order = np.flatnonzero(due)
        order = order[np.lexsort((every.key[order], every.moment[order]))]
        self._pending = [_some(every, np.flatnonzero(~due))]
        return _some(every, order)


def _names(first: npt.NDArray[np.floating | np.integer], second: Floats) -> npt.NDArray[np.str_]:
    return np.array([f"{a:.0f}.{b:.0f}" for a, b in zip(first, second, strict=True)], dtype=np.str_)


def _some(comers: Comers, rows: npt.NDArray[np.integer]) -> Comers:
    return Comers(*(column[rows] for column in comers))


def _joined(parts: list[Comers]) -> Comers:
    empty = Comers(
        np.empty(0), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.uint64),
        np.empty(0), np.empty(0, np.bool_),
    )  # fmt: skip
    return Comers(*(np.concatenate(columns) for columns in zip(empty, *parts, strict=True)))


def _shared(ground: Ground) -> Floats:
    """How many edges see the blocks of an edge, mean: a street of two directions counts once."""
    edges = np.repeat(np.arange(len(ground.length)), np.diff(ground.seen_start))
    seen_by = np.bincount(ground.seen, minlength=len(ground.capacity))
    many = np.bincount(edges, seen_by[ground.seen], len(ground.length))
    found: Floats = many / np.maximum(1, np.diff(ground.seen_start))
    return found


def _gates(city: City) -> tuple[Flags, Flags]:
    """Edges that lead out of the city, and into it."""
    leaves, enters = (np.zeros(len(city["edge"]), np.bool_) for _ in range(2))
    if "gateway" in city and len(city["gateway"]):
        gate = city["gateway"]
        inward = np.asarray(gate["inward"], dtype=np.bool_)
        leaves[gate["edge"][~inward]] = True
        enters[gate["edge"][inward]] = True
    return leaves, enters
