"""How near simulated counts are to counted ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GOOD = 5.0
"""GEH below which a counter is said to fit (Design Manual for Roads and Bridges, vol. 12)."""


def geh(model: Floats, counted: Floats) -> Floats:
    """GEH statistic, sqrt(2 (m - c)^2 / (m + c)), of hourly flows; 0 where both are 0."""
    total = model + counted
    found: Floats = np.sqrt(2.0 * (model - counted) ** 2 / np.where(total > 0.0, total, 1.0))
    return found


@dataclass(frozen=True)
class Score:
    """Figures over some counters.

    Attributes
    ----------
    counters
        How many.
    share
        Share of them with a GEH below 5.
    mean_geh, worst_geh
        Mean and largest GEH.
    rmse, relative
        Root mean square error, veh/h, and the same over the mean count.
    """

    counters: int
    share: float
    mean_geh: float
    worst_geh: float
    rmse: float
    relative: float

    @classmethod
    def of(cls, model: Floats, counted: Floats) -> Score:
        """From hourly flows; counters without either are left out."""
        known = np.isfinite(model) & np.isfinite(counted)
        model, counted = model[known], counted[known]
        if not len(model):
            return cls(0, *[float("nan")] * 5)
        each = geh(model, counted)
        rmse = float(np.sqrt(np.mean((model - counted) ** 2)))
        return cls(
            len(model),
            float(np.mean(each < GOOD)),
            float(each.mean()),
            float(each.max()),
            rmse,
            rmse / float(max(counted.mean(), 1e-9)),
        )
