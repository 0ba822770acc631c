import json

import numpy as np
import pytest

from models.waste.build import WasteBuilder
from tests.data import shared
from tests.models.waste_city import features, network, town
from tests.models.waste_life import live
from twin.city.features import Features
from twin.core.controls import Controls
from twin.core.time import hours
from twin.errors import ModelError


@pytest.fixture(scope="module")
def city():
    return town()


@pytest.fixture(scope="module")
def day(city):
    return live(city)


def _log(model, kind):
    return [
        (t, subject, json.loads(detail))
        for t, k, subject, detail in model.world.log.rows
        if k == kind
    ]


def test_mass_is_conserved(day):
    collected = day.fleet.books.collected
    assert collected > 0.0
    assert day.deposited.sum() == pytest.approx(collected + day.mass.sum(), rel=1e-9)
    unloaded = sum(detail["kg"] for *_, detail in _log(day, "waste.unloaded"))
    assert unloaded == pytest.approx(collected, abs=0.01)


def test_containers_receive_what_people_bring(city):
    more, less = live(city, rate=2.0, trucks=0), live(city, rate=0.0, trucks=0)
    brought = more.deposited - less.deposited
    residual = more.stream == "residual"
    assert brought[residual].sum() == pytest.approx(25 * 40.0 * 2.0 * 0.75 * 0.5, rel=0.2)
    assert brought[more.stream == "glass"].sum() > 0.0
    assert np.all(brought[more.stream == "litter"] == 0.0)


def test_the_calendar_decides_what_is_visited(city, day):
    tuesday = (city["container"]["weekdays"] >> 1) & 1 == 1
    visited = {subject for _, subject, _ in _log(day, "waste.emptied")}
    assert visited == set(city["container"].ids[tuesday])
    assert day.measure()["waste.unfinished"] == 0


def test_first_levels_are_where_the_calendar_leaves_them(city):
    first = live(city, length=0.1, trucks=0)
    days = {0b001001: 1.0, 0b010010: 4.0, 0b100100: 3.0}
    rate = city["container"]["daily"]
    for bits, since in days.items():
        rows = (first.stream == "residual") & (city["container"]["weekdays"] == bits)
        expected = (rate[rows] * (since - 0.2)).sum()
        assert first.mass[rows].sum() == pytest.approx(expected, rel=0.25)


def test_filling_does_not_depend_on_collection(city, day):
    for other in (live(city, trucks=0), live(city, policy={"threshold": 0.3})):
        assert other.deposited.tobytes() == day.deposited.tobytes()


def test_same_seed_same_bytes_other_seed_not(city, day):
    again, other = live(city), live(city, seed=2)
    assert again.mass.tobytes() == day.mass.tobytes()
    assert again.world.log.rows == day.world.log.rows
    assert again.measure() == day.measure()
    assert other.mass.tobytes() != day.mass.tobytes()


def test_a_closed_street_changes_the_path(city, day):
    edge = city["edge"]
    around = edge["from_junction"] == day.fleet.network.end[day.fleet.depots[0].edge]
    used = np.flatnonzero(around)[0]

    def close(model):
        model["traffic.travel_time"][used] = 1e7

    closed = live(city, prepare=close)
    network = closed.fleet.network
    assert used not in (
        network.path(int(edge["from_junction"][used]), int(edge["to_junction"][used])) or ()
    )
    assert network.seconds(int(used)) == float("inf")
    assert closed.measure()["waste.distance"] >= day.measure()["waste.distance"]


def test_a_street_that_closes_under_way_is_driven_around(city):
    def close_later(model):
        def closing():
            yield model.world.env.timeout(hours(1) + 240_000)
            model["traffic.closed"][closed] = 1.0

        model.world.env.process(closing())

    open_day = live(city)
    stop = open_day.fleet.edges[city["container"].row(_log(open_day, "waste.emptied")[-1][1])]
    closed = np.array([stop])
    model = live(city, prepare=close_later)
    left = _log(model, "waste.unfinished")
    assert [detail["why"] for *_, detail in left] == ["closed"]
    assert len(_log(model, "waste.returned")) == len(_log(model, "waste.left"))


