"""Who has arrived, for others: the records of the event port ``traffic.arrivals``."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Rows
from twin.core.port import Port

PORT = Port(
    "traffic.arrivals",
    "edge",
    "veh",
    "event",
    fields=("time", "edge", "person", "vehicle", "cruise", "electric", "charge"),
)
CRUISE = "p."
"""Beginning of the names of vehicles in search of a bay."""
THROUGH = "t."
_CITIZEN = re.compile(r"c\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Arrived:
    """Vehicles that reached their goal, in the order of arrival.

    Attributes
    ----------
    names : (n,) str
    time : (n,) float64, tick
    edge : (n,) int64, edge row
        On which the trip ended; -1 where it is no edge of the city's table.
    electric : (n,) bool
    charge : (n,) float64, 1
        State of charge of the battery; NaN without one.
    """

    names: npt.NDArray[np.str_]
    time: Floats
    edge: Rows
    electric: npt.NDArray[np.bool_]
    charge: Floats


@runtime_checkable
class Reports(Protocol):
    """An engine that can say who has arrived."""

    def arrived(self) -> Arrived:
        """Vehicles that reached their goal since the last call.

        Empty where nobody wants ``traffic.arrivals``.
        """


def records(arrived: Arrived) -> dict[str, Floats]:
    """The fields of the port.

    ``person`` is the citizen, -1 for others; ``vehicle`` a number that is the same in every run of
    the city: a citizen's departure (tick), the number of a searching driver, else a hash of the
    vehicle's name.
    """
    inside = np.flatnonzero(
        (arrived.edge >= 0) & ~np.char.startswith(arrived.names, THROUGH)
        if len(arrived.names)
        else np.zeros(0, np.bool_)
    )
    person, vehicle, cruise = (np.full(len(inside), -1.0) for _ in range(3))
    for k, name in enumerate(map(str, arrived.names[inside])):
        citizen = _CITIZEN.match(name)
        cruise[k] = name.startswith(CRUISE)
        if citizen is not None:
            person[k], vehicle[k] = float(citizen[1]), float(citizen[2])
        elif cruise[k]:
            vehicle[k] = float(name.split(".")[1])
        else:
            digest = hashlib.blake2b(name.encode(), digest_size=6).digest()
            vehicle[k] = float(int.from_bytes(digest, "little"))
    return {
        "time": arrived.time[inside],
        "edge": arrived.edge[inside].astype(np.float64),
        "person": person,
        "vehicle": vehicle,
        "cruise": cruise,
        "electric": arrived.electric[inside].astype(np.float64),
        "charge": arrived.charge[inside],
    }
