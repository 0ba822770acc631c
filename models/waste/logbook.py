"""From the log of a day's trucks to sheets: what each did where, and what was left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.waste.sheets import WHY, Entry, Missed, Outlook, Round
from twin.core.time import Tick

if TYPE_CHECKING:
    from models.waste.model import Waste
    from models.waste.truck import Truck
    from twin.city.city import City

Floats = npt.NDArray[np.float64]
Look = Callable[[int, Tick], Outlook]
"""What is expected of a container, by its row, at a tick."""


def left(
    model: Waste, rows: Sequence[int], why: Callable[[int], str], expected: Floats, look: Look
) -> Iterator[Missed]:
    """Containers that no round empties; they are looked at in the middle of the shift."""
    fleet, city = model.fleet, model.city
    table = city["container"]
    shift = next(s for s in model.shifts if s.begin == 0)
    for row in rows:
        longitude, latitude = _degrees(city, table.points[row : row + 1])[0]
        yield Missed(
            str(table["stream"][row]), str(table.ids[row]), _street(city, int(fleet.edges[row])),
            float(longitude), float(latitude), float(expected[row]), why(row),
            look(row, shift.end // 2),
        )  # fmt: skip


def waiting(model: Waste) -> dict[int, str]:
    """Rows of the containers that were due and wait at the end of the day, and why."""
    fleet = model.fleet
    found = {}
    for stream, stops in fleet.waiting.items():
        none = "time" if fleet.in_service(stream) else "no truck"
        for stop, _, why in stops:
            for row in stop.rows:
                found[int(row)] = why if why in WHY else none
    return found


def round_of(model: Waste, truck: Truck, why: dict[int, str], look: Look) -> Round:
    """The sheet of a truck, and the line that it drove; ``why`` by row of the container."""
    fleet, city, calendar = model.fleet, model.city, model.world.calendar
    mine = f"{truck.name} {truck.number}"
    sheet: list[Entry] = []
    load = km = 0.0
    for tick, kind, subject, text in model.world.log.rows:
        detail: dict[str, Any] = json.loads(text)
        ours = detail.get("truck") == truck.number if kind == "waste.emptied" else subject == mine
        last = model.world.env.now if truck.finished is None else truck.finished
        if not ours or kind not in _WHAT or not truck.began <= tick <= last:
            continue
        km = float(detail.get("km", km))
        begin, what, container, street, expected = tick, _WHAT[kind], "", "", 0.0
        reason, outlook = "", Outlook()
        place = truck.depot.edge
        if kind == "waste.emptied":
            row = city["container"].row(subject)
            begin, container, expected = (
                tick - int(1000 * fleet.service[row]),
                subject,
                detail["kg"],
            )
            reason, outlook = why[row], look(row, begin)
            street, load = _street(city, int(fleet.edges[row])), load + detail["kg"]
            longitude, latitude = _degrees(city, city["container"].points[row : row + 1])[0]
        elif kind == "waste.unloaded":
            where = city["depot"].row(detail["place"])
            place = int(city.link("depot", "edge").indices[where])
            begin, load = tick - fleet.unloading, 0.0
        if kind == "waste.rested":
            where = detail["junction"]
            longitude, latitude = _degrees(city, city["junction"].points[where : where + 1])[0]
        elif kind != "waste.emptied":
            longitude, latitude = _degrees(city, _end_of(city, place))[0]
        sheet.append(
            Entry(
                truck.number, truck.name, len(sheet) + 1, what, calendar.local(begin),
                calendar.local(tick + (fleet.rest if kind == "waste.rested" else 0)), container,
                street, float(longitude), float(latitude), float(expected), load, km,
                reason, outlook,
            )
        )  # fmt: skip
    return Round(truck.number, truck.name, tuple(sheet), _line(city, truck.driven))


_WHAT = {
    "waste.left": "leave",
    "waste.emptied": "empty",
    "waste.unloaded": "unload",
    "waste.rested": "rest",
    "waste.returned": "back",
}


def _street(city: City, edge: int) -> str:
    edges = city["edge"]
    name = str(edges["name"][edge]) if "name" in edges else ""
    return name or str(edges.ids[edge])


def _end_of(city: City, edge: int) -> Floats:
    import shapely

    geometry = city["edge"].geometry
    assert geometry is not None
    points: Floats = shapely.get_coordinates(geometry[edge])[-1:]
    return points


def _line(city: City, driven: Sequence[int]) -> Floats:
    """Longitudes and latitudes along the edges that were driven; (n, 2) float64."""
    import shapely

    geometry = city["edge"].geometry
    if geometry is None or not driven:
        return np.empty((0, 2))
    points = shapely.get_coordinates(geometry[np.array(driven)])
    new = np.ones(len(points), dtype=np.bool_)
    new[1:] = np.any(points[1:] != points[:-1], axis=1)
    return _degrees(city, points[new])


def _degrees(city: City, points: Floats) -> Floats:
    from pyproj import Transformer

    change = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    return np.column_stack(change.transform(points[:, 0], points[:, 1])).round(7)
