"""The event loop of the queue engine: heads of queues move on, links take in those who wait."""

from __future__ import annotations

import numba as nb
import numpy as np

from models.traffic.queue.ahead.kernels import fetch_choice
from models.traffic.queue.arrays import (
    ARRIVED,
    ARRIVES,
    DRIVING,
    ENDED,
    EPOCH,
    FILLING,
    HEAP,
    NONE,
    ONE_QUEUE,
    TRACED,
    State,
)
from models.traffic.queue.calendar.kernels import NEVER, comes, pop, push, schedule
from models.traffic.queue.choice.kernels import choose
from models.traffic.queue.memory.kernels import fetch
from models.traffic.queue.merge.kernels import count_service, join, tag
from models.traffic.queue.passing.kernels import SAME, accepts, head_from, lanes_accept, may_go

DONE, FULL = 0, 1
STOPPED = 1.0
"""Who queues for longer has stopped, s."""

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def record(s: State, time: float, vehicle: int, link: int) -> None:
    """Write an entry (``link``) or exit (``-1 - link``) down where somebody wants to know."""
    place = s.counts[TRACED]
    if place < s.trace.size and s.links[link if link >= 0 else -1 - link].watched:
        s.trace[place].time, s.trace[place].vehicle, s.trace[place].link = time, vehicle, link
        s.counts[TRACED] = place + 1


@nb.njit(cache=True, _nrt=False, forceinline=True)
def spend(s: State, link: int, time: float) -> None:
    """Add up the time that vehicles spent on a link."""
    inside = s.links[link].entries - s.links[link].exits
    s.links[link].held += inside * (time - s.links[link].since)
    s.links[link].since = time


@nb.njit(cache=True, _nrt=False, forceinline=True)
def takes(s: State, group: int, link: int) -> float:
    """When a link, and the lanes that it needs there, take the head of a group, s."""
    opens = accepts(s, link)
    if opens == NEVER or s.links[link].lanes != FILLING:
        return opens
    vehicle = s.groups[group].head
    ahead = 1 if group < s.groups.size - s.links.size else 0
    movement = choose(s, vehicle, link, ahead)
    if movement < 0:
        return opens
    return max(opens, lanes_accept(s, s.movements[movement].group))


@nb.njit(cache=True, _nrt=False, forceinline=True)
def enqueue(s: State, vehicle: int, time: float) -> None:
    """Put a vehicle at the end of its queue, and plan its leaving when it is the first."""
    link, movement = s.vehicles[vehicle].at, s.vehicles[vehicle].movement
    group = s.links[link].arrival_group
    if movement >= 0 and s.links[link].lanes != ONE_QUEUE:
        group = s.movements[movement].group
    s.vehicles[vehicle].behind = NONE
    if s.groups[group].head < 0:
        s.groups[group].head = s.groups[group].tail = vehicle
        schedule(s, group, head_from(s, group, vehicle, time))
    else:
        s.vehicles[s.groups[group].tail].behind = vehicle
        s.groups[group].tail = vehicle


