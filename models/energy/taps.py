"""Distribution transformers that keep their voltage: who does, to what, and how often taps move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy.grid import Grid

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Taps:
    """The tap changers of a run, through all grids that it builds.

    Parameters
    ----------
    units
        Transformers.

    Attributes
    ----------
    fitted : (n_transformer,) bool
        Have ever been regulated, and so have been bought.
    operations : int
        Positions moved by.
    """

    def __init__(self, units: int) -> None:
        self.fitted: Flags = np.zeros(units, dtype=np.bool_)
        self.operations = 0
        self._grid: Grid | None = None
        self._works: Flags = self.fitted.copy()
        self._aim = (1.0, 0.02)
        self._before: Rows = np.zeros(units, dtype=np.int64)

    def order(self, grid: Grid, works: Flags, target: float, deadband: float) -> bool:
        """Tell a grid what is wanted, where that or the grid changed; whether more are fitted."""
        same = grid is self._grid and self._aim == (target, deadband)
        if not (same and np.array_equal(works, self._works)):
            grid.aim(target, deadband)
            grid.regulate(works)
            self._grid, self._works, self._aim = grid, works.copy(), (target, deadband)
            self._before = grid.positions.copy()
        more = bool((works & ~self.fitted).any())
        self.fitted |= works
        return more

    def count(self, grid: Grid) -> None:
        """Count how far the taps moved since the last step."""
        self.operations += int(np.abs(grid.positions - self._before).sum())
        self._before = grid.positions.copy()
