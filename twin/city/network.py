"""Reads a SUMO network into tables: edges, junctions, signals."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from twin.city.osm import Tags
from twin.city.place import Floats
from twin.city.table import Table
from twin.errors import DataError

# Vehicles per hour and lane at free conditions, by road class (rounded values of HCM and HBS for
# interrupted flow; a signal's green share is included below the trunk roads).
CAPACITY = {
    "motorway": 2000.0,
    "motorway_link": 1500.0,
    "trunk": 1800.0,
    "trunk_link": 1300.0,
    "primary": 1000.0,
    "primary_link": 1000.0,
    "secondary": 900.0,
    "secondary_link": 900.0,
    "tertiary": 800.0,
    "tertiary_link": 800.0,
    "residential": 600.0,
    "unclassified": 600.0,
    "living_street": 300.0,
    "service": 300.0,
    "track": 300.0,
}
# For networks that name no class: (at least this speed in m/s, vehicles per hour and lane).
CAPACITY_BY_SPEED = ((25.0, 2000.0), (16.0, 1500.0), (13.0, 900.0), (8.0, 600.0), (0.0, 300.0))
LIT = {"no": "no", "disused": "no", "": ""}


@dataclass
class Lane:
    """A lane as the network file says it."""

    shape: Floats
    length: float
    speed: float
    car: bool
    motor: bool
    original: str


@dataclass
class RawEdge:
    """An edge as the network file says it."""

    attributes: dict[str, str]
    lanes: list[Lane] = field(default_factory=list)


@dataclass
class Network:
    """What a network file holds, in projected metres.

    Attributes
    ----------
    projection
        Proj string of the coordinates; empty for a network without geographic coordinates.
    offset
        What the file added to projected coordinates, metres (x, y).
    edges, junctions
        By id, in the order of the file, without the internal ones.
    programs
        Ids of the programs of each signal.
    controlled
        Junctions at which each signal controls a connection.
    """

    projection: str = ""
    offset: tuple[float, float] = (0.0, 0.0)
    edges: dict[str, RawEdge] = field(default_factory=dict)
    junctions: dict[str, tuple[float, float, str]] = field(default_factory=dict)
    programs: dict[str, set[str]] = field(default_factory=dict)
    controlled: dict[str, list[str]] = field(default_factory=dict)


def read_network(path: Path) -> Network:
    """Read ``.net.xml`` or ``.net.xml.gz``.

    Raises
    ------
    DataError
        The file is missing, damaged or not a SUMO network.
    """
    from lxml import etree

    network = Network()
    try:
        with opened(path) as source:
            for _, item in etree.iterparse(source, events=("end",), tag=tuple(_TAKE)):
                _TAKE[item.tag](network, item)
                item.clear()
    except (etree.XMLSyntaxError, OSError, EOFError, ValueError, KeyError) as error:
        raise DataError(
            f"the network is damaged or not a SUMO network: {error!r}", where=str(path)
        ) from None
    if not network.edges:
        raise DataError("the network has no edges", where=str(path))
    return network


def opened(path: Path) -> IO[bytes]:
    """A file for reading, unpacked when it is gzipped."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _take_location(network: Network, item: Any) -> None:
    projection = item.get("projParameter", "!")
    network.projection = "" if projection in ("!", "-", "") else projection
    x, y = item.get("netOffset", "0,0").split(",")
    network.offset = (float(x), float(y)) if network.projection else (0.0, 0.0)


def _take_edge(network: Network, item: Any) -> None:
    if item.get("function", "normal") in ("internal", "crossing", "walkingarea"):
        return
    edge = RawEdge(dict(item.attrib))
    for lane in item.iterfind("lane"):
        edge.lanes.append(_lane(lane, network.offset))
    if edge.lanes:
        network.edges[edge.attributes["id"]] = edge


def _lane(item: Any, offset: tuple[float, float]) -> Lane:
    original = [p.get("value") for p in item.iterfind("param") if p.get("key") == "origId"]
    car = _permits(item, "passenger")
    return Lane(
        shape=coordinates(item.get("shape"), offset),
        length=float(item.get("length")),
        speed=float(item.get("speed")),
        car=car,
        motor=car or _permits(item, "bus"),
        original=original[0] if original else "",
    )


def coordinates(shape: str, offset: tuple[float, float]) -> Floats:
    """Points of a SUMO shape in projected metres; (n, 2) float64."""
    points = [point.split(",")[:2] for point in shape.split()]
    return np.array(points, dtype=np.float64).reshape(-1, 2) - offset


def _permits(item: Any, kind: str) -> bool:
    allowed, forbidden = item.get("allow"), item.get("disallow")
    if allowed is not None:
        return kind in allowed.split() or allowed == "all"
    return forbidden is None or not (kind in forbidden.split() or forbidden == "all")


def _take_junction(network: Network, item: Any) -> None:
    if item.get("type") != "internal" and not item.get("id").startswith(":"):
        x, y = float(item.get("x")) - network.offset[0], float(item.get("y")) - network.offset[1]
        network.junctions[item.get("id")] = (x, y, item.get("type", ""))


def _take_signal(network: Network, item: Any) -> None:
    network.programs.setdefault(item.get("id"), set()).add(item.get("programID", ""))


def _take_connection(network: Network, item: Any) -> None:
    signal, edge = item.get("tl"), network.edges.get(item.get("from"))
    if signal is not None and edge is not None:
        network.controlled.setdefault(signal, []).append(edge.attributes["to"])


