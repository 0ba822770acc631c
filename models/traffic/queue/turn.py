"""A movement between two edges of a SUMO network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Turn:
    """A movement: what joins two edges, over whichever lanes.

    Attributes
    ----------
    start, end
        Edge rows.
    lanes
        Lanes of the first edge from which it is made.
    seconds
        Mean time on the lanes within the junction, s.
    metres
        Mean length of these lanes, m.
    turns, minor
        Whether it bends; whether it gives way where no signal stands.
    light, indices
        Its signal and its places in the signal's states.
    connections
        SUMO's, for the right of way.
    cars
        Whether passenger cars may make it.
    """

    start: int
    end: int
    lanes: list[int]
    seconds: float
    metres: float
    turns: bool
    minor: bool
    light: str
    indices: list[int]
    connections: list[Any]
    cars: bool
