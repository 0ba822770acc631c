"""Lamps that wear out, how the city hears of it, and the crews that repair them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from twin.core.model import Process
from twin.core.random import uniforms
from twin.core.time import DailyWindow, Tick, hours, minutes
from twin.core.world import World

if TYPE_CHECKING:
    import simpy

    from models.lighting.lamps import Luminaires

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
DAY = hours(24)


class Faults:
    """Which lamps work; a lamp that burned its drawn hours fails.

    Parameters
    ----------
    world, lamps
        Of the run.
    parameters
        The model's.
    changed
        Called when a lamp failed or was repaired.

    Attributes
    ----------
    works : (n_lamps,) float64
        1, or 0 for a lamp that has failed.
    failures, repairs
        So far.
    """

    def __init__(
        self, world: World, lamps: Luminaires, parameters: Any, changed: Callable[[], None]
    ) -> None:
        self._world, self._lamps, self._rules, self._changed = world, lamps, parameters, changed
        self._ids = world.city["lamp"].ids
        self._life = world.streams.keys("lighting.failure", self._ids)
        self._lives = np.zeros(len(self._ids), dtype=np.int64)
        self.works = np.ones(len(self._ids))
        self.failures = self.repairs = 0
        self.spent = 0.0
        self._burned = 0.0
        self._left = self._draw(np.arange(len(self._ids)))
        self._crews: simpy.Resource | None = None

    def _draw(self, rows: Rows) -> Floats:
        """Burning hours until these fail."""
        unit = np.empty(len(rows))
        for number in np.unique(self._lives[rows]).tolist():
            mine = self._lives[rows] == number
            unit[mine] = -np.log(uniforms(self._life[rows][mine], number))
        self._lives[rows] += 1
        full = np.zeros(len(self._ids))
        full[rows] = unit
        return self._lamps.residual(full)[rows]

    def start(self) -> None:
        """Take the share of lamps that are out of order at the start, and call for them."""
        share = self._world.streams.keys("lighting.faulty", self._ids)
        out = np.flatnonzero(uniforms(share, 0) < self._rules.faulty_at_start)
        self._out(out, uniforms(share, 1)[out])

    def burn(self, elapsed: float, burning: Floats) -> None:
        """Age the lamps that burn by some hours; those whose hours are over fail.

        Parameters
        ----------
        burning : (n_lamps,) float64
            1 for the lamps that burned since the last :meth:`settle`.
        """
        self._burned += elapsed
        if self._burned >= self._soonest(burning):
            self.settle(burning)
            worn = np.flatnonzero((self._left <= 0.0) & (self.works > 0.0))
            self.failures += len(worn)
            for row in worn.tolist():
                self._world.log.add(self._world.now, "lighting.failed", str(self._ids[row]))
            self._out(worn, None)

    def settle(self, burning: Floats) -> None:
        """Write the hours since the last time to the lamps that burned: their set changes now."""
        self._left -= self._burned * burning
        self._lamps.age += self._burned * burning
        self._burned = 0.0
        self._next: float | None = None

    _next: float | None = None

    def _soonest(self, burning: Floats) -> float:
        if self._next is None:
            alive = self._left[(burning > 0.0) & (self.works > 0.0)]
            self._next = float(alive.min()) if len(alive) else math.inf
        return self._next

    def renewed(self, rows: Rows) -> None:
        """New luminaires stand here: they work, and their hours begin."""
        self.works[rows] = 1.0
        self._left[rows] = self._draw(rows)
        self._next = None

    # -- from the failure to the repair --------------------------------------------------------

    def _out(self, rows: Rows, waited: Floats | None) -> None:
        """These have failed; where they had before the run, part of the wait is over."""
        if not len(rows):
            return
        self.works[rows] = 0.0
        self._next = None
        self._changed()
        env = self._world.env
        for place, row in enumerate(rows.tolist()):
            share = 1.0 if waited is None else float(waited[place])
            env.process(self._repair(row, share, int(self._lives[row])))

    def _repair(self, row: int, share: float, life: int) -> Process:
        env, rules = self._world.env, self._rules
        if self._crews is None:
            import simpy

            self._crews = simpy.Resource(env, rules.crews)
        chance = self._world.streams.generator("lighting.repair", f"{self._ids[row]}.{life}")
        yield env.timeout(round(share * self._known_after(chance)))
        with self._crews.request() as crew:
            yield crew
            yield env.timeout(self._until_work())
            work = minutes(rules.repair_time) * math.exp(0.4 * chance.standard_normal())
            yield env.timeout(round(work))
        if self.works[row] > 0.0 or self._lives[row] != life:
            return  # renewed meanwhile
        self.repairs += 1
        visit = rules.visit + float(self._part(row))
        self.spent += visit
        self._world.ledger.book(env.now, "municipality", "firms", visit, "lighting maintenance")
        self._world.log.add(env.now, "lighting.repaired", str(self._ids[row]))
        self._lamps.age[row] = 0.0
        self.works[row] = 1.0
        self._left[row] = self._draw(np.array([row]))[0]
        self._next = None
        self._changed()

    def _part(self, row: int) -> float:
        from models.lighting import technology

        return float(technology.of(self._lamps.kind[row : row + 1], "part")[0])

    def _known_after(self, chance: np.random.Generator) -> Tick:
        """Until the failure is known: by telemetry, or the first of patrol and a report."""
        rules = self._rules
        if rules.detection == "telemetry":
            return int(rules.telemetry_period)
        patrol = chance.uniform(0.0, rules.patrol_days)
        report = chance.exponential(rules.report_days)
        return int(min(patrol, report) * DAY)

    def _until_work(self) -> Tick:
        """Ticks until the crew may go: at once in working hours, else when the next ones begin."""
        calendar, now = self._world.calendar, self._world.now
        window = DailyWindow.between(self._rules.work_from, self._rules.work_until)
        wait: Tick = 0
        while wait < 8 * DAY:
            at = now + wait
            if window.contains(calendar, at) and calendar.local(at).weekday() < 5:
                return wait
            wait += minutes(15) - (at % minutes(15) if wait == 0 else 0)
        return wait
