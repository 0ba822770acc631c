"""A bundle comes back as it was, and what is none or damaged is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import geopackage
from twin.city.bundle import FORMAT, load, save
from twin.city.city import City, Place
from twin.city.link import Link
from twin.city.table import Table
from twin.errors import DataError

PLACE = Place("EPSG:32635", 24.95, 60.17, "Europe/Helsinki", "FI")
EAST, NORTH = 385_000.0, 6_671_000.0


def make(folder: Path) -> City:
    network = folder / "some.net.xml"
    network.write_text("<net/>")
    demand = folder / "demand" / "run.sumocfg"
    demand.parent.mkdir()
    demand.write_text("<configuration/>")
    city = City("Ville-d’Été", PLACE, network, demand={"config": [demand]})
    city.manifest = {"source": {"kind": "test"}, "licence": "none", "warnings": []}
    points = shapely.points([[EAST, NORTH], [EAST + 10.5, NORTH], [EAST, NORTH + 7.25]])
    columns = {
        "flag": np.array([True, False, True]),
        "count": np.array([1, -2, 2**31 - 1], dtype=np.int32),
        "value": np.array([0.1, np.nan, -np.inf]),
        "text": ["", "naïve 東京 'quote\"", "x"],
        "origin": ["mapped", "inferred", "mapped"],
        "select": np.array([1.0, 2.0, 3.0]),
    }
    city.add(Table("tree", ["b", "a", "ü"], columns, points))
    ring = shapely.box(EAST, NORTH, EAST + 30, NORTH + 20)
    holed = ring.difference(shapely.box(EAST + 5, NORTH + 5, EAST + 9, NORTH + 9))
    several = shapely.union(ring, shapely.box(EAST + 50, NORTH, EAST + 60, NORTH + 5))
    shapes = np.array([holed, several], dtype=object)
    city.add(Table("plot", ["p", "q"], {"origin": ["inferred"] * 2}, shapes))
    city.add(Table("void", [], {"value": np.empty(0)}, np.empty(0, dtype=object)))
    city.add(Table("curve", ["k"], {"w": [1.5]}))
    city.connect(Link("tree", "curve", np.array([0, -1, 0])))
    pairs = np.array([2, 0, 2]), np.array([1, 0, 0])
    city.connect(Link.many("tree", "plot", *pairs, n_source=3))
    city.connect(Link.many("plot", "tree", np.array([1, 1]), np.array([2, 0]), n_source=2))
    return city


@pytest.fixture
def source(tmp_path: Path) -> City:
    folder = tmp_path / "source"
    folder.mkdir()
    return make(folder)


def test_everything_comes_back(source: City, tmp_path: Path) -> None:
    city = save(source, tmp_path / "bundle")
    assert list(city.tables) == list(source.tables)
    assert (city.name, city.place) == (source.name, source.place)
    for table in source:
        _same(table, city[table.name])
    for key, link in source.links.items():
        found = city.links[key]
        assert np.array_equal(found.indices, link.indices)
        assert (found.indptr is None) == (link.indptr is None)
        assert found.indptr is None or np.array_equal(found.indptr, link.indptr)
    assert city.network.read_text() == "<net/>"
    assert city.demand["config"] == [tmp_path / "bundle" / "demand" / "run.sumocfg"]
    assert city.manifest["tables"]["tree"] == {"rows": 3, "mapped": 2, "inferred": 1}


def _same(one: Table, two: Table) -> None:
    assert one.ids.tolist() == two.ids.tolist()
    assert list(one.columns) == list(two.columns)
    for key, values in one.columns.items():
        assert values.dtype.kind == two[key].dtype.kind
        assert values.dtype.kind == "U" or values.dtype == two[key].dtype
        assert values.tolist() == two[key].tolist() or values.tobytes() == two[key].tobytes()
    assert one.spatial == two.spatial
    if one.geometry is not None:
        assert shapely.equals_exact(one.geometry, two.geometry, tolerance=1e-6).all()


def test_saved_again_it_is_the_same(source: City, tmp_path: Path) -> None:
    first = save(source, tmp_path / "one")
    second = save(first, tmp_path / "two")
    save(second, tmp_path / "two")
    for table in first:
        _same(table, load(tmp_path / "two")[table.name])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False), st.integers(-(2**31), 2**31 - 1), st.booleans(),
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_columns_are_identical(rows: list[tuple[float, int, bool, str]]) -> None:
    base = sqlite3.connect(":memory:")
    base.executescript(geopackage.SCHEMA)
    names = ("f", "i", "b", "t")
    kinds = (np.float64, np.int32, np.bool_, np.str_)
    columns = {
        name: np.array([row[k] for row in rows], dtype=kind)
        for k, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    table = Table("t", [f"{i}" for i in range(len(rows))], columns)
    geopackage._write_table(base, table, "")
    found = geopackage.read_table(base, "t", lambda: np.empty(0))
    for name in names:
        assert found[name].dtype.kind == table[name].dtype.kind
        assert found[name].tolist() == table[name].tolist()


def test_shapes_wait_until_they_are_asked_for(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    code = (
        "import sys; from twin.city.city import City; "
        f"city = City.load({str(tmp_path / 'bundle')!r}); city['tree']['value'].sum(); "
        "heavy = {'shapely', 'pyproj', 'pandas', 'geopandas', 'pyogrio', 'lxml'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_general_readers_open_the_layers(source: City, tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    save(source, tmp_path / "bundle")
    file = tmp_path / "bundle" / "city.gpkg"
    found = geopandas.read_file(file, layer="tree")
    assert found.crs.to_epsg() == 4326
    assert found["text"].tolist() == source["tree"]["text"].tolist()
    assert found["flag"].tolist() == [True, False, True]
    assert found.geometry.x[0] == pytest.approx(24.93, abs=0.05)
    assert geopandas.read_file(file, layer="plot").geom_type.tolist() == ["Polygon", "MultiPolygon"]
    links = geopandas.read_file(file, layer="link_tree_plot")
    assert links[["source", "target"]].to_numpy().tolist() == [[0, 0], [2, 0], [2, 1]]


def test_tables_corrected_by_hand_are_read(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    with sqlite3.connect(tmp_path / "bundle" / "city.gpkg") as base:
        base.execute("UPDATE tree SET count = 7 WHERE id = 'a'")
    assert load(tmp_path / "bundle")["tree"]["count"].tolist() == [1, 7, 2**31 - 1]


def _manifest(bundle: Path, **changes: object) -> None:
    file = bundle / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_another_version_says_how_to_mend(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    _manifest(tmp_path / "bundle", format=FORMAT + 1)
    with pytest.raises(DataError, match=f"format {FORMAT + 1}") as caught:
        load(tmp_path / "bundle")
    assert "build the bundle again" in str(caught.value)


@pytest.mark.parametrize("name", ["city.gpkg", "network.net.xml", "demand/run.sumocfg"])
def test_lost_files_are_named(source: City, tmp_path: Path, name: str) -> None:
    save(source, tmp_path / "bundle")
    (tmp_path / "bundle" / name).unlink()
    with pytest.raises(DataError, match="has lost a file") as caught:
        load(tmp_path / "bundle")
    assert Path(name).name in str(caught.value)


def test_changed_network_is_refused(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    (tmp_path / "bundle" / "network.net.xml").write_text("<net>")
    with pytest.raises(DataError, match="not as it was built"):
        load(tmp_path / "bundle")


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_damaged_tables_are_refused(source: City, tmp_path: Path, size: int) -> None:
    save(source, tmp_path / "bundle")
    file = tmp_path / "bundle" / "city.gpkg"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path / "bundle")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}'])
def test_damaged_manifest_is_refused(source: City, tmp_path: Path, text: str) -> None:
    save(source, tmp_path / "bundle")
    (tmp_path / "bundle" / "manifest.json").write_text(text)
    with pytest.raises(DataError, match="manifest is damaged"):
        load(tmp_path / "bundle")


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no bundle"):
        load(tmp_path / "gone")
    with pytest.raises(DataError, match="not a bundle"):
        load(tmp_path)


def test_damaged_shape_is_named(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    with sqlite3.connect(tmp_path / "bundle" / "city.gpkg") as base:
        base.execute("UPDATE tree SET geom = x'4750000122' WHERE id = 'a'")
    with pytest.raises(DataError, match="shapes of 'tree' are damaged"):
        _ = load(tmp_path / "bundle")["tree"].geometry


def test_bundle_replaces_only_a_bundle(source: City, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    save(source, path)
    source.add(Table("tree", ["only"]))
    source.links.clear()
    assert len(save(source, path)["tree"]) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "source"]
    shutil.rmtree(path)
    path.write_text("a file")
    with pytest.raises(DataError, match="not a bundle"):
        save(source, path)


def test_failed_save_leaves_the_old_bundle(source: City, tmp_path: Path) -> None:
    save(source, tmp_path / "bundle")
    source.add(Table("bad", ["a"], {"fid": [1]}))
    with pytest.raises(DataError, match="'fid'"):
        save(source, tmp_path / "bundle")
    assert len(load(tmp_path / "bundle")["tree"]) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "source"]


def test_table_with_the_wrong_number_of_shapes_is_refused() -> None:
    with pytest.raises(DataError, match="1 geometries for 2 ids"):
        Table("t", ["a", "b"], {}, np.array([shapely.Point(0, 0)]))
    late = Table("t", ["a", "b"], {}, lambda: np.array([shapely.Point(0, 0)]))
    with pytest.raises(DataError, match="1 geometries for 2 ids"):
        _ = late.geometry
