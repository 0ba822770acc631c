"""Counts that were held out: ours beside SUMO's routeSampler, on the same folds.

Wildau: 12 real counts of one afternoon. Bologna: the traffic of its SUMO scenario at 30 streets is
the truth, and the calibration knows only the network; the other streets are held out. routeSampler
(`--optimize full`) gets the candidate routes that came with Wildau, and random trips between the
edges of Bologna (`randomTrips.py`, more at its border), as its manual proposes. Every demand is
driven by SUMO's mesoscopic engine, and scored by what it then carries.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench._report import Bench
from models.traffic.calibration.calibrate import Settings, calibrate, per_counter
from models.traffic.calibration.counts import Counts, read_counts
from models.traffic.calibration.folds import folds, streets
from models.traffic.calibration.score import Score
from models.traffic.calibration.simulate import simulate
from models.traffic.demand.file import Demand
from models.traffic.sumo.process import home
from twin.city.city import City
from twin.scenario import Scenario

Floats = npt.NDArray[np.float64]
DATA = Path(os.environ.get("CITYTWIN_DATA", Path(__file__).parents[1] / "shared" / "data"))
VEHICLE = re.compile(r'<vehicle\s[^>]*depart="([\d.]+)"[^>]*>\s*<route edges="([^"]*)"')


def main() -> None:
    bench = Bench.from_arguments("Held-out counts: ours and SUMO's routeSampler (GEH < 5)")
    with tempfile.TemporaryDirectory() as work:
        wildau(bench, Path(work))
        print(bench.table(), flush=True)
        if not bench.quick:
            bologna(bench, Path(work))
    bench.finish()


def wildau(bench: Bench, work: Path) -> None:
    """Real counts, several ways to deal them into folds."""
    folder = DATA / "traffic" / "wildau"
    city = _city(folder / "net.net.xml.gz", work / "wildau")
    counts = read_counts(folder / "counts.csv", city)
    counted = counts.hourly()
    ours, theirs = [], []
    for seed in (1,) if bench.quick else (1, 2, 3):
        found = calibrate(
            scenario("14:45", 135), counts, city=city, settings=Settings(meso=True, seed=seed)
        )
        ours.append(found.held_out)
        theirs.append(np.full(len(counts), np.nan))
        for fold in folds(streets(counts, city), 5, seed):
            kept = np.setdiff1d(np.arange(len(counts)), fold)
            demand = sampled(
                folder / "candidate_routes.rou.xml.gz", counts.select(kept), city, work
            )
            theirs[-1][fold] = carried(demand, counts, city)[fold]
    _figures(bench, "", ours, theirs, counted, "Wildau, 12 real counts, 5 folds")
    bench.figure("fit_share", found.fitted.share, "share", note="Wildau, all 12 in the fit")
    prior = Score.of(found.prior, counted)
    bench.figure("prior_share", prior.share, "share", note="Wildau, before any count")


def bologna(bench: Bench, work: Path) -> None:
    """Simulated traffic as truth: 30 streets counted, the others hidden."""
    folder = DATA / "traffic" / "bologna"
    city = _city(folder / "joined_buslanes.net.xml", work / "bologna")
    truth = own_traffic(folder, city)
    routes = random_routes(city, work)
    hour = np.full(len(city["edge"]), 3600.0)
    busy = np.flatnonzero(np.asarray(city["edge"]["car"], dtype=bool) & (truth >= 30.0))
    every = _counts(city, busy, truth, 600.0 + 7 * hour)
    ours, theirs, left = [], [], []
    for seed in (1, 2, 3):
        order = np.random.default_rng(seed).permutation(len(busy))
        used, hidden = every.select(np.sort(order[:30])), every.select(np.sort(order[30:]))
        found = calibrate(
            scenario("07:00", 75), used, city=city, settings=Settings(folds=0, meso=True)
        )
        ours.append(carried(found.demand, hidden, city))
        theirs.append(carried(sampled(routes, used, city, work), hidden, city))
        left.append(hidden.hourly())
    _figures(bench, "bologna_", ours, theirs, np.stack(left), "Bologna, 30 streets counted")


def _figures(
    bench: Bench, name: str, ours: list[Floats], theirs: list[Floats], counted: Floats, note: str
) -> None:
    mine = Score.of(np.concatenate(ours), np.broadcast_to(counted, np.shape(ours)).reshape(-1))
    peer = Score.of(np.concatenate(theirs), np.broadcast_to(counted, np.shape(theirs)).reshape(-1))
    bench.figure(f"{name}held_out_share", mine.share, "share", peer.share, note=note)
    bench.figure(f"{name}route_sampler_share", peer.share, "share", note="the same folds")
    bench.figure(f"{name}held_out_geh", mine.mean_geh, "GEH", peer.mean_geh, note="mean")
    bench.figure(f"{name}held_out_rmse", mine.rmse, "veh/h", peer.rmse)


def scenario(start: str, minutes: int) -> Scenario:
    """A period for the calibration."""
    period = {"from": start, "duration": f"{minutes}m"}
    return Scenario.from_dict({"name": "bench", "city": "-", "period": period, "model": {}})


def _city(network: Path, folder: Path) -> City:
    """A bundle of the network alone: without its demand, so that nothing leaks."""
    folder.mkdir()
    (folder / network.name).write_bytes(network.read_bytes())
    config = folder / "bench.sumocfg"
    config.write_text(
        f'<configuration><input><net-file value="{network.name}"/></input></configuration>'
    )
    return City.from_sumo(config)


def _counts(city: City, edge: npt.NDArray[np.int64], count: Floats, begin: Floats) -> Counts:
    size = len(edge)
    return Counts(
        city["edge"].ids[edge],
        edge,
        np.full(size, -1),
        np.arange(size),
        begin[:size],
        begin[:size] + 3600.0,
        count[edge],
        np.full(size, np.nan),
    )


def own_traffic(folder: Path, city: City) -> Floats:
    """Vehicles on each edge in an hour of the scenario's own demand; (n_edges,) float64."""
    known = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    text = (folder / "joined.rou.xml").read_text()
    found = [
        (float(depart), tuple(known[edge] for edge in edges.split() if edge in known))
        for depart, edges in VEHICLE.findall(text)
    ]
    departs = np.array([depart for depart, _ in found])
    demand = Demand.of(departs + 7 * 3600.0, [way for _, way in found])
    rows = np.flatnonzero(np.asarray(city["edge"]["car"], dtype=bool))
    counts = _counts(city, rows, np.zeros(len(city["edge"])), np.full(len(rows), 7 * 3600.0 + 600))
    flow = np.zeros(len(city["edge"]))
    flow[rows] = carried(demand, counts, city)
    return flow


