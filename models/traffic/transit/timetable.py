"""The buses of a timetable in a period: which set off when, where, and when each stop is due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from models.traffic.transit import lines, places
from models.traffic.transit.buses import Bus, Call
from models.traffic.transit.lines import Pattern, Piece
from models.traffic.transit.streets import BusStreets
from twin.city.city import City
from twin.city.gtfs import Feed, Trip, read_feed
from twin.core.time import Calendar, Tick
from twin.errors import DataError

EARLY = 6
"""Runs that begin before this hour have buses of the day before, whose times pass 24:00."""
NAMED = 12
"""So many unmatched stops are told by name."""


@dataclass(frozen=True)
class Wanted:
    """Which buses are wanted.

    Attributes
    ----------
    file
        The feed.
    day
        Day of the feed that is lived first; the scenario's where None.
    end
        Last tick of the run.
    reach
        Longest distance between a stop and its street, m.
    dwell
        A bus stands at a stop at least so long, s.
    """

    file: Path
    day: date | None
    end: Tick
    reach: float
    dwell: float


@dataclass(frozen=True)
class Timetable:
    """What a feed means for a run.

    Attributes
    ----------
    buses
        By departure, then name.
    streets
        As buses see them.
    notes
        What the reader of the results should know.
    """

    buses: tuple[Bus, ...]
    streets: BusStreets
    notes: tuple[str, ...]


def read(city: City, calendar: Calendar, wanted: Wanted) -> Timetable:
    """The buses of a feed in a run.

    Raises
    ------
    DataError
        The feed is damaged, has no service on the day, or no stop in the city.
    """
    streets = BusStreets.read(city)
    buses: list[Bus] = []
    told = _Told()
    for offset in _days(calendar, wanted.end):
        feed = _feed(calendar, wanted, offset)
        if feed is None:
            continue
        midnight = _midnight(calendar, offset)
        until = wanted.end / 1000.0 - midnight
        trips = [trip for trip in feed.trips if _meets(trip, -midnight, until)]
        told.others.update(trip.mode for trip in trips if trip.mode != "bus")
        driven = [trip for trip in trips if trip.mode == "bus"]
        buses += _of_day(city, streets, feed, driven, (offset, midnight), wanted, told)
    buses.sort(key=lambda bus: (bus.depart, bus.name))
    return Timetable(tuple(buses), streets, told.notes(wanted, len(buses)))


def _days(calendar: Calendar, end: Tick) -> range:
    """Days whose services may drive within the run, counted from the first."""
    first, last = calendar.local(0), calendar.local(end)
    return range(-1 if first.hour < EARLY else 0, (last.date() - first.date()).days + 1)


def _feed(calendar: Calendar, wanted: Wanted, offset: int) -> Feed | None:
    day = wanted.day or calendar.local(0).date()
    try:
        return read_feed(wanted.file, day + timedelta(days=offset))
    except DataError:
        if offset == 0 or not wanted.file.exists():
            raise
        return None


def _midnight(calendar: Calendar, offset: int) -> float:
    """Beginning of a day, s since the beginning of the run."""
    day = calendar.local(0).date() + timedelta(days=offset)
    return calendar.tick(datetime.combine(day, time())) / 1000.0


def _meets(trip: Trip, begin: float, end: float) -> bool:
    return bool(trip.depart[-1] > begin and trip.depart[0] < end)


class _Told:
    """What is told of trips and stops that do not become buses."""

    def __init__(self) -> None:
        self.others: Counter[str] = Counter()
        self.trips = self.outside = self.cut = self.unjoined = 0
        self.missed: dict[str, None] = {}

    def notes(self, wanted: Wanted, buses: int) -> tuple[str, ...]:
        """In words."""
        found = [
            f"timetable: {buses} buses of {self.trips} bus trips of the period; "
            f"{self.outside} have fewer than two stops in the city, {self.cut} are cut to it"
        ]
        if self.others:
            modes = ", ".join(f"{number} {mode}" for mode, number in sorted(self.others.items()))
            found.append(f"timetable: trips that do not drive on streets are left out: {modes}")
        if self.missed:
            names = list(self.missed)
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            found.append(
                f"timetable: {len(names)} stops have no street for buses within {wanted.reach:g} m "
                f"and are passed by: {', '.join(names[:NAMED])}{more}"
            )
        return tuple(found)


def _of_day(
    city: City,
    streets: BusStreets,
    feed: Feed,
    trips: list[Trip],
    day: tuple[int, float],
    wanted: Wanted,
    told: _Told,
) -> list[Bus]:
    """The buses of a day's trips."""
    offset, midnight = day
    served = {stop for trip in feed.trips if trip.mode == "bus" for stop in trip.stops.tolist()}
    spots = places.find(city, streets, feed, np.array(sorted(served), dtype=np.int64), wanted.reach)
    if not spots.of:
        raise _nowhere(city, feed, wanted)
    patterns = [tuple(trip.stops.tolist()) for trip in trips]
    laid = lines.lay(streets, spots, patterns)
    told.trips += len(trips)
    found: list[Bus] = []
    for trip, pattern in zip(trips, patterns, strict=True):
        pieces = laid[pattern]
        told.outside += not pieces
        told.cut += bool(pieces) and _is_cut(pieces, pattern, spots)
        told.missed |= {
            str(feed.names[s]) or str(feed.stops[s]): None for s in pattern if s in spots.missed
        }
        for number, piece in enumerate(pieces):
            name = f"bus.{trip.name}" + (f"+{offset}" if offset else "")
            name += f"/{number + 1}" if number else ""
            bus = _bus(name, trip, piece, midnight, wanted, feed)
            if bus is not None:
                found.append(bus)
    return found


