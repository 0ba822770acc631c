"""Trips on their way to SUMO: kept until they depart, then added as vehicles."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Vehicles
from models.traffic.fleet import Mix, speed_factors
from models.traffic.kernels import Floats
from models.traffic.network import Network
from twin.core.random import Streams, uniforms
from twin.core.time import Tick


@dataclass(frozen=True)
class Trips:
    """Trips to be made by car.

    Attributes
    ----------
    names : (n,) str
        A name each, the same in every run of the city.
    depart : (n,) float64, tick
    origin, goal : (n,) int, edge rows
    inside
        Whether they begin at a kerb in the city, or at its border.
    way : (n,) int64
        Row among the ways of the demand; -1, or no column, where the engine is to find one.
    owners : (n,) str
        Of citizens' trips, whose car it is: it is the same on all their trips. No column for
        others, whose vehicles live for one trip.
    """

    names: npt.NDArray[np.str_]
    depart: Floats
    origin: npt.NDArray[np.int64]
    goal: npt.NDArray[np.int64]
    inside: bool
    way: npt.NDArray[np.int64] | None = None
    owners: npt.NDArray[np.str_] | None = None

    def select(self, rows: npt.NDArray[Any]) -> Trips:
        """Some of the trips."""
        way = None if self.way is None else self.way[rows]
        return Trips(
            self.names[rows],
            self.depart[rows],
            self.origin[rows],
            self.goal[rows],
            self.inside,
            way,
            None if self.owners is None else self.owners[rows],
        )


_NONE = Trips(
    np.empty(0, dtype="<U1"),
    np.empty(0),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
    inside=True,
)


class Departures:
    """The queue of trips before they depart.

    Attributes
    ----------
    unreachable
        Trips between edges that no way joins, or that a closure cut off; left out.
    """

    def __init__(self, length: Floats, network: Network, streams: Streams, mix: Mix) -> None:
        self._length, self._network = length, network
        self._streams, self._mix = streams, mix
        self._waiting: list[Trips] = []
        self.unreachable = 0

    def take(self, trips: Trips) -> None:
        """Queue trips; those without a way are counted and left out."""
        moves = trips.origin != trips.goal
        ways = self._network.starts[trips.origin] & self._network.ends[trips.goal]
        self.unreachable += int(np.count_nonzero(moves & ~ways))
        kept = np.flatnonzero(moves & ways)
        if len(kept):
            self._waiting.append(trips.select(kept))

    def due(self, until: Tick, closed: npt.NDArray[np.bool_]) -> Vehicles:
        """The vehicles of all trips that depart before ``until``.

        By departure, then name, so that every run adds them in the same order. Who would depart
        from a closed edge, or to one, waits until it opens.
        """
        due = [self._describe(_NONE)]
        left: list[Trips] = []
        for trips in self._waiting:
            now = (trips.depart < until) & ~closed[trips.origin] & ~closed[trips.goal]
            due.append(self._describe(trips.select(np.flatnonzero(now))))
            if not now.all():
                left.append(trips.select(np.flatnonzero(~now)))
        self._waiting = left
        return in_order(due)

    def held(self, until: Tick) -> int:
        """Trips that wait for an edge to open."""
        return sum(int(np.count_nonzero(trips.depart < until)) for trips in self._waiting)

    def _describe(self, trips: Trips) -> Vehicles:
        keys = self._streams.keys("traffic.driver", trips.names)
        room = np.maximum(0.0, self._length[trips.origin] - 5.0)
        places = uniforms(keys, np.uint64(2)) * room if trips.inside else np.full(len(keys), np.nan)
        return Vehicles(
            names=trips.names,
            depart=trips.depart,
            kind=self.kinds(trips),
            origin=trips.origin,
            goal=trips.goal,
            place=places,
            factor=speed_factors(keys),
            way=np.full(len(keys), -1) if trips.way is None else trips.way,
            burden=np.zeros(len(keys)),
            fined=np.zeros(len(keys)),
        )

    def kinds(self, trips: Trips) -> npt.NDArray[np.int64]:
        """Index into ``fleet.NAMES`` of the vehicle of each trip; (n,) int64."""
        owners = trips.names if trips.owners is None else trips.owners
        keys = self._streams.keys("traffic.driver", owners)
        return self._mix.kinds(keys, goods=not trips.inside)


def citizen(persons: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Names by which the cars of citizens, and what they think of prices, are drawn; (n,)."""
    return np.array([f"c.{person:.0f}" for person in persons], dtype=np.str_)


def in_order(groups: list[Vehicles]) -> Vehicles:
    """All vehicles of some groups, by departure, then name."""
    joined: dict[str, npt.NDArray[Any]] = {
        field.name: np.concatenate([getattr(group, field.name) for group in groups])
        for field in fields(Vehicles)
    }
    order = np.lexsort((joined["names"], joined["depart"]))
    return Vehicles(**{name: column[order] for name, column in joined.items()})
