"""Edie's flow, density and speed of every edge beside SUMO's own edge data."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.sumo.process import home
from tests.data import shared
from tests.models._streets import bologna, grid, live, scenario
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.scenario import Scenario

MINUTES = 6
PORTS = ("traffic.flow", "traffic.density", "traffic.speed")


def recorded(**traffic: Any) -> Scenario:
    """A scenario that records the three."""
    raw = scenario(MINUTES, measures="edie", **traffic).raw
    return Scenario.from_dict({**raw, "record": {"every": "1m", "ports": list(PORTS)}})


def test_edge_measures_are_those_of_sumos_edge_data(tmp_path: Path) -> None:
    city = bologna()
    out, add = tmp_path / "edges.xml", tmp_path / "edges.add.xml"
    add.write_text(f'<additional><edgeData id="e" period="60" file="{out}"/></additional>')
    files = [str(f) for f in city.demand["additional"] if "detec" not in f.name]
    command = [str(Path(home(), "bin", "sumo")), "-c", str(shared("traffic/bologna/run.sumocfg"))]
    command += ["--seed", "42", "--end", str(60 * MINUTES), "--precision", "9", "--no-warnings"]
    command += ["--additional-files", ",".join([*files, str(add)]), "--output-prefix", ""]
    command += ["--tripinfo-output", "NUL", "--log", "NUL"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    ours = live(city, recorded()).series
    number = 0
    for minute, text in enumerate(out.read_text().split("<interval ")[1 : MINUTES + 1], start=1):
        for edge in re.findall(r"<edge [^>]*>", text):
            of = dict(re.findall(r'(\w+)="([^"]*)"', edge))
            if float(of.get("density", 0.0)) == 0.0:
                continue
            row = city["edge"].row(of["id"])
            # SUMO leaves out the flow of an edge on which everybody stood still, and its time to
            # pass one is bounded there.
            theirs = [float(of.get(key, 0.0)) for key in ("flow", "density")]
            if theirs[0] > 0.0 and float(of["traveltime"]) < 500.0:
                theirs.append(float(city["edge"]["length"][row]) / float(of["traveltime"]))
            here = [float(ours[port][minute, row]) for port in PORTS[: len(theirs)]]
            np.testing.assert_allclose(here, theirs, rtol=1e-6, atol=1e-6)
            number += 1
    assert number > 500


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def test_over_traci_they_are_the_same(streets: City) -> None:
    here, there = (live(streets, recorded(engine=engine)) for engine in ("libsumo", "traci"))
    for port in PORTS:
        np.testing.assert_array_equal(here.series[port], there.series[port])
    density, flow, speed = (here.series[port] for port in PORTS[1::-1] + PORTS[2:])
    np.testing.assert_allclose(flow, density * speed * 3.6, rtol=1e-4, atol=1e-3)


def test_a_forked_future_has_edge_data_of_its_own(streets: City) -> None:
    with Engine(recorded(), streets, 7) as engine:
        traffic: Any = next(m for m in engine.parts.models if m.name == "traffic")
        step = traffic.step
        told: list[bytes] = []

        def branching(now: int) -> None:
            step(now)
            if now == 120_000 and not told:
                told.append(b"")
                reader, writer = os.pipe()
                child = os.fork()
                if child == 0:
                    step(180_000)
                    os.write(writer, traffic["traffic.flow"].tobytes())
                    os._exit(0)
                os.close(writer)
                with os.fdopen(reader, "rb") as pipe:
                    told[0] = pipe.read()
                os.waitpid(child, 0)
            if now == 180_000:
                told.append(traffic["traffic.flow"].tobytes())

        traffic.step = branching
        engine.run()
    assert told[0] == told[1]
    assert np.frombuffer(told[0]).sum() > 0.0
