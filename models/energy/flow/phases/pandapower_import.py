"""A pandapower network with its zero sequence and its loads between phase and neutral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Rows
from models.energy.flow.pandapower_import import Imported, from_pandapower
from models.energy.flow.phases.network import PhaseNetwork, from_sequences
from twin.errors import DataError

GROUPS = {"dyn": False, "ynyn": True}
"""Vector groups, and whether the zero sequence passes."""

MIDDLE = ("mag0_percent", "mag0_rx", "si0_hv_partial")
"""Columns of the magnetising impedance in the zero sequence."""


@dataclass(frozen=True)
class ImportedPhases:
    """A network in three phases and the loads that its file gives.

    Attributes
    ----------
    network
    active, reactive : (n_bus, 3) float64, W and var
        Loads less generation, symmetric ones in equal parts.
    bus : int64
        Row of each pandapower bus.
    """

    network: PhaseNetwork
    active: Floats
    reactive: Floats
    bus: Rows


def from_pandapower_phases(net: Any) -> ImportedPhases:
    """Read a pandapower network for an unbalanced power flow.

    Lines have ``r0_ohm_per_km``, ``x0_ohm_per_km`` and ``c0_nf_per_km``, transformers
    ``vk0_percent``, ``vkr0_percent``, ``mag0_percent``, ``mag0_rx``, ``si0_hv_partial`` and the
    vector group Dyn or YNyn; asymmetric loads and generators stand between phase and neutral
    (``wye``).

    Raises
    ------
    DataError
        Something of this is missing, another vector group, or loads in delta.
    """
    _check(net)
    found = from_pandapower(net)
    if (found.network.constant_current + found.network.constant_impedance).any():
        raise DataError(
            "loads of the pandapower network depend on the voltage",
            allowed="loads of constant power, in three phases",
            mend="set the const_z and const_i columns of net.load to 0",
        )
    n = found.network
    series, shunt = n.series.copy(), n.to_shunt.copy()
    joins: Flags = np.ones(len(series), dtype=bool)
    ohm = n.nominal_voltage[n.to_bus] ** 2 / n.base_power
    line, trafo = net.line, net.trafo
    km = line.length_km.to_numpy(float)
    parallel = line.parallel.to_numpy(float)
    z0 = line.r0_ohm_per_km.to_numpy(float) + 1j * line.x0_ohm_per_km.to_numpy(float)
    series[found.line] = z0 * km / parallel / ohm[found.line]
    c0 = line.c0_nf_per_km.to_numpy(float) * 1e-9 * km * parallel
    shunt[found.line] = 0.5j * 2.0 * np.pi * net.f_hz * c0 * ohm[found.line]
    from_shunt = shunt.copy()
    if len(trafo):
        rows = found.trafo
        joins[rows] = [GROUPS[name] for name in trafo.vector_group.str.lower()]
        size = n.series[rows] / _short_circuit(trafo.vk_percent, trafo.vkr_percent)
        zero = _trafo_zero(trafo, joins[rows])
        series[rows] = zero[0] * size
        from_shunt[rows], shunt[rows] = zero[1] / size, zero[2] / size
    active, reactive = _loads(net, found)
    return ImportedPhases(
        from_sequences(n, series, from_shunt, shunt, joins), active, reactive, found.bus
    )


def _trafo_zero(trafo: Any, joins: Flags) -> tuple[Complex, Complex, Complex]:
    """Series impedance and the shunts at its two ends in the zero sequence, percent.

    The two parts of the leakage with the magnetising impedance between them (pandapower's T
    model). In YNyn that is a π; in Dyn the delta closes the high-voltage side, and what is left is
    an impedance from the star point.
    """
    leakage = _short_circuit(trafo.vk0_percent, trafo.vkr0_percent)
    turn = trafo.mag0_rx.to_numpy(float)
    magnetising = np.abs(leakage) * trafo.mag0_percent.to_numpy(float) / 100.0
    middle = magnetising * (turn + 1j) / np.sqrt(turn**2 + 1.0)
    high = trafo.si0_hv_partial.to_numpy(float) * leakage
    low = leakage - high
    star = high * low + low * middle + high * middle
    closed = low + high * middle / (high + middle)
    series: Complex = np.where(joins, star / middle, closed)
    return series, np.where(joins, low / star, 0.0), np.where(joins, high / star, 0.0)


def _short_circuit(size: Any, real: Any) -> Complex:
    size, real = size.to_numpy(float), real.to_numpy(float)
    impedance: Complex = real + 1j * np.sqrt(size**2 - real**2)
    return impedance


def _check(net: Any) -> None:
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
    if len(net.trafo):
        strange = net.trafo[~net.trafo.vector_group.str.lower().isin(list(GROUPS))]
        if len(strange):
            raise DataError(
                f"transformer {strange.index[0]} has the vector group "
                f"{strange.vector_group.iloc[0]!r}",
                allowed="Dyn, YNyn",
            )
    for table in ("asymmetric_load", "asymmetric_sgen"):
        frame = net[table]
        if len(frame) and (frame.type.str.lower() == "delta").any():
            raise DataError(f"{table} in delta", allowed="loads between phase and neutral (wye)")


def _loads(net: Any, found: Imported) -> tuple[Floats, Floats]:
    out = np.zeros((2, len(found.network.bus_names), 3))
    for table, sign in (("load", 1e6), ("sgen", -1e6)):
        for name, phases in ((table, None), (f"asymmetric_{table}", "abc")):
            frame = net[name]
            if not len(frame):
                continue
            rows = found.bus[frame.bus.to_numpy()]
            scale = sign * (frame.in_service * frame.scaling).to_numpy(float)
            for side, (key, unit) in enumerate((("p", "mw"), ("q", "mvar"))):
                for phase in range(3):
                    if phases is None:
                        power = frame[f"{key}_{unit}"].to_numpy(float) / 3.0
                    else:
                        power = frame[f"{key}_{phases[phase]}_{unit}"].to_numpy(float)
                    np.add.at(out[side, :, phase], rows, scale * power)
    return out[0], out[1]
