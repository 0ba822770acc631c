"""Tables of a result as Parquet files, through DuckDB, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]


def write_tables(folder: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Write each table's columns (texts as object arrays) to ``NAME.parquet``.

    One thread and kept order: the bytes depend on the content alone.
    """
    import duckdb

    with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as connection:
        for name, columns in tables.items():
            connection.register(name, {key: _plain(values) for key, values in columns.items()})
            path = _quoted(folder / f"{name}.parquet")
            connection.execute(f"COPY {name} TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def read_parquet(path: Path) -> Columns:
    """Columns of a Parquet file, in the order of its rows."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        found: Columns = connection.execute(f"SELECT * FROM '{_quoted(path)}'").fetchnumpy()
    return {key: _filled(values) for key, values in found.items()}


def _filled(values: Any) -> npt.NDArray[Any]:
    """The values, NaN where there is none: DuckDB keeps NaN as NULL and gives a masked array."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind == "f":
        return np.asarray(values.filled(np.nan))
    return np.asarray(values)


def _plain(values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "OU":
        return np.array([str(v) for v in array], dtype=object)
    return array


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
