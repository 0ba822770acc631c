"""What happens to queues from outside the event loop: departures, openings, releases, gridlock."""

from __future__ import annotations

import numba as nb

from models.traffic.queue.arrays import CLOSED, NONE, Bytes, Ints, State
from models.traffic.queue.calendar.kernels import NEVER, cancel, schedule
from models.traffic.queue.choice.kernels import choose
from models.traffic.queue.kernels import enqueue, look, move, spend, stop_waiting, takes
from models.traffic.queue.passing.kernels import head_from

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False)
def depart(s: State, vehicles: Ints, origins: Ints, now: float, last: Ints) -> None:
    """Merge vehicles into the queues at their sources, by departure.

    Parameters
    ----------
    vehicles, origins : (n,) int32
        Rows by departure, and the links on which the trips begin.
    last : (n_links,) int32
        Work space, -1 throughout: the vehicle that was put last into each source.
    """
    sources = s.groups.size - s.links.size
    for place in range(vehicles.size):
        vehicle, link = vehicles[place], origins[place]
        group, ready = sources + link, s.vehicles[vehicle].ready
        head, tail = s.groups[group].head, s.groups[group].tail
        before = last[link]
        if head >= 0 and s.vehicles[tail].ready <= ready:
            before = tail
        elif before < 0 and head >= 0 and s.groups[group].waits_for >= 0:
            before = head
        following = head if before < 0 else s.vehicles[before].behind
        while following >= 0 and s.vehicles[following].ready <= ready:
            before, following = following, s.vehicles[following].behind
        s.vehicles[vehicle].behind = following
        if following < 0:
            s.groups[group].tail = vehicle
        if before < 0:
            s.groups[group].head = vehicle
            schedule(s, group, max(now, ready))
        else:
            s.vehicles[before].behind = vehicle
        last[link] = vehicle


@nb.njit(cache=True, _nrt=False)
def wake(s: State, link: int, now: float) -> None:
    """Let those who wait for a link try again, after it was opened."""
    if s.links[link].first_waiting >= 0:
        look(s, link, now)


@nb.njit(cache=True, _nrt=False)
def release(
    s: State,
    stuck: float,
    now: float,
) -> int:
    """Push those into a full link who have waited for it longer than ``stuck`` s; how many.

    One vehicle a link and call: the link holds one too many until its next exit.
    """
    sources = s.groups.size - s.links.size
    pushed = 0
    for group in range(sources):
        link = s.groups[group].waits_for
        if link < 0 or s.links[link].closed or now - s.groups[group].waits_since < stuck:
            continue
        if takes(s, group, link) < NEVER:
            continue
        stop_waiting(s, group)
        move(s, group, link, now)
        pushed += 1
    return pushed


@nb.njit(cache=True, _nrt=False)
def locked(s: State, inside: Bytes) -> int:
    """Links that can never move again: every queue waits for another such link that is full.

    Parameters
    ----------
    inside : (n_links,) int8
        Output: 1 for the links of the gridlock, the greatest fixpoint of that rule.

    Returns
    -------
    int
        How many.
    """
    links, sources = s.links.size, s.groups.size - s.links.size
    # Where nobody waits, a vehicle may stand at a stop: that is no lock.
    inside[:] = 0
    for group in range(sources):
        link = s.groups[group].link
        if s.groups[group].waits_for >= 0 and not s.links[link].closed:
            inside[link] = 1
    changed = True
    while changed:
        changed = False
        for group in range(sources):
            link = s.groups[group].link
            if not inside[link] or s.groups[group].head < 0:
                continue
            target = s.groups[group].waits_for
            if target < 0 or not inside[target] or takes(s, group, target) < NEVER:
                inside[link] = 0
                changed = True
    count = 0
    for link in range(links):
        count += inside[link]
    return count


@nb.njit(cache=True, _nrt=False)
def plan_head(s: State, group: int, now: float) -> None:
    """Plan the leaving of a queue's head anew, since its signal, lanes or way changed."""
    head = s.groups[group].head
    cancel(s, group)
    if head >= 0 and s.groups[group].waits_for < 0:
        schedule(s, group, head_from(s, group, head, now))


@nb.njit(cache=True, _nrt=False)
def lead_around(s: State, link: int, now: float) -> int:
    """Let the vehicles in the queues of a link choose anew whose next link is closed; how many.

    Who takes another lane group goes to the end of its queue.
    """
    led = 0
    s.counts[CLOSED] = 1
    for group in range(s.groups.size - s.links.size):
        if s.groups[group].link != link:
            continue
        before, vehicle, moved = NONE, s.groups[group].head, False
        while vehicle >= 0:
            following, movement = s.vehicles[vehicle].behind, s.vehicles[vehicle].movement
            if movement < 0 or not s.links[s.movements[movement].to].closed:
                before, vehicle = vehicle, following
                continue
            led += 1
            moved = moved or before < 0
            if before < 0 and s.groups[group].waits_for >= 0:
                stop_waiting(s, group)
            other = choose(s, vehicle, link, 0)
            s.vehicles[vehicle].movement = other
            if other >= 0 and s.movements[other].group == group:
                before, vehicle = vehicle, following
                continue
            if other >= 0:
                s.groups[s.movements[other].group].entries += 1
            s.groups[group].entries -= 1
            if before < 0:
                s.groups[group].head = following
            else:
                s.vehicles[before].behind = following
            if following < 0:
                s.groups[group].tail = before
            enqueue(s, vehicle, now)
            vehicle = following
        if moved:
            plan_head(s, group, now)
    return led


@nb.njit(cache=True, _nrt=False)
def meets(s: State, marked: Ints, vehicles: Ints, found: Bytes) -> None:
    """Which of some vehicles with fixed routes would still enter a marked link.

    Parameters
    ----------
    marked : (n_links,) int32
    vehicles : (n,) int32
    found : (n,) int8
        Output.
    """
    for row in range(vehicles.size):
        vehicle = vehicles[row]
        found[row] = 0
        first = s.vehicles[vehicle].position + (s.vehicles[vehicle].state > 0)
        for place in range(first, s.vehicles[vehicle].last + 1):
            if marked[s.routes[place]]:
                found[row] = 1
                break


@nb.njit(cache=True, _nrt=False)
def settle(s: State, now: float) -> None:
    """Add up the time spent on all links until now."""
    for link in range(s.links.size):
        spend(s, link, now)
