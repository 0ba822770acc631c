"""Data of a report: a realistic sample for the other tests, and what the classes refuse."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from twin.core.indicator import Better, Indicator
from twin.errors import DataError
from twin.report.data import (
    Curve,
    Effect,
    Geometry,
    Happening,
    IndicatorRow,
    Layer,
    Making,
    Measure,
    Money,
    MoneyRow,
    Profile,
    ReportData,
    Variant,
)

NUMBERS: list[tuple[str, str, Better, str, float, float, float]] = [
    # name, unit, better, stakeholder, base, difference of the first variant, half interval
    ("lighting.energy", "kWh", "lower", "municipality", 412.3, -156.7, 6.1),
    ("lighting.cost", "EUR", "lower", "municipality", 82.46, -31.34, 1.22),
    ("lighting.underlit_share", "%", "lower", "households", 0.0, 1.24, 0.31),
    ("lighting.burning_hours", "h", "neutral", "municipality", 9.42, 0.0, 0.0),
    ("traffic.mean_travel_time", "s", "lower", "everyone", 287.4, 1.9, 3.2),
    ("traffic.co2", "kg", "lower", "everyone", 12_874.0, -310.0, 190.0),
    ("traffic.distance", "veh.km", "neutral", "everyone", 48_210.0, -402.0, 250.0),
    ("traffic.waiting_time", "h", "lower", "firms", 102.0, 4.4, 2.1),
    ("waste.truck_distance", "km", "lower", "municipality", 61.8, -17.2, 5.4),
    ("waste.overflow", "h", "lower", "households", 31.2, -12.1, 14.9),
    ("waste.cost", "EUR", "lower", "municipality", 941.0, -112.0, 41.0),
    ("energy.peak", "kW", "lower", "firms", 2210.0, -38.0, 4.0),
    ("energy.losses", "kWh", "lower", "firms", 188.4, -2.7, 0.4),
    ("energy.lowest_voltage", "1", "higher", "households", 0.9512, 0.0006, 0.0001),
    ("citizens.trips", "trip", "neutral", "everyone", 23_411.0, 0.0, 0.0),
    ("tiny.number", "g", "lower", "everyone", 0.0000123, -0.0000011, 0.0000002),
]


def sample(variants: int = 1, seeds: int = 10) -> ReportData:
    """Two lives of a small city, with everything that a report can show."""
    return ReportData(
        title="Dim the quiet streets and collect full bins only",
        base=Variant("An ordinary Tuesday", "The city as it is.", []),
        variants=[_variant(position) for position in range(variants)],
        making=_making(seeds),
        indicators=[_row(entry, variants, seeds) for entry in NUMBERS],
        profiles=_profiles(variants),
        money=_money(variants),
        **_map(variants),  # type: ignore[arg-type]
        happenings=_happenings(variants),
        limits=["Wind was not recorded on that day."],
    )


def _variant(position: int) -> Variant:
    names = ("Dim and collect", "Close the bridge", "Both & more")
    return Variant(
        names[position % 3],
        "Lamps on quiet streets go down to 30 %; trucks go to full containers.",
        [
            Measure("policy", "lighting.by_traffic", {"minimum": 0.3, "hours": [22, 5]}),
            Measure("event", "traffic.closure", {"street": "Mannerheimintie", "from": "07:30"}),
        ],
    )


def _making(seeds: int) -> Making:
    return Making(
        city="Helsinki",
        start=datetime(2024, 10, 1, 0, 0),
        end=datetime(2024, 10, 2, 0, 0),
        seeds=list(range(1, seeds + 1)),
        source="OpenStreetMap, Helsinki.osm.pbf",
        licence="ODbL 1.0",
        wall_time=412.7,
        versions={"citytwin": "0.1.0", "eclipse-sumo": "1.28.0", "numpy": "2.3.1"},
        hashes={"Helsinki.osm.pbf": "9f2c" * 16, "baseline.toml": "01ab" * 16},
        quality={"readings": 13_402, "flagged": 31, "late": 7, "duplicate": 2},
        command="twin compare helsinki/baseline helsinki/quiet --seeds 10",
    )


def _row(
    entry: tuple[str, str, Better, str, float, float, float], variants: int, seeds: int
) -> IndicatorRow:
    name, unit, better, stakeholder, base, difference, half = entry
    effects = []
    for position in range(variants):
        gap = difference * (1 - 0.7 * position)
        known = seeds > 1
        low, high = (gap - half, gap + half) if known else (math.nan, math.nan)
        effects.append(Effect(base + gap, gap, low, high))
    spread = (base * 0.97, base * 1.04) if seeds > 1 else None
    return IndicatorRow(Indicator(name, unit, better, stakeholder), base, effects, spread)


def _profiles(variants: int) -> list[Profile]:
    time = np.arange(0.0, 86_401.0, 60.0)
    day = time / 86_400 * 2 * np.pi
    peaks = np.exp(-(((time / 3600 - 8) / 1.6) ** 2)) + np.exp(-(((time / 3600 - 17) / 2.2) ** 2))
    lamps = 60.0 * ((time < 7 * 3600) | (time > 18.5 * 3600))
    wave = 1.0 + 0.02 * np.sin(40 * day)
    shapes = {
        ("traffic.flow", "veh/h", "sum"): (52_000 * (0.08 + peaks) * wave, 0.985),
        ("traffic.speed", "m/s", "mean"): (9.2 - 2.4 * peaks * wave, 1.01),
        ("lighting.power", "kW", "sum"): (lamps, 0.62),
        ("energy.bus_load", "kW", "sum"): (1200 + 700 * peaks * wave + lamps, 0.98),
        ("waste.level", "%", "mean"): (38 + 9 * np.sin(day - 1.0), 0.9),
    }
    return [
        Profile(name, unit, time, _curve(base), [_curve(base * factor)] * variants, how)  # type: ignore[arg-type]
        for (name, unit, how), (base, factor) in shapes.items()
    ]


def _curve(mean: np.ndarray) -> Curve:
    return Curve(mean, mean * 0.94, mean * 1.05)


def _money(variants: int) -> list[MoneyRow]:
    rows = [
        ("municipality", "lighting", Money(paid=82.46), Money(paid=51.12)),
        ("energy supplier", "lighting", Money(received=82.46), Money(received=51.12)),
        ("municipality", "waste", Money(paid=941.0), Money(paid=829.0)),
        ("waste operator", "waste", Money(received=941.0), Money(received=829.0)),
        ("drivers", "fuel", Money(paid=8120.0), Money(paid=8190.5)),
        ("fuel supplier", "fuel", Money(received=8120.0), Money(received=8190.5)),
        ("society", "co2", Money(paid=1287.0), Money(paid=1256.0)),
    ]
    return [MoneyRow(party, what, base, [other] * variants) for party, what, base, other in rows]


def _map(variants: int) -> dict[str, object]:
    rng = np.random.default_rng(7)
    west, south, east, north = 24.930, 60.162, 24.950, 60.175
    xs, ys = np.linspace(west, east, 13), np.linspace(south, north, 12)
    lines = [[(x, south), (x + 0.001, north)] for x in xs] + [[(west, y), (east, y)] for y in ys]
    pieces = [
        [(a[0] + (b[0] - a[0]) * i / 12, a[1] + (b[1] - a[1]) * i / 12) for i in (step, step + 1)]
        for a, b in lines
        for step in range(12)
    ]
    streets = np.array(pieces).reshape(-1, 2)
    flow = rng.gamma(2.0, 300.0, len(pieces))
    change = rng.normal(0.0, 12.0, len(pieces)) * (flow > 400)
    squares = [
        (x + dx, y + dy)
        for x in xs[:-1] + 0.0004
        for y in ys[:-1] + 0.0002
        for dx, dy in ((0, 0), (0.0011, 0), (0.0011, 0.0007), (0, 0.0007), (0, 0))
    ]
    corners = np.array(squares)
    lamps = np.column_stack([rng.uniform(west, east, 586), rng.uniform(south, north, 586)])
    power = rng.choice([40.0, 70.0, 100.0], 586)
    power[5] = np.nan
    dimmed = power * rng.choice([1.0, 0.6, 0.3], 586)
    names = [f"Street {index}" for index in range(len(pieces))]
    return {
        "geometries": [
            Geometry(
                "building", "polygon", corners, np.arange(0, len(corners) + 1, 5), background=True
            ),
            Geometry(
                "edge",
                "line",
                streets,
                np.arange(0, len(streets) + 1, 2),
                names,
                True,
                rng.integers(1, 4, len(pieces)).astype(float),
            ),
            Geometry("lamp", "point", lamps),
        ],
        "layers": [
            Layer("traffic.flow", "edge", "veh/h", flow, [flow + change] * variants),
            Layer("lighting.power", "lamp", "W", power, [dimmed] * variants),
        ],
    }


def _happenings(variants: int) -> list[Happening]:
    found = [Happening(0, 6 * 3600.0, "event", "waste depot opens")]
    for position in range(1, variants + 1):
        found.append(
            Happening(
                position,
                81_000.0,
                "control",
                "lighting.dimming",
                "lighting.by_traffic",
                104_000.0,
                88.4,
            )
        )
    return found


def test_verdict_needs_an_interval_without_zero() -> None:
    rows = {row.indicator.name: row for row in sample().indicators}

    def verdict(name: str) -> str:
        return rows[name].verdict(rows[name].effects[0])

    assert verdict("lighting.energy") == "better"
    assert verdict("lighting.underlit_share") == "worse"
    assert verdict("energy.lowest_voltage") == "better"
    assert verdict("waste.overflow") == "unsure"
    assert verdict("citizens.trips") == "same"
    assert verdict("traffic.distance") == "changed"


def test_one_seed_is_never_sure() -> None:
    data = sample(seeds=1)
    verdicts = {row.verdict(row.effects[0]) for row in data.indicators}
    assert verdicts == {"unsure", "same"}


def test_each_variant_needs_its_entries() -> None:
    data = sample()
    with pytest.raises(DataError, match="one for each variant"):
        replace(data, variants=[*data.variants, data.base])


def test_values_fit_their_geometry() -> None:
    data = sample()
    layer = replace(data.layers[0], base=np.zeros(3))
    with pytest.raises(DataError, match=r"traffic\.flow"):
        replace(data, layers=[layer])
    with pytest.raises(DataError, match="no geometry"):
        replace(data, geometries=[])


def test_curves_fit_their_time_axis() -> None:
    data = sample()
    profile = replace(data.profiles[0], time=np.zeros(2))
    with pytest.raises(DataError, match="time axis"):
        replace(data, profiles=[profile])