def test_slow_traffic_lengthens_the_round(city, day):
    def slow(model):
        model["traffic.travel_time"][:] = model.fleet.network._free * 4.0

    slowed = live(city, prepare=slow)
    assert slowed.measure()["waste.truck_hours"] > 1.1 * day.measure()["waste.truck_hours"]


def test_trucks_respect_their_capacity_and_unload_more_often(monkeypatch):
    from dataclasses import replace

    from models.waste import streams

    small = replace(streams.STREAMS["residual"], truck_mass=400.0)
    monkeypatch.setitem(streams.STREAMS, "residual", small)
    model = live(town(), trucks=1)
    residual = [t for t in model.fleet.trucks if t.name == "residual"]
    assert max(t.heaviest for t in residual) <= 400.0
    unloads = [s for _, s, _ in _log(model, "waste.unloaded") if s.startswith("residual")]
    assert len(unloads) >= 3
    assert model.measure()["waste.unfinished"] == 0


def test_trucks_are_back_at_the_end_of_the_shift(city):
    model = live(city, shift=0.9, trucks=1, rest=15.0)
    ends = [t.finished for t in model.fleet.trucks]
    assert ends
    assert all(end is not None and end <= hours(1.9) for end in ends)
    assert model.measure()["waste.unfinished"] > 0


def test_a_rest_is_taken_after_the_work_that_calls_for_it(city, day):
    rested = live(city, rest_after=10.0, rest=30.0)
    extra = rested.measure()["waste.truck_hours"] - day.measure()["waste.truck_hours"]
    assert extra == pytest.approx(0.5 * len(rested.fleet.trucks), abs=0.1)


def test_collection_by_level_visits_fewer(city, day):
    model = live(city, policy={"threshold": 0.7})
    mine, fixed = model.measure(), day.measure()
    assert mine["waste.emptied"] < fixed["waste.emptied"]
    assert mine["waste.distance"] < fixed["waste.distance"]
    if mine["waste.emptied"]:
        assert mine["waste.mean_fill_at_collection"] > fixed["waste.mean_fill_at_collection"]


def test_unseen_containers_are_emptied_by_the_calendar(city):
    from models.waste.policies import ByLevel
    from twin.core.state import State
    from twin.policy.view import View
    from twin.sensors.observations import Observations

    seen = Observations()
    seen.open("waste.level", 3)
    seen.latest("waste.level").value[:] = [np.nan, 0.2, 0.9]
    seen.latest("waste.level").time_observed[:] = 0
    rule = ByLevel(live(city, length=0.1).world, ByLevel.Parameters())
    view = View(State(), seen, rule.sees, oracle=False)
    (action,) = rule.decide(hours(1), view)
    assert action.values.tolist() == [-1.0, 0.0, 1.0]
    (stale,) = rule.decide(hours(30), view)
    assert stale.values.tolist() == [-1.0, -1.0, -1.0]


def test_a_lost_truck_leaves_containers_behind(city, day):
    model = live(city, trucks=1, event={"from": "06:10"})
    assert model.measure()["waste.unfinished"] > 0
    assert model.deposited.sum() == pytest.approx(model.fleet.books.collected + model.mass.sum())
    whole = live(city, trucks=1, event={"from": "05:30", "until": "05:45"})
    assert whole.measure()["waste.unfinished"] == 0


@pytest.mark.parametrize("length", [1.5, 12.0])
def test_the_load_of_a_lost_truck_is_collected_when_it_is_towed_in(city, length):
    model = live(city, trucks=1, event={"from": "06:10"}, length=length)
    lost = next(truck for truck in model.fleet.trucks if truck.lost)
    aboard = sum(truck.mass for truck in model.fleet.trucks)
    books = model.fleet.books
    assert books.taken == pytest.approx(books.collected + aboard)
    assert books.taken + model.mass.sum() == pytest.approx(model.deposited.sum())
    assert (lost.mass > 0.0) == (length < 2.0)
    unloaded = [detail["kg"] for _, subject, detail in _log(model, "waste.unloaded")]
    assert sum(unloaded) == pytest.approx(books.collected, abs=0.01)


