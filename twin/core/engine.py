"""One life of a city: makes the parts of a scenario, wires them, runs the clock."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import simpy

from twin.city.city import City
from twin.core.clock import Pace, Slot, ticker, urgent
from twin.core.indicator import Indicator
from twin.core.model import Model, Process
from twin.core.outcome import Outcome
from twin.core.parts import Parts, build_parts
from twin.core.port import Port
from twin.core.random import Streams
from twin.core.recorder import Recorder
from twin.core.time import Calendar, Tick
from twin.core.wiring import Wire, Wiring, wire
from twin.core.world import World
from twin.errors import ConfigError, ModelError, TwinError, WiringError
from twin.policy.policy import Policy
from twin.policy.view import View
from twin.scenario.scenario import Scenario
from twin.sensors.observations import Batch

Progress = Callable[[Tick, Tick], None]
"""Called with (now, end) as the run goes on."""


class Engine:
    """A scenario with a seed, ready to live.

    Building it checks everything that can be checked without starting: names, parameters, ports,
    units, wires, sensors' files, events against the city. Use it as a context manager, so that what
    models hold outside Python is given back.

    Parameters
    ----------
    scenario, city, seed
        What to live, where, and with which chances.

    Raises
    ------
    TwinError
        Something does not fit; nothing was started.
    """

    def __init__(self, scenario: Scenario, city: City, seed: int) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="twin-")
        try:
            self._assemble(scenario, city, seed)
        except BaseException:
            self._scratch.cleanup()
            raise

    def _assemble(self, scenario: Scenario, city: City, seed: int) -> None:
        data = scenario.data
        self.scenario = scenario
        self.world = World(
            city=city,
            calendar=Calendar.at(data.period.start, city.place.timezone),
            end=data.period.duration,
            env=simpy.Environment(initial_time=0),
            streams=Streams(seed),
            scratch=Path(self._scratch.name),
        )
        self.parts: Parts = build_parts(scenario, self.world)
        self.ports = self._declared_ports()
        self.world.controls.ports.update({p.name: p for m in self.parts.models for p in m.controls})
        self._prepare_sensors()
        with self._at("wire"):
            self.wiring: Wiring = wire(
                self.parts.models,
                self._wires(),
                city,
                self.world.state,
                provided=[*self._driven(), *data.constants],
            )
        self._fill_constants()
        self._check_policies_and_events()
        self.recorder = Recorder(self._recorded(), data.record.every)
        acts = [policy.acts for policy, _ in self.parts.policies]
        acts += [event.acts for event in self.parts.events]
        self.world.controlled = frozenset(port for ports in acts for port in ports)
        self.world.written = frozenset(p.name for m in self.parts.models for p in m.writes)
        self.world.consumed = self._consumed()
        for i, event in enumerate(self.parts.events):
            with self._at(f"event.{i}"):
                event.setup()
        for i, (policy, _) in enumerate(self.parts.policies):
            with self._at(f"policy.{i}"):
                policy.setup()

    @property
    def warnings(self) -> list[str]:
        """What a person should know, though the scenario can be lived."""
        recorded = [w for source in self.parts.recorded for w in source.warnings]
        return [*self.wiring.warnings, *recorded, *self._unfinished(), *self.world.warnings]

    @contextmanager
    def _at(self, key: str) -> Iterator[None]:
        """Errors inside say where in which file the part was written."""
        try:
            yield
        except TwinError as error:
            where = "; ".join(filter(None, (self.scenario.where(key), error.where)))
            raise type(error)(
                error.what, where=where, allowed=error.allowed, mend=error.mend
            ) from error.__cause__

    def _wires(self) -> list[Wire]:
        """Wires of the scenario, without those of models that it leaves out."""
        gone = self.parts.gone
        kept = [w for w in self.scenario.data.wire if not {w.from_, w.to} & gone]
        return [Wire(w.from_, w.to, w.delayed) for w in kept]

    def _unfinished(self) -> list[str]:
        """Models whose period does not divide the run: their last minutes are not lived."""
        end = self.world.end
        return [
            f"{m.name} steps every {m.period / 60_000:g} min: the last "
            f"{end % m.period / 60_000:g} min of the run are not in its numbers"
            for m in self.parts.models
            if end % m.period
        ]

    # -- checks before the run ---------------------------------------------------------------

    def _declared_ports(self) -> dict[str, Port]:
        """Every port by name; a writer's declaration wins over a reader's."""
        models = self.parts.models
        read = {p.name: p for m in models for p in m.reads}
        written = {p.name: p for m in models for p in (*m.writes, *m.controls)}
        return {**read, **written}

    def _driven(self) -> set[str]:
        """Ports that a recording provides because no model writes them."""
        written = {p.name for m in self.parts.models for p in (*m.writes, *m.controls)}
        return {port for source in self.parts.recorded for port in source.ports} - written

    def _prepare_sensors(self) -> None:
        world = self.world
        for source in self.parts.recorded:
            self._need_ports(source.ports, f"sensor {source.name!r}")
            source.prepare(world.city, world.calendar, world.end, self.ports)
        for sensor in self.parts.virtual:
            self._need_ports((sensor.port,), f"sensor {sensor.name!r}")
            sensor.prepare(world.city, world.streams, self.ports)
        for name in self._observed():
            world.observations.open(name, len(world.city[self.ports[name].table]))

    def _observed(self) -> list[str]:
        found = [port for source in self.parts.recorded for port in source.ports]
        return list(dict.fromkeys([*found, *(s.port for s in self.parts.virtual)]))

    def _need_ports(self, names: Sequence[str], who: str) -> None:
        for name in names:
            if name not in self.ports:
                raise WiringError(
                    f"{who} observes {name!r}, which no model of this scenario has",
                    allowed=", ".join(sorted(self.ports)),
                )

    def _fill_constants(self) -> None:
        written = {p.name for m in self.parts.models for p in (*m.writes, *m.controls)}
        for name, value in self.scenario.data.constants.items():
            if name in written or name not in self.world.state.columns:
                readable = sorted(set(self.world.state.columns) - written)
                raise ConfigError(
                    f"the constant {name!r} sets a port that "
                    + ("a model writes" if name in written else "nothing reads"),
                    where=self.scenario.where(f"constants.{name}"),
                    allowed=", ".join(readable) or "none",
                )
            self.world.state.columns[name][:] = value

    def _check_policies_and_events(self) -> None:
        observed = set(self._observed())
        for policy, oracle in self.parts.policies:
            for port in policy.acts:
                self.world.controls.port(port)
            for port in policy.sees:
                if port not in self.world.state.columns:
                    self._need_ports((port,), f"policy {policy.name!r}")
                if not oracle and port not in observed:
                    raise WiringError(
                        f"the policy {policy.name!r} looks at {port!r}, which no sensor sees",
                        where=self.scenario.where("policy"),
                        mend=f'add [[sensor]] use = "virtual", port = "{port}", '
                        "or oracle = true to the policy",
                    )
        for event in self.parts.events:
            for port in event.acts:
                self.world.controls.port(port)

    def _recorded(self) -> list[tuple[Port, Any]]:
        wanted = self.scenario.data.record.ports
        columns = self.world.state.columns
        if wanted is None:
            wanted = [
                p.name
                for m in self.parts.models
                for p in (*m.writes, *m.controls)
                if p.profile is not None and p.kind != "event"
            ]
        for name in wanted:
            if name not in columns:
                raise ConfigError(
                    f"there is no port {name!r} to record",
                    where=self.scenario.where("record.ports"),
                    allowed=", ".join(sorted(columns)),
                )
        return [(self.ports[name], columns[name]) for name in wanted]

    def _consumed(self) -> frozenset[str]:
        seen = {port for policy, _ in self.parts.policies for port in policy.sees}
        recorded = {port.name for port, _ in self._recorded()}
        read: set[str] = set()
        for model in self.parts.models:
            read |= {port.name for port in model.reads} - set(model.spares())
        return frozenset(self.wiring.consumed | read | seen | recorded | set(self._observed()))

    # -- the run -----------------------------------------------------------------------------

    def run(self, progress: Progress | None = None, pace: Pace | None = None) -> Outcome:
        """Live from the start to the end.

        Raises
        ------
        TwinError
            A model could not go on; it says which and when.
        """
        env, world = self.world.env, self.world
        began = time.perf_counter()
        for model in self.wiring.order:
            model.setup()
        for event in self.parts.events:
            env.process(_guard(event.process(), event.name, world))
        for source in self.parts.recorded:
            env.process(self._replay(source))
        slots, spent = self._slots(progress)
        clock = env.process(ticker(env, slots, world.end, pace))
        for model in self.wiring.order:
            for process in model.processes():
                env.process(_guard(process, model.name, world))
        env.run(until=clock)
        outcome = self._gather()
        outcome.wall_seconds = {**spent, "total": time.perf_counter() - began}
        return outcome

    def _slots(self, progress: Progress | None) -> tuple[list[Slot], dict[str, float]]:
        """Everything periodic, in the order of one tick."""
        slots = [Slot(p.period, self._decision(p, oracle)) for p, oracle in self.parts.policies]
        spent: dict[str, float] = {}
        for model in self.wiring.order:
            slots.append(Slot(model.period, self._step(model, spent)))
        slots += [Slot(sensor.period, self._look(sensor)) for sensor in self.parts.virtual]
        slots.append(Slot(self.scenario.data.record.every, self.recorder.sample))
        if progress is not None:
            end = self.world.end
            slots.append(Slot(max(1, end // 200), lambda now: progress(now, end)))
        return slots, spent

    def _step(self, model: Model, spent: dict[str, float]) -> Callable[[Tick], None]:
        gathers, meters = self.wiring.gathers[model.name], self.wiring.meters[model.name]
        # A wired flow has no writer of its own name: its reader's step closes it.
        own = {p.name for p in model.writes} | {p.name for p in model.reads if p.sums}
        flows = [name for name in self.recorder.flows if name in own]
        step, accumulate, clock = model.step, self.recorder.accumulate, time.perf_counter
        name = model.name
        spent[name] = 0.0

        def run(now: Tick) -> None:
            began = clock()
            for gather in gathers:
                gather()
            step(now)
            for meter in meters:
                meter()
            for flow in flows:
                accumulate(flow)
            spent[name] += clock() - began

        return run

    def _decision(self, policy: Policy, oracle: bool) -> Callable[[Tick], None]:
        world = self.world
        view = View(world.state, world.observations, policy.sees, oracle)
        allowed = set(policy.acts)

        def run(now: Tick) -> None:
            for action in policy.decide(now, view):
                if action.port not in allowed:
                    raise ModelError(
                        f"the policy {policy.name!r} sets the undeclared {action.port!r}",
                        allowed=", ".join(sorted(allowed)) or "nothing",
                    )
                world.controls.set(
                    action.port, action.values, now=now, by=policy.name, rows=action.rows
                )

        return run

    def _look(self, sensor: Any) -> Callable[[Tick], None]:
        column = self.world.state.columns[sensor.port]

        def run(now: Tick) -> None:
            batch: Batch = sensor.observe(now, column)
            if batch.time_arrived <= now:
                self.world.observations.take(batch)
            else:
                arrival = urgent(self.world.env, batch.time_arrived - now)
                arrival.callbacks.append(lambda _: self.world.observations.take(batch))

        return run

    def _replay(self, source: Any) -> Process:
        """Deliver the batches of a recording at their time; drive the ports that nobody writes."""
        driven = self._driven()
        for arrival, batch in source.arrivals():
            if arrival > self.world.now:
                yield urgent(self.world.env, arrival - self.world.now)
            self.world.observations.take(batch)
            if batch.port in driven:
                latest = self.world.observations.latest(batch.port).value
                seen = ~(latest != latest)
                self.world.state.columns[batch.port][seen] = latest[seen]

    def _gather(self) -> Outcome:
        measured = [pair for model in self.wiring.order for pair in _measure(model)]
        return Outcome(
            indicators=measured,
            times=self.recorder.times,
            series=self.recorder.series(),
            ports=self.ports,
            log=self.world.log.rows,
            ledger=self.world.ledger.rows,
            observations=self.world.observations.archive,
            quality=self.world.observations.quality,
            warnings=self.warnings,
        )

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Give back what models hold; safe to call twice."""
        for model in self.parts.models:
            model.close()
        self._scratch.cleanup()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _guard(process: Process, name: str, world: World) -> Process:
    """The same process; an error that is not the twin's own says whose it is and when it came."""
    try:
        yield from process
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        local = world.calendar.local(world.now).isoformat(" ", "seconds")
        raise ModelError(f"{name!r} failed at {local}: {type(error).__name__}: {error}") from error


def _measure(model: Model) -> list[tuple[Indicator, float]]:
    """The model's indicators in their declared order."""
    values, told = model.measure(), list(model.tells())
    declared = {indicator.name for indicator in told}
    if set(values) != declared:
        odd = sorted(set(values) ^ declared)
        raise ModelError(
            f"{model.name!r} measures {sorted(values)}; {odd} are not in both",
            allowed=f"exactly its declared indicators: {sorted(declared)}",
        )
    for name, value in values.items():
        if math.isinf(value):
            raise ModelError(
                f"{model.name!r} measures {name} = {value}", allowed="a finite number, or NaN"
            )
    return [(indicator, float(values[indicator.name])) for indicator in told]
