"""The event calendar: a heap of four children a node."""

from __future__ import annotations

import math

import numba as nb

from models.traffic.queue.arrays import HEAP, Floats, Longs, Records

NEVER = math.inf


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
def schedule(heap: Records, count: Longs, due: Floats, entity: int, time: float) -> None:
    """Give an entity its next event; an older one becomes void."""
    if time < NEVER:
        due[entity] = time
        push(heap, count, time, entity)
