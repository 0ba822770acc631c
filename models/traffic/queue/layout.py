"""What a queue simulation is built from: links, lane groups, movements, signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.queue.arrays import (
    ENTRY,
    EVENT,
    FILLING,
    GROUP,
    GROUPS,
    LINE,
    LINK,
    MOVEMENT,
    NONE,
    ONE_QUEUE,
    OUT,
    PLAN,
    RULE,
    SERVER,
    STOP,
    VEHICLE,
    WHEEL,
    WINDOW,
    Floats,
    Ints,
    Longs,
    Records,
    State,
)

TURN = 64
"""Seconds that the wheel of the calendar holds; a power of two."""
LINKS = 36
"""So many links have some events in a second: about eight in a slot when traffic is dense."""


@dataclass
class Layout:
    """A network of links.

    Attributes
    ----------
    length, speed : (n_links,) float64, m and m/s
    capacity : (n_links,) float64, veh/s
    spaces : (n_links,) float64, veh
        Vehicles that stand on the link at jam density.
    wave : (n_links,) float64, m/s
        Speed of the backward wave.
    start, end : (n_movements,) int32
        Links that a movement joins, ascending by ``start``.
    group : (n_movements,) int32
        Lane group of each movement.
    delay : (n_movements,) float64, s
    plan : (n_movements,) int32
        Row of ``plans``, -1 without a signal.
    group_link : (n_groups,) int32
    group_servers
        Servers of each group.
    server_gap : (n_servers,) float64, s
        Saturation headway of each server.
    arrival_group : (n_links,) int32
    weight : (n_groups,) float64
        Priority in merges; capacity-proportional when it is the capacity.
    yields
        For each movement, those to which it gives way.
    plans : (n_plans,) PLAN
    windows : (n_windows,) WINDOW
    red : (n_groups,) float64, s
        Mean wait for green of a vehicle that meets no other.
    hold : (n_movements,) float64, s
        Wait before a movement that does not depend on others; none where it is empty.
    server_lanes : (n_servers,) float64
        Lanes of each server; none where nobody shares one.
    group_spaces : (n_groups,) float64, veh
        Vehicles that stand on the lanes of a group at jam density, 0 where only the link counts;
        none where it is empty.
    inside : (n_movements,) float64, m
        Way within the junction; none where it is empty.
    barred : (n_movements,) bool
        Movements that those do not choose who find their way; none where it is empty.
    """

    length: Floats
    speed: Floats
    capacity: Floats
    spaces: Floats
    wave: Floats
    start: Ints
    end: Ints
    group: Ints
    delay: Floats
    plan: Ints
    group_link: Ints
    group_servers: Sequence[Sequence[int]]
    server_gap: Floats
    arrival_group: Ints
    weight: Floats
    yields: Sequence[Sequence[int]]
    plans: Records = field(default_factory=lambda: np.empty(0, dtype=PLAN))
    windows: Records = field(default_factory=lambda: np.empty(0, dtype=WINDOW))
    red: Floats = field(default_factory=lambda: np.empty(0))
    hold: Floats = field(default_factory=lambda: np.empty(0))
    server_lanes: Floats = field(default_factory=lambda: np.empty(0))
    group_spaces: Floats = field(default_factory=lambda: np.empty(0))
    inside: Floats = field(default_factory=lambda: np.empty(0))
    barred: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))

    @property
    def links(self) -> int:
        """Number of links."""
        return len(self.length)

    def state(self, heap: int, trace: int) -> State:
        """The arrays of an empty network.

        Parameters
        ----------
        heap, trace
            Room for events and for traced lines.
        """
        storage = np.maximum(1, np.ceil(self.spaces - 1e-9)).astype(np.int64)
        lanes = self._group_storage()
        groups = len(self.group_link) + self.links
        server_start, servers_of = csr(self.group_servers)
        yield_start, yields = csr(self.yields)
        nothing = np.empty(0, dtype=np.int32)
        slots = 2.0 ** np.clip(np.round(np.log2(self.links / LINKS)), 0, 10)
        return State(
            links=self._link_records(storage),
            groups=self._group_records(server_start, lanes, int(storage.sum())),
            servers=records(
                SERVER,
                len(self.server_gap),
                free=-np.inf,
                gap=self.server_gap,
                shared=self._shared(),
            ),
            movements=records(
                MOVEMENT,
                len(self.end),
                delay=self.delay,
                hold=self.hold if len(self.hold) else 0.0,
                inside=self.inside if len(self.inside) else 0.0,
                to=self.end,
                group=self.group,
                plan=self.plan,
                first_yield=yield_start[:-1],
                end_yield=yield_start[1:],
                seen=np.isin(np.arange(len(self.end)), yields),
            ),
            vehicles=np.empty(0, dtype=VEHICLE),
            plans=self.plans,
            windows=self.windows,
            stops=np.empty(0, dtype=STOP),
            rules=np.zeros(1, dtype=RULE),
            ring=np.full(int(storage.sum() + lanes.sum()), -np.inf),
            crossed=np.full(len(self.end), -np.inf),
            servers_of=servers_of,
            yields=yields,
            routes=nothing,
            goals=nothing,
            trees=np.empty((1, 0, self.links), dtype=np.int8),
            heap=np.empty(heap, dtype=EVENT),
            planned=records(ENTRY, groups + self.links, time=np.inf, after=OUT, before=NONE),
            slots=np.full(int(TURN * slots), NONE, dtype=np.int32),
            wheel=records(WHEEL, 1, slots=slots),
            trace=np.empty(trace, dtype=LINE),
            counts=np.zeros(5, dtype=np.int64),
        )

    def _link_records(self, storage: Longs) -> Records:
        first_out = starts(self.start, self.links)
        return records(
            LINK,
            self.links,
            free_time=self.length / self.speed,
            entry_gap=1.0 / self.capacity,
            wave_time=self.length / self.wave,
            opens=-np.inf,
            length=self.length,
            ring=np.cumsum(storage) - storage,
            storage=storage,
            first_waiting=NONE,
            arrival_group=self.arrival_group,
            first_out=first_out[:-1],
            outs=np.diff(first_out),
            mark_time=-np.inf,
            lanes=self._lanes(),
        )

    def _lanes(self) -> npt.NDArray[np.int8]:
        """What is at the end of each link: ``ONE_QUEUE``, ``GROUPS`` or ``FILLING``; int8."""
        found = np.full(self.links, ONE_QUEUE, dtype=np.int8)
        several = self.group != self.arrival_group[self.start]
        if len(self.hold):
            several |= self.hold > 0.0
        found[self.start[several]] = GROUPS
        found[self.group_link[self._group_storage()[: len(self.group_link)] > 0]] = FILLING
        return found

    def _shared(self) -> npt.NDArray[np.bool_]:
        """Servers of one lane that several groups use; (n_servers,) bool."""
        users = np.bincount(
            [server for listed in self.group_servers for server in listed],
            minlength=len(self.server_gap),
        )
        return (users > 1) & (self.server_lanes == 1.0 if len(self.server_lanes) else False)

    def _group_storage(self) -> Longs:
        """Vehicles that fit on the lanes of each group and source, 0 without a limit; int64."""
        found = np.zeros(len(self.group_link) + self.links, dtype=np.int64)
        if len(self.group_spaces):
            found[: len(self.group_link)] = np.ceil(self.group_spaces - 1e-9)
        return found

    def _group_records(self, server_start: Ints, lanes: Longs, first: int) -> Records:
        """Lane groups, then a source a link; a source has no server and the link's own priority."""
        none = np.zeros(self.links, dtype=np.int32)
        only = [listed[0] if len(listed) == 1 else NONE for listed in self.group_servers]
        return records(
            GROUP,
            len(self.group_link) + self.links,
            weight=np.concatenate([self.weight, self.capacity]),
            ring=first + np.cumsum(lanes) - lanes,
            storage=lanes,
            link=np.concatenate([self.group_link, np.arange(self.links)]),
            head=NONE,
            tail=NONE,
            server=np.concatenate([only, none - 1]),
            first_server=np.concatenate([server_start[:-1], none]),
            end_server=np.concatenate([server_start[1:], none]),
            waits_for=NONE,
            next_waiting=NONE,
        )

    def group_free(self) -> Floats:
        """Time through each lane group on an empty street; (n_groups + n_links,) float64, s."""
        free = (self.length / self.speed)[self.group_link]
        red = self.red if len(self.red) else np.zeros(len(free))
        return np.concatenate([free + red, np.zeros(self.links)])


