"""Time on the road as money, and what trips were worth that a price keeps from being made."""

from __future__ import annotations

import numpy as np
import pytest

from models.traffic.build import TrafficBuilder
from models.traffic.engine import Account
from models.traffic.fleet import NAMES
from models.traffic.parameters import TrafficParameters
from models.traffic.time_costs import TimeCosts
from models.traffic.toll.answer import GIVES_UP, SHIFTS
from tests.models._streets import bologna, grid, indicators, live, scenario
from tests.models.test_traffic_toll import asked, box
from twin.city.city import City
from twin.city.features import Features
from twin.core.ledger import Ledger
from twin.core.outcome import Outcome


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def booked(outcome: Outcome, category: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for _, payer, _, amount, kind in outcome.ledger:
        if kind == category:
            found[payer] = found.get(payer, 0.0) + amount
    return found


def test_every_hour_but_those_of_buses_is_booked_once() -> None:
    costs, ledger = TimeCosts(), Ledger()
    p = TrafficParameters(value_of_time=10.0, value_of_time_goods=40.0)
    costs.expect(np.array([0, 1, 2, NAMES.index("van")]))
    for hours in (1.0, 3.0):
        account = Account(0, 0, 0, 0, 3600.0 * (hours + 1.0), 0, bus_seconds=3600.0)
        costs.book(ledger, 0, account, p)
    assert ledger.balance("drivers") == pytest.approx(-3.0 * 0.75 * 10.0)
    assert ledger.balance("firms") == pytest.approx(-3.0 * 0.25 * 40.0)


@pytest.mark.parametrize("engine", ["libsumo", "queue"])
def test_the_account_has_the_hours_of_the_run(streets: City, engine: str) -> None:
    p = {"value_of_time": 12.0, "value_of_time_goods": 12.0}
    outcome = live(streets, scenario(8, engine=engine, **p))
    hours = indicators(outcome)["traffic.vehicle_hours"]
    assert sum(booked(outcome, "travel time").values()) == pytest.approx(12.0 * hours)
    assert booked(outcome, "trips not made") == {}


def test_a_trip_given_up_was_worth_its_cost_and_half_of_the_price(streets: City) -> None:
    flat = {"elasticity": -20.0, "elasticity_goods": -20.0, "value_spread": 0.0}
    low, high = (asked(streets, price, **flat) for price in (0.5, 1.0))
    both = (low.choice == GIVES_UP) & (high.choice == GIVES_UP)
    assert both.any()
    assert (high.lost[both] >= low.lost[both]).all()
    assert (low.lost[both] > 0.0).all()
    stays = ~np.isin(high.choice, (GIVES_UP, SHIFTS))
    assert (high.lost[stays] == 0.0).all()
    shifted = asked(streets, 2.0, elasticity=0.0, elasticity_goods=0.0)
    assert (shifted.lost[shifted.choice == SHIFTS] > 0.0).all()


def test_a_toll_that_empties_the_streets_is_no_gain_of_time() -> None:
    city = bologna()
    base = scenario(6, engine="queue")
    dear = base.with_policy("traffic.toll", area=box(city, 0.1, 0.9), price=20.0)
    free, toll = (live(city, what) for what in (base, dear))
    assert indicators(toll)["traffic.toll_suppressed"] > 100
    saved = booked(free, "travel time")["drivers"] - booked(toll, "travel time")["drivers"]
    assert saved > 0.0
    assert booked(toll, "trips not made")["drivers"] > saved
