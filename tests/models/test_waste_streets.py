"""First rounds that can be driven; ways along streets; a season in districts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.waste import construct
from models.waste.case import Case
from models.waste.network import Network
from models.waste.plan import tours
from models.waste.roads import Roads
from models.waste.season import by_forecast
from models.waste.streets import (
    StreetCase,
    compact,
    fixed_rounds,
    on_streets,
    simulate_districts,
    total,
)
from models.waste.task import DISPOSAL, FIRST, LEAVE_OUT, Task, Vehicle, open_all_day
from tests.models.waste_city import network

seeds = st.integers(0, 2**32 - 1)


def _task(seed: int, k: int, **more: object) -> Task:
    random = np.random.default_rng(seed)
    at = np.vstack([[0.0, 0.0], [0.0, 0.0], random.uniform(-900.0, 900.0, (k, 2))])
    away = at[:, None] - at[None]
    task = Task(
        seconds=np.hypot(away[..., 0], away[..., 1]), mass=random.uniform(1, 9, k),
        volume=random.uniform(0.1, 0.9, k), service=random.uniform(10, 90, k),
        prize=np.where(random.random(k) < 0.3, random.uniform(0, 900, k), LEAVE_OUT),
        window=open_all_day(k), vehicles=[Vehicle(9e3, 2, cost=0), Vehicle(3e3, 1, cost=0)],
        truck_mass=30.0, truck_volume=4.0, unloading=100.0,
    )  # fmt: skip
    return replace(task, **more)  # type: ignore[arg-type]


@given(seeds, st.integers(1, 40), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_first_rounds_can_be_driven(seed: int, k: int, no_reload: bool, windows: bool) -> None:
    random = np.random.default_rng(seed)
    window = np.sort(random.uniform(0.0, 9e3, (k, 2)), axis=1) if windows else open_all_day(k)
    task = _task(seed, k, reloads=() if no_reload else (DISPOSAL,), window=window)
    made: list[int] = []
    for row, places in construct.first_rounds(task):
        vehicle = task.vehicles[row]
        time, mass, volume, here = 0.0, 0.0, 0.0, 0
        for place in places:
            time, here = time + task.seconds[here, place], place
            if place == DISPOSAL:
                time, mass, volume = time + task.unloading, 0.0, 0.0
                continue
            stop = place - FIRST
            made.append(stop)
            assert max(time, window[stop, 0]) <= window[stop, 1] + k
            time = max(time, window[stop, 0]) + task.service[stop]
            mass, volume = mass + task.mass[stop], volume + task.volume[stop]
            assert mass <= task.truck_mass
            assert volume <= task.truck_volume
        assert time + task.seconds[here, DISPOSAL] + task.unloading <= vehicle.free + 2 * k
    assert len(made) == len(set(made))


def test_a_short_search_makes_what_must_be_made() -> None:
    """As many stops as two trucks have time for, in five iterations."""
    task = _task(3, 60, prize=np.full(60, LEAVE_OUT), vehicles=[Vehicle(1.6e4, 2, cost=0)])
    found = tours(task, 5)
    assert sorted(stop for tour in found for stop in tour.stops) == list(range(60))


def test_what_no_truck_can_reach_is_in_no_round() -> None:
    task = _task(5, 6, prize=np.full(6, LEAVE_OUT))
    task.seconds[FIRST, :] = task.seconds[:, FIRST] = np.inf
    made = [stop for tour in tours(task, 20) for stop in tour.stops]
    assert sorted(made) == [1, 2, 3, 4, 5]


# -- ways along streets --------------------------------------------------------------------------


def test_legs_are_those_of_the_fastest_paths() -> None:
    edges = network(6)["edge"]
    random = np.random.default_rng(1)
    streets = Network(edges, random.uniform(5.0, 60.0, len(edges)))
    at = random.integers(0, len(edges), 15).astype(np.int32)
    at[4] = at[9]
    offset = random.random(15)
    seconds, metres = streets.legs(at, offset)
    for i in range(15):
        for j in range(15):
            path = streets.path(int(streets.end[at[i]]), int(streets.start[at[j]]))
            assert path is not None
            of_path = [streets.planned(edge) for edge in path]
            time = (1.0 - offset[i]) * streets.planned(int(at[i])) + sum(of_path)
            time += offset[j] * streets.planned(int(at[j]))
            way = (1.0 - offset[i] + offset[j] + len(path)) * 100.0
            if at[i] == at[j] and offset[i] <= offset[j]:
                time = (offset[j] - offset[i]) * streets.planned(int(at[i]))
                way = (offset[j] - offset[i]) * 100.0
            assert seconds[i, j] == pytest.approx(time, rel=1e-5)
            assert metres[i, j] == pytest.approx(way, rel=1e-5)


@given(seeds, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_districts_share_the_weight(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    points, weight = random.normal(0.0, 100.0, (240, 2)), random.uniform(0.5, 1.5, 240)
    district = compact(points, weight, count)
    sums = np.bincount(district, weights=weight, minlength=count)
    assert np.all(np.abs(sums - weight.sum() / count) < 6.0)


# -- a season ------------------------------------------------------------------------------------


def _cases(districts: int = 3) -> list[StreetCase]:
    random = np.random.default_rng(2)
    k = 60
    case = Case(
        random.uniform(0.0, 900.0, (k, 2)), np.array([450.0, 450.0]), np.ones(k, dtype=np.int64),
        np.full(k, 1000.0), random.uniform(50.0, 150.0, k), bag=20.0, trucks=3,
        truck_volume=6000.0,
    )  # fmt: skip
    city = network(10)
    streets = Network(city["edge"], np.zeros(len(city["edge"])))
    weekdays = np.where(np.arange(k) % 2 == 0, 0b001001, 0b010010)
    return on_streets(case, weekdays, streets, Roads(city), districts)


def prizes(case: StreetCase):  # type: ignore[no-untyped-def]
    return by_forecast()


def test_a_season_does_not_depend_on_how_many_work_on_it() -> None:
    cases = _cases()
    one = simulate_districts(cases, prizes, 5, warm=2, iterations=10)
    two = simulate_districts(cases, prizes, 5, warm=2, iterations=10, processes=2)
    assert one == two
    alone = [simulate_districts([case], prizes, 5, warm=2, seed=1 + i, iterations=10)
             for i, case in enumerate(cases)]  # fmt: skip
    assert total(alone) == one


def test_fixed_rounds_visit_each_site_on_its_days() -> None:
    cases = _cases()
    season = simulate_districts(cases, fixed_rounds, 7, warm=7, iterations=10)
    assert season.unvisited == 0.0
    assert season.visits == pytest.approx(2 * 60 / 7)
    assert 0.9 < season.service <= 1.0
    assert season.km > 0.0
