"""Faults of the grid, the crews that mend them, and how long customers are without supply."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import simpy

from models.energy import demand
from models.energy.reliability.failures import draw, yearly
from models.energy.reliability.parameters import ReliabilityParameters
from models.energy.reliability.switches import Flags, Switches
from twin.city.city import City
from twin.core.indicator import Indicator
from twin.core.model import Model, Process
from twin.core.time import Tick, hours, minutes
from twin.core.world import World

Floats = npt.NDArray[np.float64]

LINE, UNIT = "energy.line_fault", "energy.transformer_fault"
SUPPLY, CREWS, REMOTE = "energy.supply", "energy.crews", "energy.remote_switches"
COUNTED = minutes(3)
"""Interruptions that are longer count (EN 50160, and Europe's regulators)."""


def customers(city: City) -> Floats:
    """Dwellings, and one for each other building in use, at each bus; (n_bus,) float64."""
    building = city["building"]
    homes = np.rint(np.nan_to_num(demand.dwellings(building, demand.annual(building))))
    others = (building["use"] != "residential") & (building["floor_area"] > 0)
    bus = city.link("building", "bus").indices
    found: Floats = np.bincount(bus, homes + others, len(city["bus"])).astype(np.float64)
    return found


INDICATORS = (
    Indicator("energy.saidi", "min", stakeholder="households", headline=True),
    Indicator("energy.saifi", "interruptions", stakeholder="households"),
    Indicator("energy.customer_minutes", "min", stakeholder="households"),
    Indicator("energy.faults", "faults", stakeholder="firms"),
    Indicator("energy.repair_cost", "EUR", stakeholder="firms"),
)


class Outages:
    """Faults, crews and customers of one run.

    Parameters
    ----------
    model
        The energy model, whose controls say what breaks, how many crews there are and whether rings
        are switched from afar.
    """

    def __init__(self, model: Model) -> None:
        self.world: World = model.world
        self._parameters: ReliabilityParameters = model.parameters.reliability
        self._columns = {name: model[name] for name in (LINE, UNIT, SUPPLY, CREWS, REMOTE)}
        self.switches = Switches(self.world.city)
        self._columns[CREWS][:] = self._parameters.crews
        self._crews: simpy.Resource | None = None
        self._customers = customers(self.world.city)
        self._total = float(self._customers.sum())
        self._since = np.full(len(self._customers), -1, dtype=np.int64)
        self._minutes = self._interruptions = self._repair_hours = 0.0
        self._counts: dict[int, int] = {}
        self._faults, self._told = 0, False
        for name in (LINE, UNIT):
            self.world.controls.watch(name, self._broken)
        self.world.controls.watch(SUPPLY, self._supply)

    # -- what the grid is told -----------------------------------------------------------------

    def changed(self) -> bool:
        """Whether a switch moved since this was last asked."""
        moved, self._told = self._told, False
        return moved

    def closed(self) -> tuple[Flags, Flags]:
        """Transformers that are on, and lines that are closed; (n_transformer,), (n_line,) bool."""
        lines, closed = self.switches.lines, self.switches.closed
        return closed[lines:] & (self._columns[SUPPLY] >= 0.5), closed[:lines]

    # -- what happens --------------------------------------------------------------------------

    def by_chance(self) -> Process:
        """The failures of the run, one after the other."""
        rates = self._parameters.rates()
        if not rates.medium + rates.low + rates.transformer > 0.0:
            return
        city, world = self.world.city, self.world
        per_year = yearly(city, self.switches, rates)
        for tick, branch, number in draw(city, world.streams, per_year, world.end):
            yield world.env.timeout(tick - world.now)
            self._counts[branch] = number
            self._strike(branch)

    def _broken(self) -> None:
        """What an event broke begins to be mended."""
        wanted = np.concatenate([self._columns[LINE], self._columns[UNIT]]) >= 0.5
        for branch in np.flatnonzero(wanted & ~self.switches.faulted):
            self._strike(int(branch))

    def _supply(self) -> None:
        """Somebody switched transformers."""
        self.switches.supply(self._columns[SUPPLY] >= 0.5)
        self._told = True
        self._account()

    def _strike(self, branch: int) -> None:
        """A branch breaks now, and its repair begins; nothing if it is broken already."""
        if self.switches.faulted[branch]:
            return
        self._faults += 1
        device = self.switches.strike(branch)
        self._changed(branch, "energy.fault")
        self.world.env.process(self._mend(branch, device))

    def _mend(self, branch: int, device: int) -> Process:
        """Isolate from afar where that can be done; else a crew does, and mends in any case."""
        env, times, switches = self.world.env, self._parameters, self.switches
        draws = self._draws(branch)
        began, tie, isolated = self.world.now, -1, False
        if switches.medium[branch] and self._columns[REMOTE][0] >= 0.5:
            yield env.timeout(minutes(times.remote))
            tie, isolated = switches.isolate(branch, device), True
            self._changed(branch, "energy.isolated")
        with self._crew().request() as crew:
            yield crew
            yield env.timeout(_drawn(times.travel, draws[0], minutes))
            if not isolated:
                yield env.timeout(_drawn(times.locate, draws[1], minutes))
                tie = switches.isolate(branch, device)
                self._changed(branch, "energy.isolated")
            repair = _drawn(self._repair(branch), draws[2], hours)
            yield env.timeout(repair)
            self._pay(repair / hours(1))
        switches.restore(branch, tie)
        self._changed(branch, "energy.restored", hours=self._span(began))

    def _pay(self, spent: float) -> None:
        """Book what a repair took; ``spent`` in h."""
        self._repair_hours += spent
        amount = spent * self._parameters.crew_cost
        self.world.ledger.book(self.world.now, "grid operator", "workers", amount, "grid repairs")

    def _draws(self, branch: int) -> Floats:
        """Factors on the three times, the same for a fault in every life with this seed."""
        number = self._counts.get(branch, 0)
        draws = self.world.streams.generator("energy.repair", f"{branch}/{number}")
        return np.exp(self._parameters.spread * draws.standard_normal(3))

    def _repair(self, branch: int) -> float:
        if branch >= self.switches.lines:
            return self._parameters.repair_transformer
        medium = self.switches.medium[branch]
        return self._parameters.repair_cable if medium else self._parameters.repair_line

    def _crew(self) -> simpy.Resource:
        if self._crews is None:
            self._crews = simpy.Resource(self.world.env, int(self._columns[CREWS][0]))
        return self._crews

    def _changed(self, branch: int, kind: str, **detail: float) -> None:
        lines, broken = self.switches.lines, float(self.switches.faulted[branch])
        if branch < lines:
            self._columns[LINE][branch] = broken
        else:
            self._columns[UNIT][branch - lines] = broken
        self._told = True
        self._account()
        out = float(self._customers[~self.switches.supplied].sum())
        self.world.log.add(self.world.now, kind, self._name(branch), customers_out=out, **detail)

    def _name(self, branch: int) -> str:
        city, lines = self.world.city, self.switches.lines
        if branch < lines:
            return f"line {city['line'].ids[branch]}"
        return f"transformer {city['transformer'].ids[branch - lines]}"

    def _span(self, began: Tick) -> float:
        return round((self.world.now - began) / hours(1), 3)

    # -- what it adds up to --------------------------------------------------------------------

    def _account(self) -> None:
        """Note who lost supply now, and add up who got it back."""
        now, out = self.world.now, ~self.switches.supplied
        back = np.flatnonzero(~out & (self._since >= 0))
        self._add(back, now)
        self._since[back] = -1
        self._since[out & (self._since < 0)] = now

    def _add(self, buses: npt.NDArray[np.int64], now: Tick) -> None:
        lasted = now - self._since[buses]
        count = self._customers[buses] * (lasted > COUNTED)
        self._interruptions += float(count.sum())
        self._minutes += float((count * lasted).sum()) / minutes(1)

    def measure(self) -> dict[str, float]:
        """Indices of IEEE 1366 over the run; who is still without supply counts up to now."""
        self._add(np.flatnonzero(self._since >= 0), self.world.now)
        self._since[:] = -1
        standby = self._standby()
        total = max(self._total, 1.0)
        return {
            "energy.saidi": self._minutes / total,
            "energy.saifi": self._interruptions / total,
            "energy.customer_minutes": self._minutes,
            "energy.faults": float(self._faults),
            "energy.repair_cost": self._repair_hours * self._parameters.crew_cost + standby,
        }

    def _standby(self) -> float:
        """Book the crews' standby over the run, EUR."""
        number = float(self._columns[CREWS][0])
        amount = number * self._parameters.crew_standby * self.world.now / hours(1)
        self.world.ledger.book(self.world.now, "grid operator", "workers", amount, "repair crews")
        return amount


def _drawn(median: float, factor: float, unit: Callable[[float], Tick]) -> Tick:
    return max(1, round(float(unit(1)) * median * factor))
