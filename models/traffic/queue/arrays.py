"""The arrays of a queue simulation: one record array a kind of thing.

Fields of one thing lie side by side and not in columns: an event touches ten fields of one link or
vehicle, which are then one or two lines of the processor's cache. And a kernel that is handed forty
arrays spends its time on handing them (``python -m bench.queue_engine`` moved 0.05 million link
entries a second with columns and over 3 million with records). A column is still one look away:
``state.links["held"]``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]
Keys = npt.NDArray[np.uint64]
Records = npt.NDArray[Any]

NONE = -1
OUT = -2
"""In no slot of the wheel."""
ARRIVES, BARRED = -1, -2
"""In place of a movement: the trip ends at the end of this link, or cannot go on from there."""
WAITING, DRIVING, ARRIVED, ENDED = 0, 1, 2, 3
"""States of a vehicle; ``ENDED`` at a barrier, or where its route broke."""
ONE_QUEUE, GROUPS, FILLING = 0, 1, 2
"""What is at the end of a link: one queue without holds; lane groups; some with a storage of their
own."""
HEAP, EPOCH, TRACED, CLOSED, PLANNED = 0, 1, 2, 3, 4
"""Places in ``State.counts``: events in the heap, number of the newest trees, traced lines,
whether a link is closed, events in the wheel."""


def _record(*fields: tuple[str, type], size: int = 0) -> np.dtype[Any]:
    """Fields aligned; ``size`` bytes where a record is to fill whole lines of the cache."""
    packed = np.dtype(list(fields), align=True)
    places: Any = packed.fields
    spec: Any = {
        "names": packed.names,
        "formats": [kind for _, kind in fields],
        "offsets": [places[name][1] for name, _ in fields],
        "itemsize": max(size, packed.itemsize),
    }
    return np.dtype(spec, align=True)


# The first 64 bytes of a record are what most events need of it: one line of the cache.
LINK = _record(
    ("opens", np.float64),  # last entry and its gap, s
    ("held", np.float64),  # time that vehicles spent here until `since`, veh s
    ("since", np.float64),  # s
    ("free_time", np.float64),  # L / u, s
    ("entry_gap", np.float64),  # 1 / q, s
    ("entries", np.int32),  # veh
    ("exits", np.int32),  # veh
    ("storage", np.int32),  # vehicles at jam density, rounded up
    ("first_waiting", np.int32),  # first of the groups that wait to enter, -1 none
    ("settled", np.int32),  # so many exits are older than `wave_time`
    ("turn", np.int32),  # column of State.trees
    ("mark_time", np.float64),  # when `exits` was written to `mark`, s
    ("wave_time", np.float64),  # L / w, s
    ("junction", np.float64),  # of `held`, time within the junction before, veh s
    ("virtual", np.float64),  # virtual time of the merge (start-time fair queueing)
    ("mark", np.int32),  # exits at `mark_time`
    ("ring", np.int32),  # first place in State.ring
    ("slot", np.int32),  # place of the next exit among those of the ring
    ("first_out", np.int32),  # its movements are first_out .. first_out + outs
    ("arrival_group", np.int32),  # group of those whose trip ends here
    ("stops", np.int32),  # vehicles that had to stop at its end
    ("length", np.float32),  # m
    ("outs", np.int8),
    ("closed", np.int8),
    ("lanes", np.int8),  # of its end: ONE_QUEUE, GROUPS or FILLING
    ("watched", np.int8),  # whether entries and exits are traced
)
GROUP = _record(
    ("time_sum", np.float64),  # travel times of those who left, s
    ("yielded", np.float64),  # how long the head has given way, s
    ("weight", np.float64),  # priority in a merge
    ("waits_since", np.float64),  # when the head was ready to leave, s
    ("passed", np.int32),  # veh
    ("head", np.int32),  # first of the queue, -1 none
    ("tail", np.int32),
    ("link", np.int32),
    ("waits_for", np.int32),  # link that the head waits to enter, -1 none
    ("next_waiting", np.int32),  # next group that waits for the same
    ("storage", np.int32),  # vehicles that fit on its lanes; 0 where only the link counts
    ("server", np.int32),  # its only server, -1 where it has several or none
    ("tag", np.float64),  # virtual start tag of a source
    ("first_server", np.int32),  # its servers are State.servers_of[first_server .. end_server]
    ("end_server", np.int32),
    ("entries", np.int32),  # vehicles that came to queue here, where the lanes can be full
    ("exits", np.int32),
    ("ring", np.int32),  # first place in State.ring
    ("slot", np.int32),  # place of the next exit among those of the ring
    ("taken", np.int32),  # of `storage`, places that a reserved lane takes
    size=128,
)
"""Lane groups; the last n_links of them are the sources, where vehicles wait to depart."""
SERVER = _record(
    ("free", np.float64),  # when the lanes are free again, s
    ("gap", np.float64),  # saturation headway, s
    ("shared", np.int32),  # one lane that several groups use: who gives way blocks it
)
"""Lanes that are used alike."""
MOVEMENT = _record(
    ("to", np.int32),  # link that it enters
    ("group", np.int32),
    ("plan", np.int32),  # row of the signal plan, -1 without one
    ("delay", np.float32),  # time within the junction, s
    ("hold", np.float32),  # wait before it that does not depend on others, s
    ("inside", np.float32),  # its way within the junction, m
    ("made", np.int32),  # vehicles that made it
    ("tag", np.float64),  # virtual start tag of the next that makes it
    ("first_yield", np.int32),  # gives way to State.yields[first_yield .. end_yield]
    ("end_yield", np.int32),
    ("seen", np.int8),  # whether others give way to it
    ("reserved", np.int8),  # whether its link's last lane group is for buses now
    size=64,
)
PLAN = _record(
    ("cycle", np.float64),  # s
    ("offset", np.float64),  # s
    ("first", np.int32),  # green in State.windows[first .. end]
    ("end", np.int32),
)
WINDOW = _record(("opens", np.float64), ("closes", np.float64))
"""Green from ``opens`` to ``closes`` after the beginning of a cycle, s; ascending in a plan."""
VEHICLE = _record(
    ("ready", np.float64),  # at the end of its link earliest, s
    ("entered", np.float64),  # entry of its link, s
    ("behind", np.int32),  # next in the same queue, -1 none
    ("movement", np.int32),  # at the end of its link, or ARRIVES, BARRED
    ("at", np.int32),  # link
    ("position", np.int32),  # place in State.routes, -1 for those who follow the trees
    ("goal", np.int32),  # row of the trees
    ("epoch", np.int32),  # trees that it follows; those of its departure at first
    ("asked", np.int32),  # newest trees that it took or left
    ("stop", np.int32),  # next of its stops, -1 none
    ("size", np.float32),  # headways that it takes
    ("driven", np.float32),  # m
    ("freely", np.float32),  # time that its way takes on empty streets, s
    ("queued", np.float32),  # time in queues, s
    ("key", np.uint64),  # of the keyed draws
    ("depart", np.float64),  # wanted, s
    ("started", np.float64),  # entry of the first link, s
    ("arrive", np.float64),  # end of the trip, s
    ("skip", np.float32),  # share of the first link that it does not drive
    ("last", np.int32),  # last place in State.routes
    ("bus", np.int32),  # whether it may use reserved lanes
    ("state", np.int64),
    size=128,
)
STOP = _record(
    ("time", np.float64),  # that it stands there at least, s
    ("until", np.float64),  # it does not leave before, s
    ("came", np.float64),  # s, infinite before it is known
    ("left", np.float64),
    ("link", np.int32),
    ("place", np.float32),  # share of the link before it; -1 somewhere in the middle
)
"""The stops of a vehicle follow each other; a link of -1 ends them."""
EVENT = _record(("time", np.float64), ("entity", np.int32))
"""Entities are groups, then links, then vehicles."""
ENTRY = _record(
    ("time", np.float64),  # of the next event, infinite without one, s
    ("after", np.int32),  # next in the same slot of the wheel, -1 last, -2 in no slot
    ("before", np.int32),  # the one before it, -1 first
)
WHEEL = _record(
    ("slots", np.float64),  # a second; a power of two, so that products are exact
    ("slot", np.int64),  # up to and with this one, events are in the heap
)
LINE = _record(("time", np.float64), ("vehicle", np.int32), ("link", np.int32))
"""Entries and exits of watched links as they happened; an exit is written as ``-1 - link``."""
RULE = _record(
    ("clear", np.float64),  # time that a crossing vehicle keeps the junction from others, s
    ("gap", np.float64),  # gap that those need who give way, s
    ("patience", np.float64),  # time after which they go anyway, s
    ("reroute", np.float64),  # share of the drivers who take new trees
)


class State(NamedTuple):
    """All arrays of a simulation, as the kernels take them.

    Attributes
    ----------
    links, groups, servers, movements, vehicles, plans, windows, stops, rules
        Record arrays of the types above.
    ring : (sum of storage,) float64, s
        Times of the last exits of each link and lane group.
    crossed : (n_movements,) float64, s
        When somebody last made a movement to which others give way.
    servers_of, yields, routes : int32
        What records point into.
    goals : (n_goals,) int32
        Links of the goals.
    trees : (n_versions, n_goals, n_turns) int8
        Which of a link's movements leads on to a goal, or ``BARRED``; epoch e of the trees lies in
        version ``e % n_versions``.
    heap : (capacity,) EVENT
        Events of the present slot, by time, then entity.
    planned : (n_groups + n_links,) ENTRY
        When each entity's valid event is, and its neighbours in a slot.
    slots : (n_slots,) int32
        First entity of each slot, -1 none.
    wheel : (1,) WHEEL
    trace : (capacity,) LINE
    counts : (5,) int64
        See ``HEAP``.
    """

    links: Records
    groups: Records
    servers: Records
    movements: Records
    vehicles: Records
    plans: Records
    windows: Records
    stops: Records
    rules: Records
    ring: Floats
    crossed: Floats
    servers_of: Ints
    yields: Ints
    routes: Ints
    goals: Ints
    trees: npt.NDArray[np.int8]
    heap: Records
    planned: Records
    slots: Ints
    wheel: Records
    trace: Records
    counts: Longs
