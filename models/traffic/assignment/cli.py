"""The command ``twin assign``: the user equilibrium of a network and its trips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.traffic.assignment.equilibrium import Assignment
    from models.traffic.assignment.network import Floats, RoadNetwork, TripTable

Factor = Annotated[float | None, typer.Option(min=0, help="Time for a unit; the file's, or 0.")]


def assign(
    network: Annotated[
        Path, typer.Argument(help="A NAME_net.tntp, or the folder of a bundle of a city.")
    ],
    trips: Annotated[
        Path,
        typer.Argument(help="NAME_trips.tntp; for a city a CSV: origin,destination,trips (veh/h)."),
    ],
    solution: Annotated[
        Path | None, typer.Option(help="A published solution, NAME_flow.tntp, to stand beside.")
    ] = None,
    gap: Annotated[float, typer.Option(min=0, help="Relative gap to reach.")] = 1e-6,
    most: Annotated[int, typer.Option(min=1, help="Iterations after which it ends.")] = 500,
    toll_factor: Factor = None,
    distance_factor: Factor = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Flow and cost of each link, a .csv.")
    ] = None,
) -> None:
    """Assign trips to a network until no driver can gain by another way."""
    import time

    from models.traffic.assignment.equilibrium import assign as solve

    links, roads, table = _read(network, trips, toll_factor, distance_factor)
    began = time.perf_counter()
    found = solve(roads, table, gap=gap, most=most)
    print(f"{network.name}: {len(roads):,} links, {len(table.trips):,} pairs of zones")
    print(f"trips             {table.trips.sum():,.1f} (and {table.within:,.1f} within a zone)")
    print(f"relative gap      {found.gap:.3g} after {found.iterations} iterations")
    print(f"total cost        {found.total_cost:,.4f}")
    print(f"Beckmann's sum    {found.objective:,.4f}")
    print(f"wall time         {time.perf_counter() - began:.2f} s")
    if solution is not None:
        _beside(solution, network, roads, found)
    if output is not None:
        _write(output, links, found)
        print(f"flows: {output}")
    if not found.converged:
        print(f"note: the gap {gap:g} was not reached in {most} iterations")
        raise typer.Exit(1)


def _read(
    network: Path, trips: Path, toll: float | None, distance: float | None
) -> tuple[list[str], RoadNetwork, TripTable]:
    """Names of the links that are told, the network, the trips."""
    from models.traffic.assignment import streets, tntp

    if network.is_dir():
        from models.traffic.assignment.ways import Ways
        from twin.city.city import City

        city = City.load(network)
        roads, table = streets.read_trips(trips, city)
        joined = Ways(roads, table).joined()
        if not joined.all():
            lost = f"{table.trips[~joined].sum():g} trips of {int((~joined).sum())} pairs"
            print(f"note: no way joins {lost}; they are left out")
        return streets.names(city), roads, table.only(joined)
    roads = tntp.read_network(network, toll=toll, distance=distance)
    links = [f"{a + 1},{b + 1}" for a, b in zip(roads.tail, roads.head, strict=True)]
    table = tntp.read_trips(trips, roads)
    for doubt in tntp.doubts(trips, roads, table):
        print(f"note: {doubt}")
    return links, roads, table


def _beside(solution: Path, network: Path, roads: RoadNetwork, found: Assignment) -> None:
    """Ours beside a published solution, and whether its costs are those of this network."""
    import numpy as np

    from models.traffic.assignment import tntp

    published = tntp.read_flows(solution, roads)
    cost = roads.cost(published.flow)
    total, objective = float(cost @ published.flow), roads.beckmann(published.flow)
    print(f"published total   {total:,.4f} (ours {found.total_cost / total - 1.0:+.2e})")
    print(f"published sum     {objective:,.4f} (ours {found.objective / objective - 1.0:+.2e})")
    print(f"largest difference of a flow {np.abs(found.flow - published.flow).max():,.4g}")
    off = np.abs(cost - published.cost) > 1e-3 * (1.0 + np.abs(published.cost))
    if off.any():
        print(
            f"note: {int(off.sum())} links of the solution have other costs than this network "
            f"gives at its flows; {_factors(network, cost - roads.fixed, published.cost)}"
        )


def _factors(network: Path, time: Floats, cost: Floats) -> str:
    """The toll and distance factors that explain the published costs best."""
    import numpy as np

    from models.traffic.assignment import tntp

    length, toll = tntp.length_and_toll(network)
    found = np.linalg.lstsq(np.stack([toll, length], axis=1), cost - time, rcond=None)[0]
    return f"try --toll-factor {found[0]:.3g} --distance-factor {found[1]:.3g}"


def _write(file: Path, links: list[str], found: Assignment) -> None:
    head = "from,to,flow,cost" if links and "," in links[0] else "edge,flow,cost"
    rows = zip(links, found.flow, found.cost, strict=False)  # a city's zones are not told
    lines = [f"{name},{flow:.6f},{cost:.6f}" for name, flow, cost in rows]
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
