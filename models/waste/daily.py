"""The rounds of one day, planned for a dispatcher: what goes where, in which order, when."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from models.waste.sheets import WHY, DayPlan, Entry, Missed, Round
from twin.core.time import hours
from twin.errors import ConfigError, DataError

if TYPE_CHECKING:
    from models.waste.model import Waste
    from models.waste.truck import Truck
    from twin.city.city import City
    from twin.scenario.scenario import Scenario

Floats = npt.NDArray[np.float64]

SLOWEST = 20.0
"""Streets are not slower than so many times their free flow."""
URGENT = 0.05
"""A container is due if it is full before the next day's shift ends with this probability."""
OLD = 48.0
"""Hours from which on the newest word of a recording is called old."""


def plan_day(
    scenario: Scenario,
    day: date,
    *,
    levels: Path | None = None,
    closed: Sequence[str] = (),
    slower: float = 1.0,
) -> DayPlan:
    """Plan the rounds of a day, and drive them through empty streets to know the times.

    Parameters
    ----------
    scenario
        Names the city and the rules of the fleet.
    day
        Which day.
    levels
        A recording of the city's containers: who will be full before the next day's shift ends is
        emptied, and the loads are the forecast ones. Without it: the calendar and usual loads.
    closed
        Names of streets, or ids of edges, that are closed.
    slower
        How much longer than in empty streets driving takes.
    """
    if not 0.0 < slower <= SLOWEST:
        raise ConfigError(f"slower: {slower:g}", allowed=f"a number over 0, at most {SLOWEST:g}")
    model = _model(scenario, day, closed, slower)
    shift = next(s for s in model.shifts if s.begin == 0)
    notes = _apply_closures(model, scenario, shift.end)
    notes += _policy_notes(scenario, levels is not None)
    if levels is not None:
        notes += _take_levels(model, levels, day, shift.end, _threshold(scenario))
    expected = model.expected()
    model.mass[:] = expected
    env = model.world.env
    for truck in model.dispatch(shift):
        env.process(truck.run())
    env.run(until=shift.end + hours(12))
    missed = tuple(_missed(model, expected))
    rounds = tuple(_round(model, truck) for truck in model.fleet.trucks)
    return DayPlan(day, rounds, missed, tuple(notes))


def _apply_closures(model: Waste, scenario: Scenario, end: int) -> list[str]:
    """Close the streets that the scenario closes in the shift; what other events are not used."""
    from models.waste.events import Closure

    notes: list[str] = []
    for item in scenario.data.event:
        if item.use != Closure.name:
            notes.append(f"the event {item.use} is not used in a plan")
            continue
        closure = Closure(model.world, Closure.Parameters(**item.parameters))
        closure.setup()
        if closure.begin < end and (closure.end is None or closure.end > 0):
            model["waste.closed"][closure.rows] += 1.0
            notes.append(f"{closure.parameters.street} is closed, as the scenario says")
    model.fleet.network.refresh(0, force=True)
    return notes


def _policy_notes(scenario: Scenario, levels: bool) -> list[str]:
    """What becomes of the scenario's policies."""
    notes = []
    for item in scenario.data.policy:
        if not item.use.startswith("waste."):
            continue
        if item.use == "waste.by_level" and levels:
            notes.append("by level: what is over the threshold of the scenario is emptied")
        elif levels:
            notes.append(f"the settings of {item.use} are not used: what will be full is emptied")
        else:
            notes.append(f"{item.use} needs --levels: without it the calendar decides")
    return notes


def _threshold(scenario: Scenario) -> float | None:
    """The level from which a policy of the scenario empties, share of the capacity."""
    from models.waste.policies import ByLevel, ByLevelParameters

    for item in scenario.data.policy:
        if item.use == ByLevel.name:
            return ByLevelParameters(**item.parameters).threshold
    return None


def _missed(model: Waste, expected: Floats) -> Iterator[Missed]:
    """Containers that were due and wait at the end of the day."""
    fleet, city = model.fleet, model.city
    for stream, waiting in fleet.waiting.items():
        for stop, _, why in waiting:
            for row in stop.rows:
                longitude, latitude = _degrees(city, city["container"].points[row : row + 1])[0]
                yield Missed(
                    stream, str(city["container"].ids[row]), _street(city, stop.edge),
                    float(longitude), float(latitude), float(expected[row]),
                    why if why in WHY else "time",
                )  # fmt: skip


