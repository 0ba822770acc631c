"""Charging stations from the map and by rule."""

from __future__ import annotations

import pytest
import shapely

from models.charging.build import ChargingBuilder, rated, required, watts
from models.parking.build import ParkingBuilder
from tests.models.street_city import features, grid
from twin.city.city import City
from twin.city.features import Features

HERE = shapely.Point(60, 5)


def built(people: float, what: Features | None = None) -> City:
    city = grid(3)
    city["building"]["people"][:] = people / len(city["building"])
    for builder in (ParkingBuilder(), ChargingBuilder()):
        builder.build(city, what or Features())
    return city


@pytest.mark.parametrize(
    ("text", "power"),
    [
        ("22 kW", 22e3),
        ("22", 22e3),
        ("22000 W", 22e3),
        ("11 kW;22 kW", 22e3),
        ("7,4kW", 7.4e3),
        ("150000", 150e3),
        ("", 0.0),
        (None, 0.0),
        ("fast", 0.0),
    ],
)
def test_watts(text: str | None, power: float) -> None:
    assert watts(text) == pytest.approx(power)


def test_rated_power_and_points() -> None:
    power, points = rated(
        [
            {},
            {"capacity": "6"},
            {"socket:type2": "2", "socket:type2:output": "11 kW"},
            {"socket:type2": "3", "socket:type2:output": "22", "socket:chademo": "1"}
            | {"socket:chademo:output": "50 kW", "capacity": "4"},
            {"socket:type2": "yes", "socket:schuko": "2"},
        ]
    )
    assert power.tolist() == [22e3, 22e3, 11e3, 29e3, 22e3]
    assert points.tolist() == [2, 6, 2, 4, 1]


def test_stations_for_bicycles_alone_are_left_out() -> None:
    tags = {"amenity": "charging_station", "bicycle": "yes"}
    city = built(0, features((tags, HERE), (tags | {"motorcar": "yes"}, HERE)))
    mapped = city["charger"]["origin"] == "mapped"
    assert city["charger"].ids[mapped].tolist() == ["n1"]


def test_the_residents_cars_are_served_as_the_law_asks() -> None:
    city = built(3000)
    charger = city["charger"]
    power = (charger["power"] * charger["points"]).sum()
    assert required(city) == pytest.approx(3000 * 0.5 * 0.05 * 1300)
    assert required(city) <= power < required(city) + 44e3
    assert set(charger["origin"]) == {"inferred"}
    assert (city.link("charger", "edge").indices >= 0).all()


def test_mapped_stations_count_first() -> None:
    tags = {"amenity": "charging_station", "capacity": "4", "charging_station:output": "22 kW"}
    city = built(1000, features((tags, HERE)))
    assert set(city["charger"]["origin"]) == {"mapped"}


def test_inferred_stations_are_at_public_car_parks_with_the_most_spaces() -> None:
    parks = [
        ({"amenity": "parking", "capacity": "10"}, shapely.Point(10, 5)),
        ({"amenity": "parking", "capacity": "90"}, shapely.Point(200, 5)),
        ({"amenity": "parking", "capacity": "500", "access": "private"}, shapely.Point(10, 115)),
    ]
    charger = built(1000, features(*parks))["charger"]
    assert charger.points.tolist() == [[200, 5]]
