"""Who enters which edge, for others: the records of the event port ``traffic.passages``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.traffic.engine import Floats, Rows
from twin.core.port import Port

PORT = Port(
    "traffic.passages",
    "edge",
    "veh",
    "event",
    fields=("time", "vehicle", "edge", "place", "speed"),
)
GONE = -1
"""In place of an edge: the vehicle has left the streets."""


@dataclass(frozen=True)
class Entries:
    """Vehicles that entered an edge or left the streets, by time, then vehicle.

    Attributes
    ----------
    time : (n,) float64, tick
    vehicle : (n,) int64
        A number that is its own in the run.
    edge : (n,) int64, edge row
        ``GONE`` for who left the streets: arrived, or was taken off them.
    place : (n,) float64, m
        Where it was then, from the beginning of the edge.
    speed : (n,) float64, m/s
        At which it drives there when nobody is in its way.
    """

    time: Floats
    vehicle: Rows
    edge: Rows
    place: Floats
    speed: Floats


@runtime_checkable
class Follows(Protocol):
    """An engine that can follow each vehicle."""

    def entered(self) -> Entries:
        """Entries since the last call; only where somebody wants ``traffic.passages``."""


def records(entries: Entries) -> dict[str, Floats]:
    """The fields of the port."""
    return {
        "time": entries.time,
        "vehicle": entries.vehicle.astype(float),
        "edge": entries.edge.astype(float),
        "place": entries.place,
        "speed": entries.speed,
    }
