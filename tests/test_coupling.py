"""The shipped models are coupled for real: for each wire, a change at its source moves its target.

Everything here lives the Helsinki of the shipped scenarios for a short while.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.city.city import City
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.scenario import Scenario

WATCHED = [
    "citizens.present", "citizens.waste", "citizens.parked", "traffic.flow", "traffic.travel_time",
    "lighting.power", "lighting.dimming", "charging.power", "energy.bus_load", "energy.voltage",
    "energy.building_power", "waste.deposit", "waste.level",
]  # fmt: skip


class Lives:
    """Short lives of Helsinki, each lived once."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._live = cache(self._fresh)

    def __call__(self, *measures: dict[str, Any], seed: int = 1, **changes: Any) -> Outcome:
        key = json.dumps([measures, changes], sort_keys=True)
        return self._live(key, seed)

    def _fresh(self, key: str, seed: int) -> Outcome:
        measures, changes = json.loads(key)
        raw = json.loads(json.dumps(Scenario.load("helsinki/baseline").raw, default=str))
        raw["period"].update({"from": "06:50", "duration": "25m"})
        raw["record"] = {"every": "5m"}
        for change, value in changes.items():
            raw[change] = value
        known = {m.split(".")[0] for m in WATCHED} - set(raw.get("without", []))
        raw["record"]["ports"] = [p for p in WATCHED if p.split(".")[0] in known]
        for measure in measures:
            kind = measure.pop("kind", "policy")
            raw.setdefault(kind, []).append(measure)
        with Engine(Scenario.from_dict(raw), self._city, seed) as engine:
            return engine.run()


@pytest.fixture(scope="module")
def lives(helsinki: City) -> Lives:
    return Lives(helsinki)


STILL = {"without": ["traffic"]}
"""Without SUMO, for what does not need it."""
DARKER = {
    "use": "lighting.part_night",
    "from": "00:00",
    "until": "12:00",
    "level": 0.2,
    "oracle": True,
}
ALERT = {"kind": "event", "use": "citizens.alert", "from": "06:50", "until": "12:00", "share": 0.9}
PRICE = {"use": "citizens.car_price", "price": 15.0, "from": "00:00", "until": "23:59"}


def still(lives: Lives, *measures: dict[str, Any], **changes: Any) -> Outcome:
    sensors = [s for s in Scenario.load("helsinki/baseline").raw["sensor"] if s["name"] != "loops"]
    return lives(*measures, **STILL, sensor=sensors, **changes)


def last(outcome: Outcome, port: str) -> np.ndarray:
    """Values at 07:05, when the grid steps (every quarter of an hour) and all others do too."""
    return outcome.series[port][3].astype(np.float64)


def test_lamps_load_the_bus_that_feeds_them(lives: Lives, helsinki: City) -> None:
    base, dark = still(lives), still(lives, DARKER)
    saved = last(base, "lighting.power") - last(dark, "lighting.power")
    assert saved.sum() > 0
    feeds = helsinki.link("lamp", "bus").indices
    expected = np.bincount(feeds[feeds >= 0], saved[feeds >= 0], minlength=len(helsinki["bus"]))
    less = last(base, "energy.bus_load") - last(dark, "energy.bus_load")
    np.testing.assert_allclose(less, expected, atol=0.5)
    assert (last(dark, "energy.voltage") > last(base, "energy.voltage")).any()


def test_chargers_load_their_bus(lives: Lives, helsinki: City) -> None:
    busy = {"electric_share": 0.9, "sessions": 1.0}
    models = json.loads(json.dumps(Scenario.load("helsinki/baseline").raw["model"]))
    models["charging"] = busy
    charged = still(lives, model=models)
    power = last(charged, "charging.power")
    assert power.sum() > 0
    more = last(charged, "energy.bus_load") - last(still(lives), "energy.bus_load")
    feeds = helsinki.link("charger", "bus").indices
    expected = np.bincount(feeds, power - last(still(lives), "charging.power"), minlength=len(more))
    np.testing.assert_allclose(more, expected, atol=0.5)


