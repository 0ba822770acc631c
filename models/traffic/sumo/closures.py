"""Closed edges and lanes: everybody who would have used them finds another way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.traffic.kernels import Floats
from models.traffic.sumo.bus_detours import BusDetours
from models.traffic.sumo.cut import Cut
from models.traffic.sumo.held import RESCUE, Held
from models.traffic.sumo.inputs import Lanes
from models.traffic.sumo.process import Simulation

FORBIDDEN = 1e6
"""Travel time of a closed edge, s: keeps away vehicles that ignore permissions."""


class Closures:
    """Which edges and lanes are closed, and who must be led around them.

    A vehicle on its way is given a new way when its edge closes, one that departs later at the
    next step. Where there is no way around, the trip ends at the barrier. An edge closes at its
    entrances, the lanes inside the junction before it; vehicles that would depart from it are held
    there until it opens. Lanes close from the right; who needed the turn that only a closed lane
    has is led around too.

    Parameters
    ----------
    simulation
        SUMO.
    live
        Whether detours look at present travel times (or at those of empty streets).

    Attributes
    ----------
    detours, ended
        Vehicles that we led around a closure so far, and trips that ended at a barrier.
    held, cut
        Who waits in a closed edge; what SUMO's totals have of trips that ended at a barrier.
    """

    def __init__(
        self, simulation: Simulation, edges: Sequence[str], lanes: Lanes, *, live: bool
    ) -> None:
        self._simulation, self._edges, self._lanes, self._live = simulation, edges, lanes, live
        self._now: Floats = np.zeros(len(edges))
        self._lanes_of: dict[int, list[str]] = {}
        self._closed: set[str] = set()
        self._lost: dict[str, set[str]] = {}
        self._shut: dict[int, list[str]] = {}
        self._permissions: dict[str, tuple[list[str], list[str]]] = {}
        self._checked: set[str] = set()
        self.detours = self.ended = 0
        self._buses = BusDetours(simulation.api)
        self.held, self.cut = Held(simulation.api), Cut(simulation.api)

    @property
    def watching(self) -> bool:
        """Whether :meth:`look` must see every step of SUMO."""
        return bool(self._closed or self.cut)

    def look(self, departed: Sequence[str], arrived: Sequence[str]) -> None:
        """Take in who departed and who arrived in the last step of SUMO."""
        if self._closed:
            self.held.take(departed, self._closed)
        self.held.look(arrived)
        self.cut.look(arrived)

    def apply(self, closed: Floats, lanes: Floats) -> None:
        """Close and open as the controls say; (n,) float64, 1 closed, and lanes closed."""
        wanted = np.where(closed > 0.5, np.inf, np.floor(lanes))
        for row in map(int, np.flatnonzero(wanted != self._now)):
            self._set(row, float(wanted[row]))
            self._checked.clear()
        self._now[:] = wanted

    def _set(self, row: int, count: float) -> None:
        """Close the ``count`` right lanes of an edge that cars use, all when there are no more."""
        edge, api = self._edges[row], self._simulation.api
        if row not in self._lanes_of:
            rows = np.flatnonzero(self._lanes.edge == row)
            self._lanes_of[row] = [self._lanes.ids[i] for i in rows]
        lanes = self._lanes_of[row]
        used = [lane for lane in lanes if self._for_cars(lane)]
        whole = count >= len(used) and count > 0
        shut = used[: int(count)] if not whole else []
        self._forbid(row, self._entrances(edge, lanes) if whole else shut)
        if whole:
            api.edge.adaptTraveltime(edge, FORBIDDEN)
            self._closed.add(edge)
            self._lost.pop(edge, None)
            return
        if edge in self._closed:
            length = api.lane.getLength(f"{edge}_0")
            api.edge.adaptTraveltime(edge, length / api.lane.getMaxSpeed(f"{edge}_0"))
            self._closed.discard(edge)
            self.held.release(edge)
        self._lose_turns(edge, lanes, shut)

    def _forbid(self, row: int, lanes: list[str]) -> None:
        """Let rescue services alone into some lanes, everybody into those that were shut before."""
        lane_of = self._simulation.api.lane
        for lane in self._shut.pop(row, []):
            if lane not in lanes:
                self._give_back(lane)
        for lane in lanes:
            if lane not in self._permissions:
                before = (list(lane_of.getAllowed(lane)), list(lane_of.getDisallowed(lane)))
                self._permissions[lane] = before
                lane_of.setAllowed(lane, RESCUE)
        if lanes:
            self._shut[row] = lanes

    def _entrances(self, edge: str, lanes: list[str]) -> list[str]:
        """Lanes inside the junction that lead into an edge; its own in a network without them."""
        api = self._simulation.api
        incoming = api.junction.getIncomingEdges(api.edge.getFromJunction(edge))
        before = [
            f"{street}_{number}"
            for street in incoming
            if not street.startswith(":")
            for number in range(api.edge.getLaneNumber(street))
        ]
        links = [link for lane in before for link in api.lane.getLinks(lane)]
        inside = [link[4] for link in links if link[0].rpartition("_")[0] == edge]
        return sorted(set(inside)) if all(inside) else lanes

    def _for_cars(self, lane: str) -> bool:
        """Whether cars may use a lane when it is open."""
        allowed, disallowed = self._permissions.get(lane) or (
            self._simulation.api.lane.getAllowed(lane),
            self._simulation.api.lane.getDisallowed(lane),
        )
        return "passenger" in allowed if allowed else "passenger" not in disallowed

    def _give_back(self, lane: str) -> None:
        allowed, disallowed = self._permissions.pop(lane)
        if allowed:
            self._simulation.api.lane.setAllowed(lane, allowed)
        else:
            self._simulation.api.lane.setDisallowed(lane, disallowed)

    def _lose_turns(self, edge: str, lanes: list[str], shut: list[str]) -> None:
        """Remember to which edges no open lane leads any more."""
        left: set[str] = set()
        every: set[str] = set()
        for lane in lanes:
            leads = {
                link[0].rpartition("_")[0] for link in self._simulation.api.lane.getLinks(lane)
            }
            every |= leads
            left |= set() if lane in shut else leads
        self._lost.pop(edge, None)
        if every - left:
            self._lost[edge] = every - left

    def lead_around(self) -> None:
        """Give a new way to every vehicle whose way is closed and that was not looked at yet."""
        if not self._closed and not self._lost:
            return
        present = self._simulation.api.vehicle.getIDList()
        for vehicle in present:
            if vehicle in self._checked or vehicle in self.held:
                continue
            if self._lead(vehicle):
                self._checked.add(vehicle)
        self._checked.intersection_update(present)

    def _lead(self, vehicle: str) -> bool:
        """Whether the vehicle's way is free now, or was made so."""
        if self._blocked(vehicle) is None:
            return True
        left = self._left(vehicle)
        self._drop_stops(vehicle)
        try:
            if self._simulation.api.vehicle.getStops(vehicle, 1):
                if not self._buses.lead(
                    vehicle, left, lambda way: self._first_closed(way) is not None
                ):
                    return self._end_before(vehicle)
            else:
                self._simulation.api.vehicle.rerouteTraveltime(vehicle, self._live)
        except self._simulation.errors:
            return self._end_before(vehicle)
        if self._blocked(vehicle) is not None:
            return self._end_before(vehicle)
        self.detours += 1
        return True

    def _left(self, vehicle: str) -> list[str]:
        """The way that is left, from the edge on which the vehicle is."""
        drive = self._simulation.api.vehicle
        return list(drive.getRoute(vehicle)[max(0, drive.getRouteIndex(vehicle)) :])

    def _blocked(self, vehicle: str) -> tuple[list[str], int] | None:
        """The way that is left, and where on it the first closed edge is; None when it is free."""
        left = self._left(vehicle)
        position = self._first_closed(left)
        return None if position is None else (left, position)

    def _first_closed(self, left: list[str]) -> int | None:
        """Where the first closed edge of a way is; None when it is free."""
        # The edge that a vehicle is on it may leave.
        for position, edge in enumerate(left[1:], start=1):
            if edge in self._closed or edge in self._lost.get(left[position - 1], ()):
                return position
        return None

    def _drop_stops(self, vehicle: str) -> None:
        """Forget the stops in a closed edge, last first so that the others keep their numbers."""
        drive = self._simulation.api.vehicle
        stops = drive.getStops(vehicle, 0)
        for number in reversed(range(len(stops))):
            if stops[number].lane.rpartition("_")[0] in self._closed:
                drive.replaceStop(vehicle, number, "")

    def _end_before(self, vehicle: str) -> bool:
        """End the trip at the barrier; False when the vehicle cannot be told now."""
        blocked = self._blocked(vehicle)
        if blocked is None:
            return True
        left, position = blocked
        try:
            self._simulation.api.vehicle.setRoute(vehicle, left[:position])
        except self._simulation.errors:
            return False
        if vehicle not in self.cut:
            self.ended += 1
            self.cut.follow(vehicle)
        return True
