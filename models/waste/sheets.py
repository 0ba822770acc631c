"""Rounds as a dispatcher hands them out: GPX, GeoJSON or CSV."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.errors import ConfigError

Floats = npt.NDArray[np.float64]


WHY = {
    "closed": "their street is closed",
    "cut off": "closed streets cut theirs off",
    "window": "their street is not open to trucks in the shift",
    "battery": "no battery lasts so far",
    "no truck": "no truck of their stream is in service",
    "time": "no truck has the time",
}
"""Why a container that is due is in no round."""
VISITED = {
    "calendar": "its day of the calendar",
    "full": "it is full before the next chance more likely than not",
    "threshold": "its level is over the threshold of the scenario",
    "worth it": "the way to it costs less than the chance that it is full before the next",
    "left over": "it was left over from the day before",
}
"""Why a container is emptied."""
WAITS = {
    "has room": "it will hardly be full before the chance after the next",
    "not worth it": "it may be full before the chance after the next, but is not worth the way",
    "below threshold": "its level is not over the threshold of the scenario",
}
"""Why a container whose level is known is not emptied."""
REASONS = WHY | VISITED | WAITS


@dataclass(frozen=True)
class Outlook:
    """What is expected of a container.

    Attributes
    ----------
    level, low, high
        Level when it is visited (in the middle of the shift where it is not), with a 90 %
        interval, %; NaN where no recording tells it.
    full
        Probability that it is full before the next chance, if it is left; NaN as well.
    """

    level: float = math.nan
    low: float = math.nan
    high: float = math.nan
    full: float = math.nan

    def cells(self) -> list[str]:
        """Texts of :data:`_OUTLOOK`; empty where nothing is known."""
        percent = [_percent(value, 1) for value in (self.level, self.low, self.high)]
        return [*percent, _percent(self.full, 3)]


def _containers(count: int) -> str:
    return "1 container is" if count == 1 else f"{count} containers are"


def _percent(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


@dataclass(frozen=True)
class Entry:
    """One line of a round's sheet.

    Attributes
    ----------
    vehicle, stream
        Number of the truck, and what it collects.
    step
        1, 2, … in the round.
    what
        ``leave``, ``empty``, ``unload``, ``rest``, ``back``.
    begin, end
        Local times.
    container, street
        Where; empty but for ``empty``.
    longitude, latitude
        WGS 84.
    expected
        What is to be in the container, kg.
    load
        Aboard afterwards, kg.
    km
        Driven so far.
    why
        Of :data:`VISITED`; empty but for ``empty``.
    outlook
        What is expected of the container.
    """

    vehicle: int
    stream: str
    step: int
    what: str
    begin: datetime
    end: datetime
    container: str
    street: str
    longitude: float
    latitude: float
    expected: float
    load: float
    km: float
    why: str = ""
    outlook: Outlook = field(default_factory=Outlook)


@dataclass(frozen=True)
class Round:
    """One truck's day: its sheet, and the line that it drives, (n, 2) longitude and latitude."""

    vehicle: int
    stream: str
    sheet: tuple[Entry, ...]
    line: Floats

    @property
    def containers(self) -> int:
        """How many it empties."""
        return sum(entry.what == "empty" for entry in self.sheet)


@dataclass(frozen=True)
class Missed:
    """A container that no round empties.

    Attributes
    ----------
    stream, container, street, longitude, latitude, expected, outlook
        As in :class:`Entry`.
    why
        Of :data:`WHY` where it was due, else of :data:`WAITS`.
    """

    stream: str
    container: str
    street: str
    longitude: float
    latitude: float
    expected: float
    why: str
    outlook: Outlook = field(default_factory=Outlook)


@dataclass(frozen=True)
class DayPlan:
    """Rounds of a day, the containers that are in none, and notes on what counted.

    Attributes
    ----------
    missed, waits
        Containers that were due, and those whose level is known and that can wait.
    """

    day: date
    rounds: tuple[Round, ...]
    missed: tuple[Missed, ...] = ()
    notes: tuple[str, ...] = ()
    waits: tuple[Missed, ...] = ()

    @property
    def left(self) -> int:
        """How many containers were due and are in no round."""
        return len(self.missed)

    def table(self) -> str:
        """A line a round, as aligned text."""
        head = f"{'vehicle':>7}  {'stream':10}{'leaves':>7}{'back':>7}{'stops':>7}{'unloads':>9}"
        lines = [f"rounds of {self.day:%A %Y-%m-%d}", head + f"{'t':>8}{'km':>8}"]
        for r in self.rounds:
            mass = sum(entry.expected for entry in r.sheet) / 1000.0
            unloads = sum(entry.what == "unload" for entry in r.sheet)
            lines.append(
                f"{r.vehicle:7}  {r.stream:10}{r.sheet[0].begin:%H:%M}".ljust(24)
                + f"{r.sheet[-1].end:  %H:%M}{r.containers:7}{unloads:9}{mass:8.2f}"
                + f"{r.sheet[-1].km:8.1f}"
            )
        due = Counter(missed.why for missed in self.missed)
        wait = Counter(missed.why for missed in self.waits)
        emptied = Counter(entry.why for r in self.rounds for entry in r.sheet if entry.why)
        if set(emptied) - {"calendar"}:
            lines += [f"{n} emptied: {VISITED[why]}" for why, n in sorted(emptied.items())]
        lines += [
            f"{_containers(due[why])} due and in no round: {words}"
            for why, words in WHY.items()
            if due[why]
        ]
        lines += [f"{n} left: {REASONS[why]}" for why, n in sorted(wait.items())]
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """As ``.gpx``, ``.geojson`` or ``.csv``; see :func:`write`."""
        write([self], file)


