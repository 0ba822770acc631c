"""Parking lived: bays are conserved, prices and signs do what they say, money is booked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.parking import pricing
from models.parking.model import Parking
from models.parking.rounds import rounds
from tests.models.parking_town import indicators, live, scenario, town
from twin.core.engine import Engine
from twin.errors import ConfigError, DataError


def test_a_bay_is_taken_by_one_car_and_given_back() -> None:
    what = scenario(6, turnover=1.2, occupied=0.9)
    with Engine(what, town(), 1) as engine:
        model = next(m for m in engine.parts.models if isinstance(m, Parking))
        engine.run()
        curb, d = model.curb, model.curb.drivers
        held = np.bincount(d.block[: curb.count][d.holds[: curb.count]], minlength=len(curb.taken))
        np.testing.assert_array_equal(curb.taken, held + curb.unknown)
        assert (curb.taken <= curb.ground.capacity).all()
        assert (curb.taken >= 0).all()
        occupancy = engine.world.state["parking.occupancy"]
        np.testing.assert_allclose(occupancy, curb.taken / curb.ground.capacity)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (live(town(), scenario(2)) for _ in range(2))
    assert repr(first.indicators) == repr(second.indicators)
    assert first.ledger == second.ledger


def test_where_bays_are_scarce_drivers_search_and_where_they_are_not_they_do_not() -> None:
    quiet = indicators(live(town(), scenario(3, turnover=0.1, occupied=0.2)))
    busy = indicators(live(town(), scenario(3, turnover=1.5, occupied=0.9)))
    assert quiet["search_time"] < 0.05
    assert busy["search_time"] > 10 * quiet["search_time"]
    assert busy["full_blocks"] > 10 * quiet["full_blocks"]
    assert busy["illegal"] > quiet["illegal"]


def test_a_dearer_kerb_is_parked_at_less_and_pays_more() -> None:
    what = scenario(4, turnover=0.5, occupied=0.5)
    cheap = indicators(live(town(), what))
    dear = indicators(live(town(), what.with_policy("parking.flat_price", price=6.0)))
    assert dear["elsewhere"] > 1.5 * cheap["elsewhere"]
    assert dear["arrivals"] == cheap["arrivals"]
    assert dear["occupancy"] < cheap["occupancy"]
    assert dear["revenue"] > 1.5 * cheap["revenue"]


def test_guided_drivers_search_less() -> None:
    what = scenario(3, turnover=0.8, occupied=0.8)
    alone = indicators(live(town(), what))
    guided = indicators(live(town(), what.with_policy("parking.guidance", share=1.0)))
    assert guided["search_time"] < 0.5 * alone["search_time"]


def test_money_flows_from_drivers_to_the_municipality_and_on_to_wardens() -> None:
    outcome = live(town(), scenario(4, unpaid=0.5, patrol=0.5))
    booked = {(payer, payee, what) for _, payer, payee, _, what in outcome.ledger}
    assert ("drivers", "municipality", "parking") in booked
    assert ("drivers", "municipality", "fines") in booked
    assert ("municipality", "workers", "wardens") in booked
    income = sum(a for *_, payee, a, what in outcome.ledger if what in ("parking", "fines"))
    assert income == pytest.approx(indicators(outcome)["revenue"])


def test_nights_are_free_of_charge() -> None:
    outcome = live(town(), scenario(3, start="21:00"))
    assert indicators(outcome)["revenue"] == 0.0


def test_the_rule_of_sfpark() -> None:
    price = np.full(6, 2.0)
    occupancy = np.array([0.95, 0.80, 0.79, 0.59, 0.29, np.nan])
    found = pricing.Rule().next(price, occupancy)
    np.testing.assert_allclose(found, [2.25, 2.25, 2.0, 1.75, 1.5, 2.0])
    assert pricing.Rule().next(np.array([6.0, 0.25]), np.array([1.0, 0.0])).tolist() == [6.0, 0.25]


def test_a_table_of_prices_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = town()["parking"]
    bands = pricing.Bands.parse(("09:00-12:00", "12:00-24:00"), "here")
    price = np.arange(2.0 * len(table)).reshape(-1, 2) / 4.0
    changed = np.arange(len(table)) % 2 == 0
    pricing.write(tmp_path / "p.csv", table, bands, price, changed)
    again, read = pricing.read(tmp_path / "p.csv", table, "here")
    assert again == bands
    np.testing.assert_allclose(read[changed], price[changed], atol=0.005)
    assert np.isnan(read[~changed]).all()
    (tmp_path / "q.csv").write_text("block,band,price\nnone,09:00-12:00,2\n")
    with pytest.raises(DataError, match="none"):
        pricing.read(tmp_path / "q.csv", table, "here")
    with pytest.raises(DataError, match="no table of prices"):
        pricing.read(tmp_path / "r.csv", table, "here")


@pytest.mark.parametrize("bands", [(), ("9-12",), ("12:00-09:00",), ("09:00-12:00", "11:00-13:00")])
def test_wrong_bands_are_refused(bands: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"band|time of day"):
        pricing.Bands.parse(bands, "here")


def test_prices_follow_what_sensors_see(tmp_path: Path) -> None:
    city = town()
    sensor = {"use": "virtual", "name": "bays", "port": "parking.occupancy", "coverage": 0.5}
    raw = scenario(3, occupied=0.95, turnover=1.5).raw | {"sensor": [sensor]}
    policy = {"use": "parking.demand_price", "bands": ["10:00-13:00"], "every": "30m"}
    from twin.scenario import Scenario

    what = Scenario.from_dict(raw | {"policy": [policy]})
    with Engine(what, city, 1) as engine:
        engine.run()
        price = engine.world.state["parking.price"]
        seen = np.zeros(len(price), bool)
        seen[engine.parts.virtual[0].rows] = True
        assert (price[~seen] == 2.0).all()
        assert price[seen].max() > 2.5


def test_rounds_lead_to_prices_that_stand_still() -> None:
    what, bands = scenario(6, turnover=0.3, occupied=0.6), ("10:00-13:00", "13:00-16:00")
    first, *_, last = rounds(what, town(), bands=bands, most=12)
    assert last.moved < 0.6 * first.moved
    busy = last.occupancy > 0.8
    assert last.price[busy].mean() > last.price[~busy].mean()


def test_a_period_without_the_bands_is_told() -> None:
    with pytest.raises(ConfigError, match="none of the bands"):
        next(rounds(scenario(1, start="20:00"), town(), bands=("10:00-13:00",)))


def test_a_source_that_the_scenario_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"citizens\.trips"):
        live(town(), scenario(1, source="citizens"))


def test_who_comes_to_where_the_network_was_cut_leaves_the_city_and_no_bay_is_there() -> None:
    city = town()
    edges = city["edge"]
    out = int(edges.rows(np.array(["6-7"]))[0])
    # The street goes on to a junction from which nothing leads back.
    edges["to_junction"][out] = len(city["junction"])
    what = scenario(1, occupied=0.5)
    with Engine(what, city, 1) as engine:
        model = next(m for m in engine.parts.models if isinstance(m, Parking))
        engine.run()
        demand, g = model._demand, model.curb.ground
        assert demand.leaves[out]
        assert not demand.leaves[np.delete(np.arange(len(edges)), out)].any()
        assert (g.block_edge[g.capacity > 0] != out).all()


def test_bays_at_the_start_are_fuller_where_more_people_wish_to_park() -> None:
    with Engine(scenario(1, occupied=0.7), town(6), 1) as engine:
        model = next(m for m in engine.parts.models if isinstance(m, Parking))
        engine.run()
        g, cars = model.curb.ground, model._usual_cars()
        wishes = model.curb.wishes(model._demand.pull)
    assert cars.sum() == pytest.approx(0.7 * g.capacity.sum(), rel=0.02)
    assert np.corrcoef(wishes, cars)[0, 1] > 0.8
    share = cars / g.capacity
    assert share.max() > 0.8
    assert share.min() < 0.6


def test_nobody_looks_for_a_bay_where_no_street_leads_back() -> None:
    city = town()
    edges = city["edge"]
    out = int(edges.rows(np.array(["6-7"]))[0])
    edges["to_junction"][out] = len(city["junction"])
    with Engine(scenario(3, turnover=1.5, occupied=0.95), city, 1) as engine:
        model = next(m for m in engine.parts.models if isinstance(m, Parking))
        found = indicators(engine.run())
        d = model.curb.drivers
        assert found["searchers"] > 10.0
        assert (d.trail[: model.curb.count] != out).all()
        assert out not in model.curb.ground.next
