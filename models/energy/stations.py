"""Where transformer stations stand, and which way along the streets each of them feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.energy.streets import Streets
from twin.city.features import Features

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

TARGET = 320_000.0
"""Load for which an inferred station is placed, W."""
CAPACITY = 500_000.0
"""Load above which a district gets another station: 80 % of the largest standard type, W."""
REACH = 450.0
"""Farthest that a station feeds along the streets, m."""
OFF_STREET = 100.0
"""A mapped station farther than this from every street is of another grid, m."""
ROUNDS = 12
"""Rounds of adding stations; each at least halves what is too much, so few are needed."""

HIGHER = ("transmission", "distribution", "traction", "converter", "industrial", "generation")
"""Kinds of mapped substation that feed no houses."""


@dataclass(frozen=True)
class Forest:
    """The shortest way from a station to each node.

    Attributes
    ----------
    distance : (n_node,) float64, metres
        Along the streets; infinite where no station reaches.
    parent : (n_node,) int64
        Node before it on its way; -1 at a station and where none reaches.
    station : (n_node,) int64
        Node of its station; -1 where none reaches.
    """

    distance: Floats
    parent: Rows
    station: Rows


def mapped(features: Features) -> Floats:
    """Places of the map's local transformer stations; (n, 2) float64, metres."""
    import shapely

    rows = [
        row
        for row in np.union1d(
            features.select("power", "substation", "transformer"),
            features.select("building", "transformer_tower"),
        )
        if _local(features.tags[row])
    ]
    if not rows:
        return np.empty((0, 2))
    centres = features.centres(np.array(rows, dtype=np.int64))
    return np.asarray(shapely.get_coordinates(centres), dtype=np.float64).reshape(-1, 2)


def _local(tags: dict[str, str]) -> bool:
    """Whether these tags may mean a station that feeds a low-voltage grid."""
    volts = [int(v) for v in tags.get("voltage", "").split(";") if v.strip().isdigit()]
    high = any(v > 36_000 for v in volts)
    kind = {tags.get("substation", ""), tags.get("transformer", "")}
    return not high and kind.isdisjoint(HIGHER)


def snap(streets: Streets, places: Floats) -> Rows:
    """The nearest node of each place, without doubles and without places off the streets."""
    from scipy.spatial import cKDTree

    if not len(places):
        return np.empty(0, dtype=np.int64)
    used = np.unique(np.concatenate([streets.start, streets.end]))
    distance, found = cKDTree(streets.points[used]).query(places)
    return np.unique(used[found[distance <= OFF_STREET]])


def place(streets: Streets, load: Floats, given: Rows) -> tuple[Rows, Forest]:
    """Stations for a load on the streets.

    The given (mapped) stations stay; others are added until every load is within :data:`REACH` and
    no station carries more than :data:`CAPACITY`, each at the middle of a part of the load that a
    k-d split makes.

    Parameters
    ----------
    load : (n_node,) float64, W
    given : (n_given,) int64
        Nodes of mapped stations.

    Returns
    -------
    stations : (n_station,) int64
        Nodes, in ascending order.
    forest
        The way to every node.
    """
    graph = _graph(streets)
    loaded = np.flatnonzero(load > 0)
    stations = given
    if not len(stations):
        stations = _start(streets, load, loaded)
    for _ in range(ROUNDS):
        forest = _forest(graph, stations)
        more = np.setdiff1d(_missing(streets, load, loaded, forest, stations), stations)
        if not len(more):
            break
        stations = np.union1d(stations, more)
    stations, forest = _reach_all(graph, stations, loaded)
    return _drop_idle(graph, stations, forest, loaded, given)


def _start(streets: Streets, load: Floats, loaded: Rows) -> Rows:
    """First stations where the map has none; one even where nothing draws power."""
    if len(loaded):
        return _split(streets.points, load, loaded, TARGET)
    used = np.unique(np.concatenate([streets.start, streets.end]))
    return np.array([_middle(streets.points, np.ones(len(streets.points)), used)], dtype=np.int64)


def _reach_all(graph: Any, stations: Rows, loaded: Rows) -> tuple[Rows, Forest]:
    """A station more in each part of the streets that none reaches yet."""
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(graph, directed=False)
    alone = loaded[~np.isin(part[loaded], part[stations])]
    _, first = np.unique(part[alone], return_index=True)
    stations = np.union1d(stations, alone[first])
    return stations, _forest(graph, stations)


def _drop_idle(
    graph: Any, stations: Rows, forest: Forest, loaded: Rows, given: Rows
) -> tuple[Rows, Forest]:
    """Without the inferred stations that feed nothing, as long as one is left."""
    busy = np.isin(stations, forest.station[loaded]) | np.isin(stations, given)
    if busy.all() or not busy.any():
        return stations, forest
    return stations[busy], _forest(graph, stations[busy])


def _graph(streets: Streets) -> Any:
    from scipy.sparse import coo_matrix

    n = len(streets.points)
    return coo_matrix((streets.length, (streets.start, streets.end)), shape=(n, n)).tocsr()


def _forest(graph: Any, stations: Rows) -> Forest:
    from scipy.sparse.csgraph import dijkstra

    distance, parent, source = dijkstra(
        graph, directed=False, indices=stations, min_only=True, return_predecessors=True
    )
    return Forest(
        np.asarray(distance, dtype=np.float64),
        np.maximum(parent, -1).astype(np.int64),
        np.where(np.isfinite(distance), source, -1).astype(np.int64),
    )


def _missing(streets: Streets, load: Floats, loaded: Rows, forest: Forest, stations: Rows) -> Rows:
    """Nodes for the next stations: among what is too far, and in districts with too much load."""
    far = loaded[forest.distance[loaded] > REACH]
    more = [_split(streets.points, load, far, TARGET)] if len(far) else []
    near = loaded[forest.distance[loaded] <= REACH]
    carried = np.bincount(forest.station[near], weights=load[near], minlength=len(load))
    for station in stations[carried[stations] > CAPACITY]:
        district = near[forest.station[near] == station]
        parts = _split(streets.points, load, district, TARGET)
        gap = np.linalg.norm(streets.points[parts] - streets.points[station], axis=1)
        more.append(np.delete(parts, np.argmin(gap)))
    return np.concatenate(more) if more else np.empty(0, dtype=np.int64)


def _split(points: Floats, load: Floats, nodes: Rows, target: float) -> Rows:
    """The middle node of each part when the load is halved along its longer side again and again.

    A part is small enough at ``target`` and at an extent of 1.4 :data:`REACH` (a street detour of
    1.4 from its middle to its corner).
    """
    middles: list[int] = []
    todo = [nodes]
    while todo:
        part = todo.pop()
        extent = np.ptp(points[part], axis=0)
        small = load[part].sum() <= target and extent.max() <= 1.4 * REACH
        if small or len(part) == 1:
            middles.append(_middle(points, load, part))
            continue
        order = part[np.argsort(points[part, int(np.argmax(extent))], kind="stable")]
        half = np.searchsorted(np.cumsum(load[order]), load[order].sum() / 2)
        cut = int(np.clip(half, 1, len(order) - 1))
        todo += [order[cut:], order[:cut]]
    return np.unique(np.array(middles, dtype=np.int64))


def _middle(points: Floats, load: Floats, nodes: Rows) -> int:
    """The node nearest to the centre of load."""
    centre = np.average(points[nodes], axis=0, weights=load[nodes])
    return int(nodes[np.argmin(((points[nodes] - centre) ** 2).sum(axis=1))])
