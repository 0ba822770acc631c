"""Households: a mean that is the standard profile, peaks that are not, water, and habits."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.energy import demand
from models.energy.demand import dwellings_peak
from models.energy.homes import kernels
from models.energy.homes.agents import Society
from models.energy.homes.households import BASE, KINDS, Households, Water, rates
from models.energy.profiles import Profiles
from tests.models.energy_life import built
from twin.core.random import Streams

WATER = Water(1.5, 2.6, 45.0)
DAYS = 28
HOMES = 400


@pytest.fixture(scope="module")
def city():
    found = built(blocks=2)
    building = found["building"]
    homes = building["use"] == "residential"
    building["people"] = np.where(homes, 2.0 * np.rint(HOMES / homes.sum()), 0.0)
    return found


@pytest.fixture(scope="module")
def profiles(city):
    return Profiles(city["load_profile"], ("h0",), "")


def households(city, seed=1):
    return Households(city, Streams(seed), demand.annual(city["building"]))


def lived(homes, profiles, days=DAYS, *, moves=False, electric=False, waits=False, price=None):
    """Appliances, tapped and heated; (days · 96, n_building) W."""
    every = np.ones(len(homes), dtype=bool)
    night = np.repeat([h < 6 or h >= 22 for h in range(24)], 4)
    price = np.full(192, 0.3) if price is None else price
    found = []
    for n in range(days):
        when = date(2025, 1, 6) + timedelta(days=n)
        profile = np.array([profiles.at(when, 900.0 * q)[0] for q in range(96)])
        day = homes.day(
            when, profile, price, every & moves, every & electric, every & waits, night, WATER
        )
        heated = [homes.tanks(q, np.ones(homes.buildings, dtype=bool)).copy() for q in range(96)]
        found.append((day.appliances, day.tapped, np.array(heated)))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


@pytest.fixture(scope="module")
def winter(city, profiles):
    homes = households(city)
    return homes, lived(homes, profiles)[0]


def test_the_mean_of_many_homes_is_the_standard_profile(winter, profiles):
    homes, power = winter
    days = [date(2025, 1, 6) + timedelta(days=n) for n in range(DAYS)]
    wanted = np.array([[profiles.at(d, 900.0 * q)[0] for q in range(96)] for d in days])
    energy = homes.energy.sum()
    assert power.sum() == pytest.approx(wanted.sum() * energy, rel=0.01)
    hours = power.sum(axis=1).reshape(DAYS, 24, 4).mean(axis=(0, 2))
    expected = wanted.reshape(DAYS, 24, 4).mean(axis=(0, 2)) * energy
    assert hours == pytest.approx(expected, rel=0.05)


@given(st.lists(st.floats(0.04, 0.5), min_size=24, max_size=24))
def test_rates_add_up_to_any_profile(hours):
    """Starts of each kind, run for their length, and the base give the profile back."""
    profile = np.repeat(hours, 4)
    base = min(BASE * 1000.0 / 8760.0, profile.min())
    cumulative, mean = rates(profile, base)
    starts = np.diff(cumulative, axis=1, prepend=0.0)
    total = np.full(96, base)
    for row, kind in zip(starts, KINDS, strict=False):
        total += sum(np.roll(row, n) for n in range(kind.length)) * kind.power
    total += starts[-1] * 600.0
    assert (starts >= 0).all()
    assert total == pytest.approx(profile, rel=1e-9)
    assert mean == pytest.approx(profile)


def test_peaks_fall_with_the_number_of_homes_as_planners_know(city, profiles):
    """After-diversity peaks lie below what DIN 18015-1 plans for, and above the profile's."""
    homes = households(city)
    buildings = len(city["building"])
    # One home a building, of the size of 3,000 kWh a year.
    homes.owner = np.arange(len(homes)) % buildings
    homes.energy = np.full(len(homes), 3000.0)
    one = Households.__new__(Households)
    one.__dict__.update(homes.__dict__)
    one.buildings = len(homes)
    one.owner = np.arange(len(homes))
    one._spill = None
    power = lived(one, profiles)[0] / 1000.0
    single = power.max(axis=0)
    assert 3.5 < np.median(single) < 6.5
    together = {n: power[:, :n].sum(axis=1).max() / n for n in (10, 100)}
    assert 1.2 < together[10] < 2.5
    assert 0.8 < together[100] < 1.2
    for count, peak in {1: np.median(single), **together}.items():
        assert peak < dwellings_peak(count) / count / 1000.0


