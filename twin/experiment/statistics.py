"""Paired differences with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-9
"""Relative differences below this are those of the order in which a sum was added up."""


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
        95 % confidence interval of the difference; NaN with fewer than two pairs, or where all
        pairs differ alike and that may be chance (see :func:`paired`).
    pairs
        Seeds that both sides have.
    alone
        Half the interval of ``policy`` itself where the base has no value to be compared with; else
        NaN.
    """

    base: float
    policy: float
    difference: float
    low: float
    high: float
    pairs: int
    alone: float = math.nan

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero (an exact zero difference is not a change)."""
        return bool(self.low > 0.0 or self.high < 0.0)

    @property
    def relative(self) -> float:
        """Difference as a share of the base; NaN when the base is zero."""
        return self.difference / abs(self.base) if self.base else math.nan


def paired(base: Floats, policy: Floats, level: float = 0.95) -> Paired:
    """Paired comparison by the t interval of the differences.

    Differences that are equal in all pairs have no spread from which an interval could come. They
    are taken as exact (an interval of no width) where chance does not bring such a thing about, see
    :func:`_no_coincidence`, and as unknown where it may.

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
        nothing = (math.nan, math.nan, math.nan)
        return Paired(_mean(base), _mean(policy), *nothing, 0, _alone(policy, level))
    differences = b - a
    mean = float(differences.mean())
    low = high = math.nan
    if n > 1:
        half = _half(differences, level)
        if _alike(differences, a, b):
            half = 0.0 if mean == 0.0 or _no_coincidence(mean, a, b, 1.0 - level) else math.nan
        low, high = mean - half, mean + half
    return Paired(float(a.mean()), float(b.mean()), mean, low, high, n)


def _half(values: Floats, level: float) -> float:
    """Half the t interval of a mean of two values or more."""
    from scipy.special import stdtrit

    n = len(values)
    half: float = float(stdtrit(n - 1, 0.5 + level / 2)) * float(values.std(ddof=1)) / n**0.5
    return half


def _alone(values: Floats, level: float) -> float:
    """Half the interval of the finite ones' mean; NaN where too few say nothing of others."""
    own = values[np.isfinite(values)]
    if len(own) < 2 or (len(own) == 2 and own[0] == own[1]):
        return math.nan
    return _half(own, level)


def _alike(differences: Floats, a: Floats, b: Floats) -> bool:
    """Whether all differences are equal, but for the rounding of sums."""
    return bool(np.ptp(differences) <= ROUNDING * max(np.abs(a).max(), np.abs(b).max()))


def _no_coincidence(difference: float, a: Floats, b: Floats, risk: float) -> bool:
    """Whether equal differences of several pairs are fixed, and not equal by chance.

    - A fraction added to sides that do not vary does not come twice by chance: it is fixed (the
      price of equipment). Where they vary it may: a count times a price.
    - A whole number may. Where neither side varies it is fixed unless counts of that size would
      repeat: two Poisson counts of mean m are equal with probability 1 / (2 sqrt(pi m)).
    - Where the sides vary, the pairs tell a direction alone: by the sign test, n of n alike have
      the probability 2 / 2**n.
    """
    largest = max(np.abs(a).max(), np.abs(b).max())
    pairs = len(a)
    if _alike(a, a, b) and _alike(b, a, b):
        if abs(difference - round(difference)) > ROUNDING * max(1.0, largest):
            return True
        return bool((0.5 / math.sqrt(math.pi * max(largest, 1.0))) ** (pairs - 1) < risk)
    return bool(2.0 ** (1 - pairs) < risk)


def _mean(values: Floats) -> float:
    """Mean of the finite ones; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
