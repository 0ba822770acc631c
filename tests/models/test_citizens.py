"""The citizens as a model: what their days make, and what changes them."""

from __future__ import annotations

import numpy as np
import pytest

from models.citizens.columns import AT_HOME, COMMUTER
from models.citizens.events import Alert
from models.citizens.model import Citizens
from models.citizens.policies import CarPrice
from tests.models.citizens_town import Life, live, town
from twin.core.time import hours, minutes
from twin.core.world import World
from twin.errors import ConfigError


@pytest.fixture(scope="module")
def base() -> Life:
    return live(town(), length=19.0)


def same_trips(a: Life, b: Life) -> bool:
    return a.trips.shape == b.trips.shape and bool((a.trips == b.trips).all())


def test_everybody_is_somewhere(base: Life) -> None:
    people = base.model.society.people
    inside = (people.place >= 0) & (people.place < len(base.model.city["building"]))
    assert base.present[-1].sum() == inside.sum()
    assert base.present.min() >= 0.0
    assert base.parked.min() >= 0.0


def test_the_town_fills_by_day_and_sleeps_at_night(base: Life) -> None:
    office = base.model.city["building"]["use"] == "office"
    by_hour = base.present[::60][:, office].sum(axis=1)
    assert by_hour[0] < 0.05 * by_hour[5]
    assert by_hour[-1] == 0.0
    assert base.present[-1].sum() == pytest.approx(base.model.residents, rel=0.03)


def test_residents_make_the_trips_that_surveys_count(base: Life) -> None:
    a_day = base.model.tally.sums[0] / base.model.residents
    assert 2.2 < a_day < 3.2


def test_jobs_without_residents_are_done_by_commuters(base: Life) -> None:
    kinds = base.model.society.people.kind
    assert (kinds == COMMUTER).sum() > 300
    assert base.model.city["building"]["jobs"].sum() > (kinds == COMMUTER).sum()


def test_trips_start_and_end_on_car_edges_within_the_run(base: Life) -> None:
    assert len(base.trips) > 200
    assert base.trips[:, 0].min() >= 0
    assert base.trips[:, 0].max() < hours(19)
    assert (base.trips[:, 1] != base.trips[:, 2]).all()
    assert (np.diff(base.trips[:, 0]) >= 0).all()


def test_a_trip_is_published_before_it_departs() -> None:
    late = []

    def look(model: Citizens, now: int) -> None:
        batch = model.world.state.queues["citizens.trips"].take("test")
        late.extend((batch["depart"] < now - model.period).tolist())

    live(town(), each=look)
    assert late
    assert not any(late)


def test_same_seed_same_life_and_other_seed_another() -> None:
    first, second, other = (live(town(), seed=seed) for seed in (3, 3, 4))
    assert same_trips(first, second)
    assert first.indicators == second.indicators
    assert not same_trips(first, other)


def test_a_run_that_starts_later_meets_the_same_day(base: Life) -> None:
    evening = live(town(), start="2025-01-21T17:00", length=2.0)
    at_start = base.present[12 * 60]
    assert evening.present[0].sum() == pytest.approx(at_start.sum(), rel=0.02)
    assert np.corrcoef(evening.present[0], at_start)[0, 1] > 0.99
    assert evening.parked[0].sum() == pytest.approx(base.parked[12 * 60].sum(), rel=0.03)


def test_a_price_changes_only_those_who_decide_otherwise() -> None:
    def price(model: Citizens, now: int) -> None:
        model["citizens.car_price"][:] = 5.0

    free, dear = live(town()), live(town(), each=price)
    before = {tuple(trip[[0, 3]]) for trip in free.trips.tolist() for trip in [np.array(trip)]}
    after = {tuple(trip[[0, 3]]) for trip in dear.trips.tolist() for trip in [np.array(trip)]}
    assert 0.2 * len(before) < len(after) < 0.9 * len(before)
    # Nobody takes the car, or another time, because of the price.
    assert len(after - before) <= 0.01 * len(before)
    paid = sum(row[3] for row in dear.world.ledger.rows if row[4] == "car price")
    assert paid == pytest.approx(5.0 * dear.indicators["citizens.trips_car"])
    assert dear.indicators["citizens.trips_cancelled"] > 0


def test_slow_streets_send_people_to_other_modes() -> None:
    def jam(model: Citizens, now: int) -> None:
        model["traffic.travel_time"][:] = 400.0

    free, slow = live(town()), live(town(), each=jam)
    assert slow.indicators["citizens.trips_car"] < 0.8 * free.indicators["citizens.trips_car"]


def test_a_closed_city_keeps_cars_at_home() -> None:
    def close(model: Citizens, now: int) -> None:
        model["traffic.closed"][:] = 1.0

    closed = live(town(), length=6.0, each=close)
    assert (closed.trips[:, 0] < minutes(15)).all()


