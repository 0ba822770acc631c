"""A year of quarter-hours of Helsinki's electricity, from the command line, results recorded.

`twin run helsinki/energy-year` as a whole program: imports, the city, every load of every home and
building, the power flow of the whole grid, the ledger and the files of the results. The bundle is
built and the kernels are compiled before the clock starts. The bar is 120 s and 4,096 MB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench._plain_sumo import Cost, measure
from bench._report import Bench

SCENARIO = "helsinki/energy-year"
POLICY = "helsinki/heat-pumps-solar-year"
ROOT = Path(__file__).parents[1]
SECONDS, MEGABYTES = 120.0, 4096.0
"""The bars."""


def command(scenario: str, results: Path, days: int) -> list[str]:
    """The program that lives a scenario."""
    program = [sys.executable, "-m", "twin.cli", "run", scenario, "--seed", "1"]
    return [*program, "--set", f"period.duration={days}d", "--results", str(results)]


def main() -> None:
    bench = Bench.from_arguments("A year of Helsinki's electricity at quarter-hours")
    days, repetitions = (28, 1) if bench.quick else (365, 2)
    share = 365.0 / days
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure(command(SCENARIO, folder / "warm", 1), ROOT)
        for figure, scenario in (("helsinki_year", SCENARIO), ("helsinki_year_policy", POLICY)):
            costs: list[Cost] = []
            for number in range(repetitions):
                costs.append(measure(command(scenario, folder / str(number), days), ROOT))
            wall = min(cost.wall for cost in costs)
            memory = max(cost.memory for cost in costs)
            note = f"{days} days lived" + (f"; a year would be {wall * share:.0f} s" * bench.quick)
            bench.figure(figure, wall, "s", SECONDS, note=note)
            bench.figure(figure.replace("helsinki_year", "memory"), memory, "MB", MEGABYTES)
    bench.finish()


if __name__ == "__main__":
    main()
