"""Buses that no source reaches, told island by island."""

from __future__ import annotations

import numpy as np

from models.energy.flow.case import Case
from models.energy.flow.network import Rows
from models.energy.flow.solve import PowerFlow

SHOWN = 12
"""Buses and islands that are listed; the rest is counted."""


def islands(case: Case, flow: PowerFlow) -> list[str]:
    """A line for each island without a source, with its buses and voltage; none where all is fed.

    Where no bus of the island's nominal voltage is fed, a transformer is missing or out of service.
    """
    n, rows = case.network, case.bus_row
    lost = np.flatnonzero(~flow.supplied[rows])
    if not len(lost):
        return []
    group = _groups(case)[rows[lost]]
    fed = np.unique(n.nominal_voltage[flow.supplied])
    lines = [
        f"warning: {len(lost)} of {len(rows)} buses have no supply; they are solved as dead, with"
        " what hangs on them"
    ]
    names = np.unique(group)
    for name in names[:SHOWN]:
        here = lost[group == name]
        nominal = n.nominal_voltage[rows[here[0]]]
        shown = ", ".join(str(bus) for bus in case.bus[here[:SHOWN]])
        more = f" and {len(here) - SHOWN} more" if len(here) > SHOWN else ""
        missing = "" if nominal in fed else ", a transformer is missing or out of service"
        lines.append(f"island at {nominal / 1000.0:g} kV{missing}: bus {shown}{more}")
    if len(names) > SHOWN:
        lines.append(f"and {len(names) - SHOWN} more islands")
    return lines


def _groups(case: Case) -> Rows:
    """The lowest row of each bus's connected part."""
    n = case.network
    group = np.arange(len(n.bus_names))
    a, b = n.from_bus[n.closed], n.to_bus[n.closed]
    while True:
        least = np.minimum(group[a], group[b])
        before = group.copy()
        np.minimum.at(group, a, least)
        np.minimum.at(group, b, least)
        if (group == before).all():
            return group
