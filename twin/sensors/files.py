"""Reads columns of a recording, CSV or Parquet, as texts: what they mean is for others to say."""

from __future__ import annotations

import bz2
import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from twin.errors import ConfigError, DataError

Columns = dict[str, list[str]]
T = TypeVar("T")

CSV = (".csv", ".csv.gz", ".csv.bz2", ".txt", ".tsv")
PARQUET = (".parquet", ".pq")


def header(file: Path, delimiter: str = ",", encoding: str = "utf-8") -> list[str]:
    """Names of the columns of a file.

    Raises
    ------
    DataError
        The file is missing, damaged, empty or of another kind.
    """
    if _is_parquet(file):
        return [row[0] for row in _query(file, "DESCRIBE SELECT * FROM read_parquet(?)")]
    first = _guarded(file, encoding, lambda: next(_rows(file, delimiter, encoding), []))
    return [name.strip() for name in first]


def read(
    file: Path, wanted: Sequence[str], delimiter: str = ",", encoding: str = "utf-8"
) -> Columns:
    """Some columns of a file, each a list of texts with one item a row; empty where nothing is.

    Blank lines are no rows; a row that is too short has empty cells.

    Raises
    ------
    ConfigError
        The file has no such column; the message names those that are there.
    DataError
        The file is missing, damaged or has no rows.
    """
    there = header(file, delimiter, encoding)
    for name in wanted:
        if name not in there:
            raise ConfigError(
                f"there is no column {name!r}",
                where=str(file),
                allowed=", ".join(map(repr, there)) or "none: the file is empty",
                mend=_delimiter_hint(there)
                or "correct the name in the sensor's `columns` or `values`",
            )
    wanted = list(dict.fromkeys(wanted))
    if _is_parquet(file):
        columns = _read_parquet(file, wanted)
    else:
        columns = _guarded(file, encoding, lambda: _read_csv(file, wanted, delimiter, encoding))
    if not columns[wanted[0]]:
        raise DataError("the recording has no rows", where=str(file))
    return columns


def overfull(file: Path, delimiter: str = ",", encoding: str = "utf-8") -> int | None:
    """First row after the header (from 1) with more cells than the header has names; None if none.

    Such as a decimal comma makes in a file whose columns commas part. Blank cells do not count.

    Raises
    ------
    DataError
        As for :func:`header`.
    """
    if _is_parquet(file):
        return None

    def search() -> int | None:
        rows = _rows(file, delimiter, encoding)
        width = len(next(rows, []))
        cells = (row for row in rows if row)
        return next((at for at, row in enumerate(cells, 1) if any(row[width:])), None)

    return _guarded(file, encoding, search)


def _read_csv(file: Path, wanted: Sequence[str], delimiter: str, encoding: str) -> Columns:
    rows = _rows(file, delimiter, encoding)
    there = [name.strip() for name in next(rows)]
    cells = [row for row in rows if row]
    return {
        name: [row[at].strip() if at < len(row) else "" for row in cells]
        for name, at in zip(wanted, map(there.index, wanted), strict=True)
    }


def _rows(file: Path, delimiter: str, encoding: str) -> Iterator[list[str]]:
    with _open(file, "utf-8-sig" if encoding == "utf-8" else encoding) as stream:
        yield from csv.reader(stream, delimiter=delimiter)


def _open(file: Path, encoding: str) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding=encoding, newline="")
    if file.suffix == ".bz2":
        return bz2.open(file, "rt", encoding=encoding, newline="")
    return file.open(encoding=encoding, newline="")


def _guarded(file: Path, encoding: str, work: Callable[[], T]) -> T:
    """The result of ``work``; what a broken file raises as a DataError that names the file."""
    try:
        return work()
    except FileNotFoundError:
        raise _missing(file) from None
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(
            f"the recording is not text in {encoding!r}: {error}",
            where=str(file),
            mend='name its encoding, such as encoding = "latin-1"',
        ) from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(
            f"the recording cannot be read: {error or type(error).__name__}",
            where=str(file),
            allowed=", ".join((*CSV, *PARQUET)),
            mend="the file is damaged or of another kind: fetch or export it again",
        ) from None


def _missing(file: Path) -> DataError:
    return DataError(
        "the recording is not there",
        where=str(file),
        mend="correct `file`: it is taken relative to the scenario file that names it",
    )


def _delimiter_hint(there: Sequence[str]) -> str | None:
    if len(there) == 1:
        found = next((sign for sign in ";\t|," if sign in there[0]), None)
        return f"set delimiter = {found!r} in the sensor" if found else None
    return None


def _is_parquet(file: Path) -> bool:
    return file.suffix in PARQUET


def _read_parquet(file: Path, wanted: Sequence[str]) -> Columns:
    quoted = ['"' + name.replace('"', '""') + '"' for name in wanted]
    texts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in quoted)
    rows = _query(file, f"SELECT {texts} FROM read_parquet(?)")
    cells = list(zip(*rows, strict=True)) or [()] * len(wanted)
    return {name: list(values) for name, values in zip(wanted, cells, strict=True)}


def _query(file: Path, query: str) -> list[tuple[str, ...]]:
    import duckdb  # a tenth of a second: only for Parquet

    if not file.is_file():
        raise _missing(file)
    try:
        # One thread: the engine is to stay one thread, and the order of rows is then the file's.
        with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            found: list[tuple[str, ...]] = connection.execute(query, [str(file)]).fetchall()
            return found
    except duckdb.Error as error:
        raise DataError(
            f"the recording cannot be read: {str(error).splitlines()[0]}",
            where=str(file),
            mend="the file is damaged or is not Parquet: export it again",
        ) from None
