"""The contract between the traffic model and what moves the vehicles.

The model (:mod:`models.traffic.model`) owns ports, demand, policies' controls and money; an engine
owns the vehicles. SUMO is one engine (:mod:`models.traffic.sumo`); another implements this file and
is chosen in :func:`start` by the parameter ``engine``.

What happens when
-----------------
1. ``start(setting)`` in the model's ``setup``: everything is allocated, streets are empty, ``free``
   is known. It may refuse its input (``ConfigError`` or ``ModelError``).
2. At tick 0 ``control`` is called once, before anything moves.
3. At each later step ``now`` of the model, in this order, once each: ``release`` (vehicles that
   depart in ``[previous step, now)``), ``advance(now)``, ``entered()`` where somebody follows the
   vehicles (:mod:`models.traffic.passages`), ``columns()``, ``passed()`` where edges are watched,
   ``calls()`` where there are ``buses``, ``control``; once an hour and at the end ``account()``.
4. ``close()`` once, also after a failure; again it does nothing, nor in a forked child.

Between steps the process may fork: no thread, no output file held open.

Units and order
---------------
A tick is a millisecond since the start of the run. Arrays over edges are in the row order of the
city's table ``edge``, (n_edges,) float64; over signals in that of the table ``signal``. Vehicles
name edges by row. Nothing depends on the order of a dict or on the clock: the same calls give the
same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from twin.core.time import Tick

if TYPE_CHECKING:
    from models.traffic.parameters import TrafficParameters
    from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
EngineName = Literal["libsumo", "traci", "sumo-gui", "queue"]
EMISSIONS = ("co2", "nox", "pm", "fuel")
"""Order of what vehicles emit and burn."""


class Ways(Protocol):
    """Ways by number."""

    def way(self, route: int, /) -> npt.NDArray[np.signedinteger[Any]]:
        """Edge rows of a way, in the order in which they are passed."""


@dataclass(frozen=True)
class Setting:
    """What an engine is told before it starts.

    Attributes
    ----------
    city
        Its tables, and ``network`` and ``demand``: the files of SUMO.
    seed
        Of the run, 0 to 2**31 - 1.
    scratch
        Folder of the run for temporary files.
    own
        Whether to drive the demand that came with the city.
    released
        Whether vehicles will come through :meth:`Engine.release`.
    wanted
        Ports that something consumes; :meth:`Engine.columns` need not fill others.
    controlled
        Controls that a policy or event of the scenario may set.
    watched : (n_watched,) int64, edge row
        Edges whose passages :meth:`Engine.passed` reports, vehicle by vehicle; often none.
    parameters
        Of the model: ``period``, ``sample``, ``horizon``, ``reroute``, ``options``.
    ways
        Ways that ``Vehicles.way`` counts; more are added while the run goes on. None without any.
    buses
        Files of SUMO (``routes``, ``additional``) with buses that drive beside the demand.
    """

    city: City
    seed: int
    scratch: Path
    own: bool
    released: bool
    wanted: frozenset[str]
    controlled: frozenset[str]
    watched: Rows
    parameters: TrafficParameters
    ways: Ways | None = None
    buses: Mapping[str, Sequence[Path]] = field(default_factory=dict)


@dataclass(frozen=True)
class Vehicles:
    """Vehicles that are about to depart, in the order of departure, then name.

    Attributes
    ----------
    names : (n,) str
        Unique in the run.
    depart : (n,) float64, tick
        In the step that begins, or before it (who waited for an edge to open): then depart at once.
    kind : (n,) int64
        Index into ``models.traffic.fleet.NAMES``.
    origin, goal : (n,) int64, edge row
        A way exists on the open network; the engine finds it, by present travel times, at the
        departure, and looks for a better one every ``reroute`` of the parameters.
    place : (n,) float64, m
        From the beginning of the origin; NaN for who enters at the border, at full speed.
    factor : (n,) float64, 1
        Wanted speed over the limit.
    way : (n,) int64
        Row among ``Setting.ways`` of the way that it keeps to unless that is closed; -1 for who
        finds one.
    burden, fined : (n,) float64, s/EUR
        How many seconds of travel a euro of ``traffic.toll``, and of ``traffic.zone_fine``, weighs
        to the driver, 0 to who need not pay: of all ways it takes the one with the least time +
        burden x toll + fined x fine. On edges where it may be fined, it pays no toll.
    """

    names: npt.NDArray[np.str_]
    depart: Floats
    kind: Rows
    origin: Rows
    goal: Rows
    place: Floats
    factor: Floats
    way: Rows
    burden: Floats
    fined: Floats


@dataclass(frozen=True)
class Passages:
    """Vehicles that passed the middle of a watched edge.

    Attributes
    ----------
    names : (n,) str
        As in :class:`Vehicles`, or as the city's own demand names them.
    edges : (n,) int64, edge row
    """

    names: npt.NDArray[np.str_]
    edges: Rows


@dataclass(frozen=True)
class Calls:
    """Buses of ``Setting.buses`` at their stops.

    Attributes
    ----------
    names : (n,) str
    numbers : (n,) int64
        Of the stop among those of the bus, from 0; -1 says that the bus is gone.
    came, left : (n,) float64, s
        Since the start of the run; NaN where it has not left, and for one that is gone.
    """

    names: npt.NDArray[np.str_]
    numbers: Rows
    came: Floats
    left: Floats


@dataclass(frozen=True)
class Account:
    """Sums since the start of the run.

    Attributes
    ----------
    finished
        Vehicles that reached their goal.
    travel_time, time_loss, waiting_time
        Means over the finished ones, s; NaN without any.
    vehicle_seconds, distance
        Of all vehicles, also those still under way, s and m.
    emitted
        By name in ``EMISSIONS``, g.
    teleports
        Vehicles freed from a jam; 0 where an engine needs none.
    detours, ended
        Led around a closure; ended at a barrier since no way leads around.
    advised
        Vehicles that took another way because of advice.
    waiting, waited
        Vehicles that should have departed and found no room, at this moment, and the time that all
        have waited so, s.
    bus_speed
        Mean speed of the buses, stops included, m/s; NaN without any.
    bus_seconds
        What of ``vehicle_seconds`` is of buses.
    notes
        What the reader of the results should know: a gridlock and where, vehicles left out.
    """

    finished: float
    travel_time: float
    time_loss: float
    waiting_time: float
    vehicle_seconds: float
    distance: float
    emitted: dict[str, float] = field(default_factory=dict)
    teleports: float = 0.0
    detours: float = 0.0
    ended: float = 0.0
    waiting: float = 0.0
    waited: float = 0.0
    advised: float = 0.0
    bus_speed: float = float("nan")
    bus_seconds: float = 0.0
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """Moves vehicles over the city's edges.

    Attributes
    ----------
    free : (n_edges,) float64, m/s
        Speed on an empty edge, the value that ``traffic.speed_limit`` has when nobody set it.
    """

    free: Floats

    def release(self, vehicles: Vehicles) -> int:
        """Take vehicles; how many it refused because no way is open to them."""

    def advance(self, now: Tick) -> None:
        """Move everything up to ``now``.

        Raises
        ------
        ModelError
            It cannot go on; says why.
        """

    def columns(self) -> Mapping[str, Floats]:
        """What happened since the last call, by port: each of ``Setting.wanted`` that it has.

        ``traffic.flow`` (veh/h) vehicles that passed the edge's middle; ``traffic.speed`` (m/s)
        space mean, the free speed when nobody was there; ``traffic.density`` (veh/km) mean;
        ``traffic.occupancy`` (1) mean share of the length covered; ``traffic.travel_time`` (s) to
        pass the edge, smoothed with ``horizon``; ``traffic.co2``, ``nox``, ``pm`` (g/s) means.
        """

    def passed(self) -> Passages:
        """Passages of ``Setting.watched`` edges since the last call, in a reproducible order."""

    def calls(self) -> Calls:
        """Which buses came to stops, or left them, since the last call; once each, or twice."""

    def control(self, columns: Mapping[str, Floats]) -> None:
        """Make the controls hold from now on; all of them by port, whether changed or not.

        ``traffic.closed`` (n_edges) above 0.5: only rescue services enter; who is on the edge may
        leave, whoever would enter it gets a way around. ``traffic.speed_limit`` (n_edges, m/s);
        ``free`` restores. ``traffic.signal_program`` (n_signals): index of the program, -1 the
        usual. ``traffic.toll`` and ``traffic.zone_fine`` (n_edges, EUR): weigh on the ways of
        released vehicles, see :class:`Vehicles`; the model charges them by :meth:`passed`. Further
        controls are described where the model declares them; an engine passes over those that it
        does not know.
        """

    def account(self) -> Account:
        """Sums up to the last ``advance``."""

    def close(self) -> None:
        """Give everything back."""


def start(setting: Setting) -> Engine:
    """The engine that the parameters name, started."""
    if setting.parameters.engine == "queue":
        from models.traffic.queue.engine import QueueEngine

        return QueueEngine(setting)
    from models.traffic.sumo.engine import SumoEngine

    return SumoEngine(setting)
