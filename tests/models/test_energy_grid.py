"""Power flow and standard types against pandapower."""

from pathlib import Path

import numpy as np
import pytest

from models.energy import cables
from models.energy.grid import Grid
from tests.models.energy_life import built
from twin.city.city import City, Place
from twin.city.table import Table

pandapower = pytest.importorskip("pandapower")


@pytest.fixture(scope="module")
def city():
    return built(blocks=3)


def as_pandapower(city, active, reactive):
    """The same grid, element by element, for pandapower's Newton."""
    net = pandapower.create_empty_network()
    bus, line, unit = city["bus"], city["line"], city["transformer"]
    for volts in bus["voltage"]:
        pandapower.create_bus(net, vn_kv=volts / 1000)
    for row in range(len(line)):
        pandapower.create_line_from_parameters(
            net,
            line["from_bus"][row],
            line["to_bus"][row],
            1.0,
            line["r"][row],
            line["x"][row],
            line["b"][row] / (2 * np.pi * 50) * 1e9,
            line["ampacity"][row] / 1000,
        )
    for row in np.flatnonzero(line["normally_open"]):
        net.line.loc[row, "in_service"] = False
    for row in np.flatnonzero(bus["kind"] == "source"):
        pandapower.create_ext_grid(net, row)
    for row in range(len(unit)):
        pandapower.create_transformer_from_parameters(
            net,
            unit["mv_bus"][row],
            unit["lv_bus"][row],
            unit["rated_power"][row] / 1e6,
            20.0,
            0.4,
            unit["resistance"][row] * 100,
            unit["impedance"][row] * 100,
            unit["iron_losses"][row] / 1000,
            unit["no_load_current"][row] * 100,
        )
    for row in np.flatnonzero(active):
        pandapower.create_load(net, row, active[row] / 1e6, reactive[row] / 1e6)
    pandapower.runpp(net, algorithm="nr", tolerance_mva=1e-10, trafo_model="pi", numba=False)
    return net


def test_voltages_and_loadings_are_those_of_newton(city):
    rng = np.random.default_rng(3)
    power = rng.uniform(0, 12e3, len(city["bus"]))
    active = np.where(city["bus"]["kind"] == "connection", power, 0.0)
    reactive = 0.3 * active
    flow = Grid(city).solve(active, reactive)
    net = as_pandapower(city, active, reactive)
    assert np.abs(flow.voltage - net.res_bus.vm_pu.to_numpy()).max() <= 1e-6
    assert flow.voltage.min() < 0.99
    assert flow.line_loading * 100 == pytest.approx(
        net.res_line.loading_percent.to_numpy(), abs=1e-3
    )
    losses = (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()) * 1e6
    assert flow.losses == pytest.approx(losses, rel=1e-5)
    apparent = np.hypot(net.res_trafo.p_hv_mw, net.res_trafo.q_hv_mvar).to_numpy() * 1e6
    assert flow.transformer_loading == pytest.approx(
        apparent / city["transformer"]["rated_power"], rel=0.05
    )


def as_city(net):
    """One of pandapower's own low-voltage grids as tables."""
    line, unit = net.line, net.trafo
    place = Place("EPSG:25832", 10.0, 51.0, "Europe/Berlin")
    city = City("kerber", place, Path("none.net.xml"))
    city.add(Table("bus", net.bus.index.astype(str), {"voltage": net.bus.vn_kv * 1000}))
    city.add(
        Table(
            "line",
            line.index.astype(str),
            {
                "from_bus": line.from_bus,
                "to_bus": line.to_bus,
                "r": line.r_ohm_per_km * line.length_km,
                "x": line.x_ohm_per_km * line.length_km,
                "ampacity": line.max_i_ka * 1000,
            },
        )
    )
    city.add(
        Table(
            "transformer",
            unit.index.astype(str),
            {
                "mv_bus": unit.hv_bus,
                "lv_bus": unit.lv_bus,
                "rated_power": unit.sn_mva * 1e6,
                "impedance": unit.vk_percent / 100,
                "resistance": unit.vkr_percent / 100,
                "iron_losses": unit.pfe_kw * 1000,
                "no_load_current": unit.i0_percent / 100,
            },
        )
    )
    return city


