"""Stockholm's congestion charge of 2006 beside our drivers, on a Stockholm-like cordon.

No data of Stockholm are in it but the tariff, the share of exempt vehicles and the length of a
trip; values of time and elasticities are the model's defaults, the elasticity found in London.
`python -m bench.toll [--quick] [--json FILE]`.
"""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench._report import Bench
from models.traffic.parameters import TrafficParameters
from models.traffic.through import WEEKDAY
from models.traffic.toll.answer import GIVES_UP, SHIFTS, Drivers, Travellers
from models.traffic.toll.tariff import CLASS, Band, Prices, Tariff
from models.traffic.toll.ways import Ways
from twin.core.random import Streams
from twin.core.time import Calendar, DailyWindow, minutes

SEK = 1.0 / 9.25
"""EUR, mean of 2006."""
TARIFF = (
    ("06:30", "07:00", 10), ("07:00", "07:30", 15), ("07:30", "08:30", 20), ("08:30", "09:00", 15),
    ("09:00", "15:30", 10), ("15:30", "16:00", 15), ("16:00", "17:30", 20), ("17:30", "18:00", 15),
    ("18:00", "18:30", 10),
)  # fmt: skip
"""SEK a crossing, either direction, January to July 2006."""
EXEMPT = 0.28
"""Of crossings: buses, taxis, clean cars, foreign cars, Lidingö (Eliasson et al. 2009)."""
GOODS = 0.13
"""Of the others: vans and trucks, as in our through traffic."""
LENGTH, SPEED = 13_000.0, 26.0 / 3.6
"""m and m/s of a trip across the cordon: half an hour."""
PUBLISHED = -22.0


def cordon() -> tuple[Any, np.ndarray[Any, np.dtype[np.float64]]]:
    """A road to the cordon, a gate, a road behind it; no way around."""
    from scipy.sparse import csr_array

    length = np.array([LENGTH / 2, 100.0, LENGTH / 2 - 100.0])
    graph = csr_array((np.ones(2), ([0, 1], [1, 2])), shape=(3, 3))
    return SimpleNamespace(graph=graph), length


def change(trips: int, elasticity: float = -1.7) -> dict[str, float]:
    """Change of the crossings in the charged hours, %, and what it consists of."""
    network, length = cordon()
    bands = tuple(
        Band(DailyWindow.between(start, end), price * SEK) for start, end, price in TARIFF
    )
    tariff = Tariff(
        np.array([0.0, 1.0, 0.0]), bands, False, np.ones(len(CLASS)), 1.0, 1.0, 0.0, 0.0
    )
    calendar = Calendar.at(datetime.fromisoformat("2025-01-21T00:00"), "Europe/Stockholm")
    end = minutes(24 * 60)
    drivers = Drivers(
        Ways(network),
        length,
        Prices(tariff),
        calendar,
        end,
        TrafficParameters(elasticity=elasticity),
    )
    rng = np.random.default_rng(2006)
    hour = rng.choice(24, trips, p=np.array(WEEKDAY) / sum(WEEKDAY))
    depart = (hour + rng.uniform(size=trips)) * 3_600_000.0
    names = np.array([f"trip{i}" for i in range(trips)])
    row = np.zeros(trips, dtype=np.int64)
    kind = np.where(rng.uniform(size=trips) < GOODS, 3, 0)
    answers = drivers.ask(
        Travellers(
            Streams(1).keys("stockholm", names), row, row + 2, depart, kind, row > 0, row, row > 0,
            row == 0, np.zeros(trips),
        ),
        length / SPEED,
    )  # fmt: skip
    charged = np.array([tariff.price(calendar, int(t)) > 0.0 for t in depart])
    after = np.array([tariff.price(calendar, int(t)) > 0.0 for t in answers.depart])
    stays = answers.choice != GIVES_UP
    asked = 1.0 - EXEMPT
    before = float(charged.sum())
    return {
        "crossings": 100.0 * asked * (float((after & stays).sum()) - before) / before,
        "given up": -100.0 * asked * float((charged & ~stays).sum()) / before,
        "at another time": 100.0 * asked * float((answers.choice == SHIFTS).sum()) / before,
    }


def main() -> None:
    """Print ours beside theirs, at the middle and both ends of London's elasticities."""
    bench = Bench.from_arguments("Stockholm's charge of 2006 on a Stockholm-like cordon")
    trips = 2_000 if bench.quick else 20_000
    for value in (-1.7, -1.32, -2.1):
        found = change(trips, elasticity=value)
        difference = found["crossings"] - PUBLISHED
        note = (
            f"difference {difference:+.1f} points; given up {found['given up']:+.1f} %, "
            f"at another time {found['at another time']:.1f} %"
        )
        bench.figure(
            f"crossings, elasticity {value:g}", found["crossings"], "%", PUBLISHED, note=note
        )
    bench.finish()


if __name__ == "__main__":
    main()
