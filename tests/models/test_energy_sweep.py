"""The sweep against dense linear algebra, on random forests with taps, shunts and mixed loads."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.energy.flow.block.kernels import BLOCK
from models.energy.flow.network import LINE, TRANSFORMER, Network
from models.energy.flow.solve import PowerFlow
from twin.errors import ConfigError, DataError, ModelError


def forest(seed, buses=14, slacks=2):
    """Random trees: branches either way round, ratios, shifts, shunts, ZIP loads."""
    rng = np.random.default_rng(seed)
    child = np.arange(slacks, buses)
    parent = np.array([rng.integers(0, bus) for bus in child])
    turned = rng.random(len(child)) < 0.5
    unit = rng.random(len(child)) < 0.3
    ratio = rng.uniform(0.95, 1.05, len(child)) * np.exp(1j * rng.uniform(-3, 3, len(child)))
    count = len(child)
    current, impedance = rng.uniform(0, 0.4, (2, buses)) * (rng.random(buses) < 0.5)
    return Network(
        bus_names=np.array([f"bus {i}" for i in range(buses)]),
        nominal_voltage=np.full(buses, 400.0),
        base_power=1e6,
        branch_names=np.array([f"branch {i}" for i in range(count)]),
        from_bus=np.where(turned, child, parent),
        to_bus=np.where(turned, parent, child),
        kind=np.where(unit, TRANSFORMER, LINE),
        series=rng.uniform(0.01, 0.05, count) + 1j * rng.uniform(0.01, 0.05, count),
        from_shunt=1j * rng.uniform(0, 0.1, count),
        to_shunt=rng.uniform(0, 0.05, count) + 1j * rng.uniform(0, 0.1, count),
        ratio=np.where(unit, ratio, 1.0),
        rating=np.full(count, 1e3),
        closed=np.ones(count, bool),
        shunt=1j * rng.uniform(-0.1, 0.1, buses),
        slack=np.arange(slacks),
        slack_voltage=rng.uniform(0.98, 1.04, slacks) * np.exp(1j * rng.uniform(-1, 1, slacks)),
        constant_current=current,
        constant_impedance=impedance,
    )


def loads(network, seed, steps):
    rng = np.random.default_rng(seed + 1)
    shape = (len(network.bus_names), steps)
    return rng.uniform(-3e4, 6e4, shape), rng.uniform(-2e4, 3e4, shape)


def dense(network, active, reactive):
    """Voltages of one step by fixed point on the whole admittance matrix."""
    buses = len(network.bus_names)
    y = np.diag(network.shunt.astype(complex))
    for k in np.flatnonzero(network.closed):
        f, t, a, s = network.from_bus[k], network.to_bus[k], network.ratio[k], network.series[k]
        y[f, f] += (1 / s + network.from_shunt[k]) / abs(a) ** 2
        y[t, t] += 1 / s + network.to_shunt[k]
        y[f, t] -= 1 / s / np.conj(a)
        y[t, f] -= 1 / s / a
    fixed = network.slack
    free = np.setdiff1d(np.arange(buses), fixed)
    voltage = np.zeros(buses, complex)
    voltage[fixed] = network.slack_voltage
    own = -np.linalg.solve(y[np.ix_(free, free)], y[np.ix_(free, fixed)] @ network.slack_voltage)
    voltage[free] = own
    i, z = network.constant_current, network.constant_impedance
    for _ in range(200):
        size = np.abs(voltage)
        power = (active + 1j * reactive) * (1 - i - z + i * size + z * size**2)
        drawn = np.conj(power / voltage)[free] / network.base_power
        voltage[free] = own - np.linalg.solve(y[np.ix_(free, free)], drawn)
    return voltage, y


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_any_forest_has_the_voltages_of_the_full_matrix(seed, slacks):
    network = forest(seed, slacks=slacks)
    active, reactive = loads(network, seed, 3)
    found = PowerFlow(network).solve(active, reactive)
    for step in range(3):
        expected, y = dense(network, active[:, step], reactive[:, step])
        assert np.abs(found.complex_voltage[:, step] - expected).max() <= 1e-8
        given_there = expected * np.conj(y @ expected) * network.base_power
        slack = network.slack
        drawn = found.demand()[slack, step]
        assert found.infeed()[:, step] == pytest.approx(given_there[slack] + drawn, rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_ratios_that_change_are_those_of_each_step_alone(seed):
    network = forest(seed)
    active, reactive = loads(network, seed, 5)
    rows = np.array([6, 1, 9])
    values = np.random.default_rng(seed).uniform(0.95, 1.05, (3, 5)) + 0j
    found = PowerFlow(network).solve(active, reactive, ratio=(rows, values))
    for step in range(5):
        ratio = network.ratio.copy()
        ratio[rows] = values[:, step]
        alone = PowerFlow(replace(network, ratio=ratio)).solve(active[:, step], reactive[:, step])
        assert np.abs(found.complex_voltage[:, step] - alone.complex_voltage).max() <= 1e-8
        assert found.loading()[:, step] == pytest.approx(alone.loading(), rel=1e-6)
        assert found.losses()[:, step] == pytest.approx(alone.losses(), rel=1e-6, abs=1e-3)


def test_a_step_is_the_same_to_the_bit_whatever_stands_beside_it():
    network = forest(3)
    active, reactive = loads(network, 3, 2 * BLOCK + 5)
    active[4, 7], reactive[5, 9], active[6, 70] = np.nan, np.inf, 1e12
    flow = PowerFlow(network)
    found = flow.solve(active, reactive)
    bad = {7, 9, 70}
    assert set(np.flatnonzero(~found.converged)) == bad
    assert np.isnan(found.voltage[:, sorted(bad)]).all()
    for step in set(range(active.shape[1])) - bad:
        alone = flow.solve(active[:, [step]], reactive[:, [step]])
        assert np.array_equal(alone.complex_voltage[:, 0], found.complex_voltage[:, step])
        assert alone.iterations[0] == found.iterations[step]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_magnitudes_alone_are_those_of_the_complex_voltages(seed, zip_loads, taps):
    network = forest(seed)
    if not zip_loads:
        none = np.zeros(len(network.bus_names))
        network = replace(network, constant_current=none, constant_impedance=none)
    active, reactive = loads(network, seed, BLOCK + 3)
    active[5, 4] = 1e12
    ratio = (np.array([3, 7]), np.full((2, BLOCK + 3), 1.02 + 0j)) if taps else None
    flow = PowerFlow(network)
    whole = flow.solve(active, reactive, ratio=ratio)
    alone = flow.solve(active, reactive, ratio=ratio, want="magnitude")
    assert np.array_equal(whole.converged, alone.converged)
    assert np.isnan(alone.voltage[:, 4]).all()
    good = whole.converged
    assert np.abs(whole.voltage[:, good] - alone.voltage[:, good]).max() <= 1e-9
    with pytest.raises(ConfigError, match="want='complex'"):
        alone.losses()
    with pytest.raises(ConfigError, match="magnitude"):
        flow.solve(active, reactive, want="angle")


def test_voltages_of_the_slacks_may_change_from_step_to_step():
    network = forest(5)
    active, reactive = loads(network, 5, 3)
    voltage = network.slack_voltage[:, None] * np.array([0.97, 1.0, 1.03])
    found = PowerFlow(network).solve(active, reactive, slack_voltage=voltage)
    mesh = PowerFlow(network, method="meshed").solve(active, reactive, slack_voltage=voltage)
    assert np.abs(found.complex_voltage - mesh.complex_voltage).max() <= 1e-8
    assert found.complex_voltage[network.slack] == pytest.approx(voltage)


def test_switches_move_load_to_another_way():
    """A ring is opened at one branch and then at another: both are radial, and differ."""
    network = forest(8, slacks=1)
    ring = replace(
        network,
        branch_names=np.append(network.branch_names, "tie"),
        from_bus=np.append(network.from_bus, 12),
        to_bus=np.append(network.to_bus, 13),
        kind=np.append(network.kind, LINE),
        ratio=np.ones(14, complex),
        series=np.append(network.series, 0.02 + 0.02j),
        from_shunt=np.append(network.from_shunt, 0.0),
        to_shunt=np.append(network.to_shunt, 0.0),
        rating=np.append(network.rating, 1e3),
        closed=np.append(network.closed, False),
    )
    active, reactive = loads(ring, 8, 1)
    active, reactive = active[:, 0], reactive[:, 0]
    flow = PowerFlow(ring)
    before = flow.solve(active, reactive)
    flow.switch(np.ones(14, bool))
    assert not flow.radial
    closed = flow.solve(active, reactive)
    expected, _ = dense(replace(ring, closed=np.ones(14, bool)), active, reactive)
    assert np.abs(closed.complex_voltage - expected).max() <= 1e-8
    with pytest.raises(ModelError, match="closes a loop"):
        PowerFlow(replace(ring, closed=np.ones(14, bool)), method="sweep").solve(active, reactive)
    other = np.ones(14, bool)
    other[flow.loops[0]] = False
    flow.switch(other)
    assert flow.radial
    expected, _ = dense(replace(ring, closed=other), active, reactive)
    assert np.abs(flow.solve(active, reactive).complex_voltage - expected).max() <= 1e-8
    flow.switch(ring.closed)
    assert np.array_equal(flow.solve(active, reactive).voltage, before.voltage)


def test_a_slack_out_of_service_leaves_its_tree_dark():
    network = forest(2, slacks=2)
    flow = PowerFlow(network)
    flow.switch(network.closed, np.array([True, False]))
    active, reactive = loads(network, 2, 1)
    found = flow.solve(active[:, 0], reactive[:, 0])
    assert not flow.supplied[1]
    assert np.all((found.voltage > 0.0) == flow.supplied)
    assert found.infeed()[1] == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"series": 0.0}, "branch 'branch 3 from bus .* to bus .*' has a series impedance of 0"),
        (
            {"series": np.nan},
            "branch 'branch 3 from bus .* to bus .*' has a series that is not finite",
        ),
        ({"rating": 0.0}, "branch 'branch 3 from bus .*' has no rating"),
        ({"to_bus": 99}, "branch 'branch 3' has an end at no bus"),
    ],
)
def test_what_is_no_network_is_refused_by_name(changes, message):
    network = forest(1)
    ((name, value),) = changes.items()
    values = getattr(network, name).copy()
    values[3] = value
    with pytest.raises(DataError, match=message):
        PowerFlow(replace(network, **{name: values}))


def test_a_line_between_two_nominal_voltages_lacks_a_transformer():
    network = forest(1)
    row = int(np.flatnonzero(network.kind == LINE)[0])
    nominal = network.nominal_voltage.copy()
    nominal[network.to_bus[row]] = 20_000.0
    with pytest.raises(DataError, match="a transformer is missing"):
        PowerFlow(replace(network, nominal_voltage=nominal))


def test_no_slack_and_wrong_shapes_are_named():
    network = forest(1)
    with pytest.raises(DataError, match="no slack"):
        PowerFlow(replace(network, slack=np.empty(0, np.int64), slack_voltage=np.empty(0, complex)))
    with pytest.raises(ConfigError, match="shape"):
        PowerFlow(network).solve(np.zeros(3), np.zeros(3))
