"""Buses that drive beside the demand, and the files by which both engines are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from models.traffic.fleet import PREFIX
from models.traffic.transit.places import BUS, Place
from models.traffic.transit.streets import BusStreets
from twin.city.city import City

Floats = npt.NDArray[np.float64]
KIND = PREFIX + "bus"
TYPE = {
    "id": KIND,
    "vClass": "bus",
    "length": f"{BUS:g}",
    "minGap": "2.5",
    "accel": "1.2",
    "decel": "4.0",
    "maxSpeed": "23.6",
    "speedFactor": "1",
    "speedDev": "0",
    "emissionClass": "HBEFA4/UBus_Std_gt15-18t_Euro-VI_A-C",
    "guiShape": "bus",
}
"""SUMO's own values of its class ``bus``, and a bus of the newest standard."""


@dataclass(frozen=True)
class Call:
    """A bus at a stop.

    Attributes
    ----------
    place
        Where it stands.
    name, stop
        Name and id of the stop.
    dwell
        Least time that it stands, s.
    due
        Departure by the timetable, at the last stop the arrival; s since the start of the run.
    waits
        Whether it does not leave before.
    """

    place: Place
    name: str
    stop: str
    dwell: float
    due: float
    waits: bool


@dataclass(frozen=True)
class Bus:
    """One bus.

    Attributes
    ----------
    name, line
    depart : s
        Since the start of the run.
    way
        Edge rows, from that of the first stop to that of the last.
    calls
        In the order in which they are served.
    """

    name: str
    line: str
    depart: float
    way: tuple[int, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Service:
    """The buses of a run.

    Attributes
    ----------
    files
        Files of SUMO, ``routes`` and ``additional``, in SUMO's time.
    due
        For each bus that has a timetable, when each of its stops is due; (n_stops,) float64, s
        since the start of the run, NaN where nothing is said.
    names
        Of all buses, also of those among the city's own demand, and of flows of buses.
    """

    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    due: Mapping[str, Floats] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def others(self, names: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which vehicles are none of these buses; (n,) bool. ``FLOW.3`` is the fourth of a flow."""
        mine = [n in self.names or n.rpartition(".")[0] in self.names for n in map(str, names)]
        return ~np.array(mine, dtype=np.bool_)


def write(
    city: City, streets: BusStreets, buses: Iterable[Bus], zero: float, folder: Path, bay: bool
) -> Service:
    """Write buses as files of SUMO.

    Parameters
    ----------
    zero
        SUMO's time at the start of the run, s.
    bay
        Whether stops are bays beside the street.
    """
    edges = city["edge"].ids
    extra = ElementTree.Element("additional")
    ElementTree.SubElement(extra, "vType", TYPE)
    stops: dict[tuple[str, int], str] = {}
    routes = ElementTree.Element("routes")
    due: dict[str, Floats] = {}
    for bus in buses:
        first = bus.calls[0].place
        vehicle = ElementTree.SubElement(
            routes,
            "vehicle",
            id=bus.name,
            type=KIND,
            line=bus.line,
            depart=f"{zero + bus.depart:.2f}",
            departLane=str(streets.lane[first.edge]),
            departPos="stop",
            departSpeed="0",
        )
        way = " ".join(str(edges[edge]) for edge in bus.way)
        ElementTree.SubElement(vehicle, "route", edges=way)
        for number, call in enumerate(bus.calls):
            key = (call.stop, call.place.edge)
            if key not in stops:
                stops[key] = f"{PREFIX}stop.{len(stops)}"
                lane = f"{edges[call.place.edge]}_{streets.lane[call.place.edge]}"
                _add_stop(extra, stops[key], lane, call)
            stop = {"busStop": stops[key], "duration": f"{call.dwell:.2f}", "actType": str(number)}
            if call.waits:
                stop["until"] = f"{zero + call.due:.2f}"
            if bay:
                stop["parking"] = "true"
            ElementTree.SubElement(vehicle, "stop", stop)
        due[bus.name] = np.array([call.due for call in bus.calls])
    files = {"additional": [folder / "timetable.add.xml"], "routes": [folder / "timetable.rou.xml"]}
    for root, name in ((extra, "additional"), (routes, "routes")):
        ElementTree.ElementTree(root).write(files[name][0], encoding="utf-8")
    return Service(files, due, frozenset(due))


def _add_stop(extra: ElementTree.Element, name: str, lane: str, call: Call) -> None:
    end = call.place.position
    ElementTree.SubElement(
        extra,
        "busStop",
        id=name,
        lane=lane,
        startPos=f"{max(0.0, end - BUS - 1.0):.2f}",
        endPos=f"{end:.2f}",
        name=call.name,
        friendlyPos="true",
    )
