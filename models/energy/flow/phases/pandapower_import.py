"""A pandapower network with its zero sequence and its loads between phase and neutral."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Rows
from models.energy.flow.pandapower_import import from_pandapower
from models.energy.flow.phases.network import PhaseNetwork, from_sequences
from models.energy.flow.phases.pandapower_check import GROUPS, check
from models.energy.flow.phases.source import impedance
from twin.errors import DataError

LOADS = (
    ("load", 1e6, False),
    ("storage", 1e6, False),
    ("sgen", -1e6, False),
    ("asymmetric_load", 1e6, True),
    ("asymmetric_sgen", -1e6, True),
)
"""Tables of loads, watts drawn of a megawatt in them, and whether they tell the phases."""


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
    line : (n_line,) int64
        Branch of each pandapower line.
    """

    network: PhaseNetwork
    active: Floats
    reactive: Floats
    bus: Rows
    line: Rows


def from_pandapower_phases(net: Any) -> ImportedPhases:
    """Read a pandapower network for an unbalanced power flow.

    Lines have ``r0_ohm_per_km``, ``x0_ohm_per_km`` and ``c0_nf_per_km``, transformers
    ``vk0_percent``, ``vkr0_percent``, ``mag0_percent``, ``mag0_rx``, ``si0_hv_partial`` and the
    vector group Dyn or YNyn; asymmetric loads and generators stand between phase and neutral
    (``wye``).

    Raises
    ------
    DataError
        Something of this is missing, another vector group, loads in delta, or an element that
        has no place in three phases (:data:`.pandapower_check.UNREAD`).
    """
    check(net)
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
    active, reactive = loads_by_phase(net, lambda bus: found.bus[bus], len(n.bus_names))
    source = impedance(net, found.bus, n.slack, n.base_power)
    return ImportedPhases(
        from_sequences(n, series, from_shunt, shunt, joins, source),
        active,
        reactive,
        found.bus,
        found.line,
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


def loads_by_phase(net: Any, rows: Callable[[Any], Rows], buses: int) -> tuple[Floats, Floats]:
    """Loads less generation, symmetric ones in equal parts; both (n_bus, 3), W and var.

    Parameters
    ----------
    net
    rows
        Row of each of some pandapower buses.
    buses
        How many rows there are.
    """
    out = np.zeros((2, buses, 3))
    for table, sign, by_phase in LOADS:
        frame = net[table]
        if not len(frame):
            continue
        at = rows(frame.bus.to_numpy())
        scale = sign * (frame.in_service * frame.scaling).to_numpy(float)
        for side, (key, unit) in enumerate((("p", "mw"), ("q", "mvar"))):
            for place, phase in enumerate("abc"):
                name = f"{key}_{phase}_{unit}" if by_phase else f"{key}_{unit}"
                power = frame[name].to_numpy(float) / (1.0 if by_phase else 3.0)
                np.add.at(out[side, :, place], at, scale * power)
    return out[0], out[1]
