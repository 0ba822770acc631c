"""The map of a report: shapes of the city, and what to colour them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.city.city import City
from twin.errors import DataError
from twin.experiment.fields import Fields, common
from twin.report.data import Geometry, Layer
from twin.scenario.recipe import load_city

if TYPE_CHECKING:
    from twin.experiment.compare import Comparison

KINDS = {0: "point", 1: "line", 3: "polygon", 5: "line", 6: "polygon"}
BACKGROUND = ("building", "edge")


def map_of(comparison: Comparison, fields: Sequence[Fields]) -> tuple[list[Geometry], list[Layer]]:
    """Shapes and layers of the ports that all recorded, in the city that the runs lived in."""
    city = _city(comparison)
    layers = []
    for name in common(fields):
        table = fields[0].attributes(name)["table"]
        if table in city and city[table].geometry is not None and len(city[table]):
            values = [f.shown(name) for f in fields]
            known = fields[0].attributes(name)
            unit, ends = str(known["unit"]), str(known.get("ranked", ""))
            layers.append(Layer(name, table, unit, values[0], values[1:], ends))
    shown = dict.fromkeys([*BACKGROUND, *(layer.table for layer in layers)])
    geometries = [
        _geometry(city, table)
        for table in shown
        if table in city and len(city[table]) and city[table].geometry is not None
    ]
    return geometries, layers


def _city(comparison: Comparison) -> City:
    """The very bundle that the runs lived in, or the scenario's city where it is gone."""
    run = next(run for runs in comparison.runs for run in runs.values())
    folder = run.manifest["city"].get("folder")
    try:
        return City.load(folder) if folder else _named(comparison)
    except DataError:
        return _named(comparison)


def _named(comparison: Comparison) -> City:
    scenario = comparison.scenarios[0]
    return load_city(scenario.data.city, scenario.file)


def _geometry(city: City, name: str) -> Geometry:
    import shapely
    from pyproj import Transformer

    table = city[name]
    shapes = table.geometry
    assert shapes is not None
    kind = KINDS[int(shapely.get_type_id(shapes[0]))]
    if kind == "polygon":
        shapes = np.array([_ring(shape) for shape in shapes], dtype=object)
    places, owner = shapely.get_coordinates(shapes, return_index=True)
    east, north = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True).transform(
        places[:, 0], places[:, 1]
    )
    counts = np.bincount(owner, minlength=len(shapes))
    offsets = None if kind == "point" else np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    labels = table["name"] if "name" in table.columns else table.ids
    return Geometry(
        table=name,
        kind=kind,  # type: ignore[arg-type]
        coordinates=np.column_stack([east, north]),
        offsets=offsets,
        labels=[str(label) for label in labels],
        background=name in BACKGROUND,
        width=np.asarray(table["lanes"], dtype=np.float64) if "lanes" in table else None,
    )


def _ring(shape: Any) -> Any:
    """Outer ring of a polygon, of the largest part of several."""
    import shapely

    parts = shapely.get_parts(shape)
    return shapely.get_exterior_ring(parts[int(np.argmax(shapely.area(parts)))])
