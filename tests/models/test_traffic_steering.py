"""Gating and advice: what the sensors see moves them, and they move the traffic."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.toll import change
from models.traffic.build import TrafficBuilder
from models.traffic.sumo import home
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import box
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.errors import ConfigError


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def test_a_full_area_slows_its_entries_and_an_empty_one_leaves_them(streets: City) -> None:
    area = box(streets, 0.3, 0.7)
    limits = []
    for density in (0.01, 1000.0):
        what = scenario(8).with_policy("traffic.gating", oracle=True, area=area, density=density)
        with Engine(what, streets, 1) as engine:
            engine.run()
            limits.append(engine.world.state["traffic.speed_limit"].copy())
    slowed = limits[0] < limits[1] - 0.1
    assert 0 < slowed.sum() <= 8
    assert np.ptp(limits[1]) < 0.1


def test_gating_needs_streets_in_its_area(streets: City) -> None:
    with pytest.raises(ConfigError, match="no street lies"):
        live(streets, scenario(1).with_policy("traffic.gating", oracle=True, area=[0, 0, 1, 1]))


def test_advice_moves_drivers_and_reaches_nobody_at_a_share_of_nothing() -> None:
    city = bologna()
    base = indicators(live(city, scenario(7)))
    found = []
    for share in (0.0, 1.0):
        what = scenario(7).with_policy("traffic.advice", oracle=True, share=share, congested=0.8)
        found.append(indicators(live(city, what)))
    assert found[0]["traffic.travel_time"] == base["traffic.travel_time"]
    assert found[0]["traffic.advised"] == 0.0
    assert found[1]["traffic.advised"] > 10
    assert found[1]["traffic.trips"] > 0.7 * base["traffic.trips"]


def test_a_charge_like_stockholms_has_its_direction_and_size() -> None:
    crossings = change(1000)["crossings"]
    assert -35.0 < crossings < -11.0


def test_a_sumo_that_waits_elsewhere_gives_the_same(streets: City) -> None:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [str(Path(home(), "bin", "sumo")), "-n", str(streets.network)]
    command += ["--remote-port", str(port), "--no-step-log"]
    waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        there = live(streets, scenario(2, engine="traci", remote=f"localhost:{port}"))
    finally:
        waiting.kill()
        waiting.wait()
    assert repr(there.indicators) == repr(live(streets, scenario(2)).indicators)
