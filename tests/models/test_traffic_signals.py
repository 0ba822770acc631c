"""Adaptive signals, plans and bus lanes on real streets."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.traffic.build import TrafficBuilder
from models.traffic.buslanes import reservable
from models.traffic.signals import plan, programs
from models.traffic.signals.pressure import kernels
from models.traffic.sumo.pressure import _between
from tests.models._streets import bologna, grid, indicators, live, scenario
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 12))
def test_the_pressure_is_that_of_whole_arrays(seed: int, greens: int, movements: int) -> None:
    draws = np.random.default_rng(seed)
    green = draws.uniform(size=(greens, movements)) < 0.5
    up, down = draws.uniform(0, 20, (2, movements))
    out = np.empty(greens)
    kernels.pressures(green, up, down, out)
    np.testing.assert_allclose(out, (green * np.maximum(0.0, up - down)).sum(axis=1))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(0, 50), min_size=2, max_size=6),
    st.integers(0, 5),
    st.floats(0, 100),
    st.floats(0, 200),
)
def test_a_green_keeps_its_bounds_and_nobody_waits_for_ever(
    pressure: list[float], now: int, shown: float, waited: float
) -> None:
    n = len(pressure)
    now %= n
    unserved = np.full(n, 30.0)
    unserved[(now + 1) % n], unserved[now] = waited, 0.0
    chosen = kernels.choose(np.array(pressure), unserved, now, shown, 8.0, 60.0, 120.0)
    if shown < 8.0:
        assert chosen == now
    elif waited >= 120.0:
        assert chosen == (now + 1) % n
    elif shown >= 60.0:
        assert chosen != now
        assert pressure[chosen] == max(p for g, p in enumerate(pressure) if g != now)
    else:
        assert pressure[chosen] == max(pressure)
        assert chosen == now or pressure[chosen] > pressure[now]


def test_who_loses_green_gets_yellow_and_who_keeps_it_drives_on() -> None:
    assert _between("GGrrg", "GrGrg", "y") == "Gyrrg"
    assert _between("GGrrg", "GrGrg", "r") == "Grrrg"


def _loss(what: Any) -> float:
    return indicators(live(bologna(), what))["traffic.time_loss"]


def test_max_pressure_takes_time_loss_off_the_streets_of_bologna() -> None:
    assert _loss(scenario(6).with_policy("traffic.max_pressure")) < 0.95 * _loss(scenario(6))


@pytest.mark.slow
def test_max_pressure_helps_over_the_whole_peak_in_sumo() -> None:
    assert _loss(scenario(80).with_policy("traffic.max_pressure")) < 0.8 * _loss(scenario(80))


def test_a_controller_obeys_its_bounds_and_gives_the_signal_back() -> None:
    what = scenario(6).with_policy(
        "traffic.max_pressure", signals=["209"], from_="07:01", until="07:04", shortest=10
    )
    with Engine(what, bologna(), 42) as engine:
        traffic: Any = next(m for m in engine.parts.models if m.name == "traffic")
        shown: list[tuple[float, str, str]] = []
        step = traffic.step

        def watched(now: int) -> None:
            step(now)
            sumo = traffic._engine.simulation
            if now == 0:
                act = sumo.advance

                def advance(seconds: float) -> None:
                    act(seconds)
                    lights = sumo.api.trafficlight
                    state = lights.getRedYellowGreenState("209")
                    shown.append((seconds, lights.getProgram("209"), state))

                sumo.advance = advance

        traffic.step = watched
        engine.run()
    taken = [(time, state) for time, program, state in shown if program == "online"]
    assert 61 <= taken[0][0] <= 62
    assert taken[-1][0] <= 240
    assert shown[-1][1] == "utopia"
    starts = [i for i in range(1, len(taken)) if taken[i][1] != taken[i - 1][1]]
    assert len(starts) > 4
    greens = {programs.Phase(state, 0, 0, 0).green for _, state in taken}
    assert greens == {True, False}
    for begin, end in pairwise(starts):
        if programs.Phase(taken[begin][1], 0, 0, 0).green:
            assert taken[end][0] - taken[begin][0] >= 10 or begin == starts[0]


def test_detectors_that_all_failed_leave_turns_by_the_clock() -> None:
    what = scenario(3).with_policy("traffic.max_pressure", failed=1.0, longest=20)
    assert indicators(live(bologna(), what))["traffic.trips"] > 50


def test_two_policies_of_one_signal_are_refused_before_anything_runs(streets: City) -> None:
    both = scenario(1).with_policy("traffic.max_pressure").with_policy("traffic.actuated")
    with pytest.raises(ConfigError, match=r"max_pressure acts at the same hours on .* signals"):
        live(streets, both)
    for name in ("traffic.max_pressure", "traffic.signal_program"):
        program = scenario(1).with_policy(name, **({"program": 0} if "program" in name else {}))
        with pytest.raises(ConfigError, match="acts at the same hours"):
            live(streets, program.with_policy("traffic.signal_program", program=0))
    for first, other in (("actuated", "actuated"), ("max_pressure", "max_pressure")):
        early = scenario(1).with_policy(f"traffic.{first}", until="07:02")
        with pytest.raises(ConfigError, match="brings the same for"):
            live(streets, early.with_policy(f"traffic.{other}", from_="07:02", until="24:00"))


@pytest.mark.parametrize("kind", ["max_pressure", "actuated"])
@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_policies_of_one_kind_share_the_city_by_its_signals(
    streets: City, kind: str, engine: str
) -> None:
    ids = sorted(programs.usual(streets))
    half, rest = ids[: len(ids) // 2], ids[len(ids) // 2 :]
    name, usual = f"traffic.{kind}", scenario(5, engine=engine)
    whole = live(streets, usual.with_policy(name))
    parts = usual.with_policy(name, signals=half).with_policy(name, signals=rest)
    assert repr(live(streets, parts).indicators) == repr(whole.indicators)
    assert repr(live(streets, usual).indicators) != repr(whole.indicators)


def test_each_of_two_plans_keeps_its_own_greens(streets: City) -> None:
    one, other = sorted(programs.usual(streets))[:2]
    what = scenario(1).with_policy("traffic.actuated", signals=[one], longest=70)
    what = what.with_policy("traffic.actuated", signals=[other], longest=90)
    with Engine(what, streets, 1) as engine:
        text = (engine.world.scratch / "policy.signals.add.xml").read_text()
    first, second = (re.search(f'id="{key}".*?</tlLogic>', text, re.S) for key in (one, other))
    assert first is not None
    assert 'maxDur="70"' in first[0]
    assert second is not None
    assert 'maxDur="90"' in second[0]


@pytest.mark.parametrize(
    ("pressure", "actuated"),
    [
        ({"from_": "07:00", "until": "07:02"}, {"from_": "07:02", "until": "24:00"}),
        ({"signals": 0}, {"signals": 1}),
    ],
)
def test_policies_of_other_hours_or_other_signals_go_together(
    streets: City, pressure: dict[str, Any], actuated: dict[str, Any]
) -> None:
    def named(values: dict[str, Any]) -> dict[str, Any]:
        ids = streets["signal"].ids
        return {k: [str(ids[v])] if k == "signals" else v for k, v in values.items()}

    what = scenario(4).with_policy("traffic.max_pressure", **named(pressure))
    found = indicators(live(streets, what.with_policy("traffic.actuated", **named(actuated))))
    assert found["traffic.trips"] > 0


@pytest.mark.parametrize("kind", ["actuated", "delay_based"])
def test_actuated_programs_run_in_their_hours(streets: City, kind: str) -> None:
    what = scenario(4).with_policy("traffic.actuated", kind=kind, from_="07:01", until="07:03")
    with Engine(what, streets, 1) as engine:
        traffic: Any = next(m for m in engine.parts.models if m.name == "traffic")
        ran: list[str] = []
        step = traffic.step

        def watched(now: int) -> None:
            step(now)
            lights = traffic._engine.simulation.api.trafficlight
            ran.append(lights.getProgram(lights.getIDList()[0]))

        traffic.step = watched
        engine.run()
    assert [name == programs.PLAN for name in ran] == [False, True, True, False, False]


def test_a_plan_sets_offsets_and_greens(tmp_path: Path) -> None:
    before = programs.usual(bologna())
    file = tmp_path / "plan.toml"
    file.write_text("[209]\noffset = 12\ngreens = [50, 9, 20]\n")
    ((changed, usual),) = plan.plans(file, before)
    greens = [phase.duration for phase in changed.phases if phase.green]
    assert (changed.offset, greens) == (12.0, [50.0, 9.0, 20.0])
    assert [p.state for p in changed.phases] == [p.state for p in usual.phases]
    other = scenario(4).with_policy("traffic.signal_plan", file=str(file))
    assert live(bologna(), other).indicators != live(bologna(), scenario(4)).indicators


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[nowhere]\noffset = 1\n", "nowhere"),
        ("[209]\ngreens = [10]\n", "greens"),
        ("[209]\nsplits = [10]\n", "splits"),
        ("[209\n", "no plan"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=what):
        plan.plans(file, programs.usual(bologna()))


def test_a_bus_lane_is_closed_to_cars_and_given_back() -> None:
    city = bologna()
    rows = np.flatnonzero(reservable(city))
    edge = str(city["edge"].ids[rows[0]])
    what = scenario(3).with_policy("traffic.bus_lane", edges=[edge], from_="07:00", until="07:02")
    with Engine(what, city, 42) as engine:
        traffic: Any = next(m for m in engine.parts.models if m.name == "traffic")
        may: list[bool] = []
        step = traffic.step

        def watched(now: int) -> None:
            step(now)
            lane = traffic._engine.simulation.api.lane
            allowed, forbidden = lane.getAllowed(f"{edge}_0"), lane.getDisallowed(f"{edge}_0")
            may.append("passenger" in allowed if allowed else "passenger" not in forbidden)

        traffic.step = watched
        outcome = engine.run()
    assert may == [False, False, True, True]
    assert indicators(outcome)["traffic.bus_speed"] > 3.0


def test_an_edge_without_a_lane_to_spare_is_refused(streets: City) -> None:
    what = scenario(1).with_policy("traffic.bus_lane", edges=[str(streets["edge"].ids[0])])
    with pytest.raises(ConfigError, match="lane to spare"):
        live(streets, what)
