"""Shares of a merge: start-time fair queueing of the heads that lead into a link.

Each movement has a tag of its own, since a lane group may lead into several links (Goyal, Vin &
Cheng 1996).
"""

from __future__ import annotations

import numba as nb

from models.traffic.queue.arrays import State
from models.traffic.queue.passing.kernels import SAME

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def tag(s: State, group: int) -> float:
    """Start tag of a head in the virtual time of the merge that it waits for."""
    if group >= s.groups.size - s.links.size:
        return s.groups[group].tag
    return s.movements[s.vehicles[s.groups[group].head].movement].tag


@nb.njit(cache=True, _nrt=False, forceinline=True)
def set_tag(s: State, group: int, value: float) -> None:
    """Write the start tag of a head."""
    if group >= s.groups.size - s.links.size:
        s.groups[group].tag = value
    else:
        s.movements[s.vehicles[s.groups[group].head].movement].tag = value


@nb.njit(cache=True, _nrt=False, forceinline=True)
def join(s: State, group: int, link: int, time: float) -> None:
    """Give a head its place in the virtual time of a merge.

    Who comes from a standing queue may be one service behind: only its headway kept it away.
    """
    late = 0.0
    if s.vehicles[s.groups[group].head].ready < time - SAME:
        late = 1.0 / s.groups[group].weight
    set_tag(s, group, max(tag(s, group), s.links[link].virtual - late))
    s.groups[group].waits_since = time


@nb.njit(cache=True, _nrt=False, forceinline=True)
def count_service(s: State, group: int, link: int) -> None:
    """Advance the virtual time of a merge by a head that enters the link."""
    start = tag(s, group)
    s.links[link].virtual = max(s.links[link].virtual, start)
    set_tag(s, group, start + 1.0 / s.groups[group].weight)
