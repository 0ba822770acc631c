"""From an extract or a SUMO scenario to a city."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tests.data import shared
from tests.twin.town import Town
from twin.city import build, order
from twin.city.builder import Builder
from twin.city.city import City
from twin.city.features import Features
from twin.city.table import Table
from twin.errors import DataError


@pytest.fixture(autouse=True)
def _no_builders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The static city alone; the builders of services have tests of their own."""
    monkeypatch.setattr(order, "installed", dict)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> City:
    made = Town(road={"highway": "residential", "lit": "24/7", "maxspeed": "30"})
    made.way([100, 110], {"highway": "primary", "name": "Allée d’été", "lanes": "4", "lit": "no"})
    made.area(20, 20, 30, building="yes", building__levels="3")
    made.node(40, -8, highway="bus_stop", name="Gare")
    made.node(60, 30, amenity="restaurant", name="Chez nous")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "installed", dict)
        return City.from_osm(made.write(tmp_path_factory.mktemp("town")))


def test_edges_carry_what_the_ways_say(town: City) -> None:
    edge = town["edge"]
    assert set(edge["road"].tolist()) <= {"residential", "primary"}
    home = edge["road"] == "residential"
    assert set(edge["lit"][home].tolist()) == {"yes"}
    assert edge["speed"][home] == pytest.approx(30 / 3.6, abs=0.01)
    assert edge["car"].all()
    assert (edge["capacity"][home] == 600.0 * edge["lanes"][home]).all()


def test_edges_meet_at_their_junctions(town: City) -> None:
    edge, junction = town["edge"], town["junction"]
    starts = shapely.get_coordinates(shapely.get_point(edge.geometry, 0))
    ends = shapely.get_coordinates(shapely.get_point(edge.geometry, -1))
    assert np.allclose(starts, junction.points[edge["from_junction"]])
    assert np.allclose(ends, junction.points[edge["to_junction"]])
    assert np.allclose(shapely.length(edge.geometry), 150.0, atol=15.0)


def test_network_and_shapes_are_in_the_same_metres(town: City) -> None:
    from twin.city.place import transform

    corner = transform(np.array([[2.35, 48.85]]), town.place.crs)[0]
    assert np.hypot(*(town["junction"].points - corner).T).min() < 1.0


def test_stop_is_linked_to_its_own_side_of_the_street(town: City) -> None:
    # Traffic keeps to the right here: south of an east-west street it goes east.
    row = town.link("stop", "edge").indices[0]
    line = town["edge"].geometry[row]
    assert line.coords[-1][0] > line.coords[0][0]


def test_places_come_from_the_map(town: City) -> None:
    assert town["stop"]["name"].tolist() == ["Gare"]
    assert town["poi"]["kind"].tolist() == ["restaurant"]
    assert town["building"]["levels"][0] == 3.0
    assert town.manifest["licence"].startswith("ODbL")


@pytest.mark.parametrize(
    ("longitude", "latitude", "code", "country", "left"),
    [
        (151.2, -33.87, 32756, "AU", True),
        (179.9985, -16.8, 32701, "FJ", True),
        (-78.5, -0.2, 32717, "EC", False),
    ],
)
def test_any_place_on_earth(
    tmp_path: Path, longitude: float, latitude: float, code: int, country: str, left: bool
) -> None:
    city = City.from_osm(Town(longitude, latitude).write(tmp_path), tmp_path / "city")
    assert city.place.crs == f"EPSG:{code}"
    assert city.place.country == country
    assert len(city["edge"]) == 48
    assert np.ptp(city["junction"].points, axis=0) == pytest.approx([450, 450], abs=10)
    assert (b'lefthand="true"' in gzip.decompress(city.network.read_bytes())[:2000]) is left


@pytest.mark.parametrize("highway", ["track", "unclassified", "service"])
def test_places_with_only_small_roads(tmp_path: Path, highway: str) -> None:
    city = City.from_osm(Town(size=3, road={"highway": highway}).write(tmp_path))
    assert set(city["edge"]["road"].tolist()) == {highway}
    assert len(city["building"]) > 50


