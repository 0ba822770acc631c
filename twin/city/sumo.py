"""Takes a SUMO scenario as it is: network, demand, signals, stops, detectors, car parks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.city import bundle as bundles
from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.link import Link
from twin.city.network import Lane, Network, coordinates, opened, read_network, tables
from twin.city.place import NOWHERE, inverse, place
from twin.city.table import MAPPED, Table
from twin.errors import DataError

NETWORK = ("net-file", "net", "n")
ROUTES = ("route-files", "routes", "r")
ADDITIONAL = ("additional-files", "additional", "a")
# Sections and options that write files or steer a window: a run of the twin decides those itself.
NOT_KEPT = frozenset({"output", "report", "gui_only", "gui"})
WRITES = (
    "output",
    "log",
    "save-state",
    "netstate",
    "summary",
    "tripinfo",
    "gui-settings",
    "prefix",
)
STOPS = {"busStop": "bus", "trainStop": "rail"}
DETECTORS = {
    "e1Detector": "e1",
    "inductionLoop": "e1",
    "instantInductionLoop": "instant",
    "e2Detector": "e2",
    "laneAreaDetector": "e2",
}
# Elements whose `file` is an output, not an input.
REPORTERS = (
    *DETECTORS,
    "e3Detector",
    "entryExitDetector",
    "edgeData",
    "laneData",
    "routeProbe",
    "vTypeProbe",
)
NAMELESS = frozenset(
    {"run", "sumo", "config", "scenario", "simulation", "osm", "main", "test", "net", "network", ""}
)
SILENT = "NUL"
"""SUMO's name for nowhere, on every system."""


@dataclass
class Config:
    """A SUMO configuration and the files that it names."""

    file: Path
    tree: Any
    network: Path
    routes: list[Path] = field(default_factory=list)
    additional: list[Path] = field(default_factory=list)


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
    extras = [item for file in found.additional for item in _elements(file)]
    _add_programs(network, extras)
    for table in (*tables(network), *_furniture(network, extras)):
        city.add(table)
    _link_lanes(city, extras)
    features = Features()
    add_places(city, features)
    return city, features


def read_config(file: Path) -> Config:
    """A configuration with the files that it names, all of which exist; or a network alone."""
    from lxml import etree

    if not file.is_file():
        raise DataError(
            "there is no such SUMO configuration or network",
            where=str(file),
            allowed=".sumocfg, .net.xml, .net.xml.gz",
        )
    if file.name.endswith((".net.xml", ".net.xml.gz")):
        root = etree.Element("configuration")
        option = etree.SubElement(etree.SubElement(root, "input"), NETWORK[0])
        option.set("value", file.name)
        return Config(file, root.getroottree(), file)
    try:
        tree = etree.parse(str(file))
    except etree.XMLSyntaxError as error:
        raise DataError(f"the SUMO configuration is damaged: {error}", where=str(file)) from None
    networks = _named(file, tree, NETWORK)
    if len(networks) != 1:
        raise DataError(
            f"the SUMO configuration names {len(networks)} networks",
            where=f"{file}, net-file",
            allowed='one: <net-file value="….net.xml"/>',
        )
    found = Config(
        file, tree, networks[0], _named(file, tree, ROUTES), _named(file, tree, ADDITIONAL)
    )
    return found


def _named(file: Path, tree: Any, options: tuple[str, ...]) -> list[Path]:
    """Files of an option, as paths."""
    found = []
    for option in tree.iter(*options):
        for name in option.get("value", "").replace(",", " ").split():
            path = file.parent / name
            if not path.is_file():
                raise DataError(
                    f"the SUMO configuration names a file that is not there: {name}",
                    where=f"{file}, {option.tag}",
                    mend="copy the file to where the configuration looks for it",
                )
            found.append(path)
    return found


def copy_demand(config: Config, folder: Path, network: str) -> dict[str, list[Path]]:
    """Copy routes and additional files, with a configuration that works from there.

    What they do stays as it is; only their outputs go nowhere, because a bundle is not written to.
    """
    folder.mkdir()
    copied: dict[Path, Path] = {}
    for file in _inputs(config):
        target = folder / file.name
        while target.exists():
            target = target.with_name("_" + target.name)
        copied[file] = target
        if file in config.additional:
            _copy_silenced(file, target)
        else:
            shutil.copyfile(file, target)
    listed = {*config.routes, *config.additional}
    written = folder / "run.sumocfg"
    _write_config(config, copied, network, written)
    return {
        "config": [written],
        "routes": [copied[file] for file in config.routes],
        "additional": [copied[file] for file in config.additional],
        "other": [path for file, path in copied.items() if file not in listed],
    }


def _inputs(config: Config) -> Iterator[Path]:
    """Every file, but the network, that an option names; each once."""
    seen = {config.network}
    for option in config.tree.iter("*"):
        if _writes(option):
            continue
        for name in (option.get("value") or "").replace(",", " ").split():
            path = config.file.parent / name
            if path not in seen and path.is_file():
                seen.add(path)
                yield path


def _writes(option: Any) -> bool:
    parent = option.getparent()
    tag = option.tag if isinstance(option.tag, str) else "output"
    section = parent.tag if parent is not None else ""
    return section in NOT_KEPT or any(word in tag for word in WRITES)


def _write_config(config: Config, copied: dict[Path, Path], network: str, target: Path) -> None:
    from copy import deepcopy

    root = deepcopy(config.tree.getroot())
    for option in list(root.iter()):
        if option is root or option.tag in NOT_KEPT or _writes(option):
            if option is not root and option.getparent() is not None:
                option.getparent().remove(option)
            continue
        names = (option.get("value") or "").replace(",", " ").split()
        paths = [config.file.parent / name for name in names]
        if option.tag in NETWORK:
            option.set("value", f"../{network}")
        elif paths and all(path in copied for path in paths):
            option.set("value", ",".join(copied[path].name for path in paths))
    target.write_bytes(_bytes(root))


def _bytes(root: Any) -> bytes:
    from lxml import etree

    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return made


def _copy_silenced(file: Path, target: Path) -> None:
    """Copy an additional file with its outputs sent nowhere; byte for byte if it has none."""
    root = _parsed(file)
    reporters = [item for item in root.iter(*REPORTERS) if item.get("file")]
    if not reporters:
        shutil.copyfile(file, target)
        return
    for item in reporters:
        item.set("file", SILENT)
    made = _bytes(root)
    if target.suffix == ".gz":
        import gzip

        made = gzip.compress(made, mtime=0)
    target.write_bytes(made)


def _parsed(file: Path) -> Any:
    from lxml import etree

    try:
        with opened(file) as source:
            return etree.parse(source).getroot()
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        raise DataError(f"the additional file is damaged: {error}", where=str(file)) from None


def _elements(file: Path) -> list[Any]:
    return [item for item in _parsed(file) if isinstance(item.tag, str)]


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
