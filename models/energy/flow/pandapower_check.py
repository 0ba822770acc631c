"""What a pandapower network must be before it is read: refused by table, index and name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.errors import DataError

UNREAD = {
    "gen": "holds a voltage",
    "xward": "holds a voltage behind an impedance",
    "dcline": "holds voltages at its ends",
    "svc": "controls a voltage",
    "ssc": "controls a voltage",
    "vsc": "controls a voltage",
    "tcsc": "controls a power",
    "b2b_vsc": "controls a voltage",
    "line_dc": "carries direct current",
    "load_dc": "draws direct current",
    "source_dc": "feeds direct current",
}
"""Tables whose elements in service no reader of ours can say, and why."""

BUS_COLUMNS = ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus")
SWITCHED = {"l": "line", "t": "trafo", "t3": "trafo3w", "b": "bus"}

_PHASES = tuple(
    f"{power}_{phase}_{unit}" for power, unit in (("p", "mw"), ("q", "mvar")) for phase in "abc"
)
_LOAD = ("p_mw", "q_mvar", "scaling")
NUMBERS: dict[str, tuple[str, ...]] = {
    "load": _LOAD,
    "sgen": _LOAD,
    "storage": _LOAD,
    "asymmetric_load": (*_PHASES, "scaling"),
    "asymmetric_sgen": (*_PHASES, "scaling"),
    "motor": ("pn_mech_mw", "cos_phi", "efficiency_percent", "loading_percent", "scaling"),
    "ward": ("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"),
    "shunt": ("p_mw", "q_mvar", "step"),
    "ext_grid": ("vm_pu", "va_degree"),
    "line": ("length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "parallel"),
    "trafo": (
        "sn_mva",
        "vn_hv_kv",
        "vn_lv_kv",
        "vk_percent",
        "vkr_percent",
        "pfe_kw",
        "i0_percent",
        "parallel",
    ),
    "trafo3w": tuple(
        f"{kind}_{side}_{unit}"
        for kind, unit in (("vk", "percent"), ("vkr", "percent"), ("sn", "mva"), ("vn", "kv"))
        for side in ("hv", "mv", "lv")
    ),
    "impedance": ("rft_pu", "xft_pu", "sn_mva"),
}
"""Columns that must be numbers in elements in service."""

NOT_NEGATIVE = {
    "line": ("length_km", "r_ohm_per_km", "x_ohm_per_km"),
    "trafo": ("vk_percent", "vkr_percent"),
    "trafo3w": tuple(NUMBERS["trafo3w"][:6]),
    "impedance": ("rft_pu", "xft_pu"),
}
"""Columns of impedances: a negative one would make power, or resonate."""


def check(net: Any) -> None:
    """Refuse what cannot be read, or means nothing.

    Raises
    ------
    DataError
        With the table, index and name of the element, and the buses of a branch.
    """
    for table, reason in UNREAD.items():
        frame = _table(net, table)
        running = frame[_in_service(frame)] if len(frame) else frame
        if len(running):
            raise DataError(
                f"{called(net, table, running.index[0])} of the pandapower network {reason}",
                allowed="external grids as the only elements that hold a voltage",
                mend="make it a static generator (sgen) or an external grid, or take it out of"
                " service",
            )
    _check_ends(net)
    for table, columns in NUMBERS.items():
        _check_numbers(net, table, columns)
    for table, columns in NOT_NEGATIVE.items():
        for column, row, value in _found(net, table, columns, lambda values: values < 0.0):
            raise DataError(
                f"{called(net, table, row)} has the negative impedance {column} = {value:g}",
                allowed="0 or more",
            )
    if not net.ext_grid.in_service.any():
        raise DataError(
            "the pandapower network has no external grid in service",
            mend="pandapower.create_ext_grid(net, bus)",
        )


def called(net: Any, table: str, row: Any) -> str:
    """An element as its owner knows it: table, index, name, and the buses of a branch."""
    frame = net[table]
    given = frame["name"].get(row) if "name" in frame else None
    name = f" ({given})" if isinstance(given, str) and given else ""
    ends = [c for c in BUS_COLUMNS if c in frame]
    buses = [bus_called(net, frame.at[row, c]) for c in ends] if table != "bus" else []
    joined = f" at {buses[0]}" if len(buses) == 1 else f" from {' to '.join(buses)}"
    return f"{table} {row}{name}{joined if buses else ''}"


def bus_called(net: Any, bus: Any) -> str:
    """``bus INDEX (NAME)``."""
    given = net.bus["name"].get(bus) if "name" in net.bus else None
    return f"bus {bus} ({given})" if isinstance(given, str) and given else f"bus {bus}"


def _table(net: Any, table: str) -> Any:
    return net.get(table, ())


def _in_service(frame: Any) -> Any:
    if "in_service" in frame:
        return frame["in_service"].to_numpy(bool)
    return np.ones(len(frame), dtype=bool)


def _check_ends(net: Any) -> None:
    """Buses and switched elements that are not there."""
    for table in [*NUMBERS, "switch"]:
        frame = _table(net, table)
        for column in BUS_COLUMNS if len(frame) else ():
            if column not in frame:
                continue
            lost = frame.index[~frame[column].isin(net.bus.index)]
            if len(lost):
                raise DataError(
                    f"{table} {lost[0]} stands at bus {frame.at[lost[0], column]}, which the"
                    " pandapower network does not have",
                    where=f"net.{table}.at[{lost[0]}, {column!r}]",
                    allowed="an index of net.bus",
                )
    for row, kind, element in zip(net.switch.index, net.switch.et, net.switch.element, strict=True):
        other = SWITCHED.get(kind)
        if other is None or element not in net[other].index:
            raise DataError(
                f"switch {row} switches {other or 'a thing of the kind'} "
                f"{element if other else repr(kind)}, which the pandapower network does not have",
                allowed="an index of net.line (l), net.trafo (t), net.trafo3w (t3), net.bus (b)",
            )


def _check_numbers(net: Any, table: str, columns: tuple[str, ...]) -> None:
    for column, row, value in _found(net, table, columns, lambda values: ~np.isfinite(values)):
        raise DataError(
            f"{called(net, table, row)} has {column} = {value}",
            allowed="a finite number",
            mend=f"give it one, or set net.{table}.at[{row}, 'in_service'] = False",
        )


def _found(
    net: Any, table: str, columns: tuple[str, ...], bad: Any
) -> Iterator[tuple[str, Any, float]]:
    """Column, index and value of elements in service that a test finds bad."""
    frame = _table(net, table)
    if not len(frame):
        return
    on = _in_service(frame)
    for column in columns:
        if column in frame:
            values = frame[column].to_numpy(dtype=float)
            for at in np.flatnonzero(on & bad(values)):
                yield column, frame.index[at], values[at]
