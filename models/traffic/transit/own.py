"""The buses of a SUMO scenario: taken out of its demand, or kept without the rest of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from models.traffic.sumo.inputs import begin, read_text
from models.traffic.transit.buses import Floats, Service
from twin.city.city import City

CLASSES = ("bus", "coach")
VEHICLES = ("vehicle", "trip", "flow")
TIMES = ("depart", "begin", "end", "until", "arrival")
PLACES = ("busStop", "route", "vType", "vTypeDistribution")
Element = ElementTree.Element


def service(city: City, folder: Path) -> Service:
    """The buses of the city's own demand alone, SUMO's time counted from the start of the run."""
    items, kinds = _all(city), _kinds(_all(city))
    zero = begin(city)
    buses = [_moved(e, zero) for e in items if e.tag in VEHICLES and e.get("type", "") in kinds]
    buses = sorted((e for e in buses if _moment(e) >= 0.0), key=_moment)
    if not buses:
        return Service()
    due: dict[str, Floats] = {}
    for bus in buses:
        stops = bus.findall("stop")
        for number, stop in enumerate(stops):
            stop.set("actType", str(number))
        until = np.array([float(stop.get("until", "nan")) for stop in stops])
        if bus.tag != "flow" and not np.isnan(until).all():
            due[bus.get("id", "")] = until
    used = {name for bus in buses for name in (bus.get("route"), *_bays(bus)) if name}
    extra = Element("additional")
    extra.extend(e for e in items if e.tag in PLACES and e.get("id") in used | kinds)
    routes = Element("routes")
    routes.extend(buses)
    files = {"additional": [folder / "own-buses.add.xml"], "routes": [folder / "own-buses.rou.xml"]}
    for root, name in ((extra, "additional"), (routes, "routes")):
        ElementTree.ElementTree(root).write(files[name][0], encoding="utf-8")
    return Service(files, due, names(city))


def names(city: City) -> frozenset[str]:
    """Ids of the buses of the city's own demand, and of flows of them."""
    items = _all(city)
    kinds = _kinds(items)
    buses = [e for e in items if e.tag in VEHICLES and e.get("type", "") in kinds]
    return frozenset(bus.get("id", "") for bus in buses)


def without(city: City, folder: Path) -> City:
    """The city with its own demand, but for the buses."""
    kinds, files = _kinds(_all(city)), []
    for number, file in enumerate(city.demand.get("routes", [])):
        root = ElementTree.fromstring(read_text(file))
        gone = [e for e in root if e.tag in VEHICLES and e.get("type", "") in kinds]
        if gone:
            for element in gone:
                root.remove(element)
            file = folder / f"no-buses{number}.rou.xml"
            ElementTree.ElementTree(root).write(file, encoding="utf-8")
        files.append(file)
    other = copy.copy(city)
    other.demand = {**city.demand, "routes": files}
    return other


def _all(city: City) -> list[Element]:
    """Everything in the files of the city's demand."""
    files = [*city.demand.get("additional", []), *city.demand.get("routes", [])]
    return [element for file in files for element in ElementTree.fromstring(read_text(file))]


def _kinds(items: Iterable[Element]) -> set[str]:
    """Types of buses, and distributions of nothing else."""
    found: set[str] = set()
    for item in items:
        if item.tag == "vType" and item.get("vClass") in CLASSES:
            found.add(item.get("id", ""))
        elif item.tag == "vTypeDistribution":
            inner = item.findall("vType")
            members = [*(e.get("id", "") for e in inner), *item.get("vTypes", "").split()]
            if members and set(members) <= found | _kinds(inner):
                found |= {item.get("id", ""), *_kinds(inner)}
    return found


def _bays(bus: Element) -> list[str]:
    return [stop.get("busStop", "") for stop in bus.findall("stop")]


def _moved(item: Element, zero: float) -> Element:
    """The element with times that count from ``zero``; a flow that began before begins there."""
    moved = copy.deepcopy(item)
    for element in moved.iter():
        for key in TIMES:
            text = element.get(key)
            if text is not None and _number(text):
                element.set(key, f"{float(text) - zero:.2f}")
    first = float(moved.get("begin", "0"))
    if moved.tag == "flow" and first < 0.0:
        last = float(moved.get("end", "0"))
        if "number" in moved.attrib:
            left = float(moved.get("number", "0")) * last / max(1e-9, last - first)
            moved.set("number", str(max(0, round(left))))
        moved.set("begin", "0.00")
        if last <= 0.0:
            moved.set("begin", "-1.00")
    return moved


def _moment(item: Element) -> float:
    text = item.get("depart", item.get("begin", "0"))
    return float(text) if _number(text) else 0.0


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
