"""A pandapower network as a network of ours, with the admittances that pandapower itself uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.energy.flow.network import LEG, LINE, TRANSFORMER, Complex, Floats, Network, Rows
from models.energy.flow.pandapower_check import bus_called, called, check
from twin.errors import DataError

REFERENCE, ISOLATED = 3, 4
"""Types of bus in MATPOWER's case format."""


@dataclass(frozen=True)
class Imported:
    """A network and the loads that its file gives.

    Attributes
    ----------
    network
        Ratings are ampacities and rated powers with those in parallel; infinite elsewhere.
    active, reactive : (n_bus,) float64, W and var
        Loads less generation.
    bus : (highest pandapower bus index + 1,) int64
        Row of each pandapower bus; buses that a closed switch joins share one.
    line, trafo : (n_line,), (n_trafo,) int64
        Branch of each row of the pandapower tables.
    trafo3w : (3 n_trafo3w,) int64
        Branches from the high, the middle and the low side to the middle of the star, side by side.
    """

    network: Network
    active: Floats
    reactive: Floats
    bus: Rows
    line: Rows
    trafo: Rows
    trafo3w: Rows


def from_pandapower(net: Any) -> Imported:
    """Read a pandapower network.

    pandapower turns its elements (lines, transformers with taps and shift, switches, shunts, wards,
    impedances) into MATPOWER's case format; this reads that case. External grids are the slacks.

    Parameters
    ----------
    net : pandapowerNet

    Raises
    ------
    DataError
        See :func:`.pandapower_check.check`; a load's shares of constant current or impedance are
        no shares, or others in reactive power; an impedance is not the same in both directions.
    """
    from pandapower.converter.pypower.to_ppc import to_ppc
    from pandapower.pd2ppc import _pd2ppc
    from pandapower.pypower import idx_brch, idx_bus

    check(net)
    to_ppc(net, calculate_voltage_angles=True, init="flat")
    case, _ = _pd2ppc(net)  # what to_ppc returns lacks conductances, and buses out of service
    bus, branch, base = case["bus"], case["branch"], float(case["baseMVA"]) * 1e6
    lookup = np.asarray(net._pd2ppc_lookups["bus"], dtype=np.int64)
    shares = _shares(net, lookup, len(bus))
    slack = np.flatnonzero(bus[:, idx_bus.BUS_TYPE] == REFERENCE)
    closed = branch[:, idx_brch.BR_STATUS].real > 0
    names = _branch_names(net, len(branch))
    _check_symmetric(branch, idx_brch, names)
    kind = np.full(len(branch), TRANSFORMER)
    kind[_branches(net, "line")], kind[_branches(net, "trafo3w")] = LINE, LEG
    network = Network(
        bus_names=_bus_names(net, lookup, len(bus)),
        nominal_voltage=np.ascontiguousarray(bus[:, idx_bus.BASE_KV]) * 1000.0,
        base_power=base,
        branch_names=names,
        from_bus=branch[:, idx_brch.F_BUS].real.astype(np.int64),
        to_bus=branch[:, idx_brch.T_BUS].real.astype(np.int64),
        kind=kind,
        series=_column(branch, idx_brch.BR_R) + 1j * _column(branch, idx_brch.BR_X),
        from_shunt=_shunt(branch, idx_brch, at_to=False),
        to_shunt=_shunt(branch, idx_brch, at_to=True),
        ratio=_ratio(branch, idx_brch),
        rating=_rating(net, len(branch)),
        closed=closed,
        shunt=(bus[:, idx_bus.GS] + 1j * bus[:, idx_bus.BS]) * 1e6 / base,
        slack=slack,
        slack_voltage=_slack_voltage(net, slack),
        constant_current=shares[0],
        constant_impedance=shares[1],
    )
    return Imported(
        network,
        np.ascontiguousarray(bus[:, idx_bus.PD]) * 1e6,
        np.ascontiguousarray(bus[:, idx_bus.QD]) * 1e6,
        lookup,
        _branches(net, "line"),
        _branches(net, "trafo"),
        _branches(net, "trafo3w"),
    )


def _bus_names(net: Any, lookup: Rows, buses: int) -> Any:
    """Index and name of the first bus in each row; rows between windings and at open ends too."""
    names = [f"auxiliary {row}" for row in range(buses)]
    for bus in net.bus.index[::-1]:
        if 0 <= lookup[bus] < buses:
            names[lookup[bus]] = bus_called(net, bus).removeprefix("bus ")
    return np.array(names, dtype=np.str_)


def _branch_names(net: Any, branches: int) -> Any:
    """Table, index, name and buses of each branch."""
    names = [f"auxiliary {row}" for row in range(branches)]
    for table in net._pd2ppc_lookups["branch"]:
        rows = _branches(net, table)
        frame = net[table]
        if table == "trafo3w":
            for side, leg in zip(("hv", "mv", "lv"), np.split(rows, 3), strict=True):
                for row, index in zip(leg, frame.index, strict=True):
                    names[row] = f"{side} of {called(net, table, index)}"
        elif len(rows) == len(frame):
            for row, index in zip(rows, frame.index, strict=True):
                names[row] = called(net, table, index)
    return np.array(names, dtype=np.str_)


