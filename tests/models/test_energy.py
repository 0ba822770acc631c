"""The electricity of a small town: what makes its loads, and where they go."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from models.energy.model import Energy
from models.energy.profiles import Profiles
from tests.models.energy_life import built, bus_power, living, run
from twin.core.time import minutes
from twin.errors import ModelError


@pytest.fixture(scope="module")
def city():
    return built()


def test_loads_and_losses_are_the_infeed(city):
    model = living(city)
    model.step(0)
    infeed = bus_power(model).sum() + model["energy.losses"][0]
    assert model.measure()["energy.peak"] * 1000 == pytest.approx(infeed, rel=1e-9)
    assert 0 < model["energy.losses"][0] < 0.1 * infeed


def test_every_indicator_is_measured_and_finite(city):
    measured = run(living(city), 2).measure()
    assert set(measured) == {indicator.name for indicator in Energy.indicators}
    assert all(np.isfinite(value) for value in measured.values())


def test_the_base_case_is_within_the_limits(city):
    model = run(living(city), 24)
    measured = model.measure()
    assert measured["energy.voltage_violation"] == 0
    assert measured["energy.line_overload"] == 0
    assert measured["energy.transformer_overload"] == 0
    assert 90.0 < measured["energy.lowest_voltage"] < 100.0


def test_a_year_of_profiles_adds_up_to_the_annual_energy(city):
    profiles = Profiles(city["load_profile"], ("h0", "g1", "g3"), country="")
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    powers = [profiles.at(day, 900.0 * quarter) for day in days for quarter in range(96)]
    assert np.sum(powers, axis=0) / 4 == pytest.approx(1000.0, rel=0.01)


def test_people_at_home_raise_the_load_of_their_dwelling(city):
    model = living(city)
    people = city["building"]["people"].astype(float)
    model["citizens.present"][:] = people * 0.5
    model.step(0)
    few = model["energy.building_power"].copy()
    again = living(city)
    again["citizens.present"][:] = people
    again.step(0)
    homes = people > 0
    assert (again["energy.building_power"][homes] > few[homes]).all()


def test_without_citizens_the_profile_alone_counts(city):
    model = living(city, direct_heating=0.0, heat_pumps=0.0, households="profile")
    model.step(0)
    profile = Profiles(city["load_profile"], ("h0",), "DE").at(date(2025, 1, 14), 0.0)
    home = city["building"]["people"][0] * 1400.0 * profile[0]
    assert city["building"]["use"][0] == "residential"
    assert model["energy.building_power"][0] == pytest.approx(home, rel=1e-12)


def test_a_lamp_on_a_bus_pulls_its_voltage_down(city):
    before, after = living(city), living(city)
    bus = int(city.link("building", "bus").indices[5])
    after["energy.bus_load"][bus] = 2_000.0
    before.step(0)
    after.step(0)
    assert after["energy.voltage"][bus] < before["energy.voltage"][bus]
    assert (after["energy.building_power"] == before["energy.building_power"]).all()
    assert after.measure()["energy.peak"] > before.measure()["energy.peak"] + 2.0


def test_frost_makes_heating_draw_more(city):
    cold, mild = living(city), living(city)
    cold["weather.temperature"][:] = -10.0
    mild["weather.temperature"][:] = 15.0
    assert (
        run(cold, 3).measure()["energy.buildings"]
        > 1.05 * run(mild, 3).measure()["energy.buildings"]
    )


def test_a_lower_setpoint_saves_now_and_costs_later(city):
    """Rooms keep their warmth: heating stops, then has to catch up."""
    model = living(city)
    base = living(city)
    for m in (model, base):
        m["weather.temperature"][:] = 0.0
        run(m, 1)
    model.world.controls.set("energy.heating_setpoint", 18.0, now=0, by="test")
    for m in (model, base):
        m.step(minutes(75))
    assert model["energy.building_power"].sum() < base["energy.building_power"].sum()
    model.world.controls.set("energy.heating_setpoint", 20.0, now=0, by="test")
    for m in (model, base):
        m.step(minutes(90))
    assert model["energy.building_power"].sum() > base["energy.building_power"].sum()


def test_who_pays_adds_up_in_the_ledger(city):
    model = run(living(city), 6)
    measured, rows = model.measure(), model.world.ledger.rows
    paid = {
        payer: sum(row[3] for row in rows if row[1] == payer)
        for payer in ("households", "firms", "municipality", "grid operator")
    }
    assert paid["households"] == pytest.approx(measured["energy.household_cost"])
    assert paid["firms"] == pytest.approx(measured["energy.firm_cost"])
    assert paid["municipality"] == pytest.approx(measured["energy.municipality_cost"])
    assert paid["grid operator"] == pytest.approx(measured["energy.losses"] * 0.09)


def test_others_loads_are_delivered_but_not_billed_here(city):
    with_lamps, without = living(city), living(city)
    with_lamps["energy.bus_load"][city.link("building", "bus").indices] = 100.0
    a, b = run(with_lamps, 1).measure(), run(without, 1).measure()
    lamps = 0.1 * len(city["building"])
    assert a["energy.consumption"] - b["energy.consumption"] == pytest.approx(lamps, rel=1e-6)
    assert a["energy.buildings"] == b["energy.buildings"]


def test_the_hour_scales_co2(city):
    flat = run(living(city), 1).measure()
    double = run(living(city, co2_by_hour=(2.0,) * 24), 1).measure()
    assert double["energy.co2"] == pytest.approx(2 * flat["energy.co2"])
    assert flat["energy.co2"] == pytest.approx(
        0.21 * (flat["energy.consumption"] + flat["energy.losses"])
    )


def test_a_transformer_without_supply_takes_its_buildings_off(city):
    model = living(city)
    model.world.controls.set("energy.supply", 0.0, rows=np.array([0]), now=0, by="test")
    run(model, 1)
    dark = (city["bus"]["transformer"] == 0) & (city["bus"]["kind"] != "mv")
    assert (model["energy.voltage"][dark] == 0).all()
    assert (model["energy.voltage"][~dark] > 0.9).all()
    off = dark[city.link("building", "bus").indices]
    assert off.any()
    assert (model["energy.building_power"][off] == 0).all()
    measured = model.measure()
    assert measured["energy.unserved"] > 0
    assert measured["energy.voltage_violation"] == 0
    model.world.controls.set("energy.supply", 1.0, now=0, by="test")
    model.step(minutes(75))
    assert (model["energy.voltage"] > 0.9).all()


def test_too_much_load_names_the_bus(city):
    model = living(city)
    bus = int(city.link("building", "bus").indices[5])
    model["energy.bus_load"][bus] = 5e6
    with pytest.raises(ModelError, match=f"weakest bus '{city['bus'].ids[bus]}'"):
        model.step(0)


def test_a_load_that_is_no_number_names_the_bus(city):
    model = living(city)
    model["energy.bus_load"][4] = np.nan
    with pytest.raises(ModelError, match=str(city["bus"].ids[4])):
        model.step(0)


def test_sundays_and_holidays_are_not_workdays(city):
    office = city["building"]["use"] == "office"

    def noon(day: datetime) -> float:
        model = living(city, day, direct_heating=0.0, heat_pumps=0.0)
        model.step(0)
        return float(model["energy.building_power"][office].sum())

    tuesday = noon(datetime(2025, 1, 14, 12))
    assert noon(datetime(2025, 1, 12, 12)) < 0.5 * tuesday
    assert noon(datetime(2025, 1, 1, 12)) == pytest.approx(noon(datetime(2025, 1, 12, 12)))


def test_a_step_between_changes_energy_little(city):
    fine, coarse = run(living(city), 4, every=5.0), run(living(city), 4, every=15.0)
    a, b = fine.measure()["energy.consumption"], coarse.measure()["energy.consumption"]
    assert a == pytest.approx(b, rel=0.01)


def test_the_same_run_gives_the_same_bytes(city):
    first, second = run(living(city), 2), run(living(built()), 2)
    assert first["energy.voltage"].tobytes() == second["energy.voltage"].tobytes()
    assert first.measure() == second.measure()


def test_a_day_of_co2_factors_has_24_hours():
    with pytest.raises(ValueError, match="24 factors"):
        Energy.Parameters(co2_by_hour=(1.0, 2.0))