def plain(
    start_node: npt.ArrayLike,
    end_node: npt.ArrayLike,
    length: npt.ArrayLike,
    speed: npt.ArrayLike,
    *,
    lanes: npt.ArrayLike = 1,
    spacing: float = 7.5,
    reaction: float = 1.0,
    capacity: npt.ArrayLike | None = None,
    turn_back: bool = False,
) -> Layout:
    """A network of nodes and links: first in, first out on each link, every turn allowed.

    Parameters
    ----------
    start_node, end_node : (n_links,) int
    length, speed, lanes : (n_links,)
        m, m/s and number.
    spacing
        Length of street that a standing vehicle takes, m; the jam density is its inverse.
    reaction
        Time from the start of one vehicle of a queue to that of the next, s; the backward wave is
        spacing / reaction.
    capacity : (n_links,), veh/s
        Of the whole link; the one of the triangular diagram where it is left out.
    turn_back
        Whether vehicles may return where they came from.
    """
    tails = np.asarray(start_node, dtype=np.int64)
    heads = np.asarray(end_node, dtype=np.int64)
    links = len(tails)
    metres = np.broadcast_to(np.asarray(length, dtype=np.float64), links).copy()
    metres_a_second = np.broadcast_to(np.asarray(speed, dtype=np.float64), links).copy()
    wide = np.broadcast_to(np.asarray(lanes, dtype=np.float64), links)
    most = wide * lane_capacity(metres_a_second, spacing, reaction)
    if capacity is not None:
        most = np.minimum(most, capacity)
    start, end = _turns(tails, heads, turn_back)
    own = np.arange(links, dtype=np.int32)
    return Layout(
        metres,
        metres_a_second,
        most,
        wide * metres / spacing,
        np.full(links, spacing / reaction),
        start,
        end,
        start,
        np.zeros(len(start)),
        np.full(len(start), -1, dtype=np.int32),
        own,
        [[link] for link in range(links)],
        1.0 / most,
        own,
        most,
        [[] for _ in range(len(start))],
    )


