"""The vehicles that came with a city, as SUMO's route files name them; read, and written anew."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Rows
from models.traffic.fleet import ELECTRIC, NAMES, PETROL, TRUCK, VAN, emission_class
from models.traffic.toll.answer import DIVERTS, GIVES_UP, Answers
from twin.city.city import City

CLASS_OF = {
    "passenger": PETROL, "private": PETROL, "ignoring": PETROL, "custom1": PETROL,
    "custom2": PETROL, "hov": PETROL, "vip": PETROL, "evehicle": ELECTRIC,
    "delivery": VAN, "truck": TRUCK, "trailer": TRUCK,
}  # fmt: skip
"""Of SUMO's vehicle classes that are asked, index into ``fleet.NAMES``; buses, taxis, rescue
services, cycles and rail are not."""


@dataclass(frozen=True)
class OwnDemand:
    """Vehicles of a SUMO scenario that a price may reach.

    Attributes
    ----------
    elements
        Everything in the route files, in their order.
    index : (n,) int64
        Element of each vehicle.
    names : (n,) str
    origin, goal : (n,) int64, edge row
    depart : (n,) float64, s
        SUMO's time.
    kind : (n,) int64
        Index into ``fleet.NAMES`` of the newest of its class.
    ways
        Rows of the edges of the way of each that has one, by row of the vehicles.
    passed_over
        Flows, persons and vehicles whose way or time is not written out; they pay, they do not
        answer.
    """

    elements: list[ElementTree.Element]
    index: Rows
    names: npt.NDArray[np.str_]
    origin: Rows
    goal: Rows
    depart: Floats
    kind: Rows
    ways: dict[int, Rows]
    passed_over: int

    @classmethod
    def read(cls, city: City) -> OwnDemand:
        """All vehicles with a way and a departure."""
        elements = [e for file in city.demand.get("routes", []) for e in _root(file)]
        extra = [e for file in city.demand.get("additional", []) for e in _root(file)]
        kinds = _kinds([*extra, *elements])
        routes = {e.get("id", ""): e.get("edges", "") for e in (*extra, *elements)}
        ways: dict[int, Rows] = {}
        found: list[tuple[Any, ...]] = []
        over = 0
        for number, element in enumerate(elements):
            if element.tag not in ("vehicle", "trip"):
                over += element.tag in ("flow", "person", "personFlow")
                continue
            kind = kinds.get(element.get("type", ""), PETROL)
            if kind is None:
                continue
            edges = _edges(element, routes)
            rows = city["edge"].rows(np.array(edges, dtype=np.str_)) if edges else np.array([-1])
            try:
                depart = float(element.get("depart", ""))
            except ValueError:
                depart = np.nan
            if min(rows[0], rows[-1]) < 0 or np.isnan(depart):
                over += 1
                continue
            if element.tag == "vehicle" and (rows >= 0).all():
                ways[len(found)] = rows.astype(np.int64)
            found.append((number, element.get("id", ""), rows[0], rows[-1], depart, kind))
        columns = list(zip(*found, strict=True)) if found else [()] * 6
        return cls(
            elements,
            np.array(columns[0], dtype=np.int64),
            np.array(columns[1], dtype=np.str_),
            np.array(columns[2], dtype=np.int64),
            np.array(columns[3], dtype=np.int64),
            np.array(columns[4], dtype=np.float64),
            np.array(columns[5], dtype=np.int64),
            ways,
            over,
        )

    def changed(
        self, city: City, answers: Answers | None, kinds: Rows | None, begin: float, file: Path
    ) -> City:
        """The city with a route file in which everybody does as they answered.

        ``begin`` is SUMO's time at tick 0, s; ``kinds`` (n,) are indices into ``fleet.NAMES`` by
        which the vehicles emit, as the scenario has them without.
        """
        edges, gone = city["edge"].ids, set()
        kept = [copy.copy(element) for element in self.elements]
        types = _Types(city, self.elements)
        for row, number in enumerate(map(int, self.index)):
            if kinds is not None:
                kept[number].set("type", types.aged(kept[number].get("type", ""), int(kinds[row])))
            if answers is None:
                continue
            if answers.choice[row] == GIVES_UP:
                gone.add(number)
                continue
            kept[number].set("depart", f"{begin + answers.depart[row] / 1000.0:.2f}")
            if answers.choice[row] == DIVERTS:
                way = " ".join(str(edges[edge]) for edge in answers.ways[row])
                kept[number] = _led(kept[number], way)
        written = [element for number, element in enumerate(kept) if number not in gone]
        root = ElementTree.Element("routes")
        root.extend(types.made.values())
        root.extend(sorted(written, key=_moment))
        ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
        other = copy.copy(city)
        other.demand = {**city.demand, "routes": [file]}
        return other


def exempt(*demands: Mapping[str, Sequence[Path]]) -> frozenset[str]:
    """Ids of the vehicles and flows of demands that no price is for: buses, taxis, rescue services.

    Each demand has its files of SUMO under ``routes`` and ``additional``.
    """
    found: set[str] = set()
    for demand in demands:
        elements = [e for file in demand.get("routes", []) for e in _root(file)]
        extra = [e for file in demand.get("additional", []) for e in _root(file)]
        kinds = _kinds([*extra, *elements])
        spared = {name for name, kind in kinds.items() if kind is None}
        found |= {e.get("id", "") for e in elements if e.get("type", "") in spared}
    return frozenset(found)


class _Types:
    """The vehicle types of a SUMO scenario, and copies of them that emit as another fleet does."""

    def __init__(self, city: City, elements: Sequence[ElementTree.Element]) -> None:
        extra = [e for file in city.demand.get("additional", []) for e in _root(file)]
        wanted = ("vType", "vTypeDistribution")
        self._known = {e.get("id", ""): e for e in (*extra, *elements) if e.tag in wanted}
        self.made: dict[str, ElementTree.Element] = {}

    def aged(self, name: str, kind: int) -> str:
        """Id of the type ``name`` that emits as one of ``fleet.NAMES``."""
        found = f"{name or 'car'}.{NAMES[kind]}"
        if found not in self.made:
            known = self._known.get(name)
            self.made[found] = _emitting(
                ElementTree.Element("vType") if known is None else known, found, kind
            )
        return found


def _emitting(known: ElementTree.Element, name: str, kind: int) -> ElementTree.Element:
    """A copy of a type, or of a distribution with its types, that emits as one of the fleet."""
    copied = copy.deepcopy(known)
    for element in copied.iter("vType"):
        element.set("id", f"{element.get('id', 'car')}.{name}")
        element.set("emissionClass", emission_class(kind))
    copied.set("id", name)
    return copied


def _root(file: Path) -> ElementTree.Element:
    raw = file.read_bytes()
    return ElementTree.fromstring(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)


def _kinds(elements: Sequence[ElementTree.Element]) -> dict[str, int | None]:
    """Class of each vehicle type and distribution of types; None for those not asked."""
    kinds: dict[str, int | None] = {}
    for element in elements:
        if element.tag == "vType":
            kinds[element.get("id", "")] = CLASS_OF.get(element.get("vClass", "passenger"))
        elif element.tag == "vTypeDistribution":
            inner = _kinds(list(element))
            named = element.get("vTypes", "").split()
            kinds |= inner
            members = [*inner, *named]
            kinds[element.get("id", "")] = kinds.get(members[0], PETROL) if members else PETROL
    return kinds


def _edges(element: ElementTree.Element, routes: dict[str, str]) -> list[str]:
    """A vehicle's way, the first and last edge of a trip's; none when it is not written out."""
    if element.tag == "trip":
        return [e for e in (element.get("from"), element.get("to")) if e]
    route = element.find("route")
    edges = routes.get(element.get("route", ""), "") if route is None else route.get("edges", "")
    return edges.split()


def _led(element: ElementTree.Element, way: str) -> ElementTree.Element:
    """The vehicle on another way; its stops are dropped with its old one."""
    attributes = {
        k: v for k, v in element.attrib.items() if k not in ("route", "from", "to", "via")
    }
    vehicle = ElementTree.Element("vehicle", attributes)
    vehicle.append(ElementTree.Element("route", {"edges": way}))
    return vehicle


def _moment(element: ElementTree.Element) -> float:
    """SUMO wants route files by departure; what has none comes first."""
    text = element.get("depart", element.get("begin", ""))
    try:
        return float(text)
    except ValueError:
        return -1.0
