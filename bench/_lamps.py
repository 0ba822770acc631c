"""A city of nothing but lamps, for the engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.city import City, Place
from twin.city.link import Link
from twin.city.table import Table

PER_STREET = 10


def town(lamps: int) -> City:
    """Streets of ten lamps each, and a cabinet for six of them."""
    n = lamps // PER_STREET
    city = City("lamps", Place("EPSG:32631", 3.87, 43.61, "Europe/Paris", "FR"), Path("none"))
    columns: dict[str, Any] = {
        "from_junction": np.arange(n, dtype=np.int32),
        "to_junction": np.arange(n, dtype=np.int32) + n,
        "length": np.full(n, 300.0),
        "lanes": np.full(n, 2, dtype=np.int32),
        "speed": np.full(n, 13.9),
        "road": np.full(n, "residential"),
        "name": np.full(n, ""),
        "capacity": np.full(n, 1200.0),
    }
    city.add(Table("edge", np.arange(n).astype(np.str_), columns))
    row = np.arange(lamps, dtype=np.int32)
    city.add(
        Table(
            "lamp",
            row.astype(np.str_),
            {
                "power": np.full(lamps, 30.0),
                "technology": np.full(lamps, "led"),
                "height": np.full(lamps, 6.0),
                "flux": np.full(lamps, 3900.0),
                "optics": np.full(lamps, "road"),
                "age": np.full(lamps, 10_000.0),
            },
        )
    )
    cabinets = -(-n // 6)
    city.add(Table("cabinet", np.arange(cabinets).astype(np.str_)))
    city.connect(Link("lamp", "edge", row // PER_STREET))
    city.connect(Link("lamp", "cabinet", row // (6 * PER_STREET)))
    return city


def lived(lamps: int, minutes: int, reading: str) -> float:
    """Lamp-updates a second of the lighting model's own steps in the engine.

    Ten times so many minutes of a night with light on demand. A port that is recorded is asked for
    in every step: ``reading`` is ``lighting.power`` (of each lamp, each minute), or one that no
    lamp's power is needed for.
    """
    from twin.core.engine import Engine
    from twin.scenario import Scenario

    raw = {
        "name": "bench",
        "city": "lamps",
        "period": {"date": "2025-01-14", "from": "20:00", "duration": f"{10 * minutes}m"},
        "model": {"street_use": {}, "lighting": {"faulty_at_start": 0.001}},
        "policy": [{"use": "lighting.on_demand", "rest": 0.2}],
        "record": {"every": "1h", "ports": [reading]},
    }
    with Engine(Scenario.from_dict(raw), town(lamps), 1) as engine:
        spent = _timed(next(m for m in engine.parts.models if m.name == "lighting"))
        engine.run()
    return lamps * len(spent) / sum(spent)


def _timed(model: Any) -> list[float]:
    """The time on the core of each step that a model is going to take, s."""
    spent: list[float] = []
    step = model.step

    def timed(now: int) -> None:
        began = time.process_time()
        step(now)
        spent.append(time.process_time() - began)

    model.step = timed
    return spent
