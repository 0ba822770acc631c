"""Makes the scenarios of a comparison measure the same.

What a policy changes can only be seen where its absence is measured as well: a policy says what
every life must measure, and each scenario that is compared does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from twin.core.parts import parameters_of
from twin.core.registry import find
from twin.scenario.scenario import Scenario

Entry = dict[str, Any]


def alike(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios, each with what the policies of any of them must have measured.

    Raises
    ------
    ConfigError
        An unknown policy, or a wrong parameter of one.
    """
    wanted: dict[tuple[str, str], list[Entry]] = {}
    for scenario in scenarios:
        for model, key, entry in _measured(scenario):
            entries = wanted.setdefault((model, key), [])
            if not any(_same(entry, other) for other in entries):
                entries.append(entry)
    made = list(scenarios)
    for (model, key), entries in wanted.items():
        made = [_measuring(scenario, model, key, entries) for scenario in made]
    return made


def _measured(scenario: Scenario) -> Iterator[tuple[str, str, Entry]]:
    for number, item in enumerate(scenario.data.policy):
        place = f"policy.{number}"
        kind = find("policies", item.use, where=scenario.where(place))
        parameters = parameters_of(kind.Parameters, item.parameters, place, scenario)
        for model, lists in kind.measures(parameters).items():
            for key, entries in lists.items():
                yield from ((model, key, dict(entry)) for entry in entries)


def _measuring(scenario: Scenario, model: str, key: str, entries: Sequence[Entry]) -> Scenario:
    """A scenario with entries of a list parameter that it lacks, each under a name of its own."""
    if model not in scenario.data.model or model in scenario.data.without:
        return scenario
    there: list[Entry] = list(scenario.data.model[model].get(key, []))
    fresh = [entry for entry in entries if not any(_same(entry, other) for other in there)]
    for entry in fresh:
        there.append({**entry, "name": _free(str(entry["name"]), there)})
    return scenario.changed({f"model.{model}.{key}": there}) if fresh else scenario


def _free(name: str, there: Sequence[Entry]) -> str:
    """The name, counted where another entry has it."""
    taken = {entry.get("name") for entry in there}
    numbered = (f"{name} {number}" for number in range(2, len(there) + 2))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def _same(one: Entry, other: Entry) -> bool:
    """Whether two entries measure the same, whatever they are called."""
    return _content(one) == _content(other)


def _content(entry: Entry) -> Entry:
    given = {key: _listed(value) for key, value in entry.items() if key != "name"}
    return {key: value for key, value in given.items() if value is not None and value != []}


def _listed(value: Any) -> Any:
    return [_listed(part) for part in value] if isinstance(value, (list, tuple)) else value
