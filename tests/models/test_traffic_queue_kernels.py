"""Queues against the kinematic-wave theory, and what must hold on any network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.traffic.queue.arrays import EVENT, HEAP, PLANNED, TRACED
from models.traffic.queue.calendar import kernels as calendar
from models.traffic.queue.layout import plain
from models.traffic.queue.settings import Settings
from models.traffic.queue.simulation import Queues
from models.traffic.queue.ways import kernels as ways
from twin.errors import ModelError

FIXED = Settings(renew=0.0)


def curve(queues: Queues, link: int, *, exits: bool = False) -> np.ndarray:
    """Times of the entries into a link, or of the exits from it, ascending."""
    lines = queues.state.trace[: queues.state.counts[TRACED]]
    return np.sort(lines["time"][lines["link"] == (-1 - link if exits else link)])


def worst(times: np.ndarray, theory: list[tuple[float, float]], until: float) -> float:
    """Largest difference of a cumulative curve from corners (time, vehicles), vehicles.

    The curve goes through (time of vehicle n, n - 1): the first passes where the theory begins to
    rise (Newell's convention, without the steps of whole vehicles).
    """
    corners = np.array(theory)
    times = times[times <= until]
    exact = np.interp(times, corners[:, 0], corners[:, 1])
    assert len(times) >= exact.max() - 1.0
    return float(np.abs(np.arange(len(times)) - exact).max())


def run(layout, departures, origins, goals, until, **more):
    queues = Queues(layout, more.pop("settings", FIXED), keep=400_000)
    queues.add(departures, origins, goal=goals)
    queues.advance(until)
    return queues


# Speed 15 m/s, spacing 7.5 m and reaction 1 s: a lane carries 2/3 veh/s, the wave goes at 7.5 m/s.


def test_a_free_link_only_delays():
    queues = run(
        plain([0], [1], 600.0, 15.0), np.arange(100) * 3.0, np.zeros(100), np.zeros(100), 500
    )
    assert np.allclose(queues.travel_times(), 40.0)
    assert worst(curve(queues, 0, exits=True), [(0, 0), (40, 0), (340, 100)], 340) <= 1.0


def test_demand_above_capacity_enters_and_leaves_at_capacity():
    queues = run(
        plain([0], [1], 600.0, 15.0), np.arange(300) * 1.0, np.zeros(300), np.zeros(300), 600
    )
    assert worst(curve(queues, 0), [(0, 0), (450, 300), (600, 300)], 600) <= 1.0
    assert (
        worst(curve(queues, 0, exits=True), [(0, 0), (40, 0), (490, 300), (600, 300)], 600) <= 1.0
    )


def test_a_bottleneck_makes_a_queue_that_fills_the_link_and_spills_back():
    # Two lanes (80 vehicles a 300 m link) into one: inflow 1 veh/s, outflow 2/3.
    layout = plain([0, 1, 2], [1, 2, 3], 300.0, 15.0, lanes=[2, 2, 1])
    count = 600
    queues = run(layout, np.arange(count) * 1.0, np.zeros(count), np.full(count, 2), 1000)
    out = 2.0 / 3.0
    # The second link loses 1/3 veh/s from t = 40 on. With the inflow 1 its density is 1/15 veh/m
    # freely and, at 2/3 veh/s, 80/300 - out / 7.5 in the queue: the shock runs back.
    free, queued = 1.0 / 15.0, 80.0 / 300.0 - out / 7.5
    shock = (1.0 - out) / (queued - free)
    reaches_second, reaches_first = 40.0 + 300.0 / shock, 40.0 + 600.0 / shock
    first = [
        (0, 0),
        (reaches_first, reaches_first),
        (1000, reaches_first + (1000 - reaches_first) * out),
    ]
    second = [
        (0, 0),
        (20, 0),
        (reaches_second, reaches_second - 20.0),
        (1000, reaches_second - 20.0 + (1000 - reaches_second) * out),
    ]
    assert worst(curve(queues, 0), first, min(900, reaches_first + 200)) <= 1.0
    assert worst(curve(queues, 1), second, 800) <= 1.0
    assert worst(curve(queues, 2), [(0, 0), (40, 0), (900, 860 * out)], 880) <= 1.0


def test_a_queue_dissolves_from_its_head_at_the_speed_of_the_wave():
    # A link ends at a barrier that opens at 300 s: full, its entrance learns of it 80 s later.
    layout = plain([0, 1], [1, 2], [600.0, 300.0], 15.0)
    queues = Queues(layout, FIXED, goals=[1], keep=10_000)
    queues.state.links["closed"][1] = 1
    start, end = queues.add_routes([[0, 1]])
    rows = np.zeros(200, dtype=np.int64)
    queues.add(np.arange(200) * 1.5, rows, route=(start[rows], end[rows]))
    queues.advance(300.0)
    assert queues.inside()[0] == 80
    queues.open(1)
    queues.advance(600.0)
    entered = curve(queues, 0)
    theory = [(0, 0), (120, 80), (380, 80), (530, 180)]
    assert worst(entered, theory, 500) <= 1.0


def test_who_keeps_old_trees_goes_around_a_closed_link_all_the_same():
    # Two ways from the end of link 0 to link 4: link 1, and the longer one over links 2 and 3.
    layout = plain([0, 1, 1, 3, 2], [1, 2, 3, 2, 4], [300.0, 300.0, 600.0, 600.0, 300.0], 15.0)
    queues = Queues(layout, Settings(renew=0.0, reroute=0.05), goals=[4])
    times = 10.0 + np.arange(100) * 3.0
    queues.add(times, np.zeros(100, dtype=np.int64), goal=np.full(100, 4))
    queues.advance(1.0)
    queues.state.links["closed"][1] = 1
    queues.renew(force=True)
    queues.advance(1500.0)
    assert queues.arrived() == 100
    assert queues.state.links["entries"].tolist() == [100, 0, 100, 100, 100]


@pytest.mark.parametrize(("wide", "narrow"), [(2, 1), (3, 1), (1, 1)])
def test_a_merge_shares_by_capacity(wide, narrow):
    layout = plain([0, 1, 2], [2, 2, 3], 450.0, 15.0, lanes=[wide, narrow, 1])
    count = 700
    times = np.tile(np.arange(count) * 0.5, 2)
    queues = run(layout, times, np.repeat([0, 1], count), np.full(2 * count, 2), 900)
    out, share = 2.0 / 3.0, wide / (wide + narrow)
    for link, part in ((0, share), (1, 1.0 - share)):
        left = curve(queues, link, exits=True)
        # Both queues stand from the first arrival on.
        assert worst(left, [(0, 0), (30, 0), (900, 870 * out * part)], 890) <= 1.0 + 1e-6


@pytest.mark.parametrize(
    ("lanes", "demand", "shares"),
    [
        ((2, 1, 2), (4.0, 4.0), (8 / 9, 4 / 9)),
        ((3, 2, 4), (4.0, 4.0), (1.6, 16 / 15)),
        ((2, 2, 3), (4.0, 4.0), (1.0, 1.0)),
        ((1, 1, 2), (4.0, 4.0), (2 / 3, 2 / 3)),
        ((2, 2, 3), (4.0, 5 / 6), (7 / 6, 5 / 6)),
        ((3, 3, 4), (4.0, 1.25), (17 / 12, 1.25)),
        ((3, 1, 3), (4.0, 5 / 12), (19 / 12, 5 / 12)),
    ],
)
def test_an_outlet_of_several_lanes_is_shared_as_daganzo_says(lanes, demand, shares):
    # Capacities 2/3 veh/s a lane; who asks for less than the share gives the rest to the other.
    layout = plain([0, 1, 2], [2, 2, 3], 450.0, 15.0, lanes=lanes)
    counts = [int(930 * rate) for rate in demand]
    times = np.concatenate([np.arange(n) / rate for n, rate in zip(counts, demand, strict=True)])
    goals = np.full(len(times), 2)
    queues = run(layout, times, np.repeat([0, 1], counts), goals, 930)
    for link, share in enumerate(shares):
        left = curve(queues, link, exits=True)
        assert worst(left, [(0, 0), (30, 0), (930, 900 * share)], 920) <= 1.0 + 1e-6


def test_the_way_within_a_junction_is_driven():
    layout = plain([0, 1], [1, 2], [300.0, 200.0], 15.0)
    layout.inside = np.array([12.5])
    queues = run(layout, [0.0, 5.0], [0, 0], [1, 0], 200.0)
    assert queues.state.vehicles["driven"][:2].tolist() == [512.5, 300.0]
    assert queues.state.movements["made"].tolist() == [1]


def test_service_at_one_exit_does_not_count_at_another():
    # Link 0 shares link 3 with link 2 for 900 s; then it shares link 4 with link 1.
    layout = plain([0, 1, 5, 2, 2], [2, 2, 2, 3, 4], 450.0, 15.0)
    origins = np.repeat([0, 1, 2], [900, 600, 300])
    goals = np.concatenate([np.repeat([3, 4], [300, 600]), np.full(600, 4), np.full(300, 3)])
    times = np.concatenate([np.arange(900) * 1.5, 900 + np.arange(600), np.arange(300) * 1.5])
    queues = run(layout, times, origins, goals, 2000)
    left = curve(queues, 0, exits=True)
    assert np.diff(left[left > 940.0]).max() <= 3.0 + 1e-6


def test_a_merge_gives_what_one_side_leaves_to_the_other():
    layout = plain([0, 1, 2], [2, 2, 3], 450.0, 15.0)
    # The second asks for 1/6 veh/s, less than its half of 2/3: the first gets 1/2.
    times = np.concatenate([np.arange(700) * 1.0, np.arange(100) * 6.0])
    queues = run(layout, times, np.repeat([0, 1], [700, 100]), np.full(800, 2), 620)
    assert worst(curve(queues, 1, exits=True), [(0, 0), (30, 0), (630, 100)], 600) <= 1.0
    assert worst(curve(queues, 0, exits=True), [(0, 0), (30, 0), (630, 300)], 600) <= 1.0


def test_a_diverge_is_first_in_first_out():
    # Half turn into a link that takes 1/6 veh/s: the whole stream passes at 1/3.
    layout = plain([0, 1, 1, 2], [1, 2, 3, 4], 450.0, 15.0)
    layout.capacity[1] = 1.0 / 6.0
    layout.server_gap[1] = 6.0
    goals = np.where(np.arange(400) % 2, 2, 3)
    queues = run(layout, np.arange(400) * 2.0, np.zeros(400), goals, 1000)
    for link in (1, 2):
        assert worst(curve(queues, link), [(0, 0), (30, 0), (900, 870 / 6.0)], 700) <= 1.0


def test_a_signal_lets_pass_what_its_green_holds():
    from models.traffic.queue.arrays import PLAN, WINDOW

    layout = plain([0, 1], [1, 2], 300.0, 15.0)
    layout.plan[:] = 0
    layout.plans = np.array([(60.0, 0.0, 0, 1)], dtype=PLAN)
    layout.windows = np.array([(20.0, 50.0)], dtype=WINDOW)
    queues = run(layout, np.arange(300) * 1.0, np.zeros(300), np.ones(300), 600)
    left = curve(queues, 0, exits=True)
    assert ((left % 60.0 >= 20.0 - 1e-6) & (left % 60.0 < 50.0)).all()
    cycles = np.bincount((left // 60.0).astype(int))
    assert (cycles[1:9] == 20).all()


def test_a_gridlock_is_found_named_and_not_lived_for_ever():
    # A ring of four short links, each full of vehicles that want three links on.
    ring = plain([0, 1, 2, 3], [1, 2, 3, 0], 30.0, 15.0)
    goals = np.tile([3, 0, 1, 2], 50)
    queues = run(ring, np.zeros(200), np.tile([0, 1, 2, 3], 50), goals, 3600)
    found = queues.find_gridlock()
    assert found is not None
    assert found.links.tolist() == [0, 1, 2, 3]
    assert found.vehicles == 16
    assert queues.find_gridlock() is None


def test_a_release_ends_the_gridlock():
    ring = plain([0, 1, 2, 3], [1, 2, 3, 0], 30.0, 15.0)
    goals = np.tile([3, 0, 1, 2], 50)
    settings = Settings(renew=0.0, release=60.0)
    queues = run(ring, np.zeros(200), np.tile([0, 1, 2, 3], 50), goals, 40_000, settings=settings)
    assert queues.arrived() == 200
    assert queues.released > 0
    assert queues.gridlocks


@pytest.mark.parametrize("release", [0.4, 7.3, 25.3, 29.9])
def test_any_period_of_release_comes_to_an_end(release):
    settings = Settings(renew=0.0, release=release)
    queues = run(plain([0], [1], 600.0, 15.0), [5.0], [0], [0], 7200.0, settings=settings)
    assert queues.now == 7200.0
    assert queues.arrived() == 1


@pytest.mark.parametrize("release", [-5.0, float("nan"), float("inf")])
def test_a_release_that_is_no_time_is_refused(release):
    with pytest.raises(ModelError, match="pushed into a full street"):
        Settings(release=release)


def test_who_departs_later_holds_up_nobody_at_the_same_edge():
    layout = plain([0, 1], [1, 2], 300.0, 15.0)
    queues = Queues(layout, FIXED, goals=[1])
    start, end = queues.add_routes([[0, 1]])
    queues.add([1500.0, 15.0], [0, 0], route=(start[[0, 0]], end[[0, 0]]))
    queues.add([20.0, 10.0, 1500.0], [0, 0, 0], goal=[1, 1, 1])
    queues.advance(100.0)
    queues.add([120.0, 1400.0], [0, 0], goal=[1, 1])
    queues.advance(2000.0)
    started = queues.state.vehicles["started"][: queues.vehicles]
    assert started[[1, 2, 3, 5, 6]].tolist() == [15.0, 20.0, 10.0, 120.0, 1400.0]
    assert started[0] == 1500.0 < started[4] < 1505.0


networks = st.builds(
    lambda size, extra, seed, count: (size, extra, seed, count),
    st.integers(3, 12),
    st.integers(0, 25),
    st.integers(0, 10_000),
    st.integers(1, 400),
)


def town(size: int, extra: int, seed: int, count: int):
    """A random network, strongly connected by a ring, and vehicles on it."""
    draw = np.random.default_rng(seed)
    tails = np.concatenate([np.arange(size), draw.integers(0, size, extra)])
    heads = np.concatenate([(np.arange(size) + 1) % size, draw.integers(0, size, extra)])
    different = tails != heads
    tails, heads = tails[different], heads[different]
    links = len(tails)
    layout = plain(
        tails,
        heads,
        draw.uniform(8.0, 300.0, links),
        draw.uniform(5.0, 20.0, links),
        lanes=draw.integers(1, 4, links),
        turn_back=True,
    )
    return layout, draw.uniform(0.0, 300.0, count), draw.integers(0, links, (2, count))


@settings(max_examples=30, deadline=None)
@given(networks)
def test_no_vehicle_is_lost_or_made_and_queues_keep_their_order(network):
    layout, times, (origins, goals) = town(*network)
    queues = Queues(layout, Settings(renew=60.0, reroute=0.5), keep=200_000)
    queues.add(times, origins, goal=goals)
    for until in np.arange(37.0, 4000.0, 331.0):
        queues.advance(until)
        links = queues.state.links
        inside = links["entries"] - links["exits"]
        assert (inside >= 0).all()
        assert (inside <= links["storage"]).all()
        assert queues.under_way() == inside.sum()
        due = np.count_nonzero(times <= queues.now)
        assert queues.waiting() + queues.under_way() + queues.arrived() == due
    lines = queues.state.trace[: queues.state.counts[TRACED]]
    assert (np.diff(lines["time"]) >= 0.0).all()
    for link in range(layout.links):
        went_in = lines["vehicle"][lines["link"] == link]
        went_out = lines["vehicle"][lines["link"] == -1 - link]
        assert went_out.tolist() == went_in[: len(went_out)].tolist()
    if queues.under_way() + queues.waiting():
        assert queues.find_gridlock() is not None or queues.state.counts[HEAP] > 0


@settings(max_examples=15, deadline=None)
@given(networks)
def test_stopping_on_the_way_changes_nothing(network):
    layout, times, (origins, goals) = town(*network)
    arrivals = []
    for pieces in (1, 13):
        queues = Queues(layout, Settings(renew=120.0, release=90.0))
        queues.add(times, origins, goal=goals)
        for until in np.linspace(0.0, 3000.0, pieces + 1)[1:]:
            queues.advance(float(until))
        arrivals.append(queues.state.vehicles["arrive"][: queues.vehicles].copy())
    assert np.array_equal(*arrivals, equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(networks)
def test_trees_are_those_of_scipy(network):
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    layout, _, _ = town(*network)
    goals = np.arange(layout.links, dtype=np.int32)
    queues = Queues(layout, FIXED, goals=goals)
    draw = np.random.default_rng(network[2])
    queues._group_time[: layout.links] *= draw.uniform(1.0, 5.0, layout.links)
    queues.renew(force=True)
    free = queues._group_time[: layout.links]
    graph = csr_array((free[layout.start], (layout.start, layout.end)), shape=(layout.links,) * 2)
    theirs = dijkstra(graph)
    turns, count, heap = queues._turns, np.zeros(3, dtype=np.int64), np.empty(4096, dtype=EVENT)
    to_go = np.empty(len(turns.start) - 1)
    order = np.empty(len(to_go), dtype=np.int32)
    for goal in goals:
        ways.dijkstra(turns, queues._cost, queues._base, goal, to_go, order, heap, count)
        ours = free + to_go[turns.of_link]
        ours[goal] = 0.0
        assert np.allclose(ours, theirs[:, goal])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 20)), max_size=200))
def test_the_heap_gives_events_in_order(events):
    heap, count = np.empty(300, dtype=EVENT), np.zeros(3, dtype=np.int64)
    for time, entity in events:
        calendar.push(heap, count, time, entity)
    found = []
    for _ in events:
        found.append((float(heap[0]["time"]), int(heap[0]["entity"])))
        calendar.pop(heap, count)
    assert found == sorted(events)
    assert count[HEAP] == 0


PLANS = st.lists(st.tuples(st.integers(0, 11), st.none() | st.floats(0, 300)), max_size=40)


def drain(state, until: float) -> list[tuple[float, int]]:
    """The calendar's events up to a time, in its order."""
    found = []
    while calendar.comes(state, until):
        time, entity = float(state.heap[0]["time"]), int(state.heap[0]["entity"])
        calendar.pop(state.heap, state.counts)
        if state.planned["time"][entity] == time:
            state.planned["time"][entity] = np.inf
            found.append((time, entity))
    return found


@settings(max_examples=50, deadline=None)
@given(PLANS, PLANS, st.floats(0, 150))
def test_the_wheel_gives_the_last_event_of_each_entity_in_order(before, after, now):
    # Four links and their groups; a turn of the wheel is 64 s, so that some events are turns away.
    state = plain([0, 1, 2, 3], [1, 2, 3, 4], 300.0, 15.0).state(1024, 0)
    expected: dict[int, float] = {}
    for plans, since, until in ((before, 0.0, now), (after, now, np.inf)):
        for entity, time in plans:
            if time is None:
                calendar.cancel(state, entity)
                expected.pop(entity, None)
            else:
                expected[entity] = max(time, since)
                calendar.schedule(state, entity, expected[entity])
        due = sorted((time, entity) for entity, time in expected.items() if time <= until)
        assert drain(state, until) == due
        for _, entity in due:
            del expected[entity]
    assert state.counts[PLANNED] == 0
