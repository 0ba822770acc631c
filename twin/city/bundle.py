"""A city on disk: a folder with tables, network, demand and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from twin.city import geopackage
from twin.city.city import City, Place
from twin.city.table import INFERRED, MAPPED, Table
from twin.errors import DataError

FORMAT = 1
"""Version of the bundle's format; a bundle of another one is built again."""

MANIFEST = "manifest.json"
TABLES = "city.gpkg"
BUILD = "build the bundle again: twin city build EXTRACT -o BUNDLE"
TOOLS = ("citytwin", "eclipse-sumo", "osmium", "shapely", "pyproj", "tzfpy")


def save(city: City, path: Path) -> City:
    """Write a city as a bundle; the city as it is on disk.

    The folder appears whole or not at all, and replaces only another bundle.

    Raises
    ------
    DataError
        ``path`` is there and is not a bundle.
    """
    with written(path) as folder:
        fill(city, folder)
    return load(path)


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A new folder beside ``path`` that takes its name when all went well, and goes when not."""
    _refuse_other(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        _replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_target(path: Path) -> None:
    """Refuse early to write over something that is not a bundle."""
    _refuse_other(path)


def _refuse_other(path: Path) -> None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not path.is_dir() or not is_bundle(path):
        raise DataError(
            "this is there already and is not a bundle",
            where=str(path),
            mend="choose another place for the bundle, or remove this first",
        )


def is_bundle(path: Path) -> bool:
    """Whether a folder holds a bundle, of any version."""
    try:
        return "format" in json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _replace(part: Path, path: Path) -> None:
    if path.exists():
        old = path.parent / f".{path.name}.{os.getpid()}.old"
        shutil.rmtree(old, ignore_errors=True)
        path.rename(old)
        part.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        part.rename(path)


def fill(city: City, folder: Path) -> None:
    """Write all files of a bundle into an empty folder."""
    network = folder / ("network.net.xml.gz" if city.network.suffix == ".gz" else "network.net.xml")
    shutil.copyfile(city.network, network)
    demand = _copy_demand(city, folder)
    geopackage.write(folder / TABLES, city, city.links.values(), city.place.crs)
    manifest = city.manifest | {
        "format": FORMAT,
        "name": city.name,
        "place": vars(city.place),
        "network": network.name,
        "demand": demand,
        "tables": {table.name: counts(table) for table in city},
        "links": [
            {"source": link.source, "target": link.target, "many": link.indptr is not None}
            for link in city.links.values()
        ],
        "tools": {name: found for name in TOOLS if (found := _version(name))},
    }
    manifest["files"] = {
        str(file.relative_to(folder).as_posix()): {
            "bytes": file.stat().st_size,
            "sha256": sha256(file),
        }
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _copy_demand(city: City, folder: Path) -> dict[str, list[str]]:
    """Copy the files of the demand; their paths in the bundle."""
    home = _home(city)
    found: dict[str, list[str]] = {}
    for kind, files in city.demand.items():
        found[kind] = []
        for file in files:
            inside = file.relative_to(home) if home and file.is_relative_to(home) else file.name
            target = folder / inside if home else folder / "demand" / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            found[kind].append(target.relative_to(folder).as_posix())
    return found


def _home(city: City) -> Path | None:
    """The folder that the network and the demand of a city share, if they have one."""
    return city.network.parent if city.demand else None


def counts(table: Table) -> dict[str, int]:
    """How many rows a table has, and how many of them are mapped and inferred."""
    found = {"rows": len(table)}
    if "origin" in table:
        found |= {origin: int((table["origin"] == origin).sum()) for origin in (MAPPED, INFERRED)}
    return found


def sha256(file: Path) -> str:
    """Hash of a file's bytes, hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def load(path: Path) -> City:
    """Read a bundle; shapes are read when something first asks for them.

    The network and the demand must be as they were built. The tables may be corrected by hand (in
    QGIS, say); only their structure is checked.

    Raises
    ------
    DataError
        There is no bundle, it is of another version, or a file is missing or damaged.
    """
    manifest = read_manifest(path)
    try:
        place = Place(**manifest["place"])
        city = City(
            manifest["name"],
            place,
            path / manifest["network"],
            tables=_tables(path, manifest, place),
            demand={
                kind: [path / file for file in files] for kind, files in manifest["demand"].items()
            },
            folder=path,
            manifest=manifest,
        )
        _check_files(path, manifest["files"])
        _links(city, path / TABLES, manifest["links"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the manifest is damaged: {error!r}", where=str(path / MANIFEST), mend=BUILD
        ) from None
    return city


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a bundle of this version."""
    file = path / MANIFEST
    if not file.is_file():
        what = "this folder is not a bundle" if path.is_dir() else "there is no bundle"
        raise DataError(what, where=str(path), allowed=f"a folder with {MANIFEST}", mend=BUILD)
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        found = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the manifest is damaged: {error!r}", where=str(file), mend=BUILD
        ) from None
    if found != FORMAT:
        raise DataError(
            f"the bundle has format {found}", where=str(file), allowed=str(FORMAT), mend=BUILD
        )
    return dict(manifest)


def _tables(path: Path, manifest: dict[str, Any], place: Place) -> dict[str, Table]:
    file = path / TABLES
    tables = {}
    with geopackage.opened(file) as base:
        for name in manifest["tables"]:
            load = partial(geopackage.read_shapes, file, name, place.crs)
            tables[name] = geopackage.read_table(base, name, load)
    return tables


def _links(city: City, file: Path, links: list[dict[str, Any]]) -> None:
    with geopackage.opened(file) as base:
        for item in links:
            source, target = item["source"], item["target"]
            n_source = len(city[source])
            city.connect(geopackage.read_link(base, source, target, n_source, item["many"]))


def _check_files(path: Path, files: dict[str, dict[str, Any]]) -> None:
    for name, expected in files.items():
        file = path / name
        if not file.is_file():
            raise DataError("the bundle has lost a file", where=str(file), mend=BUILD)
        if name != TABLES and sha256(file) != expected["sha256"]:
            raise DataError(
                "a file of the bundle is not as it was built",
                where=str(file),
                allowed=f"sha256 {expected['sha256'][:12]}…, {expected['bytes']} bytes",
                mend=BUILD,
            )
