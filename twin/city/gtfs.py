"""Reads a GTFS feed: the trips of a day, which stops they serve and when, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.city.gtfs_tables import Row, Tables, active, clock, span
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MODES = {
    "0": "tram",
    "1": "metro",
    "2": "rail",
    "3": "bus",
    "4": "ferry",
    "5": "tram",
    "6": "aerial",
    "7": "rail",
    "11": "bus",
    "12": "rail",
}
"""Modes by ``route_type``."""
EXTENDED = {
    1: "rail",
    2: "bus",
    4: "metro",
    5: "metro",
    7: "bus",
    8: "bus",
    9: "tram",
    10: "ferry",
    11: "air",
    12: "ferry",
    13: "aerial",
    14: "rail",
    15: "taxi",
}
"""And by the hundreds of the extended types: 700 to 799 are buses, 200 to 299 coaches."""
ORDER = ("stop_times.txt", "stop_sequence")
CALL = ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time", "timepoint")


@dataclass(frozen=True)
class Trip:
    """One vehicle on its way from its first stop to its last.

    Attributes
    ----------
    name
        Id of the trip; ``ID@n`` for the n-th of one that is stated by its headway.
    route, line, mode
        Id and short name of the route; ``bus``, ``tram``, ``rail`` …
    stops : (n_stops,) int64
        Rows of the feed's stops.
    arrive, depart : (n_stops,) float64, s since midnight
        Evenly spaced between those that the feed states.
    timepoint : (n_stops,) bool
        Whether the times are kept, and not about right: stated, and not ``timepoint = 0``.
    """

    name: str
    route: str
    line: str
    mode: str
    stops: Rows
    arrive: Floats
    depart: Floats
    timepoint: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Line:
    """Vehicles that serve the same stops in the same order.

    Attributes
    ----------
    name, mode
        Short name of the route; ``bus``, ``tram``, ``rail`` …
    stops : (n_stops,) int64
        Rows of the feed's stops.
    ride : (n_stops,) float64, s
        Mean time from the first stop, at the departures.
    departures : (n,) float64, s since midnight
        From the first stop, sorted.
    """

    name: str
    mode: str
    stops: Rows
    ride: Floats
    departures: Floats

    def hourly(self, begin: float, end: float) -> float:
        """Vehicles an hour between two times of the day."""
        inside = (self.departures >= begin) & (self.departures < end)
        return float(np.count_nonzero(inside)) * 3600.0 / (end - begin)


@dataclass(frozen=True)
class Feed:
    """A day of a feed.

    Attributes
    ----------
    stops : (n,) str
        Ids.
    names : (n,) str
    longitude, latitude : (n,) float64, degrees
    trips
        Those that run on the day.
    """

    stops: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    longitude: Floats
    latitude: Floats
    trips: tuple[Trip, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The trips by what they serve, in the order in which they first occur."""
        patterns: dict[tuple[str, bytes], list[Trip]] = {}
        for trip in self.trips:
            patterns.setdefault((trip.route, trip.stops.tobytes()), []).append(trip)
        return tuple(map(_line, patterns.values()))


def read_feed(file: Path, day: date) -> Feed:
    """Read the services of a day from a ``.zip`` or a folder.

    Raises
    ------
    DataError
        The feed is missing or damaged, or nothing runs on the day.
    """
    tables = Tables(file)
    stops = [row for row in tables.rows("stops.txt") if row.get("stop_lat") and row.get("stop_lon")]
    number = {row["stop_id"]: i for i, row in enumerate(stops)}
    trips = tuple(_trips(tables, number, active(tables, day)))
    if not trips:
        raise DataError(
            f"nothing runs in this feed on {day}",
            where=str(file),
            allowed=span(tables),
            mend="set the scenario's period.date, or gtfs_date, to a day of the feed",
        )
    return Feed(
        np.array([row["stop_id"] for row in stops], dtype=np.str_),
        np.array([row.get("stop_name", "") for row in stops], dtype=np.str_),
        _degrees(tables, stops, "stop_lon"),
        _degrees(tables, stops, "stop_lat"),
        trips,
    )


