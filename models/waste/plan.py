"""Plans rounds with PyVRP (Wouda, Lan & Kool 2024): which truck visits what, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

UNREACHABLE = 10_000_000
"""Seconds that stand for no path."""
LEAVE_OUT = 100_000
"""Seconds that leaving a stop out costs: it is done only where the shift allows no more."""
ONE_MORE_TRUCK = 1_800
"""Seconds that sending one more truck costs."""


@dataclass(frozen=True)
class Task:
    """What is to be planned, for one stream.

    Attributes
    ----------
    seconds : (k + 2, k + 2) float64, s
        Driving times; row 0 is the depot, 1 the disposal, then the stops.
    mass, volume : (k,) float64, kg, m³
        Expected load of each stop.
    service : (k,) float64, s
        Time that each stop takes.
    trucks
        How many may go out.
    truck_mass, truck_volume
        What one carries, kg and m³.
    shift
        Time until the last unloading must be over, s.
    unloading
        Time of one unloading, s.
    """

    seconds: Floats
    mass: Floats
    volume: Floats
    service: Floats
    trucks: int
    truck_mass: float
    truck_volume: float
    shift: float
    unloading: float


def plan(task: Task, iterations: int) -> list[list[int]]:
    """Stops of each round, in order, the rounds that go out only.

    Parameters
    ----------
    task
        What is to be planned.
    iterations
        Of the search: a number, not a time, so that a slow machine finds the same rounds.

    Returns
    -------
    list of list of int
        Stops 0..k-1; those that no truck can do within its shift are in none.
    """
    if task.trucks <= 0 or not len(task.mass):
        return []
    import pyvrp
    from pyvrp.stop import MaxIterations

    result = pyvrp.solve(
        _problem(task), MaxIterations(iterations), seed=0, collect_stats=False, display=False
    )
    if not result.best.is_feasible():
        return []
    return [
        [int(step.idx) for step in route.schedule() if step.is_client()]
        for route in result.best.routes()
    ]


def _problem(task: Task):  # type: ignore[no-untyped-def]
    import pyvrp

    matrix = np.rint(np.minimum(task.seconds, UNREACHABLE)).astype(np.int64)
    np.fill_diagonal(matrix, 0)
    loads = np.ceil(np.column_stack([task.mass, task.volume * 1000.0])).astype(np.int64)
    most = [int(task.truck_mass), int(task.truck_volume * 1000.0)]
    clients = [
        pyvrp.Client(
            location=stop + 2,
            pickup=np.minimum(loads[stop], most).tolist(),
            service_duration=round(float(task.service[stop])),
            prize=LEAVE_OUT + int(loads[stop, 0]),
            required=False,
        )
        for stop in range(len(task.mass))
    ]
    truck = pyvrp.VehicleType(
        num_available=task.trucks,
        capacity=most,
        start_depot=0,
        end_depot=1,
        reload_depots=[1],
        fixed_cost=ONE_MORE_TRUCK,
        shift_duration=max(0, int(task.shift)),
    )
    depots = [pyvrp.Depot(0), pyvrp.Depot(1, service_duration=round(task.unloading))]
    places = [pyvrp.Location(0.0, 0.0) for _ in range(len(matrix))]
    return pyvrp.ProblemData(places, clients, depots, [truck], [matrix], [matrix])
