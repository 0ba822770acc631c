"""Waste: forecasts held out, a year of containers, rounds for a year, the published policy.

- `containers_year`: 100,000 containers for a year in steps of an hour, emptied by a calendar,
  beside the same process drawn with NumPy step by step (a few days of it, stretched).
- `forecast_*`: the forecast of Edinburgh's litter bins on weeks that it has not seen.
- `groningen_saving`: fixed number of visits against prizes by forecast, arXiv 2409.13386.
- `x_n200_k36_gap`: a published instance through our own planner, 2 s; its file is read from the
  folder that CITYTWIN_DATA names (`routing/X-n200-k36.vrp`) or from CITYTWIN_X_N200, if there.
- `year_10000_*`: a year of 10,000 containers with rounds planned every day; also by itself:
  `python -m bench.waste_year`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from bench._report import Bench, seconds
from bench.waste_year import year
from models.waste import kernels
from models.waste.plan import tours
from models.waste.season import (
    HOURS,
    by_forecast,
    fullest_first,
    groningen_like,
    simulate,
)
from models.waste.task import LEAVE_OUT, Task, Vehicle, open_all_day
from twin.core.random import Streams

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("CITYTWIN_DATA", ROOT.parent / "shared" / "data"))
BEST_KNOWN = 58_578
FRESH_CASES = 11, 12, 13
"""Seeds of the cases like Groningen's; the prizes were tried on case 1."""


def main() -> None:
    bench = Bench.from_arguments("Waste")
    containers_year(bench)
    forecast(bench)
    groningen(bench)
    instance(bench)
    year(bench)
    bench.finish()


def containers_year(bench: Bench, n: int = 100_000) -> None:
    """Hourly steps of a compound Poisson process with daily emptying of a third of them."""
    days = 30 if bench.quick else 365
    rate = np.exp(np.random.default_rng(1).normal(0.0, 0.6, n)) * 6.7 / 24.0
    bag = np.full(n, 1.0)
    ours = seconds(lambda: _kernel_days(rate, bag, 1)) and seconds(
        lambda: _kernel_days(rate, bag, days)
    )
    peer = seconds(lambda: _numpy_days(rate, bag, 3)) * days / 3.0
    bench.figure(
        "containers_year", ours * 365.0 / days, "s", peer * 365.0 / days,
        note=f"{n:,} containers, hourly, {days} days; peer: NumPy",
    )  # fmt: skip


def _kernel_days(rate: np.ndarray, bag: np.ndarray, days: int) -> None:
    n = len(rate)
    keys = Streams(1).keys("bench", np.array([str(i) for i in range(n)]))
    wait, count = np.ones(n), np.zeros(n, dtype=np.int64)
    mass, total, ones = np.zeros(n), np.zeros(n), np.ones(n)
    level, overflow = np.zeros(n), np.zeros(n)
    profile = HOURS / HOURS.mean()
    for day in range(days):
        mass[day % 3 :: 3] = 0.0
        for hour in range(24):
            now = rate * profile[hour]
            kernels.deposit(now, ones, bag, keys, wait, count, mass, total)
            kernels.measure_level(mass, ones, 1.0, level, overflow)


def _numpy_days(rate: np.ndarray, bag: np.ndarray, days: int) -> None:
    random = np.random.default_rng(1)
    n = len(rate)
    mass, overflow = np.zeros(n), np.zeros(n)
    profile = HOURS / HOURS.mean()
    for day in range(days):
        mass[day % 3 :: 3] = 0.0
        for hour in range(24):
            bags = random.poisson(rate * profile[hour] / bag)
            came = np.zeros(n)
            some = bags > 0
            came[some] = random.gamma(2.0 * bags[some], bag[some] / 2.0)
            mass += came
            overflow += mass > 1.0


