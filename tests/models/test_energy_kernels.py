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


def house(n, rng, **fixed):
    """Random buildings, as :func:`kernels.rooms` wants them."""
    found = {
        "opaque": rng.uniform(0.1, 1.5, n),
        "windows": rng.uniform(0.05, 0.8, n),
        "air": rng.uniform(0.1, 1.0, n),
        "inner": rng.uniform(0.0, 8.0, n),
        "solar": rng.uniform(0.0, 20.0, n),
        "highest": rng.uniform(20.0, 80.0, n),
        "coldest": np.maximum(rng.uniform(-20.0, 40.0, n), 0.0),
    }
    return found | fixed


def live(indoor, mass, setpoint, outdoor, house, dt, warmest=26.0, capacity=165_000.0):
    out = np.empty(len(indoor))
    kernels.rooms(indoor, mass, setpoint, warmest, outdoor, *house.values(), capacity, dt, out)
    return out


@given(SEEDS, st.floats(-25, 35), st.sampled_from([60.0, 900.0, 3600.0]))
def test_rooms(seed, outdoor, dt):
    """Against the three balances of ISO 13790, annex C, solved as a linear system."""
    rng = np.random.default_rng(seed)
    n, capacity = 20, 165_000.0
    h = house(n, rng)
    setpoint, mass = rng.uniform(10, 24, n), rng.uniform(10, 25, n)
    before, indoor = mass.copy(), mass + rng.uniform(-2, 2, n)
    opened = (indoor > kernels.OPEN) & (indoor > outdoor) & (h["coldest"] <= 0)
    power = live(indoor, mass, setpoint, outdoor, h, dt)
    for i in range(n):
        inner, solar, w, v = h["inner"][i], h["solar"][i], h["windows"][i], h["air"][i]
        v *= kernels.OPENED if opened[i] else 1.0
        em = 1.0 / (1.0 / h["opaque"][i] - 1.0 / (2.5 * 9.1))
        ms, ins, part = 2.5 * 9.1, 4.5 * 3.45, 2.5 / 4.5
        free = 0.5 * inner + solar
        into_surface = (1 - part - w / (9.1 * 4.5)) * free
        # Unknown: end of the mass, surface, air; mass over the step is the mean of its ends.
        a = np.array(
            [
                [capacity / dt + 0.5 * (em + ms), -ms, 0.0],
                [-0.5 * ms, ms + w + ins, -ins],
                [0.0, -ins, ins + v],
            ]
        )
        b = np.array(
            [
                before[i] * (capacity / dt - 0.5 * (em + ms)) + em * outdoor + part * free,
                0.5 * ms * before[i] + w * outdoor + into_surface,
                v * outdoor + 0.5 * inner + power[i],
            ]
        )
        end, _, air = np.linalg.solve(a, b)
        assert mass[i] == pytest.approx(end, abs=1e-8)
        assert indoor[i] == pytest.approx(air, abs=1e-8)
        if 0.0 < power[i] < h["highest"][i] - 1e-9:
            assert indoor[i] == pytest.approx(setpoint[i], abs=1e-8)
        if -h["coldest"][i] + 1e-9 < power[i] < 0.0:
            assert indoor[i] == pytest.approx(26.0, abs=1e-8)


def test_a_heated_room_in_balance_loses_what_it_gets():
    rng = np.random.default_rng(1)
    h = house(3, rng, highest=np.full(3, 1e3))
    indoor, mass, setpoint = np.full(3, 20.0), np.full(3, 20.0), np.full(3, 20.0)
    first = live(indoor, mass, setpoint, -10.0, h, 0.0)
    kept = mass.copy()
    again = live(indoor, mass, setpoint, -10.0, h, 900.0)
    assert again == pytest.approx(first, rel=1e-9)
    assert mass == pytest.approx(kept, rel=1e-12)
    # The mass and the surfaces are warmer than outdoors by less than the air is.
    most = (h["opaque"] + h["windows"] + h["air"]) * 30.0
    assert (first + h["inner"] + h["solar"] < most).all()


@given(SEEDS, st.floats(0, 89), st.floats(0, 1))
def test_planes_add_up_on_the_horizontal(seed, zenith, cloud):
    rng = np.random.default_rng(seed)
    clear = 1000.0 * np.cos(np.deg2rad(zenith))
    tilt = np.array([0.0, *rng.uniform(0, 90, 5)])
    out = np.empty(6)
    kernels.planes(zenith, 170.0, clear, 1361.0, cloud, tilt, rng.uniform(0, 360, 6), out)
    total = clear * (1 - 0.75 * cloud**3.4)
    if zenith < 86:
        assert out[0] == pytest.approx(total, rel=1e-9)
    assert (out >= 0).all()


@given(SEEDS, st.floats(0, 1), st.floats(0, 1))
def test_batteries_keep_their_limits_and_lose_what_they_should(seed, buy, sell):
    rng = np.random.default_rng(seed)
    n, hours, rate, efficiency = 40, 0.25, 0.5, 0.9
    surplus = rng.uniform(-5e3, 5e3, n)
    capacity = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(1e3, 2e4, n))
    level = capacity * rng.uniform(0, 1, n)
    before, out = level.copy(), np.empty(n)
    kernels.batteries(surplus, capacity, level, rate, efficiency, buy, sell, hours, out)
    assert (level >= -1e-9).all()
    assert (level <= capacity + 1e-6).all()
    assert (abs(out) <= rate * capacity + 1e-9).all()
    root = np.sqrt(efficiency)
    taken = np.where(out > 0, out * root, out / root) * hours
    assert level - before == pytest.approx(taken, abs=1e-6)
    if buy == 0.0:
        assert (out <= np.maximum(surplus, 0) + 1e-9).all()
        assert (-out <= np.maximum(-surplus, 0) + 1e-9).all()


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
