"""What hangs on each bus of a pandapower network, before closed switches join them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Floats

TIMED = (("load", 1.0), ("storage", 1.0), ("sgen", -1.0))
"""Tables that may have profiles, and the sign of what they draw."""


def standing(net: Any) -> Complex:
    """Power that the elements of each bus draw at nominal voltage; (n_bus,) W and var."""
    total: Complex = timeless(net)
    for table, sign in TIMED:
        frame = net[table]
        power = frame.p_mw.to_numpy(float) + 1j * frame.q_mvar.to_numpy(float)
        _add(net, total, frame, sign * power * frame.scaling.to_numpy(float))
    return total


def timeless(net: Any) -> Complex:
    """As :func:`standing`, of elements that no profile moves."""
    total = np.zeros(len(net.bus), dtype=np.complex128)
    for frame, power in _others(net):
        _add(net, total, frame, power)
    return total


def shunts(net: Any) -> Complex:
    """Power that shunts and wards draw at nominal voltage; (n_bus,) W and var."""
    total = np.zeros(len(net.bus), dtype=np.complex128)
    frame = net.shunt
    nominal = net.bus.vn_kv.reindex(frame.bus).to_numpy(float) / frame.vn_kv.to_numpy(float)
    power = frame.p_mw.to_numpy(float) + 1j * frame.q_mvar.to_numpy(float)
    _add(net, total, frame, power * frame.step.to_numpy(float) * nominal**2)
    frame = net.ward
    _add(net, total, frame, frame.pz_mw.to_numpy(float) + 1j * frame.qz_mvar.to_numpy(float))
    return total


def profiled(net: Any, profiles: dict[Any, Any]) -> Floats:
    """Loads and storages less generation of each bus by profile.

    Parameters
    ----------
    net
    profiles
        Table (n_step, n_element) of each pair of element and column, as simbench gives them; an
        element without one keeps what it has.

    Returns
    -------
    (2, n_bus, n_step) float64
        W and var.
    """
    steps = max(len(given) for given in profiles.values())
    rest = timeless(net)
    out = np.zeros((2, len(net.bus), steps))
    out += np.stack([rest.real, rest.imag])[:, :, None]
    for table, sign in TIMED:
        frame = net[table]
        if not len(frame):
            continue
        at = net.bus.index.get_indexer(frame.bus)
        scale = sign * 1e6 * (frame.in_service.to_numpy(float) * frame.scaling.to_numpy(float))
        for side, key in enumerate(("p_mw", "q_mvar")):
            power = np.repeat(frame[key].to_numpy(float)[:, None], steps, axis=1)
            given = profiles.get((table, key))
            if given is not None and len(given):
                there = frame.index.isin(given.columns)
                power[there] = given[frame.index[there]].to_numpy(float).T
            np.add.at(out[side], at, scale[:, None] * power)
    return out


def _others(net: Any) -> Iterator[tuple[Any, Complex]]:
    for table, sign in (("asymmetric_load", 1.0), ("asymmetric_sgen", -1.0)):
        frame = net[table]
        parts = [
            frame[f"p_{phase}_mw"].to_numpy(float) + 1j * frame[f"q_{phase}_mvar"].to_numpy(float)
            for phase in "abc"
        ]
        yield frame, sign * np.sum(parts, axis=0) * frame.scaling.to_numpy(float)
    frame = net.motor
    active = frame.pn_mech_mw.to_numpy(float) / frame.efficiency_percent.to_numpy(float)
    active = active * frame.loading_percent.to_numpy(float) * frame.scaling.to_numpy(float)
    yield frame, active * (1.0 + 1j * np.tan(np.arccos(frame.cos_phi.to_numpy(float))))
    frame = net.ward
    yield frame, frame.ps_mw.to_numpy(float) + 1j * frame.qs_mvar.to_numpy(float)


def _add(net: Any, total: Complex, frame: Any, power: Complex) -> None:
    """Add elements' MVA to their buses."""
    if len(frame):
        on = frame.in_service.to_numpy(bool)
        at = net.bus.index.get_indexer(frame.bus)
        np.add.at(total, at[on], 1e6 * power[on])
