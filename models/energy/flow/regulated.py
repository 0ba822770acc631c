"""A case whose tap changers keep a voltage: what ``twin grid solve --regulate`` does and says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.energy.flow.case import Case
from models.energy.flow.network import Floats, Rows
from models.energy.flow.regulation import TapChanger, regulate
from models.energy.flow.result import Result
from models.energy.flow.solve import PowerFlow
from twin.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12
"""Transformers that are told one by one."""


class Regulated:
    """A case solved with all its tap changers at work.

    Parameters
    ----------
    case
    target, deadband : float, per unit
        Voltage to keep behind each transformer, and how far it may be off on either side; half a
        tap and 0.001 where not given.

    Raises
    ------
    ConfigError
        The grid has no tap changer that can be followed, or the band is narrower than a tap.
    """

    def __init__(self, case: Case, target: float, deadband: float | None) -> None:
        if not len(case.changers):
            raise ConfigError(
                f"{case.name} has no tap changer to regulate with",
                allowed="transformers in service with taps of ratio at the high voltage"
                " (tap_side hv, tap_step_percent, tap_min, tap_max)",
                mend="leave --regulate out",
            )
        if not 0.5 < target < 1.5:
            raise ConfigError(f"a set point of {target} p.u.", allowed="0.5 to 1.5")
        self._case = case
        self.changers = tuple(
            replace(c, target=target, deadband=c.deadband if deadband is None else deadband)
            for c in case.changers
        )
        self.flow = PowerFlow(case.network)
        ratio = self.flow.ratio.copy()
        for changer, position in zip(self.changers, case.positions, strict=True):
            ratio[changer.branch] /= 1.0 + (position - changer.neutral) * changer.step
        self.flow.ratio = ratio

    def solve(self) -> Result:
        """All steps in the order of time, from the positions of the case."""
        case = self._case
        result, self.positions = regulate(
            self.flow, self.changers, case.active, case.reactive, case.positions
        )
        return result

    @property
    def operations(self) -> Rows:
        """Positions that each changer moved by, up and down; (n_changer,) int64."""
        path = np.concatenate([self._case.positions[:, None], self.positions], axis=1)
        moved: Rows = np.abs(np.diff(path, axis=1)).sum(axis=1)
        return moved

    def words(self, voltage: Floats) -> Iterator[str]:
        """Lines on the taps; (n_bus, n_step) per unit."""
        case, moved = self._case, self.operations
        yield (
            f"regulated: {len(moved)} of {len(case.trafo)} transformers to "
            f"{self.changers[0].target:.4f} p.u., {int(moved.sum())} tap operations"
        )
        for place in np.argsort(-moved, kind="stable")[:SHOWN]:
            changer, taken = self.changers[place], self.positions[place]
            yield (
                f"transformer {self._label(changer)}: {moved[place]} operations, positions "
                f"{taken.min()} to {taken.max()}, {taken[-1]} at the end; within "
                f"±{changer.deadband:.4f} p.u. in {100.0 * _kept(changer, voltage):.1f} % of steps"
            )
        if len(moved) > SHOWN:
            yield f"and {len(moved) - SHOWN} more"

    def table(self) -> pd.DataFrame:
        """Position of each regulated transformer, ``tap_pos`` by step and element."""
        import pandas as pd

        labels = [self._label(changer) for changer in self.changers]
        steps = range(self.positions.shape[1])
        index = pd.MultiIndex.from_product([steps, labels], names=["step", "element"])
        return pd.DataFrame({"tap_pos": self.positions.T.reshape(-1)}, index=index)

    def _label(self, changer: TapChanger) -> object:
        return self._case.trafo[np.flatnonzero(self._case.trafo_row == changer.branch)[0]]


def _kept(changer: TapChanger, voltage: Floats) -> float:
    there = voltage[changer.bus]
    return float((np.abs(there - changer.target) <= changer.deadband + 1e-9).mean())
