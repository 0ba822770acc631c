"""How often the grid breaks, and how long it takes to mend it."""

from __future__ import annotations

from pydantic import Field

from models.energy.reliability.failures import Rates
from twin.core.model import Parameters


class ReliabilityParameters(Parameters):
    """Failures by chance, and the times of crews: medians, drawn log-normal.

    Rates and times are rounded from what European operators report (FNN statistics, Germany;
    Billinton & Allan 1996 for the method); an operator's own should replace them.
    """

    failures: float = Field(0.0, ge=0, description="Times the usual failure rates; 0 for none")
    medium_rate: float = Field(0.02, ge=0, description="Of medium-voltage cables, 1/(km a)")
    low_rate: float = Field(0.025, ge=0, description="Of low-voltage cables, 1/(km a)")
    transformer_rate: float = Field(0.002, ge=0, description="Of transformers, 1/a")
    crews: int = Field(2, ge=1, description="Crews that work at the same time")
    travel: float = Field(30.0, ge=0, description="A crew's way to the fault, min")
    locate: float = Field(45.0, ge=0, description="Its search and switching, min")
    remote: float = Field(5.0, ge=0, description="Isolation by remote switches, min")
    repair_cable: float = Field(8.0, gt=0, description="Of a medium-voltage cable, h")
    repair_line: float = Field(3.0, gt=0, description="Of a low-voltage line, h")
    repair_transformer: float = Field(6.0, gt=0, description="Of a transformer, h")
    spread: float = Field(0.4, ge=0, description="Standard deviation of the times' logarithm")
    crew_cost: float = Field(150.0, ge=0, description="A crew with its vehicle, EUR/h")

    crew_standby: float = Field(45.0, ge=0, description="A crew on call, EUR/h")
    remote_cost: float = Field(6000.0, ge=0, description="Remote control of a station, EUR")

    def rates(self) -> Rates:
        """Failures a year, with the factor."""
        return Rates(
            self.failures * self.medium_rate,
            self.failures * self.low_rate,
            self.failures * self.transformer_rate,
        )
