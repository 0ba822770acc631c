"""From the stops of a line to its way on the streets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.traffic.transit.places import Place, Places
from models.traffic.transit.streets import BusStreets, Floats

Pattern = tuple[int, ...]
"""Rows of the feed's stops, in the order in which they are served."""
METRE = 1.0
"""Seconds of driving that a metre between a stop and its place weighs."""
APART = 1.0
"""Two places on one edge are at least this far from each other, m."""
DETOUR, DETOUR_FROM = 4.0, 600.0
"""A way this many times as long as the straight line, and longer by more than so many metres, leads
around a part of the line that lies outside the city."""


@dataclass(frozen=True)
class Piece:
    """A part of a line that lies in the city.

    Attributes
    ----------
    stops
        Places in the pattern, of the stops that are served.
    places
        Where each of them is.
    way
        Edge rows from the first stop's to the last one's.
    """

    stops: tuple[int, ...]
    places: tuple[Place, ...]
    way: tuple[int, ...]


def lay(
    streets: BusStreets, places: Places, patterns: Iterable[Pattern]
) -> dict[Pattern, list[Piece]]:
    """The ways of lines: the quickest between stops, each stop where line and stops fit best.

    Of all places of all stops of a line, those are taken for which driving time on empty streets
    plus ``METRE`` for each metre between a stop and its place is least (dynamic programming, as in
    the map matching of Newson & Krumm 2009). A line is cut where it serves a stop outside the city
    and where no way leads on.
    """
    wanted = list(dict.fromkeys(patterns))
    runs = {pattern: _runs(places, pattern) for pattern in wanted}
    edges = sorted({p.edge for stop in places.of.values() for p in stop})
    number = {edge: k for k, edge in enumerate(edges)}
    used = np.array(edges, dtype=np.int64)
    times = _Times(streets, streets.times(used, used), number)
    chosen: dict[Pattern, list[tuple[list[int], list[Place]]]] = {}
    for pattern in wanted:
        found = chosen[pattern] = []
        for run in runs[pattern]:
            found += _choose(times, pattern, run, places)
    pairs = {
        (a.edge, b.edge)
        for listed in chosen.values()
        for _, at in listed
        for a, b in itertools.pairwise(at)
    }
    ways = streets.ways(pairs)
    return {
        pattern: [
            piece
            for stops, at in listed
            for piece in _pieces(streets, ways, stops, at)
            if len(piece.stops) > 1
        ]
        for pattern, listed in chosen.items()
    }


def _runs(places: Places, pattern: Pattern) -> list[list[int]]:
    """Stops in the city that follow each other; those that were missed are passed over."""
    runs: list[list[int]] = [[]]
    for at, stop in enumerate(pattern):
        if stop in places.of:
            runs[-1].append(at)
        elif stop not in places.missed and runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


class _Times:
    """Driving times between places."""

    def __init__(self, streets: BusStreets, between: Floats, number: dict[int, int]) -> None:
        self._length, self._between, self._number = streets.length, between, number
        self._speed = streets.speed

    def table(self, first: Sequence[Place], second: Sequence[Place]) -> Floats:
        """From each of the first to each of the second, s; infinite without a way."""
        found = np.full((len(first), len(second)), np.inf)
        for i, a in enumerate(first):
            for j, b in enumerate(second):
                found[i, j] = self._time(a, b)
        return found

    def _time(self, a: Place, b: Place) -> float:
        ahead = b.position / self._speed[b.edge]
        if a.edge == b.edge:
            gone = a.position / self._speed[a.edge]
            return float(ahead - gone) if b.position >= a.position + APART else np.inf
        rest = (self._length[a.edge] - a.position) / self._speed[a.edge]
        whole = self._length[b.edge] / self._speed[b.edge]
        between = self._between[self._number[a.edge], self._number[b.edge]]
        return float(rest + between - whole + ahead)


def _choose(
    times: _Times, pattern: Pattern, run: list[int], places: Places
) -> list[tuple[list[int], list[Place]]]:
    """The best place of each stop of a run; cut where no way leads on."""
    found: list[tuple[list[int], list[Place]]] = []
    begin = 0
    costs: list[Floats] = []
    before: list[np.ndarray[tuple[int], np.dtype[np.intp]]] = []
    options = [places.of[pattern[at]] for at in run]
    for k, option in enumerate(options):
        own = METRE * np.array([place.distance for place in option])
        if k > begin:
            total = costs[-1][:, None] + times.table(options[k - 1], option)
            if np.isfinite(total).any():
                before.append(total.argmin(axis=0))
                costs.append(total.min(axis=0) + own)
                continue
            found.append(_trace(run, options, begin, k, costs, before))
            begin = k
        costs, before = [own], []
    found.append(_trace(run, options, begin, len(run), costs, before))
    return found


def _trace(
    run: list[int],
    options: list[tuple[Place, ...]],
    begin: int,
    end: int,
    costs: list[Floats],
    before: list[np.ndarray[tuple[int], np.dtype[np.intp]]],
) -> tuple[list[int], list[Place]]:
    best = int(costs[-1].argmin())
    chosen = [best]
    for back in reversed(before):
        best = int(back[best])
        chosen.append(best)
    chosen.reverse()
    at = [options[begin + k][choice] for k, choice in enumerate(chosen)]
    return run[begin:end], at


def _pieces(
    streets: BusStreets,
    ways: dict[tuple[int, int], list[int]],
    stops: list[int],
    places: list[Place],
) -> list[Piece]:
    """The way of a run, cut where it would lead around what lies outside."""
    pieces: list[Piece] = []
    first, way = 0, [places[0].edge]
    for k in range(1, len(places)):
        a, b = places[k - 1], places[k]
        leg = [] if a.edge == b.edge else ways[a.edge, b.edge]
        if _leads_around(streets, a, b, leg):
            pieces.append(Piece(tuple(stops[first:k]), tuple(places[first:k]), tuple(way)))
            first, way = k, [b.edge]
            continue
        way += leg
    pieces.append(Piece(tuple(stops[first:]), tuple(places[first:]), tuple(way)))
    return pieces


def _leads_around(streets: BusStreets, a: Place, b: Place, leg: list[int]) -> bool:
    driven = b.position - a.position
    if leg:
        driven += float(streets.length[[a.edge, *leg[:-1]]].sum())
    straight = math.hypot(b.x - a.x, b.y - a.y)
    return driven > DETOUR * straight and driven > straight + DETOUR_FROM
