"""From a SUMO network to links, lane groups and signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.traffic.buslanes import reservable
from models.traffic.queue.arrays import Floats, Ints
from models.traffic.queue.layout import Layout, lane_capacity, starts
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.signals import Program, SignalPlans, read_programs
from models.traffic.queue.turn import Turn
from twin.city.city import City
from twin.errors import DataError

TURNS = ("l", "L", "r", "R", "t")
"""Directions that are no straight on, as SUMO writes them."""
CARS, BUSES = "passenger", "bus"
BUS_LANE = -1
"""In place of a lane's number: the lane at the kerb while it is for buses alone."""


@dataclass(frozen=True)
class Streets:
    """The layout of a city and what a run wants to know beside it.

    Attributes
    ----------
    layout
        Its links are the rows of the city's table ``edge``.
    limit : (n_edges,) float64, m/s
        As it is signed.
    lanes : (n_edges,) float64
        That cars, else buses, may use.
    car : (n_edges,) bool
        Whether cars may drive there.
    plans
        For each signal row and program, the plan of each of its movements: {row: [(movements,
        plans), ...]}, the usual program under -1.
    brought
        For each signal row, the index of the program that a policy brings.
    lit
        For each signal row, its movements and their places in the signal's states.
    widths
        For each signal row, the places of its states.
    red
        Plan that is never green.
    ids
        Of the edges.
    turn_lanes
        Lanes from which each movement is made, counted from the kerb; ``BUS_LANE`` where buses make
        it from a lane reserved for them.
    reservable : (n_edges,) bool
        Whether the lane at the kerb can be reserved for buses.
    kerb : (n_edges,) int32
        Server of the lane at the kerb, -1 without one.
    """

    layout: Layout
    limit: Floats
    lanes: Floats
    car: npt.NDArray[np.bool_]
    plans: Mapping[int, Sequence[tuple[Ints, Ints]]]
    brought: Mapping[int, int]
    lit: Mapping[int, tuple[Ints, list[list[int]]]]
    widths: Mapping[int, int]
    red: int
    ids: Sequence[str]
    turn_lanes: Sequence[Sequence[int]]
    reservable: npt.NDArray[np.bool_]
    kerb: Ints


def read_streets(
    city: City,
    parameters: QueueParameters,
    *,
    own: bool,
    brought: Sequence[Path] = (),
    bus_lanes: bool = False,
) -> Streets:
    """The streets of a city as queues.

    Parameters
    ----------
    own
        Whether the signal programs of the city's own demand hold.
    brought
        Files with programs that policies bring; the usual ones stay usual.
    bus_lanes
        Whether lanes may be reserved for buses: these get lane groups of their own then.

    Raises
    ------
    DataError
        The SUMO network cannot be read, or lacks an edge of the city.
    """
    net = _read(city.network)
    edges = _edges(net, city)
    limit, wide, length, car = _lanes(edges)
    turns = _turns(net, edges, city)
    can = reservable(city) if bus_lanes else np.zeros(len(edges), dtype=np.bool_)
    turns = _with_buses(turns, can)
    more = [*(city.demand.get("additional", []) if own else []), *brought]
    programs = read_programs(city.network, more)
    return _build(city, parameters, turns, (limit, wide, length, car), programs, can)


def _read(network: Path) -> Any:
    import sumolib

    try:
        return sumolib.net.readNet(str(network), withInternal=True, withFoes=True)
    except Exception as error:
        raise DataError(f"the SUMO network cannot be read: {error}", where=str(network)) from None


def _edges(net: Any, city: City) -> list[Any]:
    found = []
    for edge in map(str, city["edge"].ids):
        if not net.hasEdge(edge):
            raise DataError(f"the network lacks the edge {edge!r}", where=str(city.network))
        found.append(net.getEdge(edge))
    return found


def _used(edge: Any) -> list[Any]:
    """Lanes that carry the traffic of an edge: those for cars, else for buses, else all."""
    for kind in (CARS, BUSES):
        lanes = [lane for lane in edge.getLanes() if lane.allows(kind)]
        if lanes:
            return lanes
    return list(edge.getLanes())


def _lanes(edges: Sequence[Any]) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    used = [_used(edge) for edge in edges]
    limit = np.array([max(lane.getSpeed() for lane in lanes) for lanes in used])
    length = np.array([lanes[0].getLength() for lanes in used])
    car = np.array([any(lane.allows(CARS) for lane in lanes) for lanes in used])
    return limit, np.array([float(len(lanes)) for lanes in used]), np.maximum(length, 0.1), car


