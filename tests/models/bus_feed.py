"""A GTFS feed of the buses of a SUMO scenario: at its stops, at free speed and a little more."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import sumolib
from pyproj import Transformer

from tests.data import shared
from twin.city.city import City

START = 7 * 3600


@dataclass(frozen=True)
class Stop:
    """A stop of the feed."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Run:
    """A trip: when it is at which stop, s since midnight."""

    name: str
    stops: Sequence[str]
    times: Sequence[float]
    mode: int = 3


def write(
    file: Path, city: City, stops: Mapping[str, Stop], runs: Sequence[Run], **more: str
) -> Path:
    """Write a feed that runs on weekdays of 2025; ``more`` are files to add or to change."""
    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    places = ["stop_id,stop_name,stop_lat,stop_lon"]
    for name, stop in stops.items():
        longitude, latitude = to_degrees.transform(stop.x, stop.y)
        places.append(f"{name},{stop.name},{latitude:.8f},{longitude:.8f}")
    times = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for run in runs:
        for number, (name, time) in enumerate(zip(run.stops, run.times, strict=True)):
            times.append(f"{run.name},{clock(time)},{clock(time)},{name},{number}")
    modes = sorted({run.mode for run in runs})
    files = {
        "stops": "\n".join(places),
        "routes": "route_id,route_short_name,route_type\n"
        + "\n".join(f"r{mode},{mode},{mode}" for mode in modes),
        "trips": "route_id,service_id,trip_id\n"
        + "\n".join(f"r{run.mode},week,{run.name}" for run in runs),
        "stop_times": "\n".join(times),
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
        "start_date,end_date\nweek,1,1,1,1,1,0,0,20250101,20251231",
    } | more
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.txt", text + "\n")
    return file


def clock(seconds: float) -> str:
    """``HH:MM:SS``."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


@dataclass(frozen=True)
class Known:
    """What the scenario says of its buses: by trip, the edge of each stop, and the way."""

    edges: dict[str, list[str]]
    ways: dict[str, list[str]]


def bologna(file: Path, city: City, slack: float = 1.5, aside: float = 4.0) -> Known:
    """Bologna's buses as a timetable.

    Parameters
    ----------
    slack
        Time between two stops, in times of that at the limits; 20 s of standing are added.
    aside
        How far the stops lie to the right of their lanes, m.
    """
    folder = shared("traffic/bologna")
    net = sumolib.net.readNet(str(folder / "joined_buslanes.net.xml"))
    stops: dict[str, Stop] = {}
    edge_of, place_of = {}, {}
    for item in ElementTree.parse(folder / "joined_bus_stops.add.xml").getroot():
        name = item.get("id", "")
        lane = net.getLane(item.get("lane", ""))
        middle = (float(item.get("startPos", 0)) + float(item.get("endPos", 0))) / 2.0
        x, y = sumolib.geomhelper.positionAtShapeOffset(lane.getShape(), middle)
        x2, y2 = sumolib.geomhelper.positionAtShapeOffset(lane.getShape(), middle + 1.0)
        stops[name] = Stop(f"Stop {name[8:]}", x + aside * (y2 - y), y - aside * (x2 - x))
        edge_of[name], place_of[name] = lane.getEdge().getID(), middle
    runs, known = [], Known({}, {})
    for bus in ElementTree.parse(folder / "joined_busses.rou.xml").getroot():
        route = bus.find("route")
        served = [stop.get("busStop", "") for stop in bus.findall("stop")]
        way = [] if route is None else route.get("edges", "").split()
        if len(served) < 2:
            continue
        time, times = START + float(bus.get("depart", 0)) + 60.0, []
        for a, b in zip(served, [*served[1:], ""], strict=True):
            times.append(time)
            time += 20.0 + slack * _free(net, way, edge_of, place_of, a, b) if b else 0.0
        name = bus.get("id", "")
        runs.append(Run(name, served, times))
        first, last = way.index(edge_of[served[0]]), way.index(edge_of[served[-1]])
        known.edges[name] = [edge_of[stop] for stop in served]
        known.ways[name] = way[first : last + 1]
    write(file, city, stops, runs)
    return known


def _free(
    net: object, way: list[str], edge_of: dict[str, str], place_of: dict[str, float], a: str, b: str
) -> float:
    """Time from one stop to another along a way at the limits, s."""
    legs = way[way.index(edge_of[a]) : way.index(edge_of[b]) + 1]
    metres = np.array([net.getEdge(edge).getLength() for edge in legs])  # type: ignore[attr-defined]
    speed = np.array([net.getEdge(edge).getSpeed() for edge in legs])  # type: ignore[attr-defined]
    gone = place_of[a] / speed[0] + (metres[-1] - place_of[b]) / speed[-1]
    return float((metres / speed).sum() - gone)
