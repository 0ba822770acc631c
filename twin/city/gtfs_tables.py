"""The files of a GTFS feed, and which of its services run on a day."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from twin.errors import DataError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NEEDED = {
    "stops.txt": ("stop_id", "stop_lat", "stop_lon"),
    "trips.txt": ("trip_id", "service_id"),
    "stop_times.txt": ("trip_id", "stop_id", "stop_sequence"),
}
"""Files that a feed must have, and their columns."""
MORE = {
    "routes.txt": ("route_id",),
    "calendar.txt": ("service_id", "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
    "frequencies.txt": ("trip_id", "start_time", "end_time", "headway_secs"),
}
"""Columns of files that it may have."""
Row = dict[str, str]


class Tables:
    """The files of a feed.

    Raises
    ------
    DataError
        The feed is missing, damaged, or lacks a file.
    """

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
        for name, columns in (NEEDED | MORE).items():
            head = [key.strip() for key in next(csv.reader(self._lines(name)), [])]
            missing = [column for column in columns if column not in head]
            if self.has(name) and missing:
                raise DataError(
                    f"{name} of the GTFS feed has no column {missing[0]!r}",
                    where=str(file),
                    allowed=", ".join(head) or "an empty file",
                )

    def number(self, text: str, name: str, column: str) -> float:
        """A number of a file.

        Raises
        ------
        DataError
            It is none.
        """
        try:
            return float(text)
        except ValueError:
            raise DataError(
                f"{text!r} is no number", where=f"{self._file}, {name}, {column}"
            ) from None

    def has(self, name: str) -> bool:
        """Whether the feed has a file."""
        return name in self._place if self._zip is not None else (self._file / name).is_file()

    def rows(self, name: str) -> Iterator[Row]:
        """Rows of a file; none where it is absent."""
        for row in csv.DictReader(self._lines(name)):
            yield {key.strip(): (value or "").strip() for key, value in row.items() if key}

    def columns(self, name: str, wanted: tuple[str, ...]) -> Iterator[list[str]]:
        """Some columns of a file, row by row, empty where a column is absent: for long files."""
        lines = csv.reader(self._lines(name))
        head = [key.strip() for key in next(lines, [])]
        places = [head.index(key) if key in head else -1 for key in wanted]
        for row in lines:
            if row:
                yield [row[p].strip() if 0 <= p < len(row) else "" for p in places]

    def _lines(self, name: str) -> io.StringIO:
        if not self.has(name):
            return io.StringIO("")
        raw = (
            (self._file / name).read_bytes()
            if self._zip is None
            else self._zip.read(self._place[name])
        )
        return io.StringIO(raw.decode("utf-8-sig"), newline="")


def active(tables: Tables, day: date) -> set[str]:
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


def span(tables: Tables) -> str:
    """The days of the feed, in words."""
    first = [row["start_date"] for row in tables.rows("calendar.txt")]
    last = [row["end_date"] for row in tables.rows("calendar.txt")]
    days = [row["date"] for row in tables.rows("calendar_dates.txt")]
    if not first + days:
        return "none: the feed has no calendar"
    return f"{min(first + days)} to {max(last + days)}"


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
