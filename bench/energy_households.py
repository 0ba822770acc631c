"""A thousand homes over a year beside what is published: the standard profile, and planned peaks.

Validation, not speed: the sum and the course of BDEW's H0, and the peak a home of 1 to 1,000
together beside what DIN 18015-1 plans for (dwellings without electric hot water), which must be
above.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench._report import Bench
from models.energy.demand import annual, dwellings_peak
from models.energy.homes.households import Households, Water
from models.energy.profiles import Profiles, table
from twin.city.city import City, Place
from twin.city.table import Table
from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
HOMES, PEOPLE = 1000, 2.0
COUNTS = (1, 3, 10, 100, 1000)


def houses() -> City:
    """Homes of two, one a building."""
    city = City("homes", Place("EPSG:25832", 9.7, 50.87, "Europe/Berlin", "DE"), Path("none"))
    ids = [f"h{n}" for n in range(HOMES)]
    columns = {
        "use": np.full(HOMES, "residential"),
        "people": np.full(HOMES, PEOPLE),
        "jobs": np.zeros(HOMES),
        "floor_area": np.full(HOMES, 80.0),
    }
    city.add(Table("building", ids, columns))
    return city


def year(days: int) -> tuple[Floats, Floats, Floats]:
    """Power of each home, W; energy of each, kWh/a; the profile, W per kWh/a."""
    city = houses()
    homes = Households(city, Streams(1), annual(city["building"]))
    profiles = Profiles(table(), ("h0",), "DE")
    nobody, price = np.zeros(len(homes), dtype=np.bool_), np.full(192, 0.3)
    power: Floats = np.empty((days * 96, HOMES))
    wanted: Floats = np.empty(days * 96)
    for number in range(days):
        when = date(2025, 1, 1) + timedelta(days=number)
        part = slice(number * 96, number * 96 + 96)
        wanted[part] = [profiles.at(when, 900.0 * quarter)[0] for quarter in range(96)]
        day = homes.day(
            when, wanted[part], price, nobody, nobody, nobody, nobody[:96], Water(1.5, 2.6, 45.0)
        )
        power[part] = day.appliances
    return power, homes.energy, wanted


def main() -> None:
    bench = Bench.from_arguments("A thousand homes beside H0 and DIN 18015-1")
    power, energy, wanted = year(28 if bench.quick else 365)
    expected = wanted * energy.sum()
    bench.figure("energy", power.sum() / 4000.0, "kWh", float(expected.sum()) / 4000.0)
    hours = power.sum(axis=1).reshape(-1, 24, 4).mean(axis=(0, 2))
    theirs = expected.reshape(-1, 24, 4).mean(axis=(0, 2))
    worst = 100.0 * float(np.abs(hours / theirs - 1.0).max())
    bench.figure("hour_worst", worst, "%", note="mean of an hour of the day against H0")
    rng = np.random.default_rng(0)
    for count in COUNTS:
        peaks = [
            power[:, rng.choice(HOMES, count, replace=False)].sum(axis=1).max() / count / 1000.0
            for _ in range(1 if count == HOMES else 20)
        ]
        planned = float(dwellings_peak(count)) / count / 1000.0
        bench.figure(f"peak_of_{count}", float(np.mean(peaks)), "kW a home", planned)
    bench.finish()


if __name__ == "__main__":
    main()
