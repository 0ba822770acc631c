"""Files of counts as columns of texts: CSV, Parquet, the twin's recordings, SUMO's edge data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from models.traffic.calibration.cells import moment
from twin.errors import ConfigError, DataError

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
FLOW = "traffic.flow"
Texts = dict[str, list[str]]
"""Cells by quantity, one a row; ``place`` says where in the file the row is."""


def is_xml(file: Path) -> bool:
    """Whether a file is one of SUMO's."""
    return ".xml" in file.suffixes


def read_texts(file: Path, columns: Mapping[str, str]) -> Texts:
    """The columns of a file of counts.

    Raises
    ------
    ConfigError, DataError
        The file is missing, damaged or empty, or has no such column.
    """
    if not file.is_file():
        raise DataError(
            "the file of counts is not there", where=str(file), mend="correct --counts FILE"
        )
    return _from_xml(file) if is_xml(file) else _from_table(file, columns)


@contextmanager
def _of_counts(file: Path) -> Iterator[None]:
    """What is wrong with a table, said of counts and not of a sensor's recording."""
    try:
        yield
    except DataError as error:
        raise DataError(
            error.what.replace("the recording", "the file of counts"),
            where=str(file),
            allowed=error.allowed,
            mend="save it as CSV in UTF-8 or as Parquet, with a header and a row for each interval",
        ) from None


def _from_table(file: Path, columns: Mapping[str, str]) -> Texts:
    from twin.sensors import files

    unknown = [key for key in columns if key not in NAMES]
    if unknown:
        raise ConfigError(
            f"there is no quantity {unknown[0]!r} in counts", allowed=", ".join(NAMES)
        )
    with _of_counts(file):
        delimiter = _delimiter(file)
        there = files.header(file, delimiter)
        if not columns and {"time", "entity", "port", "value"} <= set(there):
            return _from_recording(file)
        named = _named(file, columns, there)
        if "begin" not in named and "end" not in named:
            named = _between(file, named, columns, there, delimiter)
        for key in ("edge", "begin", "end"):
            if key not in named:
                raise _missing(file, key, there)
        if not {"count", "flow", "speed", "speed_kmh"} & set(named):
            raise _missing(file, "count", there)
        row = files.overfull(file, delimiter)
        if row is None:
            read = files.read(file, list(named.values()), delimiter)
    if row is not None:
        raise DataError(
            f"a row has more cells than the header has names ({len(there)})",
            where=f"{file}, row {row} after the header",
            mend="write decimals with a point, or part the columns by semicolons",
        )
    found = {key: read[name] for key, name in named.items()}
    found["place"] = [f"row {row + 1} after the header" for row in range(len(found["edge"]))]
    return found


def _named(file: Path, columns: Mapping[str, str], there: list[str]) -> dict[str, str]:
    """Which column is what: as told, else by the usual names."""
    named = dict(columns)
    for key, name in columns.items():
        if name not in there:
            raise ConfigError(
                f"the counts have no column {name!r}",
                where=str(file),
                allowed=", ".join(there) or "none: the file is empty",
                mend=f"--column {key}=NAME with one of them",
            )
    for key, usual in NAMES.items():
        match = next((name for name in there if name.lower() in usual), None)
        if key not in named and match is not None and match not in named.values():
            named[key] = match
    return named


def _between(
    file: Path,
    named: dict[str, str],
    columns: Mapping[str, str],
    there: list[str],
    delimiter: str,
) -> dict[str, str]:
    """The same, with columns ``from`` and ``to`` as begin and end where they hold times."""
    from twin.sensors import files

    lower = {name.lower(): name for name in there}
    taken = {"from", "to"} & {name.lower() for name in columns.values()}
    if not {"from", "to"} <= set(lower) or taken:
        return named
    pair = files.read(file, [lower["from"], lower["to"]], delimiter)
    if any(moment(text, "UTC") is None for column in pair.values() for text in column):
        return named
    found = {k: name for k, name in named.items() if name.lower() not in ("from", "to")}
    found |= {"begin": lower["from"], "end": lower["to"]}
    rest = [name for name in there if name not in found.values()]
    edge = next((name for name in rest if name.lower() in NAMES["edge"]), None)
    return found if "edge" in found or edge is None else found | {"edge": edge}


def _from_recording(file: Path) -> Texts:
    """A recording of the twin's own sensors: a flow is the mean of the interval that ends."""
    from twin.sensors import files

    read = files.read(file, ["time", "entity", "port", "value"])
    rows = [row for row, port in enumerate(read["port"]) if port == FLOW and read["value"][row]]
    by_entity: dict[str, list[tuple[str, str, int]]] = {}
    for row in rows:
        reading = (read["time"][row], read["value"][row], row)
        by_entity.setdefault(read["entity"][row], []).append(reading)
    found: Texts = {key: [] for key in ("edge", "begin", "end", "flow", "place")}
    for entity, readings in by_entity.items():
        readings.sort()
        for before, now in pairwise(readings):
            found["edge"].append(entity)
            found["begin"].append(before[0])
            found["end"].append(now[0])
            found["flow"].append(now[1])
            found["place"].append(f"row {now[2] + 1} after the header")
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
        allowed=f"one of {', '.join(NAMES[key])}; there are {', '.join(there) or 'none'}",
        mend=f"name it: --column {key}=NAME",
    )


def _from_xml(file: Path) -> Texts:
    from lxml import etree

    from twin.city.network import opened

    found: Texts = {key: [] for key in ("edge", "from", "begin", "end", "count", "speed", "place")}
    try:
        with opened(file) as source:
            root = etree.parse(source).getroot()
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        raise DataError(f"the counts cannot be read: {error}", where=str(file)) from None
    for interval in root.iter("interval"):
        for item in interval.iter("edge", "edgeRelation"):
            found["edge"].append(item.get("id") or item.get("to") or "")
            found["from"].append(item.get("from") or "")
            found["begin"].append(interval.get("begin") or "")
            found["end"].append(interval.get("end") or "")
            found["count"].append(_passed(item))
            found["speed"].append(item.get("speed") or "")
            found["place"].append(f"line {item.sourceline}")
    return found


def _passed(item: Any) -> str:
    """Vehicles that passed an edge: counted, or entered with those that set off there."""
    entered, departed = item.get("entered"), item.get("departed")
    if item.get("count") is not None or entered is None or departed is None:
        return item.get("count") or entered or ""
    try:
        return str(float(entered) + float(departed))
    except ValueError:
        return f"{entered} + {departed}"