def _turns(net: Any, edges: Sequence[Any], city: City) -> list[Turn]:
    """Movements, by the edge from which and then to which they lead."""
    rows = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    found: list[Turn] = []
    for row, edge in enumerate(edges):
        own: dict[int, list[Any]] = {}
        for target, connections in edge.getOutgoing().items():
            to = rows.get(target.getID())
            usable = [c for c in connections if _drivable(c)]
            if to is not None and usable:
                own[to] = usable
        found += [_turn(net, row, to, own[to]) for to in sorted(own)]
    return found


def _with_buses(turns: list[Turn], reserved: npt.NDArray[np.bool_]) -> list[Turn]:
    """The same movements, each once more for buses where a lane may be theirs."""
    more = [replace(turn, lanes=[BUS_LANE], cars=False) for turn in turns if reserved[turn.start]]
    return sorted([*turns, *more], key=lambda turn: (turn.start, turn.end, -min(turn.lanes)))


def _drivable(connection: Any) -> bool:
    return any(
        connection.getFromLane().allows(kind) and connection.getToLane().allows(kind)
        for kind in (CARS, BUSES)
    )


def _turn(net: Any, start: int, end: int, connections: list[Any]) -> Turn:
    cars = [c for c in connections if c.getFromLane().allows(CARS) and c.getToLane().allows(CARS)]
    used = cars or connections
    lit = [c for c in used if c.getTLSID()]
    seconds, metres = np.mean([_inside(net, c) for c in used], axis=0).tolist()
    return Turn(
        start,
        end,
        sorted({c.getFromLane().getIndex() for c in used}),
        seconds,
        metres,
        used[0].getDirection() in TURNS,
        used[0].getState() in ("m", "s", "w", "Z") and not lit,
        lit[0].getTLSID() if lit else "",
        sorted({int(c.getTLLinkIndex()) for c in lit}),
        used,
        bool(cars),
    )


def _inside(net: Any, connection: Any) -> tuple[float, float]:
    """Time on the lanes within a junction, s, and their length, m."""
    seconds, metres, via = 0.0, 0.0, connection.getViaLaneID()
    for _ in range(4):
        if not via:
            break
        lane = net.getLane(via)
        seconds += lane.getLength() / max(lane.getSpeed(), 0.5)
        metres += lane.getLength()
        onward = lane.getOutgoing()
        via = onward[0].getViaLaneID() if onward else ""
    return seconds, metres


def _groups(
    turns: Sequence[Turn], lanes: Floats
) -> tuple[Ints, Ints, list[list[int]], list[float]]:
    """Lane groups and servers.

    Turns that are made from the same lanes queue together; lanes that the same turns use are one
    server. Each edge has a last group for those whose trips end there, with a server of its own.

    Returns
    -------
    group : (n_turns,) int32
    group_link : (n_groups,) int32
    servers
        Of each group.
    wide
        Lanes of each server.
    """
    group = np.empty(len(turns), dtype=np.int32)
    links: list[int] = []
    servers: list[list[int]] = []
    wide: list[float] = []
    by_edge: dict[int, list[int]] = {}
    for row, turn in enumerate(turns):
        by_edge.setdefault(turn.start, []).append(row)
    for edge in range(len(lanes)):
        sets = dict.fromkeys(tuple(turns[row].lanes) for row in by_edge.get(edge, []))
        first = len(links)
        number = {lane_set: first + at for at, lane_set in enumerate(sets)}
        alike: dict[tuple[int, ...], int] = {}
        for lane in sorted({lane for lane_set in sets for lane in lane_set}):
            users = tuple(number[lane_set] for lane_set in sets if lane in lane_set)
            if users not in alike:
                alike[users] = len(wide)
                wide.append(0.0)
            wide[alike[users]] += 1.0
        for lane_set in sets:
            links.append(edge)
            servers.append([at for users, at in alike.items() if number[lane_set] in users])
        for row in by_edge.get(edge, []):
            group[row] = number[tuple(turns[row].lanes)]
        links.append(edge)
        servers.append([len(wide)])
        wide.append(float(lanes[edge]))
    return group, np.array(links, dtype=np.int32), servers, wide


