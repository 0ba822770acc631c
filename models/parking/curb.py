"""The bays of a city and the drivers who want one; knows no ports, so that prices can be tried."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.parking import kernels
from models.parking.columns import (
    DRIVING,
    ILLEGAL,
    LEG,
    PARKED,
    Drivers,
    Flags,
    Floats,
    Ground,
    Habits,
    Keys,
    Rows,
    grown,
    room,
)
from twin.core.random import poissons

STRANDED = 900.0
"""A searching driver whom the traffic has not brought after this long looks again, s."""


class Curb:
    """Bays and drivers.

    Parameters
    ----------
    ground, habits
        Columns of the city, and how drivers choose.
    block_keys : (n_blocks,) uint64
        Of the departures of cars that nobody knows.
    driven
        Whether somebody else drives the legs and says when they end (a traffic model).

    Attributes
    ----------
    drivers
        Columns over all drivers so far; ``count`` are in use.
    taken : (n_blocks,) int32
        Bays taken, also by drivers on their way to them.
    unknown : (n_blocks,) int32
        Of these, cars that were there at the start.
    counts : (5,) float64
        How often drivers parked, looked on, stopped illegally, went elsewhere, gave up.
    legs
        Legs begun since :meth:`take_legs`: driver, moment, edges.
    """

    def __init__(
        self, ground: Ground, habits: Habits, block_keys: Keys, *, driven: bool = False
    ) -> None:
        self.ground, self.habits, self.driven = ground, habits, driven
        self.drivers: Drivers = room(1024)
        self.count = 0
        self.taken: Rows = np.zeros(len(ground.capacity), np.int32)
        self.unknown: Rows = np.zeros(len(ground.capacity), np.int32)
        self.counts: Floats = np.zeros(5)
        self.legs: list[tuple[int, float, Rows]] = []
        self._block_keys = block_keys

    # -- who comes and goes --------------------------------------------------------------------

    def fill(self, cars: Rows) -> None:
        """Cars that are there at the start; (n_blocks,) int32, at most the bays."""
        self.unknown[:] = np.minimum(cars, self.ground.capacity)
        self.taken[:] = self.unknown

    def wishes(self, pull: Floats) -> Floats:
        """How many wish for each block at equal prices; ``pull`` (n_edges,) come to each edge."""
        g = self.ground
        edge = np.repeat(np.arange(len(pull)), np.diff(g.near_start))
        likes: Floats = np.exp(self.habits.walk * g.near_walk)
        likes *= g.capacity[g.near]
        whole: Floats = np.zeros(len(pull))
        np.add.at(whole, edge, likes)
        whole = whole[edge]
        share = np.divide(likes, whole, out=np.zeros(len(likes)), where=whole > 0.0)
        found: Floats = np.zeros(len(g.capacity))
        np.add.at(found, g.near, share * pull[edge])
        return found

    def come(
        self,
        keys: Keys,
        goal: Rows,
        stay: Floats,
        person: npt.NDArray[np.int64],
        resident: Flags,
        informed: Flags,
    ) -> Rows:
        """Add drivers, to look from their destinations on; (k,) each; their rows."""
        while self.count + len(keys) > len(self.drivers.key):
            self.drivers = grown(self.drivers)
        rows: Rows = np.arange(self.count, self.count + len(keys), dtype=np.int32)
        d = self.drivers
        d.key[rows], d.goal[rows], d.edge[rows] = keys, goal, goal
        d.stay[rows], d.person[rows] = stay, person
        d.resident[rows], d.informed[rows] = resident, informed
        self.count += len(keys)
        return rows

    def look(
        self,
        rows: Rows,
        moments: Floats,
        price: Floats,
        full: Flags,
        seconds: Floats,
        until: float,
    ) -> None:
        """Drivers at the ends of their legs look around, in the order of their moments.

        Where somebody else drives the legs, these begin when the step is over (``until``, s): a
        driver who waits for it meanwhile is not on the road, and does not search.
        """
        if not len(rows):
            return
        order = np.lexsort((rows, moments))
        rows, moments = rows[order], moments[order]
        paths = np.zeros((len(rows), LEG), np.int32)
        hops = np.zeros(len(rows), np.int32)
        kernels.search(
            self.ground, self.habits, self.drivers, self.taken, price, full, seconds, rows,
            moments, paths, hops, self.counts,
        )  # fmt: skip
        if self.driven:
            self.drivers.leg_begin[rows[hops > 0]] = until
            self.legs += [
                (int(rows[k]), until, paths[k, : hops[k]].copy()) for k in np.flatnonzero(hops)
            ]

    def end_legs(self, rows: Rows, moments: Floats) -> None:
        """Add the seconds of the legs that end to those of the drivers who search."""
        d = self.drivers
        mine = (d.state[rows] == DRIVING) & d.searching[rows]
        spent = moments[mine] - d.leg_begin[rows[mine]]
        d.driven[rows[mine]] += np.maximum(0.0, spent)

    def due(self, now: float) -> tuple[Rows, Floats]:
        """Drivers whose legs end by now, and when."""
        d, n = self.drivers, self.count
        driving = d.state[:n] == DRIVING
        if self.driven:
            rows = np.flatnonzero(driving & (d.leg_begin[:n] + STRANDED <= now))
            return rows.astype(np.int32), np.full(len(rows), now)
        rows = np.flatnonzero(driving & (d.until[:n] <= now))
        return rows.astype(np.int32), d.until[rows].copy()

    def leaving(self, now: float) -> Rows:
        """Drivers whose stay ends by now and whom nobody else calls."""
        d, n = self.drivers, self.count
        stands = (d.state[:n] == PARKED) | (d.state[:n] == ILLEGAL)
        rows: Rows = np.flatnonzero(stands & (d.until[:n] <= now)).astype(np.int32)
        return rows

    def leave(self, rows: Rows) -> None:
        """Drivers drive away."""
        kernels.leave(self.drivers, self.taken, rows)

    def standing(self) -> Rows:
        """Drivers who are parked now, in a bay or not."""
        state = self.drivers.state[: self.count]
        rows: Rows = np.flatnonzero((state == PARKED) | (state == ILLEGAL)).astype(np.int32)
        return rows

    # -- cars that nobody knows ----------------------------------------------------------------

    def thin(self, counter: int, share: float) -> None:
        """Cars of the start leave, each with the chance ``share`` in this step."""
        gone = poissons(self._block_keys, counter, self.unknown * share)
        gone = np.minimum(gone, self.unknown).astype(np.int32)
        self.unknown -= gone
        self.taken -= gone

    def release(self, edge: int) -> None:
        """A car of the start leaves from near an edge, where there is one."""
        g = self.ground
        rows = g.near[g.near_start[edge] : g.near_start[edge + 1]]
        walks = g.near_walk[g.near_start[edge] : g.near_start[edge + 1]]
        there = self.unknown[rows] > 0
        if there.any():
            block = rows[there][int(np.argmin(walks[there]))]
            self.unknown[block] -= 1
            self.taken[block] -= 1
