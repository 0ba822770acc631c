"""Counts of vehicles, in the forms that people have: CSV, Parquet, SUMO's edge data and turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.cells import DAY, moment, number
from models.traffic.calibration.rows import Table, added, check_apart, check_carried, forward
from models.traffic.calibration.texts import Texts, read_texts
from models.traffic.demand.sums import sums
from twin.city.city import City
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


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
    notes
        What was done with the rows that the reader of the figures has to know.
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
    notes: tuple[str, ...] = ()

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
            self.notes,
        )


def read_counts(
    file: Path, city: City, columns: Mapping[str, str] | None = None, *, offset: float = 0.0
) -> Counts:
    """Read a file of counts.

    Equal intervals of one edge on one day are added (files by class of vehicle), those of different
    days are averaged.

    Parameters
    ----------
    file
        ``.csv`` (also ``.gz``), ``.parquet``, or SUMO's edge data or turn counts (``.xml``, also
        ``.gz``): ``entered`` and ``departed``, or ``count``, of ``edge`` and ``edgeRelation``. A
        recording of the twin's own (``time, entity, port, value``) is known by its columns.
    columns
        Which column of a CSV or Parquet file is what: ``edge`` and, for turns, ``from``; ``begin``
        and ``end`` (seconds since midnight, ``HH:MM`` or a date with a time); ``count`` or ``flow``
        (veh/h); ``speed`` (m/s) or ``speed_kmh``. Usual names are found without being told; so are
        ``from`` and ``to`` as begin and end where they hold times.
    offset
        Time of day at which the clock of the file shows 0, s.

    Raises
    ------
    ConfigError, DataError
        A column is missing, a cell is not a number, intervals overlap or end before they begin, a
        count is more than the lanes carry, or no row lies on an edge of the city.
    """
    texts = read_texts(file, columns or {})
    table, ids, missing = _table(texts, file, city, offset)
    known = (table.edge >= 0) & np.asarray(city["edge"]["car"], dtype=bool)[table.edge]
    known &= (table.source >= 0) | (ids == "")
    told = np.isfinite(table.count) | np.isfinite(table.speed)
    if not (known & told).any():
        raise _nothing(file, city, known)
    good, together = added(table.take(known & told))
    check_apart(good, str(file))
    check_carried(good, city["edge"]["lanes"][good.edge].astype(np.int64), str(file))
    return _counts(good, city, int(np.count_nonzero(~known)), _notes(missing & known, together))


def _table(
    texts: Texts, file: Path, city: City, offset: float
) -> tuple[Table, npt.NDArray[np.str_], npt.NDArray[np.bool_]]:
    """The rows; the ids of the edges that turns come from; and which rows tell nothing."""
    size, places = len(texts["edge"]), texts["place"]
    starts = _moments(texts, "begin", file, city)
    stops = _moments(texts, "end", file, city)
    day = np.array([day for day, _ in starts], dtype=np.int64)
    begin = np.array([seconds for _, seconds in starts], dtype=np.float64)
    later = [max(0, b - a) if a else 0 for (a, _), (b, _) in zip(starts, stops, strict=True)]
    end = np.array([seconds for _, seconds in stops]) + DAY * np.array(later, dtype=np.float64)
    end = forward(begin, end, places, str(file))
    count = _numbers(texts, "count", file)
    flow = _numbers(texts, "flow", file)
    count = np.where(np.isfinite(count), count, flow * (end - begin) / 3600.0)
    speed = _numbers(texts, "speed", file)
    speed = np.where(np.isfinite(speed), speed, _numbers(texts, "speed_kmh", file) / 3.6)
    sources = np.array(texts.get("from", [""] * size), dtype=np.str_)
    table = city["edge"]
    found = Table(
        table.rows(np.array(texts["edge"], dtype=np.str_)).astype(np.int64),
        table.rows(sources).astype(np.int64),
        day,
        begin + offset,
        end + offset,
        count,
        speed,
        np.array(places, dtype=np.str_),
    )
    return found, sources, ~(np.isfinite(count) | np.isfinite(speed))


def _moments(texts: Texts, key: str, file: Path, city: City) -> list[tuple[int, float]]:
    known: dict[str, tuple[int, float]] = {}
    for row, text in enumerate(texts[key]):
        if text in known:
            continue
        found = moment(text, city.place.timezone)
        if found is None:
            raise DataError(
                f"{key} = {text!r} is not a time",
                where=f"{file}, {texts['place'][row]}",
                allowed="seconds since midnight, HH:MM, or a date with a time (ISO 8601)",
            )
        known[text] = found
    return [known[text] for text in texts[key]]


def _numbers(texts: Texts, key: str, file: Path) -> Floats:
    if key not in texts:
        return np.full(len(texts["edge"]), np.nan)
    cells = zip(texts[key], texts["place"], strict=True)
    return np.array([number(text, key, f"{file}, {place}") for text, place in cells])


def _nothing(file: Path, city: City, known: npt.NDArray[np.bool_]) -> DataError:
    if known.any():
        return DataError(
            f"none of the {np.count_nonzero(known)} rows on edges of {city.name} holds a count",
            where=str(file),
            mend="fill the column of the counts, or name another: --column count=NAME",
        )
    return DataError(
        f"none of the {len(known)} counts lies on an edge that cars use in {city.name}",
        where=str(file),
        allowed=f"edge ids such as {str(city['edge'].ids[0])!r}",
        mend="name the column of the edge ids, or take the counts of this network",
    )


def _notes(missing: npt.NDArray[np.bool_], together: int) -> tuple[str, ...]:
    notes = []
    if missing.any():
        notes.append(f"rows without a count (empty or nan): {np.count_nonzero(missing)}")
    if together:
        notes.append(
            f"{together} rows were added to another of the same edge and interval, as by class of "
            "vehicle; days are told apart by dates"
        )
    return tuple(notes)


def _counts(table: Table, city: City, left_out: int, notes: tuple[str, ...]) -> Counts:
    pairs, counter = np.unique(
        np.stack([table.edge, table.source], axis=1), axis=0, return_inverse=True
    )
    name = city["edge"].ids
    ids = [str(name[e]) if s < 0 else f"{name[s]}>{name[e]}" for e, s in pairs.tolist()]
    return Counts(
        np.array(ids, dtype=np.str_),
        pairs[:, 0],
        pairs[:, 1],
        counter.reshape(-1).astype(np.int64),
        table.begin,
        table.end,
        table.count,
        table.speed,
        left_out,
        notes,
    )
