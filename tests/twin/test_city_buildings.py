"""Use, levels, people and jobs of buildings; and buildings where the map has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.city import uses
from twin.city.buildings import columns_of, mapped_buildings
from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.inferred import CLEAR, complete
from twin.city.spots import pois, stops
from twin.city.table import Table

Tagged = list[tuple[dict[str, str], shapely.Geometry]]


def features(objects: Tagged) -> Features:
    shapes = np.empty(len(objects), dtype=object)
    shapes[:] = [shape for _, shape in objects]
    return Features([f"w{i}" for i in range(len(objects))], [tags for tags, _ in objects], shapes)


def box(east: float, north: float, side: float = 20.0) -> shapely.Geometry:
    return shapely.box(east, north, east + side, north + side)


def house(**tags: str) -> tuple[dict[str, str], shapely.Geometry]:
    return {"building": "yes"} | {key.replace("__", ":"): v for key, v in tags.items()}, box(0, 0)


def one(*objects: tuple[dict[str, str], shapely.Geometry]) -> Table:
    return mapped_buildings(features(list(objects)))


@pytest.mark.parametrize(
    ("tags", "use", "origin"),
    [
        ({"building": "apartments"}, "residential", "mapped"),
        ({"building": "school"}, "education", "mapped"),
        ({"building": "commercial"}, "office", "inferred"),
        ({"shop": "supermarket"}, "retail", "mapped"),
        ({"amenity": "hospital"}, "health", "mapped"),
        ({"tourism": "hotel"}, "hotel", "mapped"),
        ({"building": "unheard_of"}, "residential", "inferred"),
        ({"building": "yes;garage", "shop": "no"}, "residential", "inferred"),
    ],
)
def test_use_by_tags(tags: dict[str, str], use: str, origin: str) -> None:
    table = one(house(**tags))
    assert table["use"].tolist() == [use]
    assert table["use_origin"].tolist() == [origin]


def test_use_by_what_is_inside_and_the_ground_below() -> None:
    restaurant = {"amenity": "restaurant"}, shapely.Point(5, 5)
    school = {"amenity": "school"}, shapely.Point(5, 5)
    industry = {"landuse": "industrial"}, shapely.box(-50, -50, 50, 50)
    town = {"landuse": "residential"}, shapely.box(-500, -500, 500, 500)
    assert one(house(), school)["use"][0] == "education"
    assert one(house(), town, industry)["use"][0] == "industrial"
    assert one(house(building__levels="1"), restaurant)["use"][0] == "retail"
    shop_below = one(house(building__levels="4"), restaurant)
    assert shop_below["use"][0] == "residential"
    assert shop_below["jobs"][0] == round(400 / uses.JOB_AREA["retail"])
    assert shop_below["people"][0] == round(1200 / uses.RESIDENTIAL_AREA)


def test_sheds_are_nobodys_home() -> None:
    sheds: Tagged = [({"building": "yes"}, box(100.0 * i, 0, 5)) for i in range(3)]
    houses: Tagged = [({"building": "yes"}, box(100.0 * i, 50, 12)) for i in range(5)]
    table = mapped_buildings(features(sheds + houses))
    assert table["use"].tolist() == ["other"] * 3 + ["residential"] * 5
    small_houses = mapped_buildings(features(sheds))
    assert set(small_houses["use"].tolist()) == {"residential"}


def test_levels_are_mapped_or_the_median_or_usual() -> None:
    known: Tagged = [
        ({"building": "house", "building:levels": "5"}, box(100.0 * i, 0)) for i in range(20)
    ]
    table = mapped_buildings(features([*known, ({"building": "house"}, box(0, 100))]))
    assert table["levels"][-1] == 5.0
    assert table["levels_origin"].tolist() == ["mapped"] * 20 + ["inferred"]
    assert one(house(building="house"))["levels"][0] == uses.LEVELS["residential"]
    assert one(house(building="apartments"))["levels"][0] == uses.APARTMENT_LEVELS


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"building:levels": "3"}, 3.0),
        ({"building:levels": "2,5"}, 2.5),
        ({"building:levels": "2;3"}, 2.0),
        ({"building:levels": "0"}, np.nan),
        ({"building:levels": "many"}, np.nan),
        ({"building:levels": "99999"}, np.nan),
        ({"height": "12 m"}, 4.0),
        ({"height": "12m"}, 4.0),
        ({"height": "40'"}, 4.0),
        ({"height": "-3"}, np.nan),
        ({}, np.nan),
    ],
)
def test_levels_of_tags(tags: dict[str, str], expected: float) -> None:
    assert uses.levels(tags) == pytest.approx(expected, nan_ok=True)


@given(st.dictionaries(st.sampled_from(["building:levels", "height", "levels"]), st.text()))
def test_no_text_breaks_the_levels(tags: dict[str, str]) -> None:
    found = uses.levels(tags)
    assert np.isnan(found) or 1.0 <= found <= 200.0


def test_floor_area_people_and_jobs() -> None:
    use = np.array(["residential", "office", "other"])
    footprint, levels = np.array([300.0, 500.0, 40.0]), np.array([2.0, 4.0, 1.0])
    found = columns_of(use, footprint, levels, np.zeros(3, dtype=np.bool_))
    assert found["floor_area"].tolist() == [600.0, 2000.0, 40.0]
    assert found["people"].tolist() == [10, 0, 0]
    assert found["jobs"].tolist() == [0, 80, 0]


def test_parts_demolished_and_open_outlines_are_no_buildings() -> None:
    line = {"building": "yes"}, shapely.LineString([(0, 0), (5, 5)])
    gone = {"building": "demolished"}, box(0, 0)
    part = {"building:part": "yes"}, box(0, 0)
    assert len(one(line, gone, part)) == 0


def city(road: str = "residential", length: float = 200.0, signals: int = 0) -> City:
    """One street to and fro."""
    made = City("t", Place("EPSG:32631", 3, 45, "UTC"), Path("none"))
    lines = [[(0, -2), (length, -2)], [(length, 2), (0, 2)]]
    columns = {
        "from_junction": [0, 1], "to_junction": [1, 0], "length": [length] * 2, "lanes": [1, 1],
        "speed": [13.89] * 2, "road": [road] * 2, "car": [True, True],
    }  # fmt: skip
    made.add(Table("edge", ["e", "-e"], columns, shapely.linestrings(lines)))
    ends = shapely.points([[0, 0], [length, 0]])
    made.add(Table("junction", ["a", "b"], {"signal": [False] * 2}, ends))
    at = shapely.points(np.zeros((signals, 2)))
    made.add(Table("signal", [f"s{i}" for i in range(signals)], {}, np.atleast_1d(at)))
    return made


def test_bare_street_gets_a_row_on_both_sides() -> None:
    made = city()
    made.add(mapped_buildings(Features()))
    complete(made, Features())
    found = made["building"]
    assert len(found) == 18
    assert set(found["origin"].tolist()) == {"inferred"}
    assert (found.points[:, 1] > 0).sum() == 9
    assert shapely.distance(found.geometry, made["edge"].geometry[0]).min() > CLEAR
    near = shapely.STRtree(found.geometry).query(found.geometry, "intersects")
    assert (near[0] == near[1]).all()


def test_complete_map_is_left_as_it_is() -> None:
    made = city()
    drawn = features([({"building": "house"}, box(100, 10))])
    made.add(mapped_buildings(drawn))
    complete(made, drawn)
    assert made["building"]["origin"].tolist() == ["mapped"]


def test_no_house_in_water_or_on_the_long_road_between_towns() -> None:
    lake = features([({"natural": "water"}, shapely.box(-50, 0, 500, 80))])
    made = city()
    made.add(mapped_buildings(lake))
    complete(made, lake)
    assert (made["building"].points[:, 1] < 0).all()
    road = city("unclassified", 3000.0)
    road.add(mapped_buildings(Features()))
    complete(road, Features())
    assert len(road["building"]) == 0


def test_dense_city_is_built_higher() -> None:
    low, high = city(), city(signals=3)
    for made in (low, high):
        made.add(mapped_buildings(Features()))
        complete(made, Features())
    assert set(low["building"]["levels"].tolist()) == {2.0}
    assert set(high["building"]["levels"].tolist()) == {4.0}


def test_stops_and_their_modes() -> None:
    point = shapely.Point
    found = stops(
        features(
            [
                ({"highway": "bus_stop", "name": "A"}, point(0, 0)),
                ({"public_transport": "platform", "bus": "yes"}, point(5, 0)),
                ({"public_transport": "platform", "tram": "yes"}, point(500, 0)),
                ({"public_transport": "platform", "tram": "yes"}, point(505, 0)),
                ({"railway": "tram_stop"}, point(900, 0)),
                ({"railway": "station"}, point(1500, 0)),
                ({"amenity": "ferry_terminal"}, point(1900, 0)),
                ({"public_transport": "stop_position"}, point(2500, 0)),
            ]
        )
    )
    assert found["mode"].tolist() == ["bus", "tram", "rail", "ferry", "tram"]


def test_points_of_interest_are_places_to_go() -> None:
    point = shapely.Point(0, 0)
    found = pois(
        features(
            [
                ({"amenity": "restaurant", "name": "Chez nous"}, point),
                ({"amenity": "bench"}, point),
                ({"shop": "bakery"}, point),
                ({"shop": "no"}, point),
                ({"tourism": "museum"}, point),
                ({"tourism": "information"}, point),
            ]
        )
    )
    assert found["kind"].tolist() == ["restaurant", "bakery", "museum"]
    assert found["name"].tolist() == ["Chez nous", "", ""]
