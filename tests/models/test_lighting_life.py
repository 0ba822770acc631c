"""Nights of lamps with faults, presence, renewal, incidents, and the light on the street."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.lighting import technology
from models.lighting.groups import streets_of
from models.lighting.technology import LED_OVER_HPS
from tests.models.test_lighting_model import live, town, values
from twin.city.city import City
from twin.core.model import Model
from twin.core.port import Port
from twin.errors import ConfigError

SOME = "tests.models.test_lighting_life:Some"


class Some(Model):
    """Thirty vehicles an hour in each direction of every street."""

    name = "some"
    writes = (Port("traffic.flow", "edge", "veh/h", kind="flow"),)

    def step(self, now: int) -> None:
        self["traffic.flow"][:] = 30.0


def with_traffic(**more: Any) -> dict[str, float]:
    lighting = {"faulty_at_start": 0.0} | more.pop("lighting", {})
    return values(live(model={SOME: {}, "lighting": lighting}, **more))


def test_light_on_demand_takes_the_power_of_the_time_that_somebody_is_near() -> None:
    policy = {"use": "lighting.on_demand", "rest": 0.2}
    full, dimmed = with_traffic(duration="8h"), with_traffic(duration="8h", policy=[policy])
    window = 100.0 / 13.9 + 20.0
    near = 1.0 - np.exp(-60.0 / 3600.0 * window)
    low = 0.145 + 0.855 * 0.2
    expected = low + (1.0 - low) * near
    assert dimmed["energy"] / full["energy"] == pytest.approx(expected, rel=0.03)
    assert dimmed["class_kept"] == pytest.approx(full["class_kept"])
    assert dimmed["illuminance"] < full["illuminance"]


def test_without_anybody_lamps_rest() -> None:
    rest, full = live(policy=[{"use": "lighting.on_demand"}]), live()
    assert values(rest)["energy"] / values(full)["energy"] == pytest.approx(0.145 + 0.855 * 0.2)


def test_a_hand_set_level_wins_by_day_too_and_ends() -> None:
    city = town()
    city["edge"]["name"] = np.where(np.arange(len(city["edge"])) == 0, "Main Street", "")
    event = {
        "use": "lighting.override",
        "street": "main street",
        "from": "12:00",
        "until": "13:00",
    }
    power = live(city, start="11:00", event=[event]).series["lighting.power"]
    at = city.link("lamp", "edge").indices == 0
    assert at.any()
    np.testing.assert_allclose(power[90][at], city["lamp"]["power"][at], rtol=1e-6)
    assert not power[90][~at].any()
    assert not power[30].any()
    assert not power[150].any()
    wrong = [event | {"street": "Main Stret"}]
    with pytest.raises(ConfigError, match="Main Stret"):
        live(city, event=wrong)


def test_of_incidents_at_one_place_the_last_that_began_wins_and_gives_back() -> None:
    city = town()
    city["edge"]["name"] = np.where(np.arange(len(city["edge"])) == 0, "Main Street", "")
    first = {"use": "lighting.override", "street": "main street", "level": 1.0}
    times = [{"from": "12:00", "until": "14:00"}, {"from": "13:00", "until": "15:00", "level": 0.5}]
    out = live(
        city,
        start="11:00",
        duration="5h",
        event=[first | times[0], first | times[1]],
    )
    power = out.series["lighting.power"].max(axis=1)
    half = 0.145 + 0.855 * 0.5
    expected = [0.0, 1.0, half, half, 0.0]  # at half past eleven, twelve, one, two and three
    assert power[[30, 90, 150, 210, 270]] / power[90] == pytest.approx(expected, rel=1e-6)


def test_cabinets_that_fail_twice_are_dark_until_the_last_is_mended() -> None:
    out = {"use": "lighting.cabinet_out", "count": 1000}
    times = [{"from": "20:00", "until": "21:00"}, {"from": "20:30", "until": "22:00"}]
    found = live(
        duration="6h",
        start="18:00",
        event=[out | times[0], out | times[1]],
    )
    dark = found.series["lighting.power"].max(axis=1) == 0.0
    assert dark[[110, 125, 155, 185, 235, 245]].tolist() == [False, True, True, True, True, False]


def test_a_cabinet_that_fails_leaves_its_lamps_dark() -> None:
    city = town()
    cabinet = city.link("lamp", "cabinet").indices
    name = str(city["cabinet"].ids[0])
    event = {"use": "lighting.cabinet_out", "cabinets": [name], "from": "01:00", "until": "02:00"}
    power = live(city, event=[event]).series["lighting.power"]
    assert not power[90][cabinet == 0].any()
    assert (power[150] > 0.0).all()
    with pytest.raises(ConfigError, match="no cabinet"):
        live(city, event=[event | {"cabinets": ["x"]}])


def test_hour_by_hour() -> None:
    policy = {"use": "lighting.by_hour", "levels": {"01:00": 0.4, "02:30": 0.8}}
    level = live(policy=[policy]).series["lighting.dimming"].mean(axis=1)
    assert level[[30, 90, 200]] == pytest.approx([0.8, 0.4, 0.8])  # 0.8 from the evening before
    with pytest.raises(ConfigError):
        live(policy=[{"use": "lighting.by_hour", "levels": {"01:00": 1.4}}])


def test_classes_follow_the_flow_of_the_window_before() -> None:
    city = town()
    city["lamp"]["flux"] *= 3.0  # more than enough, so that the level is what is asked for
    policy = {"use": "lighting.by_class", "oracle": True, "window": "15m", "minimum": 0.05}
    out = live(city, traffic=True, policy=[policy])
    level = out.series["lighting.dimming"]
    # 300 veh/h in each direction is busy for a residential street (P2); none is quiet (P4).
    np.testing.assert_allclose(level[110], 2.0 * level[150], rtol=1e-6)
    assert level[150].mean() < 0.5
    assert values(out)["class_kept"] > 99.0
    with pytest.raises(ConfigError, match="window"):
        live(traffic=True, policy=[policy | {"window": "90s"}])


def test_renewal_saves_what_was_measured_and_pays_for_itself() -> None:
    sodium = {"technology": "hps"}
    before = values(live(lighting=sodium, duration="6h"))
    out = live(lighting=sodium, duration="6h", policy=[{"use": "lighting.led_renewal"}])
    after = values(out)
    assert after["energy"] / before["energy"] == pytest.approx(LED_OVER_HPS)
    assert np.isnan(before["payback"])  # nothing was renewed
    lamps = len(town()["lamp"])
    saved = (before["energy"] - after["energy"]) / 6.0  # kWh an hour of darkness
    hours = 4_000.0  # of the year in Helsinki, about
    upkeep = [
        technology.upkeep(np.array([technology.NAMES.index(k)]), 80.0)[0] for k in ("hps", "led")
    ]
    yearly = hours * (saved * 0.19 + lamps * (upkeep[0] - upkeep[1]))
    assert after["payback"] == pytest.approx(lamps * 550.0 / yearly, rel=0.05)
    annuity = 550.0 * 0.03 / (1.0 - 1.03**-20)
    assert after["capital"] == pytest.approx(lamps * annuity * 6.0 / 8760.0)
    assert after["capital"] == pytest.approx(sum(r[3] for r in out.ledger if "renewal" in r[4]))


def test_a_share_of_the_lamps_can_be_renewed_and_led_stays() -> None:
    half = values(
        live(lighting={"technology": "hps"}, policy=[{"use": "lighting.led_renewal", "share": 0.5}])
    )
    full = values(live(lighting={"technology": "hps"}))
    assert half["energy"] / full["energy"] == pytest.approx((1.0 + LED_OVER_HPS) / 2.0, rel=0.02)
    assert np.isnan(values(live(policy=[{"use": "lighting.led_renewal"}]))["payback"])


def aged(city: City, hours: float) -> City:
    city["lamp"]["age"] = np.full(len(city["lamp"]), hours)
    return city


def test_worn_lamps_fail_are_found_and_repaired() -> None:
    city = aged(town(), 60_000.0)
    city["lamp"]["technology"] = np.full(len(city["lamp"]), "fluorescent")
    worn = {"report_days": 0.2, "patrol_days": 1.0}
    out = live(city, duration="4d", lighting=worn, record={"every": "1d"})
    found = values(out)
    assert found["failures"] > 3
    assert 0 < found["repairs"] <= found["failures"] + 3
    visits = sum(row[3] for row in out.ledger if row[4] == "lighting maintenance")
    assert found["maintenance"] == pytest.approx(visits)
    assert found["maintenance"] > found["repairs"] * 88.0  # with what planned renewal costs
    kinds = [row[1] for row in out.log]
    assert kinds.count("lighting.failed") == found["failures"]
    assert 0.0 < found["faulty_share"] < 50.0


def test_telemetry_finds_failures_sooner_than_reports() -> None:
    lives = {
        way: values(
            live(
                duration="3d",
                lighting={"faulty_at_start": 0.4, "detection": way},
                record={"every": "1d"},
            )
        )
        for way in ("telemetry", "reports")
    }
    assert lives["telemetry"]["faulty_share"] < 0.6 * lives["reports"]["faulty_share"]


def test_failures_follow_their_weibull_law() -> None:
    from models.lighting.lamps import Luminaires

    city = aged(town(), 16_000.0)
    city["lamp"]["technology"] = np.full(len(city["lamp"]), "hps")
    lamps = Luminaires(city, streets_of(city), "as built", 3.0, lambda: np.zeros(0))
    kind = technology.TECHNOLOGIES["hps"]
    unit = np.linspace(0.01, 5.0, len(city["lamp"]))
    lived = kind.surviving(16_000.0 + lamps.residual(unit)) / kind.surviving(16_000.0)
    np.testing.assert_allclose(lived, np.exp(-unit), rtol=1e-9)
    step = 1.0
    rate = 1.0 - kind.surviving(16_000.0 + step) / kind.surviving(16_000.0)
    lamps.age[:] = 16_000.0
    near = lamps.failure_rate()[0]  # in the mean of the coming year, so above the present rate
    assert float(rate) < near < 1.2 * float(rate)


def test_new_lamps_do_not_last_for_ever() -> None:
    renewed = values(live(lighting={"technology": "hps"}, policy=[{"use": "lighting.led_renewal"}]))
    # A tenth of LED fails in 100,000 h: one over -ln(0.9) of that.
    assert renewed["hours_to_failure"] == pytest.approx(949_000.0, rel=0.01)


def test_what_controls_save_pays_for_the_renewal_too() -> None:
    renewal = {"use": "lighting.led_renewal"}
    night = {"use": "lighting.part_night", "level": 0.5, "from": "00:00", "until": "12:00"}
    alone = with_traffic(lighting={"technology": "hps"}, policy=[renewal])
    for more in (night, {"use": "lighting.on_demand", "rest": 0.2}):
        both = with_traffic(lighting={"technology": "hps"}, policy=[renewal, more])
        assert both["payback"] < alone["payback"] - 0.1
    assert np.isnan(with_traffic(lighting={"technology": "hps"}, policy=[night])["payback"])


def test_a_plan_by_class_knows_the_luminaires_of_the_run() -> None:
    city = town()
    city["lamp"]["flux"] *= 6.0
    policy = {"use": "lighting.by_class", "oracle": True, "minimum": 0.05}
    built = live(city, duration="1h", traffic=True, policy=[policy])
    usual = live(city, duration="1h", traffic=True, policy=[policy], lighting={"technology": "hps"})
    dim = [out.series["lighting.dimming"][50].mean() for out in (built, usual)]
    assert dim[1] > 1.2 * dim[0]  # sodium of the usual flux gives less light: it is dimmed less
    assert values(usual)["class_kept"] > 0.0


def test_thresholds_of_two_lanes_are_parameters() -> None:
    city = town()
    city["edge"]["road"] = np.full(len(city["edge"]), "secondary")
    wide = {"two_lane_quiet": 0.55, "two_lane_busy": 0.65}
    strict = values(live(city, traffic=True, duration="1h"))["class_kept"]
    loose = values(live(city, traffic=True, duration="1h", lighting=wide))["class_kept"]
    assert strict < loose


def test_sodium_that_is_off_until_somebody_comes_is_warned_of() -> None:
    def warned(technology: str, rest: float) -> bool:
        policy = [{"use": "lighting.on_demand", "rest": rest}]
        out = live(lighting={"technology": technology}, policy=policy, duration="30m")
        return any("minutes to start" in text for text in out.warnings)

    assert warned("hps", 0.0)
    assert not warned("hps", 0.4)
    assert not warned("led", 0.0)


def test_sodium_in_place_of_led_has_sodium_optics() -> None:
    from models.lighting.lamps import Luminaires

    city = town()
    streets = streets_of(city)
    lamps = [Luminaires(city, streets, k, 3.0, lambda: np.zeros(len(city["lamp"]))) for k in KINDS]
    flux = [lamp.rated * technology.of(lamp.kind, "efficacy") for lamp in lamps]
    at = lamps[0].useful > 0.0
    led, sodium = ((lamp.useful / f)[at].mean() for lamp, f in zip(lamps, flux, strict=True))
    assert sodium / led < 0.85  # 0.97 * 0.65 beside 0.80 of the flux goes to the street


KINDS = ("led", "hps")


def test_a_seed_draws_the_same_faults_with_and_without_a_policy() -> None:
    lighting = {"faulty_at_start": 0.1}
    plain = live(lighting=lighting, seed=5)
    dimmed = live(lighting=lighting, seed=5, policy=[{"use": "lighting.part_night", "level": 0.5}])
    other = live(lighting=lighting, seed=6)
    first, second, third = (
        out.series["lighting.power"][200] > 0.0 for out in (plain, dimmed, other)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != third).any()
    assert 0.8 < first.mean() < 1.0


def test_a_clock_can_switch() -> None:
    lighting = {"switching": "clock", "after_sunset": 0.0, "before_sunrise": 0.0}
    hours = values(live(start="12:00", duration="24h", lighting=lighting))["burning_hours"]
    assert hours == pytest.approx(24.0 - 6.72, abs=0.15)  # Helsinki, 14 January: 9:15 to 15:58


def test_the_curfew_counts_windows_near_lamps_and_dimming_spares_them() -> None:
    city = town()
    city["lamp"]["flux"] = np.full(len(city["lamp"]), 60_000.0)
    bright = values(live(city))["trespass_hours"]
    off = [{"use": "lighting.part_night", "level": 0.0, "from": "23:00", "until": "06:00"}]
    assert bright > 0.0
    assert values(live(city, policy=off))["trespass_hours"] == 0.0
    evening = {"curfew_from": "12:00", "curfew_until": "13:00"}
    assert values(live(city, lighting=evening))["trespass_hours"] == 0.0


def test_efficiency_indices() -> None:
    city = town()
    found = values(live(city, duration="6h"))
    streets = streets_of(city)
    assert found["power_density"] == pytest.approx(
        1000.0 * city["lamp"]["power"].sum() / (found["illuminance"] * streets.area.sum()), rel=0.01
    )
    power = found["energy"] / 6.0 / streets.area.sum()
    assert found["annual_consumption"] == pytest.approx(power * 4_000.0, rel=0.05)
