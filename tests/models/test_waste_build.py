import numpy as np
import shapely

from models.waste.build import WasteBuilder
from models.waste.containers import streams_of
from models.waste.streams import PER_LITTER_BIN, STREAMS
from tests.models.waste_city import features, network, town, with_buildings
from twin.city.features import Features
from twin.city.table import Table


def test_every_building_with_people_has_a_residual_container_nearby():
    city = with_buildings(network())
    city["building"]["people"][3] = 0.0
    WasteBuilder().build(city, Features())
    link, container = city.link("building", "container").indices, city["container"]
    served = link >= 0
    assert served.all()
    assert "yard:b3" not in container.ids
    assert set(container["stream"][link[served]]) == {"residual"}
    far = np.hypot(*(city["building"].points[served] - container.points[link[served]]).T)
    assert far.max() <= 250.0


def test_volumes_hold_the_longest_gap():
    city = town()
    container = city["container"]
    residual = container["stream"] == "residual"
    gap = STREAMS["residual"].longest_gap
    assert np.all(container["capacity"][residual] >= container["daily"][residual] * gap)
    assert np.isclose(container["daily"][container["stream"] != "litter"].sum(), 25 * 40.0)


def test_mapped_containers_are_taken_and_bins_are_litter():
    container = town()["container"]
    mapped = container["origin"] == "mapped"
    assert mapped.sum() == 12
    assert set(container["stream"][mapped]) == {"litter", "glass", "recycling"}
    assert np.all(container["daily"][container["stream"] == "litter"] == PER_LITTER_BIN)


def test_a_mapped_container_replaces_an_inferred_one():
    city = with_buildings(network())
    WasteBuilder().build(city, features([({"amenity": "waste_disposal"}, (50.0, 40.0))]))
    row = city.link("building", "container").indices[0]
    assert city["container"]["origin"][row] == "mapped"


def test_big_buildings_have_their_own_yard():
    city = with_buildings(network(), people=300.0)
    WasteBuilder().build(city, Features())
    assert len(np.unique(city.link("building", "container").indices)) == 25


def test_small_buildings_share():
    city = with_buildings(network(), people=4.0)
    city.add(
        Table(
            "building",
            ["a", "b"],
            {"use": ["residential"] * 2, "people": [4.0, 4.0], "jobs": [0.0, 0.0]},
            np.array([shapely.box(40, 10, 45, 15), shapely.box(50, 10, 55, 15)]),
        )
    )
    WasteBuilder().build(city, Features())
    assert len(city["container"]) == 1


def test_rounds_share_the_week_fairly():
    container = town(n=12)["container"]
    residual = container["stream"] == "residual"
    bits, counts = np.unique(container["weekdays"][residual], return_counts=True)
    assert bits.tolist() == [0b001001, 0b010010, 0b100100]
    assert counts.min() > 0.7 * counts.max()
    assert set(container["weekdays"][container["stream"] == "litter"]) == {0b1111111}


def test_containers_link_to_car_streets_of_the_connected_network():
    city = with_buildings(network())
    city["edge"]["car"][:10] = False
    WasteBuilder().build(city, Features())
    edges = city.link("container", "edge").indices
    assert np.all(edges >= 10)


def test_depots_are_inferred_or_mapped():
    city = network()
    WasteBuilder().build(city, Features())
    assert sorted(city["depot"]["kind"]) == ["depot", "disposal"]
    assert np.hypot(*np.diff(city["depot"].points, axis=0).T)[0] > 200.0
    assert np.all(city.link("depot", "edge").indices >= 0)
    WasteBuilder().build(city, features([({"landuse": "landfill"}, (500.0, 520.0))]))
    depot = city["depot"]
    assert dict(zip(depot["kind"], depot["origin"], strict=True)) == {
        "disposal": "mapped",
        "depot": "inferred",
    }


def test_no_buildings_no_features():
    city = network()
    stops = shapely.points([(50.0, 2.0), (250.0, 2.0)])
    city.add(Table("stop", ["s1", "s2"], {"name": ["", ""]}, stops))
    WasteBuilder().build(city, Features())
    assert city["container"]["stream"].tolist() == ["litter", "litter"]
    del city.tables["stop"]
    WasteBuilder().build(city, Features())
    assert len(city["container"]) == 0


def test_building_twice_gives_the_same():
    one, two = town(), town()
    for table in ("container", "depot"):
        assert one[table].ids.tolist() == two[table].ids.tolist()
        for column in one[table].columns:
            assert one[table][column].tobytes() == two[table][column].tobytes()


def test_streams_of_mapped_objects():
    assert streams_of({"amenity": "recycling", "recycling_type": "centre"}) == ()
    assert streams_of({"amenity": "recycling"}) == ("recycling",)
    assert streams_of(
        {"amenity": "recycling", "recycling:glass_bottles": "yes", "recycling:cans": "yes"}
    ) == ("glass", "recycling")
