"""Loops over containers and streets."""

from __future__ import annotations

from heapq import heappop, heappush

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.core.random import exponential

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]


@nb.njit(nb.void(nb.float64[::1], nb.int32[:, ::1], nb.float64[::1], nb.float64[::1]), cache=True)
def sort_waste(deposit: Floats, targets: Rows, shares: Floats, out: Floats) -> None:
    """Divide what households bring among the streams that they find nearby.

    Parameters
    ----------
    deposit : (n,) float64, kg/h
        All that is brought, at the container of the residual stream.
    targets : (n, k) int32
        Container of each sorted stream that the same people use; -1 for none.
    shares : (k,) float64
        Part of the deposit that belongs to each sorted stream.
    out : (n,) float64, kg/h
        What each container receives.
    """
    out[:] = 0.0
    for i in range(deposit.size):
        rest = deposit[i]
        for k in range(shares.size):
            if targets[i, k] >= 0:
                part = deposit[i] * shares[k]
                out[targets[i, k]] += part
                rest -= part
        out[i] += rest


@nb.njit(
    nb.void(
        nb.float64[::1], nb.float64[::1], nb.float64[::1], nb.uint64[::1],
        nb.float64[::1], nb.int64[::1], nb.float64[::1], nb.float64[::1],
    ),
    cache=True,
)  # fmt: skip
def deposit(
    rate: Floats,
    hours: Floats,
    bag: Floats,
    keys: Keys,
    wait: Floats,
    count: npt.NDArray[np.int64],
    mass: Floats,
    total: Floats,
) -> None:
    """Let bags arrive: a compound Poisson process with Gamma deposits of shape 2.

    The waiting times between bags are exponential in expected bags, so the process is exact for any
    step and any course of the rate; the draws belong to the container and the number of its bag, so
    they do not depend on when anybody empties it.

    Parameters
    ----------
    rate : (n,) float64, kg/h
        Expected mass per hour.
    hours : (n,) float64, h
        How long it lasts.
    bag : (n,) float64, kg
        Mean mass of one deposit.
    keys : (n,) uint64
        Random keys of the containers.
    wait : (n,) float64
        Expected bags until the next one arrives; changed.
    count : (n,) int64
        Bags so far; changed.
    mass, total : (n,) float64, kg
        In the container, and ever brought; changed.
    """
    for i in range(rate.size):
        wait[i] -= rate[i] * hours[i] / bag[i]
        while wait[i] <= 0.0:
            number = 3 * count[i]
            size = exponential(keys[i], number) + exponential(keys[i], number + 1)
            added = 0.5 * bag[i] * size
            mass[i] += added
            total[i] += added
            count[i] += 1
            wait[i] += exponential(keys[i], number + 2)


@nb.njit(
    nb.void(nb.float64[::1], nb.float64[::1], nb.float64, nb.float64[::1], nb.float64[::1]),
    cache=True,
)
def measure_level(
    mass: Floats, capacity: Floats, hours: float, level: Floats, overflow: Floats
) -> None:
    """Levels, and the hours that each container has spent above its capacity.

    Parameters
    ----------
    mass, capacity : (n,) float64, kg
    hours
        Length of the step that ended, h.
    level : (n,) float64
        Mass by capacity; written.
    overflow : (n,) float64, h
        Hours above 1; added to.
    """
    for i in range(mass.size):
        level[i] = mass[i] / capacity[i]
        if level[i] > 1.0:
            overflow[i] += hours


@nb.njit(
    nb.void(nb.float64[::1], nb.float64, nb.uint64[::1], nb.float64[::1], nb.int64[::1]),
    cache=True,
)
def complain(
    overflow: Floats, rate: float, keys: Keys, following: Floats, count: npt.NDArray[np.int64]
) -> None:
    """Count complaints: a Poisson process over the hours of overflow.

    Parameters
    ----------
    overflow : (n,) float64, h
        Hours above capacity so far.
    rate
        Complaints an hour of overflow.
    keys : (n,) uint64
        Random keys of the containers.
    following : (n,) float64
        Expected complaints at which the next one comes; changed.
    count : (n,) int64
        Complaints so far; changed.
    """
    for i in range(overflow.size):
        while overflow[i] * rate >= following[i]:
            following[i] += exponential(keys[i], count[i])
            count[i] += 1


