"""The search for rounds from ones that can be driven, beside PyVRP's own start, on the same plans.

Twenty plans of a district of 636 sites a kind (levels drawn anew for each): sites with prizes, over
a threshold, or due by the calendar. Ours: 30 iterations from the first rounds of
``models.waste.construct``; peer: ``pyvrp.solve`` with 150 iterations.

- `start_…_cost`: driving time and prizes missed, a plan; a stop that had to be made counts 100,000.
- `start_…_seconds`: time of a plan.
"""

from __future__ import annotations

import time

import numpy as np

from bench._report import Bench
from bench.waste_year import TRUCK, TRUCKS, cases
from models.waste.plan import _problem, tours
from models.waste.streets import StreetCase
from models.waste.task import LEAVE_OUT, Task, Vehicle, open_all_day

PLANS = 20
OURS, PEER = 30, 150


def main() -> None:
    bench = Bench.from_arguments("Where the search for rounds begins")
    starts(bench)
    bench.finish()


def starts(bench: Bench) -> None:
    """Compare both on every kind of plan."""
    case = cases()[1]
    for kind in ("prizes", "threshold", "fixed"):
        tasks = [_task(case, kind, seed) for seed in range(4 if bench.quick else PLANS)]
        cost, took = [0.0, 0.0], [0.0, 0.0]
        for task in tasks:
            for side, plan in enumerate((_ours, _peers)):
                began = time.perf_counter()
                cost[side] += plan(task) / len(tasks)
                took[side] += (time.perf_counter() - began) / len(tasks)
        stops = np.mean([len(task.mass) for task in tasks])
        bench.figure(
            f"start_{kind}_cost", cost[0], "s", cost[1],
            note=f"{stops:.0f} stops; {OURS} iterations, peer: {PEER} from PyVRP's start",
        )  # fmt: skip
        bench.figure(f"start_{kind}_seconds", took[0], "s", took[1])


def _task(case: StreetCase, kind: str, seed: int) -> Task:
    random = np.random.default_rng(seed)
    level = random.uniform(0.0, 1.0, len(case.daily))
    if kind == "prizes":
        prize = 2400.0 * random.uniform(0.0, 1.0, len(level)) ** 12
        rows = np.flatnonzero(prize >= 5.0)
    else:
        due = level >= 0.8 if kind == "threshold" else (case.weekdays >> seed % 3) & 1 == 1
        rows, prize = np.flatnonzero(due), np.full(len(level), LEAVE_OUT)
    at = np.concatenate(([0, 1], rows + 2))
    load = level[rows] * case.capacity[rows] / 1000.0
    free = (case.shift - case.rest) * 3600.0
    return Task(
        seconds=case.seconds()[np.ix_(at, at)], mass=load, volume=load,
        service=case.service_times()[rows], prize=prize[rows], window=open_all_day(len(rows)),
        vehicles=[Vehicle(free, TRUCKS, cost=0)], truck_mass=1e6, truck_volume=TRUCK / 1000.0,
        unloading=case.unloading,
    )  # fmt: skip


def _ours(task: Task) -> float:
    found = tours(task, OURS)
    made = [stop for tour in found for stop in tour.stops]
    return sum(tour.length(task.seconds) for tour in found) + _missed(task, made)


def _peers(task: Task) -> float:
    import pyvrp
    from pyvrp.stop import MaxIterations

    stop = MaxIterations(PEER)
    best = pyvrp.solve(_problem(task), stop, seed=0, collect_stats=False).best
    if not best.is_feasible():
        return _missed(task, [])
    made = [
        int(step.idx) for route in best.routes() for step in route.schedule() if step.is_client()
    ]
    return float(best.distance()) + _missed(task, made)


def _missed(task: Task, made: list[int]) -> float:
    left = np.ones(len(task.mass), dtype=np.bool_)
    left[made] = False
    return float(task.prize[left].sum())


if __name__ == "__main__":
    main()
