"""Policies of the grid's operator: reinforcement, repair crews, rings switched from afar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.energy import demand, reinforcement, uptake
from models.energy.archetypes import Archetypes
from models.energy.parameters import EnergyParameters
from models.energy.reinforcement import Plan
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
        0.0,
        ge=0,
        le=1,
        description="Share of heated buildings with heat pumps to plan for, 1; today's anyway",
    )
    outdoor: float | None = Field(
        None, lt=15, description="Outdoor temperature planned for, degC; none: the model's"
    )
    loading: float = Field(1.0, gt=0, le=2, description="Highest planned loading, 1")
    lowest_voltage: float = Field(0.92, gt=0.5, lt=1, description="Lowest planned, per unit")
    feeders: int | None = Field(
        None, ge=1, description="Only so many of the weakest feeders; all if left out"
    )


class Reinforcement(Policy):
    """The operator lays cables and changes transformers where the planned load asks for it.

    The planned load is that of the usual winter peak, of all electric heating that there is, with
    what policies before this one brought, and of heat pumps in a share of the buildings. The model
    books what it costs, as an annuity and upkeep of the operator; the log names what was built.
    """

    name: ClassVar[str] = "energy.reinforcement"
    Parameters = ReinforcementParameters
    acts: ClassVar[tuple[str, ...]] = (LINES, TRANSFORMERS)
    parameters: ReinforcementParameters

    def plan(self) -> Plan:
        """What to build, from the equipment as it is now."""
        p, city = self.parameters, self.city
        known: EnergyParameters = self.world.announced[LINES]
        load = reinforcement.planned_load(city, self._heat(known))
        source = known.source_voltage
        found = reinforcement.plan(
            city, load, loading=p.loading, lowest=p.lowest_voltage, source=source
        )
        if p.feeders is not None:
            found = reinforcement.only_weakest(city, found, load, source, p.feeders)
        return found

    def _heat(self, known: EnergyParameters) -> Floats:
        """Electricity of heat pumps, heating rods and direct heating in the planned peak, W."""
        p, city, streams = self.parameters, self.city, self.world.streams
        columns = self.world.state.columns
        envelope = Archetypes(city, streams, walls(city), known.ages).envelope(
            columns["energy.insulation"]
        )
        outdoor = known.design_temperature if p.outdoor is None else p.outdoor
        cold = max(known.room_temperature - outdoor, 0.0)
        heat = envelope.loss * cold * demand.annual(city["building"]).heated
        drawn = uptake.heating(city, streams)
        pump = (columns["energy.heat_pump"] >= 0.5) | (drawn < p.heat_pumps)
        direct = (drawn >= known.heat_pumps) & (drawn < known.heat_pumps + known.direct_heating)
        size = min(known.heat_pump_size, 1.0)
        by_pump = size / performance(known.flow_temperature, outdoor) + 1.0 - size
        found: Floats = heat * np.where(pump, by_pump, np.where(direct, 1.0, 0.0))
        return found

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now > 0:
            return
        plan = self.plan()
        lines, transformers = plan.changed
        if not len(lines) and not len(transformers):
            self.world.warnings.append(
                "energy.reinforcement: the planned load is within the limits everywhere, so that "
                "nothing is built; plan for more heat_pumps, a lower loading, or name feeders"
            )
        for table, rows, wanted in (
            ("line", lines, plan.lines),
            ("transformer", transformers, plan.transformers),
        ):
            for row in rows:
                name = f"{table} {self.city[table].ids[row]}"
                times = round(float(wanted[row]), 2)
                self.world.log.add(now, "energy.reinforced", name, capacity_times=times)
        for port, rows, wanted in (
            (LINES, lines, plan.lines),
            (TRANSFORMERS, transformers, plan.transformers),
        ):
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
