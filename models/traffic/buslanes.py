"""A lane for buses: where one can be reserved, and the policy that does it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic.streets import by_class, chosen
from models.traffic.sumo.inputs import read_text
from twin.city.city import City
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View

_CONNECTION = re.compile(
    r"<connection from=\"([^\":]+)\" to=\"([^\":]+)\" fromLane=\"(\d+)\" toLane=\"(\d+)\""
)
_LANE = re.compile(r"<lane id=\"([^\":]+)_(\d+)\" index=\"\d+\"([^>]*)>")


class BusLaneParameters(Parameters):
    """Of bus lanes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    street: str | None = Field(default=None, description="name of the street")
    edges: tuple[str, ...] = Field(default=(), description="edge ids")
    roads: tuple[str, ...] = Field(
        default=(), description="OSM classes, in place of a street or edges"
    )
    everywhere: bool = Field(default=False, description="every street where a lane can be reserved")
    from_: ClockTime = Field(default="00:00", alias="from", description="local time")
    until: ClockEnd = Field(default="00:00", description="local time; from = until is all day")


class BusLane(Policy):
    """The lane at the kerb is for buses and taxis, where cars have another for each of their turns.

    Where cars can turn from the lane at the kerb only, it stays open to them: a bus lane ends
    before such a junction.
    """

    name = "traffic.bus_lane"
    Parameters: ClassVar[type[Parameters]] = BusLaneParameters
    parameters: BusLaneParameters
    acts = ("traffic.bus_lane",)
    period = minutes(1)

    def setup(self) -> None:
        """Find the edges.

        Raises
        ------
        ConfigError
            An unknown street, edge or class, or no edge with a lane to spare.
        """
        p, where = self.parameters, f"policy {self.name}"
        if p.everywhere:
            rows = np.flatnonzero(self.city["edge"]["car"])
        elif p.roads:
            rows = by_class(self.city, p.roads, f"{where}, roads")
        else:
            rows = chosen(self.city, p.street, p.edges, where)
        can = reservable(self.city)
        self._rows = rows[can[rows]]
        if not len(self._rows):
            raise ConfigError(
                f"none of {len(rows)} edges has a lane to spare",
                where=where,
                allowed=f"{int(can.sum())} edges of the city, such as "
                + ", ".join(map(str, self.city["edge"].ids[can][:8])),
            )
        if len(self._rows) < len(rows):
            left = len(rows) - len(self._rows)
            self.world.warnings.append(
                f"{where}: {left} of {len(rows)} edges have no lane to spare and stay as they are"
            )
        self._hours = DailyWindow.between(p.from_, p.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Reserve and give back at the two times."""
        inside = self._hours.turns(self.world.calendar, now, self.period)
        if inside is not None:
            yield Action("traffic.bus_lane", float(inside), self._rows)


def reservable(city: City) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Edges whose kerb lane is open to cars, and whose every turn can be made from another lane.

    Returns
    -------
    (n_edges,) bool
    """
    table = city["edge"]
    text = read_text(city.network)
    drive: dict[str, list[int]] = {}
    for edge, number, rest in _LANE.findall(text):
        if _for_cars(rest):
            drive.setdefault(edge, []).append(int(number))
    turns: dict[tuple[str, str], set[int]] = {}
    for start, end, lane, _ in _CONNECTION.findall(text):
        if int(lane) in drive.get(start, []) and end in drive:
            turns.setdefault((start, end), set()).add(int(lane))
    bound = {start for (start, _), lanes in turns.items() if lanes == {min(drive[start])}}
    # Lanes of an edge are counted from the kerb; with a pavement there the first is not for cars.
    found = [
        len(drive.get(edge, [])) > 1 and edge not in bound and min(drive[edge]) == 0
        for edge in map(str, table.ids)
    ]
    return np.array(found, dtype=np.bool_) & table["car"]


def _for_cars(attributes: str) -> bool:
    allow = re.search(r"\ballow=\"([^\"]*)\"", attributes)
    if allow is not None:
        return "passenger" in allow[1].split()
    disallow = re.search(r"\bdisallow=\"([^\"]*)\"", attributes)
    return disallow is None or not {"passenger", "all"} & set(disallow[1].split())