def forecast(bench: Bench) -> None:
    """Coverage and errors on Edinburgh's weeks, each forecast from those before it."""
    file = DATA / "sensors" / "waste" / "edinburgh_bins_2016.csv.gz"
    if not file.exists():
        print(f"skipped: forecast, there is no {file}", file=sys.stderr)
        return
    from models.waste.forecast import rolling

    found = rolling(file)
    ours = found["filter", "last emptying"]
    bench.figure("forecast_coverage", 100.0 * ours.coverage, "%", 90.0, note="of the 90 % interval")
    for name in ("site mean", "last rate"):
        peer = found[name, "last emptying"]
        key = name.replace(" ", "_")
        bench.figure(f"forecast_mae_{key}", ours.mae, "%", peer.mae, note=f"peer: {name}")
        bench.figure(f"forecast_pinball_{key}", ours.pinball, "%", peer.pinball)


def groningen(bench: Bench) -> None:
    """Distance and service of the published baseline and of prizes by forecast.

    Means over cases (and chances) on which no prize was chosen.
    """
    days, iterations = (7, 100) if bench.quick else (14, 100)
    pairs = [
        (
            simulate(case, fullest_first(250), days, seed=seed, iterations=iterations),
            simulate(case, by_forecast(), days, seed=seed, iterations=iterations),
        )
        for seed, case in ((seed, groningen_like(seed)) for seed in FRESH_CASES)
    ]
    saving = [100.0 * (1.0 - ours.km / base.km) for base, ours in pairs]
    km = [np.mean([season.km for season in side]) for side in zip(*pairs, strict=True)]
    bench.figure(
        "groningen_saving", float(np.mean(saving)), "%", 41.0,
        note=f"{km[0]:.0f} to {km[1]:.0f} km; by case {', '.join(f'{s:.1f}' for s in saving)}",
    )  # fmt: skip
    for name, seasons in zip(("baseline", "forecast"), zip(*pairs, strict=True), strict=True):
        service, fill, visits, hours = np.mean(
            [(s.service, s.fill, s.visits, s.hours) for s in seasons], axis=0
        )
        bench.figure(f"groningen_service_{name}", 100.0 * float(service), "%", 99.9)
        bench.figure(
            f"groningen_fill_{name}", 100.0 * float(fill), "%",
            note=f"{visits:.0f} visits, {hours:.1f} h",
        )  # fmt: skip


def instance(bench: Bench) -> None:
    """X-n200-k36 (Uchoa et al. 2017) as a task of ours, 2 s."""
    given = os.environ.get("CITYTWIN_X_N200", DATA / "routing" / "X-n200-k36.vrp")
    file = Path(given)
    if not file.exists():
        print(f"skipped: x_n200_k36_gap, there is no {file}", file=sys.stderr)
        return
    cost = solve_instance(file, 2.0)
    bench.figure("x_n200_k36_gap", 100.0 * (cost / BEST_KNOWN - 1.0), "%", 3.5, note="bar 3.5")


def solve_instance(file: Path, runtime: float) -> float:
    """Length of the rounds that our planner finds for an instance of capacitated routing."""
    import pyvrp

    given = pyvrp.read(file, round_func="round")
    places = [0, *(given.client(i).location for i in range(given.num_clients))]
    at = [places[0], *places]
    matrix = given.distance_matrix(0)[np.ix_(at, at)].astype(np.float64)
    demand = np.array([given.client(i).delivery[0] for i in range(given.num_clients)], float)
    k = len(demand)
    task = Task(
        seconds=matrix, mass=demand, volume=np.zeros(k), service=np.zeros(k),
        prize=np.full(k, LEAVE_OUT), window=open_all_day(k),
        vehicles=[Vehicle(1e7, k, cost=0)],
        truck_mass=float(given.vehicle_type(0).capacity[0]), truck_volume=1.0, reloads=(),
    )  # fmt: skip
    found = tours(task, runtime=runtime)
    assert sorted(stop for tour in found for stop in tour.stops) == list(range(k))
    return sum(tour.length(matrix) for tour in found)


if __name__ == "__main__":
    main()
