"""The batched power flow against pandapower and power-grid-model."""

from dataclasses import replace

import numpy as np
import pytest

from models.energy.flow.pandapower_import import from_pandapower
from models.energy.flow.solve import PowerFlow
from twin.errors import DataError, ModelError

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")


def newton(net):
    pandapower.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True, numba=False)
    return net.res_bus.vm_pu.to_numpy()


@pytest.mark.parametrize(
    "name", ["case33bw", "create_kerber_landnetz_kabel_1", "create_cigre_network_lv"]
)
def test_published_grids_have_pandapowers_voltages(name):
    net = getattr(networks, name)()
    found = from_pandapower(net)
    flow = PowerFlow(found.network)
    assert flow.radial
    voltage = flow.solve(found.active, found.reactive).voltage[found.bus[net.bus.index]]
    assert np.abs(voltage - newton(net)).max() <= 1e-8


@pytest.mark.parametrize("old", [False, True])
def test_loads_that_depend_on_the_voltage_are_pandapowers(old):
    net = networks.create_cigre_network_lv()
    rng = np.random.default_rng(1)
    current, impedance = rng.uniform(0.0, 50.0, (2, len(net.load)))
    for side in ("p", "q"):
        net.load[f"const_i_{side}_percent"] = current
        net.load[f"const_z_{side}_percent"] = impedance
    pandapower.runpp(net, tolerance_mva=1e-10, voltage_depend_loads=True, numba=False)
    expected = net.res_bus.vm_pu.to_numpy()
    if old:
        net.load["const_i_percent"], net.load["const_z_percent"] = current, impedance
        net.load = net.load.drop(columns=[c for c in net.load if c.count("_") == 3])
    found = from_pandapower(net)
    voltage = PowerFlow(found.network).solve(found.active, found.reactive).voltage
    assert np.abs(voltage[found.bus[net.bus.index]] - expected).max() <= 1e-8
    plain = replace(found.network, constant_impedance=0 * found.network.constant_impedance)
    other = PowerFlow(plain).solve(found.active, found.reactive).voltage
    assert np.abs(other - voltage).max() > 1e-5


def test_shares_that_are_none_or_differ_in_reactive_power_are_refused():
    net = networks.create_cigre_network_lv()
    net.load["const_z_p_percent"] = 30.0
    with pytest.raises(DataError, match="reactive"):
        from_pandapower(net)
    net.load["const_z_q_percent"] = 30.0
    net.load["const_i_p_percent"] = net.load["const_i_q_percent"] = 80.0
    with pytest.raises(DataError, match="110"):
        from_pandapower(net)


def test_the_33_bus_feeder_loses_what_was_published():
    """Baran & Wu (1989): 202.7 kW, lowest voltage 0.9131 per unit."""
    found = from_pandapower(networks.case33bw())
    result = PowerFlow(found.network).solve(found.active, found.reactive)
    assert result.total_losses() / 1e3 == pytest.approx(202.7, abs=0.05)
    assert result.voltage.min() == pytest.approx(0.9131, abs=5e-5)


def test_a_mesh_goes_to_power_grid_model_and_meets_pandapower():
    net = networks.case33bw()
    net.line.in_service = True
    found = from_pandapower(net)
    flow = PowerFlow(found.network)
    assert not flow.radial
    voltage = flow.solve(found.active, found.reactive).voltage[found.bus[net.bus.index]]
    assert np.abs(voltage - newton(net)).max() <= 1e-8


def test_both_methods_agree_where_both_apply():
    found = from_pandapower(networks.create_cigre_network_lv())
    share = np.linspace(-0.5, 1.0, 7)
    loads = found.active[:, None] * share, found.reactive[:, None] * share
    sweep = PowerFlow(found.network).solve(*loads)
    mesh = PowerFlow(found.network, method="meshed").solve(*loads)
    assert np.abs(sweep.complex_voltage - mesh.complex_voltage).max() <= 1e-8


def test_an_impossible_step_is_flagged_and_leaves_the_others_alone():
    found = from_pandapower(networks.case33bw())
    share = np.array([0.5, 50.0, 1.0, np.nan, 0.1])
    flow = PowerFlow(found.network)
    many = flow.solve(found.active[:, None] * share, found.reactive[:, None] * share)
    assert many.converged.tolist() == [True, False, True, False, True]
    assert np.isnan(many.voltage[:, 1]).all()
    for step in (0, 2, 4):
        one = flow.solve(found.active * share[step], found.reactive * share[step])
        assert np.abs(many.voltage[:, step] - one.voltage).max() <= 1e-9


def test_one_impossible_moment_names_the_weakest_bus():
    found = from_pandapower(networks.case33bw())
    with pytest.raises(ModelError, match="weakest bus '17'"):
        PowerFlow(found.network).solve(found.active * 50.0, found.reactive * 50.0)


def test_infeed_is_loads_and_losses():
    found = from_pandapower(networks.create_cigre_network_lv())
    result = PowerFlow(found.network).solve(found.active, found.reactive)
    assert result.infeed().real.sum() == pytest.approx(
        found.active.sum() + result.total_losses(), rel=1e-8
    )


def test_a_negative_resistance_is_refused_by_name():
    network = from_pandapower(networks.case33bw()).network
    series = network.series.copy()
    series[4] = -series[4]
    with pytest.raises(DataError, match="'line 4 from bus 4 to bus 5'"):
        PowerFlow(replace(network, series=series))


def test_an_island_is_refused_when_asked_and_dark_otherwise():
    found = from_pandapower(networks.case33bw())
    closed = found.network.closed.copy()
    closed[16] = False
    flow = PowerFlow(replace(found.network, closed=closed))
    assert flow.solve(found.active, found.reactive).voltage[17] == 0.0
    with pytest.raises(ModelError, match="'17'"):
        flow.solve(found.active, found.reactive, islands="error")


def test_a_generator_that_holds_a_voltage_is_refused():
    net = networks.case33bw()
    pandapower.create_gen(net, 5, 0.1)
    with pytest.raises(DataError, match="gen 0 at bus 5"):
        from_pandapower(net)
