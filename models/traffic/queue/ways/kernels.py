"""Shortest ways to a goal, turn restrictions obeyed.

Links that lead on to the same links at the same cost share a turn (a row of ``Turns``): in a plain
network that is a node, and the search is over nodes; where lane groups and forbidden turns tell the
links apart, it is over links. The first tree of a goal comes from Dijkstra's algorithm with a heap;
later ones relax the turns in the order of that tree (Bellman 1958 in a good order) until nothing
changes, which is exact too and takes two or three sweeps where times changed little.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from models.traffic.queue.arrays import (
    BARRED,
    HEAP,
    NONE,
    Bytes,
    Floats,
    Ints,
    Longs,
    Records,
    State,
)
from models.traffic.queue.calendar.kernels import pop, push
from models.traffic.queue.ways.turns import Turns

FAR = math.inf
SAME = 1e-6
"""Costs that differ by less are equal, s."""
SWEEPS = 6
"""With more sweeps than this the order is stale, and Dijkstra finds a new one."""


# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.
@nb.njit(cache=True, _nrt=False)
def mix(a: int, b: int) -> int:
    """A 32-bit hash of two numbers, for keyed tie-breaks."""
    z = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((z ^ (z >> np.uint64(31))) >> np.uint64(32))


@nb.njit(cache=True, _nrt=False)
def price(
    s: State, turns: Turns, group_time: Floats, entry_cost: Floats, base: Floats, out: Floats
) -> None:
    """Cost of each arc between turns.

    Parameters
    ----------
    group_time : (n_groups,) float64, s
        Time from the entry of a link until it is left through the group.
    entry_cost : (n_links,) float64, s
        Toll over the value of time; large where a link is closed.
    base : (n_links,) float64, s
        Output: time through the fastest group of each link.
    out : (n_arcs,) float64, s
        Output: what the group of the arc takes more than the base of its link, the delay within the
        junction, and entry cost and base of the link that is entered.
    """
    for link in range(base.size):
        base[link] = group_time[s.links[link].arrival_group]
        first, end = s.links[link].first_out, s.links[link].first_out + s.links[link].outs
        if first < end:
            base[link] = FAR
        for movement in range(first, end):
            base[link] = min(base[link], group_time[s.movements[movement].group])
    for arc in range(out.size):
        movement = turns.movement[arc]
        group = s.movements[movement].group
        own = group_time[group] - base[s.groups[group].link]
        to = turns.link[arc]
        out[arc] = own + s.movements[movement].delay + entry_cost[to] + base[to]


@nb.njit(cache=True, _nrt=False)
def dijkstra(
    turns: Turns,
    cost: Floats,
    base: Floats,
    goal: int,
    to_go: Floats,
    order: Ints,
    heap: Records,
    count: Longs,
) -> int:
    """Cost from each turn to the entry of a goal, backwards from it.

    Parameters
    ----------
    cost : (n_arcs,) float64, s
    base : (n_links,) float64, s
        Of the goal it is not counted.
    to_go : (n_turns,) float64, s
        Output; infinite without a way.
    order : (n_turns,) int32
        Output: the turns by ascending ``to_go``, those without a way left out.

    Returns
    -------
    int
        Number of turns in ``order``.
    """
    to_go[:] = FAR
    count[HEAP] = 0
    for place in range(turns.link_start[goal], turns.link_start[goal + 1]):
        arc = turns.into_link[place]
        turn, there = turns.before[arc], cost[arc] - base[goal]
        if there < to_go[turn]:
            to_go[turn] = there
            push(heap, count, there, turn)
    found = 0
    while count[HEAP] > 0:
        time, turn = heap[0].time, heap[0].entity
        pop(heap, count)
        if time > to_go[turn]:
            continue
        order[found] = turn
        found += 1
        for place in range(turns.turn_start[turn], turns.turn_start[turn + 1]):
            arc = turns.into_turn[place]
            there = time + cost[arc]
            if there < to_go[turns.before[arc]]:
                to_go[turns.before[arc]] = there
                push(heap, count, there, turns.before[arc])
    return found


@nb.njit(cache=True, _nrt=False)
def sweep(turns: Turns, cost: Floats, order: Ints, found: int, to_go: Floats) -> int:
    """The same costs, relaxed in the order of an older tree until nothing changes.

    Parameters
    ----------
    order : (n_turns,) int32
        The first ``found`` are taken.
    to_go : (n_turns + 1,) float64, s
        In and out; the arcs that enter the goal lead to the last place.

    Returns
    -------
    int
        Sweeps that it took; ``SWEEPS`` when it gave up.
    """
    for count in range(SWEEPS):
        changed = 0
        for place in range(found):
            turn = order[place]
            best = FAR
            for arc in range(turns.start[turn], turns.start[turn + 1]):
                best = min(best, cost[arc] + to_go[turns.after[arc]])
            changed += best != to_go[turn]
            to_go[turn] = best
        if changed == 0:
            return count
    return SWEEPS


@nb.njit(cache=True, _nrt=False)
def steps(turns: Turns, cost: Floats, to_go: Floats, salt: int, tree: Bytes) -> None:
    """Which arc leads on from each turn; ties are broken by a keyed hash.

    Parameters
    ----------
    to_go : (n_turns + 1,) float64, s
        Of :func:`sweep`.
    tree : (n_turns,) int8
        Output: number among the arcs of the turn, ``BARRED`` without a way.
    """
    for turn in range(tree.size):
        best, chosen = FAR, NONE
        for arc in range(turns.start[turn], turns.start[turn + 1]):
            there = cost[arc] + to_go[turns.after[arc]]
            if there < best - SAME:
                best, chosen = there, arc
            elif there <= best + SAME and there < FAR and mix(arc, salt) > mix(chosen, salt):
                chosen = arc
        tree[turn] = BARRED if chosen < 0 else chosen - turns.start[turn]


@nb.njit(cache=True, _nrt=False)
def lead(turns: Turns, goal: int, place: int) -> None:
    """Let the arcs that enter a goal lead to a place of their own, or back to its turn."""
    for at in range(turns.link_start[goal], turns.link_start[goal + 1]):
        turns.after[turns.into_link[at]] = place


@nb.njit(cache=True, _nrt=False)
def renew(
    turns: Turns,
    cost: Floats,
    base: Floats,
    goals: Ints,
    rows: Ints,
    orders: Ints,
    known: Ints,
    seed: int,
    to_go: Floats,
    heap: Records,
    count: Longs,
    trees: Bytes,
) -> None:
    """New trees for some goals, which share their costs.

    Parameters
    ----------
    goals : (n_goals,) int32
        Link of each goal.
    rows : (n,) int32
        Those that get new trees.
    orders : (n_goals, n_turns) int32
        Orders of the last trees; renewed where stale.
    known : (n_goals,) int32
        How many turns each order has; 0 for none yet.
    seed
        Of the tie-breaks.
    to_go : (n_turns + 1,) float64
        Work space, as are ``heap`` and ``count``.
    trees : (n_goals, n_turns) int8
        Output.
    """
    size = to_go.size - 1
    for row in rows:
        goal = goals[row]
        taken = SWEEPS
        lead(turns, goal, size)
        if known[row] > 0:
            to_go[:] = FAR
            to_go[size] = -base[goal]
            taken = sweep(turns, cost, orders[row], known[row], to_go)
        if taken == SWEEPS:
            known[row] = dijkstra(turns, cost, base, goal, to_go[:size], orders[row], heap, count)
            to_go[size] = -base[goal]
        steps(turns, cost, to_go, mix(seed, goal), trees[row])
        lead(turns, goal, turns.of_link[goal])


@nb.njit(cache=True, _nrt=False)
def group_times(s: State, free: Floats, keep: float, now: float, smooth: Floats) -> None:
    """Travel time through each lane group: mean of those who left, or the wait of the head.

    Parameters
    ----------
    free : (n_groups,) float64, s
        On an empty street, half a red included.
    keep : float
        Weight of the former value.
    smooth : (n_groups,) float64, s
        In and out. ``time_sum`` and ``passed`` begin anew.
    """
    for group in range(s.groups.size - s.links.size):
        fresh = free[group]
        if s.groups[group].passed > 0:
            fresh = s.groups[group].time_sum / s.groups[group].passed
        head = s.groups[group].head
        if head >= 0:
            fresh = max(fresh, now - s.vehicles[head].entered)
        smooth[group] = max(
            s.links[s.groups[group].link].free_time, keep * smooth[group] + (1.0 - keep) * fresh
        )
        s.groups[group].time_sum = 0.0
        s.groups[group].passed = 0
