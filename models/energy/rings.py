"""Medium-voltage cables: open rings from primary substations through the transformer stations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.energy import cables

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

CABLE = "NA2XS2Y 1x185 RM/25 12/20 kV"
VOLTAGE = 20_000.0
"""Nominal voltage above the transformers, V."""
DETOUR = 1.3
"""Length of a cable along the streets over the straight line."""
PRIMARY_LOAD = 25e6
"""What a primary substation feeds at the most, W: one of two 40 MVA units suffices."""
RING_STATIONS = 14
"""Stations of a ring at the most; usual in towns are 8 to 16."""
DIVERSITY = 0.8
"""Peak of a ring over the sum of its transformers' peaks."""
FREQUENCY = 50.0


@dataclass(frozen=True)
class Rings:
    """The medium-voltage grid.

    Attributes
    ----------
    primary : (n_primary, 2) float64, metres
        Where the primary substations stand.
    start, end : (n,) int64
        Of each cable: a station, or minus one minus the number of a primary.
    ring : (n,) int64
        Number of the ring.
    open : (n,) bool
        Whether it is open in normal operation: one cable a ring.
    length : (n,) float64, metres
    parallel : (n,) int64
    """

    primary: Floats
    start: Rows
    end: Rows
    ring: Rows
    open: npt.NDArray[np.bool_]
    length: Floats
    parallel: Rows

    def electrical(self) -> dict[str, npt.NDArray[np.generic]]:
        """Columns ``type``, ``parallel``, ``r``, ``x`` (ohm), ``b`` (S), ``ampacity`` (A)."""
        data = cables.types()["line"][CABLE]
        km, count = self.length / 1000.0, self.parallel.astype(np.float64)
        farad = data["c_nf_per_km"] * 1e-9 * km * count
        return {
            "type": np.full(len(km), CABLE),
            "parallel": self.parallel,
            "r": data["r_ohm_per_km"] * km / count,
            "x": data["x_ohm_per_km"] * km / count,
            "b": 2.0 * np.pi * FREQUENCY * farad,
            "ampacity": data["max_i_ka"] * 1000.0 * count,
        }


def design(places: Floats, peak: Floats) -> Rings:
    """Primaries at the centres of load; around each, rings by the sweep of Gillett & Miller (1974).

    A ring can be fed whole from either end at its peak, so that a fault takes no station out for
    longer than the switching. It is open where the two halves carry about the same.

    Parameters
    ----------
    places : (n_station, 2) float64, metres
    peak : (n_station,) float64, W
    """
    power = np.maximum(peak, 1.0) * DIVERSITY
    parts = _halve(np.arange(len(places)), places, power)
    primary = np.array([_centre(places[part], power[part]) for part in parts])
    draft = _Cables(places, primary, power)
    for number, part in enumerate(parts):
        for members in _sectors(part, places - primary[number], power):
            draft.add(number, _shorten(primary[number], members, places))
    return draft.finish()


def _halve(members: Rows, places: Floats, power: Floats) -> list[Rows]:
    """Parts of about equal load, none above :data:`PRIMARY_LOAD` unless it is one station."""
    if power[members].sum() <= PRIMARY_LOAD or len(members) < 2:
        return [members]
    axis = int(np.argmax(np.ptp(places[members], axis=0)))
    order = members[np.argsort(places[members, axis], kind="stable")]
    total = np.cumsum(power[order])
    cut = int(np.clip(np.searchsorted(total, total[-1] / 2.0), 1, len(order) - 1))
    return [
        *_halve(np.sort(order[:cut]), places, power),
        *_halve(np.sort(order[cut:]), places, power),
    ]


def _centre(places: Floats, power: Floats) -> Floats:
    centre: Floats = (places * power[:, None]).sum(axis=0) / power.sum()
    return centre


def _sectors(members: Rows, around: Floats, power: Floats) -> list[Rows]:
    """Stations by their direction, cut when a ring is full; about equal in number."""
    angle = np.arctan2(around[members, 1], around[members, 0])
    order = members[np.argsort(angle, kind="stable")]
    most = cables.FILL * np.sqrt(3.0) * VOLTAGE * cables.POWER_FACTOR
    most *= cables.types()["line"][CABLE]["max_i_ka"] * 1000.0
    rings = max(-(-len(order) // RING_STATIONS), int(np.ceil(power[order].sum() / most)))
    target = -(-len(order) // rings)
    found: list[Rows] = []
    current: list[int] = []
    load = 0.0
    for station in order:
        if current and (len(current) >= target or load + power[station] > most):
            found.append(np.array(current, dtype=np.int64))
            current, load = [], 0.0
        current.append(int(station))
        load += float(power[station])
    return [*found, np.array(current, dtype=np.int64)] if current else found


def _shorten(primary: Floats, members: Rows, places: Floats) -> Rows:
    """A short round from the primary through all members: nearest neighbour, then 2-opt."""
    points = np.concatenate([primary[None], places[members]])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    left, tour = set(range(1, len(points))), [0]
    while left:
        tour.append(min(left, key=lambda i: (apart[tour[-1], i], i)))
        left.remove(tour[-1])
    better = True
    while better:
        better = False
        for i in range(1, len(tour) - 1):
            for j in range(i + 1, len(tour)):
                a, b, c, d = tour[i - 1], tour[i], tour[j], tour[(j + 1) % len(tour)]
                if apart[a, c] + apart[b, d] < apart[a, b] + apart[c, d] - 1e-9:
                    tour[i : j + 1] = tour[i : j + 1][::-1]
                    better = True
    return members[np.array(tour[1:], dtype=np.int64) - 1]


class _Cables:
    """Cables as the rings are drawn."""

    def __init__(self, places: Floats, primary: Floats, power: Floats) -> None:
        self._places, self._primary, self._power = places, primary, power
        self._ends: list[tuple[int, int]] = []
        self._ring: list[int] = []
        self._open: list[bool] = []
        self._parallel: list[int] = []

    def add(self, number: int, tour: Rows) -> None:
        """The cables of a ring, in its order."""
        source = -1 - number
        stops = [source, *tour.tolist(), source]
        ring = self._ring[-1] + 1 if self._ring else 0
        carried = np.concatenate([[0.0], np.cumsum(self._power[tour])])
        tie = int(np.argmin(np.abs(carried - carried[-1] / 2.0)))
        tie = min(max(tie, 1), len(tour) - 1) if len(tour) > 1 else 1
        current = carried[-1] / (np.sqrt(3.0) * VOLTAGE * cables.POWER_FACTOR)
        one = cables.FILL * cables.types()["line"][CABLE]["max_i_ka"] * 1000.0
        count = max(1, int(np.ceil(current / one - 1e-9)))
        for position, ends in enumerate(pairwise(stops)):
            self._ends.append(ends)
            self._ring.append(ring)
            self._open.append(position == tie)
            self._parallel.append(count)

    def finish(self) -> Rings:
        ends = np.array(self._ends, dtype=np.int64).reshape(-1, 2)
        points = np.concatenate([self._places, self._primary[::-1]])  # so that -1 is primary 0
        straight = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1)
        return Rings(
            primary=self._primary,
            start=ends[:, 0],
            end=ends[:, 1],
            ring=np.array(self._ring, dtype=np.int64),
            open=np.array(self._open, dtype=bool),
            length=np.maximum(straight * DETOUR, 1.0),
            parallel=np.array(self._parallel, dtype=np.int64),
        )
