"""What ``twin grid`` says of a period against EN 50160."""

from __future__ import annotations

import numpy as np

from models.energy.flow.case import Case
from models.energy.flow.network import Flags, Floats
from models.energy.flow.quality import MEAN, voltage_quality


def quality(case: Case, supplied: Flags, voltage: Floats) -> list[str]:
    """Lines on the 10-minute means of a case; none where there are no two of them.

    Parameters
    ----------
    case
        With times, of which the first two tell the step.
    supplied : (n_bus,) bool
    voltage : (n_bus, n_step) float64, per unit
    """
    if len(case.times) < 2:
        return []
    step = float((case.times[1] - case.times[0]) / np.timedelta64(1, "s"))
    if step * len(case.times) < MEAN:
        return []
    found = voltage_quality(voltage, step)
    lit = np.unique(case.bus_row[supplied[case.bus_row]])
    bad = lit[~found.kept[lit]]
    period = f"EN 50160 from {case.times[0]} to {case.times[-1]}, {voltage.shape[1]} values a bus"
    if not len(bad):
        return [f"{period}: kept at all {len(lit)} buses"]
    worst = bad[np.argmin(found.inside[bad].min(axis=1))]
    share = 100.0 * found.inside[worst].min()
    return [
        f"{period}: broken at {len(bad)} of {len(lit)} buses "
        f"({int((~found.weekly[bad]).sum())} outside ±10 % in more than 5 % of a week, "
        f"{int((~found.always[bad]).sum())} outside +10/-15 % at some time)",
        f"worst: {case.bus_called(int(worst))}, {share:.1f} % of its worst week within ±10 %, "
        f"{found.lowest[worst]:.4f} to {found.highest[worst]:.4f} p.u.",
    ]
