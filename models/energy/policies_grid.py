"""Policies of the grid's operator: reinforcement, repair crews, rings switched from afar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.energy import demand, reinforcement
from models.energy.archetypes import COMFORT, Archetypes
from models.energy.parameters import EnergyParameters
from models.energy.stock import performance, walls
from twin.core.model import Parameters
from twin.core.time import Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

LINES, TRANSFORMERS = "energy.line_capacity", "energy.transformer_capacity"
Floats = npt.NDArray[np.float64]


class ReinforcementParameters(Parameters):
    """What the grid is planned for, and how much of the plan is built."""

    heat_pumps: float = Field(
        0.0, ge=0, le=1, description="Share of heated buildings with a heat pump planned for, 1"
    )
    outdoor: float = Field(-12.0, lt=15, description="Outdoor temperature planned for, degC")
    ages: tuple[float, ...] = Field(
        (),
        description="Shares of five age classes of buildings, as in the model; none: the country's",
    )
    loading: float = Field(1.0, gt=0, le=2, description="Highest planned loading, 1")
    lowest_voltage: float = Field(0.92, gt=0.5, lt=1, description="Lowest planned, per unit")
    source_voltage: float = Field(1.0, gt=0.8, lt=1.2, description="Of the rings, per unit")
    feeders: int | None = Field(
        None, ge=1, description="Only so many of the weakest feeders; all if left out"
    )


class Reinforcement(Policy):
    """The operator lays cables and changes transformers where the planned load asks for it.

    The planned load is that of the usual winter peak and of heat pumps in a share of the
    buildings. The model books what it costs, as an annuity and upkeep of the operator.
    """

    name: ClassVar[str] = "energy.reinforcement"
    Parameters = ReinforcementParameters
    acts: ClassVar[tuple[str, ...]] = (LINES, TRANSFORMERS)
    parameters: ReinforcementParameters

    def setup(self) -> None:
        """Plan, before the first day."""
        p, city = self.parameters, self.city
        load = reinforcement.planned_load(city, self._pumps())
        self._plan = reinforcement.plan(
            city, load, loading=p.loading, lowest=p.lowest_voltage, source=p.source_voltage
        )
        if p.feeders is not None:
            self._plan = reinforcement.only_weakest(
                city, self._plan, load, p.source_voltage, p.feeders
            )
        lines, transformers = self._plan.changed
        if not len(lines) and not len(transformers):
            self.world.warnings.append(
                "energy.reinforcement: the planned load is within the limits everywhere, so that "
                "nothing is built; plan for more heat_pumps, or a lower loading"
            )

    def _pumps(self) -> Floats:
        """Electricity of heat pumps and their heating rods in the planned peak, W."""
        p, city = self.parameters, self.city
        envelope = Archetypes(city, self.world.streams, walls(city), p.ages).envelope(
            np.zeros(len(city["building"]))
        )
        heat = envelope.loss * (COMFORT - p.outdoor) * demand.annual(city["building"]).heated
        usual = EnergyParameters.model_validate({})
        size, factor = usual.heat_pump_size, performance(usual.flow_temperature, p.outdoor)
        pumps: Floats = p.heat_pumps * heat * (size / factor + max(0.0, 1.0 - size))
        return pumps

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now > 0:
            return
        for port, wanted in ((LINES, self._plan.lines), (TRANSFORMERS, self._plan.transformers)):
            rows = np.flatnonzero(wanted > 1.0)
            if len(rows):
                yield Action(port, wanted[rows], rows)


class CrewsParameters(Parameters):
    """How many crews."""

    number: int = Field(4, ge=1, le=1000, description="Crews that can work at the same time")


class Crews(Policy):
    """More or fewer repair crews on call; each costs its standby."""

    name: ClassVar[str] = "energy.repair_crews"
    Parameters = CrewsParameters
    acts: ClassVar[tuple[str, ...]] = ("energy.crews",)
    parameters: CrewsParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action("energy.crews", float(self.parameters.number))


class RemoteSwitching(Policy):
    """Switches of the rings' stations are driven from afar: a fault is isolated in minutes."""

    name: ClassVar[str] = "energy.remote_switching"
    acts: ClassVar[tuple[str, ...]] = ("energy.remote_switches",)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now == 0:
            yield Action("energy.remote_switches", 1.0)
