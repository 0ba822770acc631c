"""Rounds as a dispatcher hands them out: GPX, GeoJSON or CSV."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.errors import ConfigError

Floats = npt.NDArray[np.float64]


WHY = {
    "closed": "their street is closed",
    "window": "their street is not open to trucks in the shift",
    "battery": "no battery lasts so far",
    "time": "no truck has the time",
}
"""Why a container is in no round."""


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
    """A container that was due and that no round empties.

    Attributes
    ----------
    stream, container, street, longitude, latitude, expected
        As in :class:`Entry`.
    why
        ``closed``, ``window``, ``battery`` or ``time``.
    """

    stream: str
    container: str
    street: str
    longitude: float
    latitude: float
    expected: float
    why: str


@dataclass(frozen=True)
class DayPlan:
    """Rounds of a day, the containers that were due and are in none, and notes on what counted."""

    day: date
    rounds: tuple[Round, ...]
    missed: tuple[Missed, ...] = ()
    notes: tuple[str, ...] = ()

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
        for why, words in WHY.items():
            count = sum(missed.why == why for missed in self.missed)
            if count:
                lines.append(f"{count} containers are due and in no round: {words}")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """As ``.gpx``, ``.geojson`` or ``.csv``.

        Raises
        ------
        ConfigError
            Another kind of file.
        """
        check_file(file)
        file.write_text(_KINDS[file.suffix.lower()](self), encoding="utf-8")


def check_file(file: Path) -> None:
    """Refuse a file that could not be written: an unknown kind, or no folder for it."""
    if file.suffix.lower() not in _KINDS:
        raise ConfigError(f"-o {file}", allowed=", ".join(sorted(_KINDS)))
    if not file.parent.is_dir():
        raise ConfigError(f"-o {file}: there is no folder {file.parent}", mend="create it first")


# -- files ---------------------------------------------------------------------------------------

_COLUMNS = (
    "vehicle", "stream", "step", "what", "begin", "end", "container", "street", "longitude",
    "latitude", "expected_kg", "load_kg", "km", "why",
)  # fmt: skip


def _cells(entry: Entry) -> list[Any]:
    return [
        entry.vehicle, entry.stream, entry.step, entry.what,
        entry.begin.isoformat(timespec="seconds"), entry.end.isoformat(timespec="seconds"),
        entry.container, entry.street, entry.longitude, entry.latitude,
        round(entry.expected, 1), round(entry.load, 1), round(entry.km, 3),
        "",
    ]  # fmt: skip


def _left_cells(missed: Missed) -> list[Any]:
    return [
        "", missed.stream, "", "left", "", "", missed.container, missed.street, missed.longitude,
        missed.latitude, round(missed.expected, 1), "", "", missed.why,
    ]  # fmt: skip


def _csv(found: DayPlan) -> str:
    import csv
    import io

    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows(_cells(entry) for r in found.rounds for entry in r.sheet)
    rows.writerows(_left_cells(missed) for missed in found.missed)
    return out.getvalue()


def _geojson(found: DayPlan) -> str:
    features: list[dict[str, Any]] = []
    for r in found.rounds:
        about = {"vehicle": r.vehicle, "stream": r.stream}
        whole = {
            "containers": r.containers,
            "km": round(r.sheet[-1].km, 3),
            "leaves": r.sheet[0].begin.isoformat(),
            "back": r.sheet[-1].end.isoformat(),
        }
        features.append(_feature("LineString", r.line.tolist(), about | whole))
        for entry in r.sheet:
            cells = dict(zip(_COLUMNS, _cells(entry), strict=True))
            features.append(_feature("Point", [entry.longitude, entry.latitude], cells))
    for missed in found.missed:
        cells = dict(zip(_COLUMNS, _left_cells(missed), strict=True))
        features.append(_feature("Point", [missed.longitude, missed.latitude], cells))
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _gpx(found: DayPlan) -> str:
    """A track a round, and a route of its stops with names and times: GPX 1.1."""
    from xml.etree import ElementTree as Xml

    root = Xml.Element(
        "gpx", version="1.1", creator="CityTwin", xmlns="http://www.topografix.com/GPX/1/1"
    )
    for missed in found.missed:
        point = _point(root, "wpt", missed.longitude, missed.latitude)
        Xml.SubElement(point, "name").text = f"left: {missed.container}"
        Xml.SubElement(point, "desc").text = f"{missed.street}: {WHY[missed.why]}"
    for r in found.rounds:
        route = Xml.SubElement(root, "rte")
        Xml.SubElement(route, "name").text = f"{r.stream} {r.vehicle}, {found.day}"
        for entry in r.sheet:
            point = _point(route, "rtept", entry.longitude, entry.latitude)
            utc = entry.begin.astimezone(tz=UTC)
            Xml.SubElement(point, "time").text = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
            Xml.SubElement(point, "name").text = f"{entry.step} {entry.container or entry.what}"
            Xml.SubElement(point, "desc").text = (
                f"{entry.what} {entry.street} {entry.expected:.0f} kg".strip()
                if entry.container
                else entry.what
            )
    for r in found.rounds:
        track = Xml.SubElement(root, "trk")
        Xml.SubElement(track, "name").text = f"{r.stream} {r.vehicle}, {found.day}"
        segment = Xml.SubElement(track, "trkseg")
        for longitude, latitude in r.line.tolist():
            _point(segment, "trkpt", longitude, latitude)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _point(parent: Any, tag: str, longitude: float, latitude: float) -> Any:
    from xml.etree import ElementTree as Xml

    return Xml.SubElement(parent, tag, lat=f"{latitude:.7f}", lon=f"{longitude:.7f}")


_KINDS = {".gpx": _gpx, ".geojson": _geojson, ".json": _geojson, ".csv": _csv}
