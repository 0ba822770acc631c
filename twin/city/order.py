"""The builders of all installed packages, in the order of what they need."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from twin.city.builder import Builder
from twin.core import registry
from twin.errors import DataError


def installed() -> dict[str, type[Builder]]:
    """Builders by their registered name."""
    return {name: registry.find("builders", name) for name in registry.available("builders")}


def in_order(builders: Mapping[str, type[Builder]], there: set[str]) -> list[str]:
    """Names in an order that meets every need; ties go by name.

    Parameters
    ----------
    there
        Tables that exist before any builder runs.

    Raises
    ------
    DataError
        A table that nobody makes, or builders that wait for each other.
    """
    makers = {table: name for name in sorted(builders) for table in builders[name].makes}
    graph: dict[str, list[str]] = {}
    for name in sorted(builders):
        needs = builders[name].needs
        missing = [table for table in needs if table not in there and table not in makers]
        if missing:
            raise DataError(
                f"the builder {name!r} needs the table {missing[0]!r}, which no builder makes",
                allowed=", ".join(sorted(there | makers.keys())),
                mend="install the package whose builder makes it",
            )
        graph[name] = [makers[t] for t in needs if t in makers and makers[t] != name]
    return _sorted(graph)


def _sorted(graph: dict[str, list[str]]) -> list[str]:
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DataError(
            f"builders wait for each other: {' -> '.join(error.args[1])}",
            mend="take a table out of the needs of one of them",
        ) from None
    order: list[str] = []
    waiting: list[str] = []
    while sorter.is_active():
        waiting = sorted([*waiting, *sorter.get_ready()])
        order.append(waiting.pop(0))
        sorter.done(order[-1])
    return order
