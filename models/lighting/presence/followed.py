"""Vehicles and walkers one by one: the traffic engine's, the citizens', or drawn walkers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting.groups import Streets
from models.lighting.presence.ahead import Ahead, Arcs
from models.lighting.presence.follow import kernels
from models.lighting.presence.follow.kernels import NOWHERE
from models.lighting.presence.passers import WALKING, Passers, places
from models.lighting.presence.streetwise import kernels as streetwise
from twin.city.city import City
from twin.core.random import Streams, poissons
from twin.core.state import Batch

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
DRAWS = 1 << 20
"""Counters of a step's draws: more than anybody can come to one street in it."""
SLOWEST = 0.3
"""Slower than this nobody is taken to go, m/s."""


class Group:
    """Some who are under way, by a number of each.

    Attributes
    ----------
    arc, since, at, pace : (n,) int32, float64 s, float64 m, float64 s/m
        Where each is; see :func:`models.lighting.presence.follow.kernels.follow`.
    """

    def __init__(self, ahead: Ahead) -> None:
        self.ahead = ahead
        self.arc: Rows = np.full(0, NOWHERE, dtype=np.int32)
        self.since, self.at, self.pace = np.zeros(0), np.zeros(0), np.ones(0)
        self._coming: dict[str, Floats] = {
            key: np.empty(0) for key in ("time", "who", "arc", "at", "speed")
        }

    def see(self, time: Floats, who: Floats, arc: Floats, at: Floats, speed: Floats) -> None:
        """Take in who enters which arc when (s), where on it (m) and how fast (m/s)."""
        fresh = {"time": time, "who": who, "arc": arc, "at": at, "speed": speed}
        self._coming = {key: np.concatenate([self._coming[key], fresh[key]]) for key in fresh}

    def due(self, begin: float, seconds: float) -> tuple[Longs, Floats, Rows, Floats, Floats]:
        """Those seen up to the end of a step, in the order of time: what the kernel takes."""
        time = self._coming["time"] - begin
        now = time <= seconds
        order = np.flatnonzero(now)[np.argsort(time[now], kind="stable")]
        found = {key: column[order] for key, column in self._coming.items()}
        self._coming = {key: column[~now] for key, column in self._coming.items()}
        who = found["who"].astype(np.int64)
        self._grow(int(who.max(initial=-1)) + 1)
        return (
            who,
            np.maximum(time[order], 0.0),
            found["arc"].astype(np.int32),
            found["at"],
            1.0 / np.maximum(found["speed"], SLOWEST),
        )

    def idle(self, count: int) -> Longs:
        """Numbers that nobody has or will have; (count,) int64."""
        coming = self._coming["who"].astype(np.int64)
        taken = np.zeros(max(len(self.arc), int(coming.max(initial=-1)) + 1) + count, np.bool_)
        taken[: len(self.arc)] = self.arc >= 0
        taken[coming] = True
        return np.flatnonzero(~taken)[:count]

    def _grow(self, size: int) -> None:
        more = size - len(self.arc)
        if more > 0:
            more = max(more, len(self.arc))
            self.arc = np.append(self.arc, np.full(more, NOWHERE, dtype=np.int32))
            self.since = np.append(self.since, np.zeros(more))
            self.at = np.append(self.at, np.zeros(more))
            self.pace = np.append(self.pace, np.ones(more))

    def under_way(self, who: Longs) -> Longs:
        """Everybody who is under way or was seen."""
        there = self.arc >= 0
        there[who] = True
        return np.flatnonzero(there)


class Drawn:
    """Walkers that nobody has planned, drawn street by street from how many come an hour.

    They come as a Poisson process, half of them from each end, and go to the other end.
    """

    def __init__(self, streets: Streets, arcs: Arcs, streams: Streams, ahead: float) -> None:
        self._keys = streams.keys("lighting.walkers", streets.ids)
        self._arc = arcs.against(streets.edge, np.zeros(len(streets), dtype=np.bool_))
        self._other = arcs.against(streets.edge, np.ones(len(streets), dtype=np.bool_))
        self._length = np.append(arcs.length, 0.0)[self._arc]
        self._ahead = ahead

    def come(self, group: Group, rate: Floats, begin: float, seconds: float) -> None:
        """Let those of a step come; rate : (n_streets,) float64, 1/s."""
        step = round(begin / seconds)
        counts = poissons(self._keys, np.uint64(step), rate * seconds)
        street = np.repeat(np.arange(len(counts)), counts)
        order = np.arange(len(street)) - np.repeat(np.cumsum(counts) - counts, counts)
        draw = np.empty(len(street))
        kernels.draws(self._keys, street, order, (step + 1) * DRAWS, draw)
        way, share = np.divmod(2.0 * draw, 1.0)
        time = begin + share * seconds
        arc = np.where(way > 0.0, self._other[street], self._arc[street]).astype(np.float64)
        number = group.idle(len(street)).astype(np.float64)
        speed = np.full(len(street), WALKING)
        group.see(time, number, arc, np.full(len(street), -self._ahead), speed)
        leaves = time + (self._length[street] + self._ahead) / WALKING
        gone = np.full(len(street), float(NOWHERE))
        group.see(leaves, number, gone, np.zeros(len(street)), speed)


