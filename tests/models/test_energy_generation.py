"""Sun on roofs, batteries, heat pumps, insulation, tariffs: what each does in a town."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from models.energy import roofs
from models.energy.investments import Investment, Investments
from models.energy.parameters import EnergyParameters
from models.energy.policies_equipment import Batteries, HeatPumps, Insulation, Solar
from models.energy.policies_habits import FeedInLimit, Tariff
from models.energy.stock import performance
from models.energy.sun import Sun
from models.energy.tariffs import DYNAMIC, FLAT, PEAK, UNKNOWN, Tariffs
from tests.models.energy_life import built, living, run
from tests.models.test_energy_policies import decide
from twin.city.features import Features
from twin.core.ledger import Ledger
from twin.policy.annuity import annuity

JUNE = datetime(2025, 6, 21)


@pytest.fixture(scope="module")
def city():
    found = built()
    roofs.RoofBuilder().build(found, Features())
    return found


def life(city, start=JUNE, policies=(), hours=24.0, clear=True, **parameters):
    model = living(city, start, **parameters)
    model["weather.cloud"][:] = 0.0 if clear else 1.0
    for kind, given in policies:
        policy = kind(model.world, kind.Parameters(**given))
        policy.setup()
        decide(policy, 0)
    return run(model, hours)


def test_irradiance_is_that_of_pvlib(city):
    """Same clear sky and cloud factor, decomposed and turned onto planes by pvlib."""
    import pandas as pd
    import pvlib

    sun, cloud = Sun(city), 0.4
    where = pvlib.location.Location(city.place.latitude, city.place.longitude, tz="UTC")
    times = pd.date_range("2025-06-02 04:00", "2025-06-02 18:45", freq="15min", tz="UTC")
    position = where.get_solarposition(times)
    total = where.get_clearsky(times)["ghi"] * (1.0 - 0.75 * cloud**3.4)
    split = pvlib.irradiance.erbs(total, position["apparent_zenith"], times)
    wanted, found = [], []
    for tilt, facing in zip(sun._tilt, sun._facing, strict=True):
        plane = pvlib.irradiance.get_total_irradiance(
            tilt,
            facing,
            position["apparent_zenith"],
            position["azimuth"],
            split["dni"],
            total,
            split["dhi"],
            albedo=0.2,
            model="isotropic",
        )
        wanted.append(plane["poa_global"].to_numpy())
    for time in times:
        sun.look(time.to_pydatetime(), cloud)
        found.append(sun._planes.copy())
    theirs, ours = np.array(wanted).sum(axis=1), np.array(found).sum(axis=0)
    assert ours == pytest.approx(theirs, rel=0.02)


def test_days_between_the_kept_ones_are_close(city):
    """Four days of spring are interpolated to within a hundredth of what pvlib gives for them."""
    import pandas as pd
    import pvlib

    where = pvlib.location.Location(city.place.latitude, city.place.longitude, tz="UTC")
    times = pd.date_range("2025-03-19", "2025-03-22 23:45", freq="15min", tz="UTC")
    theirs = where.get_clearsky(times)["ghi"].sum()
    sun, ours = Sun(city), 0.0
    level = np.array([0.0])
    sun._tilt, sun._facing, sun._planes = level, level, level.copy()
    for time in times:
        sun.look(time.to_pydatetime(), 0.0)
        ours += sun._planes[0]
    assert ours == pytest.approx(theirs, rel=0.01)


def test_roofs_face_the_sunnier_side_and_hold_less_than_they_are(city):
    roof, building = city["roof"], city["building"]
    assert (roof["area"] <= building["footprint"]).all()
    pitched = ~roof["flat"]
    assert pitched.any()
    assert ((roof["azimuth"][pitched] >= 90) & (roof["azimuth"][pitched] < 270)).all()
    southern = roofs.roofs(building, south=True)
    assert southern["azimuth"][0] == (roof["azimuth"][0] + 180.0) % 360.0


def test_nothing_shines_at_night(city):
    sun = Sun(city)
    sun.look(datetime(2025, 6, 21, 23, 30, tzinfo=UTC), 0.0)
    assert not sun.panels(10.0).any()
    assert sun.through_glass == 0.0


def test_panels_save_electricity_and_money_and_feed_in(city):
    base = life(city)
    with_sun = life(city, policies=[(Solar, {"roofs": "all"})])
    a, b = base.measure(), with_sun.measure()
    assert a["energy.solar"] == 0
    assert b["energy.solar"] > 0
    assert b["energy.buildings"] == pytest.approx(a["energy.buildings"])
    used = b["energy.self_consumption"]
    assert used + b["energy.exported"] == pytest.approx(b["energy.solar"])
    assert 0 < used < b["energy.solar"]
    assert a["energy.consumption"] - b["energy.consumption"] == pytest.approx(b["energy.solar"])
    assert b["energy.household_bill"] < a["energy.household_bill"]
    assert b["energy.co2"] < a["energy.co2"]
    assert b["energy.highest_voltage"] > a["energy.highest_voltage"]


def test_batteries_keep_more_of_the_sun_at_home(city):
    panels = (Solar, {"roofs": "all"})
    alone = life(city, policies=[panels]).measure()
    stored = life(city, policies=[panels, (Batteries, {"uptake": 1.0, "per_peak": 2.0})]).measure()
    assert stored["energy.exported"] < 0.9 * alone["energy.exported"]
    assert stored["energy.investment"] > alone["energy.investment"]


def test_a_feed_in_limit_curtails(city):
    panels = (Solar, {"roofs": "all"})
    free = life(city, policies=[panels]).measure()
    capped = life(city, policies=[panels, (FeedInLimit, {"limit": 0.2})]).measure()
    assert free["energy.curtailed"] == 0
    assert capped["energy.curtailed"] > 0
    assert capped["energy.curtailed"] + capped["energy.solar"] == pytest.approx(
        free["energy.solar"]
    )


def test_panels_give_way_where_they_lift_the_voltage(city):
    """With a narrow band the same panels are cut until no connection is above it."""
    panels = (Solar, {"roofs": "all"})
    model = life(city, policies=[panels], voltage_band=0.004, source_voltage=1.0)
    measured = model.measure()
    assert measured["energy.curtailed"] > 0
    bus = city.link("building", "bus").indices
    assert model._accounts.highest[bus].max() < 1.006


def test_heat_pumps_take_the_place_of_fuel(city):
    cold = datetime(2025, 1, 14)
    base = living(city, cold, direct_heating=0.0, heat_pumps=0.0)
    pumps = living(city, cold, direct_heating=0.0, heat_pumps=0.0)
    for model in (base, pumps):
        model["weather.temperature"][:] = -5.0
    policy = HeatPumps(pumps.world, HeatPumps.Parameters(share=1.0, subsidy=0.25))
    policy.setup()
    decide(policy, 0)
    a, b = run(base, 24).measure(), run(pumps, 24).measure()
    assert b["energy.fuel_heat"] == 0
    rooms = a["energy.fuel_heat"]
    more = b["energy.buildings"] - a["energy.buildings"]
    assert rooms / performance(55.0, -5.0) > more > 0.8 * rooms / performance(45.0, -5.0)
    assert b["energy.total_co2"] < a["energy.total_co2"]
    assert b["energy.peak"] > a["energy.peak"]
    assert b["energy.investment"] > 0


def test_more_heat_pumps_are_the_same_ones_and_others(city):
    chosen = []
    for share in (0.2, 0.5):
        model = living(city, heat_pumps=0.1)
        policy = HeatPumps(model.world, HeatPumps.Parameters(share=share))
        policy.setup()
        decide(policy, 0)
        chosen.append(model["energy.heat_pump"] > 0)
    assert (chosen[0] <= chosen[1]).all()
    assert chosen[0].sum() < chosen[1].sum()


def test_insulation_saves_heat(city):
    january = datetime(2025, 1, 14)
    base = life(city, january).measure()
    better = life(city, january, [(Insulation, {"uptake": 1.0})]).measure()
    assert better["energy.heat"] < 0.85 * base["energy.heat"]
    assert better["energy.investment"] > 0


def test_subsidies_move_the_cost_of_equipment_to_the_municipality(city):
    own = life(city, policies=[(Solar, {"roofs": "all"})]).measure()
    given = life(city, policies=[(Solar, {"roofs": "all", "subsidy": 0.5})]).measure()
    parties = ("household", "firm", "municipality")
    costs = [[found[f"energy.{party}_cost"] for party in parties] for found in (own, given)]
    assert sum(costs[0]) == pytest.approx(sum(costs[1]))
    assert costs[1][0] < costs[0][0]
    assert costs[1][2] > costs[0][2]


def test_the_ledger_holds_what_the_indicators_say(city):
    policies = [(Solar, {"roofs": "all", "subsidy": 0.3}), (HeatPumps, {"share": 0.5})]
    model = life(city, policies=policies, hours=5)
    measured, ledger = model.measure(), model.world.ledger
    for party, name in (("households", "household"), ("firms", "firm")):
        assert -ledger.balance(party) == pytest.approx(measured[f"energy.{name}_cost"])
    cost = measured["energy.municipality_cost"]
    assert -ledger.balance("municipality") == pytest.approx(cost)


def test_a_dynamic_tariff_moves_washing_and_saves(city):
    january = datetime(2025, 1, 14)
    firm = life(city, january, [(Tariff, {"kind": "dynamic", "shifting": 0.0})], 72).measure()
    moving = life(city, january, [(Tariff, {"kind": "dynamic", "shifting": 1.0})], 72).measure()
    assert moving["energy.shifted"] > 0
    assert firm["energy.shifted"] == 0
    assert moving["energy.household_bill"] < firm["energy.household_bill"]


def test_prices_of_the_three_tariffs():
    tariffs = Tariffs(EnergyParameters())
    assert (tariffs.prices(12)[FLAT] == [0.29, 0.19, 0.19]).all()
    assert tariffs.prices(12)[PEAK, 0] == pytest.approx(0.29 * 1.15)
    assert tariffs.prices(3)[PEAK, 0] == pytest.approx(0.29 * 0.7)
    day = [tariffs.prices(hour)[DYNAMIC, 0] for hour in range(24)]
    assert np.mean(day) == pytest.approx(0.29)
    tariffs.see(12, 0.5)
    assert tariffs.prices(12)[DYNAMIC, 0] == pytest.approx(0.29 - 0.09 + 0.5)
    assert tariffs.prices(13)[DYNAMIC, 0] == pytest.approx(day[13])
    assert tariffs.feed_in(12)[FLAT, 0] == 0.08
    tariffs.see(12, -0.05)
    assert tariffs.prices(12)[DYNAMIC, 0] == pytest.approx(0.29 - 0.09 - 0.05)
    assert tariffs.feed_in(12)[DYNAMIC, 0] == 0.0
    for unknown in (UNKNOWN, np.nan):
        tariffs.see(12, unknown)
        assert tariffs.prices(12)[DYNAMIC, 0] == pytest.approx(0.29 - 0.09 - 0.05)
    tariffs.see(12, -1.5)
    assert tariffs.prices(12)[DYNAMIC, 0] == pytest.approx(0.29 - 0.09 - 1.5)
    assert tariffs.cheap(PEAK).sum() == 32
    assert tariffs.battery(FLAT, 3) == (0.0, 0.0)
    assert tariffs.battery(PEAK, 3) == (0.9, 1.0)


def test_an_annuity_pays_a_capital_back():
    assert annuity(0.0, 20.0) == 0.05
    owed = 1000.0
    for _ in range(20):
        owed = owed * 1.03 - 1000.0 * annuity(0.03, 20.0)
    assert owed == pytest.approx(0.0, abs=1e-9)
    investments, ledger = Investments(0.03), Ledger()
    investments.own("solar panels", "firms", Investment(1000.0, 15.0, 20.0))
    investments.book(ledger, 0, 365.25 * 86_400.0)
    assert -ledger.balance("firms") == pytest.approx(investments.yearly("firms"))
    assert investments.capital == 1000.0


def test_old_towns_need_more_heat_than_new_ones(city):
    january = datetime(2025, 1, 14)
    heat = [
        life(city, january, hours=6, ages=ages).measure()["energy.heat"]
        for ages in ((1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0, 1.0))
    ]
    assert heat[0] > 1.5 * heat[1]
    with pytest.raises(ValueError, match="five shares"):
        EnergyParameters(ages=(1.0, 2.0))


@pytest.mark.parametrize("price", [0.0, -0.4, -2.0])
def test_a_market_of_nothing_or_less_is_billed_as_it_is(city, price):
    bills = {}
    for kind in ("flat", "dynamic"):
        model = living(city, datetime(2025, 1, 14))
        model["energy.market_price"][:] = price
        policy = Tariff(model.world, Tariff.Parameters(kind=kind, shifting=1.0))
        policy.setup()
        decide(policy, 0)
        # Of two days, so that the second one's habits know a whole day of these prices.
        bills[kind] = run(model, 48).measure()["energy.household_bill"]
        cost = model.measure()["energy.household_cost"]
        assert -model.world.ledger.balance("households") == pytest.approx(cost)
    assert bills["dynamic"] == pytest.approx(bills["flat"] * (0.20 + price) / 0.29, rel=0.02)


def test_market_factors_that_are_all_zero_are_refused_by_name():
    with pytest.raises(ValidationError, match=r"market_by_hour[\s\S]*market_price = 0"):
        EnergyParameters(market_by_hour=(0.0,) * 24)
    free = Tariffs(EnergyParameters(market_price=0.0))
    assert free.prices(12)[DYNAMIC, 0] == 0.29
    assert free.battery(DYNAMIC, 3) == (0.0, 0.0)


def test_shares_of_the_same_buildings_that_pass_one_are_refused():
    with pytest.raises(ValidationError, match=r"add up to 1\.4"):
        EnergyParameters(heat_pumps=0.7, direct_heating=0.7)
    with pytest.raises(ValidationError, match=r"add up to 2\.5"):
        EnergyParameters(ages=(0.5,) * 5)
    with pytest.raises(ValidationError, match="five shares"):
        EnergyParameters(ages=(0.5, 0.5))
    assert EnergyParameters(heat_pumps=0.3, direct_heating=0.7).heat_pumps == 0.3
