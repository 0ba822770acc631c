"""A network checked, and ordered parent before child from its slack buses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.energy.flow.graph import kernels
from models.energy.flow.network import LEG, LINE, Complex, Flags, Floats, Network, Rows
from twin.errors import DataError

SAME_VOLTAGE = 0.01
"""Nominal voltages at the two ends of a line may differ by this share of themselves."""

Picked = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Tree:
    """The live part of a network, as a sweep goes through it.

    Attributes
    ----------
    order : (n_live,) int64
        Bus at each place, each after its parent.
    parent : (n_live,) int64
        Place of the parent; ``-1 - slack`` at a slack.
    feed : (n_live,) int64
        Branch from the parent, -1 at a slack.
    loops : (n_loop,) int64
        Branches that close a loop or join two slacks; a radial network has none.
    supplied : (n_bus,) bool
        A slack in service reaches the bus.
    """

    order: Rows
    parent: Rows
    feed: Rows
    loops: Rows
    supplied: Flags


@dataclass(frozen=True)
class Coefficients:
    """What the sweep needs to know of a tree; see :func:`.graph.kernels.arrange`.

    Attributes
    ----------
    table : (9, n_live) float64
    scale : (n_live,) complex128
    mixed : (n_live,) bool
        The load has shares of constant current or impedance.
    tap : (n_live,) int64
        Row of the branch to the parent among those whose ratio changes, -1 elsewhere.
    at_from : (n_live,) bool
        The parent is the *from* bus of the branch.
    """

    table: Floats
    scale: Complex
    mixed: Flags
    tap: Rows
    at_from: Flags

    @cached_property
    def any_mixed(self) -> bool:
        """Whether any load has them."""
        return bool(self.mixed.any())


class Forest:
    """Finds the tree of a network anew whenever a switch moves.

    Parameters
    ----------
    network
        Checked by :func:`check`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        buses, branches = len(network.bus_names), len(network.branch_names)
        self._start, self._branch = kernels.neighbours(buses, network.from_bus, network.to_bus)
        self._order, self._parent, self._feed, self._place = np.empty((4, buses), dtype=np.int64)
        self._loops = np.empty(branches, dtype=np.int64)

    def tree(self, closed: Flags, live: Flags) -> Tree:
        """Order of the buses that the live slacks reach; (n_branch,) bool, (n_slack,) bool."""
        n = self._network
        count, extra = kernels.walk(
            self._start,
            self._branch,
            n.from_bus,
            n.to_bus,
            closed,
            n.slack,
            live,
            self._order,
            self._parent,
            self._feed,
            self._loops,
            self._place,
        )
        return Tree(
            self._order[:count].copy(),
            self._parent[:count].copy(),
            self._feed[:count].copy(),
            np.sort(self._loops[:extra]),
            self._place >= 0,
        )

    def coefficients(self, tree: Tree, ratio: Complex, tapped: Rows) -> Coefficients:
        """Coefficients of a radial tree.

        Parameters
        ----------
        tree
            Without loops.
        ratio : (n_branch,) complex128
        tapped : (n_branch,) int64
            Row of a branch whose ratio changes from step to step; -1 for the others.
        """
        n, live = self._network, len(tree.order)
        table, scale = np.empty((9, live)), np.empty(live, dtype=np.complex128)
        kernels.arrange(
            tree.order,
            tree.parent,
            tree.feed,
            n.from_bus,
            n.to_bus,
            n.series,
            n.from_shunt,
            n.to_shunt,
            ratio,
            n.shunt,
            tapped,
            n.constant_current,
            n.constant_impedance,
            scale,
            table,
        )
        fed = tree.feed >= 0
        return Coefficients(
            table,
            scale,
            (table[5] != 0.0) | (table[6] != 0.0),
            np.where(fed, tapped[tree.feed], -1) if len(tapped) else tree.feed,
            n.to_bus[tree.feed] == tree.order if len(tapped) else fed,
        )