class Followed(Passers):
    """Whoever is under way lights the lamps ahead, on his street and on those that go on from it.

    Parameters
    ----------
    walks
        Whether walkers are told one by one; else they are drawn from ``walkers``.
    """

    def __init__(
        self, city: City, streets: Streets, streams: Streams, rules: Any, *, walks: bool
    ) -> None:
        super().__init__(city, streets, streams, rules)
        lamps = len(streets.of_lamp)
        self._arcs = arcs = Arcs.of(city, streets, places(city, streets))
        forth = np.arange(len(arcs.length)) < arcs.edges
        beyond = rules.crossing_ahead
        self._driving = Group(Ahead.of(arcs, lamps, rules.ahead, beyond=beyond, on=forth))
        # Against the direction of an edge only where the street has no edge for the other.
        afoot = np.roll(arcs.back, arcs.edges) == np.arange(len(forth))
        on = afoot if walks else np.zeros_like(forth)
        self._walking = Group(Ahead.of(arcs, lamps, rules.walker_ahead, beyond=beyond, on=on))
        self._strollers = None if walks else Drawn(streets, arcs, streams, rules.walker_ahead)
        self._begin = 0.0
        self._near = np.zeros(lamps, dtype=np.float32)
        self._held, self._afterwards = np.zeros(lamps), np.zeros(lamps)
        self._first, self._order = (np.zeros(lamps + k, dtype=np.int32) for k in (1, 0))
        self._room(1)

    def _room(self, size: int) -> None:
        self._whose = np.zeros(size, dtype=np.int32)
        self._window, self._sorted = np.zeros((size, 2)), np.zeros((size, 2))

    def see(self, passages: Batch, walks: Batch) -> None:
        """Vehicles and walkers that enter edges; see the ports of the model."""
        self._driving.see(
            passages["time"] / 1000.0,
            passages["vehicle"],
            passages["edge"],
            passages["place"],
            passages["speed"],
        )
        edge = walks["edge"].astype(np.int32)
        arc = self._arcs.against(np.maximum(edge, 0), walks["back"] > 0.5)
        self._walking.see(
            walks["time"] / 1000.0,
            walks["walk"],
            np.where(edge >= 0, arc, NOWHERE).astype(np.float64),
            walks["place"],
            walks["speed"],
        )

    def pass_by(self, seconds: float, lit: bool) -> None:
        """Who lit which lamp in the step that ended; everybody goes on where no lamp waits."""
        if self._strollers is not None and lit:
            self._strollers.come(self._walking, self.walkers, self._begin, seconds)
        groups = self._driving, self._walking
        seen = [group.due(self._begin, seconds) for group in groups]
        self._begin += seconds
        under_way = [group.under_way(due[0]) for group, due in zip(groups, seen, strict=True)]
        count = self._prepare(groups, seen, under_way, seconds) if lit else 0
        for group, due, rows in zip(groups, seen, under_way, strict=True):
            count = self._follow(group, due, rows, seconds, lit, count)
        if lit:
            kernels.unite(
                count,
                self._whose,
                self._window,
                seconds,
                self._first,
                self._order,
                self._sorted,
                self._near,
                self._held,
            )

    def _prepare(self, groups: Any, seen: Any, under_way: Any, seconds: float) -> int:
        """Make room, and write the windows of those who have gone on before; how many."""
        room = len(self._near)
        for group, (_, _, enters, _, _), rows in zip(groups, seen, under_way, strict=True):
            counts = np.append(group.ahead.counts, 0)
            room += int(counts[group.arc[rows]].sum() + counts[enters].sum())
        if room > len(self._whose):
            self._room(2 * room)
        still = np.flatnonzero(self._afterwards > 0.0)
        self._whose[: len(still)] = still
        self._window[: len(still), 0] = 0.0
        self._window[: len(still), 1] = np.minimum(self._afterwards[still], seconds)
        np.maximum(self._afterwards - seconds, 0.0, out=self._afterwards)
        return len(still)

    def _follow(
        self, group: Group, due: Any, rows: Longs, seconds: float, lit: bool, count: int
    ) -> int:
        ahead, rules = group.ahead, self._rules
        return int(
            kernels.follow(
                *due,
                rows,
                group.arc,
                group.since,
                group.at,
                group.pace,
                ahead.length,
                lit,
                seconds,
                ahead.metres,
                rules.behind,
                rules.hold,
                ahead.start,
                ahead.lamp,
                ahead.distance,
                count,
                self._whose,
                self._window,
                self._afterwards,
            )
        )

    def spread(self, low: Singles, high: Singles, out: Floats) -> None:
        """Mean power of all lamps over the step that ended."""
        rows = np.arange(len(out), dtype=np.int32)
        streetwise.spread(low, high, rows, self._near, out)

    def near_lamps(self) -> Floats:
        """Share of the step in which each lamp was lit; (n_lamps,) float64."""
        return self._near.astype(np.float64)

    def take_held(self) -> Floats:
        """How long each lamp was lit since the last call, s; (n_lamps,) float64."""
        held = self._held.copy()
        self._held[:] = 0.0
        return held

    def go(self) -> None:
        """The lamps wait for nobody; those who are under way stay so."""
        self._near[:] = 0.0
        self._afterwards[:] = 0.0