def _model(scenario: Scenario, day: date, closed: Sequence[str], slower: float) -> Waste:
    """The waste model alone, at the start of the day's shift."""
    import simpy

    from models.waste.model import Waste
    from models.waste.parameters import WasteParameters
    from twin.core.random import Streams
    from twin.core.time import Calendar
    from twin.core.wiring import wire
    from twin.core.world import World
    from twin.experiment.live import city_of

    if "waste" not in scenario.data.model:
        raise ConfigError(f"{scenario.name} has no model of waste", mend="add [model.waste]")
    city = city_of(scenario)
    rules = WasteParameters(**scenario.data.model["waste"])
    hour, minute = map(int, rules.shift_start.split(":"))
    begin = datetime(day.year, day.month, day.day, hour, minute)
    calendar = Calendar.at(begin, city.place.timezone)
    world = World(city, calendar, hours(24), simpy.Environment(), Streams(1), Path("."))
    model = Waste(world, rules)
    world.controls.ports.update({port.name: port for port in model.controls})
    wire([model], [], city, world.state)
    edges = city["edge"]
    for name in closed:
        rows = (edges["name"] == name) | (edges.ids == name)
        if not rows.any():
            raise ConfigError(
                f"--closed {name}: the city has no such street",
                allowed="a street's name, or the id of an edge",
            )
        model["waste.closed"][rows] = 1.0
    model.setup()
    model.fleet.network.slow_down(slower)
    return model


def _take_levels(
    model: Waste, file: Path, day: date, end: int, threshold: float | None
) -> list[str]:
    """Ask for the containers over a threshold, or that will be full before the next shift ends.

    Times are moved to the city's clock. Containers without a word for long follow the calendar.

    Returns
    -------
    list of str
        What the dispatcher should know of the recording.
    """
    from models.waste.forecast import forecast, learn, read_recording
    from models.waste.forecast.outlook import SILENT, moment

    recording = read_recording(file, zone=ZoneInfo(model.city.place.timezone))
    hour, minute = map(int, model.parameters.shift_start.split(":"))
    begin = datetime(day.year, day.month, day.day, hour, minute)
    at = (begin - datetime(1970, 1, 1)).total_seconds() / 3600.0
    past = recording.between(-np.inf, at)
    if not len(past):
        raise DataError(f"the recording has nothing before {begin}", where=str(file))
    filling = learn(past)
    now = forecast(past, at, filling)
    later = forecast(past, at + 24.0 + end / 3_600_000.0, filling)
    rows = model.city["container"].rows(now.ids)
    if not (rows >= 0).any():
        raise DataError(
            f"the city has none of the recorded containers, such as {str(now.ids[0])!r}",
            where=str(file),
            allowed="ids of the table 'container', such as "
            + ", ".join(repr(str(key)) for key in model.city["container"].ids[:3]),
        )
    known = (rows >= 0) & np.isfinite(now.level) & ~now.silent
    if not known.any():
        raise DataError(
            f"the recording ends {moment(now.ended)}, {(at - now.ended) / 24.0:.0f} days before "
            f"{begin}: it says nothing of the levels then",
            where=str(file),
            allowed=f"a word from a container within {SILENT:g} of its usual cycles",
            mend="give a recording that reaches the day, another --date, or leave --levels out",
        )
    due = later.full >= URGENT if threshold is None else now.level >= 100.0 * threshold
    model["waste.collect"][rows[known]] = due[known].astype(np.float64)
    model["waste.expected"][rows[known]] = now.level[known] / 100.0
    unknown = [str(key) for key in now.ids[rows < 0]]
    notes = [f"warning: {text}; they follow the calendar" for text in now.warnings()]
    if unknown:
        notes.append(
            f"warning: the city has no container {', '.join(map(repr, unknown[:3]))}"
            + (f" (and {len(unknown) - 3} more)" if len(unknown) > 3 else "")
        )
    age = at - now.ended
    old = "warning: " if age > OLD else ""
    notes.append(f"{old}levels of {int(known.sum())} containers, the newest {age:.1f} h old")
    return [*notes, f"{file}: {now.quality.table()}"]


# -- from the log of a truck to a sheet ----------------------------------------------------------


def _round(model: Waste, truck: Truck) -> Round:
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
        place = truck.depot.edge
        if kind == "waste.emptied":
            row = city["container"].row(subject)
            begin, container, expected = (
                tick - int(1000 * fleet.service[row]),
                subject,
                detail["kg"],
            )
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
