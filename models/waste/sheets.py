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
class DayPlan:
    """Rounds of a day, the containers that were due and are in none, notes on what was given."""

    day: date
    rounds: tuple[Round, ...]
    left: int
    notes: tuple[str, ...] = ()

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
        if self.left:
            lines.append(f"{self.left} containers are due and in no round: no truck has the time")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """As ``.gpx``, ``.geojson`` or ``.csv``.

        Raises
        ------
        ConfigError
            Another kind of file.
        """
        kinds = {".gpx": _gpx, ".geojson": _geojson, ".json": _geojson, ".csv": _csv}
        if file.suffix not in kinds:
            raise ConfigError(f"-o {file}", allowed=", ".join(sorted(kinds)))
        file.write_text(kinds[file.suffix](self), encoding="utf-8")


# -- files ---------------------------------------------------------------------------------------

_COLUMNS = (
    "vehicle", "stream", "step", "what", "begin", "end", "container", "street", "longitude",
    "latitude", "expected_kg", "load_kg", "km",
)  # fmt: skip


def _cells(entry: Entry) -> list[Any]:
    return [
        entry.vehicle, entry.stream, entry.step, entry.what,
        entry.begin.isoformat(timespec="seconds"), entry.end.isoformat(timespec="seconds"),
        entry.container, entry.street, entry.longitude, entry.latitude,
        round(entry.expected, 1), round(entry.load, 1), round(entry.km, 3),
    ]  # fmt: skip


def _csv(found: DayPlan) -> str:
    import csv
    import io

    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows(_cells(entry) for r in found.rounds for entry in r.sheet)
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
