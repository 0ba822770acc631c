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


def kept(world):
    """What thermostats keep, degC."""
    wanted, limit, lowered = (
        world.state[f"energy.heating_{name}"] for name in ("setpoint", "limit", "lowered")
    )
    return np.minimum(wanted, limit) - lowered


def made(kind, world, **given):
    policy = kind(world, kind.Parameters(**given))
    policy.setup()
    return policy


def test_offices_are_cool_at_night_and_warm_by_day(city):
    world = living(city, datetime(2025, 1, 14, 23)).world
    policy = HeatingSetpoint(world, HeatingSetpoint.Parameters())
    policy.setup()
    office = city["building"]["use"] == "office"
    decide(policy, 0)
    assert (kept(world)[office] == 17).all()
    assert (kept(world)[city["building"]["use"] == "residential"] == 20).all()
    decide(policy, minutes(7 * 60))
    assert (kept(world) == 20).all()


def test_heating_hours_are_written_as_in_every_policy(city):
    world = living(city, datetime(2025, 1, 14, 23)).world
    hours = {"from": "23:30", "until": "00:15"}
    policy = HeatingSetpoint(world, HeatingSetpoint.Parameters(uses=("office",), **hours))
    policy.setup()
    office = city["building"]["use"] == "office"
    for minute, wanted in ((0, 20), (30, 17), (74, 17), (75, 20)):
        decide(policy, minutes(minute))
        assert (kept(world)[office] == wanted).all()
    for wrong in (22.0, "22", "25:00"):
        with pytest.raises(ValidationError, match="from"):
            HeatingSetpoint.Parameters(**{"from": wrong})


def test_only_buildings_of_a_loaded_transformer_heat_less_until_it_is_relieved(city):
    world = living(city).world
    policy = DemandResponse(world, DemandResponse.Parameters())
    policy.setup()
    loading = world.state["energy.transformer_loading"]
    of = city["bus"]["transformer"][city.link("building", "bus").indices]
    seen = []
    for value in (0.9, 0.7, np.nan, 0.5):
        loading[0] = value
        decide(policy, 0, policy.sees)
        assert (kept(world)[of != 0] == 20).all()
        seen.append(kept(world)[of == 0][0])
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
    times = {"from": "2025-01-15 03:00", "until": "2025-01-15 02:00"}
    with pytest.raises(ConfigError, match="it ends at"):
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


def test_a_policy_that_is_not_triggered_leaves_each_household_its_own(city):
    world = living(city, room_temperature=21.5).world
    own = world.state["energy.heating_setpoint"]
    own[3] = 17.0
    before = own.copy()
    response, night = made(DemandResponse, world), made(HeatingSetpoint, world)
    decide(response, 0, response.sees)
    decide(night, minutes(12 * 60))
    assert (kept(world) == before).all()
    world.state["energy.transformer_loading"][:] = 2.0
    decide(response, 0, response.sees)
    assert kept(world) == pytest.approx(before - 2.0)
    world.state["energy.transformer_loading"][:] = 0.0
    decide(response, 0, response.sees)
    assert kept(world) == pytest.approx(before)
    decide(made(Thermostat, world, uptake=1.0), 0)
    homes = city["building"]["use"] == "residential"
    assert kept(world)[homes] == pytest.approx(before[homes] - 1.0)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_heating_policies_compose_in_any_order(city, order):
    start = datetime(2025, 1, 14, 23)
    world = living(city, start).world
    homes = ("residential",)
    policies = [
        made(Thermostat, world, uptake=1.0),
        made(HeatingSetpoint, world, uses=homes, setpoint=18.0),
        made(HeatingSetpoint, world, uses=homes, setpoint=16.0, **{"until": "02:00"}),
        made(DemandResponse, world, above=0.8, lower=2.0),
        made(DemandResponse, world, above=1.2, below=1.0, lower=1.5),
    ]
    is_home = city["building"]["use"] == "residential"
    seen = []
    # 23:00 both limits, 03:00 one, 12:00 none; then the grid is loaded, more, and relieved.
    moments = ((0, 0.0), (240, 0.0), (780, 0.0), (795, 0.9), (810, 1.3), (825, 0.0))
    for minute, loading in moments:
        world.state["energy.transformer_loading"][:] = loading
        for number in order:
            decide(policies[number], minutes(minute), policies[number].sees)
        for number in order:  # a quarter of an hour later
            decide(policies[number], minutes(minute + 15), policies[number].sees)
        seen.append(kept(world)[is_home])
    for found, wanted in zip(seen, (16.0, 18.0, 19.0, 17.0, 15.5, 19.0), strict=True):
        assert found == pytest.approx(wanted)


def test_demand_response_that_would_give_back_while_it_lowers_is_refused():
    with pytest.raises(ValidationError, match=r"below = 0.9 is higher than above = 0.5"):
        DemandResponse.Parameters(above=0.5, below=0.9)