def test_same_map_same_bytes(tmp_path: Path) -> None:
    extract = Town(size=3).write(tmp_path)
    one, two = (City.from_osm(extract, tmp_path / name) for name in ("one", "two"))
    assert one.manifest["files"] == two.manifest["files"]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    extract = Town(road={"highway": "footway"}).write(tmp_path)
    with pytest.raises(DataError):
        City.from_osm(extract, tmp_path / "out" / "city")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["town.osm"]


def test_folder_that_is_no_bundle_is_not_overwritten(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="not a bundle"):
        City.from_osm(Town(size=3).write(tmp_path), home)
    assert (home / "thesis.tex").read_text() == "years of work"


def test_city_without_a_bundle_lives_in_a_temporary_folder(tmp_path: Path) -> None:
    city = City.from_osm(Town(size=3).write(tmp_path), name="Petite")
    assert city.name == "Petite"
    assert city.network.is_file()


def _builder(makes: tuple[str, ...], needs: tuple[str, ...] = ("edge",)) -> type[Builder]:
    class Made(Builder):
        def build(self, city: City, features: Features) -> None:
            for name in self.makes:
                city.add(Table(name, ["a"]))

    Made.makes, Made.needs = makes, needs
    return Made


def test_builders_run_in_the_order_of_their_needs() -> None:
    found = {
        "a": _builder(("roof",), ("wall",)),
        "b": _builder(("wall",)),
        "c": _builder(("door",)),
    }
    assert order.in_order(found, {"edge"}) == ["b", "a", "c"]


def test_need_that_nobody_makes_is_named() -> None:
    with pytest.raises(DataError, match="'a' needs the table 'wall'"):
        order.in_order({"a": _builder(("roof",), ("wall",))}, {"edge"})


def test_builders_that_wait_for_each_other_are_named() -> None:
    found = {"a": _builder(("roof",), ("wall",)), "b": _builder(("wall",), ("roof",))}
    with pytest.raises(DataError, match="wait for each other"):
        order.in_order(found, {"edge"})


def test_builders_of_packages_are_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "installed", lambda: {"extra": _builder(("tree",))})
    steps: list[tuple[str, float]] = []
    city = build.from_osm(
        Town(size=3).write(tmp_path), tmp_path / "c", progress=lambda *step: steps.append(step)
    )
    assert len(city["tree"]) == 1
    assert "building: extra" in [step for step, _ in steps]
    assert [share for _, share in steps] == sorted(share for _, share in steps)


def test_bologna_keeps_its_scenario(tmp_path: Path) -> None:
    config = shared("traffic/bologna") / "run.sumocfg"
    city = City.from_sumo(config, tmp_path / "bologna")
    assert city.name == "bologna"
    assert len(city["edge"]) == 267
    assert len(city["signal"]) == 13
    assert city["signal"]["programs"].max() > 1
    assert len(city["stop"]) == 56
    assert city.place.timezone == "Europe/Rome"
    assert (city["building"]["origin"] == "inferred").all()
    _check_detectors(city)
    assert _simulated(city) > 50


def _check_detectors(city: City) -> None:
    detector = city["detector"]
    assert len(detector) == 106
    rows = city.link("detector", "edge").indices
    assert np.array_equal(rows, detector["edge"])
    lines = city["edge"].geometry[rows]
    assert shapely.distance(detector.geometry, lines).max() < 15.0
    assert (detector["position"] <= city["edge"]["length"][rows] + 0.01).all()


def _simulated(city: City) -> int:
    """Vehicles that SUMO has on the road after two minutes of the copied scenario."""
    import libsumo

    before = sorted(city.demand["config"][0].parent.iterdir())
    libsumo.start(["sumo", "-c", str(city.demand["config"][0]), "--no-step-log", "--no-warnings"])
    try:
        libsumo.simulationStep(120.0)
        count = int(libsumo.vehicle.getIDCount())
    finally:
        libsumo.close()
    assert sorted(city.demand["config"][0].parent.iterdir()) == before
    return count


