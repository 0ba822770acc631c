"""Emissions from flows, delays and stops: four elements of driving, measured on SUMO's model.

A vehicle that passes an edge cruises at the free speed, idles while it queues, and when it stops it
brakes and starts again (the four-mode elemental model of Akcelik 1983; Akcelik & Besley 2003). What
each element emits comes from SUMO's own emission model, driven through such cycles.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.traffic.engine import EMISSIONS
from models.traffic.queue.arrays import Floats
from models.traffic.sumo.process import home
from twin.errors import ModelError

STARTS, BRAKES = 1.6, 2.2
"""Usual acceleration and deceleration of a stop, m/s^2."""
SPEEDS = np.arange(2.0, 40.0, 2.0)
"""Free speeds at which the elements are measured, m/s."""
COLUMNS = {"co2": 5, "nox": 8, "pm": 7, "fuel": 9}
"""Where SUMO's driving cycle writes each, mg/s."""
ELECTRICITY = 10
"""Where it writes electricity, Wh/s."""
TOWN = (10.0, 500.0)
"""Speed (m/s) and way between two stops (m) at which electricity is measured."""


@dataclass(frozen=True)
class Elements:
    """Of a fleet.

    Attributes
    ----------
    cruise : (4, n_speeds) float64, g/m
    stop : (4, n_speeds) float64, g
        What a stop from the free speed adds to cruising over the same way.
    idle : (4,) float64, g/s
    """

    cruise: Floats
    stop: Floats
    idle: Floats

    def at(self, speed: Floats) -> tuple[Floats, Floats]:
        """Cruise (g/m) and stop (g) at the free speeds of edges, m/s; (4, n_edges) each."""
        return (
            np.stack([np.interp(speed, SPEEDS, row) for row in self.cruise]),
            np.stack([np.interp(speed, SPEEDS, row) for row in self.stop]),
        )


def fleet(shares: Mapping[str, float]) -> Elements:
    """Elements of a mix of SUMO's emission classes.

    Raises
    ------
    ModelError
        SUMO does not know a class; carries its words.
    """
    total = sum(shares.values())
    parts = [(share / total, elements(kind)) for kind, share in sorted(shares.items())]
    return Elements(
        sum((share * part.cruise for share, part in parts), np.zeros((4, len(SPEEDS)))),
        sum((share * part.stop for share, part in parts), np.zeros((4, len(SPEEDS)))),
        sum((share * part.idle for share, part in parts), np.zeros(4)),
    )


@lru_cache(maxsize=64)
def elements(kind: str) -> Elements:
    """Elements of one of SUMO's emission classes, by its driving cycles."""
    lines: list[tuple[float, float]] = [(0.0, 0.0)] * 10
    spans = []
    for speed in SPEEDS.tolist():
        first = len(lines)
        lines += [(speed, 0.0)] * 10
        cycle = _stop(speed)
        spans.append((first, len(lines), len(lines) + len(cycle), sum(v for v, _ in cycle)))
        lines += cycle
    rates = _drive(kind, lines)[:, [COLUMNS[name] for name in EMISSIONS]].T / 1000.0
    cruise, stop = np.empty((4, len(SPEEDS))), np.empty((4, len(SPEEDS)))
    for at, (first, middle, end, way) in enumerate(spans):
        cruise[:, at] = rates[:, first:middle].mean(axis=1) / SPEEDS[at]
        stop[:, at] = rates[:, middle:end].sum(axis=1) - cruise[:, at] * way
    return Elements(cruise, np.maximum(stop, 0.0), rates[:, :10].mean(axis=1))


def _stop(speed: float) -> list[tuple[float, float]]:
    """Braking to a stand and starting again, second by second: (m/s, m/s^2)."""
    down = [(v, -BRAKES) for v in np.arange(speed, 0.0, -BRAKES).tolist()]
    return down + [(v, STARTS) for v in np.arange(STARTS / 2.0, speed, STARTS).tolist()]


def electricity(kind: str) -> float:
    """What a class of electric cars draws in a town, braking's gain counted, Wh/m."""
    speed, way = TOWN
    stop = _stop(speed)
    rest = round((way - sum(v for v, _ in stop)) / speed)
    lines = [(speed, 0.0)] * rest + stop
    return float(_drive(kind, lines)[:, ELECTRICITY].sum() / sum(v for v, _ in lines))


def _drive(kind: str, lines: Sequence[tuple[float, float]]) -> Floats:
    """What SUMO's model writes along a driving cycle; (n, n_columns) float64."""
    with tempfile.TemporaryDirectory() as name:
        cycle, out = Path(name, "cycle.csv"), Path(name, "out.csv")
        text = "\n".join(f"{t};{v:.3f};{a:.3f}" for t, (v, a) in enumerate(lines))
        cycle.write_text(text + "\n", encoding="utf-8")
        program = str(Path(home(), "bin", "emissionsDrivingCycle"))
        command = [program, "-t", str(cycle), "-e", kind, "-o", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file():
            raise ModelError(
                f"SUMO cannot say what {kind!r} emits: {done.stderr.strip()}",
                allowed="emission classes of SUMO, such as HBEFA4/PC_petrol_Euro-6ab",
            )
        found: Floats = np.loadtxt(out, delimiter=";", ndmin=2)
    return found