def carried(demand: Demand, counts: Counts, city: City) -> Floats:
    """What a demand carries past the counters; (n_counters,) float64, veh/h."""
    driven = simulate(city, demand, meso=True, until=float(counts.end.max()) + 1.0)
    return per_counter(counts, driven.counts(counts)[0])


def sampled(routes: Path, counts: Counts, city: City, work: Path) -> Demand:
    """routeSampler's demand for some counts."""
    begin, end = counts.begin.min(), counts.end.max()
    items = "".join(
        f'<edge id="{edge}" entered="{count:.0f}"/>'
        for edge, count in zip(counts.ids, counts.total(), strict=True)
    )
    data, out = work / "edgedata.xml", work / "sampled.rou.xml"
    data.write_text(
        f'<meandata><interval id="c" begin="{begin}" end="{end}">{items}</interval></meandata>'
    )
    _tool(
        "routeSampler.py",
        ["-r", str(routes), "--edgedata-files", str(data), "-o", str(out)],
        ["--optimize", "full", "--seed", "1"],
    )
    known = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    found = VEHICLE.findall(out.read_text())
    ways = [tuple(known[edge] for edge in edges.split()) for _, edges in found]
    return Demand.of(np.array([float(depart) for depart, _ in found]), ways)


def random_routes(city: City, work: Path) -> Path:
    """Candidates as routeSampler's manual makes them."""
    routes = work / "random.rou.xml"
    _tool(
        "randomTrips.py",
        ["-n", str(city.network), "-r", str(routes), "-o", str(work / "random.trips.xml")],
        ["-e", "3600", "-p", "0.5", "--fringe-factor", "10", "--seed", "1", "--validate"],
    )
    return routes


def _tool(name: str, *arguments: list[str]) -> None:
    command = [sys.executable, str(Path(home(), "tools", name)), *chain(*arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"SUMO_HOME": home()}
    )
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr[-500:]}")


if __name__ == "__main__":
    main()
