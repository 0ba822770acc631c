"""Who has arrived, batteries, drivers in search of a bay as vehicles, emission models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from models.charging.build import ChargingBuilder
from models.parking.build import ParkingBuilder
from models.traffic.build import TrafficBuilder
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.street_city import features
from tests.models.test_traffic_closures import CUT
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import Table
from twin.core.engine import Engine
from twin.scenario import Scenario


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    return with_bays(city)


def with_bays(city: City) -> City:
    """The city with kerbs on all its streets."""
    city.add(Table("city", np.array([city.name])))
    TrafficBuilder().build(city, Features())
    table = city["edge"]
    table["road"] = np.full(len(table), "residential")
    ParkingBuilder().build(city, Features())
    return city


def together(minutes: int, traffic: dict[str, Any], **parking: Any) -> Scenario:
    """Traffic and parking."""
    raw = scenario(minutes, **traffic).raw
    raw["model"] = {**raw["model"], "parking": parking}
    return Scenario.from_dict(raw)


def lived(city: City, what: Scenario) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Indicators, and the arrivals that the traffic told."""
    told: list[dict[str, Any]] = []
    with Engine(what, city, 42) as engine:
        queue = engine.world.state.queues["traffic.arrivals"]
        publish = queue.publish

        def watched(records: Any) -> None:
            told.append({key: np.array(value) for key, value in records.items()})
            publish(records)

        queue.publish = watched  # type: ignore[method-assign]
        outcome = engine.run()
    return indicators(outcome), told


@pytest.mark.parametrize("policies", [[], ["traffic.max_pressure"]])
def test_every_finished_trip_is_told_once_with_its_edge(policies: list[str]) -> None:
    city = with_bays(bologna())
    what = together(5, {"electric": 0.3}, private=1.0)
    for policy in policies:
        what = what.with_policy(policy)
    found, told = lived(city, what)
    assert found["traffic.trips"] > 200
    assert found["traffic.bus_speed"] > 0.0
    numbers = np.concatenate([batch["vehicle"] for batch in told])
    assert len(np.unique(numbers)) == len(numbers)
    # All but the few buses that have finished: these park nowhere.
    assert found["traffic.trips"] - 10 < len(numbers) <= found["traffic.trips"]
    charge = np.concatenate([batch["charge"] for batch in told])
    electric = np.concatenate([batch["electric"] for batch in told]) > 0.5
    assert 0.2 < electric.mean() < 0.4
    assert np.isnan(charge[~electric]).all()
    assert ((charge[electric] > 0.25) & (charge[electric] < 0.95)).all()


@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_a_trip_that_ended_at_a_barrier_has_not_arrived(engine: str) -> None:
    what = together(8, {"engine": engine, "buses": "none"}, private=1.0)
    what = what.with_event("traffic.closure", edges=CUT, from_="07:02", until="07:06")
    found, told = lived(with_bays(bologna()), what)
    assert found["traffic.ended_at_barrier"] > 20
    assert sum(len(batch["vehicle"]) for batch in told) == found["traffic.trips"]


def test_batteries_move_nobody() -> None:
    city = with_bays(bologna())
    with_them, _ = lived(city, together(4, {"electric": 0.3}, private=1.0))
    without = indicators(live(city, scenario(4)))
    assert with_them["traffic.travel_time"] == without["traffic.travel_time"]
    assert with_them["traffic.trips"] == without["traffic.trips"]
    assert with_them["traffic.co2"] < 0.9 * without["traffic.co2"]


def test_searching_drivers_circulate_in_the_traffic() -> None:
    city = with_bays(bologna())
    what = together(8, {"buses": "none"}, private=0.0, occupied=1.0, stay=600.0, reach=150.0)
    found, told = lived(city, what)
    legs = sum(float((batch["cruise"] > 0.5).sum()) for batch in told)
    assert legs > 5
    assert found["parking.search_distance"] > 1.0
    assert found["traffic.trips"] == sum(len(batch["cruise"]) for batch in told)


def test_electric_cars_that_arrive_with_little_charge_plug_in() -> None:
    city = with_bays(bologna())
    middle = city["edge"].points.mean(axis=0)
    near = np.argsort(np.hypot(*(city["edge"].points - middle).T))[:12]
    tags = {"amenity": "charging_station", "capacity": "6", "socket:type2:output": "22 kW"}
    spots = [(tags, shapely.Point(city["edge"].points[row])) for row in near]
    ChargingBuilder().build(city, features(*spots))
    raw = scenario(6, electric=0.5).raw
    charging = {"arrivals": "traffic", "warm_up": 0, "reach": 3000.0}
    what = Scenario.from_dict({**raw, "model": {**raw["model"], "charging": charging}})
    found, told = lived(city, what)
    assert found["charging.sessions"] > 3
    assert found["charging.energy"] > 0.0
    electric = sum(float(batch["electric"].sum()) for batch in told)
    assert found["charging.sessions"] + found["charging.turned_away"] < electric


def test_emission_models_agree_in_order_and_move_nobody(streets: City) -> None:
    ours = indicators(live(streets, scenario(5, emissions="hbefa4")))
    theirs = indicators(live(streets, scenario(5, emissions="phemlight")))
    assert ours["traffic.travel_time"] == theirs["traffic.travel_time"]
    assert theirs["traffic.co2"] == pytest.approx(ours["traffic.co2"], rel=0.4)
    assert theirs["traffic.co2"] != ours["traffic.co2"]
