"""The streets as lamps see them: both directions together, with their area, class and lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.lighting import classes as norm
from models.lighting.luminaires import usual
from models.lighting.streets import LANE_WIDTH, classes, opposite
from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Streets:
    """Streets that have lamps, and one last row for the lamps at no street.

    Attributes
    ----------
    edge, back : (n,) int32
        Rows of the edge of each direction; -1 for none.
    ids : (n,) str
        Id of the edge that stands for the street; ``"none"`` for the last.
    road
        Road class of each.
    length, width : (n,) float64, m
        At least one usual spacing long: a lamp lights beyond a shorter piece.
    lanes : (n,) int64
        Both directions.
    capacity : (n,) float64, veh/h
        Both directions.
    motor : (n,) bool
        Whether the class is M.
    number : (n,) int64
        Number of the class, see :func:`models.lighting.classes.base`.
    of_lamp : (n_lamps,) int32
        Street of each lamp.
    edge_capacity : (n_edges,) float64, veh/h
    """

    edge: Rows
    back: Rows
    ids: npt.NDArray[np.str_]
    road: list[str]
    length: Floats
    width: Floats
    lanes: npt.NDArray[np.int64]
    capacity: Floats
    motor: npt.NDArray[np.bool_]
    number: npt.NDArray[np.int64]
    of_lamp: Rows
    edge_capacity: Floats

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def area(self) -> Floats:
        """Carriageway; (n,) float64, m². 0 for the last row."""
        return self.length * self.width

    def total(self, per_edge: Floats) -> Floats:
        """Sum of a column of the edges over both directions; (n,) float64, NaN where unknown."""
        known = [np.where(rows >= 0, rows, 0) for rows in (self.edge, self.back)]
        parts = [
            np.where(rows >= 0, per_edge[at] if len(per_edge) else 0.0, np.nan)
            for rows, at in zip((self.edge, self.back), known, strict=True)
        ]
        seen = ~np.isnan(parts[0]) | ~np.isnan(parts[1])
        return np.asarray(np.where(seen, np.nan_to_num(parts[0]) + np.nan_to_num(parts[1]), np.nan))

    def ratio(self, flow: Floats) -> Floats:
        """Flow over capacity, of the directions that were counted; (n,) float64, NaN for none."""
        counted = np.where(np.isnan(flow), np.nan, self.edge_capacity)
        room = self.total(counted)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(room > 0.0, self.total(flow) / room, np.nan))


def streets_of(city: City) -> Streets:
    """The streets of a city's lamps."""
    edges, back = city["edge"], opposite(city)
    at = city.link("lamp", "edge").indices
    known = classes(city)
    pair = np.where(back >= 0, np.minimum(back, np.arange(len(edges))), np.arange(len(edges)))
    street = np.where(at >= 0, pair[at] if len(edges) else -1, -1)
    first, of_lamp = np.unique(street[street >= 0], return_inverse=True)
    row = np.full(len(at), len(first), dtype=np.int32)
    row[street >= 0] = of_lamp
    road = [known[e] for e in first]
    motor, number = norm.base([*road, "path"])
    spacing = np.array([usual(kind).spacing for kind in road], dtype=np.float64)
    other = back[first] if len(first) else np.empty(0, dtype=np.int32)
    lanes = edges["lanes"][first] + np.where(other >= 0, edges["lanes"][other], 0)
    capacity = edges["capacity"].astype(np.float64)
    both = capacity[first] + np.where(other >= 0, capacity[other], 0.0)
    return Streets(
        np.append(first, -1).astype(np.int32),
        np.append(other, -1).astype(np.int32),
        np.append(edges.ids[first], "none").astype(np.str_),
        [*road, "path"],
        np.append(np.maximum(edges["length"][first], spacing), 0.0),
        np.append(LANE_WIDTH * np.maximum(lanes, 1), 0.0),
        np.append(lanes, 0).astype(np.int64),
        np.append(both, 0.0),
        motor,
        number,
        row,
        capacity,
    )
