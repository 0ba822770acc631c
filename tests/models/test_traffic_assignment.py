"""Static assignment: the equilibrium by its definition, beside published solutions."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.traffic.assignment import kernels, tntp
from models.traffic.assignment.equilibrium import assign
from models.traffic.assignment.network import Floats, RoadNetwork, TripTable
from models.traffic.assignment.streets import read_trips as read_od
from tests.data import shared
from twin.city.city import City
from twin.cli import app
from twin.errors import DataError


def random_network(seed: int, n_zones: int = 4, n_nodes: int = 12) -> RoadNetwork:
    """A ring, so that all is joined, and chords; zones are not passed through."""
    draws = np.random.default_rng(seed)
    inner = np.arange(n_zones, n_nodes)
    tail = np.concatenate([inner, np.arange(n_zones), inner[:n_zones], draws.choice(inner, 15)])
    head = np.concatenate(
        [np.roll(inner, -1), inner[:n_zones], np.arange(n_zones), draws.choice(inner, 15)]
    )
    n = len(tail)
    return RoadNetwork(
        tail=tail.astype(np.int64),
        head=head.astype(np.int64),
        capacity=draws.uniform(20.0, 200.0, n),
        free_time=draws.uniform(1.0, 10.0, n),
        b=draws.choice([0.0, 0.15, 1.0], n),
        power=draws.choice([0.0, 1.0, 2.7, 4.0, 8.0], n),
        fixed=draws.choice([0.0, 0.5], n),
        n_nodes=n_nodes,
        n_zones=n_zones,
        first_through=n_zones,
    )


def random_trips(seed: int, n_zones: int = 4) -> TripTable:
    draws = np.random.default_rng(seed)
    origin, destination = np.divmod(np.arange(n_zones**2), n_zones)
    return TripTable.of(origin, destination, draws.uniform(0.0, 80.0, n_zones**2))


def cheapest(network: RoadNetwork, cost: Floats, origin: int, destination: int) -> float:
    """By networkx, with the zones that may not be passed taken out."""
    graph = nx.DiGraph()
    closed = set(range(network.first_through)) - {origin, destination}
    for a, b, c in zip(network.tail.tolist(), network.head.tolist(), cost.tolist(), strict=True):
        if a in closed or b in closed:
            continue
        if not graph.has_edge(a, b) or graph[a][b]["weight"] > c:
            graph.add_edge(a, b, weight=c)
    return float(nx.dijkstra_path_length(graph, origin, destination))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_nobody_gains_by_another_way_and_nobody_is_lost(seed: int) -> None:
    network, trips = random_network(seed), random_trips(seed)
    found = assign(network, trips, gap=1e-8)
    assert found.converged
    least = sum(
        number * cheapest(network, network.cost(found.flow), int(origin), int(destination))
        for origin, destination, number in zip(
            trips.origin, trips.destination, trips.trips, strict=True
        )
    )
    total = float(network.cost(found.flow) @ found.flow)
    assert total == pytest.approx(found.total_cost)
    assert 0.0 <= (total - least) / total + 1e-12 <= 1.1e-8
    out = np.bincount(network.tail, found.flow, network.n_nodes)
    into = np.bincount(network.head, found.flow, network.n_nodes)
    begun = np.bincount(trips.origin, trips.trips, network.n_nodes)
    ended = np.bincount(trips.destination, trips.trips, network.n_nodes)
    np.testing.assert_allclose(out - into, begun - ended, atol=1e-8)
    assert (found.flow >= 0.0).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_costs_and_slopes_are_those_of_numpy(seed: int) -> None:
    network = random_network(seed)
    flow = np.random.default_rng(seed).choice([0.0, 1.0, 50.0, 300.0], len(network))
    cost, slope = np.empty(len(network)), np.empty(len(network))
    columns = (network.capacity, network.free_time, network.b, network.power, network.fixed)
    kernels.costs(flow, *columns, cost, slope)
    np.testing.assert_allclose(cost, network.cost(flow), rtol=1e-12)
    step = 1e-6 * network.capacity
    rise = (network.cost(flow + step) - network.cost(flow)) / step
    np.testing.assert_allclose(slope, rise, rtol=1e-4, atol=1e-5)


def test_the_paradox_of_braess() -> None:
    """Six drivers: 83 minutes each without the link in the middle, 92 with it (Braess 1968)."""
    tail, head = np.array([0, 0, 2, 3, 2]), np.array([2, 3, 1, 1, 3])
    constant = np.array([1e-9, 50.0, 50.0, 1e-9, 10.0])
    slope = np.array([10.0, 1.0, 1.0, 10.0, 1.0])
    trips = TripTable.of(np.array([0]), np.array([1]), np.array([6.0]))
    for links, minutes in ((4, 83.0), (5, 92.0)):
        network = RoadNetwork(
            tail[:links],
            head[:links],
            np.ones(links),
            constant[:links],
            (slope / constant)[:links],
            np.ones(links),
            np.zeros(links),
            n_nodes=4,
            n_zones=2,
        )
        assert assign(network, trips, gap=1e-10).total_cost == pytest.approx(6.0 * minutes)


@pytest.mark.parametrize("name", ["SiouxFalls", "Anaheim"])
def test_published_solutions(name: str) -> None:
    folder = shared("traffic/tntp")
    network = tntp.read_network(folder / f"{name}_net.tntp")
    trips = tntp.read_trips(folder / f"{name}_trips.tntp", network)
    best = tntp.read_flows(folder / f"{name}_flow.tntp", network)
    found = assign(network, trips, gap=1e-9)
    assert found.converged
    np.testing.assert_allclose(network.cost(best.flow), best.cost, rtol=1e-9)
    assert found.objective == pytest.approx(network.beckmann(best.flow), rel=1e-9)
    assert found.total_cost == pytest.approx(float(best.cost @ best.flow), rel=1e-6)


def test_sioux_falls_in_figures() -> None:
    folder = shared("traffic/tntp")
    network = tntp.read_network(folder / "SiouxFalls_net.tntp")
    trips = tntp.read_trips(folder / "SiouxFalls_trips.tntp", network)
    assert assign(network, trips, gap=1e-8).objective / 1e5 == pytest.approx(42.31335, abs=1e-5)


# -- files -------------------------------------------------------------------------------------

NETWORK = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 2
<TOLL FACTOR> 0.5
<DISTANCE FACTOR> 0.1
<END OF METADATA>

~ init term capacity length time b power speed toll type ;
\t1\t3\t10\t2\t5\t0.15\t4\t0\t4\t1\t;
\t3\t2\t10\t2\t5\t0.15\t4\t0\t0\t1\t;
"""
TRIPS = "<TOTAL OD FLOW> 7\n<END OF METADATA>\n\nOrigin 1\n 1 : 2.0; 2 : 5.0;\nOrigin 2\n"