def lane_capacity(speed: Floats, spacing: float, reaction: float) -> Floats:
    """Capacity of a lane by the triangular diagram, u / (spacing + u reaction); veh/s."""
    found: Floats = speed / (spacing + speed * reaction)
    return found


def _turns(
    tails: npt.NDArray[np.int64], heads: npt.NDArray[np.int64], turn_back: bool
) -> tuple[Ints, Ints]:
    order = np.argsort(tails, kind="stable")
    first = np.searchsorted(tails[order], heads, side="left")
    count = np.searchsorted(tails[order], heads, side="right") - first
    start = np.repeat(np.arange(len(tails)), count)
    place = np.arange(len(start)) - np.repeat(np.cumsum(count) - count, count)
    end = order[np.repeat(first, count) + place]
    keep = np.ones(len(start), dtype=bool) if turn_back else tails[start] != heads[end]
    return start[keep].astype(np.int32), end[keep].astype(np.int32)


def starts(sorted_rows: Ints, size: int) -> Ints:
    """CSR starts of rows that ascend; (size + 1,) int32."""
    found: Ints = np.searchsorted(sorted_rows, np.arange(size + 1)).astype(np.int32)
    return found


def csr(lists: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Starts and values of lists one behind the other; int32."""
    start = np.zeros(len(lists) + 1, dtype=np.int32)
    start[1:] = np.cumsum([len(values) for values in lists])
    flat = np.fromiter((value for values in lists for value in values), np.int32, int(start[-1]))
    return start, flat


def records(kind: np.dtype[Any], count: int, /, **fields: npt.ArrayLike) -> Records:
    """Records with some fields set, the others 0; (count,) of the kind."""
    found = empty(kind, count)
    found.view(np.uint8)[:] = 0
    for name, values in fields.items():
        found[name] = values
    return found


def empty(kind: np.dtype[Any], count: int) -> Records:
    """Records that begin with a line of the processor's cache; (count,) of the kind."""
    raw = np.empty(count * kind.itemsize + 64, dtype=np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + count * kind.itemsize].view(kind)


def vehicles(size: int) -> Records:
    """Vehicles that are not in use yet; (size,) VEHICLE."""
    return records(
        VEHICLE,
        size,
        behind=NONE,
        movement=NONE,
        at=NONE,
        position=NONE,
        last=NONE,
        goal=NONE,
        stop=NONE,
        size=1.0,
        started=np.nan,
        arrive=np.nan,
    )


def stop_record(stated: tuple[float, ...]) -> tuple[float, ...]:
    """A record of ``STOP`` from link, seconds and, where given, end and place of a stop."""
    link, seconds, until, place = (*stated, *(-np.inf, -1.0)[len(stated) - 2 :])
    return seconds, until, np.inf, np.inf, int(link), place