@nb.njit(
    nb.void(
        nb.int64, nb.int32[::1], nb.int32[::1], nb.int32[::1], nb.float64[::1],
        nb.float64[::1], nb.int32[::1],
    ),
    cache=True,
)  # fmt: skip
def shortest_tree(
    root: int, first: Rows, edges: Rows, heads: Rows, seconds: Floats, time: Floats, by: Rows
) -> None:
    """Shortest paths from a junction (Dijkstra 1959).

    Parameters
    ----------
    root
        The junction.
    first : (n + 1,) int32
        Start of each junction's edges in ``edges`` (CSR).
    edges : (m,) int32
        Rows of the edge table.
    heads : (n_edges,) int32
        The junction to which each edge leads in the direction of the search.
    seconds : (n_edges,) float64, s
        Time to drive each edge; infinity where it is closed.
    time : (n,) float64, s
        Time to each junction; written, infinity where it is not reached.
    by : (n,) int32
        The edge that leads to it on its path; written, -1 where there is none.
    """
    time[:] = np.inf
    by[:] = -1
    time[root] = 0.0
    heap = [(0.0, np.int64(root))]
    while len(heap) > 0:
        at, node = heappop(heap)
        if at > time[node]:
            continue
        for k in range(first[node], first[node + 1]):
            edge = edges[k]
            there = at + seconds[edge]
            head = heads[edge]
            if there < time[head]:
                time[head] = there
                by[head] = edge
                heappush(heap, (there, np.int64(head)))


@nb.njit(
    nb.void(
        nb.int64[::1], nb.int64[::1], nb.int32[::1], nb.int32[::1], nb.int32[::1], nb.float64[::1],
        nb.float64[::1], nb.float32[:, ::1], nb.float32[:, ::1],
    ),
    cache=True,
)  # fmt: skip
def shortest_legs(
    leave: npt.NDArray[np.int64],
    reach: npt.NDArray[np.int64],
    first: Rows,
    edges: Rows,
    heads: Rows,
    seconds: Floats,
    length: Floats,
    out_seconds: npt.NDArray[np.float32],
    out_metres: npt.NDArray[np.float32],
) -> None:
    """Times and lengths of the fastest paths from some junctions to others (Dijkstra 1959).

    Each search ends when it has reached all goals: those of a district do not search a whole city.

    Parameters
    ----------
    leave : (k,) int64
        Junctions from which the paths start; equal ones that follow each other are searched once.
    reach : (m,) int64
        Junctions to which they lead.
    first, edges, heads, seconds
        See :func:`shortest_tree`.
    length : (n_edges,) float64, m
        Of each edge.
    out_seconds, out_metres : (k, m) float32, s and m
        Written; infinity where there is no path.
    """
    n = first.size - 1
    time, way = np.empty(n), np.empty(n)
    goal = np.zeros(n, dtype=np.bool_)
    goal[reach] = True
    goals = goal.sum()
    for i in range(leave.size):
        if i > 0 and leave[i] == leave[i - 1]:
            out_seconds[i] = out_seconds[i - 1]
            out_metres[i] = out_metres[i - 1]
            continue
        time[:] = np.inf
        way[:] = np.inf
        time[leave[i]] = way[leave[i]] = 0.0
        left = goals
        heap = [(0.0, np.int64(leave[i]))]
        while len(heap) > 0 and left > 0:
            at, node = heappop(heap)
            if at > time[node]:
                continue
            if goal[node]:
                left -= 1
            for k in range(first[node], first[node + 1]):
                edge = edges[k]
                there = at + seconds[edge]
                head = heads[edge]
                if there < time[head]:
                    time[head] = there
                    way[head] = way[node] + length[edge]
                    heappush(heap, (there, np.int64(head)))
        for j in range(reach.size):
            out_seconds[i, j] = time[reach[j]]
            out_metres[i, j] = way[reach[j]]
