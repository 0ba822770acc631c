"""A city from an inventory of lamps alone, or an inventory in place of a city's lamps."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting import luminaires
from models.lighting.build import served
from models.lighting.cabinets import add_cabinets, feed
from models.lighting.inventory.chains import Chains, chain_of, chains
from models.lighting.inventory.clean import Inventory, Report, clean
from models.lighting.inventory.mapping import Mapping, checked
from models.lighting.inventory.read import Raw, read
from models.lighting.streets import classes
from models.lighting.technology import TECHNOLOGIES
from twin.city import bundle as bundles
from twin.city.city import City, Place
from twin.city.link import Link
from twin.city.table import INFERRED, MAPPED, Table
from twin.errors import DataError

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]

ROADS = ((33.0, "secondary"), (26.0, "tertiary"), (18.0, "residential"), (0.0, "living_street"))
"""Class of a street by the median spacing of its lamps, m: taller lamps stand farther apart."""
LANES = {"secondary": 2, "tertiary": 2, "residential": 2, "living_street": 1}
SPEED = {"secondary": 13.9, "tertiary": 13.9, "residential": 8.3, "living_street": 5.6}
CAPACITY = {"secondary": 900.0, "tertiary": 800.0, "residential": 600.0, "living_street": 300.0}
"""Lanes of both directions, free-flow speed (m/s), vehicles an hour and lane."""
EMPTY_NETWORK = '<net version="1.20"><location netOffset="0.00,0.00" convBoundary="{0}"/></net>\n'


def source(
    file: Path,
    bundle: Path,
    *,
    name: str,
    progress: Callable[[str, float], None] | None = None,
    **options: Any,
) -> City:
    """Build the bundle of a city recipe with ``use = "lighting.inventory"``.

    Parameters
    ----------
    file
        The inventory.
    options
        The keys of a mapping file, see :class:`models.lighting.inventory.mapping.Mapping`.
    """
    city, _ = from_inventory(file, checked(options, f"recipe of {name}, options"), name=name)
    return bundles.save(city, bundle)


def from_inventory(file: Path, mapping: Mapping, *, name: str) -> tuple[City, Report]:
    """A city of lamps, and of the streets that they show.

    Raises
    ------
    DataError, ConfigError
        The inventory cannot be read, or none of its rows can be used.
    """
    raw = read(file, mapping)
    where = _place(raw, mapping, file)
    lamps, report = clean(raw, _metres(raw, where), mapping)
    report.lies = lies(where)
    folder = Path(tempfile.mkdtemp(prefix="citytwin-"))
    network = folder / "network.net.xml"
    bounds = ",".join(f"{v:.2f}" for v in (*lamps.xy.min(axis=0), *lamps.xy.max(axis=0)))
    network.write_text(EMPTY_NETWORK.format(bounds), encoding="utf-8")
    manifest = {
        "source": {"kind": "inventory of lamps", "file": file.name, "sha256": bundles.sha256(file)},
        "licence": mapping.licence,
        "warnings": [f"inventory: {line.strip()}" for line in report.table().splitlines()],
    }
    city = City(name, where, network, manifest=manifest)
    found = chains(lamps.xy[lamps.street])
    for table in _streets(found):
        city.add(table)
    add_lamps(city, lamps, chain_of(found, lamps.xy, lamps.street))
    weakref.finalize(city, shutil.rmtree, folder, ignore_errors=True)
    return city, report


def into(city: City, file: Path, mapping: Mapping) -> Report:
    """Put the lamps of an inventory in the place of a city's lamps, on its streets."""
    raw = read(file, mapping)
    where = _place(raw, mapping, file)
    lamps, report = clean(raw, _metres(raw, city.place), mapping)
    report.lies = lies(where)
    import shapely

    add_lamps(city, lamps, served(city, shapely.points(lamps.xy)))
    if "bus" in city:
        city.connect_nearest("lamp", "bus", where=city["bus"]["kind"] == "lv")
        feed(city)
    city.manifest["lamps"] = {"file": file.name, "sha256": bundles.sha256(file)}
    return report


def _place(raw: Raw, mapping: Mapping, file: Path) -> Place:
    from twin.city.place import centre, place

    known = raw.lonlat[~np.isnan(raw.lonlat).any(axis=1)]
    if not len(known):
        raise DataError(
            "no row of the inventory has a place on Earth",
            where=str(file),
            mend=f"name the coordinates' system in the mapping, crs = ... (now {mapping.crs}), "
            'and decimal = "," where numbers are written so',
        )
    return place(*centre(known), country=mapping.country)


