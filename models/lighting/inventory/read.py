"""Reads an inventory of lamps: CSV, GeoJSON, GeoPackage, shapefile, a zip of one, or entities."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.lighting.inventory import delimited, ngsi
from models.lighting.inventory.mapping import FIELDS, Mapping
from twin.errors import ConfigError, DataError
from twin.sensors.ngsi import SUFFIXES, Entity, entities, text

Floats = npt.NDArray[np.float64]
NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,2})?)\s*(?:w|watts?|m|lm|h)?", re.I)
"""A number, perhaps with its unit."""
TEXT = (".csv", ".txt", ".tsv")
MAPS = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".fgb", ".gml", ".kml")


@dataclass
class Raw:
    """An inventory as its file says it; lists have one item a row.

    Attributes
    ----------
    rows
        Number of each row in the file: the line of a CSV, else the feature, from 1.
    texts
        Our columns; empty texts where nothing is said.
    lonlat : (n, 2) float64, degrees
        NaN where a row has no place.
    flaws
        What is wrong with the form of a row: its place in these lists, the problem, the action.
    """

    rows: list[int]
    texts: dict[str, list[str]]
    lonlat: Floats
    flaws: list[tuple[int, str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def read(file: Path, mapping: Mapping) -> Raw:
    """Read an inventory.

    Raises
    ------
    DataError
        It is missing, damaged, empty, or of another kind.
    ConfigError
        The mapping names a column that is not there, or the file has no places.
    """
    if not file.is_file():
        raise DataError("the inventory is not there", where=str(file))
    suffix = file.suffix.lower()
    things = entities(file) if suffix in SUFFIXES else None
    if things is not None:
        found = _entities(file, things, mapping)
    elif suffix in TEXT:
        found = _table(file, mapping)
    elif suffix in MAPS:
        found = _layer(file, mapping)
    else:
        raise DataError(
            "this kind of inventory is not known",
            where=str(file),
            allowed=", ".join((*TEXT, *MAPS, "entities in .json or .jsonld")),
        )
    if not len(found):
        raise DataError("the inventory has no rows", where=str(file))
    return found


def _chosen(there: list[str], mapping: Mapping, where: Path) -> dict[str, str]:
    """Our columns = theirs: as the mapping says, else by their usual names."""
    for ours, theirs in mapping.columns.items():
        if theirs not in there:
            raise ConfigError(
                f"the mapping takes {ours!r} from the column {theirs!r}, which is not there",
                where=str(where),
                allowed=", ".join(map(repr, there)) or "none",
            )
    found = dict(mapping.columns)
    folded = {name.casefold(): name for name in reversed(there)}
    for ours, usual in FIELDS.items():
        known = next((folded[name] for name in usual if name in folded), None)
        if known is not None and ours not in found and known not in found.values():
            found[ours] = known
    return found


def _table(file: Path, mapping: Mapping) -> Raw:
    encoding = "utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding
    try:
        with file.open(encoding=encoding, newline="") as stream:
            there, lines = delimited.records(stream.read(), mapping.delimiter)
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(
            f"the inventory is not text in {mapping.encoding!r}: {error}",
            where=str(file),
            mend='name its encoding in the mapping, such as encoding = "latin-1"',
        ) from None
    except delimited.Unreadable as error:
        raise DataError(f"the inventory cannot be read: {error}", where=str(file)) from None
    columns = _chosen(there, mapping, file)
    for axis in ("x", "y"):
        if axis not in columns:
            raise ConfigError(
                f"the inventory has no column for {axis!r}",
                where=str(file),
                allowed=", ".join(map(repr, there)),
                mend=f'name it in the mapping: [columns] {axis} = "..."',
            )
    _once(there, columns, file)
    at = {ours: there.index(theirs) for ours, theirs in columns.items()}
    texts = {
        ours: [line.fields[k].strip() if k < len(line.fields) else "" for line in lines]
        for ours, k in at.items()
    }
    xy = np.column_stack([numbers(texts.pop(axis), mapping.decimal) for axis in ("x", "y")])
    flaws = [(row, *line.flaw) for row, line in enumerate(lines) if line.flaw is not None]
    places = _degrees(xy.reshape(-1, 2), mapping.crs, file)
    return Raw([line.number for line in lines], texts, places, flaws)


def _once(there: list[str], columns: dict[str, str], file: Path) -> None:
    """Refuse a column that is taken and is there more than once: which one is meant?"""
    for ours, theirs in columns.items():
        if there.count(theirs) > 1:
            raise ConfigError(
                f"the inventory has {there.count(theirs)} columns called {theirs!r}, "
                f"and {ours!r} is taken from it",
                where=str(file),
                mend="rename or remove all of them but one",
            )


def _layer(file: Path, mapping: Mapping) -> Raw:
    import pyogrio
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        frame = pyogrio.read_dataframe(file)
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise DataError(
            f"the inventory cannot be read: {str(error).splitlines()[0]}", where=str(file)
        ) from None
    shapes = getattr(frame, "geometry", None)
    if shapes is None or not hasattr(shapes, "crs"):
        raise DataError("the inventory has no places", where=str(file), allowed="a layer of points")
    columns = _chosen([str(c) for c in frame.columns if c != shapes.name], mapping, file)
    texts = {
        ours: ["" if value is None or value != value else str(value) for value in frame[theirs]]
        for ours, theirs in columns.items()
        if ours not in ("x", "y")
    }
    points = shapely.centroid(np.asarray(shapes, dtype=object))
    xy = np.column_stack((shapely.get_x(points), shapely.get_y(points)))
    crs = shapes.crs.to_wkt() if shapes.crs is not None else mapping.crs
    return Raw(list(range(1, len(frame) + 1)), texts, _degrees(xy, crs, file))


def _entities(file: Path, things: list[Entity], mapping: Mapping) -> Raw:
    rows, lamps = ngsi.lamps(file, things)
    there = list(dict.fromkeys(name for lamp in lamps for name in lamp))
    columns = _chosen([name for name in there if name not in ("type", "location")], mapping, file)
    texts = {ours: [text(lamp.get(theirs)) for lamp in lamps] for ours, theirs in columns.items()}
    xy = np.array([ngsi.place(lamp) for lamp in lamps]).reshape(-1, 2)
    return Raw(rows, texts, _degrees(xy, "EPSG:4326", file))


def _degrees(xy: Floats, crs: str, file: Path) -> Floats:
    """Longitude and latitude; NaN where a place is none on Earth."""
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        change = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except CRSError as error:
        raise ConfigError(f"crs = {crs!r} is not known: {error}", where=str(file)) from None
    found = np.column_stack(change.transform(xy[:, 0], xy[:, 1])).reshape(-1, 2)
    real = np.isfinite(found).all(axis=1) & (np.abs(found[:, 1]) <= 90) & (xy != 0).any(axis=1)
    found[~real | (np.abs(found[:, 0]) > 180)] = np.nan
    return np.asarray(found, dtype=np.float64)


def numbers(texts: list[str], decimal: str = ".") -> Floats:
    """The numbers of texts; NaN where a text is none. (n,) float64."""
    return np.array([_number(text.replace(decimal, ".")) for text in texts], dtype=np.float64)


def _number(text: str) -> float:
    found = NUMBER.fullmatch(text.strip())
    return float(found.group(1)) if found else float("nan")