def _degrees(tables: Tables, stops: list[Row], key: str) -> Floats:
    return np.array([tables.number(row[key], "stops.txt", key) for row in stops])


def mode(route_type: str) -> str:
    """Mode of a ``route_type``, basic or extended; a bus where it is none."""
    known = MODES.get(route_type)
    if known is None and route_type.isdigit():
        known = EXTENDED.get(int(route_type) // 100)
    return known or "bus"


@dataclass(frozen=True)
class _Call:
    order: float
    stop: int
    arrive: float
    depart: float
    timepoint: bool


def _trips(tables: Tables, number: dict[str, int], services: set[str]) -> Iterator[Trip]:
    routes = {row["route_id"]: row for row in tables.rows("routes.txt")}
    trips = {
        row["trip_id"]: row for row in tables.rows("trips.txt") if row["service_id"] in services
    }
    calls: dict[str, list[_Call]] = {}
    for trip, stop, order, arrive, depart, timepoint in tables.columns("stop_times.txt", CALL):
        if trip in trips and stop in number:
            stated = (arrive or depart, depart or arrive)
            came, left = (clock(text) if text else np.nan for text in stated)
            kept = bool(arrive or depart) and timepoint != "0"
            calls.setdefault(trip, []).append(
                _Call(tables.number(order, *ORDER), number[stop], came, left, kept)
            )
    repeated = _frequencies(tables)
    for name, called in calls.items():
        called.sort(key=lambda call: call.order)
        found = _trip(name, routes.get(trips[name].get("route_id", ""), {}), called)
        if found is not None:
            yield from _repeat(found, repeated.get(name))


def _trip(name: str, route: Row, called: list[_Call]) -> Trip | None:
    """A trip; None where fewer than two of its stops, or the times of its ends, are known."""
    while called and np.isnan(called[-1].arrive):
        called.pop()
    while called and np.isnan(called[0].arrive):
        called.pop(0)
    if len(called) < 2:
        return None
    return Trip(
        name,
        route.get("route_id", ""),
        route.get("route_short_name") or route.get("route_long_name") or "",
        mode(route.get("route_type", "")),
        np.array([call.stop for call in called], dtype=np.int64),
        _filled([call.arrive for call in called]),
        _filled([call.depart for call in called]),
        np.array([call.timepoint for call in called], dtype=np.bool_),
    )


def _filled(times: Iterable[float]) -> Floats:
    """Times evenly spaced where there are none."""
    found = np.array(list(times), dtype=np.float64)
    known = np.flatnonzero(~np.isnan(found))
    filled: Floats = np.interp(np.arange(len(found)), known, found[known])
    return filled


def _repeat(trip: Trip, departures: list[float] | None) -> Iterator[Trip]:
    """The trip itself, or one for each departure."""
    if departures is None:
        yield trip
        return
    for number, depart in enumerate(departures):
        later = depart - trip.depart[0]
        yield Trip(
            f"{trip.name}@{number}",
            trip.route,
            trip.line,
            trip.mode,
            trip.stops,
            trip.arrive + later,
            trip.depart + later,
            trip.timepoint,
        )


def _line(trips: list[Trip]) -> Line:
    return Line(
        trips[0].line,
        trips[0].mode,
        trips[0].stops,
        np.mean([trip.depart - trip.depart[0] for trip in trips], axis=0),
        np.sort([trip.depart[0] for trip in trips]),
    )


def _frequencies(tables: Tables) -> dict[str, list[float]]:
    """Departures of trips that are stated by their headway."""
    found: dict[str, list[float]] = {}
    for row in tables.rows("frequencies.txt"):
        begin, end = clock(row["start_time"]), clock(row["end_time"])
        headway = tables.number(row["headway_secs"], "frequencies.txt", "headway_secs")
        times = np.arange(begin, end, max(1.0, headway))
        found.setdefault(row["trip_id"], []).extend(times.tolist())
    return found
