"""What is to be planned: stops with loads and prizes, vehicles, and the ways between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAVE_OUT = 100_000.0
"""Prize, s, of a stop that is to be made: it is left out only where the shift allows no more."""
ONE_MORE_TRUCK = 1_800
"""Seconds that sending one more truck costs."""
FOREVER = 10_000_000.0
DEPOT, DISPOSAL, FIRST = 0, 1, 2
"""Places of a task: the depot, where the last load goes, the stops, then all other places."""


@dataclass(frozen=True)
class Vehicle:
    """Trucks that may be sent.

    Attributes
    ----------
    free
        Time until the last unloading must be over, s.
    count
        How many of the same.
    place
        Where they are: ``DEPOT``, or a row of the matrix behind the stops.
    mass, volume
        What is aboard, kg and m³.
    cost
        Seconds that sending it costs.
    driving
        Time of driving that its battery lasts for, s.
    """

    free: float
    count: int = 1
    place: int = DEPOT
    mass: float = 0.0
    volume: float = 0.0
    cost: int = ONE_MORE_TRUCK
    driving: float = FOREVER


@dataclass(frozen=True)
class Task:
    """What is to be planned, for one stream.

    Attributes
    ----------
    seconds : (k + 2 + p, k + 2 + p) float64, s
        Driving times; row 0 is the depot, 1 the disposal, then k stops, then p places of trucks,
        further depots and disposals.
    mass, volume : (k,) float64, kg, m³
        Expected load of each stop.
    service : (k,) float64, s
        Time that each stop takes.
    prize : (k,) float64, s
        Driving time that a stop is worth; ``LEAVE_OUT`` for one that is to be made.
    window : (k, 2) float64, s
        From and until when a stop may begin, from now.
    vehicles
        What may be sent.
    truck_mass, truck_volume
        What a truck carries, kg and m³.
    unloading
        Time of one unloading, s.
    reloads
        Places where a truck may unload under way; it ends its round at ``DISPOSAL``.
    """

    seconds: Floats
    mass: Floats
    volume: Floats
    service: Floats
    prize: Floats
    window: Floats
    vehicles: Sequence[Vehicle]
    truck_mass: float
    truck_volume: float
    unloading: float = field(default=0.0)
    reloads: Sequence[int] = (DISPOSAL,)


def open_all_day(stops: int) -> Floats:
    """Windows of stops that may be made at any time; (k, 2) float64, s."""
    return np.tile([0.0, FOREVER], (stops, 1))
