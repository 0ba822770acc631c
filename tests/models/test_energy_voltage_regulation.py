"""Transformers of a living city that keep their voltage."""

import numpy as np
import pytest

from models.energy.policies_voltage import VoltageRegulation
from tests.models.energy_life import built, living, run
from twin.core.time import minutes
from twin.errors import DataError
from twin.policy.view import View


def regulated(city, hours=4.0, **given):
    model = living(city, source_voltage=1.07)
    world = model.world
    policy = VoltageRegulation(world, VoltageRegulation.Parameters(**given))
    policy.setup()
    view = View(world.state, world.observations, (), True)
    for action in policy.decide(0, view):
        world.controls.set(action.port, action.values, rows=action.rows, now=0, by=policy.name)
    assert not list(policy.decide(minutes(15), view))
    return run(model, hours)


def busbars(model):
    return model["energy.voltage"][model.city["transformer"]["lv_bus"]]


def test_regulated_stations_hold_their_set_point_and_are_paid_for():
    city = built(blocks=2)
    model = regulated(city, setpoint=1.01)
    assert np.abs(busbars(model) - 1.01).max() <= 0.02
    found = model.measure()
    assert found["energy.tap_operations"] >= len(city["transformer"])
    assert found["energy.investment"] == 15_000.0 * len(city["transformer"])
    alone = run(living(city, source_voltage=1.07), 1.0)
    assert busbars(alone).min() > 1.03
    assert alone.measure()["energy.tap_operations"] == 0.0


def test_taps_stay_when_the_grid_is_reinforced_and_only_named_stations_move():
    city = built(blocks=2)
    first = str(city["transformer"].ids[0])
    model = regulated(city, 1.0, transformers=(first,))
    model.world.controls.set("energy.line_capacity", 2.0, now=minutes(60), by="test")
    for now in range(minutes(75), minutes(120), minutes(15)):
        model.step(now)
    voltage = busbars(model)
    assert abs(voltage[0] - 1.0) <= 0.02
    assert voltage[1:].min(initial=9.0) > 1.03
    with pytest.raises(DataError):
        regulated(city, transformers=("nowhere",))
