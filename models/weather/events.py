"""What the weather may do beside its usual chances."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field

from models.weather.model import ANOMALY
from twin.core.model import Parameters, Process
from twin.policy.policy import Event


class ColdSpellParameters(Parameters):
    """When it is colder than usual, and by how much."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    begin: str = Field(alias="from", description='Local time "HH:MM", or date and time')
    until: str = Field(description='Local time "HH:MM", or date and time')
    kelvin: float = Field(
        -12.0, ge=-30, le=30, description="Added to the temperature, K; positive is a heat wave"
    )


class ColdSpell(Event):
    """Days that are colder (or warmer) than the season, beside what chance makes of them."""

    name: ClassVar[str] = "weather.cold_spell"
    Parameters = ColdSpellParameters
    acts: ClassVar[tuple[str, ...]] = (ANOMALY,)
    parameters: ColdSpellParameters

    def setup(self) -> None:
        """Read the times.

        Raises
        ------
        ConfigError
            It ends before it begins.
        """
        self._begin, self._end = self.span(self.parameters.begin, self.parameters.until)

    def process(self) -> Process:
        """Colder, wait, as it was."""
        yield self.until(self._begin)
        self.act(ANOMALY, self.parameters.kelvin)
        yield self.until(self._end)
        self.act(ANOMALY, 0.0)
