"""Buses around a closure: to the stops that can still be reached, past those that cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

Route = list[str]


class BusDetours:
    """Finds ways for vehicles with stops.

    SUMO keeps every stop of a vehicle that it leads anew: where no way leads to one, it goes on
    with a route that has a gap, before which the vehicle waits until it is moved out of the way.

    Parameters
    ----------
    api
        SUMO.
    """

    def __init__(self, api: Any) -> None:
        self._api = api
        self._after: dict[str, set[str]] = {}

    def gap(self, route: Sequence[str]) -> bool:
        """Whether some edge of a route does not follow the one before it."""
        return any(b not in self._successors(a) for a, b in pairwise(route))

    def _successors(self, edge: str) -> set[str]:
        if edge not in self._after:
            lane = self._api.lane
            lanes = range(self._api.edge.getLaneNumber(edge))
            links = [link for k in lanes for link in lane.getLinks(f"{edge}_{k}")]
            self._after[edge] = {link[0].rpartition("_")[0] for link in links}
        return self._after[edge]

    def lead(self, vehicle: str, left: Route, shut: Callable[[Route], bool]) -> bool:
        """Give a vehicle with stops a way to those that can be reached, and to its goal.

        Parameters
        ----------
        left
            Its present route from the edge on which it is.
        shut
            Whether a route uses a closed edge.

        Returns
        -------
        bool
            Whether a way leads to a stop or to the goal.
        """
        drive = self._api.vehicle
        kind, stops = drive.getTypeID(vehicle), drive.getStops(vehicle, 0)
        way, passed_by = left[:1], []
        for number, stop in enumerate(stops):
            leg = self._leg(kind, way[-1], stop.lane.rpartition("_")[0], shut)
            if leg is None:
                passed_by.append(number)
            else:
                way += leg
        rest = self._leg(kind, way[-1], left[-1], shut)
        if rest is None and len(passed_by) == len(stops):
            return False
        for number in reversed(passed_by):
            drive.replaceStop(vehicle, number, "")
        drive.setRoute(vehicle, way + (rest or []))
        return True

    def _leg(self, kind: str, start: str, end: str, shut: Callable[[Route], bool]) -> Route | None:
        """The quickest way without its first edge; None where there is none."""
        if start == end:
            return []
        found = list(self._api.simulation.findRoute(start, end, kind).edges)
        return None if not found or shut(found) or self.gap(found) else found[1:]
