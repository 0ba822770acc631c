"""When a sweep has gained what there is to gain."""

from __future__ import annotations

import numba as nb
import numpy as np

TRUST = 100.0
"""Most that the next sweep is believed to gain beyond the last change."""
SAFETY = 3.0
"""What the estimate of the error is multiplied by."""

_inner = nb.njit(error_model="numpy", fastmath={"contract"})


@_inner
def larger(most, v, was):  # type: ignore[no-untyped-def]
    """The larger change of a squared voltage; infinite where that is none any more.

    As choices between two numbers, which are vectorised where ``max`` is not.
    """
    change = abs(v - was)
    change = change if v > 0.0 else np.inf
    return most if change <= most else change


@_inner
def ended(change, before, tolerance):  # type: ignore[no-untyped-def]
    """Whether what the next sweeps would still change is below the tolerance.

    Changes fall in a geometric series, ``error = change · q / (1 - q)`` with ``q`` the ratio of the
    last two, which is believed down to 1 / :data:`TRUST` only.
    """
    return change <= tolerance or (
        change <= TRUST * tolerance and SAFETY * change * change <= tolerance * (before - change)
    )
