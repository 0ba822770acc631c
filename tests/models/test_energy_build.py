"""The synthetic grid: radial, whole, and plausible for any town."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from models.energy import demand
from models.energy.build import GridBuilder
from models.energy.grid import Grid
from tests.models.energy_life import built
from tests.models.energy_town import town
from twin.city.features import Features
from twin.city.table import Table


def check(city):
    """What holds for every grid."""
    bus, unit = city["bus"], city["transformer"]
    check_rings(city)
    low = bus["voltage"][city["line"]["to_bus"]] < 1000
    line = {name: values[low] for name, values in city["line"].columns.items()}
    n = int((bus["kind"] != "source").sum())
    assert (line["from_bus"] < line["to_bus"]).all()
    feeding = np.full(n, -1)
    feeding[line["to_bus"]] = line["from_bus"]
    feeding[unit["lv_bus"]] = unit["mv_bus"]
    assert len(np.unique(line["to_bus"])) == low.sum()
    assert n == low.sum() + 2 * len(unit)
    assert ((feeding >= 0) == (bus["kind"][:n] != "mv")).all()
    assert (feeding == bus["parent"][:n]).all()
    home = bus["transformer"][:n]
    assert (home[feeding[feeding >= 0]] == home[feeding >= 0]).all()
    assert (np.diff(home) >= 0).all()
    for column in ("length", "r", "x", "ampacity"):
        assert (line[column] > 0).all()
    assert (shapely.length(city["line"].geometry) > 0).all()
    to = city.link("building", "bus").indices
    assert (bus["kind"][to] == "connection").all()
    assert len(np.unique(to)) == len(to)


def check_rings(city):
    """Every station hangs on one ring, which has two ends at a primary and one open cable."""
    bus, line = city["bus"], city["line"]
    high = np.flatnonzero(bus["voltage"][line["from_bus"]] > 1000)
    ends = np.stack([line["from_bus"][high], line["to_bus"][high]])
    source = bus["kind"][ends] == "source"
    for ring in np.unique(line["feeder"][high]):
        of_ring = line["feeder"][high] == ring
        assert line["normally_open"][high][of_ring].sum() == 1
        assert source[:, of_ring].sum() == 2
    times = np.bincount(ends[~source], minlength=len(bus))
    assert (times[bus["kind"] == "mv"] == 2).all()
    assert not np.isin(
        line["feeder"][high], line["feeder"][bus["voltage"][line["to_bus"]] < 1e3]
    ).any()
    grid = Grid(city)
    assert grid.radial
    assert grid.supplied.all()


@settings(max_examples=12, deadline=None)
@given(
    blocks=st.integers(1, 6), side=st.floats(40, 400), every=st.floats(12, 60), big=st.booleans()
)
def test_any_town_gets_a_radial_grid_that_reaches_every_building(blocks, side, every, big):
    if every >= side / 2:
        return
    check(built(blocks=blocks, side=side, every=every, big=big))


def test_planned_peaks_stay_within_limits():
    city = built(blocks=8)
    used = demand.annual(city["building"])
    peak = used.home * 0.25 + demand.business_peak(used)
    active = np.bincount(
        city.link("building", "bus").indices, weights=peak, minlength=len(city["bus"])
    )
    flow = Grid(city).solve(active, active * 0.33)
    assert flow.voltage.min() > 0.92
    assert flow.line_loading.max() < 1
    assert flow.transformer_loading.max() < 1
    assert flow.transformer_loading.mean() > 0.2


def test_mapped_stations_are_used():
    city = town()
    features = Features(
        ["n1", "n2", "n3"],
        [
            {"power": "transformer"},
            {"power": "substation", "voltage": "110000;20000"},
            {"power": "substation", "substation": "minor_distribution"},
        ],
        shapely.points([[95.0, 100.0], [200.0, 200.0], [5_000.0, 0.0]]),
    )
    GridBuilder().build(city, features)
    check(city)
    unit = city["transformer"]
    assert (unit["origin"] == "mapped").sum() == 1
    assert unit.points[unit["origin"] == "mapped"][0] == pytest.approx([95.0, 100.0])


def test_a_large_consumer_has_a_station_of_its_own():
    city = built()
    bus = city["bus"]
    of_big = bus["transformer"][city.link("building", "bus").indices[3]]
    assert (bus["transformer"] == of_big).sum() == 3
    assert city["transformer"]["rated_power"][of_big] >= 630e3


def test_lamps_and_chargers_are_connected():
    city = town()
    lamps = np.array([[45.0, 3.0], [100.0, 2.0], [1_500.0, 2.0]])
    city.add(Table("lamp", ["a", "b", "far"], {"power": [70.0] * 3}, shapely.points(lamps)))
    city.add(
        Table(
            "charger", ["c"], {"power": [22_000.0], "points": [2]}, shapely.points([[180.0, 95.0]])
        )
    )
    GridBuilder().build(city, Features())
    check(city)
    bus = city["bus"]
    assert (bus["kind"][city.link("lamp", "bus").indices] == "lv").all()
    charger = city.link("charger", "bus").indices[0]
    assert bus["kind"][charger] == "connection"
    assert charger not in city.link("building", "bus").indices


def test_lamps_of_streets_without_houses_have_street_buses():
    city = town()
    empty = Table(
        "building",
        [],
        {
            name: np.empty(0, dtype=kind)
            for name, kind in (
                ("use", np.str_),
                ("floor_area", float),
                ("people", float),
                ("jobs", float),
            )
        },
        np.empty(0, dtype=object),
    )
    city.add(empty)
    spots = np.array([[x, 2.0] for x in range(10, 360, 30)], dtype=float)
    city.add(Table("lamp", [f"l{i}" for i in range(len(spots))], {}, shapely.points(spots)))
    GridBuilder().build(city, Features())
    check(city)
    at = city["bus"].points[city.link("lamp", "bus").indices]
    assert np.linalg.norm(at - spots, axis=1).max() < 15


def test_streets_apart_get_stations_apart():
    city, other = town(blocks=1), town(blocks=1)
    away = 3_000.0
    for name in ("junction", "edge", "building"):
        one, two = city[name], other[name]
        columns = {key: np.concatenate([one[key], two[key]]) for key in one.columns}
        if name == "edge":
            for key in ("from_junction", "to_junction"):
                columns[key][len(one) :] += len(city["junction"]) // 2
        moved = shapely.transform(two.geometry, lambda xy: xy + away)
        ids = [*one.ids, *(f"o{i}" for i in two.ids)]
        city.add(Table(name, ids, columns, np.concatenate([one.geometry, moved])))
    GridBuilder().build(city, Features())
    check(city)
    low = city["bus"]["voltage"][city["line"]["to_bus"]] < 1000
    assert city["line"]["length"][low].max() < 500


def test_the_same_town_gets_the_same_grid():
    one, two = built(), built()
    for table in ("bus", "line", "transformer", "load_profile"):
        assert list(one[table].columns) == list(two[table].columns)
        for name, values in one[table].columns.items():
            assert values.tobytes() == two[table][name].tobytes()


def test_dwellings_are_planned_as_din_18015_has_it():
    planned = demand.dwellings_peak([0, 1, 3, 10, 100])
    assert planned == pytest.approx([0, 14.5e3, 30e3, 55e3, 110e3])
    assert (np.diff(demand.dwellings_peak(np.linspace(0, 3000, 400))) > 0).all()
