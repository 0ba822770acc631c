"""The streets as drivers see them: which edge follows which, and what each step costs."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.city.network import opened

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SPEED_SHARE = 0.8
"""Speed that drivers reach between junctions, over the limit."""
RELUCTANCE = {
    "motorway": 0.9,
    "trunk": 0.9,
    "primary": 0.95,
    "secondary": 1.0,
    "tertiary": 1.05,
    "unclassified": 1.15,
    "residential": 1.25,
    "living_street": 2.0,
    "service": 2.5,
    "pedestrian": 4.0,
    "track": 4.0,
}
"""A minute on a street of each class, in minutes of a secondary road: main roads attract."""
OTHER_CLASS = 1.15
TURN = {"s": 0.0, "r": 2.0, "R": 2.0, "l": 5.0, "L": 5.0, "t": 30.0}
"""Seconds lost in a turn, by SUMO's letter of its direction."""
YIELD = {"M": 0.0, "m": 3.0, "=": 2.0, "s": 5.0, "w": 5.0, "Z": 2.0}
"""Seconds lost for others, by SUMO's letter of a link's state."""
SIGNAL = 8.0
"""Mean wait at a signal, s: Webster's uniform delay, half green in 60 s, half full, a stop."""
_CONNECTION = re.compile(r"<connection\s([^>]*?)/?>")
_ATTRIBUTE = re.compile(r"(\w+)=\"([^\"]*)\"")


@dataclass(frozen=True)
class Graph:
    """Edges that cars drive on and the turns between them.

    Attributes
    ----------
    n_edges
        Rows of the city's table of edges.
    first, second : (n_turns,) int64, edge rows
        A turn leads from one to the other.
    turn : (n_turns,) float64, s
        Time lost in the turn.
    edge_cost : (n_edges,) float64, s
        Perceived time to drive each edge.
    car : (n_edges,) bool
    segment, street : (n_edges,) int64
        Number of the piece of street (both directions share it), and of the whole street.
    """

    n_edges: int
    first: Rows
    second: Rows
    turn: Floats
    edge_cost: Floats
    car: npt.NDArray[np.bool_]
    segment: Rows
    street: Rows

    @classmethod
    def read(cls, city: City) -> Graph:
        """The graph of a city's network, turn restrictions obeyed."""
        table = city["edge"]
        car = np.asarray(table["car"], dtype=bool)
        first, second, turn = _turns(city, car)
        free = table["length"] / np.maximum(table["speed"] * SPEED_SHARE, 0.5)
        reluctance = [RELUCTANCE.get(road, OTHER_CLASS) for road in classes(city)]
        segment = _segments(city)
        return cls(
            len(table),
            first,
            second,
            turn,
            free * np.array(reluctance),
            car,
            segment,
            _streets(city, segment),
        )


def classes(city: City) -> list[str]:
    """Road class of each edge, without ``_link``."""
    return [str(road).removesuffix("_link") for road in city["edge"]["road"]]


def _turns(city: City, car: npt.NDArray[np.bool_]) -> tuple[Rows, Rows, Floats]:
    """Turns between edges that cars use, each once at its cheapest lane."""
    found: dict[tuple[str, str], float] = {}
    with opened(city.network) as file:
        content = file.read().decode("utf-8")
    for text in _CONNECTION.findall(content):
        item = dict(_ATTRIBUTE.findall(text))
        if item["from"].startswith(":"):
            continue
        lost = TURN.get(item.get("dir", "s"), 2.0)
        lost += SIGNAL if "tl" in item else YIELD.get(item.get("state", "M"), 2.0)
        key = (item["from"], item["to"])
        found[key] = min(lost, found.get(key, np.inf))
    rows = city["edge"].rows(np.array([edge for pair in found for edge in pair], dtype=np.str_))
    pairs = rows.reshape(-1, 2).astype(np.int64)
    turn = np.array(list(found.values()), dtype=np.float64)
    kept: npt.NDArray[np.bool_] = np.all(pairs >= 0, axis=1)
    kept &= car[pairs[:, 0]] & car[pairs[:, 1]]
    return pairs[kept, 0], pairs[kept, 1], turn[kept]


def _segments(city: City) -> Rows:
    """The same number for both directions of a piece of street."""
    table = city["edge"]
    ends = np.stack([table["from_junction"], table["to_junction"]], axis=1)
    _, number = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    return number.reshape(-1).astype(np.int64)


def _streets(city: City, segment: Rows) -> Rows:
    """The same number for all edges of a name; a nameless piece is a street of its own."""
    names = np.asarray(city["edge"]["name"])
    keys = np.where(names == "", np.char.add("#", segment.astype(np.str_)), names)
    _, number = np.unique(keys, return_inverse=True)
    return number.reshape(-1).astype(np.int64)
