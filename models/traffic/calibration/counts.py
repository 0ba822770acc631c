"""Counts of vehicles, in the forms that people have: CSV, Parquet, SUMO's edge data and turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.demand.sums import sums
from twin.city.city import City
from twin.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NAMES = {
    "edge": ("edge", "edge_id", "to", "to_edge", "link", "id"),
    "from": ("from", "from_edge"),
    "begin": ("begin", "begin_s", "start", "start_s", "time", "from_s"),
    "end": ("end", "end_s", "stop", "until", "to_s"),
    "count": ("count", "count_veh", "vehicles", "veh", "entered", "volume", "n"),
    "flow": ("flow", "flow_veh_h", "veh_h", "q", "vehicles_per_hour"),
    "speed": ("speed", "speed_m_s", "mean_speed"),
    "speed_kmh": ("speed_kmh", "kmh", "speed_km_h"),
}
"""Names under which each column is looked for, when the mapping does not say."""
DAY = 86_400.0
FLOW = "traffic.flow"


@dataclass(frozen=True)
class Counts:
    """What was counted, one row a counter and interval.

    Attributes
    ----------
    ids : (n_counters,) str
        Edge id, or ``from>to`` of a turn.
    edge, source : (n_counters,) int64, edge rows
        Counted edge, and the edge from which a counted turn comes (-1: from anywhere).
    counter : (n,) int64
        Counter of each row.
    begin, end : (n,) float64, s since midnight
    count : (n,) float64, veh
        NaN where only the speed was measured.
    speed : (n,) float64, m/s
        NaN where it was not measured.
    left_out
        Rows whose edge the network does not have or cars do not use.
    """

    ids: npt.NDArray[np.str_]
    edge: Rows
    source: Rows
    counter: Rows
    begin: Floats
    end: Floats
    count: Floats
    speed: Floats
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def hourly(self) -> Floats:
        """Mean flow of each counter over the time that it counted; (n_counters,) float64, veh/h."""
        return self.total() / np.maximum(self.seconds(), 1.0) * 3600.0

    def total(self) -> Floats:
        """Vehicles that each counter counted; (n_counters,) float64."""
        return sums(self.counter, np.nan_to_num(self.count), len(self))

    def seconds(self) -> Floats:
        """How long each counter counted; (n_counters,) float64, s."""
        return sums(self.counter, (self.end - self.begin) * np.isfinite(self.count), len(self))

    def select(self, counters: npt.NDArray[Any]) -> Counts:
        """Some of the counters, with their rows."""
        chosen = np.arange(len(self))[counters]
        place = np.full(len(self), -1)
        place[chosen] = np.arange(len(chosen))
        rows = place[self.counter] >= 0
        return Counts(
            self.ids[chosen],
            self.edge[chosen],
            self.source[chosen],
            place[self.counter[rows]],
            self.begin[rows],
            self.end[rows],
            self.count[rows],
            self.speed[rows],
            self.left_out,
        )


def read_counts(file: Path, city: City, columns: Mapping[str, str] | None = None) -> Counts:
    """Read a file of counts.

    Parameters
    ----------
    file
        ``.csv`` (also ``.gz``), ``.parquet``, or SUMO's edge data or turn counts (``.xml``, also
        ``.gz``): ``entered`` and ``departed``, or ``count``, of ``edge`` and ``edgeRelation``. A
        recording of the twin's own (``time, entity, port, value``) is known by its columns.
    columns
        Which column of a CSV or Parquet file is what: ``edge`` and, for turns, ``from``; ``begin``
        and ``end`` (seconds since midnight, ``HH:MM`` or a date with a time); ``count`` or ``flow``
        (veh/h); ``speed`` (m/s) or ``speed_kmh``. Usual names are found without being told.

    Raises
    ------
    ConfigError, DataError
        A column is missing, a cell is not a number, or no row lies on an edge of the city.
    """
    texts = _from_xml(file) if ".xml" in file.suffixes else _from_table(file, columns or {})
    found = _counts(texts, file, city)
    if not len(found):
        raise DataError(
            f"none of the {found.left_out} counts lies on an edge that cars use in {city.name}",
            where=str(file),
            allowed=f"edge ids such as {str(city['edge'].ids[0])!r}",
            mend="name the column of the edge ids, or take the counts of this network",
        )
    return found


Texts = dict[str, list[str]]


def _from_table(file: Path, columns: Mapping[str, str]) -> Texts:
    from twin.sensors import files

    unknown = [key for key in columns if key not in NAMES]
    if unknown:
        raise ConfigError(
            f"there is no quantity {unknown[0]!r} in counts", allowed=", ".join(NAMES)
        )
    delimiter = _delimiter(file)
    there = files.header(file, delimiter)
    if not columns and {"time", "entity", "port", "value"} <= set(there):
        return _from_recording(file)
    named = dict(columns)
    for key, usual in NAMES.items():
        match = next((name for name in there if name.lower() in usual), None)
        if key not in named and match is not None and match not in named.values():
            named[key] = match
    for key in ("edge", "begin", "end"):
        if key not in named:
            raise _missing(file, key, there)
    if not {"count", "flow", "speed", "speed_kmh"} & set(named):
        raise _missing(file, "count", there)
    read = files.read(file, list(named.values()), delimiter)
    return {key: read[name] for key, name in named.items()}


def _from_recording(file: Path) -> Texts:
    """A recording of the twin's own sensors: a flow is the mean of the interval that ends."""
    from twin.sensors import files

    read = files.read(file, ["time", "entity", "port", "value"])
    rows = [row for row, port in enumerate(read["port"]) if port == FLOW and read["value"][row]]
    by_entity: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        reading = (read["time"][row], read["value"][row])
        by_entity.setdefault(read["entity"][row], []).append(reading)
    found: Texts = {key: [] for key in ("edge", "begin", "end", "flow")}
    for entity, readings in by_entity.items():
        readings.sort()
        for before, now in pairwise(readings):
            found["edge"].append(entity)
            found["begin"].append(before[0])
            found["end"].append(now[0])
            found["flow"].append(now[1])
    return found


