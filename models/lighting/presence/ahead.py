"""The lamps ahead of who is on a street: on it, and on the streets that go on from its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.lighting.groups import Streets
from models.lighting.presence.reach import kernels
from models.lighting.streets import opposite
from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
A_STREET = 16
"""Lamps within reach of a street, for which there is room at first."""


@dataclass(frozen=True)
class Arcs:
    """Streets in one direction each.

    Arc ``e`` is edge ``e`` as it leads, arc ``n_edges + e`` the edge against its direction.

    Attributes
    ----------
    begins, ends : (n,) int32
        Junctions.
    length : (n,) float64, m
    back : (n,) int32
        Arc of the other direction of the street; -1 for none.
    first_lamp, lamp, place : (n + 1,) int32, (m,) int32, (m,) float64, m
        Lamps of each arc, and how far from its beginning.
    edges
        Number of the edges.
    """

    begins: Rows
    ends: Rows
    length: Floats
    back: Rows
    first_lamp: Rows
    lamp: Rows
    place: Floats
    edges: int

    @classmethod
    def of(cls, city: City, streets: Streets, place: Floats) -> Arcs:
        """The arcs of a city.

        Parameters
        ----------
        place : (n_lamps,) float64, m
            Of each lamp along ``streets.edge`` of its street.
        """
        edge = city["edge"]
        n = len(edge)
        begins, ends = (edge[key].astype(np.int32) for key in ("from_junction", "to_junction"))
        back = opposite(city).astype(np.int32)
        alone = np.arange(n, dtype=np.int32) + np.int32(n)
        length = np.tile(edge["length"].astype(np.float64), 2)
        first, lamp, at = _lamps(streets, place, length, n)
        return cls(
            np.concatenate([begins, ends]),
            np.concatenate([ends, begins]),
            length,
            np.concatenate([np.where(back >= 0, back, alone), alone - np.int32(n)]),
            first,
            lamp,
            at,
            n,
        )

    def against(self, edge: Rows, back: npt.NDArray[np.bool_]) -> Rows:
        """Arc of who walks along an edge, or ``back`` against it; (n,) int32."""
        return np.where(back, self.back[edge], edge).astype(np.int32)


def _lamps(streets: Streets, place: Floats, length: Floats, n: int) -> tuple[Rows, Rows, Floats]:
    """Lamps of each arc: start of its rows, the lamps, their places from its beginning."""
    at = streets.edge[streets.of_lamp]
    lamps = np.flatnonzero(at >= 0)
    forth, back = at[lamps], streets.back[streets.of_lamp][lamps]
    along, whole = place[lamps], length[forth]
    there = back >= 0
    share = 1.0 - along / np.maximum(whole, 1e-9)
    arc = np.concatenate([forth, forth + n, back[there], back[there] + n])
    lamp = np.concatenate([lamps, lamps, lamps[there], lamps[there]])
    other = length[back[there]]
    found = np.concatenate(
        [along, share * whole, share[there] * other, (1.0 - share[there]) * other]
    )
    order = np.lexsort((lamp, arc))
    first = np.append(0, np.cumsum(np.bincount(arc, minlength=2 * n))).astype(np.int32)
    return first, lamp[order].astype(np.int32), np.ascontiguousarray(found[order])


@dataclass(frozen=True)
class Ahead:
    """Lamps on and ahead of each arc; see :func:`models.lighting.presence.reach.kernels.reach`.

    Attributes
    ----------
    metres
        How far ahead.
    length : (n_arcs,) float64, m
    start, lamp, distance : (n_arcs + 1,) int64, (n,) int32, (n,) float64, m
    """

    metres: float
    length: Floats
    start: npt.NDArray[np.int64]
    lamp: Rows
    distance: Floats

    @classmethod
    def of(
        cls,
        arcs: Arcs,
        lamps: int,
        metres: float,
        *,
        beyond: float,
        on: npt.NDArray[np.bool_],
    ) -> Ahead:
        """Search from every arc.

        Parameters
        ----------
        beyond
            How far beyond the end of an arc at most, m.
        on : (n_arcs,) bool
            Arcs along which one may go on from the end of another.
        """
        n = len(arcs.length)
        junctions = int(max(arcs.begins.max(initial=0), arcs.ends.max(initial=0))) + 1
        out = np.flatnonzero(on).astype(np.int32)
        out = out[np.argsort(arcs.begins[out], kind="stable")]
        first_out = np.searchsorted(arcs.begins[out], np.arange(junctions + 1)).astype(np.int32)
        far, best = np.full(junctions, np.inf), np.full(lamps, np.inf)
        queue = np.zeros(2 * junctions + lamps, dtype=np.int32)
        start, room = np.zeros(n + 1, dtype=np.int64), A_STREET * n
        while True:
            found, distance = np.zeros(room, dtype=np.int32), np.zeros(room)
            needed = kernels.reach(
                arcs.begins,
                arcs.ends,
                arcs.length,
                arcs.back,
                first_out,
                out,
                arcs.first_lamp,
                arcs.lamp,
                arcs.place,
                min(metres, beyond),
                far,
                best,
                queue,
                start,
                found,
                distance,
            )
            if needed <= room:
                return cls(metres, arcs.length, start, found[:needed], distance[:needed])
            room = needed

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Lamps within reach of each arc; (n_arcs,) int64."""
        return np.diff(self.start)
