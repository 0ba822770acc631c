"""Paired differences with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Paired:
    """Difference of two lives under the same chances.

    Attributes
    ----------
    base, policy
        Means over the seeds that both sides have; where there are none, over those of each side.
    difference
        Mean of policy − base.
    low, high
        95 % confidence interval of the difference; NaN with fewer than two pairs, or with two
        that differ alike.
    pairs
        Seeds that both sides have.
    """

    base: float
    policy: float
    difference: float
    low: float
    high: float
    pairs: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero (an exact zero difference is not a change)."""
        return bool(self.low > 0.0 or self.high < 0.0)

    @property
    def relative(self) -> float:
        """Difference as a share of the base; NaN when the base is zero."""
        return self.difference / abs(self.base) if self.base else math.nan


def paired(
    base: npt.NDArray[np.float64], policy: npt.NDArray[np.float64], level: float = 0.95
) -> Paired:
    """Paired comparison by the t interval of the differences.

    Parameters
    ----------
    base, policy : (n_seeds,) float64
        Value of the indicator for each seed; pairs with a NaN are left out.
    level
        Confidence level.
    """
    usable = np.isfinite(base) & np.isfinite(policy)
    a, b = base[usable], policy[usable]
    n = len(a)
    if n == 0:
        return Paired(_mean(base), _mean(policy), math.nan, math.nan, math.nan, 0)
    differences = b - a
    mean = float(differences.mean())
    low = high = math.nan
    if n > 1:
        from scipy.special import stdtrit

        deviation = float(differences.std(ddof=1))
        half = float(stdtrit(n - 1, 0.5 + level / 2)) * deviation / math.sqrt(n)
        # Two equal differences (one trip less in both) say nothing of a third.
        if n > 2 or deviation > 0.0 or mean == 0.0:
            low, high = mean - half, mean + half
    return Paired(float(a.mean()), float(b.mean()), mean, low, high, n)


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Mean of the finite ones; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
