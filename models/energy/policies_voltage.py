"""Transformers with tap changers that keep the voltage of their streets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from twin.core.model import Parameters
from twin.core.time import Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

REGULATION, SETPOINT, DEAD_BAND = (
    "energy.voltage_regulation",
    "energy.voltage_setpoint",
    "energy.voltage_dead_band",
)


class VoltageRegulationParameters(Parameters):
    """Which transformers, and what they keep."""

    transformers: tuple[str, ...] = Field((), description="By id; all if left out")
    setpoint: float = Field(1.0, ge=0.9, le=1.1, description="Voltage kept, per unit")
    dead_band: float = Field(0.02, ge=0.013, le=0.1, description="Either side of it, per unit")


class VoltageRegulation(Policy):
    """Stations get transformers whose taps move under load (nine of 2.5 %).

    Each keeps the voltage of its low-voltage busbar. The model books what they cost beyond usual
    ones, and counts how often taps move.
    """

    name: ClassVar[str] = "energy.voltage_regulation"
    Parameters = VoltageRegulationParameters
    acts: ClassVar[tuple[str, ...]] = (REGULATION, SETPOINT, DEAD_BAND)
    parameters: VoltageRegulationParameters

    def setup(self) -> None:
        """Find the transformers.

        Raises
        ------
        DataError
            No transformer has such an id.
        """
        table, wanted = self.city["transformer"], self.parameters.transformers
        chosen = [table.row(name) for name in wanted] if wanted else range(len(table))
        self._rows = np.array(chosen, dtype=np.int64)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now > 0:
            return
        yield Action(SETPOINT, self.parameters.setpoint)
        yield Action(DEAD_BAND, self.parameters.dead_band)
        yield Action(REGULATION, 1.0, self._rows)
