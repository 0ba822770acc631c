"""From a file to readings: which columns, which times, which entities, which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.city.table import Table
from twin.core.port import Port
from twin.core.time import Calendar, Tick
from twin.errors import ConfigError, DataError
from twin.sensors import moments
from twin.sensors.align import align, check_overlap
from twin.sensors.files import Columns, header, read
from twin.sensors.moments import Moments
from twin.sensors.observations import GOOD
from twin.sensors.readings import Flags, Readings, numbers, qualities
from twin.sensors.schema import ColumnNames, Measured, RecordedSource

_UNTIMED_SHARE = 0.01
_OPTIONAL = ("entity", "value", "port", "quality", "arrived")


@dataclass(frozen=True)
class Times:
    """When the rows of a file were measured and came.

    Attributes
    ----------
    observed, arrived : (n,) int64
        Ticks; meaningless where ``timed`` is false.
    timed : (n,) bool
        Whether the time of the row is readable.
    """

    observed: Moments
    arrived: Moments
    timed: Flags


class Recording:
    """A file, its columns read once.

    Parameters
    ----------
    given
        What the scenario says of the sensor.
    where
        The sensor and its file, for messages.

    Raises
    ------
    ConfigError
        A column is not there.
    DataError
        The file is missing, damaged or empty.
    """

    def __init__(self, given: RecordedSource, where: str) -> None:
        self.given = given
        self.where = where
        self.names = self._names()
        # One value a row, or a column for each quantity.
        self.long = self.names.port is not None or not given.values
        self.columns: Columns = self._read()

    def __len__(self) -> int:
        return len(self.columns[self.names.times[0]])

    def _names(self) -> ColumnNames:
        """Names of the columns; those the scenario leaves out, as far as the file has them."""
        given = self.given
        if given.columns is not None:
            return given.columns
        there = header(given.file, given.delimiter, given.encoding)
        found = {name: name for name in _OPTIONAL if name in there}
        if given.entity is not None:
            found.pop("entity", None)
        return ColumnNames(**found)

    def _read(self) -> Columns:
        names, given = self.names, self.given
        wanted = [*names.times, names.entity, names.port, names.quality, names.arrived]
        if self.long:
            wanted.append(names.value or "value")
        else:
            wanted += [quantity.column for quantity in given.quantities()]
        return read(given.file, [name for name in wanted if name], given.delimiter, given.encoding)

    def readings(self, quantity: Measured, port: Port, city: City, times: Times) -> Readings:
        """Readings of one quantity that have a time, in the order of the file."""
        mine = self.holds(quantity) & times.timed
        return Readings.of(
            self._entities(city[port.table], port, mine),
            self._values(quantity)[mine],
            times.observed[mine],
            times.arrived[mine],
            self._quality()[mine],
            quantity.valid,
            self.given.stuck_after,
        )

    def holds(self, quantity: Measured) -> Flags:
        """Which rows of the file hold this quantity; (n,) bool."""
        if self.names.port is None:
            return np.ones(len(self), dtype=np.bool_)
        texts = self.columns[self.names.port]
        mine = np.array([text == quantity.column for text in texts], dtype=np.bool_)
        if not mine.any():
            raise ConfigError(
                f"no row has {self.names.port} = {quantity.column!r}",
                where=self.where,
                allowed=", ".join(map(repr, sorted(set(texts))[:20])),
            )
        return mine

    def _values(self, quantity: Measured) -> npt.NDArray[np.float64]:
        column = (self.names.value or "value") if self.long else quantity.column
        found = numbers(self.columns[column], self.given.decimal)
        return found * quantity.scale + quantity.offset

    def _quality(self) -> npt.NDArray[np.int8]:
        if self.names.quality is None:
            return np.full(len(self), GOOD, dtype=np.int8)
        return qualities(self.columns[self.names.quality])

    # -- entities ----------------------------------------------------------------------------

    def _entities(self, table: Table, port: Port, mine: Flags) -> npt.NDArray[np.int32]:
        """Row of the entity of each reading, -1 where the city has none."""
        if self.names.entity is None:
            return np.full(np.count_nonzero(mine), self._only_row(table, port), dtype=np.int32)
        texts = self.columns[self.names.entity]
        keys = [texts[at] for at in np.flatnonzero(mine)]
        known = self._translation()
        ids = keys if known is None else [known.get(key, "") for key in keys]
        rows = table.rows(np.array(ids, dtype=np.str_))
        if len(rows) and (rows < 0).all():
            raise ConfigError(
                f"the city has none of the recorded entities, such as {keys[0]!r}",
                where=self.where,
                allowed=f"ids of the table {table.name!r}, such as "
                + ", ".join(repr(str(key)) for key in table.ids[:3]),
                mend="translate them with `entity_map`",
            )
        return rows

    def _only_row(self, table: Table, port: Port) -> int:
        if self.given.entity is not None:
            return table.row(self.given.entity)
        if len(table) == 1:
            return 0
        raise ConfigError(
            f"{port.name!r} has {len(table)} entities, and the sensor does not say which one a "
            "reading is of",
            where=self.where,
            mend='name the column (columns = {entity = "..."}), or the one entity (entity = "...")',
        )

    def _translation(self) -> dict[str, str] | None:
        found = self.given.entity_map
        if not isinstance(found, Path):
            return found
        columns = read(self.given.file.parent / found, ["station", "entity"])
        return dict(zip(columns["station"], columns["entity"], strict=True))

    # -- times -------------------------------------------------------------------------------

    def times(self, calendar: Calendar, end: Tick) -> Times:
        """When the rows were measured and came, on the clock of a run.

        Raises
        ------
        DataError
            Times are not readable, or not in the run.
        """
        given, city_zone = self.given, cast(ZoneInfo, calendar.start.tzinfo)
        zone = ZoneInfo(given.time.timezone) if given.time.timezone else city_zone
        start = moments.utc(calendar.start, zone)
        cells = zip(*(self.columns[name] for name in self.names.times), strict=True)
        texts = [" ".join(parts) for parts in cells]
        moment = self._parse(texts, zone, start)
        timed = moment != moments.NEVER
        self._check_times(texts, timed)
        ticks = np.zeros_like(moment)
        ticks[timed] = align(
            moment[timed], given.align, given.from_, zone, calendar, end, self.where
        )
        check_overlap(
            ticks[timed], moment[timed], zone, calendar, end, given.max_age or 0, self.where
        )
        return Times(ticks, ticks + self._delays(moment, zone, start), timed)

    def _parse(self, texts: Sequence[str], zone: ZoneInfo, start: int) -> Moments:
        form = self.given.time
        if form.since is None:
            return moments.parse(texts, form.format, zone)
        since = start if form.since == "start" else moments.utc(form.since, zone)
        return moments.count(texts, since, form.unit)

    def _check_times(self, texts: Sequence[str], timed: Flags) -> None:
        """Refuse a wrong time form; a few broken times are counted instead."""
        bad = np.flatnonzero(~timed)
        if len(bad) <= _UNTIMED_SHARE * len(texts):
            return
        form = self.given.time
        wanted = f"format = {form.format!r}" if form.since is None else f"numbers, in {form.unit}"
        raise DataError(
            f"{len(bad)} of {len(texts)} times are not readable, first {texts[bad[0]]!r} "
            f"(row {bad[0] + 1})",
            where=self.where,
            allowed=f"time: {wanted}",
            mend='say how times are written: time = {format = "%d/%m/%Y %H:%M"} '
            "or time = {since = 1970-01-01T00:00:00Z}",
        )

    def _delays(self, moment: Moments, zone: ZoneInfo, start: int) -> Moments:
        """Ticks from measurement to arrival of each row: never negative."""
        if self.names.arrived is None:
            return np.full_like(moment, self.given.delay)
        came = self._parse(self.columns[self.names.arrived], zone, start)
        unknown = (came == moments.NEVER) | (moment == moments.NEVER)
        return np.maximum(np.where(unknown, 0, came - np.where(unknown, 0, moment)), 0)
