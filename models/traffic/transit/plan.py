"""Which buses a run has, by the scenario's choice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from models.traffic.sumo.inputs import begin
from models.traffic.transit import own
from models.traffic.transit.buses import Service, write
from models.traffic.transit.punctuality import Punctuality
from twin.city.city import City
from twin.core.world import World
from twin.errors import ConfigError

if TYPE_CHECKING:
    from models.traffic.parameters import TrafficParameters

ANNOUNCED = "citizens.timetable"
"""Under which citizens say which feed, and which day of it, they live by."""


@dataclass(frozen=True)
class Plan:
    """The buses of a run.

    Attributes
    ----------
    city
        With its own demand, without its buses where others take their place.
    service
        Buses that drive beside it.
    """

    city: City
    service: Service


def choose(world: World, city: City, parameters: TrafficParameters, *, driven: bool) -> Plan:
    """The buses that the scenario wants.

    Parameters
    ----------
    driven
        Whether the city's own demand is, and with it its buses.

    Raises
    ------
    ConfigError
        There are none of the kind that is wanted.
    DataError
        The timetable has none for this day or city.
    """
    p, feed = parameters, _feed(world, parameters)
    wanted = p.buses if p.buses != "auto" else ("timetable" if feed is not None else "own")
    if wanted == "timetable":
        if feed is None:
            raise ConfigError(
                'buses = "timetable", but no timetable is given',
                where="model.traffic.buses",
                mend="set model.traffic.gtfs_file, or model.citizens.gtfs_file, to a GTFS feed",
            )
        city = own.without(city, world.scratch) if driven else city
        return Plan(city, _timetabled(world, city, p, feed, begin(city) if driven else 0.0))
    if wanted == "none":
        return Plan(own.without(city, world.scratch) if driven else city, Service())
    if driven:
        return Plan(city, Service(names=own.names(city)))
    found = own.service(city, world.scratch)
    if p.buses == "own" and not found.files:
        raise ConfigError(
            f'buses = "own", but the city {city.name!r} came without buses',
            where="model.traffic.buses",
            allowed='"auto", "timetable" or "none"',
        )
    return Plan(city, found)


def _feed(world: World, p: TrafficParameters) -> tuple[Path, date | None] | None:
    """The feed and the day of it that is lived first: traffic's own, else the citizens'."""
    if p.gtfs_file is not None:
        return Path(p.gtfs_file), p.gtfs_date
    theirs: tuple[Path, date | None] | None = world.announced.get(ANNOUNCED)
    return theirs if theirs is None or p.gtfs_date is None else (theirs[0], p.gtfs_date)


def _timetabled(
    world: World, city: City, p: TrafficParameters, feed: tuple[Path, date | None], zero: float
) -> Service:
    from models.traffic.transit import timetable

    wanted = timetable.Wanted(*feed, world.end, p.bus_stop_distance, p.bus_dwell)
    found = timetable.read(city, world.calendar, wanted)
    world.warnings.extend(found.notes)
    if not found.buses:
        return Service()
    return write(city, found.streets, found.buses, zero, world.scratch, p.bus_bays)


def indicators(punctuality: Punctuality | None, now: float) -> dict[str, float]:
    """How well buses kept to the timetable; NaN without one."""
    if punctuality is None:
        names = ("traffic.bus_delay", "traffic.bus_on_time", "traffic.bus_stops_missed")
        return dict.fromkeys(names, float("nan"))
    kept = punctuality.kept(now)
    return {
        "traffic.bus_delay": kept.mean(),
        "traffic.bus_on_time": kept.on_time(),
        "traffic.bus_stops_missed": kept.missed(),
    }
