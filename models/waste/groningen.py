"""The published case of Groningen, as far as it is known: deposits counted, breaks at the depot.

What Wouda, Aerts-Veenstra & van Foreest (2024, arXiv 2409.13386) describe, and what the authors'
repository (github.com/N-Wouda/Urban-Waste-Collection) tells beside it: the settings of the
simulation (`waste/classes/Configuration.py`), what is known of a site and when it is visited
(`waste/strategies`), and the map of all sites (`notebooks/exploration.ipynb`). Rates of single
sites and the roads are not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.waste.case import HOURS, Case, Day
from models.waste.season import Policy, fullest_first
from models.waste.task import Vehicle
from models.waste.urgency import Rates

if TYPE_CHECKING:
    from models.waste.case import Filling
    from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SIZES = 10.0, 30.0, 60.0
"""A deposit is triangular: least, most frequent and largest, l."""
MEAN = sum(SIZES) / 3.0
VARIANCE = (
    sum(size**2 for size in SIZES)
    - SIZES[0] * SIZES[1] - SIZES[0] * SIZES[2] - SIZES[1] * SIZES[2]
) / 18.0  # fmt: skip
RECKONED = 60.0
"""What the municipality reckons that a deposit takes, l (85 deposits fill 5 m³)."""
SPELLS = 3.0, 1.5, 1.5
"""Hours from seven to the coffee, to the lunch and to the end of the shift."""
KNOWN = 1440.0
"""Hours of counted deposits from which the rates are known at the beginning."""
TOWN = 1500.0
"""Standard deviation of the sites about the middle of the town, m."""
VILLAGES = 5500.0, 6000.0, 10_500.0
"""How far the villages are from there, m."""
VILLAGE = 7
"""Sites in each."""


@dataclass(frozen=True)
class CountedCase(Case):
    """Locks count deposits, and every break is taken at the depot."""

    def vehicles(self, trucks: int) -> list[Vehicle]:
        """A truck between two breaks is a vehicle of its own."""
        return [
            Vehicle(hours * 3600.0, trucks * SPELLS.count(hours), cost=0)
            for hours in sorted(set(SPELLS), reverse=True)
        ]

    def filling(self, streams: Streams) -> Filling:
        """How sites fill from now on, and what is seen of it."""
        return Counted(self, streams)


def groningen(seed: int = 1) -> CountedCase:
    """850 sites with 1,120 containers of 4 or 5 m³, four trucks, one depot.

    From the map: where the sites lie about the middle of the town, how many lie in villages, and
    where the depot is. The mean rate is set so that 250 sites a day are 48.9 % full. Ours: the
    places of single sites, the spread of the rates (log-normal, 0.5), that sites with two
    containers are anywhere, a detour of 1.4 and 30 km/h. No site has a time window.
    """
    from twin.core.random import Streams

    random = Streams(seed).generator("waste.case", "groningen counted")
    around = VILLAGE * len(VILLAGES)
    town = random.normal(0.0, TOWN, (850 - around, 2))
    angle = random.uniform(0.0, 2.0 * np.pi, len(VILLAGES))
    centre = np.column_stack((np.cos(angle), np.sin(angle))) * np.array(VILLAGES)[:, None]
    villages = np.repeat(centre, VILLAGE, axis=0) + random.normal(0.0, 300.0, (around, 2))
    count = np.ones(850, dtype=np.int64)
    count[random.permutation(850)[:270]] += 1
    capacity: Floats = random.choice([4000.0, 5000.0], 850) * count
    rate = np.exp(random.normal(0.0, 0.5, 850))
    daily = rate * (0.489 * 250.0 / rate.sum()) * capacity
    return CountedCase(
        np.vstack((town, villages)), np.array([3070.0, -2830.0]), count, capacity, daily, bag=MEAN,
        shift=sum(SPELLS), rest=0.0, unloading=0.0, detour=1.4, service=180.0, further=60.0,
    )  # fmt: skip


def municipal(count: int) -> Policy:
    """The published baseline: so many sites that, by its reckoning, will be full soonest."""
    return fullest_first(count, RECKONED / MEAN)


class Counted:
    """Poisson deposits of triangular size, whose number is known and whose volume is not.

    The rates are known from deposits that were counted before.
    """

    def __init__(self, case: CountedCase, streams: Streams) -> None:
        self.case, self.streams = case, streams
        k = len(case.daily)
        self.held, self.count, self.brought = np.zeros(k), np.zeros(k), 0.0
        self.grain = (MEAN + VARIANCE / MEAN) / case.capacity
        self.rates = Rates.prior(case.daily / case.capacity / 24.0, KNOWN)

    def fill(self, day: int, hours: slice) -> None:
        """Let what comes in some hours of a day come."""
        random = self.streams.generator("waste.deposits", f"day {day} from {hours.start}")
        share = float(HOURS[hours].sum() / HOURS.sum())
        number = random.poisson(self.case.daily / MEAN * share)
        sizes = random.triangular(*SIZES, int(number.sum()))
        sites = np.repeat(np.arange(len(number)), number)
        self.held += np.bincount(sites, weights=sizes, minlength=len(number))
        self.count += number
        self.brought += float(sizes.sum())

    def see(self, day: int) -> Day:
        """Levels by the number of deposits."""
        capacity = self.case.capacity
        deviation = np.sqrt(self.count * VARIANCE) / capacity
        return Day(self.count * MEAN / capacity, deviation, self.rates, self.grain, day)

    def empty(self, rows: Rows) -> None:
        """Some sites are emptied."""
        self.held[rows] = 0.0
        self.count[rows] = 0.0
