"""Policies on heating: thermostats lowered by the hour, by choice, or by the load of the grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from models.energy import uptake
from models.energy.parameters import UseName
from twin.core.model import Parameters
from twin.core.time import ClockTime, DailyWindow, Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

SETPOINT = "energy.heating_setpoint"
COMFORT = 20.0
"""Room temperature outside a policy's hours, degC."""
Heated = Literal["residential", "retail", "office", "education", "health", "hotel", "public"]


class HeatingSetpointParameters(Parameters):
    """Which buildings lower their heating, when and how far."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    setpoint: float = Field(17.0, ge=5, le=20, description="Room temperature meanwhile, degC")
    from_: ClockTime = Field("22:00", alias="from", description="Local time at which it begins")
    until: ClockTime = Field("06:00", description="Local time at which it ends")
    uses: tuple[Heated, ...] = Field(
        ("office", "education", "public"), description="Uses of the buildings that take part"
    )


class HeatingSetpoint(Policy):
    """Heat the rooms of some buildings less between two times of every day."""

    name: ClassVar[str] = "energy.heating_setpoint"
    Parameters = HeatingSetpointParameters
    acts: ClassVar[tuple[str, ...]] = (SETPOINT,)
    parameters: HeatingSetpointParameters

    def setup(self) -> None:
        """Find the buildings that take part, and read the hours."""
        self._rows = np.flatnonzero(np.isin(self.city["building"]["use"], self.parameters.uses))
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The low setpoint within the hours, the comfortable one outside them."""
        low = self._hours.contains(self.world.calendar, now)
        yield Action(SETPOINT, self.parameters.setpoint if low else COMFORT, self._rows)


class ThermostatParameters(Parameters):
    """How many households lower their thermostat, and how far."""

    lower: float = Field(1.0, gt=0, le=8, description="How far the rooms are cooler, K")
    uptake: float = Field(1.0, ge=0, le=1, description="Share of households that do it, 1")
    uses: tuple[UseName, ...] = Field(
        ("residential",), description="Uses of the buildings that take part"
    )


class Thermostat(Policy):
    """Some households keep their rooms cooler, day and night.

    In a building of several dwellings the mean of its rooms is lowered by the share that takes
    part.
    """

    name: ClassVar[str] = "energy.thermostat"
    Parameters = ThermostatParameters
    acts: ClassVar[tuple[str, ...]] = (SETPOINT,)
    parameters: ThermostatParameters

    def setup(self) -> None:
        """Draw who takes part."""
        p = self.parameters
        share = uptake.households(self.city, self.world.streams, self.name, p.uptake)
        self._setpoint = COMFORT - p.lower * share
        self._rows = np.flatnonzero(uptake.of_use(self.city, p.uses) & (share > 0.0))

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action(SETPOINT, self._setpoint[self._rows], self._rows)


class DemandResponseParameters(Parameters):
    """From which loading of a transformer its buildings heat less, and how far."""

    above: float = Field(0.8, gt=0, description="Loading from which heating is lowered, 1")
    below: float = Field(0.6, gt=0, description="Loading under which it is given back, 1")
    lower: float = Field(2.0, gt=0, le=8, description="How far the setpoint is lowered, K")


class DemandResponse(Policy):
    """Lower the heating of all buildings of a transformer while it is heavily loaded.

    A transformer without a reading keeps what it had.
    """

    name: ClassVar[str] = "energy.demand_response"
    Parameters = DemandResponseParameters
    sees: ClassVar[tuple[str, ...]] = ("energy.transformer_loading",)
    acts: ClassVar[tuple[str, ...]] = (SETPOINT,)
    parameters: DemandResponseParameters

    def setup(self) -> None:
        """Find the transformer of each building."""
        bus = self.city.link("building", "bus").indices
        self._transformer = self.city["bus"]["transformer"][bus]
        self._lowered = np.zeros(len(self.city["transformer"]), dtype=bool)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Lower above one loading, give back below the other."""
        p, loading = self.parameters, view["energy.transformer_loading"]
        self._lowered = (self._lowered & ~(loading < p.below)) | (loading > p.above)
        setpoint = np.where(self._lowered[self._transformer], COMFORT - p.lower, COMFORT)
        yield Action(SETPOINT, setpoint)
