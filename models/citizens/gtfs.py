"""Reads a GTFS feed: which stops a day's vehicles serve, how often, and how long they ride."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Floats = npt.NDArray[np.float64]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NEEDED = ("stops.txt", "trips.txt", "stop_times.txt")
MODES = {
    "0": "tram",
    "1": "metro",
    "2": "rail",
    "3": "bus",
    "4": "ferry",
    "11": "bus",
    "12": "rail",
}


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
    stops: npt.NDArray[np.int64]
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
    lines
        The lines that run on the day.
    """

    stops: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    longitude: Floats
    latitude: Floats
    lines: tuple[Line, ...]


def read_feed(file: Path, day: date) -> Feed:
    """Read the services of a day from a ``.zip`` or a folder.

    Raises
    ------
    DataError
        The feed is missing or damaged, or nothing runs on the day.
    """
    tables = _Tables(file)
    stops = [row for row in tables.rows("stops.txt") if row.get("stop_lat") and row.get("stop_lon")]
    number = {row["stop_id"]: i for i, row in enumerate(stops)}
    active = _active(tables, day)
    lines = _lines(tables, number, active)
    if not lines:
        raise DataError(
            f"nothing runs in this feed on {day}",
            where=str(file),
            allowed=_span(tables),
            mend="set the scenario's period.date to a day of the feed",
        )
    return Feed(
        np.array([row["stop_id"] for row in stops], dtype=np.str_),
        np.array([row.get("stop_name", "") for row in stops], dtype=np.str_),
        np.array([float(row["stop_lon"]) for row in stops]),
        np.array([float(row["stop_lat"]) for row in stops]),
        tuple(lines),
    )


Row = dict[str, str]


class _Tables:
    """The files of a feed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if not file.exists():
            raise DataError(
                "there is no such GTFS feed", where=str(file), allowed=".zip, or a folder"
            )
        try:
            self._zip = None if file.is_dir() else zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise DataError(f"the GTFS feed cannot be read: {error}", where=str(file)) from None
        # Some publishers put the files into a folder of the archive.
        names = [] if self._zip is None else self._zip.namelist()
        self._place = {name.rpartition("/")[2]: name for name in names}
        for name in NEEDED:
            if not self.has(name):
                raise DataError(f"the GTFS feed has no {name}", where=str(file))

    def has(self, name: str) -> bool:
        """Whether the feed has a file."""
        return name in self._place if self._zip is not None else (self._file / name).is_file()

    def rows(self, name: str) -> Iterator[Row]:
        """Rows of a file; none where it is absent."""
        if not self.has(name):
            return
        raw = (
            (self._file / name).read_bytes()
            if self._zip is None
            else self._zip.read(self._place[name])
        )
        for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))):
            yield {key.strip(): (value or "").strip() for key, value in row.items() if key}


def _active(tables: _Tables, day: date) -> set[str]:
    """Services that run on a day."""
    text, weekday = day.strftime("%Y%m%d"), WEEKDAYS[day.weekday()]
    found = {
        row["service_id"]
        for row in tables.rows("calendar.txt")
        if row.get(weekday) == "1" and row["start_date"] <= text <= row["end_date"]
    }
    for row in tables.rows("calendar_dates.txt"):
        if row["date"] == text:
            change = found.add if row["exception_type"] == "1" else found.discard
            change(row["service_id"])
    return found


def _span(tables: _Tables) -> str:
    """The days of the feed, in words."""
    first = [row["start_date"] for row in tables.rows("calendar.txt")]
    last = [row["end_date"] for row in tables.rows("calendar.txt")]
    days = [row["date"] for row in tables.rows("calendar_dates.txt")]
    if not first + days:
        return "none: the feed has no calendar"
    return f"{min(first + days)} to {max(last + days)}"


def _lines(tables: _Tables, number: dict[str, int], active: set[str]) -> list[Line]:
    routes = {row["route_id"]: row for row in tables.rows("routes.txt")}
    trips = {row["trip_id"]: row for row in tables.rows("trips.txt") if row["service_id"] in active}
    calls: dict[str, list[tuple[int, int, float]]] = {}
    for row in tables.rows("stop_times.txt"):
        time = row.get("departure_time") or row.get("arrival_time")
        if row["trip_id"] in trips and time and row["stop_id"] in number:
            call = (int(row["stop_sequence"]), number[row["stop_id"]], clock(time))
            calls.setdefault(row["trip_id"], []).append(call)
    repeated = _frequencies(tables)
    patterns: dict[tuple[str, tuple[int, ...]], list[tuple[Floats, list[float]]]] = {}
    for trip, called in calls.items():
        called.sort()
        if len(called) < 2:
            continue
        times = np.array([call[2] for call in called])
        key = (trips[trip].get("route_id", ""), tuple(call[1] for call in called))
        departures = repeated.get(trip, [float(times[0])])
        patterns.setdefault(key, []).append((times - times[0], departures))
    return [_line(routes.get(route, {}), stops, runs) for (route, stops), runs in patterns.items()]


def _line(route: Row, stops: tuple[int, ...], runs: list[tuple[Floats, list[float]]]) -> Line:
    return Line(
        route.get("route_short_name") or route.get("route_long_name") or "",
        MODES.get(route.get("route_type", ""), "bus"),
        np.array(stops, dtype=np.int64),
        np.mean([ride for ride, _ in runs], axis=0),
        np.array(sorted(depart for _, departures in runs for depart in departures)),
    )


def _frequencies(tables: _Tables) -> dict[str, list[float]]:
    """Departures of trips that are stated by their headway."""
    found: dict[str, list[float]] = {}
    for row in tables.rows("frequencies.txt"):
        begin, end = clock(row["start_time"]), clock(row["end_time"])
        times = np.arange(begin, end, max(1.0, float(row["headway_secs"])))
        found.setdefault(row["trip_id"], []).extend(times.tolist())
    return found


def clock(text: str) -> float:
    """Seconds since midnight of ``H:MM:SS``; hours may pass 24.

    Raises
    ------
    DataError
        It is no such time.
    """
    try:
        hour, minute, second = map(int, text.split(":"))
    except ValueError:
        raise DataError(f"{text!r} is not a time of a GTFS feed", allowed="H:MM:SS") from None
    return hour * 3600.0 + minute * 60.0 + second
