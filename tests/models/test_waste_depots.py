"""Several depots and disposals: trucks have a home, and unload where the way is shortest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from models.waste.build import WasteBuilder
from models.waste.model import Waste
from models.waste.plan import plan
from models.waste.task import LEAVE_OUT, Task, Vehicle, open_all_day
from tests.models.waste_city import features, network, with_buildings
from tests.models.waste_life import live
from twin.city.city import City
from twin.core.model import Process
from twin.errors import ConfigError

N = 12
Point = tuple[float, float]
WEST, EAST = (0.0, 550.0), (1100.0, 550.0)
SHORT: dict[str, Any] = {"iterations": 60, "shift": 4.0}


def town(depots: list[Point], disposals: list[Point], people: float = 250.0) -> City:
    city = with_buildings(network(N), people, N)
    places = [({"landuse": "depot"}, at) for at in depots]
    places += [({"amenity": "waste_transfer_station"}, at) for at in disposals]
    WasteBuilder().build(city, features(places))
    return city


def logged(model: Waste, kind: str) -> list[tuple[str, dict[str, Any]]]:
    rows = model.world.log.rows
    return [(subject, json.loads(detail)) for _, k, subject, detail in rows if k == kind]


@pytest.fixture(scope="module")
def both() -> Waste:
    return live(town([WEST, EAST], [WEST, EAST]), **SHORT)


def test_trucks_leave_from_their_depots_and_come_back(both: Waste) -> None:
    network = both.fleet.network
    homes = {truck.depot for truck in both.fleet.trucks}
    assert len(homes) == 2, "trucks of both depots are sent"
    for truck in both.fleet.trucks:
        assert truck.finished is not None
        home = int(network.end[truck.depot.edge])
        first = truck.driven[0]
        assert int(network.start[first]) == home
        assert int(network.end[truck.driven[-1]]) == home


def test_everything_due_is_emptied_and_unloaded(both: Waste) -> None:
    assert both.measure()["waste.unfinished"] == 0
    unloaded = sum(detail["kg"] for _, detail in logged(both, "waste.unloaded"))
    assert unloaded == pytest.approx(both.fleet.books.collected, abs=0.1)


def test_both_disposals_are_used_and_it_is_shorter_than_with_one(both: Waste) -> None:
    assert len({detail["place"] for _, detail in logged(both, "waste.unloaded")}) == 2
    one = live(town([WEST, EAST], [WEST]), **SHORT)
    assert one.measure()["waste.unfinished"] == 0
    assert both.measure()["waste.distance"] < one.measure()["waste.distance"]


def test_the_disposal_is_the_one_on_the_way(both: Waste) -> None:
    fleet = both.fleet
    west, east = fleet.disposals
    network = fleet.network
    ends = [int(network.end[place.edge]) for place in (west, east)]
    assert fleet.disposal_between(ends[0], ends[0]) == west
    assert fleet.disposal_between(ends[1], ends[1]) == east


def test_electric_trucks_are_charged_at_their_own_depot() -> None:
    city = town([WEST, EAST], [WEST])
    seen = np.zeros(len(city["depot"]))

    def prepare(model: Waste) -> None:
        def look() -> Process:
            while True:
                yield model.world.env.timeout(60_000)
                seen[:] = np.maximum(seen, model["waste.depot_power"])

        model.world.env.process(look())

    live(city, **SHORT, electric=True, length=14.0, prepare=prepare)
    assert np.array_equal(seen > 0.0, city["depot"]["kind"] == "depot")


def test_the_planner_unloads_at_the_nearer_place() -> None:
    # Depot and last disposal at 0, six stops about 1,000 s away, another disposal among them.
    at = np.array([0.0, 0.0, *range(1000, 1012, 2), 1005.0])
    k = 6

    def stops(reload: int) -> int:
        task = Task(
            seconds=np.abs(at[:, None] - at[None, :]), mass=np.full(k, 30.0), volume=np.zeros(k),
            service=np.zeros(k), prize=np.full(k, LEAVE_OUT), window=open_all_day(k),
            vehicles=[Vehicle(2100.0, cost=0)], truck_mass=100.0, truck_volume=10.0,
            reloads=(reload,),
        )  # fmt: skip
        return sum(len(tour) for _, tour in plan(task, 50))

    assert stops(8) == k, "unloading among the stops fits into the shift"
    assert stops(1) == 3, "going back to the depot to unload does not"


def test_a_battery_that_holds_little_is_charged_before_the_next_round() -> None:
    """Electric trucks never use more than they hold, and do not leave for nothing."""
    city = town([WEST], [EAST])
    model = live(city, electric=True, battery=25.0, charger=22.0, iterations=60, trucks=2)
    trucks = model.fleet.trucks
    assert len(trucks) > len({truck.number for truck in trucks}), "some are charged and go again"
    assert all(model.fleet.energy(truck) <= 0.9 * 25.0 for truck in trucks)
    assert all(truck.heaviest > 0.0 for truck in trucks), "none drives for nothing"


def test_a_battery_that_does_not_last_for_the_way_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not last"):
        live(town([WEST], [EAST]), electric=True, battery=4.0, length=0.1)
