"""Traffic: SUMO as it is, seen through columns, moved by controls."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.sumo import Simulation, home
from tests.data import shared
from tests.models._streets import bologna, grid, indicators, live, scenario
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.errors import ConfigError, ModelError


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def trips(file: Path) -> list[str]:
    """What happened to each vehicle, without the names of the devices that watched."""
    lines = re.findall(r"<tripinfo [^>]*>", file.read_text())
    return [re.sub(r' devices="[^"]*"', "", line) for line in lines]


@pytest.mark.parametrize(
    ("minutes", "enough"), [(4, 150), pytest.param(80, 10_000, marks=pytest.mark.slow)]
)
def test_own_demand_is_driven_trip_for_trip_as_plain_sumo_does(
    tmp_path: Path, minutes: int, enough: int
) -> None:
    plain, ours = tmp_path / "plain.xml", tmp_path / "ours.xml"
    command = [str(Path(home(), "bin", "sumo")), "-c", str(shared("traffic/bologna/run.sumocfg"))]
    command += ["--seed", "42", "--end", str(60 * minutes), "--tripinfo-output", str(plain)]
    command += ["--output-prefix", "", "--no-warnings", "--log", "NUL"]
    additional = [str(file) for file in bologna().demand["additional"] if "detec" not in file.name]
    command += ["--additional-files", ",".join(additional)]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    live(bologna(), scenario(minutes, options={"tripinfo-output": str(ours)}))
    assert len(trips(plain)) > enough
    assert sorted(trips(ours)) == sorted(trips(plain))


def test_libsumo_and_traci_give_the_same(streets: City) -> None:
    here = live(streets, scenario(3))
    there = live(streets, scenario(3, engine="traci"))
    assert repr(here.indicators) == repr(there.indicators)
    for port, values in here.series.items():
        np.testing.assert_array_equal(values, there.series[port])


def test_the_same_seed_gives_the_same_bytes_again_and_another_seed_does_not(streets: City) -> None:
    first, second = live(streets, scenario(6)), live(streets, scenario(6))
    other = live(streets, scenario(6), seed=43)
    assert first.series["traffic.flow"].tobytes() == second.series["traffic.flow"].tobytes()
    assert repr(first.indicators) == repr(second.indicators)
    assert first.ledger == second.ledger
    assert repr(first.indicators) != repr(other.indicators)


def test_flow_counts_every_vehicle(streets: City) -> None:
    outcome = live(streets, scenario(12))
    gate = streets["gateway"]
    inward = gate["edge"][gate["inward"]]
    passed = outcome.series["traffic.flow"][1:, inward].sum() / 60.0
    found = indicators(outcome)
    outward = gate["edge"][~gate["inward"]]
    left = outcome.series["traffic.flow"][1:, outward].sum() / 60.0
    assert passed > 20
    assert found["traffic.trips"] <= left <= passed
    assert abs(passed - round(passed)) < 1e-3


def test_speed_density_and_travel_time_of_an_empty_street_are_free(streets: City) -> None:
    with Engine(scenario(1, through=0.0), streets, 1) as engine:
        engine.run()
        state = engine.world.state
        np.testing.assert_allclose(state["traffic.speed"], 13.89, rtol=1e-3)
        np.testing.assert_array_equal(state["traffic.density"], 0.0)
        free = streets["edge"]["length"] / streets["edge"]["speed"]
        np.testing.assert_allclose(state["traffic.travel_time"], free, rtol=1e-6)


@pytest.fixture(scope="module")
def edge(streets: City) -> str:
    """An inner street that much traffic uses."""
    outcome = live(streets, scenario(6))
    inner = ~np.isin(np.arange(len(streets["edge"])), streets["gateway"]["edge"])
    total = outcome.series["traffic.flow"].sum(axis=0) * inner
    return str(streets["edge"].ids[int(total.argmax())])


def test_a_closed_street_empties_and_everybody_goes_around(streets: City, edge: str) -> None:
    row = streets["edge"].row(edge)
    what = scenario(12).with_event("traffic.closure", edges=[edge], from_="07:03", until="07:09")
    outcome = live(streets, what)
    flow = outcome.series["traffic.flow"][:, row]
    assert flow[5:9].max() == 0.0
    assert flow[:4].sum() > 0.0
    assert indicators(outcome)["traffic.detours"] > 0
    assert indicators(outcome)["traffic.teleports"] == 0


def test_closing_streets_of_a_city_with_its_own_demand_stops_nothing() -> None:
    edges = ["b38[0]", "a104", "a11", "b56[0]", "a15", "b8"]
    what = scenario(5).with_event("traffic.closure", edges=edges, from_="07:02")
    outcome = live(bologna(), what)
    found = indicators(outcome)
    assert found["traffic.detours"] > 20
    assert found["traffic.trips"] > 200


def test_a_gateway_that_closes_ends_trips_at_the_barrier(streets: City) -> None:
    gate = streets["gateway"]
    outward = [str(streets["edge"].ids[row]) for row in gate["edge"][~gate["inward"]][:4]]
    what = scenario(10).with_event("traffic.closure", edges=outward, from_="07:02")
    assert indicators(live(streets, what))["traffic.ended_at_barrier"] > 0


def test_a_zone_slows_the_traffic_and_leaves_the_demand(streets: City) -> None:
    base, zone = scenario(8), scenario(8).with_policy("traffic.zone_30", speed=20)
    fast, slow = live(streets, base), live(streets, zone)
    assert indicators(slow)["traffic.mean_speed"] < indicators(fast)["traffic.mean_speed"] - 2.0
    gate = streets["gateway"]
    inward = gate["edge"][gate["inward"]]
    entered = [o.series["traffic.flow"][1:7, inward].sum() for o in (fast, slow)]
    assert entered[1] == pytest.approx(entered[0], rel=0.15)


def test_an_accident_slows_its_street_and_clears(streets: City, edge: str) -> None:
    row = streets["edge"].row(edge)
    what = scenario(8).with_event(
        "traffic.accident",
        edges=[edge],
        at="07:02",
        effect="slows",
        duration=3,
        spread=0.0,
        speed=5,
    )
    with Engine(what, streets, 42) as engine:
        outcome = engine.run()
        limit = engine.world.state["traffic.speed_limit"].max()
        assert engine.world.state["traffic.speed_limit"][row] == limit
    assert outcome.series["traffic.speed"][3:5, row].max() < 5.0


def test_a_signal_program_without_that_index_is_an_error(streets: City) -> None:
    what = scenario(2).with_policy("traffic.signal_program", program=7)
    with pytest.raises(ConfigError, match="has no program 7"), Engine(what, streets, 42):
        pass  # before anything runs


def test_a_signal_switches_and_comes_back() -> None:
    city = bologna()
    signal = str(city["signal"].ids[0])
    what = scenario(3).with_policy(
        "traffic.signal_program", program=0, signals=[signal], from_="07:01", until="07:02"
    )
    with Engine(what, city, 1) as engine:
        traffic = engine.parts.models[0]
        engine.run()
        lights = traffic._engine.simulation.api.trafficlight  # type: ignore[attr-defined]
        first = lights.getAllProgramLogics(signal)[0].programID
        assert lights.getProgram(signal) == "utopia" != first


def test_an_unknown_street_names_the_nearest(streets: City) -> None:
    street = str(streets["edge"]["name"][5])
    what = scenario(2).with_event("traffic.closure", street=street + "x", from_="07:01")
    with pytest.raises(ConfigError) as error:
        Engine(what, streets, 1)
    assert repr(street) in str(error.value)


def test_own_demand_needs_a_city_that_has_one(streets: City) -> None:
    with pytest.raises(ConfigError, match="without a demand"):
        Engine(scenario(1, demand="own"), streets, 1)


def test_what_sumo_says_is_in_the_error(streets: City) -> None:
    with pytest.raises(ModelError, match="no-such-option"):
        live(streets, scenario(1, options={"no-such-option": "1"}))
    live(streets, scenario(1))


def test_one_simulation_a_process(streets: City, tmp_path: Path) -> None:
    options = {"net-file": str(streets.network), "no-step-log": "true"}
    first = Simulation("libsumo", options, tmp_path)
    try:
        with pytest.raises(ModelError, match="running in this process"):
            Simulation("libsumo", options, tmp_path)
    finally:
        first.close()
        first.close()


def test_no_output_of_a_run_is_open_between_steps() -> None:
    def files() -> set[str]:
        there = Path("/proc/self/fd")
        if not there.is_dir():
            pytest.skip("needs /proc")
        found = [os.readlink(fd) for fd in there.iterdir() if fd.exists()]
        return {name for name in found if re.search(r"\.(xml|txt|log)$", name)}

    city = bologna()
    with Engine(scenario(1), city, 1) as engine:
        before = files()
        engine.run()
        assert files() - before <= {str(file.resolve()) for file in city.demand["routes"]}


@pytest.mark.parametrize("own", [False, True])
def test_a_forked_future_without_a_change_is_the_parents_own(streets: City, own: bool) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    with Engine(scenario(4), bologna() if own else streets, 7) as engine:
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


def test_gateways_are_the_cut_streets(streets: City) -> None:
    gate = streets["gateway"]
    assert len(gate) == 32
    assert gate["inward"].sum() == 16
    assert set(streets["edge"]["length"][gate["edge"]] > 150) == {True}
