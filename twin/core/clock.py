"""The clock: steps models at their periods on one SimPy environment, ties in a fixed order."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import simpy

from twin.core.time import Tick
from twin.errors import ClockError

Late = Literal["catch up", "stop"]


@dataclass(frozen=True)
class Slot:
    """Something that happens every ``period`` ticks, first at tick 0.

    At one tick, slots happen in the order in which they were given.
    """

    period: Tick
    step: Callable[[Tick], None]


@dataclass(frozen=True)
class Pace:
    """Ties simulated time to the wall clock.

    Attributes
    ----------
    speed
        Simulated seconds a wall second; 1 is real time.
    late
        What to do when the run is behind: go on and ``"catch up"``, or ``"stop"`` with an error.
    tolerance
        Seconds behind that are not late yet.
    """

    speed: float = 1.0
    late: Late = "catch up"
    tolerance: float = 1.0


_FIRST, _STEPS = -1, 0
"""SimPy orders what falls on one tick by priority; processes of models have its normal 1."""


def urgent(env: simpy.Environment, delay: Tick, priority: int = _FIRST) -> simpy.Event:
    """An event after ``delay`` that comes before everything else of its tick.

    What happens to the city (events, readings that arrive) is there before models step, and models
    have stepped before processes go on, whatever the order in which the waits were begun.
    """
    event = simpy.Event(env)
    event._ok = True
    event._value = None
    env.schedule(event, priority=priority, delay=delay)
    return event


def ticker(
    env: simpy.Environment, slots: Sequence[Slot], end: Tick, pace: Pace | None = None
) -> Generator[simpy.Event, Any, None]:
    """The process that steps every slot up to and including ``end``.

    Raises
    ------
    ClockError
        A period that is not a positive whole number, or a paced run that is late and told to stop.
    """
    for slot in slots:
        if slot.period <= 0 or slot.period != int(slot.period):
            raise ClockError(
                f"a period of {slot.period} ticks", allowed="a whole number of milliseconds above 0"
            )
    queue = [(0, order) for order in range(len(slots))]
    began = time.monotonic()
    steps = [slot.step for slot in slots]
    periods = [slot.period for slot in slots]
    while queue and queue[0][0] <= end:
        now = queue[0][0]
        if now > env.now:
            yield urgent(env, now - env.now, _STEPS)
        if pace is not None:
            _keep(pace, now, began)
        while queue[0][0] == now:
            order = queue[0][1]
            steps[order](now)
            heapq.heapreplace(queue, (now + periods[order], order))


def _keep(pace: Pace, now: Tick, began: float) -> None:
    """Wait until the wall clock has reached this tick."""
    ahead = began + now / 1000.0 / pace.speed - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
    elif pace.late == "stop" and -ahead > pace.tolerance:
        raise ClockError(
            f"the run is {-ahead:.1f} s behind the wall clock at {now / 1000:.0f} s",
            allowed=f"at most {pace.tolerance:g} s",
            mend='a lower speed, fewer models, or late = "catch up"',
        )