NET = """<net version="1.20"><location netOffset="0.00,0.00" convBoundary="0,0,100,0"
origBoundary="0,0,100,0" projParameter="!"/>
<edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="13.89" length="500"
shape="0,-1.6 500,-1.6"/></edge>
<edge id="f" from="b" to="a"><lane id="f_0" index="0" speed="13.89" length="500"
shape="500,1.6 0,1.6"/></edge>
<junction id="a" type="dead_end" x="0" y="0"/><junction id="b" type="dead_end" x="500" y="0"/>
</net>"""


def _scenario(folder: Path, **changes: Any) -> Path:
    (folder / "n.net.xml").write_text(changes.get("net", NET))
    (folder / "a.add.xml").write_text(
        '<additional><parkingArea id="p" lane="e_0" startPos="10" endPos="60" '
        'roadsideCapacity="8"/>'
        '<busStop id="s" lane="f_0" startPos="-40" endPos="-20" name="Nord"/>'
        '<inductionLoop id="d" lane="e_0" pos="-100" period="60" file="out.xml"/></additional>'
    )
    config = folder / "tiny.sumocfg"
    config.write_text(
        changes.get("config", '<configuration><input><net-file value="n.net.xml"/>'
        '<additional-files value="a.add.xml"/></input>'
        '<time><begin value="25200"/></time><output><summary value="s.xml"/></output>'
        "</configuration>")
    )  # fmt: skip
    return config


def test_network_without_coordinates_has_a_stated_place(tmp_path: Path) -> None:
    city = City.from_sumo(_scenario(tmp_path), tmp_path / "city")
    assert (city.place.longitude, city.place.latitude, city.place.timezone) == (0.0, 0.0, "UTC")
    assert "no geographic coordinates" in city.manifest["warnings"][0]
    assert city["junction"].points[1] == pytest.approx([500.0, 0.0], abs=1e-6)


def test_car_parks_stops_and_detectors_of_a_scenario(tmp_path: Path) -> None:
    city = City.from_sumo(_scenario(tmp_path), tmp_path / "city")
    assert city["parking"]["capacity"].tolist() == [8]
    assert city["parking"]["origin"].tolist() == ["mapped"]
    assert city["parking"].points[0] == pytest.approx([35.0, -1.6], abs=1e-6)
    assert city["detector"]["position"].tolist() == [400.0]
    assert city["stop"]["name"].tolist() == ["Nord"]
    assert city["stop"].points[0] == pytest.approx([30.0, 1.6], abs=1e-6)


def test_configuration_keeps_its_times_and_loses_its_outputs(tmp_path: Path) -> None:
    city = City.from_sumo(_scenario(tmp_path), tmp_path / "city")
    text = city.demand["config"][0].read_text()
    assert "../network.net.xml" in text
    assert 'begin value="25200"' in text
    assert "s.xml" not in text
    assert 'file="NUL"' in city.demand["additional"][0].read_text()


@pytest.mark.parametrize("name", ["town.net.xml", "town.net.xml.gz"])
def test_a_network_alone_is_a_city_without_demand(tmp_path: Path, name: str) -> None:
    import gzip

    data = NET.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    city = City.from_sumo(tmp_path / name, tmp_path / "city")
    assert city.name == "town"
    assert len(city["edge"]) == 2
    assert city.demand["routes"] == city.demand["additional"] == []
    assert _starts(city)


def _starts(city: City) -> bool:
    """SUMO reads the configuration of the bundle."""
    import libsumo

    libsumo.start(["sumo", "-c", str(city.demand["config"][0]), "--no-step-log", "--no-warnings"])
    try:
        return "e" in libsumo.edge.getIDList()
    finally:
        libsumo.close()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"net": "<net></net>"}, "no edges"),
        ({"net": "no xml"}, "damaged"),
        ({"config": "<configuration><input>"}, "damaged"),
        ({"config": "<configuration/>"}, "0 networks"),
        ({"config": '<c><net-file value="gone.net.xml"/></c>'}, "not there: gone.net.xml"),
    ],
)
def test_broken_scenarios_are_refused(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        City.from_sumo(_scenario(tmp_path, **changes), tmp_path / "city")
    assert not (tmp_path / "city").exists()


def test_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such SUMO configuration"):
        City.from_sumo(tmp_path / "gone.sumocfg")