def test_a_repaired_truck_leaves_again_only_when_it_has_been_towed_in(city):
    model = live(city, trucks=1, event={"from": "06:10", "until": "06:20"})
    first, *later = [t for t in model.fleet.trucks if t.number == 0]
    assert first.finished is not None
    assert first.broken_at is not None
    assert first.finished - first.broken_at == hours(2)
    assert all(truck.began >= first.finished for truck in later)


def test_every_crew_is_paid_until_it_is_back(city):
    model = live(city, trucks=1, event={"from": "06:10"})
    rules = model.parameters
    assert any(truck.broken_at is not None for truck in model.fleet.trucks)
    paid = sum(row[-2] for row in model.world.ledger.rows if row[-1] == "waste.wages")
    hours_out = model.measure()["waste.truck_hours"]
    assert paid == pytest.approx(hours_out * rules.crew * rules.wage)
    towed = [row[-2] for row in model.world.ledger.rows if row[-1] == "waste.towing"]
    assert towed == [rules.tow_price]


def test_money_adds_up(day):
    rows = day.world.ledger.rows
    paid = sum(amount for _, payer, _, amount, _ in rows if payer == "municipality")
    assert paid == pytest.approx(day.measure()["waste.cost"])
    assert day.world.ledger.balance("waste operator") > 0.0


def test_a_run_that_ends_under_way_books_what_was_driven(city, day):
    model = live(city, length=1.3)
    found = model.measure()
    assert 0.0 < found["waste.truck_hours"] < day.measure()["waste.truck_hours"]
    assert model.measure() == pytest.approx(found, nan_ok=True)
    assert found["waste.unfinished"] == 0


def test_a_run_that_starts_within_the_shift_sends_trucks_at_once(city):
    model = live(city, start="2025-01-14T08:00", length=2.0)
    assert {t for t, *_ in _log(model, "waste.left")} == {0}


def test_nothing_to_collect_is_no_error():
    empty = network()
    WasteBuilder().build(empty, Features())
    found = live(empty, length=2.0).measure()
    assert found["waste.distance"] == 0.0
    assert np.isnan(found["waste.cost_per_tonne"])


def test_two_days(city):
    model = live(city, length=36.0)
    assert {t // hours(24) for t, *_ in _log(model, "waste.left")} == {0, 1}


def test_controls_are_bounded(day):
    controls = Controls(day.world.state, day.world.log)
    controls.ports = day.world.controls.ports
    with pytest.raises(ModelError):
        controls.set("waste.collect", 2.0, now=0, by="test")


def test_litter_bins_fill_like_edinburgh():
    """Mean rate and spread between bins against 334 bins with level sensors, June-July 2016."""
    import pandas as pd

    seen = pd.read_csv(
        shared("sensors/waste/edinburgh_bins_2016.csv.gz"), parse_dates=["collected_at"]
    ).sort_values(["site_id", "collected_at"])
    group = seen.groupby("site_id")
    days = group.collected_at.agg(lambda t: (t.max() - t.min()).total_seconds() / 86400.0)
    known = group.size() > 8
    kilograms = (group.weight_kg.sum() / days)[known]
    city = network()
    bins = [
        ({"amenity": "waste_basket"}, (x % 500 + 0.5, x // 500 * 100.0)) for x in range(0, 2500, 10)
    ]
    WasteBuilder().build(city, features(bins))
    model = live(city, length=24.0 * 7, trucks=0, start="2025-06-02T00:00", period=hours(1))
    before = model._since.mean() / -86_400_000.0
    rate = model.deposited / (7.0 + before)
    assert rate.mean() == pytest.approx(kilograms.mean(), rel=0.15)
    assert np.log(rate).std() == pytest.approx(np.log(kilograms).std(), rel=0.2)
    percent = 100.0 * rate / model.capacity
    assert np.median(percent) == pytest.approx(45.6, rel=0.2)
