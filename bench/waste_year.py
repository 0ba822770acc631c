"""A year of 10,000 containers on a city's streets, with rounds planned every day, on 2 cores.

10,000 containers at 7,600 sites stand along the streets of a town of 22 by 22 km (15,600 junctions,
56,000 directed streets, some missing, some faster). Driving times and lengths are those of the
fastest paths; trucks of 80 m³ loose waste unload at the depot; 12 districts have 4 trucks each and
are planned by themselves, by 2 processes. Each policy lives the same year with the same deposits.
What comes out depends neither on the number of processes nor on the speed of the machine: the
search stops after a number of iterations.

- `year_10000_…`: wall time of the whole year under a policy, laying out the ways included.
- `year_10000_…_processor`: the same as processor time, whatever else the machine does.
- `year_10000_ways`: the part of it that lays out the ways, once for all policies.

A quick run stretches two weeks in a quarter of the town.
"""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from bench._report import Bench, seconds
from models.waste.case import sensor_city
from models.waste.network import Network
from models.waste.roads import Roads
from models.waste.rounds import sectors
from models.waste.season import Policy, Season, by_forecast, threshold
from models.waste.streets import (
    Choice,
    StreetCase,
    compact,
    fixed_rounds,
    on_streets,
    simulate_districts,
)
from twin.city.city import City, Place
from twin.city.table import Table

DISTRICTS = 12
TRUCKS = 4
"""In each district."""
ITERATIONS = 20
"""Of PyVRP for one district and day: the heuristic's budget."""
TRUCK = 80_000.0
"""Loose waste that a truck of 20 m³ carries, pressed to a quarter, l."""
PROCESSES = 2
JUNCTIONS, BLOCK = 125, 180.0
"""Of the city's side, and between two of them, m."""
TWICE = np.array([0b001001, 0b010010, 0b100100])
"""Days of fixed rounds: Monday and Thursday, Tuesday and Friday, Wednesday and Saturday."""


def city_of_streets(side: int = JUNCTIONS, block: float = BLOCK, seed: int = 1) -> City:
    """A town of shifted blocks: a tenth of the streets is missing, every sixth is an avenue.

    Parameters
    ----------
    side
        Junctions of one side of the square.
    block
        Length of a block, m.
    """
    random = np.random.default_rng(seed)
    row = np.arange(side * side)
    at = np.column_stack((row % side, row // side)).astype(np.float64)
    at = (at - (side - 1) / 2.0) * block + random.uniform(-0.2, 0.2, at.shape) * block
    east, north = row[row % side < side - 1], row[:-side]
    start = np.concatenate((east, north))
    end = np.concatenate((east + 1, north + side))
    avenue = np.concatenate((east // side % 6 == 0, north % side % 6 == 0))
    kept = avenue | (random.random(len(start)) >= 0.1)
    start, end, avenue = start[kept], end[kept], avenue[kept]
    both = np.concatenate((start, end)), np.concatenate((end, start))
    lines = shapely.linestrings(np.stack((at[both[0]], at[both[1]]), axis=1))
    n = len(lines)
    city = City("blocks", Place("EPSG:3067", 24.9, 60.2, "UTC", "FI"), Path("blocks.net.xml"))
    city.add(Table("edge", [f"e{i}" for i in range(n)], {
        "from_junction": both[0].astype(np.int32), "to_junction": both[1].astype(np.int32),
        "length": shapely.length(lines), "car": np.ones(n, dtype=np.bool_),
        "speed": np.where(np.tile(avenue, 2), 50.0, 30.0) / 3.6 * 0.8,
    }, lines))  # fmt: skip
    return city


def cases(districts: int = DISTRICTS) -> list[StreetCase]:
    """The districts of the town."""
    city = city_of_streets()
    whole = sensor_city(1, 7600, 10_000, TRUCKS * districts, width=1.1)
    case = replace(whole, truck_volume=TRUCK)
    weekdays = np.zeros(len(case.daily), dtype=np.int64)
    district = compact(case.points, case.daily, districts)
    for number in range(districts):
        mine = district == number
        weekdays[mine] = TWICE[sectors(case.points[mine], case.daily[mine], len(TWICE))]
    network = Network(city["edge"], np.zeros(len(city["edge"])))
    return on_streets(case, weekdays, network, Roads(city), districts)


def by_prizes(case: StreetCase) -> Policy:
    """Prizes by forecast, as the policy has them."""
    return by_forecast()


def by_level(case: StreetCase) -> Policy:
    """The threshold that the policy has."""
    return threshold(0.6)


POLICIES: dict[str, Choice] = {
    "forecast": by_prizes, "threshold": by_level, "fixed": fixed_rounds,
}  # fmt: skip


def year(bench: Bench) -> None:
    """Live the year under each policy."""
    found: list[StreetCase] = []
    began = time.process_time()
    ways = seconds(lambda: found.extend(cases()))
    own = time.process_time() - began
    bench.figure("year_10000_ways", ways, "s", note="fastest paths between the sites of a district")
    for name, choice in POLICIES.items():
        if bench.quick:
            # Two weeks in a quarter of the town, without the start of the processes.
            wall_before, work_before, _ = _lived(found[::4], choice, 7)
            wall, work, season = _lived(found[::4], choice, 21)
            wall, work = (x * 365.0 / 14 * 4 for x in (wall - wall_before, work - work_before))
            days = "2 weeks of a quarter"
        else:
            wall, work, season = _lived(found, choice, 365)
            days = "365 days"
        bench.figure(
            f"year_10000_{name}", wall + ways, "s", 600.0,
            note=f"{days}, {ITERATIONS} iterations a district and day: {season.visits:,.0f} "
            f"visits, {season.routes:.0f} rounds, {season.km:,.0f} km a day, "
            f"{100.0 * season.fill:.0f} % full, room for {100.0 * season.room:.2f} %, "
            f"{season.unvisited:.1f} due and not visited",
        )  # fmt: skip
        bench.figure(
            f"year_10000_{name}_processor", work + own, "s", 1200.0,
            note="of all processes; peer: 600 s on 2 cores",
        )  # fmt: skip


def _lived(cases: list[StreetCase], choice: Choice, days: int) -> tuple[float, float, Season]:
    """Wall and processor time of some days, s, and what they were like."""
    before, began = _children(), time.perf_counter()
    season = simulate_districts(
        cases, choice, days, warm=0, iterations=ITERATIONS, processes=PROCESSES
    )
    return time.perf_counter() - began, _children() - before, season


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    bench = Bench.from_arguments("A year of waste collection")
    year(bench)
    bench.finish()


if __name__ == "__main__":
    main()
