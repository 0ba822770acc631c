"""The unbalanced power flow against pandapower, dense linear algebra and the balanced one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
