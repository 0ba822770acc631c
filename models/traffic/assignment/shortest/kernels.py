"""Shortest ways from a zone through a network whose zones may not be passed."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@nb.njit(cache=True)
def _push(heap_key, heap_node, size, key, node):  # type: ignore[no-untyped-def]
    """Put a node into the heap of ``size`` entries."""
    position = size
    while position > 0:
        parent = (position - 1) >> 2
        if heap_key[parent] <= key:
            break
        heap_key[position], heap_node[position] = heap_key[parent], heap_node[parent]
        position = parent
    heap_key[position], heap_node[position] = key, node


@nb.njit(cache=True)
def _pop(heap_key, heap_node, size):  # type: ignore[no-untyped-def]
    """Take the top off a heap of ``size`` entries; its last entry sinks from there."""
    size -= 1
    key, node = heap_key[size], heap_node[size]
    position = 0
    while True:
        best, least = -1, key
        for child in range(4 * position + 1, min(4 * position + 5, size)):
            if heap_key[child] < least:
                best, least = child, heap_key[child]
        if best < 0:
            break
        heap_key[position], heap_node[position] = heap_key[best], heap_node[best]
        position = best
    heap_key[position], heap_node[position] = key, node


@nb.njit(cache=True)
def shortest_ways(
    origin: int,
    first: Rows,
    order: Rows,
    head: Rows,
    cost: Floats,
    first_through: int,
    distance: Floats,
    link_to: Rows,
    heap_key: Floats,
    heap_node: Rows,
) -> None:
    """Dijkstra's shortest ways from a node (with a 4-ary heap), over links of no negative cost.

    Parameters
    ----------
    first, order : (n_nodes + 1,), (n_links,) int64
        The links that leave each node.
    first_through
        Other nodes below it are reached but not passed.
    distance : (n_nodes,) float64, out
        Infinite where no way leads.
    link_to : (n_nodes,) int64, out
        Last link of the way; -1 at the origin and where no way leads.
    heap_key, heap_node : (n_links + 1,)
        Room to work in.
    """
    distance[:] = np.inf
    link_to[:] = -1
    distance[origin] = 0.0
    heap_key[0], heap_node[0], size = 0.0, origin, 1
    while size > 0:
        key, node = heap_key[0], heap_node[0]
        _pop(heap_key, heap_node, size)
        size -= 1
        if key > distance[node]:
            continue
        if node < first_through and node != origin:
            continue
        for position in range(first[node], first[node + 1]):
            link = order[position]
            longer = key + cost[link]
            if longer < distance[head[link]]:
                distance[head[link]] = longer
                link_to[head[link]] = link
                _push(heap_key, heap_node, size, longer, head[link])
                size += 1


@nb.njit(cache=True)
def shortest_cost(
    origins: Rows,
    begin: Rows,
    destination: Rows,
    trips: Floats,
    first: Rows,
    order: Rows,
    head: Rows,
    cost: Floats,
    first_through: int,
) -> tuple[float, int]:
    """Σ trips × shortest cost, and the first pair that no way joins (-1 when all are joined)."""
    n_nodes = first.size - 1
    distance, link_to = np.empty(n_nodes), np.empty(n_nodes, dtype=np.int64)
    heap_key, heap_node = np.empty(order.size + 1), np.empty(order.size + 1, dtype=np.int64)
    total = 0.0
    for row in range(origins.size):
        shortest_ways(
            origins[row],
            first,
            order,
            head,
            cost,
            first_through,
            distance,
            link_to,
            heap_key,
            heap_node,
        )
        for pair in range(begin[row], begin[row + 1]):
            if distance[destination[pair]] == np.inf:
                return total, pair
            total += trips[pair] * distance[destination[pair]]
    return total, -1
