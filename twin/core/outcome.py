"""What one life of the city leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from twin.core.indicator import Indicator
from twin.core.port import Port
from twin.core.time import Tick
from twin.sensors.observations import Batch, Quality


@dataclass
class Outcome:
    """Everything that is stored of a run.

    Attributes
    ----------
    indicators
        Each declared indicator with its value.
    times, series, ports
        Recorded ticks; (n_times, n_entities) float32 by port; every port of the run.
    log
        Rows (tick, kind, subject, JSON detail).
    ledger
        Rows (tick, payer, payee, EUR, category).
    observations, quality
        The readings and the account of each source.
    warnings
        What a person should know of this run.
    wall_seconds
        Wall time by model, and ``total``.
    """

    indicators: list[tuple[Indicator, float]]
    times: list[Tick] = field(default_factory=list)
    series: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    log: list[tuple[Tick, str, str, str]] = field(default_factory=list)
    ledger: list[tuple[Tick, str, str, float, str]] = field(default_factory=list)
    observations: list[Batch] = field(default_factory=list)
    quality: dict[str, Quality] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    wall_seconds: dict[str, float] = field(default_factory=dict)
