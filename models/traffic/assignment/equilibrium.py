"""The user equilibrium of a static assignment: no driver can gain by another way (Wardrop 1952)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.traffic.assignment.network import Floats, RoadNetwork, TripTable
from models.traffic.assignment.ways import Ways
from twin.errors import DataError, ModelError

SETTLE = 5
"""Shifts among known ways between two looks for new ones; 3 to 10 are about as fast."""


@dataclass(frozen=True)
class Assignment:
    """A solution.

    Attributes
    ----------
    flow, cost : (n_links,) float64
    gap
        Relative gap ``(Σ cost · flow − Σ cost · shortest) / Σ cost · flow``.
    total_cost
        Σ cost · flow.
    objective
        Beckmann's.
    iterations
        Looks for new ways over all origins.
    converged
        Whether the gap is what was asked for.
    """

    flow: Floats
    cost: Floats
    gap: float
    total_cost: float
    objective: float
    iterations: int
    converged: bool


def assign(
    network: RoadNetwork,
    trips: TripTable,
    *,
    gap: float = 1e-6,
    most: int = 500,
    watch: Callable[[int, float], None] | None = None,
) -> Assignment:
    """Assign trips until the relative gap is reached.

    Gradient projection over the ways of each pair, one origin after the other (Jayakrishnan et al.
    1994): it goes on to gaps at which Frank-Wolfe and its relatives crawl.

    Parameters
    ----------
    gap
        Relative gap to reach.
    most
        Iterations after which it ends in any case.
    watch
        Called after each iteration with its number and gap.

    Raises
    ------
    DataError
        A pair of zones has trips but no way.
    ModelError
        Costs overflow at these flows.
    """
    ways = Ways(network, trips)
    _check_joined(trips, ways.shortest()[1])
    reached, iteration = np.inf, 0
    while reached > gap and iteration < most:
        ways.sweep()
        ways.settle(SETTLE)
        ways.pack()
        iteration += 1
        total, shortest = float(ways.cost @ ways.flow), ways.shortest()[0]
        if not np.isfinite(total):
            raise ModelError("the costs overflow", mend="check capacities and powers of the links")
        reached = max(0.0, (total - shortest) / total) if total > 0.0 else 0.0
        if watch is not None:
            watch(iteration, reached)
    return Assignment(
        ways.flow,
        ways.cost,
        reached,
        float(ways.cost @ ways.flow),
        network.beckmann(ways.flow),
        iteration,
        bool(reached <= gap),
    )


def _check_joined(trips: TripTable, lost: int) -> None:
    if lost >= 0:
        raise DataError(
            f"no way leads from zone {trips.origin[lost] + 1} to zone "
            f"{trips.destination[lost] + 1}, which have {trips.trips[lost]:g} trips",
            mend="check <FIRST THRU NODE> and the links at these zones",
        )
