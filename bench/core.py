"""What the kernel costs a model step, beside SimPy alone and mosaik doing the same exchange.

A ring of models, each over a column of the same length: at every step a model takes its
predecessor's column over a wire and writes it plus one. All three do that arithmetic, it is part of
every figure. SimPy alone has no wires: its processes read one another's arrays. mosaik runs its
simulators in the same process and passes the arrays by reference. All three must end with the same
numbers.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy

from bench._report import Bench, alternate
from twin.city.city import City, Place
from twin.city.table import Table
from twin.core.engine import Engine
from twin.core.model import Model
from twin.core.port import Port
from twin.core.time import Tick, minutes
from twin.scenario import Scenario

MODELS = 20
ROWS = 100
LIMIT = 5.0
"""Most microseconds that a model step may cost."""

Values = npt.NDArray[np.float64]


# -- ours --------------------------------------------------------------------------------------


class Node(Model):
    """A model of the ring; its subclasses have numbers."""

    source: Port
    target: Port

    def setup(self) -> None:
        """Look the columns up once."""
        self.taken, self.given = self[self.source.name], self[self.target.name]

    def step(self, now: Tick) -> None:
        """Pass on one more than was taken."""
        np.add(self.taken, 1.0, out=self.given)


def _node(number: int) -> type[Node]:
    source = Port(f"node{number}.in", table="cell", unit="1")
    target = Port(f"node{number}.out", table="cell", unit="1")
    return type(
        f"Node{number}",
        (Node,),
        {
            "name": f"node{number}",
            "source": source,
            "target": target,
            "reads": (source,),
            "writes": (target,),
            "__module__": "bench.core",
        },
    )


NODES = [_node(number) for number in range(MODELS)]
globals().update({kind.__name__: kind for kind in NODES})  # a scenario names them bench.core:Node0


def ours(steps: int) -> tuple[float, Values]:
    """Seconds of a run of our engine, and the last column."""
    city = City("ring", Place("EPSG:3857", 0.0, 0.0, "UTC"), Path("none.net.xml"))
    city.add(Table("cell", [str(row) for row in range(ROWS)]))
    end = (steps - 1) * minutes(1)
    scenario = Scenario.from_dict(
        {
            "name": "ring",
            "city": "ring",
            "period": {"from": "00:00", "duration": f"{end // 60_000}m"},
            "model": {f"bench.core:{kind.__name__}": {} for kind in NODES},
            "wire": [
                {
                    "from": NODES[number - 1].target.name,
                    "to": kind.source.name,
                    "delayed": number == 0,
                }
                for number, kind in enumerate(NODES)
            ],
            "record": {"every": f"{end // 60_000}m", "ports": []},
        }
    )
    with Engine(scenario, city, seed=1) as engine:
        began = time.perf_counter()
        engine.run()
        took = time.perf_counter() - began
        return took, engine.world.state[NODES[-1].target.name].copy()


# -- SimPy alone -------------------------------------------------------------------------------


def simpy_alone(steps: int) -> tuple[float, Values]:
    """Seconds of as many SimPy processes with as many timeouts, and the last column."""
    env = simpy.Environment()
    columns = [np.zeros(ROWS) for _ in range(MODELS)]

    def process(taken: Values, given: Values) -> Generator[simpy.Event, Any, None]:
        while True:
            np.add(taken, 1.0, out=given)
            yield env.timeout(60_000)

    for number in range(MODELS):
        env.process(process(columns[number - 1], columns[number]))
    began = time.perf_counter()
    env.run(until=steps * 60_000)
    return time.perf_counter() - began, columns[-1]


# -- mosaik ------------------------------------------------------------------------------------


def mosaik(steps: int) -> tuple[float, Values]:
    """Seconds of a mosaik run with as many time-based simulators, and the last column."""
    import mosaik as peer

    from bench._mosaik import NodeSimulator

    last: list[Values] = []
    world = peer.World(
        {"Node": {"python": "bench._mosaik:NodeSimulator"}},
        skip_greetings=True,
        configure_logging=False,
    )
    NodeSimulator.watch = last
    nodes = [world.start("Node", sim_id=f"Node-{number}").Node() for number in range(MODELS)]
    for first, second in pairwise(nodes):
        world.connect(first, second, ("out", "in"))
    zero = np.zeros(ROWS)
    world.connect(nodes[-1], nodes[0], ("out", "in"), time_shifted=True, initial_data={"out": zero})
    began = time.perf_counter()
    world.run(until=steps, print_progress=False)
    return time.perf_counter() - began, last[-1]


def main() -> None:
    bench = Bench.from_arguments(f"Kernel overhead, a ring of {MODELS} models, {ROWS} rows each")
    steps, fewer, turns = (1000, 100, 3) if bench.quick else (20_000, 1000, 3)
    ours(10)  # the compiled wires are loaded once a process, not once a step
    sides = alternate(turns, lambda: ours(steps), lambda: simpy_alone(steps), lambda: mosaik(fewer))
    _check(sides, steps, fewer)
    mine, alone = (_each(side, steps) for side in sides[:2])
    theirs = _each(sides[2], fewer)
    note = f"peer: mosaik; {'within' if mine <= LIMIT else 'OVER'} the limit of {LIMIT:g}"
    bench.figure("step_overhead", mine, "us/step", theirs, theirs / mine, note)
    note = "peer: SimPy alone, without wires"
    bench.figure("step_overhead_simpy", mine, "us/step", alone, alone / mine, note)
    bench.finish()


def _each(side: list[tuple[float, Values]], steps: int) -> float:
    """Microseconds a model step, the quickest turn."""
    return min(took for took, _ in side) / (steps * MODELS) * 1e6


def _check(sides: list[list[tuple[float, Values]]], steps: int, fewer: int) -> None:
    """The three must have done the same work, or their times say nothing."""
    for side, count in zip(sides, (steps, steps, fewer), strict=True):
        for _, column in side:
            assert np.all(column == count * MODELS), (column[0], count * MODELS)


if __name__ == "__main__":
    main()
