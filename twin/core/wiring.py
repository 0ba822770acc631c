"""Wires between ports, checked and compiled before a run: units, tables, links, order of steps."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numba as nb
import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.core.model import Model
from twin.core.port import Port
from twin.core.state import Column, Queue, State
from twin.errors import WiringError

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Wire:
    """From a written port to a read port, through the link between their tables.

    Attributes
    ----------
    source, target
        Names of the ports.
    delayed
        True takes the writer's last value and does not wait for it: it breaks a cycle.
    """

    source: str
    target: str
    delayed: bool = False

    @property
    def name(self) -> str:
        """``source -> target``."""
        return f"{self.source} -> {self.target}"


@nb.njit(nb.void(nb.float64[::1], nb.int32[::1], nb.int32[::1], nb.float64[::1]), cache=True)
def _accumulate(
    values: npt.NDArray[np.float64], sources: Rows, targets: Rows, out: npt.NDArray[np.float64]
) -> None:
    for i in range(sources.size):
        out[targets[i]] += values[sources[i]]


@dataclass
class Wiring:
    """What a run needs of its wires.

    Attributes
    ----------
    order
        Models in the order of their steps within one tick.
    gathers
        For each model, the functions that refresh its wired inputs before a step.
    meters
        For each model, the functions that add up its wired flows after a step.
    warnings
        What a person should know, such as entities that no wire reaches.
    consumed
        Ports that wires carry on.
    """

    order: list[Model]
    gathers: dict[str, list[Callable[[], None]]]
    meters: dict[str, list[Callable[[], None]]]
    warnings: list[str] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)


class _Ports:
    """Who writes and reads what; each conflict is an error."""

    def __init__(self, models: Sequence[Model]) -> None:
        self.written: dict[str, tuple[Port, str]] = {}
        self.read: dict[str, list[tuple[Port, str]]] = {}
        for model in models:
            for port in (*model.writes, *model.controls):
                if port.name in self.written:
                    raise WiringError(
                        f"{self.written[port.name][1]!r} and {model.name!r} write {port.name!r}",
                        allowed="one writer a port",
                    )
                self.written[port.name] = (port, model.name)
        for model in models:
            for port in model.reads:
                self.read.setdefault(port.name, []).append((port, model.name))
        for name, readers in self.read.items():
            first = self.written[name] if name in self.written else readers[0]
            for port, reader in readers:
                _same(first[0], first[1], port, reader)


def _same(first: Port, first_model: str, second: Port, second_model: str) -> None:
    """Refuse two declarations of one port that differ."""
    for what, ours, theirs in (
        ("unit", first.unit, second.unit),
        ("table", first.table, second.table),
    ):
        if ours != theirs:
            raise WiringError(
                f"port {first.name!r}: {first_model!r} has the {what} {ours!r} and "
                f"{second_model!r} has {theirs!r}",
                allowed=f"the same {what} on both sides",
                mend=f"declare the same {what}, or convert in one of the two models",
            )


def wire(
    models: Sequence[Model],
    wires: Iterable[Wire],
    city: City,
    state: State,
    *,
    provided: Iterable[str] = (),
) -> Wiring:
    """Check all ports and wires, allocate the state, compile the wires and order the steps.

    Parameters
    ----------
    models
        In the order of registration, which breaks ties.
    wires
        Wires of the scenario.
    city
        Its tables and links.
    state
        Filled with every column and queue.
    provided
        Ports that sensors or constants write.

    Raises
    ------
    WiringError
        Two writers, unequal units or tables, an unknown port, no link, nobody who writes a required
        read, or a cycle without a delay.
    """
    ports = _Ports(models)
    wires = list(wires)
    _check_wires(ports, wires)
    _check_tables(ports, city)
    _require_writers(ports, wires, set(provided))
    _allocate(ports, city, state)
    names = [m.name for m in models]
    order = _order(models, ports, wires)
    wiring = Wiring(order, {name: [] for name in names}, {name: [] for name in names})
    meters = {w: meter for w in wires if (meter := _meter(w, ports, models, state)) is not None}
    for w, meter in meters.items():
        wiring.meters[ports.written[w.source][1]].append(meter.add)
    wiring.consumed = {w.source for w in wires}
    for target in dict.fromkeys(w.target for w in wires):
        into = [w for w in wires if w.target == target]
        gather = _compile(ports, into, city, state, meters, wiring.warnings)
        for _, reader in ports.read[target]:
            wiring.gathers[reader].append(gather)
    return wiring


def _check_wires(ports: _Ports, wires: Sequence[Wire]) -> None:
    seen: dict[str, int] = {}
    names: set[str] = set()
    for w in wires:
        if w.name in names:
            raise WiringError(f"the wire {w.name} is there twice", mend="remove one of the two")
        names.add(w.name)
        if w.source not in ports.written:
            raise _unknown(f"wire {w.name}: no model writes {w.source!r}", w.source, ports.written)
        if w.target not in ports.read:
            raise _unknown(f"wire {w.name}: no model reads {w.target!r}", w.target, ports.read)
        source, target = ports.written[w.source][0], ports.read[w.target][0][0]
        if "event" in (source.kind, target.kind):
            raise WiringError(f"wire {w.name}: event ports connect by name, not by wires")
        if source.unit != target.unit:
            raise WiringError(
                f"wire {w.name}: {source.unit!r} does not fit {target.unit!r}",
                allowed="the same unit at both ends",
                mend="convert in one of the two models",
            )
        seen[w.target] = seen.get(w.target, 0) + 1
        if w.target in ports.written:
            raise WiringError(
                f"wire {w.name}: {ports.written[w.target][1]!r} already writes {w.target!r}"
            )
        if seen[w.target] > 1 and not target.sums:
            raise WiringError(
                f"two wires end in {w.target!r}, which does not sum",
                allowed="one wire, or sums=True",
            )


def _unknown(what: str, name: str, known: Iterable[str]) -> WiringError:
    close = difflib.get_close_matches(name, known, n=1)
    return WiringError(
        what,
        allowed=", ".join(sorted(known)) or "none",
        mend=f"did you mean {close[0]!r}?" if close else "add the model that has this port",
    )


def _check_tables(ports: _Ports, city: City) -> None:
    declared = [p for p, _ in ports.written.values()]
    declared += [p for readers in ports.read.values() for p, _ in readers]
    for port in declared:
        if port.table not in city:
            raise WiringError(
                f"port {port.name!r} is over the table {port.table!r}, which the city lacks",
                allowed=", ".join(sorted(city.tables)),
                mend="build the bundle again with the builder of that table installed",
            )


def _require_writers(ports: _Ports, wires: Sequence[Wire], provided: set[str]) -> None:
    wired = {w.target for w in wires}
    for name, readers in ports.read.items():
        if name in ports.written or name in wired or name in provided:
            continue
        for port, reader in readers:
            if port.default is None and not port.sums and port.kind != "event":
                raise WiringError(
                    f"{reader!r} reads {name!r}, and nothing in this scenario writes it",
                    mend="add a model that writes it, a wire, a recorded sensor or a constant",
                )


def _allocate(ports: _Ports, city: City, state: State) -> None:
    declared = [p for p, _ in ports.written.values()]
    declared += [p for readers in ports.read.values() for p, _ in readers]
    for port in declared:
        if port.kind == "event":
            queue = state.queues.setdefault(port.name, Queue(port.name, port.fields))
            for _, reader in ports.read.get(port.name, ()):
                queue.subscribe(reader)
        elif port.name not in state.columns:
            first = 0.0 if port.default is None else port.default
            state.columns[port.name] = np.full(len(city[port.table]), first, dtype=np.float64)


class _Meter:
    """Mean of a flow since it was last read: what a slower reader gets of a quicker writer."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._sum = np.zeros_like(column)
        self._steps = 0
        self.mean = column.copy()

    def add(self) -> None:
        self._sum += self._column
        self._steps += 1

    def read(self) -> None:
        if self._steps:
            np.divide(self._sum, self._steps, out=self.mean)
            self._sum[:] = 0.0
            self._steps = 0


