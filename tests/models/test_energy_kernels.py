"""Each kernel against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.energy import kernels

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(0, 1), st.floats(0, 1))
def test_presence(seed, at_home, at_work):
    rng = np.random.default_rng(seed)
    n = 50
    present = rng.uniform(-3, 30, n)
    residents, jobs = rng.integers(0, 20, n).astype(float), rng.integers(0, 9, n).astype(float)
    follow, use = rng.uniform(0, 1, 4), rng.integers(0, 4, n)
    out = np.empty(n)
    kernels.presence(present, residents, jobs, follow, use, at_home, at_work, out)
    expected = residents * at_home + jobs * at_work
    full = residents + 0.7 * jobs
    known = (present >= 0) & (full > 0)
    more = np.clip((present - expected) / np.where(known, full, 1.0), -1, 1)
    assert out == pytest.approx(np.where(known, 1 + follow[use] * more, 1.0))


@given(SEEDS, st.floats(-25, 35), st.sampled_from([0.0, 60.0, 900.0, 86_400.0]))
def test_heat(seed, outdoor, dt):
    rng = np.random.default_rng(seed)
    n, loss, capacity, gain, highest = 30, 1.4, 165_000.0, 5.6, 45.0
    indoor, setpoint = rng.uniform(5, 28, n), rng.uniform(10, 24, n)
    before, out = indoor.copy(), np.empty(n)
    kernels.heat(indoor, setpoint, outdoor, loss, capacity, gain, highest, dt, out)
    decay = np.exp(-dt * loss / capacity)
    need = (setpoint - before * decay) / (1 - decay) if dt else setpoint
    power = np.clip(loss * (need - outdoor) - gain, 0, highest)
    steady = outdoor + (gain + power) / loss
    assert out == pytest.approx(power)
    assert indoor == pytest.approx(steady + (before - steady) * decay)


@given(st.floats(-12, 10))
def test_heat_balances_over_a_step(outdoor):
    """Energy stored = gain + heat - losses, against a fine explicit integration."""
    indoor, out = np.array([19.0]), np.empty(1)
    kernels.heat(indoor, np.array([20.0]), outdoor, 1.4, 165_000.0, 5.6, 45.0, 900.0, out)
    room = 19.0
    for _ in range(9000):
        room += 0.1 * (1.4 * (outdoor - room) + 5.6 + out[0]) / 165_000.0
    assert indoor[0] == pytest.approx(room, abs=1e-5)


@given(SEEDS)
def test_load(seed):
    rng = np.random.default_rng(seed)
    n = 40
    home, work, heating = rng.uniform(0, 1e4, (3, n))
    use, profile, factor = rng.integers(0, 3, n), rng.uniform(0, 0.3, 3), rng.uniform(0, 2, n)
    out_home, out_work = np.empty(n), np.empty(n)
    kernels.load(home, work, use, profile, 0.2, factor, heating, 0.07, out_home, out_work)
    heat = heating * 0.07
    assert out_home == pytest.approx(home * 0.2 * factor + np.where(use == 0, heat, 0))
    assert out_work == pytest.approx(work * profile[use] * factor + np.where(use == 0, 0, heat))


@given(SEEDS)
def test_add_to_buses(seed):
    rng = np.random.default_rng(seed)
    power, base = rng.uniform(0, 1e4, 60), rng.uniform(0, 1e4, 20)
    bus, out = rng.integers(-1, 20, 60), np.empty(20)
    kernels.add_to_buses(power, bus, base, out)
    linked = bus >= 0
    assert out == pytest.approx(base + np.bincount(bus[linked], power[linked], minlength=20))


@given(SEEDS)
def test_count_outside(seed):
    rng = np.random.default_rng(seed)
    values, where = np.maximum(rng.uniform(-0.3, 1.3, 50), 0.0), rng.random(50) < 0.7
    wanted = where & (values > 0) & ((values < 0.9) | (values > 1.1))
    assert kernels.count_outside(values, where, 0.9, 1.1) == wanted.sum()
