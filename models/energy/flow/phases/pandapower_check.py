"""What a pandapower network must be before it is read in three phases."""

from __future__ import annotations

from typing import Any

from models.energy.flow.pandapower_check import called
from twin.errors import DataError

GROUPS = {"dyn": False, "ynyn": True}
"""Vector groups, and whether the zero sequence passes."""

MIDDLE = ("mag0_percent", "mag0_rx", "si0_hv_partial")
"""Columns of the magnetising impedance in the zero sequence."""

UNREAD = {
    "trafo3w": "has three windings",
    "impedance": "has no zero sequence",
    "shunt": "may be earthed or not",
    "ward": "may be earthed or not",
    "motor": "has another impedance to the negative sequence",
}
"""Tables whose elements in service are refused in three phases, and why."""


def check(net: Any) -> None:
    """Refuse what three phases cannot say.

    Raises
    ------
    DataError
        With the table and index of the element, or the column that is missing.
    """
    _check_elements(net)
    _check_columns(net)
    if len(net.trafo):
        _check_transformers(net)
    _check_loads(net)


def _check_elements(net: Any) -> None:
    for table, reason in UNREAD.items():
        frame = net[table]
        running = frame[frame.in_service.to_numpy(bool)] if len(frame) else frame
        if len(running):
            raise DataError(
                f"{called(net, table, running.index[0])} {reason}, which three phases would need",
                allowed="lines, transformers of two windings, loads, static generators, storages",
                mend="take it out of service, or solve the grid balanced",
            )
    resistive = net.switch[(net.switch.z_ohm > 0.0) & net.switch.closed & (net.switch.et == "b")]
    if len(resistive):
        raise DataError(
            f"switch {resistive.index[0]} has an impedance and no zero sequence",
            allowed="switches with z_ohm = 0, in three phases",
        )


def _check_columns(net: Any) -> None:
    wanted = {
        "line": ("r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km"),
        "trafo": ("vector_group", "vk0_percent", "vkr0_percent", *MIDDLE),
    }
    for table, columns in wanted.items():
        for column in columns:
            frame = net[table]
            if len(frame) and (column not in frame or frame[column].isna().any()):
                raise DataError(
                    f"the pandapower network's {table} has no {column}",
                    mend="give the zero sequence; a three-phase power flow needs it",
                )


def _check_transformers(net: Any) -> None:
    strange = net.trafo[~net.trafo.vector_group.str.lower().isin(list(GROUPS))]
    if len(strange):
        raise DataError(
            f"transformer {strange.index[0]} has the vector group {strange.vector_group.iloc[0]!r}",
            allowed="Dyn, YNyn",
        )
    for column in ("xn_ohm", "rn_ohm"):
        if column not in net.trafo:
            continue
        earthed = net.trafo[net.trafo[column].fillna(0.0) != 0.0]
        if len(earthed):
            raise DataError(
                f"{called(net, 'trafo', earthed.index[0])} has an impedance at its star point",
                allowed=f"{column} = 0: a star point that is earthed without impedance",
            )


def _check_loads(net: Any) -> None:
    for table in ("load", "sgen", "asymmetric_load", "asymmetric_sgen"):
        frame = net[table]
        delta = frame.index[frame.type.astype(str).str.lower() == "delta"] if len(frame) else ()
        for row in delta[:1]:
            raise DataError(
                f"{called(net, table, row)} is in delta",
                allowed="loads between phase and neutral (wye)",
            )
