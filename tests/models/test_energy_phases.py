"""The unbalanced power flow against pandapower, dense linear algebra and the balanced one."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.energy.flow.cli import app
from models.energy.flow.phases.case import read_phases
from models.energy.flow.phases.kernels import BLOCK
from models.energy.flow.phases.network import (
    PhaseNetwork,
    from_sequences,
    in_phases,
    kron_reduced,
    unbalance,
)
from models.energy.flow.phases.pandapower_import import from_pandapower_phases
from models.energy.flow.phases.solve import PhasePowerFlow
from models.energy.flow.solve import PowerFlow
from tests.models.test_energy_sweep import forest
from twin.errors import ConfigError, DataError, ModelError

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")


def phases(seed):
    """A random forest of the balanced tests, lines only, each branch with coupled phases."""
    network = forest(seed, slacks=1)
    count = len(network.branch_names)
    rng = np.random.default_rng(seed)
    network = replace(network, ratio=np.ones(count, complex), shunt=np.zeros_like(network.shunt))
    own = rng.uniform(0.02, 0.05, (count, 3, 1)) * np.eye(3)
    mutual = rng.uniform(0.0, 0.02, (count, 3, 3))
    series = own + 1j * (own + mutual + mutual.transpose(0, 2, 1))
    earth = np.zeros((count, 3, 3), complex)
    earth[:] = 1j * rng.uniform(0, 0.02) * np.eye(3)
    return PhaseNetwork(network, series, earth, earth, np.ones(count, bool))


def dense(found, active, reactive):
    """One step by fixed point on the whole admittance matrix of 3 n buses."""
    n = found.balanced
    y = np.zeros((len(n.bus_names), 3, len(n.bus_names), 3), complex)
    for k, (a, b) in enumerate(zip(n.from_bus, n.to_bus, strict=True)):
        own = np.linalg.inv(found.series[k])
        y[a, :, a] += own + found.from_shunt[k]
        y[b, :, b] += own + found.to_shunt[k]
        y[a, :, b] -= own
        y[b, :, a] -= own
    size = 3 * len(n.bus_names)
    y = y.reshape(size, size)
    fixed = np.concatenate([3 * s + np.arange(3) for s in n.slack])
    free = np.setdiff1d(np.arange(size), fixed)
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    slack = (n.slack_voltage[:, None] * turn).reshape(-1)
    own = -np.linalg.solve(y[np.ix_(free, free)], y[np.ix_(free, fixed)] @ slack)
    voltage = np.zeros(size, complex)
    voltage[fixed], voltage[free] = slack, own
    power = (active + 1j * reactive).reshape(-1) * 3.0 / n.base_power
    for _ in range(200):
        drawn = np.conj(power / voltage)[free]
        voltage[free] = own - np.linalg.solve(y[np.ix_(free, free)], drawn)
    return voltage.reshape(-1, 3)


def loads(network, seed, steps):
    rng = np.random.default_rng(seed)
    shape = (len(network.balanced.bus_names), 3, steps)
    return rng.uniform(-5e3, 15e3, shape), rng.uniform(-4e3, 6e3, shape)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_any_tree_has_the_phase_voltages_of_the_full_matrix(seed):
    network = phases(seed)
    active, reactive = loads(network, seed, 2)
    found = PhasePowerFlow(network).solve(active, reactive)
    assert found.converged.all()
    for step in range(2):
        expected = dense(network, active[..., step], reactive[..., step])
        assert np.abs(found.complex_voltage[..., step] - expected).max() <= 1e-8


def test_the_european_feeder_has_pandapowers_voltages_and_unbalance():
    """With a stiff source: pandapower's has an impedance to the negative and zero sequence."""
    net = networks.ieee_european_lv_asymmetric()
    net.ext_grid["s_sc_max_mva"] = 1e9
    found = from_pandapower_phases(net)
    result = PhasePowerFlow(found.network).solve(found.active[..., None], found.reactive[..., None])
    pandapower.runpp_3ph(net, tolerance_mva=1e-10)
    theirs = net.res_bus_3ph
    rows = found.bus[net.bus.index]
    voltage = theirs[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()
    assert np.abs(result.voltage[rows, :, 0] - voltage).max() <= 3e-6
    assert 100 * result.unbalance[rows, 0] == pytest.approx(
        theirs.unbalance_percent.to_numpy(), abs=1e-4
    )


def test_equal_phases_are_the_balanced_power_flow():
    network = forest(4, slacks=1)
    network = replace(
        network,
        ratio=np.ones(len(network.ratio), complex),
        constant_current=np.zeros(len(network.bus_names)),
        constant_impedance=np.zeros(len(network.bus_names)),
    )
    zeros = 3 * network.series
    found = from_sequences(
        network, zeros, network.from_shunt, network.to_shunt, np.ones(len(zeros), bool)
    )
    active = np.full(len(network.bus_names), 20e3)
    alone = PowerFlow(network).solve(active, active / 4)
    third = np.repeat(active[:, None, None] / 3, 3, axis=1)
    result = PhasePowerFlow(found).solve(third, third / 4)
    assert np.abs(result.complex_voltage[:, 0, 0] - alone.complex_voltage).max() <= 1e-8
    assert result.unbalance.max() <= 1e-9


def test_a_step_too_high_is_flagged_and_leaves_the_others_alone():
    network = phases(7)
    active, reactive = loads(network, 7, BLOCK + 3)
    active[3, 0, 1], active[4, 1, 5] = np.nan, 1e12
    found = PhasePowerFlow(network).solve(active, reactive)
    assert set(np.flatnonzero(~found.converged)) == {1, 5}
    assert np.isnan(found.voltage[..., [1, 5]]).all()
    alone = PhasePowerFlow(network).solve(active[..., 2:3], reactive[..., 2:3])
    assert np.array_equal(alone.complex_voltage[..., 0], found.complex_voltage[..., 2])


def test_a_neutral_is_reduced_away():
    """Currents of the phases alone drop what the four wires do with the neutral earthed."""
    rng = np.random.default_rng(1)
    part = rng.uniform(0.1, 0.2, (1, 4, 4))
    wires = part + part.transpose(0, 2, 1) + 2j * np.eye(4)
    reduced = kron_reduced(wires)
    current = np.array([1.0, -0.3 + 0.2j, 0.1j])
    neutral = -(wires[0, 3, :3] @ current) / wires[0, 3, 3]
    drop = wires[0] @ np.append(current, neutral)
    assert reduced[0] @ current == pytest.approx(drop[:3])
    assert drop[3] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(DataError, match="neutral"):
        kron_reduced(np.zeros((1, 4, 4), complex))


def test_unbalance_is_negative_over_positive_sequence():
    sequence = np.array([[0.01, 1.0, 0.02]], complex)
    voltage = in_phases(np.eye(3, dtype=complex)[:1])  # shape check of the blocks
    assert voltage.shape == (1, 3, 3)
    turn = np.exp(2j * np.pi / 3)
    abc = np.array(
        [
            sum(s * turn ** (k * p) for k, s in zip((0, -1, 1), sequence[0], strict=True))
            for p in range(3)
        ]
    )
    assert unbalance(abc[None, :, None]) == pytest.approx(0.02)


def test_what_cannot_be_said_is_refused_by_name():
    net = networks.ieee_european_lv_asymmetric()
    net.trafo["vector_group"] = "Yzn"
    with pytest.raises(DataError, match="Yzn"):
        from_pandapower_phases(net)
    with pytest.raises(DataError, match="r0_ohm_per_km"):
        from_pandapower_phases(networks.case33bw())
    network = phases(2)
    with pytest.raises(ConfigError, match="3 phases"):
        PhasePowerFlow(network).solve(np.zeros((14, 2, 1)), np.zeros((14, 2, 1)))
    ring = replace(
        network.balanced,
        from_bus=np.append(network.balanced.from_bus[:-1], 0),
        to_bus=np.append(network.balanced.to_bus[:-1], 5),
    )
    with pytest.raises(ModelError, match="meshed"):
        PhasePowerFlow(replace(network, balanced=ring))


def street(**grid):
    """A medium-voltage source, a transformer Dyn and a street with loads on single phases."""
    net = pandapower.create_empty_network(sn_mva=1.0)
    for kv in (10.0, 0.4, 0.4, 0.4, 0.4):
        pandapower.create_bus(net, vn_kv=kv)
    pandapower.create_ext_grid(net, 0, vm_pu=1.02, **grid)
    pandapower.create_std_type(
        net,
        {
            "sn_mva": 0.4,
            "vn_hv_kv": 10.0,
            "vn_lv_kv": 0.4,
            "vk_percent": 4.0,
            "vkr_percent": 1.2,
            "pfe_kw": 0.9,
            "i0_percent": 0.3,
            "shift_degree": 150,
            "vector_group": "Dyn",
            "tap_side": "hv",
            "tap_neutral": 0,
            "tap_min": -2,
            "tap_max": 2,
            "tap_step_percent": 2.5,
            "tap_step_degree": 0.0,
            "tap_changer_type": "Ratio",
            "vk0_percent": 3.8,
            "vkr0_percent": 1.1,
            "mag0_percent": 100.0,
            "mag0_rx": 0.0,
            "si0_hv_partial": 0.9,
        },
        "own",
        "trafo",
    )
    pandapower.create_transformer(net, 0, 1, "own", tap_pos=1)
    for start, end in ((1, 2), (2, 3), (2, 4)):
        pandapower.create_line_from_parameters(
            net, start, end, 0.2, 0.2, 0.08, 250.0, 0.2,
            r0_ohm_per_km=0.8, x0_ohm_per_km=0.32, c0_nf_per_km=120.0, parallel=1,
        )  # fmt: skip
    pandapower.create_asymmetric_load(net, 3, p_a_mw=0.02, q_a_mvar=0.004, p_c_mw=0.005)
    pandapower.create_asymmetric_load(net, 4, p_b_mw=0.012, scaling=0.8)
    pandapower.create_asymmetric_sgen(net, 4, p_c_mw=0.01)
    pandapower.create_load(net, 2, 0.03, 0.006)
    pandapower.create_sgen(net, 3, 0.009, type="wye")  # pandapower drops those of other types
    return net


SHORT_CIRCUIT = {"s_sc_max_mva": 100.0, "rx_max": 0.1, "x0x_max": 1.0, "r0x0_max": 0.1}


def test_the_command_writes_pandapowers_tables_of_three_phases(tmp_path):
    net = street(**SHORT_CIRCUIT)
    pandapower.to_json(net, str(tmp_path / "street.json"))
    target = tmp_path / "out.json"
    command = ["solve", str(tmp_path / "street.json"), "--phases", "-o", str(target)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "phase a" in done.output
    assert "largest voltage unbalance" in done.output
    pandapower.runpp_3ph(net, tolerance_mva=1e-10)
    content = json.loads(target.read_text())
    for table in ("res_bus_3ph", "res_line_3ph"):
        ours, theirs = pd.DataFrame(**content[table]), net[table]
        assert set(ours.columns) == set(theirs.columns)
        assert ours.index.equals(theirs.index)
        for column in theirs:
            close = 1e-4 if column.endswith(("percent", "degree")) else 1e-6
            first, second = ours[column].to_numpy(float), theirs[column].to_numpy(float)
            assert first == pytest.approx(second, abs=close), column


def test_elements_without_a_place_in_three_phases_are_refused_by_name():
    net = street()
    pandapower.create_shunt(net, 2, 0.01, name="capacitor")
    with pytest.raises(DataError, match=r"shunt 0 \(capacitor\) at bus 2"):
        from_pandapower_phases(net)
    net = street()
    net.asymmetric_load.loc[1, "type"] = "delta"
    with pytest.raises(DataError, match="asymmetric_load 1"):
        from_pandapower_phases(net)
    net = street()
    net.trafo["xn_ohm"] = 1.0
    with pytest.raises(DataError, match="star point"):
        from_pandapower_phases(net)
    with pytest.raises(DataError, match="rx_max"):
        from_pandapower_phases(street(s_sc_max_mva=100.0))
    with pytest.raises(ConfigError, match="knows no phases"):
        read_phases("simbench:1-LV-urban6--2-sw")
