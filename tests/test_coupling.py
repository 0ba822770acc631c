"""The shipped models are coupled for real: for each wire, a change at its source moves its target.

Everything here lives the Helsinki of the shipped scenarios for a short while.
"""

from __future__ import annotations

import json
from functools import cache
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
    assert again.indicators == lives().indicators
    other = lives(seed=2)
    assert (other.series["traffic.flow"] != again.series["traffic.flow"]).any()


def test_the_policy_sees_levels_and_not_the_truth(lives: Lives) -> None:
    base = lives()
    seen = [b for b in base.observations if b.port == "waste.level"]
    assert seen
    truth = base.series["waste.level"][0][seen[0].rows]
    assert np.isfinite(seen[0].value).mean() > 0.8
    assert not np.allclose(seen[0].value, truth, atol=1e-3, equal_nan=True)
