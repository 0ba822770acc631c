"""The clock of SUMO's edge data: it may show 0 when the simulation begins, not at midnight."""

from __future__ import annotations

from dataclasses import replace

from models.traffic.calibration.cells import moment
from models.traffic.calibration.counts import Counts
from twin.city.city import City
from twin.errors import ConfigError


def read_offset(text: str) -> float:
    """Seconds of ``--offset``: the time of day at which the clock of the counts shows 0."""
    found = moment(text, "UTC")
    if found is None or found[0]:
        raise ConfigError(
            f"--offset {text}", allowed="a time of day: 07:00, or seconds since midnight"
        )
    return found[1]


def by_scenario(counts: Counts, city: City, start: float, stop: float) -> Counts:
    """Edge data of a city's own SUMO scenario, put on the clock of the period.

    A SUMO scenario begins when the period does, whatever its clock shows. Counts that end before
    the period, and lie in it by that clock, are taken by it; a note says so.

    Parameters
    ----------
    start, stop
        The period, s since midnight.
    """
    if not city.demand.get("routes"):
        return counts
    offset = start - _begin(city)
    inside = start <= counts.begin.min() + offset < stop
    if offset <= 0.0 or counts.end.max() > start or not inside:
        return counts
    clock = f"{int(offset) // 3600:02d}:{int(offset) // 60 % 60:02d}"
    note = f"the clock of the counts is SUMO's: 0 is {clock} (--offset 0 if it is the time of day)"
    return replace(
        counts,
        begin=counts.begin + offset,
        end=counts.end + offset,
        notes=(*counts.notes, note),
    )


def _begin(city: City) -> float:
    """What SUMO's clock shows at the begin of the city's own scenario, s."""
    from lxml import etree

    option = etree.parse(str(city.demand["config"][0])).getroot().find(".//begin")
    found = moment(option.get("value", "0"), "UTC") if option is not None else None
    return found[1] if found is not None else 0.0