_TAKE: dict[str, Callable[[Network, Any], None]] = {
    "location": _take_location,
    "edge": _take_edge,
    "junction": _take_junction,
    "tlLogic": _take_signal,
    "connection": _take_connection,
}


def tables(network: Network, way_tags: dict[str, Tags] | None = None) -> Iterator[Table]:
    """The tables ``edge``, ``junction`` and ``signal`` of a network.

    Parameters
    ----------
    way_tags
        Tags of the OSM ways by id, for class, name and lighting of the edges.
    """
    yield _edges(network, way_tags or {})
    yield _junctions(network)
    yield _signals(network)


def _edges(network: Network, way_tags: dict[str, Tags]) -> Table:
    edges = list(network.edges.values())
    rows = {key: row for row, key in enumerate(network.junctions)}
    ways = [edge.lanes[0].original.split() for edge in edges]
    tags = [[way_tags[way] for way in own if way in way_tags] for own in ways]
    road = [_road(edge, own) for edge, own in zip(edges, tags, strict=True)]
    speed = np.array([max(_best(edge), key=_by_speed).speed for edge in edges])
    lanes = np.array([sum(lane.motor for lane in e.lanes) or len(e.lanes) for e in edges])
    car_lanes = np.array([sum(lane.car for lane in edge.lanes) for edge in edges])
    columns: dict[str, npt.ArrayLike] = {
        "from_junction": np.array([rows[edge.attributes["from"]] for edge in edges]),
        "to_junction": np.array([rows[edge.attributes["to"]] for edge in edges]),
        "length": np.array([edge.lanes[0].length for edge in edges]),
        "lanes": lanes,
        "speed": speed,
        "road": road,
        "name": [_name(edge, own) for edge, own in zip(edges, tags, strict=True)],
        "lit": [_lit(own) for own in tags],
        "car": car_lanes > 0,
        "capacity": np.maximum(car_lanes, 1) * _lane_capacity(road, speed),
        "osm": [own[0] if own else "" for own in ways],
        "origin": ["mapped"] * len(edges),
    }
    return Table("edge", list(network.edges), columns, _edge_lines(network, edges))


def _best(edge: RawEdge) -> list[Lane]:
    """The lanes that say most about the edge: those for cars, or for motors, or all."""
    for kind in ("car", "motor"):
        found = [lane for lane in edge.lanes if getattr(lane, kind)]
        if found:
            return found
    return edge.lanes


def _by_speed(lane: Lane) -> float:
    return lane.speed


def _road(edge: RawEdge, ways: list[Tags]) -> str:
    if ways:
        return _common([tags.get("highway", "") for tags in ways])
    kind = edge.attributes.get("type", "").split("|")[0]
    return kind.removeprefix("highway.") if kind.startswith("highway.") else ""


def _name(edge: RawEdge, ways: list[Tags]) -> str:
    # netconvert escapes the names of a map twice.
    named = unescape(edge.attributes.get("name", ""))
    return _common([tags["name"] for tags in ways if "name" in tags]) or named


def _lit(ways: list[Tags]) -> str:
    values = [LIT.get(tags.get("lit", ""), "yes") for tags in ways]
    return _common([value for value in values if value])


def _common(values: list[str]) -> str:
    """The most frequent value, the first of equals; empty without any."""
    return Counter(values).most_common(1)[0][0] if values else ""


def _lane_capacity(road: list[str], speed: Floats) -> Floats:
    """Vehicles per hour and lane; (n_edges,) float64."""
    limits = [limit for limit, _ in CAPACITY_BY_SPEED]
    by_speed = np.select([speed >= limit for limit in limits], [c for _, c in CAPACITY_BY_SPEED])
    return np.array([CAPACITY.get(kind, by) for kind, by in zip(road, by_speed, strict=True)])


def _edge_lines(network: Network, edges: list[RawEdge]) -> npt.NDArray[np.object_]:
    """The middle of the carriageway of each direction, led on to the centres of its junctions.

    Directions of one street lie side by side, so what stands at a kerb is nearest to its own; and
    lines meet, so that the streets of a map have no gaps.
    """
    import shapely

    parts = [_middle(edge, network) for edge in edges]
    index = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    made: npt.NDArray[np.object_] = shapely.linestrings(np.concatenate(parts), indices=index)
    return made


def _middle(edge: RawEdge, network: Network) -> Floats:
    lanes = _best(edge)
    low, high = lanes[(len(lanes) - 1) // 2].shape, lanes[len(lanes) // 2].shape
    middle = (low + high) / 2.0 if low.shape == high.shape else low
    ends = [network.junctions[edge.attributes[end]][:2] for end in ("from", "to")]
    return np.concatenate(([ends[0]], middle, [ends[1]]))


def _junctions(network: Network) -> Table:
    import shapely

    values = list(network.junctions.values())
    points = shapely.points(np.array([value[:2] for value in values]).reshape(-1, 2))
    signal = np.array([value[2].startswith("traffic_light") for value in values], dtype=np.bool_)
    return Table("junction", list(network.junctions), {"signal": signal}, np.atleast_1d(points))


def _signals(network: Network) -> Table:
    """Signals, each in the middle of the junctions that it controls."""
    import shapely

    known = {key: at for key, at in network.controlled.items() if key in network.programs}
    places = [
        np.mean([network.junctions[j][:2] for j in sorted(set(at))], axis=0)
        for at in known.values()
    ]
    points = shapely.points(np.array(places, dtype=np.float64).reshape(-1, 2))
    programs = np.array([len(network.programs[key]) for key in known], dtype=np.int32)
    return Table("signal", list(known), {"programs": programs}, np.atleast_1d(points))
