"""Faults, protection, crews and the customers' minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from typer.testing import CliRunner

from models.energy.events import Fault, Outage
from models.energy.model import Energy
from models.energy.reliability.expected import expected
from models.energy.reliability.failures import draw, yearly
from models.energy.reliability.outages import customers
from models.energy.reliability.parameters import ReliabilityParameters
from models.energy.reliability.switches import Switches
from tests.models.energy_life import built, living
from twin.city.city import City
from twin.cli import app
from twin.core.random import Streams
from twin.core.time import hours, minutes
from twin.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def city() -> City:
    return built(blocks=6)


def reached(city: City, closed: np.ndarray) -> np.ndarray:
    """Buses that scipy finds joined to a source."""
    bus, line, unit = city["bus"], city["line"], city["transformer"]
    a = np.concatenate([line["from_bus"], unit["mv_bus"]])[closed]
    b = np.concatenate([line["to_bus"], unit["lv_bus"]])[closed]
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(bus), len(bus)))
    label = connected_components(graph, directed=False)[1]
    return np.isin(label, label[bus["kind"] == "source"])


def ring(city: City, position: int) -> int:
    """A cable of the first ring."""
    return city["line"].row(f"ring/0/{position}")


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_supply_follows_the_switches(city: City, seed: int) -> None:
    switches = Switches(city)
    chosen = np.random.default_rng(seed).random(len(switches.closed)) < 0.9
    switches.closed[:] = chosen
    switches.look()
    np.testing.assert_array_equal(switches.supplied, reached(city, chosen))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4))
def test_after_all_repairs_the_grid_is_as_it_was(city: City, seed: int, count: int) -> None:
    switches = Switches(city)
    broken = np.random.default_rng(seed).choice(len(switches.closed), count, replace=False)
    devices = [switches.strike(int(branch)) for branch in broken]
    assert not switches.closed[devices].any()
    assert not switches.supplied.all()
    ties = [switches.isolate(int(b), d) for b, d in zip(broken, devices, strict=True)]
    assert not switches.closed[broken].any()
    for branch, tie in zip(broken, ties, strict=True):
        switches.restore(int(branch), tie)
    assert switches.supplied.all()
    if count == 1:
        np.testing.assert_array_equal(switches.closed, switches.normal)


def test_a_ring_gives_all_stations_back_before_the_repair(city: City) -> None:
    switches = Switches(city)
    broken = ring(city, 1)
    assert switches.normal[broken]
    device = switches.strike(broken)
    assert device == ring(city, 0)
    half = ~switches.supplied
    assert half.any()
    tie = switches.isolate(broken, device)
    assert not switches.normal[tie]
    assert switches.supplied.all()


def test_a_street_is_dark_behind_its_fault_only(city: City) -> None:
    switches, line, bus = Switches(city), city["line"], city["bus"]
    middle = np.flatnonzero(
        (bus["kind"][line["from_bus"]] == "lv") & ~switches.medium[:-1][: len(line)]
    )
    head = bus["kind"][bus["parent"][line["from_bus"]]] == "mv"
    broken = int(next(k for k in middle if not head[k]))
    device = switches.strike(broken)
    assert device != broken
    assert line["feeder"][device] == line["feeder"][broken]
    before = int((~switches.supplied).sum())
    switches.isolate(broken, device)
    dark = ~switches.supplied
    assert 0 < dark.sum() < before
    assert dark[line["to_bus"][broken]]
    assert not dark[line["from_bus"][broken]]


# -- the model ---------------------------------------------------------------------------------


def lived(city: City, length: int, **reliability: float) -> Energy:
    model = living(city, reliability=reliability)
    model.world.end = length
    for process in model.processes():
        model.world.env.process(process)
    return model


def test_minutes_of_customers_are_those_of_the_stages(city: City) -> None:
    times = {"travel": 30, "locate": 45, "repair_cable": 8, "spread": 0}
    model = lived(city, hours(24), **times)
    model.world.env.run(until=minutes(10))
    model.world.controls.set(
        "energy.line_fault", 1.0, now=minutes(10), by="test", rows=np.array([ring(city, 1)])
    )
    switches = Switches(city)
    switches.strike(ring(city, 1))
    out = customers(city)[~switches.supplied].sum()
    model.world.env.run(until=hours(24))
    found = model.measure()
    assert found["energy.customer_minutes"] == pytest.approx(out * 75)
    assert found["energy.saidi"] == pytest.approx(out * 75 / customers(city).sum())
    assert found["energy.saifi"] == pytest.approx(out / customers(city).sum())
    assert found["energy.repair_cost"] == pytest.approx(8 * 150 + 2 * 24 * 45)
    assert model["energy.line_fault"].sum() == 0
    kinds = [(row[0], row[1]) for row in model.world.log.rows if row[1] != "control"]
    assert kinds == [
        (minutes(10), "energy.fault"),
        (minutes(85), "energy.isolated"),
        (minutes(85) + hours(8), "energy.restored"),
    ]
    model.step(hours(24))
    assert (model["energy.voltage"] > 0.8).all()


def test_switches_from_afar_shorten_the_interruption(city: City) -> None:
    model = lived(city, hours(24), spread=0, remote=5)
    model.world.controls.set("energy.remote_switches", 1.0, now=0, by="test")
    model.world.controls.set(
        "energy.line_fault", 1.0, now=0, by="test", rows=np.array([ring(city, 1)])
    )
    model.world.env.run(until=hours(24))
    saidi, saifi = (model.measure()[f"energy.{name}"] for name in ("saidi", "saifi"))
    assert saidi / saifi == pytest.approx(5)


def test_one_crew_mends_one_fault_after_the_other(city: City) -> None:
    ends = []
    for crews in (1, 2):
        model = lived(city, hours(48), spread=0, crews=crews)
        rows = np.array([0, 1])
        model.world.controls.set("energy.transformer_fault", 1.0, now=0, by="test", rows=rows)
        model.world.env.run(until=hours(48))
        ends.append([row[0] for row in model.world.log.rows if row[1] == "energy.restored"])
    assert ends[0][1] == 2 * ends[0][0]
    assert ends[1] == [ends[0][0], ends[0][0]]


def test_the_power_flow_sees_the_fault(city: City) -> None:
    model = lived(city, hours(2))
    model.step(0)
    rows = np.array([0])
    model.world.controls.set("energy.transformer_fault", 1.0, now=0, by="test", rows=rows)
    model.step(minutes(15))
    low = city["transformer"]["lv_bus"][0]
    assert model["energy.voltage"][low] == 0.0
    assert model["energy.voltage"][city["transformer"]["lv_bus"][1]] > 0.9


def test_failures_by_chance_are_poisson_and_keyed(city: City) -> None:
    switches, rates = (
        Switches(city),
        ReliabilityParameters.model_validate({"failures": 100.0}).rates(),
    )
    per_year = yearly(city, switches, rates)
    end = hours(24 * 365)
    counts = [len(draw(city, Streams(seed), per_year, end)) for seed in range(20)]
    assert np.mean(counts) == pytest.approx(per_year.sum(), abs=4 * np.sqrt(per_year.sum() / 20))
    without = per_year.copy()
    without[:5] = 0.0
    all_drawn = draw(city, Streams(3), per_year, end)
    assert [f for f in all_drawn if f[1] >= 5] == draw(city, Streams(3), without, end)
    assert draw(city, Streams(3), 0.0 * per_year, end) == []


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("element", ["ring/0/1", "feeder", "transformer"])
def test_what_is_expected_is_what_a_fault_costs_in_a_run(
    city: City, element: str, remote: bool
) -> None:
    rules = {"failures": 1.0, "spread": 0.0}
    found = expected(city, ReliabilityParameters.model_validate(rules), remote=remote)
    row, port = 0, "energy.transformer_fault"
    if element != "transformer":
        port = "energy.line_fault"
        row = ring(city, 1) if element.startswith("ring") else int(np.argmin(found.medium))
    model = lived(city, hours(24), spread=0.0)
    model.world.controls.set("energy.remote_switches", float(remote), now=0, by="test")
    model.world.controls.set(port, 1.0, now=0, by="test", rows=np.array([row]))
    model.world.env.run(until=hours(24))
    branch = row + (found.lines if element == "transformer" else 0)
    rate = yearly(city, Switches(city), ReliabilityParameters.model_validate(rules).rates())[branch]
    assert model.measure()["energy.saidi"] == pytest.approx(found.minutes[branch] / rate)
    assert sum(found.parts().values()) == pytest.approx(found.saidi)


def test_the_command_tells_the_worst(helsinki: City, tmp_path: Path) -> None:
    bundle = helsinki.folder
    file = tmp_path / "all.csv"
    done = CliRunner().invoke(app, ["reliability", str(bundle), "--remote", "-o", str(file)])
    assert done.exit_code == 0, done.output
    assert "SAIDI" in done.output
    count = len(helsinki["line"]) + len(helsinki["transformer"])
    assert len(file.read_text().splitlines()) == count + 1


# -- the event ---------------------------------------------------------------------------------


def fault(city: City, **parameters: object) -> Fault:
    chosen = {"at": "06:00", **parameters}
    found = Fault(living(city).world, Fault.Parameters.model_validate(chosen))
    found.setup()
    return found


def test_an_event_breaks_what_it_names(city: City) -> None:
    event = fault(city, lines=("ring/0/1",))
    event.world.env.process(event.process())
    event.world.env.run(until=hours(7))
    assert np.flatnonzero(event.world.state.columns["energy.line_fault"]).tolist() == [
        ring(city, 1)
    ]


@pytest.mark.parametrize("kind", ["ring", "feeder", "transformer"])
def test_chance_chooses_the_kind_that_is_asked(city: City, kind: str) -> None:
    one, again = fault(city, draw=kind), fault(city, draw=kind)
    assert one._lines.tolist() == again._lines.tolist()
    assert len(one._lines) + len(one._units) == 1
    if len(one._lines):
        assert Switches(city).medium[one._lines[0]] == (kind == "ring")


def test_a_fault_that_cannot_be_is_refused(city: City) -> None:
    with pytest.raises(DataError, match="nowhere"):
        fault(city, lines=("nowhere",))
    with pytest.raises(ConfigError, match="draw"):
        fault(city)
    with pytest.raises(ConfigError, match="draw"):
        fault(city, lines=("ring/0/1",), draw="ring")
    with pytest.raises(ConfigError, match="before the run begins"):
        fault(city, draw="ring", at="2024-12-31 12:00")


def test_a_cut_that_is_over_before_the_run_says_so(city: City) -> None:
    world = living(city).world
    times = {"from": "2024-12-31 12:00", "until": "2024-12-31 13:00"}
    Outage(world, Outage.Parameters.model_validate(times)).setup()
    assert any("changes nothing" in text for text in world.warnings)
