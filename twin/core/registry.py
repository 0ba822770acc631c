"""Finds models, builders, policies, events and sensors, of this package or a third party's.

Each is an entry point, so a package of its own can add one: groups ``citytwin.models``,
``citytwin.builders``, ``citytwin.sources`` (of cities), ``citytwin.policies``, ``citytwin.events``,
``citytwin.sensors`` and ``citytwin.commands``. While it is being written, a class can be named as
``module:Class`` instead.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from twin.errors import ConfigError

Group = Literal["models", "builders", "sources", "policies", "events", "sensors", "commands"]


@cache
def available(group: Group) -> dict[str, EntryPoint]:
    """Entry points of a group by name, in alphabetical order."""
    found = {point.name: point for point in entry_points(group=f"citytwin.{group}")}
    return dict(sorted(found.items()))


def find(group: Group, name: str, *, where: str | None = None) -> Any:
    """The class registered under a name, or named as ``module:Class``.

    Raises
    ------
    ConfigError
        Nothing has this name, or its package does not import.
    """
    known = available(group)
    if name not in known and ":" in name:
        return _imported(name, where)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        raise ConfigError(
            f"there is no {group[:-1] if group != 'policies' else 'policy'} {name!r}",
            where=where,
            allowed=", ".join(known) or "none is installed",
            mend=f"did you mean {close[0]!r}?" if close else "install the package that has it",
        )
    try:
        return known[name].load()
    except ImportError as error:
        raise ConfigError(
            f"{name!r} is registered as {known[name].value}, which does not import: {error}",
            where=where,
            mend="reinstall the package that registers it",
        ) from error


def _imported(name: str, where: str | None) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{name!r} cannot be imported: {error}", where=where, allowed="module:Class"
        ) from error
