"""A city without power: no heat, no hot water, no batteries; and what comes when it is back."""

from datetime import datetime

import numpy as np
import pytest

from models.energy import roofs
from tests.models.energy_life import built, living
from twin.city.features import Features
from twin.core.time import minutes

COLD = datetime(2025, 1, 14)
DARK, LIGHT = 6.0, 12.0
"""Hours between which a life has no power."""


@pytest.fixture(scope="module")
def city():
    found = built(blocks=3)
    roofs.RoofBuilder().build(found, Features())
    return found


def lived(city, *, outage, each=lambda model, hour: None, **parameters):
    """A day in the frost, with or without an outage of all transformers."""
    model = living(city, COLD, **({"heat_pumps": 1.0, "direct_heating": 0.0} | parameters))
    model["weather.temperature"][:] = -10.0
    for step in range(24 * 4 + 1):
        hour = step / 4
        if outage:
            on = 0.0 if DARK <= hour < LIGHT else 1.0
            model.world.controls.set("energy.supply", on, now=0, by="test")
        model.step(minutes(60 * hour))
        each(model, hour)
    return model


@pytest.mark.parametrize(
    "heating",
    [
        {"heat_pumps": 1.0},
        {"heat_pumps": 0.0, "direct_heating": 1.0},
        {"heat_pumps": 0.0, "gas": 1.0},
        {"heat_pumps": 0.0, "gas": 0.0},
    ],
)
def test_without_power_nothing_is_heated_and_rooms_cool(city, heating):
    heat, rooms = [], []

    def watch(model, hour):
        if DARK <= hour < LIGHT:
            loads = model._accounts._rates[1]
            heat.append(loads[5] + loads[6])
            rooms.append(model._buildings.indoor.mean())

    dark = lived(city, outage=True, each=watch, **heating).measure()
    light = lived(city, outage=False, **heating).measure()
    assert max(heat) == 0.0
    assert (np.diff(rooms) < 0.0).all()
    assert rooms[-1] < rooms[0] - 0.5
    assert dark["energy.cold_rooms"] > light["energy.cold_rooms"] == 0.0
    assert dark["energy.heat"] < light["energy.heat"]


def test_tanks_cool_without_power_and_are_not_in_debt(city):
    levels = []
    model = lived(
        city, outage=True, each=lambda m, hour: levels.append(m._buildings.homes._level.copy())
    )
    held = np.array(levels)[int(DARK * 4) : int(LIGHT * 4)]
    assert (np.diff(held, axis=0) <= 1e-12).all()
    assert held[-1].sum() < 0.8 * held[0].sum()
    assert held.min() >= 0.0
    assert levels[-1].sum() > held[-1].sum()
    assert model.measure()["energy.unserved"] > 0.0


def test_everything_comes_on_together_when_power_is_back(city):
    load, loading = {}, {}
    for outage in (False, True):
        power, transformers = {}, {}

        def watch(model, hour, power=power, transformers=transformers):
            power[hour] = float(model["energy.building_power"].sum())
            transformers[hour] = float(model["energy.transformer_loading"].max())

        lived(city, outage=outage, each=watch)
        load[outage], loading[outage] = power, transformers
    assert load[True][LIGHT - 0.25] == 0.0
    assert load[True][LIGHT] > 1.3 * load[False][LIGHT]
    assert loading[True][LIGHT] > 1.2 * loading[False][LIGHT]
    more = {hour: load[True][hour] - load[False][hour] for hour in (LIGHT, 23.0)}
    assert more[23.0] < 0.7 * more[LIGHT]


def test_what_is_not_supplied_is_what_would_have_been_drawn(city):
    dark, light = (lived(city, outage=on).measure() for on in (True, False))
    lacking = light["energy.buildings"] - dark["energy.buildings"]
    # What heating makes up for afterwards was not supplied all the same.
    assert dark["energy.unserved"] > lacking
    assert dark["energy.unserved"] == pytest.approx(light["energy.buildings"] * 6 / 24, rel=0.35)


def test_batteries_at_home_wait_for_the_grid(city):
    levels, taken = [], []

    def watch(model, hour):
        levels.append(model._buildings._level.sum())
        taken.append(np.abs(model._buildings._stored).sum())

    def with_batteries(model, hour):
        if hour == 0.0:
            model["energy.solar"][:] = 1.0
            model["energy.battery"][:] = 2.0
            model["energy.tariff"][:] = 2.0
        watch(model, hour)

    lived(city, outage=True, each=with_batteries)
    first, last = int(DARK * 4), int(LIGHT * 4)
    assert levels[first - 1] > 0.0
    assert set(levels[first:last]) == {levels[first - 1]}
    assert max(taken[first:last]) == 0.0
    assert max(taken) > 0.0


def test_a_building_with_power_does_not_notice_an_outage_elsewhere(city):
    one = living(city, COLD)
    two = living(city, COLD)
    of = city["bus"]["transformer"][city.link("building", "bus").indices]
    assert len(np.unique(of)) > 1
    two.world.controls.set("energy.supply", 0.0, now=0, by="test", rows=np.array([0]))
    for step in range(8):
        for model in (one, two):
            model.step(minutes(15 * step))
    lit = of != 0
    assert (two["energy.building_power"][~lit] == 0.0).all()
    assert (two["energy.building_power"][lit] == one["energy.building_power"][lit]).all()
