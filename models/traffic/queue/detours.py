"""Buses whose way a closure cuts: around it, and on to the stops that are left."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.queue.arrays import DRIVING, NONE, Ints
from models.traffic.queue.calls import BusCalls
from models.traffic.queue.simulation import Queues


class BusDetours:
    """Leads vehicles with stops around closed links.

    Parameters
    ----------
    calls
        Learns where the stops of a vehicle are that was led around.
    """

    def __init__(self, queues: Queues, calls: BusCalls) -> None:
        self._queues, self._calls = queues, calls

    def lead(self, rows: Ints) -> npt.NDArray[np.bool_]:
        """Give vehicles new fixed routes; which of them have one, (n,) bool.

        Those have none that have no stop ahead, or whom no way leads to any stop nor to their goal.
        Stops in closed links, and those that no way leads to, are passed by.
        """
        led = np.zeros(len(rows), dtype=np.bool_)
        stops = self._queues.state.vehicles["stop"][rows]
        if not (stops >= 0).any():
            return led
        graph = self._open()
        for k in np.flatnonzero(stops >= 0).tolist():
            led[k] = self._lead(graph, int(rows[k]))
        return led

    def _open(self) -> Any:
        """Time to enter and pass each link from each other; sparse (n_links, n_links), s."""
        from scipy.sparse import csr_array

        layout, links = self._queues.layout, self._queues.state.links
        pairs = np.stack([layout.start, layout.end], axis=1)
        pairs = np.unique(pairs[links["closed"][layout.end] == 0], axis=0)
        times = links["free_time"][pairs[:, 1]]
        shape = (layout.links, layout.links)
        return csr_array((times, (pairs[:, 0], pairs[:, 1])), shape=shape)

    def _lead(self, graph: Any, row: int) -> bool:
        state = self._queues.state
        vehicle = state.vehicles[row]
        way = [int(vehicle["at"])]
        if vehicle["state"] == DRIVING and vehicle["movement"] >= 0:
            following = int(state.movements["to"][vehicle["movement"]])
            if not state.links["closed"][following]:
                way.append(following)
        served, place = [], int(vehicle["stop"])
        while state.stops["link"][place] >= 0:
            link = int(state.stops["link"][place])
            leg = None if state.links["closed"][link] else _way(graph, way[-1], link)
            if leg is not None:
                way += leg
                served.append(place)
            place += 1
        leg = _way(graph, way[-1], int(state.routes[vehicle["last"]]))
        if leg is None and not served:
            return False
        way += leg or []
        self._give(row, way, served)
        return True

    def _give(self, row: int, way: list[int], served: list[int]) -> None:
        queues = self._queues
        old = queues.state.stops
        stated = [
            tuple(float(old[name][k]) for name in ("link", "time", "until", "place"))
            for k in served
        ]
        first = int(queues.add_stops([stated])[0]) if served else NONE
        begin, end = queues.add_routes([np.array(way, dtype=np.int32)])
        vehicle = queues.state.vehicles[row]
        vehicle["position"], vehicle["last"], vehicle["stop"] = begin[0], end[0], first
        if served:
            self._calls.moved(row, served, first)


def _way(graph: Any, source: int, goal: int) -> list[int] | None:
    """The quickest way without its first link; None where there is none."""
    from scipy.sparse.csgraph import dijkstra

    time, before = dijkstra(graph, indices=source, return_predecessors=True)
    if not np.isfinite(time[goal]):
        return None
    way: list[int] = []
    while goal != source:
        way.append(goal)
        goal = int(before[goal])
    return way[::-1]
