"""Tables and links in a GeoPackage (OGC 12-128r19), written and read with SQLite alone.

The general readers bring data frames with them: a second of imports before a run begins, and types
that do not come back as they were. Here a table comes back column for column, and shapes are
decoded only when something asks for them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.city.link import Link
from twin.city.place import inverse, transform
from twin.city.table import Array, Table
from twin.errors import DataError

# The header of a shape: magic, version 0, flags 1 (little endian, no envelope), WGS 84.
HEADER = b"GP\x00\x01" + (4326).to_bytes(4, "little")
TYPES = {"b": "BOOLEAN", "i": "MEDIUMINT", "f": "DOUBLE", "U": "TEXT"}
DTYPES = {"BOOLEAN": np.bool_, "MEDIUMINT": np.int32, "DOUBLE": np.float64, "TEXT": np.str_}
RESERVED = frozenset({"fid", "geom", "id"})
# Fixed, so that the same city gives the same bytes.
CHANGED = "2000-01-01T00:00:00.000Z"
WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
)
SCHEMA = """
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents(table_name), column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL REFERENCES gpkg_spatial_ref_sys(srs_id),
  z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
"""


def write(path: Path, tables: Iterable[Table], links: Iterable[Link], crs: str) -> None:
    """Write tables (one layer each, WGS 84) and links (``link_<source>_<target>``) to a new file.

    Parameters
    ----------
    crs
        Projected coordinate system of the tables' shapes.

    Raises
    ------
    DataError
        A table has a column that the format keeps for itself.
    """
    with closing(sqlite3.connect(path)) as base:
        base.executescript(SCHEMA)
        systems = [
            ("Undefined Cartesian", -1, "NONE", -1, "undefined", None),
            ("Undefined geographic", 0, "NONE", 0, "undefined", None),
            ("WGS 84", 4326, "EPSG", 4326, WGS84, "longitude and latitude, degrees"),
        ]
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", systems)
        for table in tables:
            _write_table(base, table, crs)
        for link in links:
            _write_link(base, link)
        base.commit()


def _write_table(base: sqlite3.Connection, table: Table, crs: str) -> None:
    reserved = RESERVED & {column.lower() for column in table.columns}
    if reserved:
        raise DataError(
            f"table {table.name!r} has a column {min(reserved)!r}",
            mend=f"give it another name; the bundle keeps {', '.join(sorted(RESERVED))} for itself",
        )
    declared = [f"{_name(key)} {_type(values)}" for key, values in table.columns.items()]
    shape = ["geom GEOMETRY"] if table.spatial else []
    head = ["fid INTEGER PRIMARY KEY", *shape, "id TEXT NOT NULL", *declared]
    base.execute(f"CREATE TABLE {_name(table.name)} ({', '.join(head)})")
    columns: list[Iterable[Any]] = [range(len(table))]
    if table.spatial:
        columns.append(_write_layer(base, table, crs))
    else:
        _register(base, table.name, "attributes")
    columns += [table.ids.tolist(), *(values.tolist() for values in table.columns.values())]
    marks = ",".join("?" * len(columns))
    base.executemany(
        f"INSERT INTO {_name(table.name)} VALUES ({marks})", zip(*columns, strict=True)
    )


def _write_layer(base: sqlite3.Connection, table: Table, crs: str) -> list[bytes]:
    """Register a layer; the shapes of its rows in the format's binary form."""
    import shapely

    shapes = _converted(table.shapes, lambda points: inverse(points, crs))
    bounds: list[float | None] = [None] * 4
    if len(table):
        bounds = [float(value) for value in shapely.total_bounds(shapes)]
    _register(base, table.name, "features", bounds, 4326)
    kinds = {str(kind).upper() for kind in np.unique(shapely.get_type_id(shapes))}
    kind = GEOMETRY_TYPES.get(int(kinds.pop()), "GEOMETRY") if len(kinds) == 1 else "GEOMETRY"
    row = (table.name, "geom", kind, 4326, 0, 0)
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?,?,?,?,?,?)", row)
    return [HEADER + blob for blob in shapely.to_wkb(shapes, byte_order=1)]


GEOMETRY_TYPES = {
    0: "POINT",
    1: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
}


def _register(
    base: sqlite3.Connection,
    name: str,
    kind: str,
    bounds: Iterable[float | None] = (None, None, None, None),
    system: int | None = None,
) -> None:
    row = (name, kind, name, "", CHANGED, *bounds, system)
    base.execute("INSERT INTO gpkg_contents VALUES (?,?,?,?,?,?,?,?,?,?)", row)