def lies(where: Place) -> list[str]:
    """Where on Earth lamps lie, and a warning where that is no land."""
    from twin.city.place import place

    found = [f"the lamps lie at {_spot(where)}"]
    if not where.timezone.startswith("Etc/"):
        return found
    text = "  warning: this is the open sea: see crs in the mapping, now or of the layer"
    if abs(where.longitude) <= 90.0:
        other = place(where.latitude, where.longitude)
        if not other.timezone.startswith("Etc/"):
            text = f"  warning: this is the open sea; are x and y swapped? Then {_spot(other)}"
    return [*found, text]


def _spot(where: Place) -> str:
    north, east = where.latitude, where.longitude
    sides = f"{'N' if north >= 0 else 'S'}, {abs(east):.3f}° {'E' if east >= 0 else 'W'}"
    land = f", country {where.country}" if where.country else ""
    return f"{abs(north):.3f}° {sides}: time zone {where.timezone}{land}"


def _metres(raw: Raw, where: Place) -> Floats:
    from pyproj import Transformer

    change = Transformer.from_crs("EPSG:4326", where.crs, always_xy=True)
    found = np.column_stack(change.transform(raw.lonlat[:, 0], raw.lonlat[:, 1]))
    found[~np.isfinite(found)] = np.nan
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)


def road_of(spacing: Floats) -> list[str]:
    """Class of each street by the spacing of its lamps, see :data:`ROADS`."""
    return [next(road for lowest, road in ROADS if value >= lowest) for value in spacing]


def _streets(found: Chains) -> list[Table]:
    """The tables ``edge`` and ``junction`` of the chains: one edge a chain, both directions."""
    import shapely

    ends = np.array([[path[0], path[-1]] for path in found.paths], dtype=np.int64).reshape(-1, 2)
    places, rows = np.unique(ends, return_inverse=True)
    rows = rows.reshape(-1, 2)
    road = road_of(found.spacing)
    n = len(road)
    lanes = np.array([LANES[r] for r in road], dtype=np.int32)
    columns: dict[str, npt.ArrayLike] = {
        "from_junction": rows[:, 0],
        "to_junction": rows[:, 1],
        "length": found.length,
        "lanes": lanes,
        "speed": np.array([SPEED[r] for r in road], dtype=np.float64),
        "road": np.array(road, dtype="U20"),
        "name": np.full(n, ""),
        "lit": np.full(n, "yes"),
        "car": np.ones(n, dtype=np.bool_),
        "capacity": lanes * np.array([CAPACITY[r] for r in road], dtype=np.float64),
        "osm": np.full(n, ""),
        "origin": np.full(n, INFERRED),
    }
    lines = np.empty(n, dtype=np.object_)
    lines[:] = [shapely.LineString(found.points[path]) for path in found.paths]
    edge = Table("edge", np.array([f"chain.{i}" for i in range(n)], dtype=np.str_), columns, lines)
    ids = np.array([f"place.{i}" for i in places], dtype=np.str_)
    points = shapely.points(found.points[places])
    signal = np.zeros(len(ids), dtype=np.bool_)
    return [edge, Table("junction", ids, {"signal": signal}, points)]


def add_lamps(city: City, lamps: Inventory, edge: npt.NDArray[np.int32]) -> None:
    """The table ``lamp`` with what the inventory does not say inferred, its links and cabinets."""
    import shapely

    order = np.lexsort((np.arange(len(lamps)), edge))
    known = classes(city)
    roads = [known[row] if row >= 0 else "path" for row in edge]
    kinds = lamps.technology.tolist()
    usual = [luminaires.usual(road) for road in roads]
    power = _filled(lamps.power, [u.power(k) for u, k in zip(usual, kinds, strict=True)])
    height = _filled(lamps.height, [u.height for u in usual])
    flux = _filled(lamps.flux, power * [TECHNOLOGIES[k].efficacy for k in kinds])
    guess = np.array([luminaires.optics(k) for k in kinds], dtype="U12")
    columns: dict[str, Any] = {
        "power": power,
        "technology": lamps.technology.astype("U12"),
        "height": height,
        "flux": flux,
        "optics": np.where(lamps.optics == "", guess, lamps.optics),
        "age": lamps.age,
        "origin": np.full(len(lamps), MAPPED),
        "basis": np.where(np.isnan(lamps.power), "power by rule", "inventory"),
    }
    table = {key: np.asarray(values)[order] for key, values in columns.items()}
    city.add(Table("lamp", lamps.ids[order], table, shapely.points(lamps.xy[order])))
    city.connect(Link("lamp", "edge", edge[order].astype(np.int32)))
    add_cabinets(city, lamps.cabinet[order], lamps.circuit[order])


def _filled(values: Floats, other: Any) -> Floats:
    return np.asarray(np.where(np.isnan(values), np.asarray(other, dtype=np.float64), values))