def check(network: Network) -> None:
    """Refuse a network that no power flow can mean anything for.

    A series resistance may be 0, but a negative impedance would make power or resonate (one leg of
    the star of a transformer with three windings may have it), and an impedance of 0 makes two
    buses one.

    Raises
    ------
    DataError
        With the name of the bus or branch.
    """
    _check_ends(network)
    _check_finite(network)
    _check_slack(network)
    branch = _between(network)
    real = network.kind != LEG
    for bad, what, allowed in (
        (real & (network.series.real < 0.0), "a negative series resistance", "0 or more"),
        (real & (network.series.imag < 0.0), "a negative series reactance", "0 or more"),
        (network.series == 0.0, "a series impedance of 0", "a resistance or a reactance"),
        (network.ratio == 0.0, "a ratio of 0", "about 1"),
        (~(network.rating > 0.0), "no rating", "a positive one, or infinity where unknown"),
    ):
        _refuse(np.flatnonzero(bad), branch, "branch", what, allowed)
    nominal = network.nominal_voltage
    _refuse(np.flatnonzero(~(nominal > 0.0)), network.bus_names, "bus", "no nominal voltage", "> 0")
    ends = nominal[network.from_bus], nominal[network.to_bus]
    differ = np.abs(ends[0] - ends[1]) > SAME_VOLTAGE * np.maximum(*ends)
    _refuse(
        np.flatnonzero((network.kind == LINE) & differ),
        branch,
        "line",
        "two nominal voltages at its ends: a transformer is missing",
        "buses of one nominal voltage",
    )
    share = network.constant_current + network.constant_impedance
    wrong = ~((network.constant_current >= 0.0) & (network.constant_impedance >= 0.0))
    _refuse(
        np.flatnonzero(wrong | (share > 1.0 + 1e-9)),
        network.bus_names,
        "bus",
        "shares of constant current and impedance that are none",
        "0 or more, and 1 or less together",
    )


def _between(network: Network) -> npt.NDArray[np.str_]:
    """Names of the branches with those of the buses at their ends."""
    bus = network.bus_names
    return np.array(
        [
            name if " from bus " in name else f"{name} from bus {bus[a]} to bus {bus[b]}"
            for name, a, b in zip(
                network.branch_names, network.from_bus, network.to_bus, strict=True
            )
        ],
        dtype=np.str_,
    )


def _check_finite(network: Network) -> None:
    for values in ("series", "from_shunt", "to_shunt", "ratio"):
        bad = np.flatnonzero(~np.isfinite(getattr(network, values)))
        _refuse(bad, _between(network), "branch", f"a {values} that is not finite", "a number")
    bad = np.flatnonzero(~np.isfinite(network.shunt))
    _refuse(bad, network.bus_names, "bus", "a shunt that is not finite", "a number")


def _check_ends(network: Network) -> None:
    buses = len(network.bus_names)
    for end in (network.from_bus, network.to_bus):
        bad = np.flatnonzero((end < 0) | (end >= buses))
        _refuse(bad, network.branch_names, "branch", "an end at no bus", f"rows 0 to {buses - 1}")
    bad = np.flatnonzero(network.from_bus == network.to_bus)
    _refuse(bad, network.branch_names, "branch", "both ends at one bus", "two buses")


def _check_slack(network: Network) -> None:
    if not len(network.slack):
        raise DataError(
            "the network has no slack bus, so nothing gives its voltage",
            allowed="at least one bus of given voltage",
            mend="name the bus where the network is fed",
        )
    rows, counts = np.unique(network.slack, return_counts=True)
    _refuse(rows[counts > 1], network.bus_names, "bus", "two slacks", "one slack a bus")
    bad = ~np.isfinite(network.slack_voltage) | (network.slack_voltage == 0.0)
    _refuse(
        network.slack[bad], network.bus_names, "slack", "no voltage", "a finite one other than 0"
    )


def _refuse(
    rows: Rows | Picked, names: npt.NDArray[np.str_], kind: str, what: str, allowed: str
) -> None:
    if len(rows):
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise DataError(f"{kind} {str(names[rows[0]])!r} has {what}{more}", allowed=allowed)
