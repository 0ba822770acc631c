"""Vehicles in search of a bay: the legs of the event port ``parking.cruise`` as vehicles."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.arrivals import CRUISE
from models.traffic.engine import Vehicles, Ways
from models.traffic.fleet import Mix
from models.traffic.kernels import Floats
from models.traffic.network import Network
from twin.core.port import Port
from twin.core.random import Streams
from twin.core.state import Batch

PORT = Port(
    "parking.cruise",
    "edge",
    "veh",
    "event",
    delayed=True,
    fields=("depart", "vehicle", "order", "edge", "key", "speed"),
)


Way = npt.NDArray[np.signedinteger[Any]]


class Legs:
    """The ways of a demand, where it has some, and those that searching drivers add.

    Parameters
    ----------
    fixed, count
        Ways that are there from the start, and how many.
    """

    def __init__(self, fixed: Ways | None = None, count: int = 0) -> None:
        self._fixed, self._count = fixed, count
        self._added: list[Way] = []

    def way(self, number: int, /) -> Way:
        """Edge rows of a way, in the order in which they are passed."""
        if number < self._count and self._fixed is not None:
            return self._fixed.way(number)
        return self._added[number - self._count]

    def add(self, way: Way) -> int:
        """Add a way; its number."""
        self._added.append(way)
        return self._count + len(self._added) - 1


class Cruising:
    """Makes vehicles of the legs that searching drivers want to drive."""

    def __init__(
        self,
        legs: Legs,
        network: Network,
        length: Floats,
        limit: Floats,
        streams: Streams,
        mix: Mix,
    ) -> None:
        self._legs, self._network, self._length, self._limit = legs, network, length, limit
        self._streams, self._mix = streams, mix
        self._number: dict[int, int] = {}

    def vehicles(self, records: Batch, now: float) -> Vehicles:
        """The vehicles of the legs, in the order of departure, then name.

        A leg from street to street keeps to its edges; one to a known block is led there by the
        travel times of the moment.
        """
        first = np.flatnonzero(records["order"] < 0.5)
        last = np.append(first[1:], len(records["order"]))[: len(first)]
        edges = records["edge"].astype(np.int64)
        names, ways, goals = [], [], []
        for begin, end in zip(first, last, strict=True):
            driver = int(records["vehicle"][begin])
            number = self._number[driver] = self._number.get(driver, -1) + 1
            names.append(f"{CRUISE}{driver}.{number}")
            way = edges[begin:end]
            ways.append(self._legs.add(way) if self._joined(way) else -1)
            goals.append(int(way[-1]))
        origin = edges[first]
        drivers = np.array([f"p.{records['vehicle'][k]:.0f}" for k in first], dtype=np.str_)
        vehicles = Vehicles(
            names=np.array(names, dtype=np.str_),
            depart=np.maximum(records["depart"][first], now),
            kind=self._mix.kinds(self._streams.keys("traffic.driver", drivers), goods=False),
            origin=origin,
            goal=np.array(goals, dtype=np.int64),
            place=np.maximum(0.0, self._length[origin] - 5.0),
            factor=np.clip(records["speed"][first] / self._limit[origin], 0.2, 1.0),
            way=np.array(ways, dtype=np.int64),
            burden=np.zeros(len(first)),
            fined=np.zeros(len(first)),
        )
        order = np.lexsort((vehicles.names, vehicles.depart))
        return Vehicles(**{key: column[order] for key, column in vars(vehicles).items()})

    def _joined(self, way: npt.NDArray[np.int64]) -> bool:
        """Whether each edge of a way follows the one before it."""
        graph = self._network.graph
        return all(graph[a, b] > 0.0 for a, b in pairwise(way))