@pytest.mark.parametrize("name", ["landnetz_kabel_1", "vorstadtnetz_kabel_1"])
def test_published_grids_of_kerber_are_met(name):
    """Kerber (2011), German rural and suburban grids, as pandapower ships them."""
    import pandapower.networks

    net = getattr(pandapower.networks, f"create_kerber_{name}")()
    net.line["c_nf_per_km"] = 0.0
    pandapower.runpp(net, tolerance_mva=1e-10, trafo_model="pi", numba=False)
    active = np.bincount(net.load.bus, net.load.p_mw * 1e6, minlength=len(net.bus))
    reactive = np.bincount(net.load.bus, net.load.q_mvar * 1e6, minlength=len(net.bus))
    flow = Grid(as_city(net)).solve(active, reactive)
    assert np.abs(flow.voltage - net.res_bus.vm_pu.to_numpy()).max() <= 1e-6
    assert flow.infeed == pytest.approx(net.res_ext_grid.p_mw.sum() * 1e6, rel=1e-6)


def test_standard_types_are_pandapowers():
    net = pandapower.create_empty_network()
    for element, types in cables.types().items():
        for name, values in types.items():
            installed = net.std_types[element][name]
            assert {key: installed[key] for key in values} == values


def test_planned_cables_keep_the_planned_drop():
    chosen = cables.choose_cables([150e3], [400.0], [400.0], [False])
    current = 150e3 / (np.sqrt(3) * 400 * 0.95)
    drop = np.sqrt(3) * current * (chosen.r * 0.95 + chosen.x * np.sqrt(1 - 0.95**2)) / 400
    assert drop[0] <= cables.DROP
    assert current <= cables.FILL * chosen.ampacity[0]
    assert chosen.parallel[0] > 1


def ring():
    """A source, two stations in a medium-voltage ring that is open in the middle, a house each."""
    place = Place("EPSG:25832", 10.0, 51.0, "Europe/Berlin")
    city = City("ring", place, Path("none.net.xml"))
    kind = ["source", "mv", "mv", "lv", "lv"]
    volts = [20e3, 20e3, 20e3, 400.0, 400.0]
    city.add(Table("bus", list("sabxy"), {"kind": kind, "voltage": volts}))
    columns = {
        "from_bus": [0, 0, 1],
        "to_bus": [1, 2, 2],
        "r": [0.5] * 3,
        "x": [0.3] * 3,
        "b": [1e-4] * 3,
        "ampacity": [300.0] * 3,
        "normally_open": [False, False, True],
    }
    city.add(Table("line", ["sa", "sb", "tie"], columns))
    columns = {
        "mv_bus": [1, 2],
        "lv_bus": [3, 4],
        "rated_power": [400e3] * 2,
        "impedance": [0.06] * 2,
        "resistance": [0.01] * 2,
        "iron_losses": [600.0] * 2,
        "no_load_current": [0.003] * 2,
    }
    city.add(Table("transformer", ["A", "B"], columns))
    return city


def test_a_tie_line_takes_over_what_a_fault_left_dark():
    grid, on = Grid(ring()), np.ones(2, dtype=bool)
    active = np.array([0.0, 0.0, 0.0, 200e3, 100e3])
    normal = grid.solve(active, 0.2 * active)
    assert normal.line_loading[2] == 0.0
    assert grid.supplied.all()
    grid.switch(on, np.array([False, True, False]))
    dark = grid.solve(active, 0.2 * active)
    assert dark.voltage[[1, 3]].tolist() == [0.0, 0.0]
    assert dark.infeed == pytest.approx(100e3 + dark.losses)
    grid.switch(on, np.array([False, True, True]))
    restored = grid.solve(active, 0.2 * active)
    assert 0.0 < restored.voltage[3] < normal.voltage[3]
    assert restored.line_loading[1] > restored.line_loading[2] > 0.0
    grid.switch(on)
    assert grid.solve(active, 0.2 * active).voltage.tolist() == normal.voltage.tolist()


def test_a_transformer_switched_off_leaves_the_medium_voltage_on():
    grid = Grid(ring())
    grid.switch(np.array([False, True]))
    voltage = grid.solve(np.zeros(5), np.zeros(5)).voltage
    assert voltage[3] == 0.0
    assert voltage[1] > 0.9


def test_a_closed_ring_is_solved_too():
    grid = Grid(ring())
    grid.switch(np.ones(2, dtype=bool), np.ones(3, dtype=bool))
    assert not grid.radial
    active = np.array([0.0, 0.0, 0.0, 200e3, 100e3])
    flow = grid.solve(active, 0.2 * active)
    assert flow.infeed == pytest.approx(300e3 + flow.losses)
    assert flow.losses < 3e3
    many = grid.solve_many(active[:, None] * [1.0, 0.5], 0.2 * active[:, None] * [1.0, 0.5])
    assert many.voltage[:, 0] == pytest.approx(flow.voltage, abs=1e-9)
