"""What a grid needs for a planned load, what it costs, and that the model lives with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.energy.grid import Grid
from models.energy.policies_grid import Reinforcement
from models.energy.reinforcement import (
    REACTIVE,
    Plan,
    capital,
    only_weakest,
    plan,
    planned_load,
    reinforced,
)
from tests.models.energy_life import built, living, run
from twin.city.city import City
from twin.core.time import hours


@pytest.fixture(scope="module")
def city() -> City:
    return built(blocks=5)


@settings(max_examples=10, deadline=None)
@given(per_area=st.floats(0.0, 45.0))
def test_the_planned_load_fits_the_planned_grid(city: City, per_area: float) -> None:
    load = planned_load(city, city["building"]["floor_area"] * per_area)
    found = plan(city, load, loading=1.0, lowest=0.92, source=1.0)
    flow = Grid(reinforced(city, found)).solve(load, load * REACTIVE)
    assert flow.line_loading.max() <= 1.0 + 1e-9
    assert flow.transformer_loading.max() <= 1.0 + 1e-9
    assert flow.voltage.min() >= 0.92 - 1e-9
    assert min(found.lines.min(), found.transformers.min()) >= 1.0


def test_nothing_is_built_where_nothing_lacks(city: City) -> None:
    none = np.zeros(len(city["building"]))
    found = plan(city, planned_load(city, none), loading=1.0, lowest=0.9, source=1.0)
    assert [len(rows) for rows in found.changed] == [0, 0]


def test_a_second_cable_costs_its_trench_and_itself(city: City) -> None:
    found = Plan(np.ones(len(city["line"])), np.ones(len(city["transformer"])))
    found.lines[3], found.transformers[0] = 2.0, 1.5
    line, unit = city["line"], city["transformer"]
    cable = line["length"][3] * (100.0 + 30.0 * line["parallel"][3])
    wanted = cable + 0.5 * unit["rated_power"][0] / 1000.0 * 60.0
    spent = capital(city, found, trench=100.0, cable=30.0, transformer=60.0)
    assert spent == pytest.approx(wanted)


def test_the_weakest_feeders_are_part_of_the_plan(city: City) -> None:
    load = planned_load(city, city["building"]["floor_area"] * 30.0)
    whole = plan(city, load, loading=1.0, lowest=0.92, source=1.0)
    one = only_weakest(city, whole, load, 1.0, 1)
    rows = one.changed[0]
    assert 0 < len(rows) < len(whole.changed[0])
    assert len(np.unique(city["line"]["feeder"][rows])) == 1
    assert (one.lines <= whole.lines).all()


def policy(city: City, **parameters: object) -> Reinforcement:
    model = living(city)
    found = Reinforcement(model.world, Reinforcement.Parameters.model_validate(parameters))
    found.setup()
    return found


def test_todays_heat_pumps_are_planned_for(city: City) -> None:
    model = living(city, heat_pumps=1.0, direct_heating=0.0)
    today = Reinforcement(model.world, Reinforcement.Parameters())
    assert sum(len(rows) for rows in today.plan().changed) > 0
    fuel = living(city, heat_pumps=0.0, direct_heating=0.0)
    assert (
        sum(len(rows) for rows in Reinforcement(fuel.world, today.parameters).plan().changed) == 0
    )
    fuel["energy.heat_pump"][:] = 1.0  # as a policy before it would
    later = Reinforcement(fuel.world, today.parameters).plan()
    assert later.same(today.plan())


def test_the_weakest_feeder_is_built_where_nothing_lacks_and_named(city: City) -> None:
    model = living(city, heat_pumps=0.0, direct_heating=0.0)
    weakest = Reinforcement(model.world, Reinforcement.Parameters(feeders=1))
    acts = list(weakest.decide(0, None))  # type: ignore[arg-type]
    assert len(acts) == 1
    assert acts[0].rows is not None
    assert len(acts[0].rows) == 1
    load = planned_load(city, np.zeros(len(city["building"])))
    flow = Grid(city).solve(load, load * REACTIVE)
    table, of = (
        ("line", flow.line_loading)
        if acts[0].port == "energy.line_capacity"
        else ("transformer", flow.transformer_loading)
    )
    assert of[acts[0].rows[0]] == max(flow.line_loading.max(), flow.transformer_loading.max())
    kind, subject = model.world.log.rows[-1][1:3]
    assert kind == "energy.reinforced"
    assert subject == f"{table} {city[table].ids[acts[0].rows[0]]}"


def test_a_policy_that_builds_nothing_says_so(city: City) -> None:
    model = living(city, heat_pumps=0.0, direct_heating=0.0)
    idle = Reinforcement(model.world, Reinforcement.Parameters())
    assert list(idle.decide(0, None)) == []  # type: ignore[arg-type]
    assert any("nothing is built" in text for text in idle.world.warnings)


def test_the_model_lives_with_the_stronger_grid_and_books_it(city: City) -> None:
    model = living(city)
    acts = list(policy(city, heat_pumps=1.0).decide(0, None))  # type: ignore[arg-type]
    weak = living(city)
    for life in (model, weak):
        life.world.controls.set("energy.heat_pump", 1.0, now=0, by="test")
        if life is model:
            for act in acts:
                life.world.controls.set(act.port, act.values, now=0, by="test", rows=act.rows)
        run(life, 6)
        life.world.env.run(until=hours(6))
    built_now, before = model.measure(), weak.measure()
    assert built_now["energy.highest_line_loading"] < before["energy.highest_line_loading"]
    assert built_now["energy.lowest_voltage"] > before["energy.lowest_voltage"]
    assert built_now["energy.grid_cost"] > before["energy.grid_cost"]
    booked = {row[4] for row in model.world.ledger.rows}
    assert {"grid reinforcement", "grid reinforcement, upkeep"} <= booked


def test_switches_from_afar_are_paid_for(city: City) -> None:
    model = living(city)
    model.world.controls.set("energy.remote_switches", 1.0, now=0, by="test")
    run(model, 1)
    assert model.measure()["energy.investment"] == pytest.approx(6000 * len(city["transformer"]))