def _meter(w: Wire, ports: _Ports, models: Sequence[Model], state: State) -> _Meter | None:
    """A meter for a flow whose reader steps less often than its writer."""
    source, writer = ports.written[w.source]
    period = {m.name: m.period for m in models}
    slowest = max(period[reader] for _, reader in ports.read[w.target])
    if source.kind != "flow" or slowest <= period[writer]:
        return None
    return _Meter(state.columns[w.source])


def _compile(
    ports: _Ports,
    into: Sequence[Wire],
    city: City,
    state: State,
    meters: dict[Wire, _Meter],
    warnings: list[str],
) -> Callable[[], None]:
    """One function that refreshes one wired column."""
    target = ports.read[into[0].target][0][0]
    out = state.columns[target.name]
    parts = [_route(ports.written[w.source][0], target, w, city, warnings) for w in into]
    columns = [meters[w].mean if w in meters else state.columns[w.source] for w in into]
    read = [meters[w].read for w in into if w in meters]
    legs = [(c, s, t) for c, (s, t) in zip(columns, parts, strict=True)]
    if not read and len(legs) == 1 and legs[0][1] is legs[0][2]:
        return partial(np.copyto, out, legs[0][0])

    def gather() -> None:
        for refresh in read:
            refresh()
        out[:] = 0.0
        for values, sources, targets in legs:
            _accumulate(values, sources, targets, out)

    return gather


