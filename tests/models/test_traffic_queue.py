"""The queue engine behind the traffic model: the same scenarios, ports and controls as SUMO."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.engine import Setting
from models.traffic.parameters import TrafficParameters
from models.traffic.queue.arrays import TRACED
from models.traffic.queue.beside import beside
from models.traffic.queue.emissions import elements
from models.traffic.queue.engine import QueueEngine
from models.traffic.queue.fit import agreement, alone, observe
from models.traffic.queue.layout import plain
from models.traffic.queue.network import read_streets
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.settings import Settings
from models.traffic.queue.signals import Program
from models.traffic.queue.simulation import Queues
from tests.models._streets import bologna, grid, indicators, live
from tests.models._streets import scenario as any_scenario
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.errors import ConfigError, ModelError
from twin.scenario.scenario import Scenario


def scenario(minutes: int, **traffic: Any) -> Scenario:
    return any_scenario(minutes, engine="queue", **traffic)


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


@pytest.fixture(scope="module")
def edge(streets: City) -> str:
    """An inner street that much traffic uses."""
    outcome = live(streets, scenario(6))
    inner = ~np.isin(np.arange(len(streets["edge"])), streets["gateway"]["edge"])
    total = outcome.series["traffic.flow"].sum(axis=0) * inner
    return str(streets["edge"].ids[int(total.argmax())])


def test_all_columns_and_sums_are_there_and_agree(streets: City) -> None:
    outcome = live(streets, scenario(20))
    found = indicators(outcome)
    assert found["traffic.trips"] > 50
    assert found["traffic.travel_time"] > found["traffic.time_loss"] >= 0.0
    for name in ("co2", "nox", "pm", "fuel", "distance", "vehicle_hours"):
        assert found[f"traffic.{name}"] > 0.0
    # 100 to 400 g of CO2 a kilometre is what cars in a town emit.
    assert 0.1 < found["traffic.co2"] / found["traffic.distance"] < 0.4
    series = outcome.series
    length = streets["edge"]["length"] / 1000.0
    driven = (series["traffic.flow"][1:] @ length / 60.0).sum()
    # The ways within junctions are driven too, but lie on no edge.
    assert 0.97 * driven < found["traffic.distance"] < 1.3 * driven
    grams = series["traffic.co2"][1:].sum() * 60.0
    assert grams == pytest.approx(found["traffic.co2"] * 1000.0, rel=0.02)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(streets: City) -> None:
    first, second = live(streets, scenario(6)), live(streets, scenario(6))
    other = live(streets, scenario(6), seed=43)
    for port, values in first.series.items():
        assert values.tobytes() == second.series[port].tobytes()
    assert repr(first.indicators) == repr(second.indicators)
    assert first.ledger == second.ledger
    assert repr(first.indicators) != repr(other.indicators)


def test_empty_streets_are_free(streets: City) -> None:
    with Engine(scenario(1, through=0.0), streets, 1) as engine:
        engine.run()
        state = engine.world.state
        np.testing.assert_array_equal(state["traffic.density"], 0.0)
        free = streets["edge"]["length"] / (streets["edge"]["speed"] * QueueParameters().speed)
        np.testing.assert_allclose(state["traffic.travel_time"], free, rtol=1e-6)


def test_a_closed_street_empties_and_everybody_goes_around(streets: City, edge: str) -> None:
    row = streets["edge"].row(edge)
    what = scenario(12).with_event("traffic.closure", edges=[edge], from_="07:03", until="07:09")
    outcome = live(streets, what)
    flow = outcome.series["traffic.flow"][:, row]
    assert flow[5:9].max() == 0.0
    assert flow[:4].sum() > 0.0
    assert flow[9:].sum() > 0.0
    base = indicators(live(streets, scenario(12)))
    assert indicators(outcome)["traffic.trips"] > 0.7 * base["traffic.trips"]


def test_a_gateway_that_closes_ends_trips_at_the_barrier(streets: City) -> None:
    gate = streets["gateway"]
    outward = [str(streets["edge"].ids[row]) for row in gate["edge"][~gate["inward"]][:4]]
    what = scenario(10).with_event("traffic.closure", edges=outward, from_="07:02")
    assert indicators(live(streets, what))["traffic.ended_at_barrier"] > 0


def test_closures_lead_the_own_demand_around() -> None:
    edges = ["b38[0]", "a104", "a11", "b56[0]", "a15", "b8"]
    what = scenario(10).with_event("traffic.closure", edges=edges, from_="07:02")
    outcome = live(bologna(), what)
    found = indicators(outcome)
    rows = [bologna()["edge"].row(edge) for edge in edges]
    assert found["traffic.detours"] > 20
    assert found["traffic.trips"] > 400
    assert outcome.series["traffic.flow"][6:, rows].max() == 0.0


def test_a_zone_slows_the_traffic(streets: City) -> None:
    fast = indicators(live(streets, scenario(8)))
    slow = indicators(live(streets, scenario(8).with_policy("traffic.zone_30", speed=20)))
    assert slow["traffic.mean_speed"] < fast["traffic.mean_speed"] - 2.0


def test_an_accident_slows_its_street(streets: City, edge: str) -> None:
    row = streets["edge"].row(edge)
    event = {"edges": [edge], "at": "07:02", "effect": "slows", "duration": 3, "spread": 0.0}
    outcome = live(streets, scenario(8).with_event("traffic.accident", speed=5, **event))
    assert outcome.series["traffic.speed"][4:6, row].max() < 5.0


def test_a_signal_program_changes_who_waits() -> None:
    usual = indicators(live(bologna(), scenario(15)))
    other = indicators(
        live(bologna(), scenario(15).with_policy("traffic.signal_program", program=0))
    )
    assert other["traffic.time_loss"] != usual["traffic.time_loss"]
    with pytest.raises(ConfigError, match="program 7"):
        live(bologna(), scenario(2).with_policy("traffic.signal_program", program=7))


def test_signals_as_capacity_let_as_many_through() -> None:
    phases = indicators(live(bologna(), scenario(20)))
    share = indicators(live(bologna(), scenario(20, queue={"signals": "capacity"})))
    assert share["traffic.trips"] == pytest.approx(phases["traffic.trips"], rel=0.12)


def test_a_forked_future_without_a_change_is_the_parents_own(streets: City) -> None:
    with Engine(scenario(4), streets, 7) as engine:
        traffic = engine.parts.models[0]
        engine.run()

        def future() -> bytes:
            for minute in (5, 6, 7, 8):
                traffic.step(minute * 60_000)
            return engine.world.state["traffic.travel_time"].tobytes()

        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, future()[:4000])
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 4000) == future()[:4000]


def test_a_wrong_parameter_is_refused(streets: City) -> None:
    with pytest.raises(ConfigError, match="reaction"):
        live(streets, scenario(1, queue={"reaction": 20.0}))


def test_lanes_become_groups_and_servers() -> None:
    layout = read_streets(bologna(), QueueParameters(), own=True).layout
    # Each movement's group is on its first edge, each group has a server, capacities are positive.
    assert (layout.group_link[layout.group] == layout.start).all()
    assert all(len(servers) for servers in layout.group_servers)
    assert (layout.group_link[layout.arrival_group] == np.arange(layout.links)).all()
    # A lane saturates near 2,000 veh/h.
    lane = 3600.0 * layout.capacity / np.maximum(1.0, np.round(layout.capacity * 1.74))
    assert 1000 < np.median(lane) < 2500


def test_greens_of_a_program_are_merged() -> None:
    program = Program(0.0, ((20.0, "Gr"), (5.0, "gr"), (5.0, "yr"), (30.0, "rG")))
    assert program.cycle == 60.0
    assert program.greens([0]) == [(0.0, 25.0)]
    assert program.greens([1]) == [(30.0, 60.0)]
    assert program.greens([0, 1]) == [(0.0, 25.0), (30.0, 60.0)]


def test_elements_of_driving_are_those_of_a_car() -> None:
    car = elements("HBEFA4/PC_petrol_Euro-6ab")
    cruise, stop = car.at(np.array([13.9]))
    assert 0.08 < cruise[0, 0] < 0.25  # g of CO2 a metre
    assert 5.0 < stop[0, 0] < 60.0  # g a stop from 50 km/h
    assert 0.1 < car.idle[0] < 2.0  # g/s
    with pytest.raises(ModelError, match="no-such-class"):
        elements("no-such-class")


def test_closed_lanes_take_capacity(streets: City) -> None:
    # The grid as if its streets had two lanes each.
    read = read_streets(streets, QueueParameters(), own=False)
    wide = replace(read, lanes=2.0 * read.lanes)
    wide.layout.capacity[:] *= 2.0
    setting = Setting(
        streets,
        1,
        Path(),
        False,
        True,
        frozenset(),
        frozenset(),
        np.empty(0, dtype=np.int64),
        TrafficParameters(engine="queue"),
    )
    engine = QueueEngine(setting, wide)
    edges = wide.layout.links
    columns = {
        "traffic.closed": np.zeros(edges),
        "traffic.speed_limit": engine.free.copy(),
        "traffic.signal_program": np.full(len(streets["signal"]), -1.0),
        "traffic.lanes_closed": np.zeros(edges),
    }
    engine.control(columns)
    before = engine._queues.state.links["entry_gap"].copy()
    row, lanes = 0, 2.0
    columns["traffic.lanes_closed"][row] = lanes - 1.0
    engine.control(columns)
    after = engine._queues.state.links["entry_gap"].copy()
    assert after[row] == pytest.approx(lanes * before[row])
    others = np.arange(edges) != row
    assert (after[others] == before[others]).all()
    # Without a lane left the edge is closed.
    columns["traffic.lanes_closed"][row] = lanes
    engine.control(columns)
    assert np.flatnonzero(engine._queues.state.links["closed"]).tolist() == [row]
    columns["traffic.lanes_closed"][row] = 0.0
    engine.control(columns)
    assert not engine._queues.state.links["closed"].any()
    np.testing.assert_allclose(engine._queues.state.links["entry_gap"], before)


def test_a_toll_leads_those_around_to_whom_it_is_dear() -> None:
    # Two ways of 300 and 450 m from node 0 to 3: the short one costs 1 EUR.
    layout = plain([4, 0, 1, 0, 2, 3], [0, 1, 3, 2, 3, 5], [50, 150, 150, 225, 225, 50], 15.0)
    queues = Queues(layout, Settings(), keep=1000)
    queues.toll[1] = 1.0
    queues.add(np.arange(100) * 5.0, np.zeros(100), goal=np.full(100, 5), burden=[0.0, 60.0] * 50)
    queues.advance(2000.0)
    lines = queues.state.trace[: queues.state.counts[TRACED]]
    assert set(lines["vehicle"][lines["link"] == 1] % 2) == {0}
    assert set(lines["vehicle"][lines["link"] == 3] % 2) == {1}


def test_trucks_go_around_streets_forbidden_to_them(streets: City) -> None:
    # Two ways of 300 and 450 m from node 0 to 3: the short one is closed to trucks.
    layout = plain([4, 0, 1, 0, 2, 3], [0, 1, 3, 2, 3, 5], [50, 150, 150, 225, 225, 50], 15.0)
    queues = Queues(layout, Settings(), keep=1000)
    queues.banned[1] = 1.0
    heavy = np.arange(100) % 2 == 1
    queues.add(np.arange(100) * 5.0, np.zeros(100), goal=np.full(100, 5), heavy=heavy)
    queues.advance(2000.0)
    lines = queues.state.trace[: queues.state.counts[TRACED]]
    assert set(lines["vehicle"][lines["link"] == 1] % 2) == {0}
    assert set(lines["vehicle"][lines["link"] == 3] % 2) == {1}
    # Who has no other way uses it all the same.
    queues.banned[3] = 1.0
    queues.renew(force=True)
    queues.add([2000.0], [0], goal=[5], heavy=True)
    queues.advance(3000.0)
    assert queues.arrived() == 101


def test_arrivals_are_told_once_with_time_goal_and_charge(streets: City) -> None:
    with Engine(scenario(10, electric=0.5), streets, 3) as engine:
        engine.run()
        found = engine.parts.models[0]._engine.arrived()
        again = engine.parts.models[0]._engine.arrived()
        trips = engine.parts.models[0]._engine.account().finished
    assert len(found.names) == trips > 50
    assert len(set(found.names)) == len(found.names)
    assert not len(again.names)
    assert (np.diff(found.time) >= 0.0).all()
    assert found.time.max() <= 600_000.0
    assert (found.edge >= 0).all()
    share = found.electric.mean()
    assert 0.2 < share < 0.8
    assert np.isfinite(found.charge[found.electric]).all()
    assert np.isnan(found.charge[~found.electric]).all()


def test_a_vehicle_at_a_stop_is_no_gridlock() -> None:
    layout = plain([0, 1], [1, 2], [300.0, 300.0], 15.0)
    queues = Queues(layout, Settings(renew=0.0))
    first, last = queues.add_routes([[0, 1]])
    stop = queues.add_stops([[(1, 120.0)]])
    queues.add([0.0], [0], route=(first, last), stop=stop)
    queues.advance(60.0)
    assert queues.inside()[1] == 1
    assert queues.find_gridlock() is None
    queues.advance(400.0)
    assert queues.arrived() == 1


def test_what_queues_cannot_follow_is_said(streets: City) -> None:
    what = scenario(1, through=0.0, options={"lateral-resolution": "0.8"}, emissions="phemlight")
    said = " ".join(live(streets, what.with_policy("traffic.advice", oracle=True)).warnings)
    for word in ("traffic.advised_time", "lateral-resolution", "PHEMlight"):
        assert word in said


def test_a_plan_that_a_policy_brings_is_driven(streets: City) -> None:
    usual = indicators(live(streets, scenario(6)))
    file = streets.network.with_name("plan.toml")
    signal = str(streets["signal"].ids[0])
    file.write_text(f'["{signal}"]\noffset = 11\n', encoding="utf-8")
    other = indicators(live(streets, scenario(6).with_policy("traffic.signal_plan", file=file)))
    assert other["traffic.time_loss"] != usual["traffic.time_loss"]


def test_max_pressure_relieves_who_waits(streets: City) -> None:
    usual = indicators(live(streets, scenario(12)))
    outcome = live(streets, scenario(12).with_policy("traffic.max_pressure", shortest=5))
    found = indicators(outcome)
    assert found["traffic.time_loss"] < usual["traffic.time_loss"]
    assert found["traffic.trips"] >= usual["traffic.trips"]
    again = live(streets, scenario(12).with_policy("traffic.max_pressure", shortest=5))
    assert repr(again.indicators) == repr(outcome.indicators)


def test_controllers_give_the_signals_back_to_their_programs(streets: City) -> None:
    what = scenario(6).with_policy("traffic.max_pressure", from_="07:02", until="07:04")
    with Engine(what, streets, 3) as engine:
        before = engine.parts.models[0]
        engine.run()
        queues, lit = before._engine._queues, before._engine._streets
        np.testing.assert_array_equal(queues.state.movements["plan"], lit.layout.plan)


def test_actuated_greens_follow_the_traffic(streets: City) -> None:
    usual = indicators(live(streets, scenario(12)))
    found = indicators(live(streets, scenario(12).with_policy("traffic.actuated")))
    assert found["traffic.time_loss"] < usual["traffic.time_loss"]


def test_detectors_count_up_to_their_length(streets: City) -> None:
    layout = read_streets(streets, QueueParameters(), own=False)
    signal = str(streets["signal"].ids[0])
    with Engine(scenario(8).with_policy("traffic.max_pressure"), streets, 3) as engine:
        engine.run()
        areas = engine.parts.models[0]._engine._watchers._areas
        areas.look()
        assert (areas._seen >= 0.0).all()
        assert (areas._seen <= areas._most + 1e-9).all()
        assert areas._seen.sum() > 0.0
    assert signal in streets["signal"].ids
    assert len(layout.lit) == len(streets["signal"])


def test_a_bus_lane_takes_a_lane_from_cars_and_gives_it_back() -> None:
    base = indicators(live(bologna(), scenario(12)))
    lanes = scenario(12).with_policy("traffic.bus_lane", everywhere=True)
    found = indicators(live(bologna(), lanes))
    assert found["traffic.bus_speed"] > base["traffic.bus_speed"]
    assert found["traffic.trips"] > 0.7 * base["traffic.trips"]
    with Engine(
        scenario(4).with_policy("traffic.bus_lane", everywhere=True, from_="07:01", until="07:02"),
        bologna(),
        1,
    ) as engine:
        engine.run()
        owner = engine.parts.models[0]._engine
        state, layout = owner._queues.state, owner._streets.layout
        assert not state.movements["reserved"].any()
        assert not state.groups["taken"].any()
        np.testing.assert_allclose(state.servers["gap"], layout.server_gap)
        assert np.isfinite(state.servers["free"]).any()
        assert not np.isposinf(state.servers["free"]).any()


def test_a_full_turn_lane_holds_up_the_others_behind_it() -> None:
    # A street of two lanes, one for each turn; the left turn is closed. Its lane fills, and then
    # nobody who goes straight on can enter the street either.
    layout = plain([0, 1, 1], [1, 2, 3], [75.0, 300.0, 300.0], 15.0, lanes=2)
    layout.group = np.array([0, 1], dtype=np.int32)
    layout.group_link = np.array([0, 0, 1, 2], dtype=np.int32)
    layout.group_servers = [[0], [1], [2], [3]]
    layout.server_gap = np.array([1.5, 1.5, 0.75, 0.75])
    layout.arrival_group = np.array([0, 2, 3], dtype=np.int32)
    layout.weight = np.ones(4)
    layout.group_spaces = np.array([10.0, 10.0, 0.0, 0.0])
    queues = Queues(layout, Settings(renew=0.0), goals=[1, 2], keep=1000)
    queues.state.links["closed"][1] = 1
    first, last = queues.add_routes([[0, 1], [0, 2]])
    turn = np.arange(100) % 2
    queues.add(np.arange(100) * 2.0, np.zeros(100), route=(first[turn], last[turn]))
    queues.advance(600.0)
    assert queues.inside()[0] == 10
    assert queues.arrived() == 10
    queues.open(1)
    queues.advance(2000.0)
    assert queues.arrived() == 100


def test_a_fit_to_the_engine_itself_finds_nothing_to_mend(streets: City) -> None:
    what = alone(scenario(6))
    seen = observe(what, streets, 1, "queue", {})
    same = agreement(seen, observe(what, streets, 1, "queue", {}))
    assert (same.travel_time, same.trips, same.edges) == (0.0, 0.0, 0.0)
    assert same.correlation == pytest.approx(1.0)
    slower = agreement(observe(what, streets, 1, "queue", {"speed": 0.6}), seen)
    assert slower.travel_time > 0.1
    assert slower.loss > same.loss


@pytest.mark.slow
def test_bologna_is_as_in_sumo() -> None:
    sumo = observe(any_scenario(80), bologna(), 42, "libsumo", {})
    found = agreement(observe(any_scenario(80), bologna(), 42, "queue", {}), sumo)
    assert abs(found.travel_time) < 0.15
    assert found.correlation > 0.9
    fitted = Scenario.load("bologna/baseline").data.model["traffic"]["queue"]
    found = agreement(observe(any_scenario(80), bologna(), 42, "queue", fitted), sumo)
    assert abs(found.travel_time) < 0.08  # neither seed 1, fitted to, nor 2, held out


@pytest.mark.slow
def test_carbon_and_fuel_of_bologna_are_near_those_of_sumo() -> None:
    found = beside(any_scenario(60), bologna(), 42)
    for name, (theirs, ours) in found.items():
        print(f"{name:12}{theirs:12.1f}{ours:12.1f}{ours / theirs - 1.0:+8.1%}")
    for name in ("trips", "distance", "co2", "fuel"):
        theirs, ours = found[name]
        assert ours == pytest.approx(theirs, rel=0.25)