def _check_symmetric(branch: Any, idx: Any, names: Any) -> None:
    bad = (_column(branch, idx.BR_R_ASYM) != 0.0) | (_column(branch, idx.BR_X_ASYM) != 0.0)
    bad &= _column(branch, idx.BR_STATUS) > 0.0
    if bad.any():
        raise DataError(
            f"{names[np.argmax(bad)]} has another impedance from its first bus to its second than"
            " back",
            allowed="rft_pu and rtf_pu alike, and xft_pu and xtf_pu",
        )


def _shares(net: Any, lookup: Rows, buses: int) -> Floats:
    """Shares of constant current and of constant impedance of each bus's load; (2, n_bus).

    As pandapower has it: the mean of the loads in service at the bus, whatever their size, and for
    all that hangs there.
    """
    loads = net.load[net.load.in_service]
    rows = lookup[loads.bus.to_numpy(dtype=np.int64)]
    count = np.bincount(rows, minlength=buses)
    out = np.zeros((2, buses))
    percent = [_percent(loads, kind) for kind in ("i", "z")]
    bad = np.flatnonzero(percent[0] + percent[1] > 100.0)
    if len(bad):
        whole = percent[0][bad[0]] + percent[1][bad[0]]
        raise DataError(
            f"load {loads.index[bad[0]]} of the pandapower network has {whole:g} % of constant"
            " current and impedance together",
            allowed="at most 100 %",
        )
    for total, share in zip(out, percent, strict=True):
        np.add.at(total, rows, share / 100.0)
    out /= np.maximum(count, 1)
    return out


def _percent(loads: Any, kind: str) -> Floats:
    """Column ``const_i_percent`` or ``const_z_percent`` of the loads, by its old or new names."""
    names = [f"const_{kind}_percent", f"const_{kind}_p_percent", f"const_{kind}_q_percent"]
    old, active, reactive = (
        np.nan_to_num(loads[name].to_numpy(dtype=float)) if name in loads else np.zeros(len(loads))
        for name in names
    )
    differ = np.flatnonzero(active != reactive)
    if len(differ):
        raise DataError(
            f"load {loads.index[differ[0]]} of the pandapower network has other shares of {kind}"
            " in active than in reactive power",
            allowed="the same in both",
            mend=f"set {names[1]} and {names[2]} alike",
        )
    found = np.where(active != 0.0, active, old)
    bad = np.flatnonzero(found < 0.0)
    if len(bad):
        raise DataError(
            f"load {loads.index[bad[0]]} of the pandapower network has {names[0]} {found[bad[0]]}",
            allowed="0 to 100 %",
        )
    return found


def _branches(net: Any, table: str) -> Rows:
    """Branches of a table's rows."""
    first, last = net._pd2ppc_lookups["branch"].get(table, (0, 0))
    return np.arange(first, last)


def _rating(net: Any, branches: int) -> Floats:
    """Ampacity of lines, A, and rated power of transformers, VA."""
    rating = np.full(branches, np.inf)
    line, trafo = net.line, net.trafo
    if len(line) and "max_i_ka" in line:
        given = line.max_i_ka.to_numpy(float) * line.df.to_numpy(float) * line.parallel.to_numpy()
        rating[_branches(net, "line")] = given * 1e3
    if len(trafo):
        rating[_branches(net, "trafo")] = (trafo.sn_mva * trafo.parallel).to_numpy(float) * 1e6
    if len(net.trafo3w):
        sides = [net.trafo3w[f"sn_{side}_mva"].to_numpy(float) for side in ("hv", "mv", "lv")]
        rating[_branches(net, "trafo3w")] = np.concatenate(sides) * 1e6
    return np.where(rating > 0.0, rating, np.inf)


def _column(branch: Any, position: int) -> Floats:
    return np.ascontiguousarray(branch[:, position].real, dtype=np.float64)


def _shunt(branch: Any, idx: Any, *, at_to: bool) -> Complex:
    """A branch's admittance to earth at one end, per unit; half of what the case has."""
    whole: Complex = _column(branch, idx.BR_G) + 1j * _column(branch, idx.BR_B)
    if at_to:
        whole = whole + _column(branch, idx.BR_G_ASYM) + 1j * _column(branch, idx.BR_B_ASYM)
    return 0.5 * whole


def _ratio(branch: Any, idx: Any) -> Complex:
    tap = _column(branch, idx.TAP)
    found: Complex = np.where(tap == 0.0, 1.0, tap) * np.exp(
        1j * np.deg2rad(_column(branch, idx.SHIFT))
    )
    return found


def _slack_voltage(net: Any, slack: Rows) -> Complex:
    """Voltage of each slack, per unit, from the external grid at it."""
    grids = net.ext_grid[net.ext_grid.in_service]
    rows = np.asarray(net._pd2ppc_lookups["bus"])[grids.bus.to_numpy()]
    given = grids.vm_pu.to_numpy() * np.exp(1j * np.deg2rad(grids.va_degree.to_numpy()))
    at = {int(row): value for row, value in zip(rows, given, strict=True)}
    return np.array([at[int(row)] for row in slack], dtype=np.complex128)
