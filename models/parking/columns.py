"""The columns of parking, in groups that kernels take as one argument. Times are seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

DRIVING, PARKED, ILLEGAL, GONE = 0, 1, 2, 3
"""States of a driver: on the way to a block or past some, in a bay, in no bay, away."""
PARKS, LOOKS, STOPS_ILLEGALLY, ELSEWHERE, GIVES_UP = 0, 1, 2, 3, 4
"""What a look at a street leads to."""
LEG = 6
"""Edges that a driver passes at most before the bays are looked at anew."""


class Ground(NamedTuple):
    """Blocks and streets; a block is a row of the table ``parking`` that the public may use."""

    capacity: Rows
    """(n_blocks,) bays; 0 where the public may not park."""
    block_edge: Rows
    """(n_blocks,) edge by which a block is reached; -1 for none."""
    street: Flags
    """(n_blocks,) at the kerb, seen by who passes; else a car park or a garage."""
    seen_start: Rows
    seen: Rows
    """Blocks seen from an edge, CSR over edges: its own and those of its other direction."""
    near_start: Rows
    near: Rows
    near_walk: Floats
    """Blocks within reach of each edge and the walk to them in metres, CSR over edges."""
    next_start: Rows
    next: Rows
    """Edges that follow each edge and lead back to the others, CSR over edges."""
    reached: Flags
    returns: Flags
    """(n_edges,) whether one can come here from the streets where one goes around, and go on to
    them: not where the network was cut."""
    x: Floats
    y: Floats
    """(n_edges,) middles of the edges, m."""
    length: Floats
    """(n_edges,) m."""
    bays: Floats
    """(n_edges,) bays seen from an edge."""


class Drivers(NamedTuple):
    """Columns over the drivers of a run, in the order of their arrival."""

    key: Keys
    person: npt.NDArray[np.int64]
    """The citizen; -1 for somebody unknown."""
    goal: Rows
    """Edge of the destination."""
    edge: Rows
    """Edge on which the present leg ends."""
    block: Rows
    """The block parked in, or taken and driven to; before that the one wished for, or -1."""
    state: Codes
    searching: Flags
    """Whether the block wished for was found full."""
    holds: Flags
    """Whether a bay of ``block`` is taken."""
    holds_ever: Flags
    """Whether a bay was taken some time."""
    informed: Flags
    resident: Flags
    """Parks at home, with a permit."""
    until: Floats
    """End of the leg where no traffic model drives it; end of the stay once parked."""
    stay: Floats
    """Intended stay, s."""
    leg_begin: Floats
    driven: Floats
    """Seconds of search so far: on the legs that followed the block wished for."""
    distance: Floats
    """Metres on the legs so far."""
    inspected: Floats
    """Bays looked at so far."""
    trail: Rows
    """(n, LEG) edges of the last leg of a search, -1 for none."""
    parked_at: Floats
    rate: Floats
    """Price agreed to, EUR/h."""


class Habits(NamedTuple):
    """How drivers choose and search."""

    price: float
    """Utility of a euro (negative)."""
    walk: float
    """Utility of a metre of walk (negative)."""
    reach: float
    """m"""
    patience: float
    """Seconds of search after which any free bay is taken."""
    illegal: float
    """Share who stop where it is not allowed when the block that they wished for is full."""
    elsewhere: float
    """Share who park elsewhere at the usual prices."""
    usual_price: float
    """EUR/h, at which ``elsewhere`` holds."""
    speed: float
    """Of a driver who looks for a bay, m/s."""
    straight: bool = False
    """Whether drivers come straight to the block wished for, since nobody models their trip; else
    they drive to it from the destination."""


def room(size: int) -> Drivers:
    """Columns for ``size`` drivers, nobody in them."""
    return Drivers(
        key=np.zeros(size, np.uint64),
        person=np.full(size, -1, np.int64),
        goal=np.zeros(size, np.int32),
        edge=np.zeros(size, np.int32),
        block=np.full(size, -1, np.int32),
        state=np.full(size, GONE, np.int8),
        searching=np.zeros(size, np.bool_),
        holds=np.zeros(size, np.bool_),
        holds_ever=np.zeros(size, np.bool_),
        informed=np.zeros(size, np.bool_),
        resident=np.zeros(size, np.bool_),
        until=np.full(size, np.inf),
        stay=np.zeros(size),
        leg_begin=np.zeros(size),
        driven=np.zeros(size),
        distance=np.zeros(size),
        inspected=np.zeros(size),
        trail=np.full((size, LEG), -1, np.int32),
        parked_at=np.zeros(size),
        rate=np.zeros(size),
    )


def grown(drivers: Drivers) -> Drivers:
    """The same drivers with room for twice as many."""
    more = room(len(drivers.key))
    pairs: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = list(zip(drivers, more, strict=True))
    return Drivers(*(np.concatenate(pair) for pair in pairs))
