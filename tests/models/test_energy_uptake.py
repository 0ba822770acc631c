"""Who takes part: by chance, but the same share of the city for every seed."""

from __future__ import annotations

import numpy as np
import pytest

from models.energy import uptake
from tests.models.energy_life import built
from twin.core.random import Streams


@pytest.fixture(scope="module")
def city():
    found = built(blocks=6)
    building, rng = found["building"], np.random.default_rng(1)
    building["floor_area"] = building["floor_area"] * rng.lognormal(0.0, 1.0, len(building))
    return found


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_a_share_of_buildings_is_that_share_of_their_area_for_every_seed(city, share):
    area = city["building"]["floor_area"]
    counts, parts, plain = [], [], []
    for seed in range(20):
        chosen = uptake.buildings(city, Streams(seed), "heating", share)
        counts.append(chosen.mean())
        parts.append(area[chosen].sum() / area.sum())
        other = np.random.default_rng(seed).random(len(area)) < share
        plain.append(area[other].sum() / area.sum())
    assert np.abs(np.array(counts) - share).max() < 0.01
    assert np.mean(parts) == pytest.approx(share, abs=0.01)
    assert np.std(parts) < 0.4 * np.std(plain)


def test_each_building_has_the_same_chance_and_seeds_differ(city):
    drawn = np.array([uptake.draws(city, Streams(seed), "solar") for seed in range(300)])
    assert ((drawn > 0.0) & (drawn < 1.0)).all()
    assert np.abs(drawn.mean(axis=0) - 0.5).max() < 0.09
    assert (drawn[0] != drawn[1]).any()
    again = uptake.draws(city, Streams(0), "solar")
    assert (drawn[0] == again).all()


def test_purposes_are_independent(city):
    both = [
        (uptake.draws(city, Streams(s), "solar") < 0.5)
        & (uptake.draws(city, Streams(s), "heating") < 0.5)
        for s in range(40)
    ]
    assert np.mean(both) == pytest.approx(0.25, abs=0.02)
