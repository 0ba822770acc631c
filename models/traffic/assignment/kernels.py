"""The shifting of trips between the ways of each pair of zones.

The ways of a pair are a linked list: ``first_way[pair]`` is its first, ``next_way[way]`` the next,
-1 ends it. The links of a way lie at ``begin_at[way]`` in ``links``, as many as ``n_links[way]``.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

LITTLE = 1e-3
"""Share of the capacity below which a concave cost is taken as no steeper."""


@nb.njit(cache=True)
def link_cost(link, flow, capacity, free_time, b, power, fixed):  # type: ignore[no-untyped-def]
    """Cost of a link and its derivative by the flow."""
    rising = free_time[link] * b[link]
    if rising == 0.0 or power[link] == 0.0:
        return free_time[link] + rising + fixed[link], 0.0
    ratio = max(flow, 0.0) / capacity[link]
    if power[link] == 4.0:
        cube = ratio * ratio * ratio
        return free_time[link] + rising * cube * ratio + fixed[link], (
            4.0 * rising * cube / capacity[link]
        )
    if power[link] < 1.0:
        # Steepest at no flow, where the slope has no bound: that of a little flow stands for it.
        near = max(ratio, LITTLE) ** (power[link] - 1.0)
        return free_time[link] + rising * ratio ** power[link] + fixed[link], (
            power[link] * rising * near / capacity[link]
        )
    if ratio == 0.0:
        return free_time[link] + fixed[link], rising / capacity[link] * (power[link] == 1.0)
    below = ratio ** (power[link] - 1.0)
    return free_time[link] + rising * below * ratio + fixed[link], (
        power[link] * rising * below / capacity[link]
    )


@nb.njit(cache=True)
def costs(flow, capacity, free_time, b, power, fixed, cost, slope):  # type: ignore[no-untyped-def]
    """Cost and derivative of every link; (n_links,) float64, out."""
    for link in range(flow.size):
        cost[link], slope[link] = link_cost(link, flow[link], capacity, free_time, b, power, fixed)


@nb.njit(cache=True)
def _way_cost(way, begin_at, n_links, links, cost):  # type: ignore[no-untyped-def]
    total = 0.0
    for position in range(begin_at[way], begin_at[way] + n_links[way]):
        total += cost[links[position]]
    return total


@nb.njit(cache=True)
def _known(pair, count, buffer, first_way, next_way, begin_at, n_links, links):  # type: ignore[no-untyped-def]
    """Whether the way in ``buffer`` is one of the pair's."""
    way = first_way[pair]
    while way >= 0:
        if n_links[way] == count:
            same = True
            for position in range(count):
                if links[begin_at[way] + position] != buffer[position]:
                    same = False
                    break
            if same:
                return True
        way = next_way[way]
    return False


@nb.njit(cache=True)
def add_ways(
    origin: int,
    pairs: tuple[int, int],
    destination: Rows,
    trips: Floats,
    tail: Rows,
    link_to: Rows,
    first_way: Rows,
    next_way: Rows,
    begin_at: Rows,
    n_links: Rows,
    way_flow: Floats,
    links: Rows,
    used: Rows,
    flow: Floats,
    buffer: Rows,
) -> None:
    """Give each pair of an origin its shortest way, if it does not have it yet.

    A pair's first way carries all its trips; a further one carries none yet.

    Parameters
    ----------
    used : (2,) int64
        Ways and links in use; grows.
    """
    for pair in range(pairs[0], pairs[1]):
        node, count = destination[pair], 0
        while node != origin:
            buffer[count] = link_to[node]
            node = tail[link_to[node]]
            count += 1
        if _known(pair, count, buffer, first_way, next_way, begin_at, n_links, links):
            continue
        way = used[0]
        begin_at[way], n_links[way] = used[1], count
        links[used[1] : used[1] + count] = buffer[:count]
        way_flow[way] = trips[pair] if first_way[pair] < 0 else 0.0
        for position in range(count):
            flow[buffer[position]] += way_flow[way]
        next_way[way], first_way[pair] = first_way[pair], way
        used[0] += 1
        used[1] += count


