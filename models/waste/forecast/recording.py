"""Reads what level sensors and crews recorded: one table of events, whatever the file's form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from models.waste.forecast.quality import Quality
from twin.errors import DataError
from twin.sensors import moments
from twin.sensors.files import header, read
from twin.sensors.ngsi import SUFFIXES, entities, text
from twin.sensors.readings import numbers

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

FULL = 100.0
"""Level that a sensor calls full, %; what is above is not seen."""
_HOUR = 3_600_000.0
_NO_SHARE = 1.5
_OFFSET = re.compile(r":\d\d(?:\.\d+)?(?:([+-])(\d\d)(?::?(\d\d))?|Z)$")
_UTC_NAME = re.compile(r" ?(?:UTC|GMT)$")


@dataclass(frozen=True)
class Form:
    """How a kind of file names its columns.

    Attributes
    ----------
    container, time, level
        Names that the id, the time and the level may have, the first that is there counts.
    after
        Column of the level right after emptying: each row is a collection; or empty.
    emptied
        Column of the time of the last emptying; or empty.
    scale
        From the file's unit to %.
    """

    container: tuple[str, ...]
    time: tuple[str, ...]
    level: tuple[str, ...]
    after: str = ""
    emptied: str = ""
    scale: float = 1.0

    def fits(self, there: Sequence[str]) -> bool:
        """Whether a file with these columns is of this form."""
        needed = (self.container, self.time, self.level)
        after = not self.after or self.after in there
        return after and all(any(name in there for name in names) for names in needed)

    def names(self, there: Sequence[str]) -> list[str]:
        """Columns of the id, the time and the level in a file that it fits."""
        needed = (self.container, self.time, self.level)
        return [next(name for name in given if name in there) for given in needed]


FORMS = (
    Form(("site_id", "container", "id"), ("collected_at",), ("fill_before",), after="fill_after"),
    # Smart Data Models, WasteContainer, key values: fillingLevel is a share.
    Form(
        ("id", "refWasteContainer", "entity"),
        ("dateObserved", "dateModified", "time"),
        ("fillingLevel",),
        emptied="dateLastEmptying",
        scale=100.0,
    ),
    Form(("entity",), ("time",), ("value",), scale=100.0),
)
"""Collections; Smart Data Models; what `twin record` writes."""
_EXPECTED = (
    "site_id, collected_at, fill_before, fill_after (%); or id, dateObserved, fillingLevel (0 to 1)"
    " of Smart Data Models' WasteContainer; or time, entity, port, value as `twin record` writes"
)


@dataclass(frozen=True)
class Table:
    """Rows of a file as they stand, n of them.

    Attributes
    ----------
    line : (n,) int64
        In the file; its first line, the header, is 1.
    container : (n,) str
        Id.
    hour : (n,) float64, h
        Since 1970 on the clock of the file; NaN where it cannot be read.
    level : (n,) float64, %
        NaN where there is no number.
    after : (n,) float64, %
        Right after the container was emptied; NaN where the row is no collection.
    emptied : (n,) float64, h
        When the sensor says that the container was last emptied; NaN where it does not.
    name : (n,) str
        Of the place, or empty.
    size : (n,) float64
        Litres by level in %: proportional to the container's volume; NaN where unknown.
    """

    line: Whole
    container: npt.NDArray[np.str_]
    hour: Floats
    level: Floats
    after: Floats
    emptied: Floats
    name: npt.NDArray[np.str_]
    size: Floats

    def take(self, rows: npt.NDArray[np.int64] | Flags) -> Table:
        """Some rows, in the order given."""
        return Table(**{name: column[rows] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Recording:
    """Events of containers in order of time: n events of m containers.

    Attributes
    ----------
    ids : (m,) str
        Of the containers, in order.
    container : (n,) int64
        Row of ``ids``.
    hour : (n,) float64, h
        Since 1970 on the clock of the file.
    level : (n,) float64, %
        At most 100, which means full; NaN where the level is not known or not believed.
    after : (n,) float64, %
        Right after the container was emptied; NaN where it was not.
    line : (n,) int64
        In the file; 0 for an emptying that was inferred.
    quality
        What was wrong with the file.
    table
        The rows of the file as they stood; None once events were taken out or put together.
    """

    ids: npt.NDArray[np.str_]
    container: Whole
    hour: Floats
    level: Floats
    after: Floats
    line: Whole
    quality: Quality
    table: Table | None = None

    def __len__(self) -> int:
        return len(self.hour)

    def between(self, begin: float, end: float) -> Recording:
        """Events from an hour to before another, as if the file had no other rows.

        What is wrong with a row is often told by others, also later ones: the rows are cut first
        and cleaned then, so that nothing that comes later has a say.
        """
        inside = self.only((self.hour >= begin) & (self.hour < end))
        if self.table is None or not len(inside):
            return inside
        from models.waste.forecast.cleaning import clean

        timed = np.isfinite(self.table.hour)
        rows = timed & (self.table.hour >= begin) & (self.table.hour < end)
        if np.array_equal(rows, timed):
            return self
        table = self.table.take(rows)
        if not np.isfinite(table.level).any():
            return inside.only(np.zeros(len(inside), dtype=np.bool_))
        return clean(table, Path("the rows of the recording up to then"))

    def only(self, rows: Flags | Whole) -> Recording:
        """Some events, in the order given."""
        return Recording(
            self.ids, self.container[rows], self.hour[rows], self.level[rows], self.after[rows],
            self.line[rows], self.quality,
        )  # fmt: skip

    def __add__(self, later: Recording) -> Recording:
        """Two recordings of a city as one."""
        ids = np.unique(np.concatenate([self.ids, later.ids]))
        rows = [np.searchsorted(ids, r.ids)[r.container] for r in (self, later)]
        hour = np.concatenate([self.hour, later.hour])
        order = np.argsort(hour, kind="stable")
        return Recording(
            ids,
            np.concatenate(rows).astype(np.int64)[order],
            hour[order],
            np.concatenate([self.level, later.level])[order],
            np.concatenate([self.after, later.after])[order],
            np.concatenate([self.line, later.line])[order],
            self.quality + later.quality,
        )


def read_recording(
    file: str | Path, delimiter: str = ",", zone: ZoneInfo | None = None
) -> Recording:
    """Read a recording, flag what is wrong with it and apply the rules of :mod:`.quality`.

    Parameters
    ----------
    file
        CSV, Parquet, or NGSI entities of the type ``WasteContainer`` as JSON.
    delimiter
        Between the columns; another one is found where this one parts none.
    zone
        Clock on which hours count. Times with an offset (``Z``, ``+02:00``) are moved to it, those
        without are on it. Without it, times stay as they are written; where their offsets differ,
        all are moved to the most frequent one.

    Raises
    ------
    DataError
        The file is missing, damaged, empty, of another form, or nothing in it can be used.
    """
    from models.waste.forecast.cleaning import clean

    return clean(read_table(Path(file), delimiter, zone), Path(file))


def read_table(file: Path, delimiter: str = ",", zone: ZoneInfo | None = None) -> Table:
    """The rows of a file as they stand; see :func:`read_recording`."""
    if file.suffix.lower() in SUFFIXES:
        form, names, columns, delimiter = *_of_entities(file), ","
    else:
        form, names, columns, delimiter = _of_rows(file, delimiter)
    level = names[2]
    lines = np.array(columns.pop("line", range(2, len(columns[level]) + 2)), dtype=np.int64)
    n = len(lines)
    decimal = "," if delimiter == ";" and not any("." in text for text in columns[level]) else "."
    levels = numbers(columns[level], decimal) * form.scale
    _check_share(levels, level, form, file)
    after = numbers(columns[form.after], decimal) if form.after else np.full(n, np.nan)
    after = np.where(np.isnan(after), 0.0, after) if form.after else after
    emptied = columns.get(form.emptied, [""] * n)
    hours = clock_hours([*columns[names[1]], *emptied], zone)
    return Table(
        line=lines,
        container=np.array(columns[names[0]], dtype=np.str_),
        hour=hours[:n],
        level=levels,
        after=after,
        emptied=hours[n:],
        name=np.array(columns.get("site", [""] * n), dtype=np.str_),
        size=_sizes(columns.get("volume_l"), levels, decimal),
    )


def _of_rows(file: Path, delimiter: str) -> tuple[Form, list[str], dict[str, Any], str]:
    """Form, names of its columns, the columns as texts, and the delimiter, of a table."""
    there = header(file, delimiter)
    if len(there) == 1 and (found := next((sign for sign in ";\t|," if sign in there[0]), None)):
        delimiter = found
        there = header(file, delimiter)
    form = next((form for form in FORMS if form.fits(there)), None)
    if form is None:
        raise DataError(
            "this is no recording of containers: its columns are " + ", ".join(map(repr, there)),
            where=str(file),
            allowed=_EXPECTED,
        )
    names = form.names(there)
    optional = [form.after, form.emptied, "volume_l", "site", "port"]
    columns = read(file, [*names, *(n for n in optional if n in there)], delimiter)
    return form, names, _levels_only(columns, file) if "port" in columns else columns, delimiter


def _of_entities(file: Path) -> tuple[Form, list[str], dict[str, Any]]:
    """The same of the readings of containers among NGSI entities; lines are their numbers."""
    if not file.is_file():
        raise DataError("the recording is not there", where=str(file))
    found = entities(file) or []
    form = FORMS[1]
    rows = [row for row, item in enumerate(found) if form.fits(list(item))]
    if not rows:
        raise DataError(
            "no entity tells the level of a container",
            where=str(file),
            allowed="entities of the type WasteContainer with id, dateObserved and fillingLevel",
        )
    names = form.names(list(found[rows[0]]))
    columns: dict[str, Any] = {
        name: [text(found[row].get(name)) for row in rows] for name in [*names, form.emptied]
    }
    return form, names, columns | {"line": [row + 1 for row in rows]}


def _levels_only(columns: dict[str, list[str]], file: Path) -> dict[str, Any]:
    """Of a file with many ports, the rows of levels, with their lines."""
    rows = [row for row, port in enumerate(columns["port"]) if port == "waste.level"]
    if not rows:
        raise DataError(
            "no row has the port 'waste.level'",
            where=str(file),
            allowed=", ".join(map(repr, sorted(set(columns["port"]))[:10])),
        )
    found = {name: [cells[row] for row in rows] for name, cells in columns.items()}
    return {**found, "line": [row + 2 for row in rows]}


def _check_share(levels: Floats, column: str, form: Form, file: Path) -> None:
    """Refuse percent in a column of shares: read as shares, nearly all would be impossible."""
    known = levels[np.isfinite(levels)] / form.scale
    if form.scale == FULL and len(known) and np.median(known) > _NO_SHARE:
        raise DataError(
            f"{column!r} seems to be in percent: half of its values are over {np.median(known):g}",
            where=str(file),
            allowed="a share, 0 to 1, as Smart Data Models define it",
            mend="divide it by 100",
        )


def clock_hours(texts: Sequence[str], zone: ZoneInfo | None) -> Floats:
    """Hours since 1970 on a clock; NaN where a text is no time; see :func:`read_recording`."""
    texts = [_UTC_NAME.sub("Z", text) for text in texts]
    if zone is not None:
        found = moments.parse(texts, "iso", zone)
        known = found != moments.NEVER
        wall = found.copy()
        wall[known] = moments.to_wall(found[known], zone)
        return np.where(known, wall / _HOUR, np.nan)
    found = moments.parse(texts, "iso", ZoneInfo("UTC"))
    offsets = np.array([_offset(text) for text in texts])
    given, counts = np.unique(offsets[np.isfinite(offsets)], return_counts=True)
    usual = given[np.argmax(counts)] if len(given) else 0.0
    hours = found / _HOUR + np.where(np.isnan(offsets), 0.0, usual)
    return np.where(found == moments.NEVER, np.nan, hours)


def _offset(text: str) -> float:
    """Hours that a time says its clock is ahead of UTC; NaN where it does not say."""
    match = _OFFSET.search(text)
    if match is None:
        return float("nan")
    sign, hour, minute = match.groups()
    return 0.0 if hour is None else float(f"{sign}1") * (int(hour) + int(minute or 0) / 60.0)


def _sizes(volumes: Sequence[str] | None, level: Floats, decimal: str) -> Floats:
    if volumes is None:
        return np.full(len(level), np.nan)
    usable = level >= 20.0  # below, rounding to whole percent says too little
    return np.where(usable, numbers(volumes, decimal) / np.where(usable, level, 1.0), np.nan)
