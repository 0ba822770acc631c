"""Whether what a step reads is what the step before read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.int64]


class Watch:
    """Columns as they were when last looked at."""

    def __init__(self) -> None:
        self._seen: list[Bits] = []

    def changed(self, *columns: Floats) -> bool:
        """Whether any is not as it was, bit by bit; at the first look it is not."""
        bits: list[Bits] = [column.view(np.int64) for column in columns]
        if self._seen and all(map(np.array_equal, self._seen, bits)):
            return False
        self._seen = [column.copy() for column in bits]
        return True
