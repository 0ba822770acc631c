"""Households as agents: on which days they let a price move their washing."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

EFFORT = 0.10
"""What the trouble of a day is worth to the household that minds it most, EUR; evenly spread from
none. With it a third to a half of those who look at a price act on a usual day, as trials of
time-of-use tariffs find; an assumption."""


class Society(mesa.Model):  # type: ignore[misc]
    """The households that look at prices, and what they know of a day.

    Attributes
    ----------
    movable : (n_home,) float64, kWh
        Of a day.
    effort : (n_home,) float64, EUR
        What a day's trouble is worth to each.
    moves : (n_home,) bool
        What they decided.
    saved : float, EUR/kWh
        What a moved kWh saves today.
    """

    def __init__(self, movable: Floats, effort: Floats, rng: np.random.Generator) -> None:
        super().__init__(rng=rng)
        self.movable, self.effort = movable, effort
        self.moves: Flags = np.zeros(len(movable), dtype=np.bool_)
        self.saved = 0.0
        self._members: Flags = np.zeros(len(movable), dtype=np.bool_)

    def decide(self, members: Flags, saved: float) -> Flags:
        """Let those who look at prices decide about a day; (n_home,) bool.

        Parameters
        ----------
        members : (n_home,) bool
        saved : float, EUR/kWh
        """
        if (members != self._members).any():
            self.remove_all_agents()
            for row in np.flatnonzero(members):
                Home(self, int(row))
            self._members = members.copy()
        self.moves[:] = False
        self.saved = saved
        self.agents.do("answer")
        return self.moves


class Home(mesa.Agent):  # type: ignore[misc]
    """A household: a row of the columns."""

    def __init__(self, society: Society, row: int) -> None:
        super().__init__(society)
        self.row = row

    def answer(self) -> None:
        """Move today's runs if that saves more than it troubles."""
        society: Any = self.model
        worth = society.movable[self.row] * society.saved
        society.moves[self.row] = worth > society.effort[self.row]
