"""Cabinets that feed the lamps: which lamps hang on which, by a stated rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

LARGEST = 60
"""A cabinet feeds at most so many lamps."""
PER_CIRCUIT = 20
"""... on circuits of at most so many."""


class CabinetBuilder(Builder):
    """Makes the table ``cabinet``, the links lamp→cabinet and cabinet→bus, and ``lamp.circuit``."""

    makes = ("cabinet",)
    needs = ("lamp", "bus")

    def build(self, city: City, features: Features) -> None:
        """Infer the cabinets of lamps that name none, and feed each from its nearest lamp's bus."""
        add_cabinets(city)
        feed(city)


def feed(city: City) -> None:
    """Link each cabinet to the bus of the lamp at which it stands."""
    buses = city.link("lamp", "bus").indices
    city.connect(Link("cabinet", "bus", buses[_first_lamps(city)]))


def add_cabinets(
    city: City,
    named: npt.NDArray[np.str_] | None = None,
    circuit: npt.NDArray[np.str_] | None = None,
) -> None:
    """Add the table and the link lamp→cabinet; where an inventory names cabinets, those.

    Lamps without a named cabinet are halved along the longer side of the box around them, at the
    median, until at most :data:`LARGEST` are left; a cabinet stands at the lamp nearest to their
    middle. Its circuits take its lamps in the order of their streets.

    Parameters
    ----------
    named : (n_lamps,) str, optional
        Cabinet of each lamp; empty where it is not known.
    circuit : (n_lamps,) str, optional
        Circuit of each lamp in its cabinet; empty where it is not known. One that is a whole number
        keeps it; others are numbered in the order of their names.
    """
    import shapely

    lamps = city["lamp"]
    points = lamps.points if len(lamps) else np.empty((0, 2))
    names = np.full(len(lamps), "") if named is None else named
    known = sorted(set(names.tolist()) - {""})
    parts = [np.flatnonzero(names == name) for name in known]
    parts += _halved(points, np.flatnonzero(names == ""))
    ids = known + [f"cabinet.{lamps.ids[p[_middle(points[p])]]}" for p in parts[len(known) :]]
    at = np.array([points[p[_middle(points[p])]] for p in parts]).reshape(-1, 2)
    of_lamp = np.full(len(lamps), -1, dtype=np.int32)
    for row, part in enumerate(parts):
        of_lamp[part] = row
    columns: dict[str, npt.ArrayLike] = {
        "lamps": np.array([len(p) for p in parts], dtype=np.int32),
        "power": np.array([lamps["power"][p].sum() for p in parts], dtype=np.float64),
        "origin": np.array([MAPPED] * len(known) + [INFERRED] * (len(parts) - len(known)), "U8"),
    }
    city.add(Table("cabinet", np.array(ids, dtype=np.str_), columns, shapely.points(at)))
    city.connect(Link("lamp", "cabinet", of_lamp))
    lamps["circuit"] = _circuits(city, parts)
    if circuit is not None and (circuit != "").any():
        lamps["circuit"] = _named_circuits(lamps["circuit"], parts, circuit)
        lamps["circuit_name"] = circuit.astype("U40")


def _halved(points: Floats, rows: Rows) -> list[Rows]:
    if len(rows) <= LARGEST:
        return [rows] if len(rows) else []
    side = int(np.argmax(np.ptp(points[rows], axis=0)))
    order = rows[np.lexsort((rows, points[rows, side]))]
    half = len(order) // 2
    return _halved(points, order[:half]) + _halved(points, order[half:])


def _middle(points: Floats) -> int:
    return int(np.argmin(np.hypot(*(points - np.median(points, axis=0)).T)))


def _circuits(city: City, parts: list[Rows]) -> npt.NDArray[np.int32]:
    """Number of each lamp's circuit in its cabinet; (n_lamps,) int32."""
    street = city.link("lamp", "edge").indices
    found = np.zeros(len(city["lamp"]), dtype=np.int32)
    for part in parts:
        order = part[np.lexsort((part, street[part]))]
        count = -(-len(order) // PER_CIRCUIT)
        found[order] = np.arange(len(order)) * count // len(order)
    return found


def _named_circuits(
    inferred: npt.NDArray[np.int32], parts: list[Rows], names: npt.NDArray[np.str_]
) -> npt.NDArray[np.int32]:
    """Circuits that an inventory names, numbered; then those that are inferred. (n_lamps,) int32"""
    found = inferred.copy()
    for part in parts:
        known = sorted(set(names[part].tolist()) - {""})
        numbers = {name: int(name) for name in known if name.isdecimal() and len(name) < 9}
        free = max(numbers.values(), default=-1) + 1
        others = [name for name in known if name not in numbers]
        numbers |= {name: free + i for i, name in enumerate(others)}
        free += len(others)
        found[part] = [
            numbers.get(name, free + int(own))
            for name, own in zip(names[part].tolist(), inferred[part], strict=True)
        ]
    return found


def _first_lamps(city: City) -> Rows:
    """The lamp at which each cabinet stands (its nearest); (n_cabinets,) int64."""
    from scipy.spatial import cKDTree

    if not len(city["cabinet"]):
        return np.empty(0, dtype=np.int64)
    return np.asarray(cKDTree(city["lamp"].points).query(city["cabinet"].points)[1], dtype=np.int64)
