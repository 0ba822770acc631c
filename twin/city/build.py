"""Builds a city: from a map or a SUMO scenario to tables, links and a bundle."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from twin.city import bundle as bundles
from twin.city.city import City
from twin.city.features import Features
from twin.errors import TwinError

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of all that is behind it (0 to 1)."""

ODBL = "ODbL 1.0, © OpenStreetMap contributors"


def from_osm(
    extract: Path,
    bundle: Path | None = None,
    *,
    name: str | None = None,
    progress: Progress | None = None,
) -> City:
    """Build a city from an OpenStreetMap extract.

    Parameters
    ----------
    extract
        ``.osm.pbf``, ``.osm`` or ``.osm.xml``, each also ``.gz`` or ``.bz2``.
    bundle
        Folder to write; without one the city lives in a temporary folder as long as the object.
    name
        Name of the city; the extract's when left out.
    progress
        Told of each step.

    Raises
    ------
    DataError
        The extract cannot be read or has no roads, or ``bundle`` is something else than a bundle.
    """
    tell = progress or _silent

    def make(folder: Path) -> tuple[City, Features]:
        return _osm_base(extract, folder, name, tell)

    return _build(make, bundle, tell)


def from_sumo(
    config: Path,
    bundle: Path | None = None,
    *,
    name: str | None = None,
    progress: Progress | None = None,
) -> City:
    """Build a city from a SUMO scenario, keeping its network, demand, signals, stops and detectors.

    Parameters
    ----------
    config
        ``.sumocfg`` file; or a network alone, ``.net.xml`` or ``.net.xml.gz``, without demand.
    bundle, name, progress
        As for :func:`from_osm`.

    Raises
    ------
    DataError
        The configuration, or a file that it names, cannot be read.
    """
    from twin.city.sumo import base

    tell = progress or _silent

    def make(folder: Path) -> tuple[City, Features]:
        tell("reading the SUMO scenario", 0.05)
        return base(config, folder, name)

    return _build(make, bundle, tell)


Base = Callable[[Path], tuple[City, Features]]


def _silent(step: str, share: float) -> None:
    """Say nothing."""


def _build(make: Base, bundle: Path | None, tell: Progress) -> City:
    """Base tables, then every builder, then the bundle."""
    if bundle is not None:
        bundles.check_target(bundle)
    with _workshop() as work:
        city, features = make(Path(work))
        run_builders(city, features, tell)
        tell("writing the bundle", 0.95)
        target, keep = _target(bundle)
        made = bundles.save(city, target)
        if keep is not None:
            weakref.finalize(made, shutil.rmtree, keep, ignore_errors=True)
        tell("done", 1.0)
        return made


def _workshop() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="citytwin-")


def _target(bundle: Path | None) -> tuple[Path, Path | None]:
    """Where to write, and a temporary folder to remove with the city."""
    if bundle is not None:
        return bundle, None
    keep = Path(tempfile.mkdtemp(prefix="citytwin-"))
    return keep / "city", keep


def _osm_base(file: Path, folder: Path, name: str | None, tell: Progress) -> tuple[City, Features]:
    from twin.city import netconvert, network, osm, shapes
    from twin.city.place import place

    tell("reading the extract", 0.02)
    extract = osm.read(file)
    where = place(*extract.centre(), country=extract.country())
    tell("making the road network", 0.1)
    net = folder / "network.net.xml.gz"
    netconvert.convert(extract, where, net)
    tell("reading the map", 0.25)
    features = shapes.features(extract, where.crs)
    manifest = {
        "source": {"kind": "OpenStreetMap", "file": file.name, "sha256": bundles.sha256(file)},
        "licence": ODBL,
        "warnings": [],
    }
    city = City(name or _stem(file), where, net, manifest=manifest)
    ways = {str(key): way.tags for key, way in extract.ways.items()}
    for table in network.tables(network.read_network(net), ways):
        city.add(table)
    tell("reading the buildings", 0.3)
    add_places(city, features)
    return city, features


def _stem(file: Path) -> str:
    return file.name.split(".")[0] or "city"


def add_places(city: City, features: Features) -> None:
    """Add buildings, stops and points of interest, and link them to the streets."""
    from twin.city import buildings, inferred, spots

    city.add(buildings.mapped_buildings(features))
    inferred.complete(city, features)
    for table in (spots.stops(features), spots.pois(features)):
        if table.name not in city:
            city.add(table)
    link_to_streets(city)


def link_to_streets(city: City) -> None:
    """Link buildings and stops to the nearest edge that cars may use."""
    cars = np.asarray(city["edge"]["car"], dtype=np.bool_)
    for table in ("building", "stop"):
        if (table, "edge") not in city.links:
            city.connect_nearest(table, "edge", where=cars if cars.any() else None)


def run_builders(city: City, features: Features, tell: Progress = _silent) -> None:
    """Run the builders of all installed packages on a city with its base tables."""
    from twin.city.order import in_order, installed

    builders = installed()
    names = in_order(builders, set(city.tables))
    for done, name in enumerate(names):
        tell(f"building: {name}", 0.35 + 0.6 * done / len(names))
        try:
            builders[name]().build(city, features)
        except Exception as error:
            if not isinstance(error, TwinError):
                error.add_note(f"while the builder {name!r} worked on the city {city.name!r}")
            raise
