"""Reinforcement: which cables and transformers give way at a planned load, and by how much more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.energy import demand
from models.energy.grid import Flow, Grid
from twin.city.city import City
from twin.city.table import Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DIVERSE_PEAK = 0.25
"""Peak of many dwellings together over their annual energy, W a kWh (0.2 to 0.3 in H0)."""
REACTIVE = 0.33
ROUNDS = 200
MOST = 10.0
"""Times the present capacity, at the most."""


@dataclass(frozen=True)
class Plan:
    """What to build.

    Attributes
    ----------
    lines, transformers : (n_line,), (n_transformer,) float64, 1
        Capacity wanted over the present one: 2 is a second cable beside the first.
    """

    lines: Floats
    transformers: Floats

    @property
    def changed(self) -> tuple[Rows, Rows]:
        """Rows of the lines and transformers that are reinforced."""
        return np.flatnonzero(self.lines > 1.0), np.flatnonzero(self.transformers > 1.0)

    def copy(self) -> Plan:
        """The same, apart from the arrays that it was made of."""
        return Plan(self.lines.copy(), self.transformers.copy())

    def same(self, other: Plan) -> bool:
        """Whether two plans build the same."""
        return np.array_equal(self.lines, other.lines) and np.array_equal(
            self.transformers, other.transformers
        )


def planned_load(city: City, heat: Floats) -> Floats:
    """Load of each bus in the planned winter peak, W; (n_bus,).

    Parameters
    ----------
    heat : (n_building,) float64, W
        Electricity for heat in the peak, besides the rest.
    """
    building = city["building"]
    used = demand.annual(building)
    power = used.home * DIVERSE_PEAK + demand.business_peak(used) + heat
    bus = city.link("building", "bus").indices
    found = np.bincount(bus, power, len(city["bus"])).astype(np.float64)
    if "charger" in city:
        charger = city["charger"]
        at = city.link("charger", "bus").indices
        found += np.bincount(at, charger["power"] * charger["points"], len(found))
    return found


def reinforced(city: City, plan: Plan) -> City:
    """The city with more capacity in lines and transformers, which have no shapes then."""
    line, unit = city["line"], city["transformer"]
    lines = dict(line.columns)
    for name in ("r", "x"):
        lines[name] = line[name] / plan.lines
    for name in ("ampacity", "b"):
        if name in line:
            lines[name] = line[name] * plan.lines
    units = dict(unit.columns)
    for name in ("rated_power", "iron_losses"):
        units[name] = unit[name] * plan.transformers
    changed = replace(city, tables=dict(city.tables))
    changed.add(Table("line", line.ids, lines))
    changed.add(Table("transformer", unit.ids, units))
    return changed


def plan(city: City, load: Floats, *, loading: float, lowest: float, source: float) -> Plan:
    """The least that keeps the planned load within limits, found round by round.

    In each round all that is loaded too much gets as much more as it lacks, cables in whole
    multiples of what is there, transformers in halves; where the voltage is still too low, the line
    of its feeder that loses most voltage is doubled.

    Parameters
    ----------
    load : (n_bus,) float64, W
    loading : float, 1
        Highest loading of a cable or transformer.
    lowest : float, per unit
        Lowest voltage.
    source : float, per unit
        Voltage of the medium-voltage sources.
    """
    found = Plan(np.ones(len(city["line"])), np.ones(len(city["transformer"])))
    for _ in range(ROUNDS):
        flow = Grid(reinforced(city, found), source).solve(load, load * REACTIVE)
        before = found.copy()
        _raise(found.lines, flow.line_loading, loading, 1.0)
        _raise(found.transformers, flow.transformer_loading, loading, 0.5)
        if found.same(before):
            weak = _weakest(city, flow.voltage, lowest)
            if not len(weak):
                break
            found.lines[weak] = np.minimum(2.0 * found.lines[weak], MOST)
    return found


def enlarged(built: Plan, lines: Floats, transformers: Floats) -> Plan:
    """A plan with more where loadings passed 1: cables in whole multiples, transformers in halves.

    Parameters
    ----------
    lines, transformers : (n_line,), (n_transformer,) float64, 1
        Highest loadings of what is built.
    """
    found = built.copy()
    _raise(found.lines, lines, 1.0, 1.0)
    _raise(found.transformers, transformers, 1.0, 0.5)
    return found


def _raise(factor: Floats, loaded: Floats, limit: float, step: float) -> None:
    """Capacity in steps of the present one, until the loading is within the limit."""
    over = loaded > limit
    wanted = step * np.ceil(factor[over] * loaded[over] / limit / step - 1e-9)
    factor[over] = np.minimum(wanted, MOST)


def _weakest(city: City, voltage: Floats, lowest: float) -> Rows:
    """Of each feeder with too low a voltage, the line that loses most."""
    line = city["line"]
    start, end = voltage[line["from_bus"]], voltage[line["to_bus"]]
    low = (end < lowest) & (end > 0.0)
    found = []
    for feeder in np.unique(line["feeder"][low]):
        rows = np.flatnonzero(line["feeder"] == feeder)
        found.append(int(rows[np.argmax(start[rows] - end[rows])]))
    return np.array(found, dtype=np.int64)


def only_weakest(city: City, whole: Plan, load: Floats, source: float, feeders: int) -> Plan:
    """Of a plan, what belongs to the feeders that are loaded most at the planned load.

    A feeder is a street's lines from its station, or a ring; the transformer above a street's
    feeder belongs to it. A feeder that the plan leaves as it is, because it is within the limits,
    gets the next size of what is loaded most.
    """
    line, unit = city["line"], city["transformer"]
    loaded = Grid(city, source).solve(load, load * REACTIVE)
    of_line = line["feeder"].astype(np.int64)
    above = np.full(len(city["bus"]), -1)
    above[unit["lv_bus"]] = np.arange(len(unit))
    head = above[line["from_bus"]]
    score = np.zeros(int(of_line.max(initial=-1)) + 1)
    np.maximum.at(score, of_line, loaded.line_loading)
    first = np.flatnonzero(head >= 0)
    np.maximum.at(score, of_line[first], loaded.transformer_loading[head[first]])
    weakest = np.argsort(-score, kind="stable")[:feeders]
    kept = np.isin(of_line, weakest)
    stations = np.zeros(len(unit), dtype=bool)
    stations[head[kept & (head >= 0)]] = True
    found = Plan(np.where(kept, whole.lines, 1.0), np.where(stations, whole.transformers, 1.0))
    for feeder in weakest:
        _relieve(found, np.flatnonzero(of_line == feeder), head, loaded)
    return found


def _relieve(found: Plan, lines: Rows, head: Rows, loaded: Flow) -> None:
    """Where a feeder gets nothing, its most loaded cable or transformer gets the next size."""
    units = np.unique(head[lines][head[lines] >= 0])
    if not len(lines) or (found.lines[lines] > 1.0).any() or (found.transformers[units] > 1).any():
        return
    line = lines[np.argmax(loaded.line_loading[lines])]
    unit = units[np.argmax(loaded.transformer_loading[units])] if len(units) else -1
    if unit >= 0 and loaded.transformer_loading[unit] > loaded.line_loading[line]:
        found.transformers[unit] = 1.5
    else:
        found.lines[line] = 2.0


def capital(city: City, built: Plan, *, trench: float, cable: float, transformer: float) -> float:
    """What a plan costs to build, EUR.

    Parameters
    ----------
    trench, cable : float, EUR/m
        Of a street opened, and of each further cable in it.
    transformer : float, EUR/kVA
        Of the capacity that is added.
    """
    line, unit = city["line"], city["transformer"]
    more = built.lines - 1.0
    number = more * line["parallel"]
    lines = line["length"] * ((more > 0.0) * trench + number * cable)
    units = (built.transformers - 1.0) * unit["rated_power"] / 1000.0 * transformer
    return float(lines.sum() + units.sum())
