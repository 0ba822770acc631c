"""The event calendar: a wheel of slots of time, and a heap for the present one.

Each group and link has one event at most. Those of later slots are in the lists of the wheel, in no
order (Brown 1988, "Calendar queues"); when a slot's turn comes its events go into the heap, which
has them by time, then by entity. So their order is the same as with one large heap, and that heap
stays small. What lies more than a turn of the wheel ahead waits for a later turn in its slot.
"""

from __future__ import annotations

import math

import numba as nb

from models.traffic.queue.ahead.kernels import look_ahead
from models.traffic.queue.arrays import HEAP, NONE, OUT, PLANNED, Longs, Records, State

NEVER = math.inf
END = 2.0**53
"""Later slots are not told apart."""

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def push(heap: Records, count: Longs, time: float, entity: int) -> None:
    """Put an event into the heap."""
    place = count[HEAP]
    count[HEAP] = place + 1
    while place > 0:
        parent = (place - 1) >> 2
        above = heap[parent].time
        if above < time or (above == time and heap[parent].entity <= entity):
            break
        heap[place].time, heap[place].entity = above, heap[parent].entity
        place = parent
    heap[place].time, heap[place].entity = time, entity


@nb.njit(cache=True, _nrt=False, forceinline=True)
def pop(heap: Records, count: Longs) -> None:
    """Take the first event out of the heap."""
    size = count[HEAP] - 1
    count[HEAP] = size
    time, entity = heap[size].time, heap[size].entity
    place = 0
    while True:
        child = 4 * place + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if heap[other].time < heap[best].time or (
                heap[other].time == heap[best].time and heap[other].entity < heap[best].entity
            ):
                best = other
        if time < heap[best].time or (time == heap[best].time and entity <= heap[best].entity):
            break
        heap[place].time, heap[place].entity = heap[best].time, heap[best].entity
        place = best
    heap[place].time, heap[place].entity = time, entity


@nb.njit(cache=True, _nrt=False, forceinline=True)
def slot_of(s: State, time: float) -> int:
    """Number of a moment's slot, counted from time 0 on."""
    return math.floor(min(time * s.wheel[0].slots, END))


@nb.njit(cache=True, _nrt=False, forceinline=True)
def take_out(s: State, entity: int, place: int) -> None:
    """Take an entity out of its slot, which lies at a place of the wheel."""
    after, before = s.planned[entity].after, s.planned[entity].before
    if before >= 0:
        s.planned[before].after = after
    else:
        s.slots[place] = after
    if after >= 0:
        s.planned[after].before = before
    s.planned[entity].after = OUT
    s.counts[PLANNED] -= 1


@nb.njit(cache=True, _nrt=False, forceinline=True)
def cancel(s: State, entity: int) -> None:
    """Drop an entity's event."""
    if s.planned[entity].after != OUT:
        take_out(s, entity, slot_of(s, s.planned[entity].time) & (s.slots.size - 1))
    s.planned[entity].time = NEVER


@nb.njit(cache=True, _nrt=False, forceinline=True)
def schedule(s: State, entity: int, time: float) -> None:
    """Give an entity its next event; an older one becomes void."""
    if time == NEVER:
        return
    cancel(s, entity)
    s.planned[entity].time = time
    slot = slot_of(s, time)
    if slot <= s.wheel[0].slot:
        push(s.heap, s.counts, time, entity)
        return
    place = slot & (s.slots.size - 1)
    first = s.slots[place]
    s.planned[entity].after, s.planned[entity].before = first, NONE
    if first >= 0:
        s.planned[first].before = entity
    s.slots[place] = entity
    s.counts[PLANNED] += 1


@nb.njit(cache=True, _nrt=False, forceinline=True)
def fill_heap(s: State, slot: int) -> None:
    """Make a slot the present one: its events go into the heap."""
    s.wheel[0].slot = slot
    place = slot & (s.slots.size - 1)
    entity = s.slots[place]
    while entity >= 0:
        after = s.planned[entity].after
        if slot_of(s, s.planned[entity].time) == slot:
            take_out(s, entity, place)
            push(s.heap, s.counts, s.planned[entity].time, entity)
        entity = after
    look_ahead(s, slot)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def comes(s: State, until: float) -> bool:
    """Whether there is an event up to and with ``until``; it is the first of the heap then."""
    last = slot_of(s, until)
    # A vehicle at a stop is in the heap however late it leaves.
    while s.counts[HEAP] == 0 or slot_of(s, s.heap[0].time) > s.wheel[0].slot:
        if s.counts[HEAP] > 0:
            last = min(last, slot_of(s, s.heap[0].time))
        slot = s.wheel[0].slot + 1
        while slot <= last and s.counts[PLANNED] > 0 and s.slots[slot & (s.slots.size - 1)] < 0:
            slot += 1
        if slot > last or s.counts[PLANNED] == 0:
            break
        fill_heap(s, slot)
    return s.counts[HEAP] > 0 and s.heap[0].time <= until