def _delimiter(file: Path) -> str:
    """The sign between the columns of a text file; a comma where none can be told."""
    from twin.sensors import files

    if file.suffix in files.PARQUET:
        return ","
    names = files.header(file)
    text = ",".join(names)
    return next((sign for sign in ";\t|" if sign in text), ",")


def _missing(file: Path, key: str, there: list[str]) -> ConfigError:
    return ConfigError(
        f"no column of the counts is the {key}",
        where=str(file),
        allowed=f"one of {', '.join(NAMES[key])}; there are {', '.join(there)}",
        mend=f"name it: --column {key}=NAME",
    )


def _from_xml(file: Path) -> Texts:
    from lxml import etree

    from twin.city.network import opened

    found: Texts = {key: [] for key in ("edge", "from", "begin", "end", "count", "speed")}
    try:
        with opened(file) as source:
            root = etree.parse(source).getroot()
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        raise DataError(f"the counts cannot be read: {error}", where=str(file)) from None
    for interval in root.iter("interval"):
        for item in interval.iter("edge", "edgeRelation"):
            passed = item.get("count")
            if passed is None and item.get("entered") is not None:
                passed = str(float(item.get("entered")) + float(item.get("departed") or 0.0))
            found["edge"].append(item.get("id") or item.get("to") or "")
            found["from"].append(item.get("from") or "")
            found["begin"].append(interval.get("begin") or "")
            found["end"].append(interval.get("end") or "")
            found["count"].append(passed or "")
            found["speed"].append(item.get("speed") or "")
    return found


def _counts(texts: Texts, file: Path, city: City) -> Counts:
    size = len(texts["edge"])
    edges, sources = texts["edge"], texts.get("from", [""] * size)
    begin, end = (np.array([_moment(t, file, key) for t in texts[key]]) for key in ("begin", "end"))
    end = np.where(end <= begin, end + DAY, end)
    count = _numbers(texts, "count", file, size)
    flow = _numbers(texts, "flow", file, size)
    count = np.where(np.isfinite(count), count, flow * (end - begin) / 3600.0)
    speed = _numbers(texts, "speed", file, size)
    speed = np.where(np.isfinite(speed), speed, _numbers(texts, "speed_kmh", file, size) / 3.6)
    if (count < 0.0).any():
        raise DataError(f"a count is negative: {np.nanmin(count):g}", where=str(file))
    table = city["edge"]
    row = table.rows(np.array(edges, dtype=np.str_)).astype(np.int64)
    source = table.rows(np.array(sources, dtype=np.str_)).astype(np.int64)
    good = (row >= 0) & np.asarray(table["car"], dtype=bool)[row]
    good &= (source >= 0) | (np.array(sources, dtype=np.str_) == "")
    good &= np.isfinite(count) | np.isfinite(speed)
    pairs, counter = np.unique(
        np.stack([row[good], source[good]], axis=1), axis=0, return_inverse=True
    )
    ids = [
        str(table.ids[e]) if s < 0 else f"{table.ids[s]}>{table.ids[e]}" for e, s in pairs.tolist()
    ]
    return Counts(
        np.array(ids, dtype=np.str_),
        pairs[:, 0],
        pairs[:, 1],
        counter.reshape(-1).astype(np.int64),
        begin[good],
        end[good],
        count[good],
        speed[good],
        int(np.count_nonzero(~good)),
    )


def _numbers(texts: Texts, key: str, file: Path, size: int) -> Floats:
    if key not in texts:
        return np.full(size, np.nan)
    try:
        return np.array([float(text) if text else np.nan for text in texts[key]])
    except ValueError as error:
        raise DataError(f"a {key} is not a number: {error}", where=str(file)) from None


def _moment(text: str, file: Path, key: str) -> float:
    """Seconds since midnight of a number, a clock time, or a date with a time."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text if len(text) > 8 else f"2000-01-01T{text:0>5}")
    except ValueError:
        raise DataError(
            f"{key} = {text!r} is not a time",
            where=str(file),
            allowed="seconds since midnight, HH:MM, or a date with a time (ISO 8601)",
        ) from None
    return moment.hour * 3600.0 + moment.minute * 60.0 + moment.second