@nb.njit(cache=True)
def equalise(
    pairs: tuple[int, int],
    first_way: Rows,
    next_way: Rows,
    begin_at: Rows,
    n_links: Rows,
    way_flow: Floats,
    links: Rows,
    flow: Floats,
    capacity: Floats,
    free_time: Floats,
    b: Floats,
    power: Floats,
    fixed: Floats,
    cost: Floats,
    slope: Floats,
    stamp: Rows,
    mark: int,
) -> int:
    """Shift the trips of each pair from its dearer ways to its cheapest by one Newton step each.

    The step is the difference of the costs over the sum of the slopes of the links in which the two
    ways differ (Jayakrishnan et al. 1994), at most what the way carries. Flows, costs and slopes of
    those links follow at once. Ways that are empty are dropped from the list.

    Parameters
    ----------
    stamp : (n_links,) int64
        Room to work in; holds no value above ``mark`` on entry.

    Returns
    -------
    int
        The highest value in ``stamp``.
    """
    for pair in range(pairs[0], pairs[1]):
        best, least, way = first_way[pair], np.inf, first_way[pair]
        if next_way[way] < 0:
            continue
        while way >= 0:
            total = _way_cost(way, begin_at, n_links, links, cost)
            if total < least:
                best, least = way, total
            way = next_way[way]
        before, way = -1, first_way[pair]
        while way >= 0:
            following = next_way[way]
            if way != best:
                mark = _shift(
                    way,
                    best,
                    begin_at,
                    n_links,
                    way_flow,
                    links,
                    flow,
                    capacity,
                    free_time,
                    b,
                    power,
                    fixed,
                    cost,
                    slope,
                    stamp,
                    mark,
                )
            if way != best and way_flow[way] <= 0.0:
                if before < 0:
                    first_way[pair] = following
                else:
                    next_way[before] = following
            else:
                before = way
            way = following
    return mark


@nb.njit(cache=True)
def _shift(  # type: ignore[no-untyped-def]
    way,
    best,
    begin_at,
    n_links,
    way_flow,
    links,
    flow,
    capacity,
    free_time,
    b,
    power,
    fixed,
    cost,
    slope,
    stamp,
    mark,
):
    """One Newton step from a way to the best; the mark after it."""
    on_way, on_both = mark + 1, mark + 2
    for position in range(begin_at[way], begin_at[way] + n_links[way]):
        stamp[links[position]] = on_way
    dearer, bend = 0.0, 0.0
    for position in range(begin_at[best], begin_at[best] + n_links[best]):
        link = links[position]
        if stamp[link] == on_way:
            stamp[link] = on_both
        else:
            dearer -= cost[link]
            bend += slope[link]
    for position in range(begin_at[way], begin_at[way] + n_links[way]):
        link = links[position]
        if stamp[link] == on_way:
            dearer += cost[link]
            bend += slope[link]
    if dearer <= 0.0:
        return on_both
    moved = way_flow[way]
    if bend * moved > dearer:
        moved = dearer / bend
    if moved <= 0.0:
        return on_both
    way_flow[way] -= moved
    way_flow[best] += moved
    for position in range(begin_at[way], begin_at[way] + n_links[way]):
        link = links[position]
        if stamp[link] == on_way:
            flow[link] -= moved
            cost[link], slope[link] = link_cost(
                link, flow[link], capacity, free_time, b, power, fixed
            )
    for position in range(begin_at[best], begin_at[best] + n_links[best]):
        link = links[position]
        if stamp[link] != on_both:
            flow[link] += moved
            cost[link], slope[link] = link_cost(
                link, flow[link], capacity, free_time, b, power, fixed
            )
    return on_both


@nb.njit(cache=True)
def pack(
    first_way: Rows,
    next_way: Rows,
    begin_at: Rows,
    n_links: Rows,
    way_flow: Floats,
    links: Rows,
    new_next: Rows,
    new_begin: Rows,
    new_n_links: Rows,
    new_flow: Floats,
    new_links: Rows,
    used: Rows,
    flow: Floats,
) -> None:
    """Copy the ways that are still listed, and sum their flows anew over the links.

    Parameters
    ----------
    flow : (n_links,) float64, out
    used : (2,) int64, out
    """
    flow[:] = 0.0
    used[:] = 0
    for pair in range(first_way.size):
        way, last = first_way[pair], -1
        while way >= 0:
            new = used[0]
            new_begin[new], new_n_links[new], new_flow[new] = used[1], n_links[way], way_flow[way]
            for position in range(n_links[way]):
                link = links[begin_at[way] + position]
                new_links[used[1] + position] = link
                flow[link] += way_flow[way]
            if last < 0:
                first_way[pair] = new
            else:
                new_next[last] = new
            new_next[new] = -1
            last = new
            used[0] += 1
            used[1] += n_links[way]
            way = next_way[way]