def _is_cut(pieces: list[Piece], pattern: Pattern, spots: places.Places) -> bool:
    """Whether a line serves stops outside the city too."""
    served = sum(len(piece.stops) for piece in pieces)
    return served + sum(stop in spots.missed for stop in pattern) < len(pattern)


def _bus(
    name: str, trip: Trip, piece: Piece, midnight: float, wanted: Wanted, feed: Feed
) -> Bus | None:
    """The bus that serves a piece of its line, from its first stop within the run on."""
    at = np.array(piece.stops)
    leaves = trip.depart[at] + midnight
    ahead = np.flatnonzero(leaves >= 0.0)
    if len(ahead) < 2 or leaves[ahead[0]] >= wanted.end / 1000.0:
        return None
    first = int(ahead[0])
    way = list(piece.way)
    for a, b in zip(piece.places[:first], piece.places[1 : first + 1], strict=True):
        if a.edge != b.edge:
            way = way[way.index(b.edge, 1) :]
    calls = tuple(
        Call(
            place=piece.places[k],
            name=str(feed.names[trip.stops[at[k]]]),
            stop=str(feed.stops[trip.stops[at[k]]]),
            dwell=_dwell(trip, int(at[k]), wanted.dwell),
            due=float(leaves[k]) if k < len(at) - 1 else float(trip.arrive[at[k]] + midnight),
            waits=bool(trip.timepoint[at[k]]) and k < len(at) - 1,
        )
        for k in range(first, len(at))
    )
    return Bus(name, trip.line, max(0.0, calls[0].due - calls[0].dwell), tuple(way), calls)


def _dwell(trip: Trip, at: int, usual: float) -> float:
    """As long as the timetable says, but not longer than usual: a late bus makes it short."""
    stated = float(trip.depart[at] - trip.arrive[at])
    return min(usual, stated) if stated > 0.0 else usual


def _nowhere(city: City, feed: Feed, wanted: Wanted) -> DataError:
    place = city.place
    served = np.unique(np.concatenate([trip.stops for trip in feed.trips]))
    east, north = feed.longitude[served], feed.latitude[served]
    return DataError(
        f"no bus stop of the timetable lies in {city.name}",
        where=str(wanted.file),
        allowed=f"stops within {wanted.reach:g} m of a street for buses; the city is at "
        f"{place.latitude:.4f}, {place.longitude:.4f}, the timetable's stops are between "
        f"{north.min():.4f}, {east.min():.4f} and {north.max():.4f}, {east.max():.4f}",
        mend="take the feed of this city, or a larger model.traffic.bus_stop_distance",
    )
