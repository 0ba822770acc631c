"""The urban toll: who is charged, who answers and how, and who pays."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from models.traffic.build import TrafficBuilder
from models.traffic.engine import Passages
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.toll.answer import GIVES_UP, PAYS, SHIFTS, Answers, Drivers, Travellers
from models.traffic.toll.bill import Bills
from models.traffic.toll.tariff import CLASS, Band, Prices, Tariff
from models.traffic.toll.ways import Ways
from tests.models._streets import bologna, grid, indicators, live, scenario
from twin.city.city import City
from twin.city.features import Features
from twin.core.ledger import Ledger
from twin.core.outcome import Outcome
from twin.core.random import Streams
from twin.core.time import Calendar, DailyWindow, minutes
from twin.errors import ConfigError

END = minutes(180)


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> City:
    city = grid(tmp_path_factory.mktemp("grid"))
    TrafficBuilder().build(city, Features())
    return city


def box(city: City, low: float, high: float) -> list[float]:
    """The middle of a city, between two quantiles of its junctions; degrees."""
    points = city["junction"].points
    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    corners = [np.quantile(points, q, axis=0) + pad for q, pad in ((low, -20), (high, 20))]
    (west, south), (east, north) = (to_degrees.transform(*corner) for corner in corners)
    return [float(west), float(south), float(east), float(north)]


def tolled(city: City, length: int, **toll: Any) -> Outcome:
    line = {"name": "line", "area": toll.get("area"), "edges": toll.get("edges", [])}
    lines = [line] if line["area"] or line["edges"] else []
    what = scenario(length, screenlines=lines)
    return live(city, what.with_policy("traffic.toll", **toll))


def asked(city: City, price: float, n: int = 200, **parameters: Any) -> Answers:
    """What drivers from border to border do when every street in the middle costs."""
    table, network = city["edge"], Network.read(city)
    gate = city["gateway"]
    rng = np.random.default_rng(1)
    origin = rng.choice(gate["edge"][gate["inward"]], n).astype(np.int64)
    goal = rng.choice(gate["edge"][~gate["inward"]], n).astype(np.int64)
    unit = np.where(np.isin(np.arange(len(table)), gate["edge"]), 0.0, 1.0)
    hours = DailyWindow.between("07:00", "08:00")
    tariff = Tariff(
        unit,
        (Band(hours, price),),
        False,
        np.array([1.0, 0.0, 1.0, 2.0])[CLASS],
        1.0,
        1.0,
        0.0,
        0.0,
    )
    calendar = Calendar.at(datetime.fromisoformat("2025-01-21T06:00"), "Europe/Rome")
    drivers = Drivers(
        Ways(network),
        table["length"],
        Prices(tariff),
        calendar,
        END,
        TrafficParameters(**parameters),
    )
    names = np.array([f"driver{i}" for i in range(n)])
    travellers = Travellers(
        Streams(3).keys("test", names), origin, goal, rng.uniform(0, END, n),
        np.array([0, 2, 3, 4])[np.arange(n) % 4], np.zeros(n, dtype=bool), np.full(n, 2),
        np.full(n, False), np.full(n, True), np.zeros(n),
    )  # fmt: skip
    return drivers.ask(travellers, table["length"] / table["speed"])


def test_the_first_band_that_holds_sets_the_price_and_weekends_are_free() -> None:
    bands = (
        Band(DailyWindow.between("07:00", "09:00"), 3.0),
        Band(DailyWindow.between("06:00", "19:00"), 2.0),
    )
    tariff = Tariff(np.ones(1), bands, False, np.ones(len(CLASS)), 1.0, 1.0, 0.0, 0.0)
    tuesday = Calendar.at(datetime.fromisoformat("2025-01-21T00:00"), "Europe/Rome")
    moments = [minutes(60 * hour) for hour in (5, 6, 8, 9, 19)]
    assert tariff.prices(tuesday, moments).tolist() == [0.0, 2.0, 3.0, 2.0, 0.0]
    saturday = Calendar.at(datetime.fromisoformat("2025-01-25T00:00"), "Europe/Rome")
    assert not tariff.prices(saturday, moments).any()


@settings(max_examples=8, deadline=None)
@given(price=st.floats(0.01, 5.0), more=st.floats(1.0, 4.0))
def test_who_gives_up_at_a_price_gives_up_at_a_higher_one(
    streets: City, price: float, more: float
) -> None:
    low = asked(streets, price).choice == GIVES_UP
    high = asked(streets, price * more).choice == GIVES_UP
    assert not (low & ~high).any()


def test_without_a_price_nobody_changes_and_electric_cars_here_are_exempt(streets: City) -> None:
    assert (asked(streets, 0.0).choice == PAYS).all()
    answers = asked(streets, 3.0)
    assert (answers.choice[1::4] == PAYS).all()
    assert (answers.choice[0::4] != PAYS).any()


def test_who_shifts_leaves_when_it_costs_less(streets: City) -> None:
    answers = asked(streets, 2.0, elasticity=0.0, elasticity_goods=0.0)
    moved = answers.choice == SHIFTS
    assert moved.any()
    assert ((answers.depart[moved] < minutes(60)) | (answers.depart[moved] >= minutes(120))).all()
    assert not (answers.choice == GIVES_UP).any()


def test_the_elasticity_is_that_of_the_generalised_cost(streets: City) -> None:
    rows = np.arange(4000)
    answers = asked(streets, 0.2, n=len(rows), value_spread=0.0, beyond_time=0.0,
                    beyond_distance=0.0, running_cost=0.0)  # fmt: skip
    none = asked(streets, 0.2, n=len(rows), value_spread=0.0, beyond_time=1e6)
    assert not (none.choice == GIVES_UP).any()
    assert 0.05 < (answers.choice == GIVES_UP).mean() < 0.6


def test_passages_are_paid_and_booked_once(streets: City) -> None:
    area = box(streets, 0.1, 0.9)
    outcome = tolled(streets, 12, area=area, price=2.0, truck=3.0, kind="distance")
    found = indicators(outcome)
    paid = sum(amount for _, _, payee, amount, what in outcome.ledger
               if payee == "municipality" and what.startswith("toll"))  # fmt: skip
    cost = sum(amount for _, payer, _, amount, what in outcome.ledger
               if payer == "municipality" and what == "toll collection")  # fmt: skip
    assert found["traffic.toll_crossings"] > 0
    assert paid == pytest.approx(found["traffic.toll_revenue"])
    assert cost == pytest.approx(found["traffic.toll_cost"])
    assert found["traffic.toll_revenue"] > 0


@pytest.mark.parametrize(("once", "bills"), [(True, 2), (False, 4)])
def test_a_price_by_kilometre_is_one_bill_a_vehicle(once: bool, bills: int) -> None:
    tariff = Tariff(
        np.ones(2), (Band(DailyWindow.between("07:00", "08:00"), 1.0),), True,
        np.ones(len(CLASS)), 1.0, 0.0, 0.0, 0.1, once=once,
    )  # fmt: skip
    kept = Bills(tariff, {}, np.zeros((2, 2)), Streams(1))
    passed = Passages(np.array(["a", "a", "b", "a"]), np.array([0, 1, 0, 1]))
    kept.charge(passed, np.array([1.0, 2.0]))
    kept.book(Ledger(), 60_000)
    assert (kept.crossings, kept.revenue) == (bills, 6.0)
    assert kept.cost == pytest.approx(0.1 * bills)


def test_a_price_of_nothing_changes_nothing(streets: City) -> None:
    base = indicators(live(streets, scenario(10)))
    free = indicators(tolled(streets, 10, area=box(streets, 0.3, 0.7), price=0.0))
    assert free["traffic.toll_crossings"] == free["traffic.toll_revenue"] == 0.0
    assert free["traffic.distance"] == base["traffic.distance"]


def test_drivers_go_around_a_dear_cordon_that_has_a_way_around(streets: City) -> None:
    area = box(streets, 0.3, 0.7)
    free, dear = (indicators(tolled(streets, 12, area=area, price=price)) for price in (0.0, 10.0))
    assert dear["traffic.crossings:line"] < 0.3 * free["traffic.crossings:line"]
    assert dear["traffic.trips"] > 0.8 * free["traffic.trips"]
    assert dear["traffic.teleports"] == 0


def test_a_citys_own_demand_answers_a_toll() -> None:
    city = bologna()
    area = box(city, 0.3, 0.7)
    free, dear = (indicators(tolled(city, 6, area=area, price=price)) for price in (0.0, 3.0))
    assert dear["traffic.crossings:line"] < 0.85 * free["traffic.crossings:line"]
    assert dear["traffic.toll_suppressed"] > 0
    assert dear["traffic.toll_diverted"] > 0
    assert dear["traffic.toll_revenue"] > 0


@pytest.mark.parametrize("demand", ["own", "citizens"])
def test_a_citys_own_buses_pass_and_do_not_pay(demand: str) -> None:
    city = bologna()
    TrafficBuilder().build(city, Features())
    line = {"name": "line", "area": box(city, 0.2, 0.8)}
    what = scenario(8, engine="queue", demand=demand, elasticity=0.0, screenlines=[line])
    what = what.with_policy("traffic.toll", area=line["area"], price=0.01)
    outcome = live(city, what)
    counts = [json.loads(detail) for _, kind, _, detail in outcome.log if kind == "traffic.crossed"]
    found = indicators(outcome)
    assert counts[0]["other"] > 3
    assert found["traffic.toll_crossings"] == found["traffic.crossings:line"] - counts[0]["other"]


@pytest.mark.parametrize(
    ("toll", "message"),
    [
        ({}, "not said where"),
        ({"area": (0.0, 0.0, 0.1, 0.1)}, "crosses the border"),
        ({"edges": ["nowhere"]}, "no edge 'nowhere'"),
    ],
)
def test_a_wrong_toll_fails_before_the_run(streets: City, toll: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tolled(streets, 1, **toll)


def test_the_answer_to_a_toll_is_the_same_again(streets: City, tmp_path: Path) -> None:
    area = box(streets, 0.3, 0.7)
    first, second = (tolled(streets, 6, area=area, price=2.0) for _ in range(2))
    assert repr(first.indicators) == repr(second.indicators)
    assert first.ledger == second.ledger