@nb.njit(cache=True, _nrt=False, forceinline=True)
def enter(
    s: State,
    vehicle: int,
    link: int,
    delay: float,
    inside: float,
    share: float,
    time: float,
) -> None:
    """Let a vehicle into a link: it chooses its movement and queues for it.

    Parameters
    ----------
    delay
        Time within the junction before, s.
    inside
        Its way there, m.
    share
        Of the link that it drives.
    """
    spend(s, link, time)
    s.links[link].entries += 1
    s.links[link].junction += delay
    s.links[link].opens = time + s.links[link].entry_gap * s.vehicles[vehicle].size
    record(s, time, vehicle, link)
    free = s.links[link].free_time * share
    s.vehicles[vehicle].at = link
    s.vehicles[vehicle].entered = time
    s.vehicles[vehicle].freely += delay + free
    s.vehicles[vehicle].driven += inside + s.links[link].length * share
    s.vehicles[vehicle].ready = time + delay + free
    movement = choose(s, vehicle, link, 0)
    s.vehicles[vehicle].movement = movement
    if movement >= 0 and s.links[link].lanes != ONE_QUEUE:
        if s.links[link].lanes == FILLING:
            s.groups[s.movements[movement].group].entries += 1
        s.vehicles[vehicle].ready += s.movements[movement].hold
    stop = s.vehicles[vehicle].stop
    if stop >= 0 and s.stops[stop].link == link:
        # In a bay: it stands aside and joins the queue afterwards.
        held, leaves = 0.0, time
        while s.stops[stop].link == link:
            ahead = 0.5 * (delay + free)
            if s.stops[stop].place >= 0.0:
                ahead = max(0.0, s.stops[stop].place - 1.0 + share) * s.links[link].free_time
                ahead += delay
            came = time + held + ahead
            leaves = max(came + s.stops[stop].time, s.stops[stop].until)
            s.stops[stop].came, s.stops[stop].left = came, leaves
            held += leaves - came
            stop += 1
        s.vehicles[vehicle].stop = stop if s.stops[stop].link >= 0 else NONE
        s.vehicles[vehicle].ready += held
        push(s.heap, s.counts, leaves, s.groups.size + s.links.size + vehicle)
        return
    enqueue(s, vehicle, time)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def look(s: State, link: int, time: float) -> None:
    """Plan when a link takes the first of those who wait for it."""
    first, group = NEVER, s.links[link].first_waiting
    while group >= 0:
        first = min(first, takes(s, group, link))
        if s.links[link].lanes != FILLING:
            break
        group = s.groups[group].next_waiting
    first = max(time, first)
    entity = s.groups.size + link
    if first < s.planned[entity].time:
        schedule(s, entity, first)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def leave(s: State, group: int, vehicle: int, time: float) -> None:
    """Take a vehicle off its link; who waits to enter the link learns when it may."""
    link = s.groups[group].link
    spend(s, link, time)
    slot = s.links[link].slot
    s.ring[s.links[link].ring + slot] = time
    s.links[link].slot = slot + 1 if slot + 1 < s.links[link].storage else 0
    s.links[link].exits += 1
    if time >= s.links[link].mark_time + s.links[link].wave_time:
        s.links[link].settled = s.links[link].mark
        s.links[link].mark, s.links[link].mark_time = s.links[link].exits, time
    storage = s.groups[group].storage
    if storage > 0:
        slot = s.groups[group].slot
        s.ring[s.groups[group].ring + slot] = time
        s.groups[group].slot = slot + 1 if slot + 1 < storage else 0
        s.groups[group].exits += 1
    queued = time - s.vehicles[vehicle].ready
    s.vehicles[vehicle].queued += queued
    if queued > STOPPED:
        s.links[link].stops += 1
    s.groups[group].time_sum += time - s.vehicles[vehicle].entered
    s.groups[group].passed += 1
    if s.links[link].first_waiting >= 0:
        look(s, link, time)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def occupy(s: State, group: int, size: float, time: float) -> None:
    """Keep the server that was free first busy for the vehicle's headway.

    The headway counts from when the vehicle was ready, at most one headway ago: who waits shortly
    for the next link costs the lanes no capacity.
    """
    best = s.groups[group].server
    if best < 0:
        first = np.inf
        for place in range(s.groups[group].first_server, s.groups[group].end_server):
            server = s.servers_of[place]
            if best < 0 or s.servers[server].free < first:
                best, first = server, s.servers[server].free
    gap = s.servers[best].gap * size
    s.servers[best].free = max(s.servers[best].free, s.groups[group].waits_since, time - gap) + gap


@nb.njit(cache=True, _nrt=False, forceinline=True)
def unqueue(s: State, group: int, time: float) -> None:
    """Drop the head of a queue and plan the next one's leaving."""
    following = s.vehicles[s.groups[group].head].behind
    s.groups[group].head = following
    s.groups[group].yielded = 0.0
    if following < 0:
        s.groups[group].tail = NONE
    elif group >= s.groups.size - s.links.size:
        schedule(s, group, max(time, s.vehicles[following].ready))
    else:
        schedule(s, group, head_from(s, group, following, time))


