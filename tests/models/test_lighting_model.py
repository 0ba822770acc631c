"""A night of lamps: switching, dimming, money, and the policies that dim them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.lighting.build import LightingBuilder
from models.lighting.cabinets import add_cabinets
from models.lighting.policies import ByTraffic
from models.lighting.technology import LED_OVER_HPS
from tests.models.street_city import grid
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.core.model import Model
from twin.core.outcome import Outcome
from twin.core.port import Port
from twin.core.time import minutes
from twin.errors import ConfigError, ModelError
from twin.scenario import Scenario

RUSH = "tests.models.test_lighting_model:Rush"


class Rush(Model):
    """Traffic on every street: half of its capacity until 02:00, then none."""

    name = "rush"
    writes = (Port("traffic.flow", "edge", "veh/h", kind="flow"),)

    def step(self, now: int) -> None:
        self["traffic.flow"][:] = 300.0 if now < minutes(120) else 0.0


def town() -> City:
    city = grid(3)
    LightingBuilder().build(city, Features())
    add_cabinets(city)
    return city


def live(
    city: City | None = None,
    *,
    date: str = "2025-01-14",
    start: str = "00:00",
    duration: str = "4h",
    seed: int = 1,
    lighting: dict[str, Any] | None = None,
    traffic: bool = False,
    **more: Any,
) -> Outcome:
    models: dict[str, Any] = {RUSH: {}} if traffic else {}
    raw = {
        "name": "night",
        "city": "grid",
        "period": {"date": date, "from": start, "duration": duration},
        "model": models | {"lighting": {"faulty_at_start": 0.0} | (lighting or {})},
        "record": {"every": "1m", "ports": ["lighting.power", "lighting.dimming"]},
    } | more
    with Engine(Scenario.from_dict(raw), city or town(), seed) as engine:
        return engine.run()


def values(outcome: Outcome) -> dict[str, float]:
    return {indicator.name.split(".")[1]: value for indicator, value in outcome.indicators}


def test_by_night_every_lamp_takes_its_rated_power() -> None:
    city = town()
    out = live(city)
    np.testing.assert_allclose(out.series["lighting.power"][10], city["lamp"]["power"], rtol=1e-6)
    measured = values(out)
    assert measured["energy"] == pytest.approx(city["lamp"]["power"].sum() * 4 / 1000)
    assert measured["burning_hours"] == pytest.approx(4)
    assert measured["dimmed_share"] == measured["underlit_share"] == 0


def test_by_day_none() -> None:
    out = live(start="11:00")
    assert not out.series["lighting.power"].any()
    assert values(out)["energy"] == 0
    assert out.ledger == []


def test_lamps_go_out_at_dawn_and_burn_longer_under_cloud() -> None:
    clear = live(start="05:00", duration="6h")
    burning = clear.series["lighting.power"].any(axis=1)
    assert burning[0]
    assert not burning[-1]
    assert np.count_nonzero(np.diff(burning.astype(int))) == 1
    cloudy = live(start="05:00", duration="6h", constants={"weather.cloud": 1.0})
    assert values(cloudy)["burning_hours"] > values(clear)["burning_hours"] + 0.1


def test_a_summer_night_is_shorter() -> None:
    january, july = (live(date=d, duration="24h") for d in ("2025-01-14", "2025-07-15"))
    assert values(july)["burning_hours"] < values(january)["burning_hours"] / 2


def test_sodium_and_led_differ_as_measured() -> None:
    led, hps = (values(live(lighting={"technology": kind}))["energy"] for kind in ("led", "hps"))
    assert led / hps == pytest.approx(LED_OVER_HPS)


def test_the_municipality_pays_the_energy_supplier() -> None:
    out = live()
    measured = values(out)
    assert {row[1:3] + row[4:] for row in out.ledger} == {
        ("municipality", "energy supplier", "lighting")
    }
    bills = sum(row[3] for row in out.ledger)
    assert bills == pytest.approx(measured["cost"] + measured["maintenance"])
    assert measured["cost"] == pytest.approx(measured["energy"] * 0.19)
    assert measured["co2"] == pytest.approx(measured["energy"] * 0.21)


def test_part_night_dims_between_its_hours_and_back() -> None:
    policy = {"use": "lighting.part_night", "level": 0.5, "from": "01:00", "until": "03:00"}
    out = live(policy=[policy])
    level = out.series["lighting.dimming"].mean(axis=1)
    assert (level[0], level[90], level[-1]) == (1.0, 0.5, 1.0)
    full, dimmed = values(live())["energy"], values(out)["energy"]
    assert dimmed / full == pytest.approx(1 - 0.5 * 0.5 * (1 - 0.145), rel=0.01)
    assert values(out)["dimmed_share"] == pytest.approx(50.0, abs=1.0)


def test_switched_off_means_off() -> None:
    policy = {"use": "lighting.part_night", "level": 0.0, "from": "23:00", "until": "05:00"}
    out = live(policy=[policy])
    assert values(out)["energy"] == 0
    assert values(out)["burning_hours"] == 0
    assert values(out)["underlit_share"] == 100


def test_part_night_can_be_for_some_roads_and_refuses_unknown_ones() -> None:
    city = town()
    city["edge"]["road"] = np.array(["primary", *["residential"] * (len(city["edge"]) - 1)])
    policy = {"use": "lighting.part_night", "roads": ["residential"]}
    level = live(city, policy=[policy]).series["lighting.dimming"][10]
    on_primary = city.link("lamp", "edge").indices == 0
    assert (level[on_primary] == 1.0).all()
    assert (level[~on_primary] == 0.5).all()
    with pytest.raises(ConfigError, match="motorway"):
        live(city, policy=[policy | {"roads": ["motorway"]}])


def test_traffic_keeps_the_lamps_up_and_they_fall_after_the_hold() -> None:
    policy = {"use": "lighting.by_traffic", "oracle": True, "minimum": 0.3, "hold": "30m"}
    out = live(traffic=True, policy=[policy])
    level = out.series["lighting.dimming"].mean(axis=1)
    assert level[119] == 1.0  # half of the capacity is busy
    assert level[149] == 1.0  # within the hold after the last vehicle
    assert level[156] == pytest.approx(0.3)


def test_streets_that_no_sensor_saw_have_full_light() -> None:
    sensor = {"use": "virtual", "port": "traffic.flow", "period": "5m", "coverage": 0.5}
    policy = {"use": "lighting.by_traffic", "minimum": 0.3, "hold": "5m"}
    out = live(sensor=[sensor], policy=[policy])
    level = out.series["lighting.dimming"][-1]
    assert set(np.round(level, 6)) == {np.float32(0.3), np.float32(1.0)}


def test_the_level_rises_with_the_traffic_between_quiet_and_busy() -> None:
    rule = ByTraffic.__new__(ByTraffic)
    rule.parameters = ByTraffic.Parameters(minimum=0.4, quiet=0.1, busy=0.3)
    ratio = np.array([0.0, 0.1, 0.2, 0.3, 2.0, np.nan])
    np.testing.assert_allclose(rule.wanted(ratio), [0.4, 0.4, 0.7, 1.0, 1.0, 1.0])


def test_less_light_than_the_traffic_asks_for_is_counted() -> None:
    policy = {"use": "lighting.part_night", "level": 0.6, "from": "23:00", "until": "05:00"}
    underlit = values(live(traffic=True, policy=[policy]))["underlit_share"]
    assert underlit == pytest.approx(50.0, abs=1.0)  # half of the capacity asks for 0.75


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ConfigError, match="quiet"):
        live(policy=[{"use": "lighting.by_traffic", "oracle": True, "quiet": 0.5, "busy": 0.2}])
    with pytest.raises(ConfigError):
        live(policy=[{"use": "lighting.part_night", "level": 2.0}])


def test_the_dimming_control_has_bounds() -> None:
    raw = {"name": "x", "city": "grid", "model": {"lighting": {}}}
    with Engine(Scenario.from_dict(raw), town(), 1) as engine, pytest.raises(ModelError):
        engine.world.controls.set("lighting.dimming", 1.2, now=0, by="test")


def test_a_town_without_lamps_lives() -> None:
    city = grid(2, lit="no")
    LightingBuilder().build(city, Features())
    add_cabinets(city)
    policy = {"use": "lighting.by_traffic", "oracle": True}
    assert values(live(city, policy=[policy]))["energy"] == 0
