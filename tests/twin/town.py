"""A small town made by hand, anywhere on Earth and with any tagging habit."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians
from pathlib import Path
from xml.sax.saxutils import quoteattr

METRES = 111_320.0
"""Length of a degree of latitude."""


@dataclass
class Town:
    """Streets in a grid, 150 m apart, and what a test adds to them."""

    longitude: float = 2.35
    latitude: float = 48.85
    size: int = 4
    road: dict[str, str] = field(default_factory=lambda: {"highway": "residential"})
    objects: list[str] = field(default_factory=list)
    last: int = 1000

    def __post_init__(self) -> None:
        for i in range(self.size):
            for j in range(self.size):
                self._node(100 + 10 * i + j, 150.0 * i, 150.0 * j, {})
        for i in range(self.size):
            self.way([100 + 10 * i + j for j in range(self.size)], {"name": f"Rue {i}"} | self.road)
            self.way(
                [100 + 10 * j + i for j in range(self.size)], {"name": f"Voie {i}"} | self.road
            )

    def _node(self, key: int, east: float, north: float, tags: dict[str, str]) -> int:
        latitude = self.latitude + north / METRES
        longitude = self.longitude + east / METRES / cos(radians(self.latitude))
        longitude = (longitude + 180.0) % 360.0 - 180.0
        head = f'<node id="{key}" version="1" lat="{latitude:.7f}" lon="{longitude:.7f}">'
        self.objects.append(f"{head}{_tags(tags)}</node>")
        return key

    def node(self, east: float, north: float, **tags: str) -> int:
        self.last += 1
        return self._node(self.last, east, north, _keys(tags))

    def way(self, nodes: list[int], tags: dict[str, str]) -> int:
        self.last += 1
        inner = "".join(f'<nd ref="{node}"/>' for node in nodes)
        self.objects.append(f'<way id="{self.last}" version="1">{inner}{_tags(tags)}</way>')
        return self.last

    def area(self, east: float, north: float, side: float, **tags: str) -> int:
        corners = [(0, 0), (side, 0), (side, side), (0, side)]
        nodes = [self.node(east + x, north + y) for x, y in corners]
        return self.way([*nodes, nodes[0]], _keys(tags))

    def relation(self, members: list[tuple[str, int, str]], **tags: str) -> int:
        self.last += 1
        inner = "".join(
            f'<member type="{kind}" ref="{key}" role="{role}"/>' for kind, key, role in members
        )
        body = f"{inner}{_tags(_keys(tags))}"
        self.objects.append(f'<relation id="{self.last}" version="1">{body}</relation>')
        return self.last

    def text(self, *, ways_first: bool = False) -> str:
        objects = (
            sorted(self.objects, key=lambda one: one[1] != "w") if ways_first else self.objects
        )
        return f'<?xml version="1.0"?>\n<osm version="0.6">{"".join(objects)}</osm>\n'

    def write(self, folder: Path, name: str = "town.osm", **options: bool) -> Path:
        path = folder / name
        path.write_text(self.text(**options), encoding="utf-8")
        return path


def _keys(tags: dict[str, str]) -> dict[str, str]:
    """``addr__country`` for addr:country; a trailing underscore for Python's own words."""
    return {key.replace("__", ":").rstrip("_"): value for key, value in tags.items()}


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
