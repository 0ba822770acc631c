"""One run of SUMO over a demand: what passed where, and how fast."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.counts import Counts
from models.traffic.demand.file import Demand
from models.traffic.demand.sums import sums
from twin.city.city import City
from twin.errors import ModelError

Floats = npt.NDArray[np.float64]
_VEHICLE = re.compile(
    r'<vehicle id="(\d+)"[^>]*depart="([^"]*)"[^>]*>.*?exitTimes="([^"]*)"', re.DOTALL
)


@dataclass(frozen=True)
class Passages:
    """Every passage of an edge by a vehicle.

    Attributes
    ----------
    edge, source : (n,) int64, edge rows
        The edge, and the one before it (-1 where the trip begins).
    enter, leave : (n,) float64, s
    """

    edge: npt.NDArray[np.int64]
    source: npt.NDArray[np.int64]
    enter: Floats
    leave: Floats

    def counts(self, counts: Counts) -> tuple[Floats, Floats]:
        """What the counters would have seen, row by row: vehicles, and their speed as 1/s.

        A vehicle is counted when it is half way along the edge.
        """
        middle = (self.enter + self.leave) / 2.0
        taken = self.leave - self.enter
        order = np.argsort(self.edge, kind="stable")
        starts = np.searchsorted(self.edge[order], counts.edge)
        stops = np.searchsorted(self.edge[order], counts.edge, side="right")
        found, pace = np.zeros(len(counts.begin)), np.full(len(counts.begin), np.nan)
        for row, counter in enumerate(counts.counter):
            here = order[starts[counter] : stops[counter]]
            inside = (middle[here] >= counts.begin[row]) & (middle[here] < counts.end[row])
            if counts.source[counter] >= 0:
                inside &= self.source[here] == counts.source[counter]
            found[row] = np.count_nonzero(inside)
            if inside.any() and taken[here][inside].mean() > 0.0:
                pace[row] = 1.0 / taken[here][inside].mean()
        return found, pace

    def times(self, size: int, least: Floats) -> Floats:
        """Mean time to pass each edge; ``least`` where nobody passed. (n_edges,) float64, s."""
        number = np.bincount(self.edge, minlength=size)
        total = sums(self.edge, self.leave - self.enter, size)
        found: Floats = np.where(number >= 3, total / np.maximum(number, 1), least)
        return np.maximum(found, least * 0.5)


def simulate(city: City, demand: Demand, *, meso: bool, until: float, seed: int = 1) -> Passages:
    """Drive a demand with SUMO.

    Parameters
    ----------
    meso
        SUMO's mesoscopic engine, some twenty times faster, in place of the microscopic one.
    until
        Time at which to stop, s since midnight.

    Raises
    ------
    ModelError
        SUMO stopped with an error; carries its message.
    """
    with tempfile.TemporaryDirectory(prefix="citytwin-") as work:
        folder = Path(work)
        routes, passed = folder / "demand.rou.xml", folder / "passed.xml"
        begin = _write_routes(demand, city, routes)
        command = [*_command(city, seed), "--route-files", str(routes)]
        command += ["--begin", f"{begin:.2f}", "--end", f"{until:.2f}"]
        command += ["--vehroute-output", str(passed), "--vehroute-output.exit-times", "true"]
        command += ["--vehroute-output.write-unfinished", "true"]
        command += ["--mesosim", "--meso-junction-control"] if meso else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if "rror" in line]
            raise ModelError("SUMO stopped: " + "; ".join(said[:3]), where=" ".join(command[:1]))
        return _passages(passed, demand)


def _command(city: City, seed: int) -> list[str]:
    import sumo

    program = Path(sumo.SUMO_HOME, "bin", "sumo")
    command = [str(program), "--net-file", str(city.network), "--seed", str(seed)]
    # The traffic model runs SUMO in the same way.
    command += ["--ignore-junction-blocker", "15", "--time-to-teleport", "150"]
    command += ["--ignore-route-errors", "true", "--no-step-log", "true", "--no-warnings", "true"]
    return [*command, "--xml-validation", "never", "--xml-validation.net", "never"]


def _write_routes(demand: Demand, city: City, file: Path) -> float:
    """Write the vehicles for SUMO; returns the first departure."""
    ids = [str(edge) for edge in city["edge"].ids]
    begin = float(np.floor(demand.depart.min())) if len(demand) else 0.0
    with file.open("w", encoding="utf-8") as out:
        out.write('<routes>\n<vType id="car" vClass="passenger" speedDev="0.1"/>\n')
        for number in range(len(demand.first) - 1):
            edges = " ".join(ids[edge] for edge in demand.way(number))
            out.write(f'<route id="{number}" edges="{edges}"/>\n')
        for number, (depart, route) in enumerate(zip(demand.depart, demand.route, strict=True)):
            out.write(
                f'<vehicle id="{number}" type="car" route="{route}" depart="{depart:.2f}" '
                'departLane="best" departSpeed="max" departPos="base"/>\n'
            )
        out.write("</routes>\n")
    return begin


def _passages(file: Path, demand: Demand) -> Passages:
    edges, sources, enters, leaves = [], [], [], []
    for name, depart, exits in _VEHICLE.findall(file.read_text(encoding="utf-8")):
        way = demand.way(demand.route[int(name)]).astype(np.int64)
        leave = np.array(exits.split(), dtype=np.float64)
        passed = min(len(leave), len(way))
        way, leave = way[:passed], leave[:passed]
        enter = np.concatenate([[float(depart)], leave[:-1]])
        good = (leave >= 0.0) & (enter >= 0.0)
        edges.append(way[good])
        sources.append(np.concatenate([[-1], way[:-1]])[good])
        enters.append(enter[good])
        leaves.append(leave[good])
    if not edges:
        empty = np.empty(0)
        return Passages(empty.astype(np.int64), empty.astype(np.int64), empty, empty)
    return Passages(*(np.concatenate(part) for part in (edges, sources, enters, leaves)))
