"""Plans rounds with PyVRP (Wouda, Lan & Kool 2024): which truck visits what, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.waste.construct import first_rounds
from models.waste.task import DEPOT, DISPOSAL, FIRST, FOREVER, LEAVE_OUT, Task

UNREACHABLE = 10_000_000
"""Seconds that stand for no path."""


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
    from pyvrp.stop import MaxIterations, MaxRuntime

    stop = MaxIterations(iterations) if runtime is None else MaxRuntime(runtime)
    problem = _problem(task)
    best = _search(task, problem, stop)
    if not best.is_feasible():
        return []
    kinds = [row for row, vehicle in enumerate(task.vehicles) if vehicle.count > 0]
    at = [int(depot.location) for depot in problem.depots()]
    found = []
    for route in best.routes():
        steps = list(route.schedule())
        stops = [int(step.idx) for step in steps if step.is_client()]
        places = [
            int(step.idx) + FIRST if step.is_client() else at[int(step.idx)] for step in steps
        ]
        found.append(Tour(kinds[route.vehicle_type()], stops, places))
    return found


def _search(task: Task, problem: Any, stop: Any) -> Any:
    """The best rounds that PyVRP's search finds from :func:`.first_rounds`.

    As ``pyvrp.solve`` does it, but what the first local search makes of the first rounds is kept
    only if it can be driven, so that the best can be too.
    """
    import pyvrp
    from pyvrp.search import LocalSearch, PerturbationManager, compute_neighbours

    rules = pyvrp.SolveParams()
    random = pyvrp.RandomNumberGenerator(seed=0)
    neighbours = compute_neighbours(problem, rules.neighbourhood)
    local = LocalSearch(problem, random, neighbours, PerturbationManager(rules.perturbation))
    for operator in rules.operators:
        if operator.supports(problem):
            local.add_operator(operator(problem))
    penalties = pyvrp.PenaltyManager(rules.penalty.midpoint_penalties(problem), rules.penalty)
    first = _as_solution(task, problem)
    better = local(first, penalties.max_cost_evaluator(), exhaustive=True)
    begin = better if better.is_feasible() else first
    search = pyvrp.IteratedLocalSearch(problem, penalties, local, begin, rules.ils)
    return search.run(stop, collect_stats=False, display=False).best


def _as_solution(task: Task, problem: Any) -> Any:
    """The first rounds in PyVRP's terms; none of them where one cannot be driven after all."""
    import pyvrp
    from pyvrp import Activity, ActivityType

    kinds = [row for row, vehicle in enumerate(task.vehicles) if vehicle.count > 0]
    number = {int(depot.location): i for i, depot in enumerate(problem.depots())}
    routes = []
    for row, places in first_rounds(task):
        steps = [
            Activity(ActivityType.DEPOT, number[place])
            if place in number
            else Activity(ActivityType.CLIENT, place - FIRST)
            for place in places
        ]
        routes.append(pyvrp.Route(problem, steps, kinds.index(row)))
    return pyvrp.Solution(problem, [route for route in routes if route.is_feasible()])


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
