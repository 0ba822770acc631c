"""A queue simulation: vehicles go in, time goes on, columns come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.traffic.queue import kernels
from models.traffic.queue.arrays import (
    ARRIVED,
    CLOSED,
    DRIVING,
    EPOCH,
    EVENT,
    HEAP,
    NONE,
    RULE,
    STOP,
    TRACED,
    WAITING,
    Bytes,
    Floats,
    Ints,
    Keys,
)
from models.traffic.queue.layout import Layout, records, stop_record, vehicles
from models.traffic.queue.settings import Goal, Gridlock, Settings
from models.traffic.queue.upkeep import kernels as upkeep
from models.traffic.queue.ways import kernels as shortest
from models.traffic.queue.ways.turns import alike, turns_of

NO_WAY = 1e6
"""Cost of entering a closed link, s: trees lead through it only where there is no other way."""
BANNED = 1e4
"""Cost of entering a link that is forbidden to trucks, s: for who has no other way."""


@dataclass
class Queues:
    """Vehicles on a network of links.

    Parameters
    ----------
    layout
        The network.
    settings
        Numbers of the run.
    goals
        Links to which vehicles find ways; more may be added later.
    begin
        Time at which it starts, s.
    seed
        Of the tie-breaks between equal ways.
    trace
        Entries and exits to keep in ``trace``.
    """

    layout: Layout
    settings: Settings = field(default_factory=Settings)
    goals: npt.ArrayLike = ()
    seed: int = 0
    keep: int = 0
    begin: float = 0.0

    def __post_init__(self) -> None:
        layout, s = self.layout, self.settings
        links, groups = layout.links, len(layout.group_link) + layout.links
        turns = self._turns = turns_of(layout)
        self.state = layout.state(4 * (groups + links) + 1024, self.keep)._replace(
            rules=records(
                RULE, 1, clear=s.clear, gap=s.gap, patience=s.patience, reroute=s.reroute
            ),
            trees=np.empty((s.versions, 0, len(turns.start) - 1), dtype=np.int8),
        )
        self.state.links["turn"] = turns.of_link
        self.vehicles = 0
        self.now = self.begin
        self.state.links["since"] = self.begin
        self.state.wheel["slot"] = np.floor(self.begin * self.state.wheel["slots"]) - 1
        self.state.links["watched"] = self.keep > 0
        self.released = 0
        self._period = min(30.0, max(1.0, s.release)) if s.release else np.inf
        self._patrols = int(self.begin // self._period)
        self.gridlocks: list[Gridlock] = []
        self.toll, self.fine = np.zeros(links), np.zeros(links)
        self.shunned = np.zeros(links)
        self.banned = np.zeros(links)
        self._free = layout.group_free()
        self._group_time = self._free.copy()
        self._cost, self._base = np.empty(len(turns.link)), np.empty(links)
        barred = layout.barred if len(layout.barred) else np.zeros(len(layout.end), dtype=bool)
        self._barred = np.flatnonzero(barred[turns.movement])
        self._shown: Floats = np.full(len(turns.link), -np.inf)
        self._goal_rows: dict[Goal, int] = {}
        self._burden: Floats = np.empty(0)
        self._fined: Floats = np.empty(0)
        self._heavy: npt.NDArray[np.bool_] = np.empty(0, dtype=bool)
        self._orders = np.empty((0, len(turns.start) - 1), dtype=np.int32)
        self._known = np.empty(0, dtype=np.int32)
        self._heap = np.empty(max(1024, 2 * len(turns.link) + 16), dtype=EVENT)
        self._count = np.zeros(3, dtype=np.int64)
        self._to_go = np.empty(len(turns.start))
        self._next_renewal = self.begin + s.renew if s.renew > 0.0 else np.inf
        self.goal_rows(np.asarray(self.goals, dtype=np.int32))

    # -- demand ------------------------------------------------------------------------------

    def goal_rows(
        self,
        links: Ints,
        burden: npt.ArrayLike = 0.0,
        heavy: npt.ArrayLike = False,
        fined: npt.ArrayLike = 0.0,
    ) -> Ints:
        """Rows of the trees that lead to links, made where there are none yet; (n,) int32.

        Parameters
        ----------
        burden, fined : (n,) float64, s/EUR
            How much a euro of toll, and of an expected fine in its place, weighs: there is a tree
            for each value that occurs.
        heavy : (n,) bool
            Whether the ``banned`` links are dear.
        """
        columns = [links, *(np.broadcast_to(one, len(links)) for one in (burden, heavy, fined))]
        row, place = alike(*columns)
        wanted: list[Goal] = list(zip(*(column[row].tolist() for column in columns), strict=True))
        fresh = [wanted[at] for at in np.argsort(row) if wanted[at] not in self._goal_rows]
        if fresh:
            self._add_goals(fresh)
        return np.array([self._goal_rows[goal] for goal in wanted], dtype=np.int32)[place]

    def _add_goals(self, fresh: list[Goal]) -> None:
        first, turns = len(self.state.goals), len(self._turns.start) - 1
        for number, goal in enumerate(fresh):
            self._goal_rows[goal] = first + number
        goals, burdens, trucks, fines = zip(*fresh, strict=True)
        self._burden = np.concatenate([self._burden, burdens])
        self._heavy = np.concatenate([self._heavy, trucks])
        self._fined = np.concatenate([self._fined, fines])
        more = np.empty((len(fresh), turns), dtype=np.int32)
        self._orders = np.concatenate([self._orders, more])
        self._known = np.concatenate([self._known, np.zeros(len(fresh), dtype=np.int32)])
        trees = np.empty((self.settings.versions, len(fresh), turns), dtype=np.int8)
        links = np.array(goals, dtype=np.int32)
        self.state = self.state._replace(
            goals=np.concatenate([self.state.goals, links]),
            trees=np.concatenate([self.state.trees, trees], axis=1),
        )
        newest = self.state.counts[EPOCH] % self.settings.versions
        rows = np.arange(first, first + len(fresh), dtype=np.int32)
        self._renew(rows, self.state.trees[newest])
        self.state.trees[:, first:] = self.state.trees[newest, first:]

    def add_routes(self, routes: Sequence[npt.ArrayLike]) -> tuple[Ints, Ints]:
        """Keep fixed routes; the first and last place of each in ``State.routes``."""
        lengths = np.array([len(np.asarray(route)) for route in routes], dtype=np.int64)
        ends = len(self.state.routes) + np.cumsum(lengths)
        flat = [np.asarray(route, dtype=np.int32) for route in routes]
        self.state = self.state._replace(routes=np.concatenate([self.state.routes, *flat]))
        return (ends - lengths).astype(np.int32), (ends - 1).astype(np.int32)

    def add_stops(self, stops: Sequence[Sequence[tuple[float, ...]]]) -> Ints:
        """Keep the stops of vehicles, in the order of the way; each one's first.

        A stop is (link, s), and where it is known the time before which nobody leaves it, s, and
        the share of the link that lies before it.
        """
        first = np.full(len(stops), NONE, dtype=np.int32)
        lines = [tuple(line) for line in self.state.stops]
        for row, listed in enumerate(stops):
            if listed:
                first[row] = len(lines)
                lines += [*map(stop_record, listed), stop_record((NONE, 0.0))]
        self.state = self.state._replace(stops=np.array(lines, dtype=STOP))
        return first

    def add(
        self,
        depart: npt.ArrayLike,
        origin: npt.ArrayLike,
        *,
        goal: npt.ArrayLike | None = None,
        route: tuple[Ints, Ints] | None = None,
        keys: Keys | None = None,
        size: npt.ArrayLike = 1.0,
        skip: npt.ArrayLike = 0.0,
        stop: npt.ArrayLike = -1,
        burden: npt.ArrayLike = 0.0,
        heavy: npt.ArrayLike = False,
        fined: npt.ArrayLike = 0.0,
        bus: npt.ArrayLike = False,
    ) -> slice:
        """Add vehicles; they wait at the beginning of their first links in order of departure.

        Parameters
        ----------
        depart : (n,) float64, s
        origin : (n,) int
            First link.
        goal : (n,) int
            Last link, for those who choose their way.
        route
            First and last place of fixed routes (:meth:`add_routes`), for the others.
        keys : (n,) uint64
            Of the keyed draws; the row where left out.
        size : (n,) float
            Headways that a vehicle takes.
        skip : (n,) float
            Share of the first link that is not driven.
        stop : (n,) int
            First stops (:meth:`add_stops`).
        burden, fined : (n,) float64, s/EUR
            Of tolls and of expected fines, for those who choose their way.
        heavy : (n,) bool
            Whether they go around ``banned`` links, for those who choose their way.
        bus : (n,) bool
            Whether they use reserved lanes, for those of fixed routes.

        Returns
        -------
        slice
            Rows of the vehicles.
        """
        times = np.asarray(depart, dtype=np.float64)
        first, count = self.vehicles, len(times)
        rows = slice(first, first + count)
        self.vehicles += count
        self._grow()
        links = np.asarray(origin, dtype=np.int32)
        fresh = self.state.vehicles[rows]
        fresh["depart"] = fresh["ready"] = times
        fresh["size"], fresh["skip"], fresh["stop"], fresh["at"] = size, skip, stop, links
        fresh["bus"] = bus
        numbers = np.arange(first, first + count, dtype=np.uint64)
        fresh["key"] = numbers if keys is None else keys
        if goal is not None:
            goals = np.asarray(goal, dtype=np.int32)
            fresh["goal"] = self.goal_rows(goals, burden, heavy, fined)
        if route is not None:
            fresh["position"], fresh["last"] = route
        order = np.argsort(times, kind="stable").astype(np.int32)
        self.make_room(count)
        last = np.full(self.layout.links, NONE, dtype=np.int32)
        upkeep.depart(self.state, order + np.int32(first), links[order], self.now, last)
        return rows

    def _grow(self) -> None:
        size = len(self.state.vehicles)
        if self.vehicles > size:
            more = vehicles(max(self.vehicles, 2 * size, 1024))
            more[:size] = self.state.vehicles
            self.state = self.state._replace(vehicles=more)

    # -- time --------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Live all events up to ``until``, s."""
        self.state.counts[CLOSED] = self.state.links["closed"].any()
        while self.now < until:
            # Counted in whole periods: sums of a period that floats cannot hold may stand still.
            patrol = (self._patrols + 1) * self._period
            following = max(self.now, min(until, self._next_renewal, patrol))
            self._run(following)
            self.now = following
            if following >= patrol:
                self._patrols += 1
                self._patrol()
            if self.now >= self._next_renewal:
                self._next_renewal += self.settings.renew
                self.renew()

    def _run(self, until: float) -> None:
        while kernels.advance(self.state, until) == kernels.FULL:
            self.make_room(1024)
            lines = self.state.trace
            if self.state.counts[TRACED] > len(lines) - 8:
                self.state = self.state._replace(trace=np.concatenate([lines, lines]))

    def make_room(self, events: int) -> None:
        """Let the calendar have room for more events."""
        heap = self.state.heap
        needed = self.state.counts[HEAP] + events + len(self.state.planned) + 64
        if needed > len(heap):
            more = np.empty(max(len(heap), events), dtype=EVENT)
            self.state = self.state._replace(heap=np.concatenate([heap, more]))

    def _patrol(self) -> None:
        self.find_gridlock()
        self.make_room(3 * self.layout.links)
        self.released += upkeep.release(self.state, self.settings.release, self.now)

    def open(self, link: int) -> None:
        """Let vehicles enter a link again that was closed."""
        self.state.links["closed"][link] = 0
        self.make_room(1)
        upkeep.wake(self.state, link, self.now)

    def find_gridlock(self) -> Gridlock | None:
        """The links that can never move again, if there are any that were not found before."""
        inside = np.zeros(self.layout.links, dtype=np.int8)
        if not upkeep.locked(self.state, inside):
            return None
        links = np.flatnonzero(inside)
        known = self.gridlocks[-1].links if self.gridlocks else np.empty(0, dtype=np.int64)
        if np.isin(links, known).all():
            return None
        count = int(self.inside()[links].sum())
        self.gridlocks.append(Gridlock(self.now, links, count))
        return self.gridlocks[-1]

    # -- ways --------------------------------------------------------------------------------

    def _price(self, burden: float = 0.0, heavy: bool = False, fined: float = 0.0) -> None:
        """Costs of the arcs for those to whom a euro of toll, or of a fine, weighs so much, s."""
        fine = fined * self.fine
        cost = np.where(fine > 0.0, fine, burden * self.toll)
        cost += NO_WAY * (self.state.links["closed"] + self.shunned)
        cost += BANNED * heavy * self.banned
        shortest.price(self.state, self._turns, self._group_time, cost, self._base, self._cost)
        self._cost[self._barred] += NO_WAY

    def renew(self, *, force: bool = False) -> None:
        """New trees from the travel times of now, unless these hardly changed."""
        keep = self.settings.memory
        shortest.group_times(self.state, self._free, keep, self.now, self._group_time)
        if not len(self.state.goals):
            return
        self._price()
        moved = np.abs(self._cost - self._shown) > self.settings.tolerance * self._cost + 1.0
        if not (force or moved.any()):
            return
        epoch = self.state.counts[EPOCH] + 1
        self._shown[:] = self._cost
        rows = np.arange(len(self.state.goals), dtype=np.int32)
        self._renew(rows, self.state.trees[epoch % self.settings.versions])
        self.state.counts[EPOCH] = epoch

    def _renew(self, rows: Ints, trees: Bytes) -> None:
        kinds = np.column_stack((self._burden[rows], self._heavy[rows], self._fined[rows]))
        for burden, heavy, fined in np.unique(kinds, axis=0).tolist():
            self._price(burden, bool(heavy), fined)
            alike = (kinds == (burden, heavy, fined)).all(axis=1)
            shortest.renew(
                self._turns,
                self._cost,
                self._base,
                self.state.goals,
                rows[alike],
                self._orders,
                self._known,
                self.seed,
                self._to_go,
                self._heap,
                self._count,
                trees,
            )

    # -- what came of it ---------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Number of the newest trees."""
        return int(self.state.counts[EPOCH])

    def inside(self) -> npt.NDArray[np.int64]:
        """Vehicles on each link; (n_links,) int64."""
        links = self.state.links
        found: npt.NDArray[np.int64] = links["entries"] - links["exits"]
        return found

    def count(self, state: int) -> int:
        """Vehicles in a state."""
        return int(np.count_nonzero(self.state.vehicles["state"][: self.vehicles] == state))

    def under_way(self) -> int:
        """Vehicles on the network."""
        return self.count(DRIVING)

    def arrived(self) -> int:
        """Trips that ended at their goal."""
        return self.count(ARRIVED)

    def waiting(self) -> int:
        """Vehicles due that have not entered the network."""
        rows = slice(0, self.vehicles)
        due = (self.state.vehicles["state"][rows] == WAITING) & (
            self.state.vehicles["depart"][rows] <= self.now
        )
        return int(np.count_nonzero(due))

    def travel_times(self) -> Floats:
        """From entering the network to the end, of those who arrived; (n,) float64, s."""
        rows = np.flatnonzero(self.state.vehicles["state"][: self.vehicles] == ARRIVED)
        found: Floats = self.state.vehicles["arrive"][rows] - self.state.vehicles["started"][rows]
        return found
