"""Which movement a vehicle makes at the end of a link."""

from __future__ import annotations

import numba as nb
import numpy as np

from models.traffic.queue.arrays import ARRIVES, BARRED, CLOSED, EPOCH, State

# `_nrt=False` leaves out the counting of references, whose atomic operations cost more than the
# work between them; nothing is allocated here.


@nb.njit(cache=True, _nrt=False, forceinline=True)
def mixed(key: int, counter: int) -> float:
    """A number in [0, 1) from a key and a counter (SplitMix64's finaliser)."""
    z = np.uint64(key) + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@nb.njit(cache=True, _nrt=False, forceinline=True)
def tree_movement(s: State, vehicle: int, link: int) -> int:
    """The movement that a vehicle's tree tells it to make at the end of a link.

    A driver takes the newest trees with probability ``reroute`` each time they are renewed, else
    keeps those it had; who sets off has heard of all that are kept. Older trees are gone. Whose
    trees lead to a closed link takes the newest.
    """
    goal = s.vehicles[vehicle].goal
    if s.goals[goal] == link:
        return ARRIVES
    newest, versions = s.counts[EPOCH], s.trees.shape[0]
    epoch = newest
    if s.rules[0].reroute < 1.0:
        asked = s.vehicles[vehicle].asked
        if asked < newest:
            while epoch > asked and mixed(s.vehicles[vehicle].key, epoch) >= s.rules[0].reroute:
                epoch -= 1
            s.vehicles[vehicle].asked = newest
            if epoch > asked:
                s.vehicles[vehicle].epoch = epoch
        epoch = max(np.int64(s.vehicles[vehicle].epoch), newest - versions + 1)
    turn, first = s.links[link].turn, s.links[link].first_out
    step = s.trees[epoch % versions, goal, turn]
    if s.counts[CLOSED] and step >= 0 and s.links[s.movements[first + step].to].closed:
        s.vehicles[vehicle].epoch = s.vehicles[vehicle].asked = newest
        step = s.trees[newest % versions, goal, turn]
        if step >= 0 and s.links[s.movements[first + step].to].closed:
            return BARRED
    return first + step if step >= 0 else step


@nb.njit(cache=True, _nrt=False, forceinline=True)
def choose(s: State, vehicle: int, link: int, ahead: int) -> int:
    """The movement of a vehicle at the end of a link.

    Parameters
    ----------
    ahead
        0 when it is on the link, 1 when the link is the next of its way.
    """
    position = s.vehicles[vehicle].position
    if position < 0:
        return tree_movement(s, vehicle, link)
    position += ahead
    if position == s.vehicles[vehicle].last:
        return ARRIVES
    following, found = s.routes[position + 1], BARRED
    first = s.links[link].first_out
    for movement in range(first, first + s.links[link].outs):
        if s.movements[movement].to == following:
            found = movement
            if not (s.movements[movement].reserved and s.vehicles[vehicle].bus):
                break
    return found