def test_travel_times_nobody_writes_are_free_flow() -> None:
    model = live(town(), length=1.0).model
    assert np.isnan(model["traffic.travel_time"]).all()
    now = model.driving.now(0.0, 1.0, model["citizens.stay_home"])
    assert (now.skim == now.free).all()


def test_an_alert_keeps_people_waste_and_cars_at_home() -> None:
    def alarm(world: World) -> None:
        event = Alert(world, Alert.Parameters(**{"from": "10:00", "until": "20:00", "share": 1.0}))
        event.setup()
        world.env.process(event.process())

    day = {"start": "2025-01-21T09:00", "length": 9.0}
    usual, told = live(town(), **day), live(town(), **day, prepare=alarm)
    assert (told.present[:59] == usual.present[:59]).all()
    tally = told.model.tally.present
    assert tally[AT_HOME].sum() > 0.9 * told.model.residents
    assert told.indicators["citizens.trips_cancelled"] > 100
    shops = told.model.city["building"]["use"] == "retail"
    homes = told.model.city["building"]["use"] == "residential"
    afternoon = slice(180, 420)
    assert told.waste[afternoon, shops].sum() < 0.9 * usual.waste[afternoon, shops].sum()
    assert told.waste[afternoon, homes].sum() > 1.02 * usual.waste[afternoon, homes].sum()


def test_an_alert_that_cannot_be_is_refused() -> None:
    world = live(town(), length=0.1).world
    for wrong in (
        {"from": "11:00", "until": "12:00", "longitude": 24.9},
        {"from": "11:00", "until": "12:00", "longitude": 10.0, "latitude": 45.0},
    ):
        with pytest.raises(ConfigError):
            Alert(world, Alert.Parameters(**wrong)).setup()


def test_the_price_policy_keeps_its_hours() -> None:
    world = live(town(), length=0.1).world
    policy = CarPrice(world, CarPrice.Parameters(**{"price": 3, "from": "07:00", "until": "09:00"}))
    policy.setup()
    at = {h: next(iter(policy.decide(hours(h - 5), None))).values for h in (6, 7, 8, 9)}
    assert at == {6: 0.0, 7: 3.0, 8: 3.0, 9: 0.0}


def test_days_follow_one_another() -> None:
    two = live(town(), start="2025-01-24T20:00", length=36.0)
    morning = two.present[11 * 60 + 30 : 12 * 60 + 30]
    office = two.model.city["building"]["use"] == "office"
    saturday = two.present[14 * 60, office].sum()
    friday = live(town(), start="2025-01-24T10:00", length=0.1).present[0, office].sum()
    assert morning.sum() > 0
    assert 0 < saturday < 0.4 * friday


def test_a_holiday_is_not_a_working_day() -> None:
    office = town()["building"]["use"] == "office"
    holiday, day = (
        live(town(), start=f"{date}T11:00", length=0.1).present[0, office].sum()
        for date in ("2025-01-06", "2025-01-13")
    )
    assert holiday < 0.3 * day


def test_household_waste_is_a_kilogram_a_day(base: Life) -> None:
    homes = base.model.city["building"]["use"] == "residential"
    a_day = base.waste[:, homes].sum() / 60.0 / base.model.residents
    assert 0.8 < a_day < 1.2
    steps = base.waste[1:].sum() / 60.0
    assert base.indicators["citizens.waste"] == pytest.approx(steps, rel=1e-9)


def test_an_uninhabited_town_makes_nothing() -> None:
    nothing = live(town(people=0, jobs=0), length=1.0)
    assert not any(nothing.indicators.values())
    assert nothing.present.sum() == nothing.waste.sum() == len(nothing.trips) == 0


def test_a_town_without_gateways_keeps_to_itself() -> None:
    island = live(town(gateways=False), length=12.0)
    people = island.model.society.people
    assert (people.kind < COMMUTER).all()
    assert (people.place < len(island.model.city["building"])).all()
    assert island.indicators["citizens.trips_walk"] > 100


def test_every_household_is_an_agent_and_decides_through_it(base: Life) -> None:
    from models.citizens.agents import Gateway, Household

    society = base.model.society
    assert set(society.agent_types) == {Household, Gateway}
    assert len(society.agents_by_type[Household]) > 0.3 * base.model.residents
    assert len(society.agents_by_type[Gateway]) == 2


def test_what_mesa_does_without_is_there_for_others() -> None:
    import mesa.datacollection
    import pandas

    import models.citizens.light_mesa

    assert models.citizens.light_mesa.mesa is mesa
    assert mesa.datacollection.pd.DataFrame is pandas.DataFrame
