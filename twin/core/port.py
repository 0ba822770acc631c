"""Ports: the named columns that models read and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["state", "flow", "event", "control"]
Aggregate = Literal["mean", "sum", "last"]


@dataclass(frozen=True)
class Port:
    """A named column over one table of the city.

    Attributes
    ----------
    name
        ``service.quantity``; a read and a write of the same name, table and unit are connected.
    table
        Table whose rows the column covers; ``city`` (one row) for city-wide quantities.
    unit
        Unit, compared when a scenario is wired; ``"1"`` for ratios.
    kind
        ``state`` (holds now), ``flow`` (rate over the last step), ``control`` (set by policies and
        events) or ``event`` (batches of records, see ``fields``).
    bounds
        Lowest and highest value that a control accepts.
    default
        Value of a read that nobody writes, and first value of a control; None where a writer (or
        a wire) is required.
    delayed
        A read that takes the writer's last value and does not wait for it: it breaks a cycle.
    sums
        A read that is the sum of every wire that ends in it.
    fields
        Names of the columns of an event's records.
    profile
        How entities add up to one curve for a day profile; ``last`` has no curve, and maps show its
        last value in place of its mean (a highest so far, a count); None keeps the port out of the
        record.
    ranked
        Whether reports name the entities where it is highest, or lowest.
    """

    name: str
    table: str
    unit: str
    kind: Kind = "state"
    bounds: tuple[float, float] | None = None
    default: float | None = None
    delayed: bool = False
    sums: bool = False
    fields: tuple[str, ...] = ()
    profile: Aggregate | None = None
    ranked: Literal["highest", "lowest"] | None = None
