"""Sums of values by group, typed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def sums(group: npt.NDArray[Any], values: Any, size: int) -> npt.NDArray[np.float64]:
    """Sum of the values of each group 0 to ``size`` - 1; (size,) float64."""
    return np.bincount(group, values, size).astype(np.float64)
