"""EN 50160 over a run: ten-minute means of each node's voltage, week by week, as they come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy.flow.quality import BAND, HIGHEST, LOWEST, MEAN, ROUNDING, SHARE, WEEK

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class WeeklyVoltage:
    """What :func:`models.energy.flow.quality.voltage_quality` finds, without keeping voltages.

    Steps shorter than ten minutes are put together to ten minutes or just over; a longer step is
    one mean. A mean with a moment without supply does not count: an interruption is no low voltage.

    Parameters
    ----------
    count
        How many nodes.
    """

    def __init__(self, count: int) -> None:
        self._squares, self._seconds = np.zeros(count), 0.0
        self._lit: Flags = np.ones(count, dtype=np.bool_)
        self._inside, self._there = np.zeros(count), np.zeros(count)
        self._week, self._worst = 0.0, 1.0
        self._failed: Flags = np.zeros(count, dtype=np.bool_)

    def add(self, voltage: Floats, seconds: float) -> None:
        """Take the voltages of a step; (n_node,) float64, per unit, 0 without supply."""
        self._squares += voltage**2 * seconds
        self._lit &= voltage > 0.0
        self._seconds += seconds
        if self._seconds < MEAN - ROUNDING:
            return
        mean = np.sqrt(self._squares / self._seconds)
        self._there += self._lit
        self._inside += self._lit & (np.abs(mean - 1.0) <= BAND + ROUNDING)
        beyond = (mean < LOWEST - ROUNDING) | (mean > HIGHEST + ROUNDING)
        self._failed |= self._lit & beyond
        self._week += self._seconds
        self._squares[:], self._seconds, self._lit[:] = 0.0, 0.0, True
        if self._week >= WEEK - ROUNDING:
            self._close()

    def _close(self) -> None:
        """The end of a week, or of the run: what of its means was within the band."""
        counted = self._there > 0.0
        share = np.divide(self._inside, self._there, out=np.ones_like(self._there), where=counted)
        self._failed |= share < SHARE - ROUNDING
        self._worst = min(self._worst, float(share.min(initial=1.0)))
        self._inside[:], self._there[:], self._week = 0.0, 0.0, 0.0

    def measure(self) -> tuple[int, float]:
        """Nodes that broke the standard, and the lowest share of a week's means in the band.

        A week that the run does not fill is judged by what there is of it.
        """
        if self._week > 0.0:
            self._close()
        return int(self._failed.sum()), self._worst
