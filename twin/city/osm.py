"""Reads OpenStreetMap extracts: any size of town, any order of objects, any compression."""

from __future__ import annotations

import bz2
import gzip
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twin.city.place import Floats, centre
from twin.city.words import words
from twin.errors import DataError

Tags = dict[str, str]
KINDS = ".osm.pbf, .osm or .osm.xml, each also as .gz or .bz2"
GET = "get the extract again (from Overpass, Geofabrik or the export of openstreetmap.org)"

# Roads that netconvert's type map opens to passenger cars.
DRIVABLE = words(
    "motorway motorway_link trunk trunk_link primary primary_link secondary secondary_link "
    "tertiary tertiary_link unclassified residential living_street road unsurfaced"
)
# Where a place has no such road, these are what people drive on.
LAST_RESORT = ("track", "service")


class Way(NamedTuple):
    """A way: its tags and the ids of its nodes."""

    tags: Tags
    nodes: list[int]


class Relation(NamedTuple):
    """A relation: its tags and its members as (``n``, ``w`` or ``r``, id, role)."""

    tags: Tags
    members: list[tuple[str, int, str]]


@dataclass
class Extract:
    """The objects of an extract.

    Attributes
    ----------
    file
        Where they come from.
    ids : (n,) int64
        Ids of the nodes, ascending.
    lonlat : (n, 2) float64, degrees
        Their places.
    node_tags, ways, relations
        Tagged nodes, all ways and all relations by id.
    """

    file: Path
    ids: npt.NDArray[np.int64]
    lonlat: Floats
    node_tags: dict[int, Tags] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)

    def positions(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows of node ids in ``lonlat``, -1 for nodes beyond the border of the extract."""
        found = np.minimum(np.searchsorted(self.ids, nodes), len(self.ids) - 1)
        return np.where(self.ids[found] == nodes, found, -1)

    def roads(self) -> dict[int, Way]:
        """Ways that cars drive on; tracks or service roads where there is no other kind."""
        wanted: frozenset[str] = DRIVABLE
        for more in (*LAST_RESORT, ""):
            found = {
                key: way for key, way in self.ways.items() if way.tags.get("highway") in wanted
            }
            if found:
                return found
            wanted = frozenset({more})
        raise DataError(
            "no road in the extract is open to cars",
            where=str(self.file),
            allowed="ways with highway = residential, unclassified, primary, …",
            mend="take an extract of all objects of the place, not of a selection of tags",
        )

    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the roads, degrees."""
        nodes = np.array([n for way in self.roads().values() for n in way.nodes], dtype=np.int64)
        rows = self.positions(nodes)
        if not np.any(rows >= 0):
            raise DataError(
                "the extract has roads but not the nodes that they go through",
                where=str(self.file),
                mend="export the nodes too: in Overpass, (._;>;); before out",
            )
        return centre(self.lonlat[rows[rows >= 0]])

    def country(self) -> str:
        """The country that most addresses name, as ISO 3166-1 code; empty without any."""
        tagged = (*self.node_tags.values(), *(way.tags for way in self.ways.values()))
        named = Counter(
            tags["addr:country"].strip().upper() for tags in tagged if "addr:country" in tags
        )
        codes = [
            (count, code) for code, count in named.items() if len(code) == 2 and code.isalpha()
        ]
        return max(codes)[1] if codes else ""


def read(file: Path) -> Extract:
    """Read an extract.

    Raises
    ------
    DataError
        The file is missing, empty, truncated or not OpenStreetMap.
    """
    if not file.is_file():
        raise DataError("there is no such extract", where=str(file), allowed=KINDS)
    if file.stat().st_size == 0:
        raise DataError("the extract is empty", where=str(file), allowed=KINDS, mend=GET)
    with _plain(file) as (path, kind):
        extract = _collect(file, path, kind)
    if not len(extract.ids):
        raise DataError("the extract has no nodes", where=str(file), mend=GET)
    return extract


@contextmanager
def _plain(file: Path) -> Iterator[tuple[Path, str]]:
    """The file without its outer compression, and its format by what it starts with."""
    with file.open("rb") as raw:
        start = raw.read(4)
    opener = gzip.open if start[:2] == b"\x1f\x8b" else bz2.open if start[:3] == b"BZh" else None
    if opener is None:
        yield file, _format(file, file)
        return
    with tempfile.TemporaryDirectory(prefix="citytwin-") as folder:
        path = Path(folder) / "extract"
        try:
            with opener(file, "rb") as packed, path.open("wb") as out:
                shutil.copyfileobj(packed, out)
        except (OSError, EOFError, ValueError) as error:
            raise _damaged(file, error) from None
        yield path, _format(path, file)


def _format(path: Path, file: Path) -> str:
    with path.open("rb") as raw:
        start = raw.read(2048)
    if b"OSMHeader" in start[:64]:
        return "pbf"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<html" not in start.lower():
        return "osm"
    raise DataError(
        f"this is not an OpenStreetMap extract: it starts with {start[:24]!r}",
        where=str(file),
        allowed=KINDS,
        mend=GET,
    )


def _damaged(file: Path, error: Exception) -> DataError:
    return DataError(
        f"the extract is damaged or cut short: {error}", where=str(file), allowed=KINDS, mend=GET
    )


def _collect(file: Path, path: Path, kind: str) -> Extract:
    import osmium

    reader = _Reader()
    try:
        for item in osmium.FileProcessor(osmium.io.File(str(path), kind)):
            if item.visible:
                reader.take(item)
    except (RuntimeError, ValueError, OSError, UnicodeDecodeError) as error:
        raise _damaged(file, error) from None
    return reader.extract(file)


class _Reader:
    """Collects objects as they come; the last version of an object wins."""

    def __init__(self) -> None:
        self.places: dict[int, tuple[float, float]] = {}
        self.node_tags: dict[int, Tags] = {}
        self.ways: dict[int, Way] = {}
        self.relations: dict[int, Relation] = {}

    def take(self, item: Any) -> None:
        tags = dict(item.tags) if len(item.tags) else {}
        if item.is_node():
            if item.location.valid():
                self.places[item.id] = (item.location.lon, item.location.lat)
                if tags:
                    self.node_tags[item.id] = tags
        elif item.is_way():
            self.ways[item.id] = Way(tags, [node.ref for node in item.nodes])
        elif item.is_relation():
            members = [(str(m.type), m.ref, m.role) for m in item.members]
            self.relations[item.id] = Relation(tags, members)

    def extract(self, file: Path) -> Extract:
        ids = np.fromiter(self.places, dtype=np.int64, count=len(self.places))
        lonlat = np.array(list(self.places.values()), dtype=np.float64).reshape(-1, 2)
        order = np.argsort(ids, kind="stable")
        return Extract(
            file,
            ids[order],
            lonlat[order],
            dict(sorted(self.node_tags.items())),
            dict(sorted(self.ways.items())),
            dict(sorted(self.relations.items())),
        )


def write_roads(extract: Extract, path: Path) -> None:
    """Write the roads, their nodes and turn restrictions as XML for netconvert.

    What is cut by the border is made whole: nodes that are missing are left out of their ways, and
    restrictions with a missing member are dropped.
    """
    roads = extract.roads()
    known = {key: _inside(extract, way.nodes) for key, way in roads.items()}
    known = {key: nodes for key, nodes in known.items() if len(nodes) > 1}
    used = sorted({node for nodes in known.values() for node in nodes})
    rows = extract.positions(np.array(used, dtype=np.int64))
    with path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
        for node, (longitude, latitude) in zip(used, extract.lonlat[rows], strict=True):
            head = f'<node id="{node}" lat="{latitude:.7f}" lon="{longitude:.7f}"'
            _element(out, "node", head, [], extract.node_tags.get(node, {}))
        for key, nodes in known.items():
            inner = [f'<nd ref="{node}"/>' for node in nodes]
            _element(out, "way", f'<way id="{key}"', inner, _drivable(roads[key].tags))
        for key, relation in extract.relations.items():
            if _restricts(relation, known, set(used)):
                inner = [_member(*member) for member in relation.members]
                _element(out, "relation", f'<relation id="{key}"', inner, relation.tags)
        out.write("</osm>\n")


def _inside(extract: Extract, nodes: list[int]) -> list[int]:
    rows = extract.positions(np.array(nodes, dtype=np.int64))
    return [node for node, row in zip(nodes, rows, strict=True) if row >= 0]


def _drivable(tags: Tags) -> Tags:
    """Tags that open a road of last resort to cars: the type map closes tracks to them."""
    if tags["highway"] in DRIVABLE - {"road"}:
        return tags
    opened = {"highway": "unclassified", "maxspeed": "30"} | tags
    return opened | {"highway": "unclassified"}


def _restricts(relation: Relation, ways: dict[int, list[int]], nodes: set[int]) -> bool:
    if not relation.tags.get("type", "").startswith("restriction"):
        return False
    there = {"w": ways, "n": nodes}
    return all(kind in there and key in there[kind] for kind, key, _ in relation.members)


def _member(kind: str, key: int, role: str) -> str:
    name = {"n": "node", "w": "way", "r": "relation"}[kind]
    return f'<member type="{name}" ref="{key}" role={_quoted(role)}/>'


def _element(out: IO[str], name: str, head: str, inner: list[str], tags: Tags) -> None:
    tagged = [f"<tag k={_quoted(key)} v={_quoted(value)}/>" for key, value in tags.items()]
    body = "".join([*inner, *tagged])
    out.write(f"{head}>{body}</{name}>\n" if body else f"{head}/>\n")


def _quoted(text: str) -> str:
    from xml.sax.saxutils import quoteattr

    # XML 1.0 has no control characters, not even escaped; some editors let them into tags.
    return quoteattr("".join(char for char in text if char >= " " and char not in "\ufffe\uffff"))