def test_the_same_seed_gives_the_same_homes_and_another_other_ones(city, profiles):
    one, two, three = (lived(households(city, s), profiles, 2)[0] for s in (1, 1, 2))
    assert (one == two).all()
    assert (one != three).any()


def test_hot_water_is_what_people_use(city, profiles):
    homes = households(city)
    _, tapped, heated = lived(homes, profiles)
    assert not heated.any()
    daily = tapped.sum() / 4000.0 / DAYS / homes.persons.sum()
    assert daily == pytest.approx(1.5, rel=0.03)


def test_electric_tanks_give_back_what_they_took_less_their_losses(city, profiles):
    homes = households(city)
    before = homes._level.sum()
    _, tapped, heated = lived(homes, profiles, electric=True)
    assert not tapped.any()
    stored = homes._level.sum() - before
    used = heated.sum() / 4000.0 - stored - len(homes) * 0.045 * 24 * DAYS
    assert used == pytest.approx(1.5 * DAYS * homes.persons.sum(), rel=0.03)


def test_tanks_that_wait_heat_at_night(city, profiles):
    free, waiting = households(city), households(city)
    by_day = lived(free, profiles, electric=True)[2]
    by_night = lived(waiting, profiles, electric=True, waits=True)[2]
    night = np.tile(np.repeat([h < 6 or h >= 22 for h in range(24)], 4), DAYS)
    assert by_night[night].sum() > 0.75 * by_night.sum()
    assert by_day[night].sum() < 0.5 * by_day.sum()
    assert (waiting._level > -2.0).all()


def test_moved_runs_are_the_same_energy_at_a_lower_price(city, profiles):
    price = np.tile(np.repeat(np.where(np.arange(24) < 17, 0.1, 0.4), 4), 2)
    as_ever, moved = households(city), households(city)
    base = lived(as_ever, profiles, price=price)[0]
    other = lived(moved, profiles, price=price, moves=True)[0]
    assert other.sum() == pytest.approx(base.sum(), rel=0.01)
    cost = np.tile(price[:96], DAYS)
    assert (other.sum(axis=1) * cost).sum() < 0.99 * (base.sum(axis=1) * cost).sum()
    assert moved.shifted[0] > 0
    assert as_ever.shifted[0] == 0
    assert moved.shifted[0] < moved.movable() * base.sum() / 4000.0


@given(
    st.integers(0, 95),
    st.integers(1, 8),
    st.lists(st.floats(0.0, 1.0), min_size=192, max_size=192),
)
def test_cheapest(start, length, price):
    prices = np.array(price)
    longer = np.concatenate([prices, np.full(200, prices[-1])])
    costs = [longer[b : b + length].sum() for b in range(start, start + kernels.AHEAD + 1)]
    found = kernels.cheapest(start, length, prices)
    assert start <= found <= start + kernels.AHEAD
    assert costs[found - start] == pytest.approx(min(costs), abs=1e-9)


@given(st.floats(0.01, 40.0), st.integers(0, 2**32 - 1))
def test_poisson(mean, seed):
    chances = np.random.default_rng(seed).random(400)
    found = np.array([kernels.poisson(mean, u) for u in chances])
    assert abs(found.mean() - mean) < 5.0 * np.sqrt(mean / 400) + 0.01
    assert (found[np.argsort(chances)] == np.sort(found)).all()


def test_households_decide_by_what_it_saves_and_what_it_troubles():
    effort = np.array([0.0, 0.02, 0.05, 0.2, 0.0])
    society = Society(np.full(5, 1.0), effort, np.random.default_rng(1))
    members = np.array([True, True, True, True, False])
    assert not society.decide(members, 0.0).any()
    assert society.decide(members, 0.03).tolist() == [True, True, False, False, False]
    assert society.decide(members, 0.10).tolist() == [True, True, True, False, False]
    assert society.decide(~members, 0.10).tolist() == [False] * 4 + [True]


def test_some_homes_have_no_dryer_and_the_others_all_its_energy(city):
    owned = households(city)._owned
    dryer = owned[:, 3]
    assert 0.3 < (dryer > 0).mean() < 0.6
    assert dryer.mean() == pytest.approx(1.0, abs=0.25)
    assert (owned[:, [0, 2, 4]] == 1.0).all()