def test_people_load_the_buildings_they_are_in_and_fill_the_containers(lives: Lives) -> None:
    base, calm = still(lives), still(lives, ALERT)
    fewer = last(calm, "citizens.present") - last(base, "citizens.present")
    assert fewer.any()
    for port in ("energy.building_power", "citizens.waste", "waste.deposit"):
        assert (last(calm, port) != last(base, port)).any(), port
    moved = np.corrcoef(
        fewer, last(calm, "energy.building_power") - last(base, "energy.building_power")
    )
    assert moved[0, 1] > 0.3


def test_waste_of_a_building_goes_to_its_container(lives: Lives, helsinki: City) -> None:
    base = still(lives)
    serves = helsinki.link("building", "container").indices
    waste = base.series["citizens.waste"][1:].sum(axis=0).astype(np.float64)
    served = serves >= 0
    expected = np.bincount(serves[served], waste[served], minlength=len(helsinki["container"]))
    brought = base.series["waste.deposit"][1:].sum(axis=0)
    np.testing.assert_allclose(brought, expected, rtol=1e-4, atol=1e-6)


def test_trips_become_traffic(lives: Lives) -> None:
    base, dear = lives(), lives(PRICE)
    assert last(base, "traffic.flow").sum() > 0
    assert dear.series["traffic.flow"][2:].sum() < 0.95 * base.series["traffic.flow"][2:].sum()


def test_traffic_keeps_lamps_bright_where_it_is(lives: Lives, helsinki: City) -> None:
    adaptive = lives({"use": "lighting.by_traffic", "minimum": 0.3})
    street = helsinki.link("lamp", "edge").indices
    dimming = last(adaptive, "lighting.dimming")[street >= 0]
    street = street[street >= 0]
    assert 0.0 < (dimming < 1.0).mean() < 1.0
    flow = adaptive.series["traffic.flow"][1:].mean(axis=0)[street]
    assert flow[dimming == 1.0].mean() > 2 * flow[dimming < 0.5].mean()


def test_a_closed_street_is_empty_and_slows_what_is_around(lives: Lives, helsinki: City) -> None:
    closure = {"kind": "event", "use": "traffic.closure", "street": "Mannerheimintie",
               "from": "06:55", "until": "12:00"}  # fmt: skip
    closed, base = lives(closure), lives()
    rows = np.flatnonzero(helsinki["edge"]["name"] == "Mannerheimintie")
    before, after = (o.series["traffic.flow"][-2:][:, rows].sum() for o in (base, closed))
    assert 0 <= after < 0.1 * before
    others = np.setdiff1d(np.arange(len(helsinki["edge"])), rows)
    assert (
        last(closed, "traffic.travel_time")[others] != last(base, "traffic.travel_time")[others]
    ).any()


def test_trucks_meet_the_traffic(lives: Lives) -> None:
    def emptied(outcome: Outcome) -> list[tuple[int, str]]:
        return [
            (tick, subject) for tick, kind, subject, _ in outcome.log if kind == "waste.emptied"
        ]

    slowed, free = emptied(lives()), emptied(still(lives))
    assert slowed
    assert free
    assert slowed != free


def test_the_lighting_policy_leaves_every_trip_and_every_filling_identical(lives: Lives) -> None:
    base, adaptive = lives(), lives({"use": "lighting.by_traffic", "minimum": 0.3})
    same = ["citizens.present", "citizens.parked", "citizens.waste", "traffic.flow",
            "traffic.travel_time", "charging.power", "waste.deposit", "waste.level"]  # fmt: skip
    for port in same:
        np.testing.assert_array_equal(adaptive.series[port], base.series[port], err_msg=port)
    assert (adaptive.series["lighting.power"] != base.series["lighting.power"]).any()


def test_the_same_seed_lives_the_same_life_and_another_another(
    lives: Lives, helsinki: City
) -> None:
    again = Lives(helsinki)()
    for port, values in lives().series.items():
        np.testing.assert_array_equal(again.series[port], values, err_msg=port)
    for (ours, value), (theirs, other) in zip(again.indicators, lives().indicators, strict=True):
        assert ours == theirs
        assert value == other or (value != value and other != other), ours.name  # NaN is NaN again
    other = lives(seed=2)
    assert (other.series["traffic.flow"] != again.series["traffic.flow"]).any()


def test_the_policy_sees_levels_and_not_the_truth(lives: Lives) -> None:
    base = lives()
    seen = [b for b in base.observations if b.port == "waste.level"]
    assert seen
    truth = base.series["waste.level"][0][seen[0].rows]
    assert np.isfinite(seen[0].value).mean() > 0.8
    assert not np.allclose(seen[0].value, truth, atol=1e-3, equal_nan=True)


