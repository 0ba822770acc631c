"""Cameras and what they see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from models.safety.build import CameraBuilder, detection_range, direction
from tests.models.street_city import features, grid
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import Table

CAMERA = {"man_made": "surveillance"}


def built(*objects: tuple[dict[str, str], Any], houses: bool = True) -> City:
    city = grid(houses=houses)
    CameraBuilder().build(city, features(*objects) if objects else Features())
    return city


def seen(city: City, camera: int = 0) -> set[str]:
    link = city.link("camera", "edge")
    assert link.indptr is not None
    rows = link.indices[link.indptr[camera] : link.indptr[camera + 1]]
    return {str(key) for key in city["edge"].ids[rows]}


def test_the_range_is_where_the_image_has_25_pixels_a_metre() -> None:
    width = 2 * detection_range(60.0) * np.tan(np.radians(30))
    assert 1920 / width == pytest.approx(25)


@pytest.mark.parametrize(
    ("tags", "degrees"),
    [
        ({"camera:direction": "90"}, 90),
        ({"direction": "NW"}, 315),
        ({"direction": "350-30"}, 10),
        ({"camera:direction": "-90"}, 270),
        ({"direction": "forward"}, -1),
        ({"camera:type": "dome", "direction": "90"}, -1),
        ({"revolving": "yes", "direction": "90"}, -1),
        ({}, -1),
    ],
)
def test_direction(tags: dict[str, str], degrees: float) -> None:
    assert direction(tags) == degrees


def test_a_dome_at_a_crossing_sees_the_streets_that_meet_there() -> None:
    city = built((CAMERA, shapely.Point(120, 120)))
    assert seen(city) == {"1-5", "5-1", "5-9", "9-5", "4-5", "5-4", "5-6", "6-5"}


def test_a_fixed_camera_sees_only_where_it_looks() -> None:
    city = built((CAMERA | {"camera:direction": "90"}, shapely.Point(120, 120)))
    assert seen(city) == {"5-9", "9-5"}


def test_buildings_hide_streets() -> None:
    city = grid(2, houses=False)
    wall = np.array([shapely.box(40, -100, 41, 300)], dtype=object)
    for walls in (wall[:0], wall):
        city.add(Table("building", [f"b{i}" for i in range(len(walls))], geometry=walls))
        CameraBuilder().build(city, features((CAMERA, shapely.Point(60, 60))))
        assert {"2-3", "3-2"} <= seen(city)
        assert ("0-1" in seen(city)) == (len(walls) == 0)


def test_a_camera_inside_a_building_looks_out_of_its_nearest_wall() -> None:
    assert seen(built((CAMERA, shapely.Point(22, 60)))) >= {"0-1", "1-0"}


def test_indoor_cameras_and_guards_are_left_out() -> None:
    here = shapely.Point(120, 120)
    indoor, guard = CAMERA | {"surveillance": "indoor"}, CAMERA | {"surveillance:type": "guard"}
    city = built((indoor, here), (guard, here), (CAMERA, here))
    assert city["camera"].ids.tolist() == ["n2"]


def test_a_town_without_cameras_has_an_empty_table_and_link() -> None:
    city = built()
    assert len(city["camera"]) == 0
    assert len(city.link("camera", "edge").indices) == 0