def _write_link(base: sqlite3.Connection, link: Link) -> None:
    name = link_layer(link.source, link.target)
    base.execute(
        f"CREATE TABLE {_name(name)} "
        "(fid INTEGER PRIMARY KEY, source MEDIUMINT NOT NULL, target MEDIUMINT NOT NULL)"
    )
    _register(base, name, "attributes")
    sources, targets = link.pairs()
    rows = zip(range(len(sources)), sources.tolist(), targets.tolist(), strict=True)
    base.executemany(f"INSERT INTO {_name(name)} VALUES (?,?,?)", rows)


def link_layer(source: str, target: str) -> str:
    """Name of the attribute table of a link."""
    return f"link_{source}_{target}"


def _type(values: Array) -> str:
    return TYPES[values.dtype.kind]


def _name(text: str) -> str:
    """A name quoted for SQL."""
    return '"' + text.replace('"', '""') + '"'


def _converted(
    shapes: Array, change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
) -> Array:
    """The shapes with other coordinates; z values are dropped."""
    import shapely

    if not len(shapes):
        return np.empty(0, dtype=object)
    return np.asarray(shapely.transform(shapes, change), dtype=object)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A GeoPackage for reading only.

    Raises
    ------
    DataError
        It is missing or damaged; also for errors while it is open.
    """
    if not path.is_file():
        raise DataError(
            "the bundle has lost a file", where=str(path), mend="build the bundle again"
        )
    # Without a write-ahead log beside it the file cannot change: SQLite needs no lock then, which
    # also works on a file system that is read-only.
    still = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{still}", uri=True)
        ) as base:
            yield base
    except (sqlite3.Error, ValueError, IndexError) as error:
        raise DataError(
            f"the tables of the bundle are damaged: {error}",
            where=str(path),
            mend="build the bundle again",
        ) from None


def read_table(base: sqlite3.Connection, name: str, load: Callable[[], Array]) -> Table:
    """A table with its columns; ``load`` gives the shapes, later, if it has any."""
    declared = {row[1]: row[2] for row in base.execute(f"PRAGMA table_info({_name(name)})")}
    if "id" not in declared:
        raise ValueError(f"no table {name!r}")
    wanted = [key for key in declared if key not in ("fid", "geom")]
    text = ", ".join(_name(key) for key in wanted)
    rows = base.execute(f"SELECT {text} FROM {_name(name)} ORDER BY fid").fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(wanted)
    columns: dict[str, npt.ArrayLike] = {
        key: np.array(column, dtype=DTYPES[declared[key].split("(")[0]])
        for key, column in zip(wanted, values, strict=True)
    }
    ids = columns.pop("id")
    return Table(name, ids, columns, load if "geom" in declared else None)


def read_shapes(path: Path, name: str, crs: str) -> Array:
    """The shapes of a table in projected metres; (n,) object."""
    import shapely

    with opened(path) as base:
        rows = base.execute(f"SELECT geom FROM {_name(name)} ORDER BY fid").fetchall()
    try:
        shapes = shapely.from_wkb([_wkb(blob) for (blob,) in rows])
    except (shapely.errors.ShapelyError, TypeError, IndexError) as error:
        raise DataError(
            f"the shapes of {name!r} are damaged: {error}",
            where=str(path),
            mend="build the bundle again",
        ) from None
    return _converted(shapes, lambda points: transform(points, crs))


def _wkb(blob: bytes) -> bytes:
    """The part of a GeoPackage shape after its header, whose length depends on its envelope."""
    envelope = (0, 32, 48, 48, 64)[(blob[3] >> 1) & 7]
    return blob[8 + envelope :]


def read_link(
    base: sqlite3.Connection, source: str, target: str, n_source: int, many: bool
) -> Link:
    """A link from its attribute table."""
    name = _name(link_layer(source, target))
    rows = base.execute(f"SELECT source, target FROM {name} ORDER BY fid").fetchall()
    pairs = np.array(rows, dtype=np.int32).reshape(-1, 2)
    if many:
        counts = np.bincount(pairs[:, 0], minlength=n_source)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return Link(source, target, pairs[:, 1], indptr)
    indices = np.full(n_source, -1, dtype=np.int32)
    indices[pairs[:, 0]] = pairs[:, 1]
    return Link(source, target, indices)
