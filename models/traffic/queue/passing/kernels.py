"""When a vehicle may leave its link and enter the next: lanes, signal, priority, room.

Vehicle n may enter a link not before 1/q after vehicle n-1, and not before the exit of vehicle n-N
plus L/w; it reaches the end L/u after its entry and leaves no faster than q (Newell 1993; Leclercq
and Becarie 2012).
"""

from __future__ import annotations

import math

import numba as nb

from models.traffic.queue.arrays import State
from models.traffic.queue.calendar.kernels import NEVER

SAME = 1e-7
"""Two times that differ by less are the same moment, s."""

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def next_green(s: State, plan: int, time: float) -> float:
    """The first moment from ``time`` at which a plan shows green, s."""
    first, end = s.plans[plan].first, s.plans[plan].end
    if first == end:
        return NEVER
    cycle = s.plans[plan].cycle
    begun = math.floor((time - s.plans[plan].offset) / cycle) * cycle + s.plans[plan].offset
    moment = time - begun
    for window in range(first, end):
        if moment < s.windows[window].closes - SAME:
            return max(time, begun + s.windows[window].opens)
    return begun + cycle + s.windows[first].opens


@nb.njit(cache=True, _nrt=False, forceinline=True)
def server_free(s: State, group: int) -> float:
    """When one of a group's servers is free, s."""
    if s.groups[group].server >= 0:
        return s.servers[s.groups[group].server].free
    first = NEVER
    for place in range(s.groups[group].first_server, s.groups[group].end_server):
        first = min(first, s.servers[s.servers_of[place]].free)
    return first


@nb.njit(cache=True, _nrt=False, forceinline=True)
def accepts(s: State, link: int) -> float:
    """When a link takes its next vehicle; infinite while that hangs on an exit to come, s."""
    if s.links[link].closed:
        return NEVER
    needed = s.links[link].entries + 1 - s.links[link].storage
    time = s.links[link].opens
    if needed > s.links[link].settled:
        if needed > s.links[link].exits:
            return NEVER
        slot = s.links[link].slot + needed - 1 - s.links[link].exits
        if slot < 0:
            slot += s.links[link].storage
        time = max(time, s.ring[s.links[link].ring + slot] + s.links[link].wave_time)
    return time


@nb.njit(cache=True, _nrt=False, forceinline=True)
def lanes_accept(s: State, group: int) -> float:
    """When the lanes of a group take its next vehicle, by the rule of :func:`accepts`, s."""
    storage = s.groups[group].storage
    needed = s.groups[group].entries + 1 - storage + s.groups[group].taken
    if storage == 0 or needed <= 0:
        return -NEVER
    if needed > s.groups[group].exits:
        return NEVER
    slot = s.groups[group].slot + needed - 1 - s.groups[group].exits
    if slot < 0:
        slot += storage
    return s.ring[s.groups[group].ring + slot] + s.links[s.groups[group].link].wave_time


@nb.njit(cache=True, _nrt=False, forceinline=True)
def head_from(s: State, group: int, vehicle: int, time: float) -> float:
    """When the head of a queue can leave as far as its own link and signal go, s."""
    when = max(time, s.vehicles[vehicle].ready, server_free(s, group))
    movement = s.vehicles[vehicle].movement
    if movement >= 0 and s.movements[movement].plan >= 0:
        when = next_green(s, s.movements[movement].plan, when)
    return when


@nb.njit(cache=True, _nrt=False, forceinline=True)
def gives_way(
    s: State,
    movement: int,
    waited: float,
    time: float,
) -> float:
    """Until when a movement gives way to others; ``time`` itself when it need not, s."""
    first, end = s.movements[movement].first_yield, s.movements[movement].end_yield
    if first == end or waited > s.rules[0].patience:
        return time
    until = time
    for place in range(first, end):
        other = s.yields[place]
        until = max(until, s.crossed[other] + s.rules[0].clear)
        group = s.movements[other].group
        vehicle = s.groups[group].head
        if (
            vehicle < 0
            or s.vehicles[vehicle].movement != other
            or s.groups[group].waits_for >= 0
            or s.vehicles[vehicle].ready >= time + s.rules[0].gap
        ):
            continue
        comes = head_from(s, group, vehicle, 0.0)
        if time < comes < time + s.rules[0].gap:
            until = max(until, comes + s.rules[0].clear)
    return until


@nb.njit(cache=True, _nrt=False, forceinline=True)
def may_go(s: State, group: int, time: float) -> float:
    """When the head of a group may leave its link by its lanes, signal and priority, s."""
    vehicle = s.groups[group].head
    when = head_from(s, group, vehicle, time)
    movement = s.vehicles[vehicle].movement
    if when <= time + SAME and movement >= 0:
        when = gives_way(s, movement, s.groups[group].yielded, time)
        s.groups[group].yielded += when - time
        if when > time + SAME:
            for place in range(s.groups[group].first_server, s.groups[group].end_server):
                server = s.servers_of[place]
                if s.servers[server].shared:
                    s.servers[server].free = max(s.servers[server].free, when)
    return when
