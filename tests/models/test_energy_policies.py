"""Policies on heating, and the outage."""

from datetime import datetime

import numpy as np
import pytest
from pydantic import ValidationError

from models.energy.events import Outage
from models.energy.policies import DemandResponse, HeatingSetpoint, Thermostat
from tests.models.energy_life import built, living
from twin.core.time import minutes
from twin.errors import ConfigError, DataError
from twin.policy.view import View


@pytest.fixture(scope="module")
def city():
    return built()


def decide(policy, now, sees=()):
    world = policy.world
    view = View(world.state, world.observations, tuple(sees), True)
    for action in policy.decide(now, view):
        world.controls.set(action.port, action.values, rows=action.rows, now=now, by=policy.name)


def test_offices_are_cool_at_night_and_warm_by_day(city):
    world = living(city, datetime(2025, 1, 14, 23)).world
    policy = HeatingSetpoint(world, HeatingSetpoint.Parameters())
    policy.setup()
    office = city["building"]["use"] == "office"
    setpoint = world.state["energy.heating_setpoint"]
    decide(policy, 0)
    assert (setpoint[office] == 17).all()
    assert (setpoint[city["building"]["use"] == "residential"] == 20).all()
    decide(policy, minutes(7 * 60))
    assert (setpoint == 20).all()


def test_heating_hours_are_written_as_in_every_policy(city):
    world = living(city, datetime(2025, 1, 14, 23)).world
    hours = {"from": "23:30", "until": "00:15"}
    policy = HeatingSetpoint(world, HeatingSetpoint.Parameters(uses=("office",), **hours))
    policy.setup()
    office = city["building"]["use"] == "office"
    for minute, wanted in ((0, 20), (30, 17), (74, 17), (75, 20)):
        decide(policy, minutes(minute))
        assert (world.state["energy.heating_setpoint"][office] == wanted).all()
    for wrong in (22.0, "22", "25:00"):
        with pytest.raises(ValidationError, match="from"):
            HeatingSetpoint.Parameters(**{"from": wrong})


def test_only_buildings_of_a_loaded_transformer_heat_less_until_it_is_relieved(city):
    world = living(city).world
    policy = DemandResponse(world, DemandResponse.Parameters())
    policy.setup()
    loading, setpoint = (
        world.state["energy.transformer_loading"],
        world.state["energy.heating_setpoint"],
    )
    of = city["bus"]["transformer"][city.link("building", "bus").indices]
    seen = []
    for value in (0.9, 0.7, np.nan, 0.5):
        loading[0] = value
        decide(policy, 0, policy.sees)
        assert (setpoint[of != 0] == 20).all()
        seen.append(setpoint[of == 0][0])
    assert seen == [18, 18, 18, 20]


def test_an_outage_begins_and_ends_at_its_times(city):
    world = living(city).world
    times = {"from": "01:00", "until": "02:00"}
    event = Outage(world, Outage.Parameters(transformers=("1",), **times))
    event.setup()
    world.env.process(event.process())
    supply = world.state["energy.supply"]
    for hour, wanted in ((0.5, 1.0), (1.5, 0.0), (2.5, 1.0)):
        world.env.run(until=minutes(hour * 60))
        assert supply[1] == wanted
        assert supply[0] == 1.0


def test_an_outage_of_an_unknown_transformer_or_backwards_is_refused(city):
    world = living(city).world
    times = {"from": "03:00", "until": "02:00"}
    with pytest.raises(ConfigError, match="before it begins"):
        Outage(world, Outage.Parameters(**times)).setup()
    with pytest.raises(DataError, match="no entity 'nowhere'"):
        Outage(world, Outage.Parameters(transformers=("nowhere",), **times)).setup()


def test_a_share_of_households_is_cooler_by_choice(city):
    lowered = []
    for uptake in (0.3, 0.8, 1.0):
        world = living(city).world
        policy = Thermostat(world, Thermostat.Parameters(uptake=uptake, lower=2.0))
        policy.setup()
        decide(policy, 0)
        lowered.append(20.0 - world.state["energy.heating_setpoint"])
    homes = city["building"]["use"] == "residential"
    assert not lowered[2][~homes].any()
    assert lowered[2][homes] == pytest.approx(2.0)
    assert (lowered[0] <= lowered[1]).all()
    assert lowered[0][homes].mean() == pytest.approx(0.6, abs=0.15)
    assert lowered[1][homes].mean() == pytest.approx(1.6, abs=0.15)