# -- recorded sensors drive it ------------------------------------------------------------------


def recording(folder: Path, name: str, rows: list[tuple[str, str, str, float]]) -> str:
    """A recording in the layout of `twin record`."""
    lines = ["time,entity,port,value", *(f"{t},{e},{p},{v}" for t, e, p, v in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")
    return str(folder / name)


def test_recorded_weather_heats_the_rooms_and_lights_the_lamps(
    lives: Lives, tmp_path: Path
) -> None:
    def under(name: str, temperature: float, cloud: float) -> Outcome:
        times = [f"2025-01-21T{h:02}:{m:02}" for h in (11, 12) for m in (0, 20, 40)]
        rows = [(t, "Helsinki", "weather.temperature", temperature) for t in times]
        rows += [(t, "Helsinki", "weather.cloud", cloud) for t in times]
        ports = {p: p for p in ("weather.temperature", "weather.cloud")}
        sensor = {
            "use": "recorded",
            "name": name,
            "file": recording(tmp_path, name, rows),
            "values": ports,
        }
        return lives(
            without=["weather", "traffic"],
            sensor=[sensor],
            period={"date": "2025-01-21", "from": "12:00", "duration": "25m"},
        )

    warm, cold = under("warm.csv", 10.0, 0.0), under("cold.csv", -20.0, 1.0)
    assert (
        last(cold, "energy.building_power").sum() > 1.03 * last(warm, "energy.building_power").sum()
    )
    grey = {"on_below": 4000.0}  # a photocell so sensitive that a January noon under cloud is dark
    models = json.loads(json.dumps(Scenario.load("helsinki/baseline").raw["model"]))
    models["lighting"] = grey
    bright, dull = (
        lives(
            without=["weather", "traffic"], sensor=[], model=models,
            constants={"weather.cloud": cloud},
            period={"date": "2025-01-21", "from": "12:00", "duration": "25m"},
        )
        for cloud in (0.0, 1.0)
    )  # fmt: skip
    assert last(dull, "lighting.power").sum() > last(bright, "lighting.power").sum()


def test_trucks_go_where_the_recorded_levels_send_them(
    lives: Lives, helsinki: City, tmp_path: Path
) -> None:
    def told(name: str, level: float) -> dict[str, float]:
        ids = helsinki["container"].ids
        rows = [(f"2025-01-21T04:{m}", str(i), "waste.level", level) for m in (40, 46) for i in ids]
        sensor = {
            "use": "recorded",
            "name": name,
            "file": recording(tmp_path, name, rows),
            "port": "waste.level",
        }
        out = lives(
            {"use": "waste.by_level", "threshold": 0.6},
            without=["traffic"],
            sensor=[sensor],
            period={"date": "2025-01-21", "from": "04:45", "duration": "45m"},
        )
        return {i.name: v for i, v in out.indicators}

    assert told("empty.csv", 0.0)["waste.emptied"] == 0
    assert told("full.csv", 0.9)["waste.emptied"] > 0


def test_recorded_counts_scale_the_through_traffic(
    lives: Lives, helsinki: City, tmp_path: Path
) -> None:
    base = lives()
    busy = np.argsort(base.series["traffic.flow"][1:].mean(axis=0))[-40:]

    def counted(name: str, factor: float) -> float:
        rows = [
            (f"2025-01-21T{6 + (50 + m) // 60:02}:{(50 + m) % 60:02}", str(helsinki["edge"].ids[e]),
             "traffic.flow", factor * float(base.series["traffic.flow"][1 + m // 5, e]))
            for m in range(0, 25, 5) for e in busy
        ]  # fmt: skip
        models = json.loads(json.dumps(Scenario.load("helsinki/baseline").raw["model"]))
        models["traffic"]["counts"] = "loops"
        sensor = {
            "use": "recorded",
            "name": "loops",
            "file": recording(tmp_path, name, rows),
            "port": "traffic.flow",
        }
        out = lives(sensor=[sensor], model=models)
        return float(out.series["traffic.flow"][-1].sum())

    assert counted("more.csv", 3.0) > 1.05 * counted("fewer.csv", 0.3)
