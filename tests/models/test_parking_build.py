"""Car parks and their capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from models.parking import capacity
from models.parking.build import ParkingBuilder
from tests.models.street_city import features, grid
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import Table

PARK = {"amenity": "parking"}
BOX = shapely.box(130, 5, 170, 30)  # 1,000 m²


def built(*objects: tuple[dict[str, str], Any]) -> City:
    city = grid()
    ParkingBuilder().build(city, features(*objects) if objects else Features())
    return city


@pytest.mark.parametrize(
    ("tags", "area", "spaces"),
    [
        ({"capacity": "36"}, 1000.0, 36),
        ({}, 1000.0, 40),
        ({"parking": "multi-storey"}, 900.0, 120),
        ({"parking": "multi-storey", "building:levels": "5"}, 900.0, 150),
        ({"parking": "underground"}, 900.0, 60),
        ({"layer": "-1"}, 0.0, 200),
        ({"parking": "street_side"}, 100.0, 8),
        ({}, 0.0, 20),
        ({"capacity": "yes"}, 500.0, 20),
    ],
)
def test_capacity_of_an_area(tags: dict[str, str], area: float, spaces: float) -> None:
    assert capacity.of_area(tags, area) == spaces


@pytest.mark.parametrize(
    ("tags", "spaces"),
    [
        ({"parking:both": "lane"}, 36),
        ({"parking:right": "lane", "parking:left": "no"}, 18),
        ({"parking:right": "street_side", "parking:right:orientation": "perpendicular"}, 44),
        ({"parking:lane:both": "parallel"}, 36),
        ({"parking:lane:left": "diagonal", "parking:lane:right": "no_stopping"}, 35),
        ({"parking:both": "lane", "parking:left:capacity": "3"}, 21),
        ({"parking:both": "no"}, 0),
        ({"parking:condition:both": "ticket"}, 0),
    ],
)
def test_capacity_of_a_kerb_of_120_metres(tags: dict[str, str], spaces: float) -> None:
    assert capacity.of_kerb(tags, 120.0) == spaces


def test_areas_points_and_kerbs_become_rows_linked_to_the_street() -> None:
    kerb = {"highway": "residential", "parking:right": "lane"}
    city = built((PARK, BOX), (kerb, shapely.LineString([(0, 0), (120, 0)])))
    parking = city["parking"]
    assert parking["capacity"].tolist() == [40, 18]
    assert parking["kind"].tolist() == ["surface", "street"]
    assert set(parking["origin"]) == {"mapped"}
    assert (city.link("parking", "edge").indices >= 0).all()


def test_spaces_drawn_within_a_car_park_do_not_count_twice() -> None:
    space = {"amenity": "parking_space"}
    inside, outside = shapely.Point(140, 10), shapely.Point(300, 5)
    parking = built((PARK, BOX), (space, inside), (space, outside))["parking"]
    assert parking["capacity"].tolist() == [40, 1]


def test_a_map_without_parking_has_kerbs_once_a_street() -> None:
    city = built()
    assert len(city["parking"]) == len(city["edge"]) // 2
    assert set(city["parking"]["origin"]) == {"inferred"}


def test_the_citys_own_car_parks_stay() -> None:
    city = grid()
    own = city.add(
        Table("parking", ["p"], {"capacity": np.array([7.0])}, shapely.points([[60, 4]]))
    )
    ParkingBuilder().build(city, features((PARK, BOX)))
    assert city["parking"] is own
    assert city.link("parking", "edge").indices[0] >= 0
