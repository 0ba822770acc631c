"""Street lighting beside published numbers: Carderock, Kraków, France, Lyon.

Each figure has ours as its value, the published number as its peer, and their quotient.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from bench._report import Bench
from models.lighting import classes
from models.lighting.daylight import Photocell, threshold, yearly_hours
from models.lighting.technology import TECHNOLOGIES
from models.lighting.use import WEEKDAY, WEEKEND, WEEKEND_VOLUME

Floats = npt.NDArray[np.float64]

LYON, KRAKOW = (45.76, 4.84), (50.06, 19.94)
BUSIEST = (0.65, 0.85, 1.0)
"""Flow over capacity in the mean peak hour of a weekday, for which Kraków's method is shown."""

THRESHOLDS = {"two_lanes": classes.TWO_LANES, "more_lanes": classes.MORE_LANES}


def krakow(window: int, busiest: float, thresholds: tuple[float, float], year: int = 2025) -> float:
    """Share of the energy that classes by windows save over a year of one road.

    The loop counts vehicles of the usual hourly shape (Poisson, keyed by nothing but the seed 1);
    a window has the class of the counts of the window before; the road has M3 in its busiest hour.
    LED: the power of a level is s + (1 - s) d. It burns as its photocell says, under a clear sky.

    Parameters
    ----------
    window
        Minutes.
    busiest
        Flow over capacity in the peak hour of a weekday.
    thresholds
        Of flow over capacity, between two classes each.
    """
    rng, cell = np.random.default_rng(1), Photocell(*KRAKOW)
    capacity = 1800.0
    daily = busiest * capacity / (max(WEEKDAY) / 100.0)
    start = datetime(year, 1, 1, tzinfo=UTC)
    used = full = 0.0
    level = 1.0
    standing = TECHNOLOGIES["led"].standing
    for step in range(365 * 1440 // window):
        now = start + timedelta(minutes=step * window + 60)  # local winter time
        weekend = now.weekday() >= 5
        share = (WEEKEND if weekend else WEEKDAY)[now.hour] / 100.0
        mean = daily * share * (WEEKEND_VOLUME if weekend else 1.0) * window / 60.0
        if cell.look(start + timedelta(minutes=step * window)):
            full += 1.0
            used += standing + (1.0 - standing) * level
        ratio = rng.poisson(mean) * 60.0 / window / capacity
        low, high = thresholds
        shift = 0 if ratio > high else 1 if ratio >= low else 2
        level = classes.LUMINANCE[2 + shift] / classes.LUMINANCE[2]
    return 1.0 - used / full


def carderock() -> dict[str, float]:
    """Energy of LED over sodium: at full light, and resting at half until somebody comes."""
    from bench._lamps import town
    from twin.core.engine import Engine
    from twin.scenario import Scenario

    def energy(technology: str, *policies: dict[str, Any]) -> float:
        raw = {
            "name": "carderock",
            "city": "lamps",
            "period": {"date": "2025-01-14", "from": "16:00", "duration": "17h"},
            "model": {
                "street_use": {},
                "lighting": {"technology": technology, "faulty_at_start": 0.0},
            },
            "policy": list(policies),
            "record": {"every": "1h", "ports": []},
        }
        with Engine(Scenario.from_dict(raw), town(2000), 1) as engine:
            found = {i.name: value for i, value in engine.run().indicators}
        return found["lighting.energy"]

    sodium = energy("hps")
    waits = {"use": "lighting.on_demand", "rest": 0.5}
    return {"led": energy("led") / sodium, "controls": energy("led", waits) / sodium}


def lyon() -> float:
    """Hours that a lamp burns in a year, by its photocell."""
    cell, start = Photocell(*LYON), datetime(2025, 1, 1, tzinfo=UTC)
    return sum(cell.look(start + timedelta(minutes=5 * i)) for i in range(365 * 288)) / 12.0


def main() -> None:
    """Print ours beside what was published."""
    bench = Bench.from_arguments("Street lighting beside published numbers")
    found = carderock()
    bench.figure("carderock_led_saving", 100 * (1 - found["led"]), "%", 100 * (1 - 1.24 / 3.4))
    note = "LED that rests at half light, residential use; published: LED and controls"
    bench.figure("carderock_saving", 100 * (1 - found["controls"]), "%", 75.0, note=note)
    s = TECHNOLOGIES["led"].standing
    bench.figure("half_light", s + (1 - s) * 0.5, "1", 0.573, note="Carderock 0.71 / 1.24 kW")
    for window, published in ((15, 26.75), (6, 27.0)):
        for busiest in BUSIEST:
            for name, limits in THRESHOLDS.items():
                saving = 100 * krakow(window, busiest, limits)
                key = f"krakow_{window}min_{name}_{busiest:g}"
                bench.figure(key, saving, "%", published, note="counts stood in for by a shape")
    hours = lyon()
    bench.figure("lyon_hours", hours, "h", note="3,892 civil darkness to 4,298 sunset to sunrise")
    bench.figure("lyon_hours_astral", yearly_hours(*LYON, 2025, threshold(35.0)), "h")
    bench.figure("france_twh", 1.260e-3 * hours, "TWh", 5.0, note="1,260 MW, 9 M lamps (ADEME)")
    bench.finish()


if __name__ == "__main__":
    main()
