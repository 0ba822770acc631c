"""Writes a recording: readings in the long layout, with a sidecar that says where they are from."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from twin.core.time import Calendar
from twin.errors import ConfigError, DataError
from twin.sensors.observations import BAD, GOOD

HEADER = ("time", "entity", "port", "value", "quality")
QUALITIES = ("good", "suspect", "bad")
SUFFIXES = (".csv", ".csv.gz", ".csv.bz2", ".parquet")


@dataclass(frozen=True)
class PortReadings:
    """Readings of one port to be written.

    Attributes
    ----------
    port, unit
        What was read.
    entity : (n,) str
        Ids.
    time : (n,) int64
        Ticks of the measurements.
    value : (n,) float64
        In ``unit``; NaN where there is none.
    quality : (n,) int8
        ``GOOD``, ``SUSPECT`` or ``BAD``.
    """

    port: str
    unit: str
    entity: npt.NDArray[np.str_]
    time: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]

    @classmethod
    def from_series(
        cls,
        port: str,
        unit: str,
        times: Sequence[int] | npt.NDArray[np.integer],
        ids: npt.NDArray[np.str_],
        values: npt.NDArray[np.floating],
    ) -> PortReadings:
        """Readings of the truth.

        Parameters
        ----------
        port, unit
            What was read.
        times : (n_times,) int
            Ticks.
        ids : (n_entities,) str
            Ids of the entities.
        values : (n_times, n_entities) float
            In ``unit``.

        Raises
        ------
        DataError
            The shapes do not fit.
        """
        if values.shape != (len(times), len(ids)):
            raise DataError(
                f"the series of {port!r} has shape {values.shape}",
                allowed=f"({len(times)}, {len(ids)})",
            )
        flat = values.astype(np.float64).ravel()
        return cls(
            port,
            unit,
            np.tile(np.asarray(ids, dtype=np.str_), len(times)),
            np.repeat(np.asarray(times, dtype=np.int64), len(ids)),
            flat,
            np.where(np.isfinite(flat), GOOD, BAD).astype(np.int8),
        )


def record(
    file: Path,
    readings: Sequence[PortReadings],
    calendar: Calendar,
    *,
    scenario: str,
    seed: int,
    **more: Any,
) -> Path:
    """Write readings of a run as a recording that ``use = "recorded"`` replays.

    Rows are ordered by time, then port as given, then entity as given. Values have six significant
    digits. Equal input gives equal bytes. Beside the file, ``FILE.json`` marks it as synthetic.

    Parameters
    ----------
    file
        ``.csv``, ``.csv.gz``, ``.csv.bz2`` or ``.parquet``.
    readings
        One for each port.
    calendar
        Local time of the ticks.
    scenario, seed, **more
        Where the readings are from; kept in the sidecar.

    Returns
    -------
    Path
        The sidecar.

    Raises
    ------
    ConfigError
        A file name of another kind.
    DataError
        There are no readings.
    """
    if not file.name.endswith(SUFFIXES):
        raise ConfigError(f"cannot write {file.name!r}", allowed=", ".join(SUFFIXES))
    if not sum(len(part.time) for part in readings):
        raise DataError("there are no readings to record", mend="name other ports")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".recording-", dir=file.parent) as folder:
        made = Path(folder) / file.name
        if file.suffix == ".parquet":
            _write_parquet(made, _rows(readings, calendar))
        else:
            _write_csv(made, _rows(readings, calendar))
        note = Path(folder) / "sidecar.json"
        content = _sidecar(readings, calendar, scenario, seed, more)
        note.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        # The note first: a recording that looks real without it must never be there.
        sidecar = file.with_name(file.name + ".json")
        os.replace(note, sidecar)
        os.replace(made, file)
    return sidecar


def _rows(
    readings: Sequence[PortReadings], calendar: Calendar
) -> Iterable[tuple[str, str, str, str, str]]:
    time = np.concatenate([part.time for part in readings])
    which = np.repeat(np.arange(len(readings)), [len(part.time) for part in readings])
    place = np.concatenate([np.arange(len(part.time)) for part in readings])
    texts = {tick: _time(calendar, tick) for tick in np.unique(time).tolist()}
    for spot in np.argsort(time, kind="stable"):
        part, at = readings[which[spot]], place[spot]
        value = part.value[at]
        yield (
            texts[int(part.time[at])],
            str(part.entity[at]),
            part.port,
            f"{value:.6g}" if np.isfinite(value) else "",
            QUALITIES[part.quality[at]],
        )


def _time(calendar: Calendar, tick: int) -> str:
    """Local time with its offset, as short as it is exact."""
    local = calendar.local(tick)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


def _write_csv(file: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with file.open("wb") as raw, _packed(file, raw) as packed:
        text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
        text.flush()
        text.detach()


def _packed(file: Path, raw: IO[bytes]) -> Any:
    if file.suffix == ".gz":
        # No name and no time inside: equal readings are to give equal bytes.
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)
    return bz2.BZ2File(raw, "wb") if file.suffix == ".bz2" else raw


def _write_parquet(file: Path, rows: Iterable[tuple[str, ...]]) -> None:
    import duckdb  # a tenth of a second: only for Parquet

    plain = file.with_suffix(".csv")
    _write_csv(plain, rows)
    types = "{'time': 'VARCHAR', 'entity': 'VARCHAR', 'port': 'VARCHAR', 'value': 'DOUBLE', "
    types += "'quality': 'VARCHAR'}"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv(?, header = true, columns = {types})) "
            f"TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)",
            [str(plain)],
        )


def _sidecar(
    readings: Sequence[PortReadings],
    calendar: Calendar,
    scenario: str,
    seed: int,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "synthetic": True,
        "note": "Made by a simulation, not measured.",
        "scenario": scenario,
        "seed": seed,
        "version": _version(),
        "start": calendar.start.isoformat(),
        "timezone": str(calendar.start.tzinfo),
        "ports": {
            part.port: {
                "unit": part.unit,
                "entities": len(np.unique(part.entity)),
                "readings": len(part.time),
            }
            for part in readings
        },
        **more,
    }


def _version() -> str:
    try:
        return version("citytwin")
    except PackageNotFoundError:
        return "unknown"
