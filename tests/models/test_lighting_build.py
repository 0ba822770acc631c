"""Lamps from the map and by rule."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from models.lighting.build import LightingBuilder
from models.lighting.luminaires import rated_power, usual
from models.lighting.streets import opposite
from models.lighting.technology import LED_OVER_HPS
from tests.models.street_city import SIDE, features, grid
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import Table

LAMP = {"highway": "street_lamp"}


def built(city: City, what: Features | None = None) -> City:
    LightingBuilder().build(city, what or Features())
    return city


def test_a_street_of_two_directions_is_lit_once_at_the_usual_spacing() -> None:
    lamps = built(grid())["lamp"]
    streets = len(grid()["edge"]) // 2
    assert len(lamps) == streets * SIDE / usual("residential").spacing
    assert set(lamps["origin"]) == {"inferred"}
    assert set(lamps["basis"]) == {"lit street"}


def test_lamps_stand_beside_their_street_on_alternate_sides() -> None:
    city = built(grid(2))
    first = city.link("lamp", "edge").indices == city.link("lamp", "edge").indices[0]
    line = city["edge"].geometry[city.link("lamp", "edge").indices[0]]  # type: ignore[index]
    points = shapely.points(city["lamp"].points[first])
    assert np.allclose(shapely.distance(points, line), 4.2)
    sides = np.sign(city["lamp"].points[first] @ np.array([0.0, 1.0]))
    assert abs(sides.sum()) <= 1


def test_mapped_lamps_stay_and_keep_inferred_ones_away() -> None:
    here = shapely.Point(60.0, 5.0)
    city = built(grid(), features((LAMP, here)))
    mapped = city["lamp"]["origin"] == "mapped"
    assert list(city["lamp"].ids[mapped]) == ["n0"]
    others = shapely.points(city["lamp"].points[~mapped])
    assert shapely.distance(others, here).min() > usual("residential").spacing


def test_a_mapped_lamp_lights_its_street_and_one_far_away_none() -> None:
    city = built(grid(), features((LAMP, shapely.Point(60, 5)), (LAMP, shapely.Point(9e3, 0))))
    link = city.link("lamp", "edge").indices
    assert city["edge"].ids[link[0]] in ("0-4", "4-0")
    assert link[1] == -1


def test_streets_tagged_unlit_have_no_lamps() -> None:
    assert len(built(grid(lit="no"))["lamp"]) == 0


def test_in_an_untagged_town_built_up_streets_are_lit() -> None:
    lamps = built(grid(lit=""))["lamp"]
    assert len(lamps) == len(built(grid())["lamp"])
    assert set(lamps["basis"]) == {"urban street"}


def test_in_an_untagged_map_roads_in_the_open_are_dark_unless_nothing_is_known() -> None:
    city = grid(lit="")
    far = np.array([shapely.box(9000, 9000, 9010, 9010)], dtype=object)
    city.add(Table("building", ["far"], geometry=far))
    assert len(built(city)["lamp"]) == 0
    assert len(built(grid(lit="", houses=False))["lamp"]) > 0


def test_where_most_streets_are_tagged_an_untagged_one_stays_dark() -> None:
    city = grid()
    city["edge"]["lit"][:2] = ""
    link = built(city).link("lamp", "edge").indices
    assert not np.isin([0, 1], link).any()


def test_tags_say_power_technology_and_height() -> None:
    tags = LAMP | {"light:method": "high_pressure_sodium", "height": "8 m", "light:count": "2"}
    city = built(grid(), features((tags, shapely.Point(60, 5))))
    lamp = {key: values[0] for key, values in city["lamp"].columns.items()}
    assert (lamp["technology"], lamp["height"]) == ("hps", 8.0)
    assert lamp["power"] == 2 * usual("residential").hps


@pytest.mark.parametrize(
    ("tags", "power"),
    [
        ({"lamp_power": "45 W"}, 45.0),
        ({}, round(usual("primary").hps * LED_OVER_HPS, 1)),
        ({"light:method": "LED"}, round(usual("primary").hps * LED_OVER_HPS, 1)),
        ({"height": "none"}, round(usual("primary").hps * LED_OVER_HPS, 1)),
    ],
)
def test_rated_power(tags: dict[str, str], power: float) -> None:
    assert rated_power(tags, "primary_link") == power


def test_opposite_edges() -> None:
    city = grid(2)
    back = opposite(city)
    assert np.array_equal(back[back], np.arange(len(back)))
    assert all(
        city["edge"].ids[row] == "-".join(reversed(key.split("-")))
        for key, row in zip(city["edge"].ids, back, strict=True)
    )


def test_the_same_map_gives_the_same_lamps() -> None:
    first, second = built(grid())["lamp"], built(grid())["lamp"]
    assert np.array_equal(first.ids, second.ids)
    assert np.array_equal(first.points, second.points)
