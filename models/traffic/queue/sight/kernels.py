"""What detectors at signals see of queues, second by second."""

from __future__ import annotations

import numba as nb

from models.traffic.queue.arrays import Bytes, Floats, Ints, State


@nb.njit(cache=True, _nrt=False)
def before(s: State, groups: Ints, ahead: Floats, now: float, out: Floats) -> None:
    """Vehicles of lane groups that wait at the stop line, or reach it soon.

    Parameters
    ----------
    groups : (n,) int32
    ahead : (n,) float64, s
        How long a free vehicle takes from the beginning of the detector.
    out : (n,) float64, veh
        Output.
    """
    for row in range(groups.size):
        vehicle, count = s.groups[groups[row]].head, 0
        while vehicle >= 0 and s.vehicles[vehicle].ready <= now + ahead[row]:
            count += 1
            vehicle = s.vehicles[vehicle].behind
        out[row] = count


@nb.njit(cache=True, _nrt=False)
def behind(s: State, links: Ints, ago: Floats, now: float, out: Floats) -> None:
    """Vehicles that entered links a while ago at most.

    Parameters
    ----------
    links : (n,) int32
    ago : (n,) float64, s
    out : (n,) float64, veh
        Output.
    """
    for row in range(links.size):
        link, count = links[row], 0
        last = s.links[link].arrival_group
        first = last
        begin = s.links[link].first_out
        for movement in range(begin, begin + s.links[link].outs):
            first = min(first, s.movements[movement].group)
        for group in range(first, last + 1):
            vehicle = s.groups[group].head
            while vehicle >= 0:
                count += s.vehicles[vehicle].entered > now - ago[row]
                vehicle = s.vehicles[vehicle].behind
        out[row] = count


@nb.njit(cache=True, _nrt=False)
def comes(s: State, movements: Ints, gap: float, now: float, out: Bytes) -> None:
    """Movements for which the head of their lane group is at the stop line, or there in a gap.

    Parameters
    ----------
    movements : (n,) int32
    gap
        s
    out : (n,) int8
        Output.
    """
    for row in range(movements.size):
        vehicle = s.groups[s.movements[movements[row]].group].head
        out[row] = (
            vehicle >= 0
            and s.vehicles[vehicle].movement == movements[row]
            and s.vehicles[vehicle].ready <= now + gap
        )
