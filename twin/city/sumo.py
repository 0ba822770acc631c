"""Takes a SUMO scenario as it is: network, demand, signals, stops, detectors, car parks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from twin.city import bundle as bundles
from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.link import Link
from twin.city.network import Lane, Network, coordinates, read_network, tables
from twin.city.place import NOWHERE, inverse, place
from twin.city.sumo_files import DETECTORS, copy_demand, elements, read_config
from twin.city.table import MAPPED, Table

STOPS = {"busStop": "bus", "trainStop": "rail"}
NAMELESS = frozenset(
    {"run", "sumo", "config", "scenario", "simulation", "osm", "main", "test", "net", "network", ""}
)


def base(config: Path, folder: Path, name: str | None = None) -> tuple[City, Features]:
    """The city of a SUMO scenario with its base tables; ``folder`` gets the files.

    Raises
    ------
    DataError
        The configuration, or a file that it names, is missing, damaged or not SUMO's.
    """
    from twin.city.build import add_places

    found = read_config(config)
    target = folder / ("network.net.xml.gz" if found.network.suffix == ".gz" else "network.net.xml")
    shutil.copyfile(found.network, target)
    network = read_network(target)
    where, warnings = _place(network)
    demand = copy_demand(found, folder / "demand", target.name)
    licence = _licence(config, folder / "demand")
    demand["licence"] = sorted((folder / "demand").glob("LICEN[CS]E*"))
    city = City(
        name or _name(config),
        where,
        target,
        demand=demand,
        manifest={
            "source": {"kind": "SUMO", "file": config.name, "sha256": bundles.sha256(config)},
            "licence": licence,
            "warnings": warnings,
        },
    )
    extras = [item for file in found.additional for item in elements(file)]
    _add_programs(network, extras)
    for table in (*tables(network), *_furniture(network, extras)):
        city.add(table)
    _link_lanes(city, extras)
    features = Features()
    add_places(city, features)
    return city, features


def _place(network: Network) -> tuple[Place, list[str]]:
    """Place of a network by its projection and the middle of its junctions."""
    points = np.array([value[:2] for value in network.junctions.values()])
    middle = np.median(points, axis=0).reshape(1, 2)
    if network.projection:
        from pyproj.exceptions import ProjError

        try:
            longitude, latitude = inverse(middle, network.projection)[0]
        except ProjError:
            longitude = latitude = np.inf
        if np.isfinite([longitude, latitude]).all():
            place_ = place(
                round(float(longitude), 6), round(float(latitude), 6), crs=network.projection
            )
            return place_, []
        _forget_projection(network)
    return NOWHERE, [
        "The network has no geographic coordinates: it is put at longitude 0, latitude 0, in UTC."
    ]


def _forget_projection(network: Network) -> None:
    """Take back the offset of a projection that cannot be used."""
    x, y = network.offset
    for edge in network.edges.values():
        for lane in edge.lanes:
            lane.shape += network.offset
    network.junctions = {k: (a + x, b + y, c) for k, (a, b, c) in network.junctions.items()}
    network.projection, network.offset = "", (0.0, 0.0)


def _name(config: Path) -> str:
    """The file's name, or its folder's where the file has one that says nothing."""
    stem = config.name.split(".")[0]
    return config.absolute().parent.name if stem in NAMELESS else stem


def _licence(config: Path, folder: Path) -> str:
    """The licence of the scenario; a file with it is copied into ``folder``."""
    home = config.absolute().parent
    for beside in (home, home.parent):
        for file in sorted(beside.glob("LICEN[CS]E*")):
            shutil.copyfile(file, folder / file.name)
            return f"see demand/{file.name}"
    return "that of the SUMO scenario"


def _add_programs(network: Network, extras: list[Any]) -> None:
    for item in extras:
        if item.tag == "tlLogic" and item.get("id") in network.programs:
            network.programs[item.get("id")].add(item.get("programID", ""))


def _furniture(network: Network, extras: list[Any]) -> Iterator[Table]:
    """Tables of stops, detectors and car parks."""
    stops = _on_lanes(network, extras, tuple(STOPS))
    names = [item.get("name") or item.get("id") for item in stops]
    modes = [STOPS[item.tag] for item in stops]
    yield _table("stop", network, stops, {"name": names, "mode": modes})
    detectors = _on_lanes(network, extras, tuple(DETECTORS))
    if detectors:
        rows = {key: row for row, key in enumerate(network.edges)}
        lanes = [item.get("lane").rpartition("_") for item in detectors]
        columns = {
            "edge": np.array([rows[lane[0]] for lane in lanes]),
            "lane": np.array([int(lane[2]) for lane in lanes]),
            "position": np.array([_position(network, item) for item in detectors]),
            "kind": [DETECTORS[item.tag] for item in detectors],
        }
        yield _table("detector", network, detectors, columns)
    parks = _on_lanes(network, extras, ("parkingArea",))
    if parks:
        capacity = np.array([_capacity(item) for item in parks])
        yield _table(
            "parking", network, parks, {"capacity": capacity, "kind": ["street"] * len(parks)}
        )


def _on_lanes(network: Network, extras: list[Any], tags: tuple[str, ...]) -> list[Any]:
    """Elements of these kinds on a lane of the network; the first of each id."""
    found: dict[str, Any] = {}
    for item in extras:
        if item.tag in tags and (item.get("lane") or "").rpartition("_")[0] in network.edges:
            found.setdefault(item.get("id"), item)
    return list(found.values())


def _table(name: str, network: Network, items: list[Any], columns: dict[str, Any]) -> Table:
    import shapely

    points = np.array([_point(network, item) for item in items], dtype=np.float64).reshape(-1, 2)
    columns["origin"] = np.full(len(items), MAPPED)
    ids = [item.get("id") for item in items]
    return Table(name, ids, columns, np.atleast_1d(shapely.points(points)))


def _position(network: Network, item: Any) -> float:
    """Place along the lane, m from its start."""
    return _along(_lane_of(network, item), item.get("pos") or item.get("startPos") or "0")


def _lane_of(network: Network, item: Any) -> Lane:
    edge, _, index = item.get("lane").rpartition("_")
    return network.edges[edge].lanes[int(index)]


def _along(lane: Lane, text: str) -> float:
    """A stated place on a lane, m from its start; negative ones count from its end."""
    try:
        stated = float(text)
    except ValueError:  # "random" and the like
        return lane.length / 2.0
    return min(max(stated + lane.length if stated < 0.0 else stated, 0.0), lane.length)


def _point(network: Network, item: Any) -> tuple[float, float]:
    """A stated coordinate, or the point on the lane."""
    import shapely

    if item.get("x") and item.get("y"):
        x, y = coordinates(f"{item.get('x')},{item.get('y')}", network.offset)[0]
        return float(x), float(y)
    lane = _lane_of(network, item)
    start = _position(network, item)
    middle = (start + _along(lane, item.get("endPos", str(start)))) / 2.0
    share = middle / lane.length if lane.length else 0.0
    point = shapely.line_interpolate_point(shapely.linestrings(lane.shape), share, normalized=True)
    return float(point.x), float(point.y)


def _capacity(item: Any) -> int:
    """Spaces of a car park: those along the road and those stated one by one."""
    spaces = len(item.findall("space"))
    return int(item.get("roadsideCapacity", 0)) + spaces


def _link_lanes(city: City, extras: list[Any]) -> None:
    """Link stops, detectors and car parks to the edge whose lane they name."""
    lanes = {item.get("id"): (item.get("lane") or "").rpartition("_")[0] for item in extras}
    for name in ("stop", "detector", "parking"):
        if name in city:
            rows = city["edge"].rows([lanes[key] for key in city[name].ids.tolist()])
            city.connect(Link(name, "edge", rows))
