"""What a recorded sensor counted, beside what was simulated on the same streets."""

from __future__ import annotations

import numpy as np

from models.traffic.kernels import Floats
from twin.sensors.observations import BAD, Observations


class Counts:
    """Compares a source's flows with ours since the last comparison.

    Parameters
    ----------
    observations
        Readings of the run.
    source
        Name of the sensor; others (a virtual one that looks at ourselves) do not count.
    """

    def __init__(self, observations: Observations, source: str) -> None:
        self._observations, self._source = observations, source
        self._read = 0
        self._counted: dict[int, list[float]] = {}
        self._ours: Floats | None = None
        self._steps = 0

    def remember(self, flow: Floats) -> None:
        """Take in a step's flows; (n,) float64, veh/h."""
        self._ours = flow.copy() if self._ours is None else self._ours + flow
        self._steps += 1

    def compare(self) -> tuple[float, float]:
        """Counted and simulated flow, summed over the streets with fresh counts, veh/h."""
        for batch in self._observations.archive[self._read :]:
            if batch.source == self._source and batch.port == "traffic.flow":
                good = (batch.rows >= 0) & (batch.quality < BAD) & np.isfinite(batch.value)
                for row, value in zip(batch.rows[good], batch.value[good], strict=True):
                    self._counted.setdefault(int(row), []).append(float(value))
        self._read = len(self._observations.archive)
        counted, ours, steps = self._counted, self._ours, max(1, self._steps)
        self._counted, self._ours, self._steps = {}, None, 0
        if ours is None or not counted:
            return 0.0, 0.0
        rows = sorted(counted)
        return sum(float(np.mean(counted[row])) for row in rows), float(ours[rows].sum()) / steps