def _yields(turns: Sequence[Turn], greens: Sequence[bool]) -> list[list[int]]:
    """For each turn, those to which it gives way.

    Parameters
    ----------
    greens
        Whether a turn at a signal must give way in its green ("g").
    """
    at: dict[Any, list[int]] = {}
    for row, turn in enumerate(turns):
        at.setdefault(turn.connections[0].getFrom().getToNode(), []).append(row)
    found: list[list[int]] = [[] for _ in turns]
    for node, rows in at.items():
        for row in rows:
            if turns[row].light and not greens[row]:
                continue
            found[row] = [
                other
                for other in rows
                if turns[other].start != turns[row].start
                and _forbids(node, turns[other], turns[row])
            ]
    return found


def _forbids(node: Any, first: Turn, second: Turn) -> bool:
    """Whether some lane of the first has the right of way over some lane of the second."""
    return any(
        node.forbids(strong, weak) for strong in first.connections for weak in second.connections
    )


def _build(
    city: City,
    p: QueueParameters,
    turns: Sequence[Turn],
    sizes: tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]],
    programs: Mapping[str, Mapping[str, Program]],
    can: npt.NDArray[np.bool_],
) -> Streets:
    limit, lanes, length, car = sizes
    speed = limit * p.speed
    group, group_link, servers, wide = _groups(turns, lanes)
    lane_flow = lane_capacity(speed, p.spacing, p.reaction)
    server_link = np.zeros(len(wide), dtype=np.int64)
    for row, listed in enumerate(servers):
        server_link[listed] = group_link[row]
    lit = SignalPlans(city, turns, programs, p)
    flow = np.array(wide) * lane_flow[server_link]
    layout = Layout(
        length=length,
        speed=speed,
        capacity=lanes * lane_flow,
        spaces=np.maximum(lanes, lanes * length / p.spacing),
        wave=np.full(len(length), p.spacing / p.reaction),
        start=np.array([turn.start for turn in turns], dtype=np.int32),
        end=np.array([turn.end for turn in turns], dtype=np.int32),
        group=group,
        delay=np.array([_loss(turn, p) for turn in turns]),
        plan=lit.usual,
        group_link=group_link,
        group_servers=servers,
        server_gap=1.0 / flow,
        arrival_group=starts(group_link, len(length))[1:] - 1,
        weight=np.array([flow[listed].sum() for listed in servers]),
        yields=_yields(turns, lit.gives_way),
        plans=lit.plans,
        windows=lit.windows,
    )
    on_lanes = np.zeros(len(group_link))
    for row, turn in enumerate(turns):
        on_lanes[group[row]] = len(turn.lanes) * max(1.0, length[turn.start] / p.spacing)
    layout.group_spaces = on_lanes
    layout.server_lanes = np.array(wide)
    red = np.zeros(len(group_link))
    np.maximum.at(red, group, lit.red)
    layout.red = red
    if p.signals == "capacity":
        lit.as_capacity(layout)
    layout.inside = np.array([turn.metres for turn in turns])
    layout.barred = np.array([not turn.cars for turn in turns], dtype=bool)
    return Streets(
        layout,
        limit,
        lanes,
        car,
        lit.programs,
        lit.brought,
        lit.lit,
        lit.widths,
        lit.red_plan,
        [str(edge) for edge in city["edge"].ids],
        [turn.lanes for turn in turns],
        can,
        _kerb(layout, turns),
    )


def _kerb(layout: Layout, turns: Sequence[Turn]) -> Ints:
    """Server of the lane at the kerb of each edge; (n_edges,) int32, -1 without one."""
    with_it: dict[int, set[int]] = {}
    without: dict[int, set[int]] = {}
    for row, turn in enumerate(turns):
        servers = set(layout.group_servers[layout.group[row]])
        if 0 in turn.lanes:
            with_it[turn.start] = with_it.get(turn.start, servers) & servers
        else:
            without.setdefault(turn.start, set()).update(servers)
    found = np.full(layout.links, -1, dtype=np.int32)
    for edge, servers in with_it.items():
        left = servers - without.get(edge, set())
        if left:
            found[edge] = min(left)
    return found


def _loss(turn: Turn, p: QueueParameters) -> float:
    """Time within the junction and what a turn or a missing priority costs beside, s."""
    return turn.seconds / p.speed + p.turn_loss * turn.turns + p.minor_loss * turn.minor
