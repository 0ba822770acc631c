"""A toll and a low-emission zone in one scenario: who may not enter buys no ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.fleet import NAMES, Mix, read_ages
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.toll.pricing import Pricing
from models.traffic.toll.tariff import FINE, Band, Charges, Prices, Tariff, Zone
from models.traffic.trips import Departures, Trips, citizen
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import box
from twin.city.city import City
from twin.city.features import Features
from twin.core.engine import Engine
from twin.core.outcome import Outcome
from twin.core.time import Calendar, DailyWindow, minutes
from twin.errors import ConfigError

OLD = NAMES.index("petrol_2")


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def tariff(unit: list[float], hours: tuple[str, str], price: float, **zone: Any) -> Tariff:
    factor = np.ones(len(NAMES))
    if zone:
        factor = (np.arange(len(NAMES)) == OLD).astype(np.float64)
    bands = (Band(DailyWindow.between(*hours), price),)
    return Tariff(
        np.array(unit), bands, True, factor, 0.5, 0.0, 0.0, 0.0,
        zone=Zone(**zone) if zone else None,
    )  # fmt: skip


@pytest.fixture
def both() -> Prices:
    zone = tariff([0.0, 1.0, 1.0], ("08:00", "09:00"), 4.0,
                  fine=80.0, caught=0.05, replaced=0.5, replacement=4.0)  # fmt: skip
    return Prices(tariff([1.0, 1.0, 0.0], ("07:00", "09:00"), 3.0), zone)


def test_an_expected_fine_takes_the_place_of_the_toll(both: Prices) -> None:
    calendar = Calendar.at(datetime.fromisoformat("2025-01-21T06:00"), "Europe/Rome")
    charges = Charges(both, calendar, minutes(180), minutes(5))
    kinds, resident = np.array([OLD, 0]), np.array([False, True])
    (old_toll, new_toll), (old_fine, new_fine) = both.shares(kinds, resident)
    units = charges.units([0, 1, 2])

    def cost(hour: float, shares: tuple[float, float]) -> float:
        return charges.cost(units, charges.rates(minutes(int(60 * (hour - 6))), shares))

    assert [cost(h, (old_toll, old_fine)) for h in (6.5, 7.5, 8.5)] == [0.0, 6.0, 11.0]
    assert [cost(h, (new_toll, new_fine)) for h in (6.5, 7.5, 8.5)] == [0.0, 3.0, 3.0]
    rates = charges.rates(minutes(150), (old_toll, old_fine))
    assert charges.everywhere(rates).tolist() == [3.0, 4.0, 4.0]


def test_who_replaced_a_banned_vehicle_has_one_that_may_enter(both: Prices) -> None:
    kinds = np.array([OLD, OLD, 1])
    assert both.replaced(kinds, np.array([0.2, 0.8, 0.2])).tolist() == [0, OLD, 1]
    assert Prices(both.toll).replaced(kinds, np.zeros(3)).tolist() == kinds.tolist()


def test_citizens_know_the_cars_that_they_drive(streets: City, both: Prices) -> None:
    mix = Mix(0.4, 0.05, 0.0, 0.0, read_ages("IT-2023"))
    what = scenario(1)
    with Engine(what, streets, 1) as engine:
        world = engine.world
        world.announced[FINE] = both.zone
        pricing = Pricing(world, Network.read(streets), TrafficParameters(), mix)
        persons = np.arange(4000)
        _, banned = pricing.citizens(persons)
        trips = Trips(np.char.add(citizen(persons), ".1"), persons * 0.0, persons, persons, True,
                      owners=citizen(persons))  # fmt: skip
        cars = Departures(np.ones(1), Network.read(streets), world.streams, mix).kinds(trips)
    assert (cars[banned] == OLD).all()
    assert 0.3 < banned.sum() / np.count_nonzero(cars == OLD) < 0.7


def together(city: City, length: int, engine: str = "libsumo", **zone: Any) -> Outcome:
    area = box(city, 0.2, 0.8)
    what = scenario(length, engine=engine, fleet="IT-2023")
    what = what.with_policy("traffic.toll", area=area, price=1.0)
    return live(city, what.with_policy("traffic.low_emission_zone", area=area, **zone))


def booked(outcome: Outcome, what: str) -> float:
    return sum(amount for *_, amount, kind in outcome.ledger if kind.startswith(what))


@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_banned_vehicles_are_fined_and_the_others_pay(streets: City, engine: str) -> None:
    outcome = together(streets, 10, engine, replaced=0.0, caught=1.0, fine=0.5)
    found = indicators(outcome)
    assert found["traffic.zone_violations"] > 10
    assert found["traffic.zone_fines"] == 0.5 * found["traffic.zone_violations"]
    assert found["traffic.toll_revenue"] == found["traffic.toll_crossings"] > 10
    assert booked(outcome, "toll, ") == pytest.approx(found["traffic.toll_revenue"])
    assert booked(outcome, "fine, ") == pytest.approx(found["traffic.zone_fines"])


def test_who_replaced_a_vehicle_pays_the_toll(streets: City) -> None:
    found = indicators(together(streets, 10, replaced=1.0, fine=1000.0, caught=1.0))
    assert found["traffic.zone_replaced"] > 10
    assert found["traffic.zone_violations"] == found["traffic.zone_fines"] == 0.0
    assert found["traffic.toll_crossings"] > 10


def test_a_citys_own_demand_answers_both() -> None:
    city = bologna()
    outcome = together(city, 5, replaced=0.5, caught=1.0, fine=100.0)
    found = indicators(outcome)
    assert found["traffic.zone_replaced"] > 10
    assert found["traffic.toll_revenue"] > 0.0
    assert found["traffic.toll_suppressed"] > 0
    sellers = {payee for _, _, payee, _, kind in outcome.ledger if kind == "replaced vehicles"}
    assert sellers == {"dealers"}
    # The demand goes on after the run: what is billed is what the run counts, half a day a trip.
    assert booked(outcome, "replaced vehicles") == pytest.approx(
        2.0 * found["traffic.zone_replaced"]
    )
    assert not [row for row in outcome.ledger if row[1] == row[2]]


@pytest.mark.parametrize("policy", ["traffic.toll", "traffic.low_emission_zone"])
def test_two_of_the_same_kind_are_refused(streets: City, policy: str) -> None:
    area = box(streets, 0.2, 0.8)
    what = scenario(1).with_policy(policy, area=area).with_policy(policy, area=area)
    with pytest.raises(ConfigError, match=f"two policies {policy}"):
        live(streets, what)
