"""Small cities for the traffic tests, made of a SUMO network alone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import sumolib

from models.traffic.sumo import home
from tests.data import shared
from twin.city.city import City, Place
from twin.city.table import Table
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.scenario import Scenario

PLACE = Place("EPSG:32632", 11.3, 44.5, "Europe/Rome", "IT")


def city_of(network: Path, **demand: list[Path]) -> City:
    """A city with the streets, junctions and signals of a network."""
    net = sumolib.net.readNet(str(network))
    edges, nodes, lights = net.getEdges(), net.getNodes(), net.getTrafficLights()
    city = City("small", PLACE, network, demand=demand)
    row = {node.getID(): number for number, node in enumerate(nodes)}
    columns: dict[str, Any] = {
        "from_junction": [row[e.getFromNode().getID()] for e in edges],
        "to_junction": [row[e.getToNode().getID()] for e in edges],
        "length": [e.getLength() for e in edges],
        "lanes": [e.getLaneNumber() for e in edges],
        "speed": [e.getSpeed() for e in edges],
        "road": ["primary" for _ in edges],
        "name": [f"Street {e.getID()}" for e in edges],
        "car": [e.allows("passenger") for e in edges],
    }
    lines = np.array([shapely.LineString(e.getShape()) for e in edges], dtype=object)
    points = np.array([shapely.Point(n.getCoord()) for n in nodes], dtype=object)
    city.add(Table("edge", [e.getID() for e in edges], columns, lines))
    city.add(Table("junction", [n.getID() for n in nodes], {}, points))
    city.add(Table("signal", np.array([t.getID() for t in lights], dtype=np.str_)))
    return city


def bologna() -> City:
    """The recorded SUMO scenario, with its own demand."""
    folder = shared("traffic/bologna")
    return city_of(
        folder / "joined_buslanes.net.xml",
        config=[folder / "run.sumocfg"],
        routes=[folder / "joined.rou.xml", folder / "joined_busses.rou.xml"],
        additional=[
            folder / f"joined_{name}.add.xml"
            for name in ("bus_stops", "detectors", "vtypes", "tls")
        ],
    )


def grid(folder: Path) -> City:
    """Twelve blocks with signals, two-way streets, and streets that lead out on every side."""
    network = folder / "grid.net.xml"
    command = [str(Path(home(), "bin", "netgenerate")), "--grid", "--grid.number", "4"]
    command += ["--grid.length", "150", "--grid.attach-length", "200", "--default.lanenumber", "1"]
    command += ["--default-junction-type", "traffic_light", "--no-turnarounds", "-o", str(network)]
    subprocess.run(command, check=True, capture_output=True)
    return city_of(network)


def scenario(minutes: int, **traffic: Any) -> Scenario:
    """Traffic alone, for some minutes of a morning."""
    return Scenario.from_dict(
        {
            "name": "traffic",
            "city": "small",
            "period": {"from": "07:00", "duration": f"{minutes}m"},
            "model": {"traffic": traffic},
            "record": {"every": "1m"},
        }
    )


def live(city: City, what: Scenario, seed: int = 42) -> Outcome:
    """One life."""
    with Engine(what, city, seed) as engine:
        return engine.run()


def indicators(outcome: Outcome) -> dict[str, float]:
    """Values by name."""
    return {indicator.name: value for indicator, value in outcome.indicators}
