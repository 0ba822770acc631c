"""What stands behind the voltage of an external grid in three phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Rows
from models.energy.flow.pandapower_check import called
from models.energy.flow.phases.network import in_phases
from twin.errors import DataError

VOLTAGE_FACTOR = 1.1
"""c of IEC 60909, with which pandapower has the impedance of an external grid."""
COLUMNS = ("rx_max", "x0x_max", "r0x0_max")


def impedance(net: Any, bus: Rows, slack: Rows, base: float) -> Complex | None:
    """Impedance of the external grids to negative and zero sequence; (n_slack, 3, 3), per unit.

    The positive sequence holds its voltage. ``|Z| = c / S_sc`` from ``s_sc_max_mva``, with
    ``rx_max``, ``x0x_max`` and ``r0x0_max``; an external grid without a short-circuit power holds
    its voltage in all sequences.

    Raises
    ------
    DataError
        A short-circuit power without the other columns.
    """
    grids = net.ext_grid[net.ext_grid.in_service]
    if "s_sc_max_mva" not in grids:
        return None
    given = grids[grids.s_sc_max_mva.notna()]
    if len(given) < len(grids) or not len(given):
        return None
    for column in COLUMNS:
        bad = given.index if column not in given else given.index[given[column].isna()]
        if len(bad):
            raise DataError(
                f"{called(net, 'ext_grid', bad[0])} has s_sc_max_mva and no {column}",
                allowed="all of s_sc_max_mva, rx_max, x0x_max, r0x0_max, or none",
            )
    size = VOLTAGE_FACTOR * base / 1e6 / given.s_sc_max_mva.to_numpy(float)
    turn, times, zero_turn = (given[column].to_numpy(float) for column in COLUMNS)
    x = size / np.sqrt(turn**2 + 1.0)
    negative, zero = x * (turn + 1j), times * x * (zero_turn + 1j)
    admittance = np.zeros((2, len(slack)), dtype=np.complex128)
    at = {int(row): place for place, row in enumerate(slack)}
    place = [at[int(row)] for row in bus[given.bus.to_numpy()]]
    np.add.at(admittance[0], place, 1.0 / zero)
    np.add.at(admittance[1], place, 1.0 / negative)
    found = 1.0 / admittance
    return in_phases(np.stack([found[0], np.zeros(len(slack)), found[1]], axis=1))
