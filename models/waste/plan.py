"""Plans rounds with PyVRP (Wouda, Lan & Kool 2024): which truck visits what, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

UNREACHABLE = 10_000_000
"""Seconds that stand for no path."""
LEAVE_OUT = 100_000.0
"""Prize, s, of a stop that is to be made: it is left out only where the shift allows no more."""
ONE_MORE_TRUCK = 1_800
"""Seconds that sending one more truck costs."""
FOREVER = 10_000_000.0
DEPOT, DISPOSAL, FIRST = 0, 1, 2
"""Places of a task: the depot, where the last load goes, the stops, then all other places."""


@dataclass(frozen=True)
class Vehicle:
    """Trucks that may be sent.

    Attributes
    ----------
    free
        Time until the last unloading must be over, s.
    count
        How many of the same.
    place
        Where they are: ``DEPOT``, or a row of the matrix behind the stops.
    mass, volume
        What is aboard, kg and m³.
    cost
        Seconds that sending it costs.
    driving
        Time of driving that its battery lasts for, s.
    """

    free: float
    count: int = 1
    place: int = DEPOT
    mass: float = 0.0
    volume: float = 0.0
    cost: int = ONE_MORE_TRUCK
    driving: float = FOREVER


@dataclass(frozen=True)
class Task:
    """What is to be planned, for one stream.

    Attributes
    ----------
    seconds : (k + 2 + p, k + 2 + p) float64, s
        Driving times; row 0 is the depot, 1 the disposal, then k stops, then p places of trucks,
        further depots and disposals.
    mass, volume : (k,) float64, kg, m³
        Expected load of each stop.
    service : (k,) float64, s
        Time that each stop takes.
    prize : (k,) float64, s
        Driving time that a stop is worth; ``LEAVE_OUT`` for one that is to be made.
    window : (k, 2) float64, s
        From and until when a stop may begin, from now.
    vehicles
        What may be sent.
    truck_mass, truck_volume
        What a truck carries, kg and m³.
    unloading
        Time of one unloading, s.
    reloads
        Places where a truck may unload under way; it ends its round at ``DISPOSAL``.
    """

    seconds: Floats
    mass: Floats
    volume: Floats
    service: Floats
    prize: Floats
    window: Floats
    vehicles: Sequence[Vehicle]
    truck_mass: float
    truck_volume: float
    unloading: float = field(default=0.0)
    reloads: Sequence[int] = (DISPOSAL,)


def open_all_day(stops: int) -> Floats:
    """Windows of stops that may be made at any time; (k, 2) float64, s."""
    return np.tile([0.0, FOREVER], (stops, 1))


@dataclass(frozen=True)
class Tour:
    """One round that goes out.

    Attributes
    ----------
    vehicle
        Row of ``vehicles`` of the task.
    stops
        0..k-1, in order.
    places
        Rows of the matrix in order, from where it starts over stops and unloadings to its end.
    """

    vehicle: int
    stops: list[int]
    places: list[int]

    def length(self, legs: npt.NDArray[np.floating]) -> float:
        """Sum of a matrix along the way, unloadings under way included."""
        return float(legs[self.places[:-1], self.places[1:]].sum(dtype=np.float64))


def plan(
    task: Task, iterations: int = 0, runtime: float | None = None
) -> list[tuple[int, list[int]]]:
    """Row of ``vehicles`` and stops 0..k-1 of each round; see :func:`tours`."""
    return [(tour.vehicle, tour.stops) for tour in tours(task, iterations, runtime)]


def tours(task: Task, iterations: int = 0, runtime: float | None = None) -> list[Tour]:
    """The rounds that go out.

    Parameters
    ----------
    task
        What is to be planned.
    iterations
        Of the search: a number, not a time, so that a slow machine finds the same rounds.
    runtime
        A time instead, s, where that does not matter.

    Returns
    -------
    list of Tour
        Stops that no truck can do, or that are not worth it, are in none.
    """
    if not any(vehicle.count > 0 for vehicle in task.vehicles) or not len(task.mass):
        return []
    import pyvrp
    from pyvrp.stop import MaxIterations, MaxRuntime

    stop = MaxIterations(iterations) if runtime is None else MaxRuntime(runtime)
    problem = _problem(task)
    result = pyvrp.solve(problem, stop, seed=0, collect_stats=False, display=False)
    if not result.best.is_feasible():
        return []
    kinds = [row for row, vehicle in enumerate(task.vehicles) if vehicle.count > 0]
    at = [int(depot.location) for depot in problem.depots()]
    found = []
    for route in result.best.routes():
        steps = list(route.schedule())
        stops = [int(step.idx) for step in steps if step.is_client()]
        places = [
            int(step.idx) + FIRST if step.is_client() else at[int(step.idx)] for step in steps
        ]
        found.append(Tour(kinds[route.vehicle_type()], stops, places))
    return found


def _problem(task: Task) -> Any:
    import pyvrp

    stops = len(task.mass)
    matrix = np.rint(np.minimum(task.seconds, UNREACHABLE)).astype(np.int64)
    np.fill_diagonal(matrix, 0)
    loads = np.ceil(np.column_stack([task.mass, task.volume * 1000.0])).astype(np.int64)
    most = [int(task.truck_mass), int(task.truck_volume * 1000.0)]
    windows = np.clip(task.window, 0.0, FOREVER).astype(np.int64)
    clients = [
        pyvrp.Client(
            location=stop + FIRST,
            pickup=np.minimum(loads[stop], most).tolist(),
            service_duration=round(float(task.service[stop])),
            tw_early=int(windows[stop, 0]),
            tw_late=int(windows[stop, 1]),
            prize=round(float(task.prize[stop])) + int(task.prize[stop] >= LEAVE_OUT) * int(
                loads[stop, 0]
            ),
            required=False,
        )
        for stop in range(stops)
    ]  # fmt: skip
    places = sorted({v.place for v in task.vehicles if v.place != DEPOT})
    starts = {DEPOT: 0} | {place: number + 2 for number, place in enumerate(places)}
    depots = [pyvrp.Depot(DEPOT), pyvrp.Depot(DISPOSAL, service_duration=round(task.unloading))]
    depots += [pyvrp.Depot(place) for place in places]
    reloads = [
        DISPOSAL if place == DISPOSAL else len(depots) + i for i, place in enumerate(task.reloads)
    ]
    depots += [
        pyvrp.Depot(place, service_duration=round(task.unloading))
        for place in task.reloads
        if place != DISPOSAL
    ]
    trucks = [
        pyvrp.VehicleType(
            num_available=vehicle.count,
            capacity=most,
            start_depot=starts[vehicle.place],
            end_depot=DISPOSAL,
            reload_depots=reloads,
            fixed_cost=vehicle.cost,
            shift_duration=max(0, int(vehicle.free)),
            tw_late=max(0, int(vehicle.free)),
            max_distance=max(0, int(min(vehicle.driving, FOREVER))),
            initial_load=[
                min(int(vehicle.mass), most[0]), min(int(vehicle.volume * 1000.0), most[1])
            ],
        )
        for vehicle in task.vehicles
        if vehicle.count > 0
    ]  # fmt: skip
    where = [pyvrp.Location(0.0, 0.0) for _ in range(len(matrix))]
    return pyvrp.ProblemData(where, clients, depots, trucks, [matrix], [matrix])
