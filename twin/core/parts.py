"""Makes the parts of a run from a scenario, with their parameters checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from twin.core.model import Model
from twin.core.registry import find
from twin.core.world import World
from twin.errors import ConfigError
from twin.policy.policy import Event, Policy
from twin.scenario.scenario import Scenario, explain

if TYPE_CHECKING:
    from twin.sensors.recorded import RecordedSensor
    from twin.sensors.virtual import VirtualSensor


@dataclass
class Parts:
    """Everything that a scenario names.

    Attributes
    ----------
    models, events
        In the order of the scenario.
    policies
        Each with whether it sees the truth.
    recorded, virtual
        Sensor sources that replay files, and sensors of the simulated truth.
    gone
        Ports that only models left out (``without``) have: wires and sensors of these are left
        out with them.
    """

    models: list[Model]
    policies: list[tuple[Policy, bool]]
    events: list[Event]
    recorded: list[RecordedSensor]
    virtual: list[VirtualSensor]
    gone: frozenset[str]


def build_parts(scenario: Scenario, world: World) -> Parts:
    """Make every part.

    Raises
    ------
    ConfigError
        An unknown name or a wrong parameter, with file and key.
    """
    data = scenario.data
    models = [
        _model(scenario, world, name, values)
        for name, values in data.model.items()
        if name not in data.without
    ]
    if not models:
        raise ConfigError("this scenario has no models", where=scenario.where("model"))
    policies = [
        (_part("policies", f"policy.{i}", item.use, item.parameters, scenario, world), item.oracle)
        for i, item in enumerate(data.policy)
    ]
    events = [
        _part("events", f"event.{i}", item.use, item.parameters, scenario, world)
        for i, item in enumerate(data.event)
    ]
    recorded, virtual = _sensors(scenario)
    gone = _gone(scenario, models)
    virtual = [sensor for sensor in virtual if sensor.port not in gone]
    return Parts(models, policies, events, recorded, virtual, gone)


def _gone(scenario: Scenario, models: list[Model]) -> frozenset[str]:
    """Ports that are written, or summed into, by models left out alone."""
    left_out = [find("models", name) for name in scenario.data.without]
    there = {p.name for m in models for p in (*m.writes, *m.controls)}
    there |= {p.name for m in models for p in m.reads if p.sums}
    ports = {p.name for m in left_out for p in (*m.writes, *m.controls)}
    ports |= {p.name for m in left_out for p in m.reads if p.sums}
    return frozenset(ports - there)


def _model(scenario: Scenario, world: World, name: str, values: dict[str, Any]) -> Model:
    made: Model = _part("models", f"model.{name}", name, values, scenario, world)
    return made


def _part(
    group: Any, key: str, use: str, values: dict[str, Any], scenario: Scenario, world: World
) -> Any:
    kind = find(group, use, where=scenario.where(key))
    return kind(world, parameters_of(kind.Parameters, values, key, scenario))


def parameters_of(schema: Any, values: dict[str, Any], key: str, scenario: Scenario) -> Any:
    """Parameters of the part at ``key`` of a scenario, checked.

    Raises
    ------
    ConfigError
        A wrong one, with file and key.
    """
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise explain(error, lambda part: scenario.where(f"{key}.{part}"), schema) from None


def _sensors(scenario: Scenario) -> tuple[list[RecordedSensor], list[VirtualSensor]]:
    recorded: list[RecordedSensor] = []
    virtual: list[VirtualSensor] = []
    names: set[str] = set()
    for i, item in enumerate(scenario.data.sensor):
        key = f"sensor.{i}"
        kind = find("sensors", item.use, where=scenario.where(key))
        parameters = parameters_of(kind.Parameters, item.parameters, key, scenario)
        # Virtual sensors draw by name: it must not depend on how many sensors come before.
        observed = item.parameters.get("port") or "+".join(item.parameters.get("values", {}))
        name = item.name or f"{item.use}:{observed}"
        if name in names:
            raise ConfigError(
                f"two sensors are called {name!r}",
                where=scenario.where(key),
                mend="give each a `name` of its own",
            )
        names.add(name)
        made = kind(name, parameters)
        (recorded if hasattr(made, "arrivals") else virtual).append(made)
    return recorded, virtual
