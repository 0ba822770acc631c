"""Tap changers: against pandapower's controller, and over time."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from models.energy.flow.case import from_net
from models.energy.flow.cli import app
from models.energy.flow.network import LINE, TRANSFORMER, Network
from models.energy.flow.regulated import Regulated
from models.energy.flow.regulation import Regulator, TapChanger, regulate
from models.energy.flow.solve import PowerFlow
from models.energy.grid import Grid
from tests.models.energy_life import built
from twin.errors import ConfigError


def feeder():
    """A slack, a transformer of 400 kVA and one long cable."""
    return Network(
        bus_names=np.array(["medium voltage", "busbar", "end"]),
        nominal_voltage=np.array([20e3, 400.0, 400.0]),
        base_power=1e6,
        branch_names=np.array(["transformer", "cable"]),
        from_bus=np.array([0, 1]),
        to_bus=np.array([1, 2]),
        kind=np.array([TRANSFORMER, LINE]),
        series=np.array([0.03 + 0.1j, 0.25 + 0.1j]),
        from_shunt=np.zeros(2, complex),
        to_shunt=np.zeros(2, complex),
        ratio=np.ones(2, complex),
        rating=np.array([400e3, 270.0]),
        closed=np.ones(2, bool),
        shunt=np.zeros(3, complex),
        slack=np.array([0]),
        slack_voltage=np.ones(1, complex),
        constant_current=np.zeros(3),
        constant_impedance=np.zeros(3),
    )


def day(*power):
    active = np.zeros((3, len(power)))
    active[2] = power
    return active, 0.2 * active


END = TapChanger(branch=0, bus=2)


def test_taps_are_those_of_pandapowers_controller():
    pandapower = pytest.importorskip("pandapower")
    from pandapower.control import DiscreteTapControl

    net = pandapower.create_empty_network(sn_mva=1.0)
    for kv in (20.0, 0.4, 0.4):
        pandapower.create_bus(net, vn_kv=kv)
    pandapower.create_ext_grid(net, 0)
    pandapower.create_transformer_from_parameters(
        net,
        hv_bus=0,
        lv_bus=1,
        sn_mva=1.0,
        vn_hv_kv=20.0,
        vn_lv_kv=0.4,
        vkr_percent=3.0,
        vk_percent=100 * abs(0.03 + 0.1j),
        pfe_kw=0.0,
        i0_percent=0.0,
        tap_side="hv",
        tap_neutral=0,
        tap_min=-4,
        tap_max=4,
        tap_step_percent=2.5,
        tap_pos=0,
        tap_changer_type="Ratio",
    )
    ohm = 0.4**2
    pandapower.create_line_from_parameters(net, 1, 2, 1.0, 0.25 * ohm, 0.1 * ohm, 0.0, 0.27)
    pandapower.create_load(net, 2, 0.0)
    DiscreteTapControl(net, 0, 0.98, 1.02, side="lv")
    powers = [0.0, 250e3, 350e3, 400e3, 100e3, -300e3, 0.0]
    at_busbar = TapChanger(branch=0, bus=1)
    found, positions = regulate(PowerFlow(feeder()), [at_busbar], *day(*powers))
    for step, power in enumerate(powers):
        net.load.p_mw, net.load.q_mvar = power / 1e6, 0.2 * power / 1e6
        pandapower.runpp(net, run_control=True, tolerance_mva=1e-10, numba=False)
        assert net.trafo.tap_pos[0] == positions[0, step]
        assert found.voltage[:, step] == pytest.approx(net.res_bus.vm_pu.to_numpy(), abs=1e-8)
    assert len(np.unique(positions)) > 1


def test_a_position_carries_over_until_the_voltage_leaves_the_band():
    _, positions = regulate(PowerFlow(feeder()), [END], *day(0, 150e3, 130e3, 0, 0))
    low = positions[0, 1]
    assert positions[0, 0] == 0 > low
    assert positions[0, 2] == low
    assert positions[0, 3] == positions[0, 4] > low


def test_many_steps_are_each_step_in_turn():
    power = np.random.default_rng(4).uniform(-200e3, 250e3, 300).round(-4).repeat(2)
    active, reactive = day(*power)
    found, positions = regulate(PowerFlow(feeder()), [END], active, reactive)
    live = Regulator(PowerFlow(feeder()), [END])
    live.choose(np.array([True]))
    for step in range(active.shape[1]):
        alone = live.solve(active[:, step], reactive[:, step])
        assert live.positions[0] == positions[0, step]
        assert alone.voltage == pytest.approx(found.voltage[:, step], abs=1e-8)
    inside = np.abs(found.voltage[2] - 1.0) <= END.deadband
    at_end = np.abs(positions[0]) == 4
    assert np.all(inside | at_end)


def test_a_delay_lets_short_excursions_pass():
    slow = TapChanger(branch=0, bus=2, delay=2)
    _, positions = regulate(PowerFlow(feeder()), [slow], *day(150e3, 0, 150e3, 150e3, 150e3))
    assert positions[0, :4].tolist() == [0, 0, 0, 0]
    assert positions[0, 4] < 0


def test_an_impossible_step_moves_no_tap():
    found, positions = regulate(PowerFlow(feeder()), [END], *day(0.0, np.nan, 0.0))
    assert found.converged.tolist() == [True, False, True]
    assert not positions.any()


def test_a_band_narrower_than_a_tap_is_refused():
    with pytest.raises(ConfigError, match="deadband"):
        TapChanger(branch=0, bus=1, step=0.05, deadband=0.01)


def test_regulated_transformers_of_a_city_hold_their_voltage():
    city = built(blocks=2)
    grid = Grid(city, source_voltage=1.06)
    units = len(city["transformer"])
    active = np.where(city["bus"]["kind"] == "connection", 2e3, 0.0)
    low_voltage = city["transformer"]["lv_bus"]
    chosen = np.arange(units) == 0
    assert grid.solve(active, 0.2 * active).voltage[low_voltage].min() > 1.02
    grid.regulate(chosen)
    voltage = grid.solve(active, 0.2 * active).voltage[low_voltage]
    assert abs(voltage[0] - 1.0) <= 0.02
    assert voltage[1:].min(initial=9.0) > 1.02
    assert grid.positions[0] > 0
    grid.regulate(np.zeros(units, bool))
    assert not grid.positions.any()


def test_a_tap_set_by_hand_lowers_the_voltage():
    city = built(blocks=2)
    grid = Grid(city)
    active = np.zeros(len(city["bus"]))
    before = grid.solve(active, active).voltage[city["transformer"]["lv_bus"]]
    grid.ratio = np.full(len(before), 1.025)
    after = grid.solve(active, active).voltage[city["transformer"]["lv_bus"]]
    assert after == pytest.approx(before / 1.025, rel=1e-4)


def test_the_command_moves_taps_as_pandapower_does(tmp_path):
    pandapower = pytest.importorskip("pandapower")
    networks = pytest.importorskip("pandapower.networks")
    from pandapower.control import DiscreteTapControl

    net = networks.create_cigre_network_mv()
    net.trafo[["tap_side", "tap_changer_type"]] = "hv", "Ratio"
    values = {"tap_neutral": 0, "tap_min": -9, "tap_max": 9, "tap_step_percent": 1.25}
    for column, value in (values | {"tap_pos": 3, "tap_step_degree": 0.0}).items():
        net.trafo[column] = value
    source, target = tmp_path / "cigre.json", tmp_path / "out.json"
    pandapower.to_json(net, str(source))
    command = ["solve", str(source), "--regulate", "--set-point", "1.03", "-o", str(target)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    for trafo in net.trafo.index:
        DiscreteTapControl.from_tap_step_percent(net, trafo, 1.03)
    pandapower.runpp(net, run_control=True, tolerance_mva=1e-10, calculate_voltage_angles=True)
    content = json.loads(target.read_text())
    assert pd.DataFrame(**content["tap_pos"]).tap_pos.tolist() == net.trafo.tap_pos.tolist()
    moved = int((net.trafo.tap_pos - 3).abs().sum())
    assert moved > 0
    assert f"{moved} tap operations" in done.output
    voltage = pd.DataFrame(**content["res_bus"]).vm_pu.to_numpy()
    assert voltage == pytest.approx(net.res_bus.vm_pu.to_numpy(), abs=1e-8)


def test_a_grid_without_taps_is_not_regulated():
    networks = pytest.importorskip("pandapower.networks")
    with pytest.raises(ConfigError, match="no tap changer"):
        Regulated(from_net(networks.case33bw(), "feeder"), 1.0, None)
