"""Policies on heating: thermostats lowered by the hour, by choice, or by the load of the grid.

They compose: rooms are kept at what each household wants (``energy.heating_setpoint``, which
thermostats lower by choice), at the most at the limit of the hour (``energy.heating_limit``), less
what is given up for the grid (``energy.heating_lowered``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, model_validator

from models.energy import uptake
from models.energy.parameters import UseName
from models.energy.stock import NO_LIMIT
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

SETPOINT, LIMIT, LOWERED = (
    "energy.heating_setpoint",
    "energy.heating_limit",
    "energy.heating_lowered",
)
LOWEST = 5.0
"""Lower bound of the wanted room temperature, degC."""
Heated = Literal["residential", "retail", "office", "education", "health", "hotel", "public"]


class HeatingSetpointParameters(Parameters):
    """Which buildings lower their heating, when and how far."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    setpoint: float = Field(
        17.0, ge=5, le=20, description="Highest room temperature meanwhile, degC"
    )
    from_: ClockTime = Field("22:00", alias="from", description="Local time at which it begins")
    until: ClockEnd = Field("06:00", description="Local time at which it ends")
    uses: tuple[Heated, ...] = Field(
        ("office", "education", "public"), description="Uses of the buildings that take part"
    )


class HeatingSetpoint(Policy):
    """Heat the rooms of some buildings less between two times of every day.

    Who wants it cooler still keeps that. Where two such policies meet, the lower limit holds.
    """

    name: ClassVar[str] = "energy.heating_setpoint"
    Parameters = HeatingSetpointParameters
    acts: ClassVar[tuple[str, ...]] = (LIMIT,)
    parameters: HeatingSetpointParameters

    def setup(self) -> None:
        """Find the buildings that take part, and read the hours."""
        self._rows = np.flatnonzero(np.isin(self.city["building"]["use"], self.parameters.uses))
        self._hours = DailyWindow.between(self.parameters.from_, self.parameters.until)
        self._on = False

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """The limit within the hours; after them none, but where another policy set its own."""
        own = self.parameters.setpoint
        there = self.world.state.columns[LIMIT][self._rows]
        if self._hours.contains(self.world.calendar, now):
            self._on = True
            yield Action(LIMIT, own, self._rows[there > own])
        elif self._on:
            self._on = False
            yield Action(LIMIT, NO_LIMIT, self._rows[there == own])


class ThermostatParameters(Parameters):
    """How many households lower their thermostat, and how far."""

    lower: float = Field(1.0, gt=0, le=8, description="How far the rooms are cooler, K")
    uptake: float = Field(1.0, ge=0, le=1, description="Share of households that do it, 1")
    uses: tuple[UseName, ...] = Field(
        ("residential",), description="Uses of the buildings that take part"
    )


class Thermostat(Policy):
    """Some households keep their rooms cooler than they do today, day and night.

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
        self._rows = np.flatnonzero(uptake.of_use(self.city, p.uses) & (share > 0.0))
        self._lower = p.lower * share[self._rows]

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            today = self.world.state.columns[SETPOINT][self._rows]
            yield Action(SETPOINT, np.maximum(today - self._lower, LOWEST), self._rows)


class DemandResponseParameters(Parameters):
    """From which loading of a transformer its buildings heat less, and how far."""

    above: float = Field(0.8, gt=0, description="Loading from which heating is lowered, 1")
    below: float = Field(0.6, gt=0, description="Loading under which it is given back, 1")
    lower: float = Field(2.0, gt=0, le=5, description="How far rooms are cooler meanwhile, K")

    @model_validator(mode="after")
    def _apart(self) -> DemandResponseParameters:
        if self.below > self.above:
            raise ValueError(
                f"below = {self.below:g} is higher than above = {self.above:g}: heating would be "
                "given back while it is lowered; give a lower value for below"
            )
        return self


class DemandResponse(Policy):
    """Lower the heating of all buildings of a transformer while it is heavily loaded.

    Rooms are lowered from whatever they are kept at, and given back to it; two such policies add
    up. A transformer without a reading keeps what it had.
    """

    name: ClassVar[str] = "energy.demand_response"
    Parameters = DemandResponseParameters
    sees: ClassVar[tuple[str, ...]] = ("energy.transformer_loading",)
    acts: ClassVar[tuple[str, ...]] = (LOWERED,)
    parameters: DemandResponseParameters

    def setup(self) -> None:
        """Find the transformer of each building."""
        bus = self.city.link("building", "bus").indices
        self._transformer = self.city["bus"]["transformer"][bus]
        self._lowered = np.zeros(len(self.city["transformer"]), dtype=bool)
        self._own: npt.NDArray[np.float64] = np.zeros(len(bus))

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Lower above one loading, give back below the other."""
        p, loading = self.parameters, view["energy.transformer_loading"]
        self._lowered = (self._lowered & ~(loading < p.below)) | (loading > p.above)
        wanted = np.where(self._lowered[self._transformer], p.lower, 0.0)
        rows = np.flatnonzero(wanted != self._own)
        there = self.world.state.columns[LOWERED][rows] + (wanted - self._own)[rows]
        yield Action(LOWERED, np.maximum(there, 0.0), rows)
        self._own = wanted
