"""What the events of the next slots will need, asked for in four steps.

An event touches a dozen records all over memory, and waiting for them was most of its time. The
wheel of the calendar says which events come next, so each slot is visited four times before its
turn: each visit may look at what the one before has asked for, and asks for what that points to.
Events that come to be in the meantime are missed, and nothing but time hangs on it.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from models.traffic.queue.arrays import EPOCH, State
from models.traffic.queue.memory.kernels import fetch

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def fetch_link(s: State, link: int) -> None:
    """Both lines of a link."""
    fetch(s.links, link, 0)
    fetch(s.links, link, 1)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def fetch_next(s: State, vehicle: int) -> None:
    """What follows from a head: the vehicle behind it, and its movement."""
    fetch(s.vehicles, s.vehicles[vehicle].behind, 0)
    fetch(s.movements, s.vehicles[vehicle].movement, 0)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def fetch_choice(s: State, vehicle: int, link: int) -> None:
    """What a vehicle needs to choose and to queue on a link that it is about to enter."""
    fetch(s.groups, s.links[link].arrival_group, 0)
    epoch = max(np.int64(s.vehicles[vehicle].epoch), s.counts[EPOCH] - s.trees.shape[0] + 1)
    row = epoch % s.trees.shape[0] * s.trees.shape[1] + s.vehicles[vehicle].goal
    fetch(s.trees, row * s.trees.shape[2] + s.links[link].turn, 0)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def first(s: State, slot: int) -> None:
    """Groups and links of the events of a slot."""
    entity = s.slots[slot & (s.slots.size - 1)]
    while entity >= 0:
        if entity < s.groups.size:
            fetch(s.groups, entity, 0)
        else:
            fetch_link(s, entity - s.groups.size)
        entity = s.planned[entity].after


@nb.njit(cache=True, _nrt=False, forceinline=True)
def second(s: State, slot: int) -> None:
    """Heads and links of groups; of links, the first group that waits for them."""
    entity = s.slots[slot & (s.slots.size - 1)]
    while entity >= 0:
        if entity < s.groups.size:
            fetch(s.vehicles, s.groups[entity].head, 0)
            fetch_link(s, s.groups[entity].link)
        else:
            fetch(s.groups, s.links[entity - s.groups.size].first_waiting, 0)
        entity = s.planned[entity].after


@nb.njit(cache=True, _nrt=False, forceinline=True)
def third(s: State, slot: int) -> None:
    """Who stands behind a head, and its movement; the same as ``second`` for who waits."""
    entity = s.slots[slot & (s.slots.size - 1)]
    while entity >= 0:
        if entity < s.groups.size:
            if s.groups[entity].head >= 0:
                fetch_next(s, s.groups[entity].head)
        else:
            group = s.links[entity - s.groups.size].first_waiting
            if group >= 0:
                fetch(s.vehicles, s.groups[group].head, 0)
                fetch_link(s, s.groups[group].link)
        entity = s.planned[entity].after


@nb.njit(cache=True, _nrt=False, forceinline=True)
def last(s: State, slot: int) -> None:
    """The link that a head enters; the same as ``third`` for who waits."""
    entity = s.slots[slot & (s.slots.size - 1)]
    while entity >= 0:
        if entity < s.groups.size:
            vehicle = s.groups[entity].head
            if vehicle >= 0:
                if s.vehicles[vehicle].movement >= 0:
                    fetch_link(s, s.movements[s.vehicles[vehicle].movement].to)
                if s.vehicles[vehicle].behind >= 0:
                    following = s.vehicles[vehicle].behind
                    fetch(s.movements, s.vehicles[following].movement, 0)
        else:
            group = s.links[entity - s.groups.size].first_waiting
            if group >= 0 and s.groups[group].head >= 0:
                fetch_next(s, s.groups[group].head)
        entity = s.planned[entity].after


@nb.njit(cache=True, _nrt=False, forceinline=True)
def look_ahead(s: State, slot: int) -> None:
    """Ask for what the slots after one will need."""
    last(s, slot + 1)
    third(s, slot + 2)
    second(s, slot + 3)
    first(s, slot + 4)
