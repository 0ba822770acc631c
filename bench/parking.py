"""SFpark's rule on a case that starts and grows as SFpark's areas did, beside what was published.

Two things are set from San Francisco: how full the blocks are at the start (about a third at 80 %
and more, a third between 60 and 80 %), and how much the demand grows, so that blocks whose price
stays are full 51 % more often, as those of the control areas were. What ten changes of price make
of it is ours. ``python -m bench.parking [--quick] [--json FILE]``
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bench._report import Bench
from models.parking.rounds import Round, rounds
from tests.models.parking_town import scenario, town
from twin.scenario.scenario import Scenario

BANDS = ("09:00-12:00", "12:00-15:00", "15:00-18:00")
START: dict[str, Any] = {
    "turnover": 0.54,
    "spread": 0.9,
    "occupied": 0.7,
    "stay": 60.0,
    "price": 2.69,
}
"""2.69 $/h was the mean price of the meters; turnover and spread give the start."""
CHANGES = 10
CONTROL = 0.51
"""Growth of the share of time in which blocks of the control areas were full."""
PUBLISHED = {
    "full blocks": -16.0,
    "search time": -43.0,
    "search distance": -30.0,
    "blocks at 60 to 80 %": 31.0,
    "mean price": -4.0,
}
"""%, in the areas whose prices moved (SFMTA 2014)."""
ELASTICITY = -0.4


@dataclass(frozen=True)
class Case:
    """A pilot and what came of it.

    Attributes
    ----------
    start : (3,) float64
        Shares of block and band below 60, at 60 to 80, at 80 % and more before the first change.
    growth
        Of the demand.
    change
        In the pilot, %, by the names of ``PUBLISHED``.
    elasticity
        Mean arc elasticity of a block's occupancy over its changes of price.
    """

    start: np.ndarray[Any, np.dtype[np.float64]]
    growth: float
    change: dict[str, float]
    elasticity: float


def case(seed: int = 1, changes: int = CHANGES) -> Case:
    """Live the control, then the pilot, under one seed."""
    city = town(6)

    def full(growth: float) -> float:
        return next(rounds(_day(growth), city, seed=seed, bands=BANDS, most=0)).full

    growth = _growth(full)
    lived = list(
        rounds(
            _day(), city, seed=seed, bands=BANDS, most=changes, settled=-1.0, growth=growth
        )
    )  # fmt: skip
    first, last = lived[0], lived[-1]
    both = [
        (first.full, last.full),
        *((first.indicators[f"parking.{key}"], last.indicators[f"parking.{key}"])
          for key in ("search_time", "search_distance")),
        (_shares(first)[1], _shares(last)[1]),
        (first.indicators["parking.mean_price"], last.indicators["parking.mean_price"]),
    ]  # fmt: skip
    change = {
        name: 100.0 * (after / before - 1.0)
        for name, (before, after) in zip(PUBLISHED, both, strict=True)
    }
    return Case(_shares(first), growth, change, _elasticity(lived))


def _day(growth: float = 0.0) -> Scenario:
    return scenario(10, start="08:30", **{**START, "turnover": START["turnover"] * (1.0 + growth)})


def _growth(full: Any) -> float:
    """Growth of the demand that makes full blocks as much more frequent as in the control areas."""
    wanted, low, high = full(0.0) * (1.0 + CONTROL), 0.0, 0.25
    for _ in range(5):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if full(middle) < wanted else (low, middle)
    return 0.5 * (low + high)


def _shares(lived: Round) -> np.ndarray[Any, np.dtype[np.float64]]:
    seen = lived.occupancy[np.isfinite(lived.occupancy)]
    low, high = float(np.mean(seen < 0.6)), float(np.mean(seen >= 0.8))
    return np.array([low, 1.0 - low - high, high])


def _elasticity(lived: list[Round]) -> float:
    """Mean of the relative changes of occupancy over those of the price, where this moved."""
    found = []
    for one, other in pairwise(lived):
        used = (one.price != other.price) & (one.occupancy > 0.0) & (other.occupancy > 0.0)
        taken = (other.occupancy - one.occupancy) / (other.occupancy + one.occupancy)
        price = (other.price - one.price) / (other.price + one.price)
        found.append(taken[used] / price[used])
    return float(np.concatenate(found).mean())


def main() -> None:
    """Print ours beside theirs, mean of the seeds."""
    bench = Bench.from_arguments("SFpark's ten changes of price, demand growing as it did there")
    seeds = (1,) if bench.quick else (1, 2, 3)
    cases = [case(seed) for seed in seeds]
    low, middle, high = np.mean([one.start for one in cases], axis=0)
    note = f"{100 * low:.0f} % below 60, {100 * middle:.0f} % between, {100 * high:.0f} % from 80 %"
    growth = 100.0 * float(np.mean([one.growth for one in cases]))
    bench.figure("demand in the control", growth, "%", note=f"start: {note}")
    for name, theirs in PUBLISHED.items():
        ours = [one.change[name] for one in cases]
        each = ", ".join(f"{value:+.0f}" for value in ours)
        bench.figure(name, float(np.mean(ours)), "%", theirs, note=f"by seed {each}")
    elasticity = float(np.mean([one.elasticity for one in cases]))
    bench.figure("elasticity of the occupancy", elasticity, "1", ELASTICITY)
    bench.finish()


if __name__ == "__main__":
    main()