@nb.njit(cache=True, _nrt=False, forceinline=True)
def move(
    s: State,
    group: int,
    link: int,
    time: float,
) -> None:
    """Take the head of a queue over into a link."""
    vehicle = s.groups[group].head
    delay, inside, share = 0.0, 0.0, 1.0
    fetch_choice(s, vehicle, link)
    count_service(s, group, link)
    if group < s.groups.size - s.links.size:
        movement = s.vehicles[vehicle].movement
        delay, inside = s.movements[movement].delay, s.movements[movement].inside
        s.movements[movement].made += 1
        if s.movements[movement].seen:
            s.crossed[movement] = time
        occupy(s, group, s.vehicles[vehicle].size, time)
        fetch(s.vehicles, s.groups[s.links[link].arrival_group].tail, 0)
        leave(s, group, vehicle, time)
        record(s, time, vehicle, -1 - s.groups[group].link)
        if s.vehicles[vehicle].position >= 0:
            s.vehicles[vehicle].position += 1
    else:
        s.vehicles[vehicle].state = DRIVING
        s.vehicles[vehicle].started = time
        oldest = max(s.counts[EPOCH] - s.trees.shape[0] + 1, 0)
        s.vehicles[vehicle].epoch = s.vehicles[vehicle].asked = oldest
        share -= s.vehicles[vehicle].skip
    unqueue(s, group, time)
    enter(s, vehicle, link, delay, inside, share, time)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def finish(
    s: State,
    group: int,
    time: float,
) -> None:
    """End the trip of a queue's head at the end of its link."""
    vehicle = s.groups[group].head
    occupy(s, group, s.vehicles[vehicle].size, time)
    leave(s, group, vehicle, time)
    record(s, time, vehicle, -1 - s.groups[group].link)
    s.vehicles[vehicle].arrive = time
    s.vehicles[vehicle].state = ARRIVED if s.vehicles[vehicle].movement == ARRIVES else ENDED
    unqueue(s, group, time)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def wait(s: State, group: int, link: int, time: float) -> None:
    """Let a group wait to enter a link."""
    s.groups[group].waits_for = link
    s.groups[group].next_waiting = s.links[link].first_waiting
    s.links[link].first_waiting = group
    entity = s.groups.size + link
    opens = max(time, takes(s, group, link))
    if opens < s.planned[entity].time:
        schedule(s, entity, opens)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def stop_waiting(s: State, group: int) -> None:
    """Take a group off the list of those who wait for a link."""
    link = s.groups[group].waits_for
    if s.links[link].first_waiting == group:
        s.links[link].first_waiting = s.groups[group].next_waiting
    else:
        before = s.links[link].first_waiting
        while s.groups[before].next_waiting != group:
            before = s.groups[before].next_waiting
        s.groups[before].next_waiting = s.groups[group].next_waiting
    s.groups[group].waits_for = NONE


@nb.njit(cache=True, _nrt=False, forceinline=True)
def serve(s: State, group: int, time: float) -> int:
    """A group's head is ready: it ends its trip, waits, or may enter the link that is returned."""
    sources = s.groups.size - s.links.size
    vehicle = s.groups[group].head
    if vehicle < 0 or s.groups[group].waits_for >= 0:
        return NONE
    if group < sources:
        when = may_go(s, group, time)
        if when > time + SAME:
            schedule(s, group, when)
            return NONE
        if s.vehicles[vehicle].movement < 0:
            s.groups[group].waits_since = time
            finish(s, group, time)
            return NONE
        link = s.movements[s.vehicles[vehicle].movement].to
    else:
        link = group - sources
    join(s, group, link, time)
    if s.links[link].first_waiting < 0 and takes(s, group, link) <= time + SAME:
        return link
    wait(s, group, link, time)
    return NONE


@nb.njit(cache=True, _nrt=False, forceinline=True)
def admit(s: State, link: int, time: float) -> int:
    """The group whose head enters a link that has room: the least virtual tag first."""
    sources = s.groups.size - s.links.size
    while s.links[link].first_waiting >= 0:
        best, group = NONE, s.links[link].first_waiting
        whole = accepts(s, link) <= time + SAME
        while whole and group >= 0:
            if (
                best < 0
                or tag(s, group) < tag(s, best)
                or (tag(s, group) == tag(s, best) and group < best)
            ) and takes(s, group, link) <= time + SAME:
                best = group
            group = s.groups[group].next_waiting
        if best < 0:
            look(s, link, time)
            return NONE
        stop_waiting(s, best)
        if best < sources:
            when = may_go(s, best, time)
            if when > time + SAME:
                schedule(s, best, when)
                continue
        return best
    return NONE


@nb.njit(cache=True, _nrt=False)
def advance(s: State, until: float) -> int:
    """Live all events up to and with ``until``.

    Returns
    -------
    int
        ``DONE``, or ``FULL`` when the calendar must grow before it goes on.
    """
    groups, links = s.groups.size, s.links.size
    room = s.heap.size - s.planned.size - 8
    lines = s.trace.size - 4 if s.trace.size > 0 else 0
    link = NONE
    time = 0.0
    while True:
        if link >= 0:
            # After one vehicle entered, the next of those who wait.
            group = admit(s, link, time)
            if group < 0:
                link = NONE
                continue
            target = link
        else:
            if s.counts[HEAP] > room or s.counts[TRACED] > lines:
                return FULL
            if not comes(s, until):
                return DONE
            time, entity = s.heap[0].time, s.heap[0].entity
            pop(s.heap, s.counts)
            if entity >= groups + links:
                enqueue(s, entity - groups - links, time)
                continue
            if s.planned[entity].time != time:
                continue
            s.planned[entity].time = NEVER
            if entity >= groups:
                link = entity - groups
                continue
            group = entity
            target = serve(s, group, time)
            if target < 0:
                continue
        move(s, group, target, time)
