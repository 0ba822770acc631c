"""The demand of a SUMO scenario: vehicles with routes, stops and types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.traffic.sumo.inputs import read_text
from twin.city.city import City
from twin.core.random import Streams, uniforms
from twin.errors import DataError

DEFAULT = "DEFAULT_VEHTYPE"
VEHICLES = ("vehicle", "trip", "flow")


@dataclass(frozen=True)
class Kind:
    """A vehicle type.

    Attributes
    ----------
    length
        With the gap before it, m.
    emission
        SUMO's emission class.
    vclass
        SUMO's vehicle class.
    """

    length: float = 7.5
    emission: str = "HBEFA4/PC_petrol_Euro-4"
    vclass: str = "passenger"


class Halt(NamedTuple):
    """A stop on the way.

    Attributes
    ----------
    edge
        Row.
    seconds
        That it stands there at least.
    until
        Time before which it does not leave, s.
    place
        Share of the edge before it, of buses that set off at their first stop; -1 for others.
    number
        Among those of a bus whose stops are numbered; -1 for others.
    """

    edge: int
    seconds: float
    until: float = float("-inf")
    place: float = -1.0
    number: int = -1


@dataclass
class Own:
    """Vehicles of a SUMO scenario, in columns; by departure, then order in the files.

    Attributes
    ----------
    names
        Ids.
    depart
        SUMO time, s.
    route
        Edge rows of each; two for a trip whose way is to be found.
    given
        Whether the route is the whole way.
    kind
        Row in ``kinds``.
    stops
        In the order of the way.
    kinds
        Types that occur.
    left_out
        Vehicles that use an edge which the city does not have.
    """

    names: list[str] = field(default_factory=list)
    depart: list[float] = field(default_factory=list)
    route: list[tuple[int, ...]] = field(default_factory=list)
    given: list[bool] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    stops: list[list[Halt]] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    left_out: int = 0


class _Files:
    """The XML of a scenario, read once."""

    def __init__(self, demand: Mapping[str, Sequence[Path]]) -> None:
        from xml.etree import ElementTree

        config = demand.get("config", [])
        files = [*demand.get("additional", []), *demand.get("routes", [])]
        self.begin, self.end = 0.0, float("inf")
        if config:
            times = ElementTree.parse(config[0]).getroot().find("time")
            for item in [] if times is None else times:
                if item.tag in ("begin", "end"):
                    setattr(self, item.tag, float(item.get("value", "0")))
        self.roots: list[Any] = []
        for file in files:
            try:
                self.roots.append(ElementTree.fromstring(read_text(Path(file))))
            except ElementTree.ParseError as error:
                raise DataError(f"it is no valid XML: {error}", where=str(file)) from None

    def all(self, *tags: str) -> Iterator[Any]:
        """Elements directly under the roots."""
        for root in self.roots:
            yield from (item for item in root if item.tag in tags)


def begin(demand: Mapping[str, Sequence[Path]]) -> float:
    """SUMO time at which the scenario begins, s."""
    return _Files({"config": demand.get("config", [])}).begin


def read_own(city: City, streams: Streams) -> Own:
    """The vehicles of the city's own demand.

    Types of a distribution are drawn by the vehicle's name; departures of a flow that are random in
    SUMO are evenly spaced here. Persons are left out.
    """
    files = _Files(city.demand)
    types = _Types(files)
    rows = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    routes = {item.get("id"): item.get("edges", "") for item in files.all("route")}
    places = files.all("busStop", "trainStop", "parkingArea", "chargingStation")
    bays = {item.get("id"): item for item in places}
    own = Own(kinds=types.kinds)
    listed = [
        (depart, name, item)
        for item in files.all(*VEHICLES)
        for depart, name in _departures(item, files.begin, files.end)
    ]
    listed.sort(key=lambda one: one[0])
    draws = (
        uniforms(
            streams.keys("traffic.kind", np.array([one[1] for one in listed], dtype=np.str_)),
            np.uint64(0),
        )
        if listed
        else np.empty(0)
    )
    for (depart, name, item), draw in zip(listed, draws, strict=True):
        edges, given = _way(item, routes)
        found = [rows.get(edge, -1) for edge in edges]
        if not found or min(found) < 0:
            own.left_out += 1
            continue
        own.names.append(name)
        own.depart.append(depart)
        own.route.append(tuple(found))
        own.given.append(given)
        own.kind.append(types.pick(item.get("type", DEFAULT), float(draw)))
        own.stops.append(_stops(item, bays, rows, city["edge"]["length"]))
    return own


def _way(item: Any, routes: Mapping[str | None, str]) -> tuple[list[str], bool]:
    inner = item.find("route")
    if inner is not None:
        return inner.get("edges", "").split(), True
    if item.get("route"):
        return routes.get(item.get("route"), "").split(), True
    if item.get("from") and item.get("to"):
        return [item.get("from"), *item.get("via", "").split(), item.get("to")], False
    return [], False


def _departures(item: Any, begin: float, end: float) -> list[tuple[float, str]]:
    name = item.get("id", "")
    if item.tag != "flow":
        text = item.get("depart", "0")
        time = begin if not _number(text) else float(text)
        return [(time, name)] if begin <= time < end else []
    first, last = float(item.get("begin", begin)), float(item.get("end", min(end, 86_400.0)))
    count = _flow_count(item, last - first)
    step = (last - first) / max(1, count)
    times = [first + step * number for number in range(count)]
    return [(t, f"{name}.{n}") for n, t in enumerate(times) if begin <= t < end]


def _flow_count(item: Any, seconds: float) -> int:
    for key, per in (
        ("number", 0.0),
        ("vehsPerHour", 3600.0),
        ("period", -1.0),
        ("probability", 1.0),
    ):
        text = item.get(key)
        if text is None:
            continue
        if key == "number":
            return int(float(text))
        if key == "period":
            rate = float(text[4:-1]) if text.startswith("exp(") else 1.0 / float(text)
            return round(seconds * rate)
        return round(seconds * float(text) / per)
    return 0


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _stops(
    item: Any, bays: Mapping[str | None, Any], rows: Mapping[str, int], length: Any
) -> list[Halt]:
    found = []
    for stop in item.findall("stop"):
        place = next((stop.get(key) for key in ("busStop", "parkingArea") if stop.get(key)), None)
        spot = bays.get(place, {}) if place else stop
        edge = spot.get("lane", "").rpartition("_")[0] or stop.get("edge", "")
        number = int(stop.get("actType")) if stop.get("actType", "").isdigit() else -1
        placed = item.get("departPos") == "stop" and "endPos" in spot
        if edge in rows and (stop.get("parking") != "true" or number >= 0):
            share = float(spot.get("endPos")) / float(length[rows[edge]]) if placed else -1.0
            found.append(
                Halt(
                    rows[edge],
                    float(stop.get("duration", "0")),
                    float(stop.get("until", "-inf")),
                    min(1.0, share),
                    number,
                )
            )
    return found


class _Types:
    """Vehicle types and distributions of them."""

    def __init__(self, files: _Files) -> None:
        self.kinds: list[Kind] = [Kind()]
        self._row = {DEFAULT: 0}
        self._shares: dict[str, list[tuple[float, int]]] = {}
        for item in files.all("vType"):
            self._add(item)
        for group in files.all("vTypeDistribution"):
            inner = [
                (float(t.get("probability", "1")), self._add(t)) for t in group.findall("vType")
            ]
            named = [
                (1.0, self._row[name])
                for name in group.get("vTypes", "").split()
                if name in self._row
            ]
            self._shares[group.get("id", "")] = inner or named

    def _add(self, item: Any) -> int:
        usual = Kind()
        vclass = item.get("vClass", "passenger")
        length = float(item.get("length", "12" if vclass in ("bus", "truck", "trailer") else "5"))
        kind = Kind(
            length + float(item.get("minGap", "2.5")),
            item.get("emissionClass", usual.emission),
            vclass,
        )
        self._row[item.get("id", "")] = len(self.kinds)
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def pick(self, name: str, draw: float) -> int:
        """Row of a type, or of one of a distribution by a draw in [0, 1)."""
        shares = self._shares.get(name)
        if not shares:
            return self._row.get(name, 0)
        sums = np.cumsum([share for share, _ in shares])
        return shares[int(np.searchsorted(sums, draw * sums[-1], side="right"))][1]
