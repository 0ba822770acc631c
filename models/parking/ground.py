"""From a city to the columns of parking: blocks, what is seen and what is near, turns."""

from __future__ import annotations

import gzip
import re

import numpy as np
import numpy.typing as npt

from models.parking.columns import Flags, Floats, Ground, Rows
from twin.city.city import City

_CONNECTION = re.compile(r"<connection from=\"([^\":]+)\" to=\"([^\":]+)\"")
Pairs = npt.NDArray[np.int64]
KERB = "street"
"""Kind of a block at the kerb."""


def make(city: City, reach: float) -> Ground:
    """The columns of a city.

    Parameters
    ----------
    reach
        Farthest walk from a bay to the destination, m.
    """
    parking, edges = city["parking"], city["edge"]
    at = city.link("parking", "edge").indices.astype(np.int32)
    public = (parking["access"] != "private") if "access" in parking else np.ones(len(at), bool)
    turns, back = _turns(city), _back(city)
    reached, returns = _around(turns, len(edges))
    inside = reached & returns
    # A kerb that two directions see is reached by the one that the streets lead around to.
    at = np.where((at >= 0) & ~inside[at] & (back[at] >= 0) & inside[back[at]], back[at], at)
    usable = public & (at >= 0) & inside[at]
    capacity = np.where(usable, np.round(parking["capacity"]), 0).astype(np.int32)
    street = np.asarray(parking["kind"] == KERB)
    points = edges.points
    seen = _seen(at, back)
    near_start, near, walk = _near(parking.points, points, capacity, reach)
    # Nobody who looks for a bay drives out of the city, or where no street leads on.
    following = _csr(turns[returns[turns[:, 1]]], len(edges))
    bays = np.bincount(
        np.repeat(np.arange(len(edges)), np.diff(seen[0])),
        (capacity * street)[seen[1]],
        len(edges),
    )
    return Ground(
        capacity=capacity,
        block_edge=at,
        street=street,
        seen_start=seen[0],
        seen=seen[1],
        near_start=near_start,
        near=near,
        near_walk=walk,
        next_start=following[0],
        next=following[1],
        reached=reached,
        returns=returns,
        x=np.ascontiguousarray(points[:, 0]),
        y=np.ascontiguousarray(points[:, 1]),
        length=np.maximum(edges["length"], 1.0),
        bays=bays.astype(np.float64),
    )


def _csr(pairs: npt.NDArray[np.integer], size: int) -> tuple[Rows, Rows]:
    """Pairs (from, to) as start indices and targets, sorted."""
    unique = np.unique(pairs.reshape(-1, 2), axis=0)
    start = np.concatenate([[0], np.cumsum(np.bincount(unique[:, 0], minlength=size))])
    return start.astype(np.int32), unique[:, 1].astype(np.int32)


def _back(city: City) -> Rows:
    """The edge of the other direction between the same junctions, -1 for none; (n_edges,) int32."""
    edges = city["edge"]
    ends = list(zip(edges["from_junction"].tolist(), edges["to_junction"].tolist(), strict=True))
    known = {pair: row for row, pair in enumerate(ends)}
    return np.array([known.get((end, start), -1) for start, end in ends], dtype=np.int32)


def _seen(at: Rows, back: Rows) -> tuple[Rows, Rows]:
    """Blocks of an edge and of the edge of the other direction between the same junctions."""
    blocks = np.flatnonzero(at >= 0)
    own: Pairs = np.column_stack((at[blocks], blocks))
    other: Pairs = np.column_stack((back[at[blocks]], blocks)) if len(blocks) else own
    return _csr(np.concatenate([own, other[other[:, 0] >= 0]]), len(back))


def _near(blocks: Floats, edges: Floats, capacity: Rows, reach: float) -> tuple[Rows, Rows, Floats]:
    """Blocks within reach of each edge's middle, and the walk there: 1.3 times the straight line.

    An edge without any gets the three nearest within four times the reach, since people who go to a
    street without bays park somewhere too.
    """
    from scipy.spatial import cKDTree

    usable = np.flatnonzero(capacity > 0)
    found: list[Rows] = []
    far: list[Floats] = []
    tree = cKDTree(blocks[usable]) if len(usable) else None
    for point in edges:
        rows = np.empty(0, dtype=np.int64)
        if tree is not None:
            rows = np.sort(np.asarray(tree.query_ball_point(point, reach / 1.3), dtype=np.int64))
            if not len(rows):
                away, near = tree.query(point, k=min(3, len(usable)))
                rows = np.atleast_1d(near)[np.atleast_1d(away) <= 4.0 * reach]
        found.append(usable[rows].astype(np.int32))
        far.append(1.3 * np.hypot(*(blocks[usable[rows]] - point).T))
    start = np.concatenate([[0], np.cumsum([len(rows) for rows in found])]).astype(np.int32)
    empty = np.empty(0)
    return start, np.concatenate([empty, *found]).astype(np.int32), np.concatenate([empty, *far])


def _around(turns: Pairs, size: int) -> tuple[Flags, Flags]:
    """Edges to which, and from which, the largest strongly connected part of the streets is joined.

    The others lead into the network or out of it where it was cut. Where no street joins another,
    all are kept.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    graph = coo_array((np.ones(len(turns)), tuple(turns.T)), shape=(size, size)).tocsr()
    _, part = connected_components(graph, connection="strong")
    many = np.bincount(part, minlength=1)
    if many.max() < 2:
        return np.ones(size, np.bool_), np.ones(size, np.bool_)
    seed = int(np.argmax(part == int(np.argmax(many))))
    reached, returns = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    reached[breadth_first_order(graph, seed, return_predecessors=False)] = True
    returns[breadth_first_order(graph.T.tocsr(), seed, return_predecessors=False)] = True
    return reached, returns


def _turns(city: City) -> Pairs:
    """Pairs of edges for cars that follow each other; turning back only where nothing else goes.

    From the SUMO network where the city has one, else from the junctions.
    """
    edges = city["edge"]
    car: Flags = np.asarray(edges["car"], dtype=np.bool_)
    if city.network.is_file():
        raw = city.network.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
        names = [edge for pair in _CONNECTION.findall(text) for edge in pair]
        pairs: Pairs = edges.rows(np.array(names, dtype=np.str_)).reshape(-1, 2).astype(np.int64)
        pairs = pairs[(pairs >= 0).all(axis=1)]
    else:
        pairs = np.array(
            [
                (a, b)
                for a in range(len(edges))
                for b in np.flatnonzero(edges["from_junction"] == edges["to_junction"][a])
            ],
            dtype=np.int64,
        ).reshape(-1, 2)
    pairs = pairs[car[pairs[:, 0]] & car[pairs[:, 1]]]
    start, end = edges["from_junction"], edges["to_junction"]
    back = (start[pairs[:, 0]] == end[pairs[:, 1]]) & (end[pairs[:, 0]] == start[pairs[:, 1]])
    ahead = np.bincount(pairs[~back, 0], minlength=len(edges)) > 0
    kept: Pairs = pairs[~back | ~ahead[pairs[:, 0]]]
    return kept
