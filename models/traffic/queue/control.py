"""Closures, speed limits, signal programs and tolls while queues run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.traffic.queue.arrays import DRIVING, WAITING, Floats, Ints
from models.traffic.queue.detours import BusDetours
from models.traffic.queue.layout import lane_capacity
from models.traffic.queue.network import Streets
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.roster import Roster
from models.traffic.queue.simulation import Queues
from models.traffic.queue.upkeep import kernels as upkeep
from models.traffic.sumo.controls import BROUGHT


class Controls:
    """Makes the controls of the traffic model hold in queues.

    Parameters
    ----------
    roster
        Who the vehicles are.
    around
        Leads buses with stops around closures.
    bans
        Whether edges may be forbidden to trucks: these have trees of their own then.

    Attributes
    ----------
    detours
        Vehicles that were led around a closure.
    unreserved
        Edges on which a bus lane was wanted, but no lane can be spared.
    """

    def __init__(
        self,
        queues: Queues,
        streets: Streets,
        parameters: QueueParameters,
        roster: Roster,
        around: BusDetours,
        *,
        bans: bool = False,
    ) -> None:
        self._queues, self._streets, self._parameters = queues, streets, parameters
        self._roster, self._around, self._bans = roster, around, bans
        edges = streets.layout.links
        self._limit = streets.limit.copy()
        self._left = streets.lanes.copy()
        self._reserved = np.zeros(edges, dtype=bool)
        self._narrow = np.ones(len(streets.layout.server_gap))
        self._closed = np.zeros(edges, dtype=bool)
        self._program: dict[int, int] = dict.fromkeys(streets.plans, -1)
        self.detours = self.unreserved = 0

    def close(self, wanted: npt.NDArray[np.bool_], until: float) -> None:
        """Close and open edges, and lead around those who would enter a closed one.

        Parameters
        ----------
        wanted : (n_edges,) bool
        until
            Vehicles of fixed routes that depart before this time are led around already, s.
        """
        changed = wanted != self._closed
        queues = self._queues
        if changed.any():
            for link in np.flatnonzero(changed & ~wanted):
                queues.open(int(link))
            queues.state.links["closed"][wanted] = 1
            self._closed = wanted.copy()
        if changed.any():
            queues.renew(force=True)
        if self._closed.any():
            self._free_routes(until)
            self._lead_around()

    def _free_routes(self, until: float) -> None:
        """Let vehicles whose fixed route is cut find a way of their own to its end."""
        rows = self._on_routes(until)
        cut = np.zeros(len(rows), dtype=np.int8)
        upkeep.meets(self._queues.state, self._queues.state.links["closed"], rows, cut)
        rows = rows[cut > 0]
        self._let_choose(rows[~self._around.lead(rows)])
        self.detours += len(rows)

    def _on_routes(self, until: float) -> Ints:
        """Vehicles of fixed routes that drive, or depart before some time."""
        vehicles = self._queues.state.vehicles[: self._queues.vehicles]
        soon = (vehicles["state"] == WAITING) & (vehicles["depart"] < until)
        there = (vehicles["position"] >= 0) & ((vehicles["state"] == DRIVING) | soon)
        return np.flatnonzero(there).astype(np.int32)

    def _let_choose(self, rows: Ints) -> None:
        """Let vehicles of fixed routes find ways of their own to the ends of these."""
        if not len(rows):
            return
        queues = self._queues
        ends = queues.state.routes[queues.state.vehicles["last"][rows]]
        goals = queues.goal_rows(ends, heavy=self._heavy(rows))
        vehicles = queues.state.vehicles
        vehicles["goal"][rows] = goals
        vehicles["epoch"][rows] = vehicles["asked"][rows] = queues.epoch
        vehicles["position"][rows] = -1

    def _heavy(self, rows: Ints) -> npt.NDArray[np.bool_]:
        """Which vehicles look out for bans of trucks, where these may occur; (n,) bool."""
        found: npt.NDArray[np.bool_] = self._roster.heavy[rows] & self._bans
        return found

    def ban(self, wanted: npt.NDArray[np.bool_], until: float) -> None:
        """Forbid edges to trucks: they go around, unless no other way leads to their goal.

        Parameters
        ----------
        wanted : (n_edges,) bool
        until
            As in :meth:`close`.
        """
        queues = self._queues
        if (wanted != (queues.banned > 0.0)).any():
            queues.banned[:] = wanted
            queues.renew(force=True)
        if not wanted.any():
            return
        rows = self._on_routes(until)
        rows = rows[self._heavy(rows)]
        met = np.zeros(len(rows), dtype=np.int8)
        upkeep.meets(queues.state, queues.banned.astype(np.int32), rows, met)
        self._let_choose(rows[met > 0])

    def _lead_around(self) -> None:
        """Let those choose anew who queue for a closed edge."""
        queues, layout = self._queues, self._streets.layout
        before = np.unique(layout.start[self._closed[layout.end]])
        for link in before.tolist():
            queues.make_room(64)
            upkeep.lead_around(queues.state, link, queues.now)

    def limit(self, wanted: Floats, lanes_closed: Floats | None) -> None:
        """Speed limits and closed lanes, for vehicles that enter from now on.

        Parameters
        ----------
        wanted : (n_edges,) float64, m/s
        lanes_closed : (n_edges,) float64
            Lanes that an accident or works take; who takes all closes the edge instead.
        """
        streets = self._streets
        taken = np.zeros(len(wanted)) if lanes_closed is None else lanes_closed
        general = np.maximum(streets.lanes - taken, 0.1)
        left = np.maximum(general - self._reserved, 0.1)
        rows = np.flatnonzero((wanted != self._limit) | (left != self._left))
        if not len(rows):
            return
        self._limit[rows], self._left[rows] = wanted[rows], left[rows]
        p, layout, state = self._parameters, streets.layout, self._queues.state
        speed = wanted[rows] * p.speed
        flow = lane_capacity(speed, p.spacing, p.reaction)
        state.links["free_time"][rows] = layout.length[rows] / speed
        state.links["entry_gap"][rows] = 1.0 / (left[rows] * flow)
        slower = np.ones(layout.links)
        slower[rows] = layout.capacity[rows] / (general[rows] * flow)
        for group in np.flatnonzero(np.isin(layout.group_link, rows)).tolist():
            for server in layout.group_servers[group]:
                state.servers["gap"][server] = (
                    layout.server_gap[server]
                    * slower[layout.group_link[group]]
                    * self._narrow[server]
                )

    def bus_lanes(self, wanted: Floats) -> None:
        """Lanes at the kerb that are for buses alone, before :meth:`limit`; (n_edges,) float64."""
        reserved = (wanted > 0.5) & self._streets.reservable
        self.unreserved = max(self.unreserved, int(((wanted > 0.5) & ~reserved).sum()))
        for link in np.flatnonzero(reserved != self._reserved).tolist():
            self._reserve(link, bool(reserved[link]))
        self._reserved = reserved

    def _reserve(self, link: int, on: bool) -> None:
        """Take the lane at the kerb from the others, its places and its server, or give it back."""
        queues, streets, layout = self._queues, self._streets, self._streets.layout
        state, server = queues.state, int(streets.kerb[link])
        state.movements["reserved"][layout.start == link] = on
        places = int(np.ceil(max(1.0, layout.length[link] / self._parameters.spacing)))
        groups = set()
        for movement in np.flatnonzero(layout.start == link).tolist():
            if 0 in streets.turn_lanes[movement]:
                groups.add(int(layout.group[movement]))
        for group in sorted(groups):
            storage = int(state.groups["storage"][group])
            state.groups["taken"][group] = min(places, storage - 1) if on else 0
        if server >= 0:
            wide = layout.server_lanes[server]
            if wide > 1.0:
                ratio = wide / (wide - 1.0)
                self._narrow[server] = ratio if on else 1.0
                state.servers["gap"][server] *= ratio if on else 1.0 / ratio
            else:
                state.servers["free"][server] = np.inf if on else queues.now
        if not on:
            for group in sorted(groups):
                queues.make_room(2)
                upkeep.plan_head(state, group, queues.now)
            upkeep.wake(state, link, queues.now)

    def give_back(self, row: int) -> None:
        """Let a signal run its program again, after a controller had it."""
        self._switch(*self._streets.plans[row][self._program[row] + 1])

    @property
    def programs(self) -> dict[int, int]:
        """Index of the program that each signal runs, -1 the usual one."""
        return self._program

    def signals(self, wanted: Floats) -> None:
        """Signal programs; (n_signals,) float64, an index of the programs or -1.

        Raises
        ------
        ModelError
            A signal has no program of that index.
        """
        for row, plans in self._streets.plans.items():
            index = int(wanted[row])
            if index == BROUGHT:
                index = self._streets.brought.get(row, index)
            if index == self._program[row]:
                continue
            if index + 1 >= len(plans):
                from twin.errors import ModelError

                raise ModelError(
                    f"signal {row} has no program {index}",
                    where="traffic.signal_program",
                    allowed=f"-1 .. {len(plans) - 2}",
                )
            self._program[row] = index
            self._switch(*plans[index + 1])

    def _switch(self, movements: Ints, plans: Ints) -> None:
        queues = self._queues
        if self._parameters.signals == "capacity":
            return
        queues.state.movements["plan"][movements] = plans
        for group in np.unique(self._streets.layout.group[movements]).tolist():
            queues.make_room(1)
            upkeep.plan_head(queues.state, group, queues.now)

    def prices(self, toll: Floats, fine: Floats) -> None:
        """What an edge costs, and the expected fine on it; (n_edges,) float64, EUR."""
        queues = self._queues
        if not (np.array_equal(toll, queues.toll) and np.array_equal(fine, queues.fine)):
            queues.toll[:], queues.fine[:] = toll, fine
            queues.renew(force=True)