def write(days: Sequence[DayPlan], file: Path) -> None:
    """Write the rounds of some days as ``.gpx``, ``.geojson`` or ``.csv``.

    Raises
    ------
    ConfigError
        Another kind of file.
    """
    check_file(file)
    file.write_text(_KINDS[file.suffix.lower()](days), encoding="utf-8")


def check_file(file: Path) -> None:
    """Refuse a file that could not be written: an unknown kind, or no folder for it."""
    if file.suffix.lower() not in _KINDS:
        raise ConfigError(f"-o {file}", allowed=", ".join(sorted(_KINDS)))
    if not file.parent.is_dir():
        raise ConfigError(f"-o {file}: there is no folder {file.parent}", mend="create it first")


# -- files ---------------------------------------------------------------------------------------

_OUTLOOK = ("level", "level_low", "level_high", "probability_full")
_COLUMNS = (
    "date", "vehicle", "stream", "step", "what", "begin", "end", "container", "street", "longitude",
    "latitude", "expected_kg", "load_kg", "km", *_OUTLOOK, "why", "reason",
)  # fmt: skip


def _cells(day: date, entry: Entry) -> list[Any]:
    return [
        day.isoformat(), entry.vehicle, entry.stream, entry.step, entry.what,
        entry.begin.isoformat(timespec="seconds"), entry.end.isoformat(timespec="seconds"),
        entry.container, entry.street, entry.longitude, entry.latitude,
        round(entry.expected, 1), round(entry.load, 1), round(entry.km, 3),
        *entry.outlook.cells(), entry.why, REASONS.get(entry.why, ""),
    ]  # fmt: skip


def _left_cells(day: date, missed: Missed) -> list[Any]:
    return [
        day.isoformat(), "", missed.stream, "", "left", "", "", missed.container, missed.street,
        missed.longitude, missed.latitude, round(missed.expected, 1), "", "",
        *missed.outlook.cells(), missed.why, REASONS[missed.why],
    ]  # fmt: skip


def _rows(plan: DayPlan) -> list[list[Any]]:
    """Cells of every stop, and of every container that is left."""
    stops = [_cells(plan.day, entry) for r in plan.rounds for entry in r.sheet]
    return stops + [_left_cells(plan.day, left) for left in (*plan.missed, *plan.waits)]


def _csv(days: Sequence[DayPlan]) -> str:
    import csv
    import io

    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for plan in days:
        rows.writerows(_rows(plan))
    return out.getvalue()


def _geojson(days: Sequence[DayPlan]) -> str:
    features: list[dict[str, Any]] = []
    for plan in days:
        for r in plan.rounds:
            whole = {
                "date": plan.day.isoformat(),
                "vehicle": r.vehicle,
                "stream": r.stream,
                "containers": r.containers,
                "km": round(r.sheet[-1].km, 3),
                "leaves": r.sheet[0].begin.isoformat(),
                "back": r.sheet[-1].end.isoformat(),
            }
            features.append(_feature("LineString", r.line.tolist(), whole))
        for row in _rows(plan):
            cells = dict(zip(_COLUMNS, row, strict=True))
            features.append(_feature("Point", [cells["longitude"], cells["latitude"]], cells))
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _gpx(days: Sequence[DayPlan]) -> str:
    """A track a round, and a route of its stops with names and times: GPX 1.1."""
    from xml.etree import ElementTree as Xml

    root = Xml.Element(
        "gpx", version="1.1", creator="CityTwin", xmlns="http://www.topografix.com/GPX/1/1"
    )
    for missed in (missed for plan in days for missed in plan.missed):
        point = _point(root, "wpt", missed.longitude, missed.latitude)
        Xml.SubElement(point, "name").text = f"left: {missed.container}"
        Xml.SubElement(point, "desc").text = f"{missed.street}: {WHY[missed.why]}"
    rounds = [(f"{r.stream} {r.vehicle}, {plan.day}", r) for plan in days for r in plan.rounds]
    for name, r in rounds:
        route = Xml.SubElement(root, "rte")
        Xml.SubElement(route, "name").text = name
        for entry in r.sheet:
            point = _point(route, "rtept", entry.longitude, entry.latitude)
            utc = entry.begin.astimezone(tz=UTC)
            Xml.SubElement(point, "time").text = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
            Xml.SubElement(point, "name").text = f"{entry.step} {entry.container or entry.what}"
            Xml.SubElement(point, "desc").text = _words(entry)
    for name, r in rounds:
        track = Xml.SubElement(root, "trk")
        Xml.SubElement(track, "name").text = name
        segment = Xml.SubElement(track, "trkseg")
        for longitude, latitude in r.line.tolist():
            _point(segment, "trkpt", longitude, latitude)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _words(entry: Entry) -> str:
    """What a driver reads at a stop."""
    if not entry.container:
        return entry.what
    text = f"{entry.what} {entry.street} {entry.expected:.0f} kg"
    return text if math.isnan(entry.outlook.level) else f"{text}, {entry.outlook.level:.0f} % full"


def _point(parent: Any, tag: str, longitude: float, latitude: float) -> Any:
    from xml.etree import ElementTree as Xml

    return Xml.SubElement(parent, tag, lat=f"{latitude:.7f}", lon=f"{longitude:.7f}")


_KINDS = {".gpx": _gpx, ".geojson": _geojson, ".json": _geojson, ".csv": _csv}
