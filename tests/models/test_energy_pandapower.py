"""Each element of a pandapower network is solved as pandapower does, or refused by its name."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from models.energy.flow.case import from_net
from models.energy.flow.cli import app
from models.energy.flow.export import tables
from models.energy.flow.solve import PowerFlow
from twin.errors import DataError

pp = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")


def feeder():
    return networks.create_cigre_network_mv(with_der=False)


def _lead(net):
    """A new bus behind a line from bus 3, with a load."""
    bus = pp.create_bus(net, 20.0)
    pp.create_line_from_parameters(net, 3, bus, 5.0, 0.5, 0.7, 150.0, 1.0)
    pp.create_load(net, bus, 0.4, 0.1)
    return bus


def bus_out(net):
    bus = _lead(net)
    net.bus.loc[bus, "in_service"] = False


def three_windings(net):
    middle, low = pp.create_bus(net, 10.0), pp.create_bus(net, 6.0)
    sizes = (10.0, 5.0, 5.0, 10.0, 11.0, 12.0, 0.5, 0.6, 0.7, 20.0, 0.3)
    pp.create_transformer3w_from_parameters(
        net, 3, middle, low, 20.0, 10.0, 6.0, *sizes, shift_mv_degree=30.0
    )
    pp.create_load(net, middle, 1.0, 0.3)
    pp.create_load(net, low, 0.5, 0.1)


def negative_leg(net):
    three_windings(net)
    net.trafo3w.loc[0, ["vk_mv_percent", "vkr_mv_percent"]] = 2.0, 0.0


def coupler(net):
    bus = pp.create_bus(net, 20.0)
    pp.create_switch(net, 3, bus, "b", z_ohm=0.5)
    pp.create_load(net, bus, 1.0, 0.2)


def impedance(net):
    bus = pp.create_bus(net, 20.0)
    shunts = {"gf_pu": 0.01, "bf_pu": 0.02, "gt_pu": 0.03, "bt_pu": 0.05}
    pp.create_impedance(net, 3, bus, 0.01, 0.02, 5.0, **shunts)
    pp.create_load(net, bus, 0.3, 0.1)


def ring(net):
    three_windings(net)
    net.switch["closed"] = True


PARTS = {
    "ward": lambda net: pp.create_ward(net, 3, 0.1, 0.05, 0.1, 0.05),
    "xward out": lambda net: pp.create_xward(
        net, 3, 0.1, 0.05, 0.1, 0.05, 0.1, 0.2, 1.0, in_service=False
    ),
    "gen out": lambda net: pp.create_gen(net, 3, 0.4, vm_pu=1.0, in_service=False),
    "motor": lambda net: pp.create_motor(
        net, 3, 0.5, 0.9, efficiency_percent=90.0, loading_percent=80.0
    ),
    "asymmetric": lambda net: pp.create_asymmetric_load(
        net, 3, 0.1, 0.2, 0.3, 0.1, 0.1, 0.1, scaling=0.7
    ),
    "asymmetric_sgen": lambda net: pp.create_asymmetric_sgen(net, 3, 0.1, 0.2, 0.3),
    "storage": lambda net: pp.create_storage(net, 3, 0.4, 1.0, scaling=0.5),
    "shunt": lambda net: pp.create_shunt(net, 3, -0.3, 0.01, step=2),
    "angle": lambda net: net.ext_grid.__setitem__("va_degree", 33.0),
    "open end": lambda net: pp.create_switch(net, _lead(net), len(net.line) - 1, "l", closed=False),
    "bus out": bus_out,
    "coupler": coupler,
    "impedance": impedance,
    "three windings": three_windings,
    "negative leg": negative_leg,
    "ring": ring,
}


@pytest.mark.parametrize("part", PARTS)
def test_each_element_is_solved_as_pandapower_does(part):
    net = feeder()
    PARTS[part](net)
    case = from_net(net, part)
    result = PowerFlow(case.network).solve(case.active, case.reactive)
    pp.runpp(net, tolerance_mva=1e-11, calculate_voltage_angles=True, numba=False)
    found = tables(case, result)
    for name, column in (("res_bus", "vm_pu"), ("res_bus", "va_degree"), ("res_ext_grid", "p_mw")):
        ours = np.nan_to_num(found[name][column].to_numpy())
        theirs = np.nan_to_num(net[name][column].to_numpy())
        assert np.abs(ours - theirs).max() <= 1e-8, column


REFUSED = {
    r"xward 0 at bus 3 \(Bus 3\)": lambda net: pp.create_xward(
        net, 3, 0.1, 0.05, 0.1, 0.05, 0.1, 0.2, 1.0
    ),
    r"gen 0 at bus 3 \(Bus 3\)": lambda net: pp.create_gen(net, 3, 0.4, vm_pu=1.0),
    r"dcline 0 from bus 3 \(Bus 3\) to bus 8": lambda net: pp.create_dcline(
        net, 3, 8, 0.1, 1.0, 0.1, 1.0, 1.0
    ),
    "impedance 0 from bus 3 .*another impedance": lambda net: pp.create_impedance(
        net, 3, 8, 0.01, 0.02, 5.0, rtf_pu=0.02
    ),
    r"line 2 \(Line 3-4\) from bus 3 .*x_ohm_per_km = -1": lambda net: net.line.__setitem__(
        "x_ohm_per_km", np.where(net.line.index == 2, -1.0, net.line.x_ohm_per_km)
    ),
    "trafo 0 .*vk_percent = -4": lambda net: net.trafo.loc.__setitem__((0, "vk_percent"), -4.0),
    "load 0 stands at bus 999": lambda net: net.load.loc.__setitem__((0, "bus"), 999),
    r"load 0 \(Load R1\) at bus 1 .*p_mw = nan": lambda net: net.load.loc.__setitem__(
        (0, "p_mw"), np.nan
    ),
    "line 0 .*impedance of 0": lambda net: net.line.loc.__setitem__((0, "length_km"), 0.0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_said_is_refused_by_table_index_and_name(message):
    net = feeder()
    REFUSED[message](net)
    with pytest.raises(DataError, match=message):
        PowerFlow(from_net(net, "x").network)


@pytest.mark.parametrize("name", ["create_cigre_network_lv", "case33bw", "simbench"])
def test_results_have_pandapowers_tables_columns_and_values(name, tmp_path):
    if name == "simbench":
        net = pytest.importorskip("simbench").get_simbench_net("1-LV-urban6--2-sw")
    else:
        net = getattr(networks, name)()
    source, target = tmp_path / "net.json", tmp_path / "out.json"
    pp.to_json(net, str(source))
    done = CliRunner().invoke(app, ["solve", str(source), "-o", str(target)])
    assert done.exit_code == 0, done.output
    content = json.loads(target.read_text())
    pp.runpp(net, tolerance_mva=1e-11, calculate_voltage_angles=True, numba=False)
    for table in ("res_bus", "res_line", "res_trafo", "res_ext_grid"):
        ours, theirs = pd.DataFrame(**content[table]), net[table]
        assert list(ours.columns) == list(theirs.columns)
        assert list(ours.index) == list(theirs.index)
        for column in ours:
            mine, other = (t[column].to_numpy(float) for t in (ours, theirs))
            assert np.nan_to_num(mine) == pytest.approx(np.nan_to_num(other), abs=1e-6), column


def test_dead_buses_are_listed_and_a_missing_transformer_is_told(tmp_path):
    net = feeder()
    net.trafo["in_service"] = False
    pp.to_json(net, str(tmp_path / "net.json"))
    done = CliRunner().invoke(app, ["solve", str(tmp_path / "net.json")])
    assert done.exit_code == 0, done.output
    assert "warning: 14 of 15 buses have no supply" in done.output
    assert "20 kV, a transformer is missing or out of service: bus 1, 2, 3" in done.output


def test_a_grid_without_storages_has_its_year():
    pytest.importorskip("simbench")
    command = ["solve", "simbench:1-LV-rural1--0-sw", "--until", "2016-01-01T06:00"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "24 steps of 15 buses, 0 not converged" in done.output