def written(folder: Path, network: str = NETWORK, trips: str = TRIPS) -> tuple[Path, Path]:
    files = folder / "x_net.tntp", folder / "x_trips.tntp"
    for file, text in zip(files, (network, trips), strict=True):
        file.write_text(text)
    return files


def read_and_assign(network: Path, trips: Path) -> None:
    roads = tntp.read_network(network)
    assign(roads, tntp.read_trips(trips, roads))


def test_factors_of_the_file_and_given_ones(tmp_path: Path) -> None:
    file, trips = written(tmp_path)
    network = tntp.read_network(file)
    np.testing.assert_allclose(network.fixed, [2.2, 0.2])
    np.testing.assert_allclose(tntp.read_network(file, toll=0.0, distance=1.0).fixed, [2.0, 2.0])
    table = tntp.read_trips(trips, network)
    assert (table.trips.sum(), table.within) == (5.0, 2.0)


@pytest.mark.parametrize(
    ("network", "trips", "words"),
    [
        (NETWORK.replace("LINKS> 2", "LINKS> 3"), TRIPS, "2 links where"),
        (NETWORK.replace("3\t2\t10", "3\t2\tten"), TRIPS, "ten"),
        (NETWORK.replace("3\t2\t10", "3\t2\t-1"), TRIPS, "from 3 to 2"),
        (NETWORK, TRIPS.replace("2 : 5.0", "7 : 5.0"), "zone 7"),
        (NETWORK, TRIPS.replace("5.0", "-5.0"), "-5.0 trips"),
        (NETWORK, TRIPS.replace("5.0", "1,500.0"), "cannot read"),
        (NETWORK.replace("3\t2\t10", "0\t2\t10"), TRIPS, "from 0 to 2"),
        (NETWORK.replace("NODES> 3", "NODES> 2"), TRIPS, "NODES> is 2"),
        (NETWORK.replace("ZONES> 2", "ZONES> 9"), TRIPS, "ZONES> is 9"),
        (NETWORK, "<END OF METADATA>\n", "Origin"),
        (NETWORK, TRIPS + " 1 : 3.0;\n", "no way leads from zone 2 to zone 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    tmp_path: Path, network: str, trips: str, words: str
) -> None:
    files = written(tmp_path, network, trips)
    with pytest.raises(DataError, match=words):
        read_and_assign(*files)


def test_a_remark_is_not_read_and_a_cut_file_is_doubted(tmp_path: Path) -> None:
    network, trips = written(
        tmp_path, trips=TRIPS.replace("Origin 2", "~ 2 : 999.0; old\nOrigin 2")
    )
    roads = tntp.read_network(network)
    table = tntp.read_trips(trips, roads)
    assert table.trips.sum() == 5.0
    assert tntp.doubts(trips, roads, table) == []
    trips.write_text("<NUMBER OF ZONES> 4\n" + TRIPS.replace("5.0", "2.0"))
    zones, cut = tntp.doubts(trips, roads, tntp.read_trips(trips, roads))
    assert "4 zones" in zones
    assert "4.0 trips" in cut


def test_a_cost_that_rises_ever_less_is_assigned_too(tmp_path: Path) -> None:
    concave = """<NUMBER OF ZONES> 2
<END OF METADATA>
1 2 100 1 10 0.5 0.5 0 0 1 ;
1 2 50 1 12 0 4 0 0 1 ;
"""
    files = written(tmp_path, concave, "<END OF METADATA>\nOrigin 1\n 2 : 300;\n")
    roads = tntp.read_network(files[0])
    found = assign(roads, tntp.read_trips(files[1], roads), gap=1e-8)
    assert found.converged
    np.testing.assert_allclose(found.flow, [16.0, 284.0], rtol=1e-4)  # 10 + 5 √(x / 100) = 12


# -- a city ------------------------------------------------------------------------------------


def test_a_city_is_assigned(helsinki: City, tmp_path: Path) -> None:
    edge = helsinki["edge"]
    cars = np.flatnonzero(edge["car"] & (edge["capacity"] > 0))
    pairs = np.random.default_rng(1).choice(cars, (200, 2))
    rows = [f"{edge.ids[a]},{edge.ids[b]},30" for a, b in pairs]
    od, flows = tmp_path / "od.csv", tmp_path / "flows.csv"
    od.write_text("\n".join(["origin,destination,trips", *rows]) + "\n")
    bundle = helsinki.folder
    done = CliRunner().invoke(app, ["assign", str(bundle), str(od), "-o", str(flows)])
    assert done.exit_code == 0, done.output
    assert "relative gap" in done.output
    lines = flows.read_text().splitlines()
    assert lines[0] == "edge,flow,cost"
    assert len(lines) == len(cars) + 1
    od.write_text("origin,destination,trips\nnowhere,0,1\n")
    with pytest.raises(DataError, match="nowhere"):
        read_od(od, helsinki)