def _route(
    source: Port, target: Port, w: Wire, city: City, warnings: list[str]
) -> tuple[Rows, Rows]:
    """Pairs (source row, target row) that a wire carries."""
    if source.table == target.table:
        rows = np.arange(len(city[source.table]), dtype=np.int32)
        return rows, rows
    if (source.table, target.table) in city.links:
        sources, targets = city.link(source.table, target.table).pairs()
        reached = len(np.unique(sources))
        if reached < len(city[source.table]):
            lost = len(city[source.table]) - reached
            warnings.append(
                f"wire {w.name}: {lost} of {len(city[source.table])} {source.table} rows "
                f"have no {target.table}"
            )
        return sources, targets
    if (target.table, source.table) in city.links:
        back = city.link(target.table, source.table)
        if back.indptr is not None:
            raise WiringError(
                f"wire {w.name}: the link {back.name} is to-many and cannot be gathered",
                allowed="a to-one link, or a link in the wire's direction",
            )
        targets, sources = back.pairs()
        return sources, targets
    raise WiringError(
        f"wire {w.name}: the city has no link between {source.table!r} and {target.table!r}",
        allowed=", ".join(link.name for link in city.links.values()) or "none",
    )


def _order(models: Sequence[Model], ports: _Ports, wires: Sequence[Wire]) -> list[Model]:
    """Writers before readers; ties by registration."""
    before: dict[str, dict[str, str]] = {m.name: {} for m in models}
    for name, readers in ports.read.items():
        if name in ports.written:
            writer = ports.written[name][1]
            for port, reader in readers:
                if not port.delayed and reader != writer:
                    before[reader].setdefault(writer, name)
    for w in wires:
        writer = ports.written[w.source][1]
        for port, reader in ports.read[w.target]:
            if not (w.delayed or port.delayed) and reader != writer:
                before[reader].setdefault(writer, w.name)
    ordered: list[Model] = []
    left = list(models)
    while left:
        done = {m.name for m in ordered}
        ready = next((m for m in left if set(before[m.name]) <= done), None)
        if ready is None:
            raise WiringError(
                f"these models wait for one another: {_cycle(before, {m.name for m in left})}",
                allowed="a cycle with one delayed read or wire",
                mend="set `delayed = true` on one of the wires, or declare the read `delayed=True`",
            )
        ordered.append(ready)
        left.remove(ready)
    return ordered


def _cycle(before: dict[str, dict[str, str]], names: set[str]) -> str:
    """One cycle, written as ``a <- (port) b <- (port) a``."""
    path = [min(names)]
    while path.count(path[-1]) < 2:
        path.append(next(n for n in before[path[-1]] if n in names))
    path = path[path.index(path[-1]) :]
    steps = [f"{path[0]!r}"]
    steps += [f"<- ({before[reader][writer]}) {writer!r}" for reader, writer in pairwise(path)]
    return " ".join(steps)
