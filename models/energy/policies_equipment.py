"""Policies that put equipment into buildings: heat pumps, insulation, solar panels, batteries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.energy import roofs, uptake
from models.energy.parameters import UseName
from twin.core.model import Parameters
from twin.core.time import Tick
from twin.policy.policy import Action, Policy
from twin.policy.view import View

HEAT_PUMP, HEAT_PUMP_SUBSIDY = "energy.heat_pump", "energy.heat_pump_subsidy"
INSULATION, INSULATION_SUBSIDY = "energy.insulation", "energy.insulation_subsidy"
SOLAR, SOLAR_SUBSIDY = "energy.solar", "energy.solar_subsidy"
BATTERY, BATTERY_SUBSIDY = "energy.battery", "energy.battery_subsidy"
Choice = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


class EquipmentParameters(Parameters):
    """Whose buildings, and what the municipality pays."""

    uses: tuple[UseName, ...] = Field((), description="Uses of the buildings; none for all")
    subsidy: float = Field(
        0.0, ge=0, le=1, description="Share of the capital that the municipality pays, 1"
    )


class Equipment(Policy):
    """A measure of equipment: it is there from the first moment and stays.

    Whoever owns the building pays for it, less the subsidy; the model books it as an annuity.
    ``acts`` names the control of the equipment, then that of its subsidy.
    """

    parameters: EquipmentParameters

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Once, at the start."""
        if now > 0:
            return
        rows, values = self.equip()
        yield Action(self.acts[0], values, rows)
        yield Action(self.acts[1], self.parameters.subsidy)

    @abstractmethod
    def equip(self) -> Choice:
        """Rows of the buildings, and the value of the control in each."""

    def chosen(self, share: float, purpose: str) -> npt.NDArray[np.bool_]:
        """Buildings of the uses whose owner takes part; (n_building,) bool."""
        drawn = uptake.buildings(self.city, self.world.streams, purpose, share)
        return drawn & uptake.of_use(self.city, self.parameters.uses)


class HeatPumpsParameters(EquipmentParameters):
    """How many buildings have a heat pump in the end."""

    share: float = Field(0.4, ge=0, le=1, description="Share of heated buildings, old ones too, 1")


class HeatPumps(Equipment):
    """Heat pumps in a share of the heated buildings, those that have one today included."""

    name: ClassVar[str] = "energy.heat_pumps"
    Parameters = HeatPumpsParameters
    acts: ClassVar[tuple[str, ...]] = (HEAT_PUMP, HEAT_PUMP_SUBSIDY)
    parameters: HeatPumpsParameters

    def equip(self) -> Choice:
        """The buildings whose draw of a heating system is below the share."""
        rows = np.flatnonzero(self.chosen(self.parameters.share, "heating"))
        return rows, np.ones(len(rows))


class InsulationParameters(EquipmentParameters):
    """How many buildings are renovated."""

    uptake: float = Field(0.3, ge=0, le=1, description="Share of buildings, 1")
    depth: float = Field(
        1.0, gt=0, le=1, description="How much of the usual refurbishment is done, 1"
    )


class Insulation(Equipment):
    """Walls, roofs and windows of a share of the buildings are renovated."""

    name: ClassVar[str] = "energy.insulation"
    Parameters = InsulationParameters
    acts: ClassVar[tuple[str, ...]] = (INSULATION, INSULATION_SUBSIDY)
    parameters: InsulationParameters

    def equip(self) -> Choice:
        """The buildings that take part, and how far."""
        rows = np.flatnonzero(self.chosen(self.parameters.uptake, "insulation"))
        return rows, np.full(len(rows), self.parameters.depth)


class SolarParameters(EquipmentParameters):
    """Which roofs carry panels."""

    roofs: Literal["flat", "pitched", "all"] = Field("flat", description="Kind of the roofs")
    share: float = Field(1.0, ge=0, le=1, description="Share of these roofs, 1")
    cover: float = Field(1.0, gt=0, le=1, description="Share of the usable area with panels, 1")


class Solar(Equipment):
    """Solar panels on roofs."""

    name: ClassVar[str] = "energy.solar"
    Parameters = SolarParameters
    acts: ClassVar[tuple[str, ...]] = (SOLAR, SOLAR_SUBSIDY)
    parameters: SolarParameters

    def setup(self) -> None:
        """Find the roofs."""
        table = self.city["roof"] if "roof" in self.city else roofs.roofs(self.city["building"])
        flat = table["flat"].astype(np.bool_)
        kinds = {"flat": flat, "pitched": ~flat, "all": np.ones(len(flat), dtype=np.bool_)}
        self._of_kind = kinds[self.parameters.roofs]

    def equip(self) -> Choice:
        """The roofs of the kind whose owner takes part."""
        p = self.parameters
        rows = np.flatnonzero(self.chosen(p.share, "solar") & self._of_kind)
        return rows, np.full(len(rows), p.cover)


class BatteriesParameters(EquipmentParameters):
    """How much storage stands beside the panels."""

    per_peak: float = Field(
        1.0, gt=0, le=5, description="Capacity beside panels, kWh per kW of their peak power"
    )
    uptake: float = Field(0.5, ge=0, le=1, description="Share of the roofs with panels, 1")


class Batteries(Equipment):
    """Batteries beside solar panels: none where there are no panels."""

    name: ClassVar[str] = "energy.batteries"
    Parameters = BatteriesParameters
    acts: ClassVar[tuple[str, ...]] = (BATTERY, BATTERY_SUBSIDY)
    parameters: BatteriesParameters

    def equip(self) -> Choice:
        """The buildings whose owner takes part."""
        p = self.parameters
        rows = np.flatnonzero(self.chosen(p.uptake, "battery"))
        return rows, np.full(len(rows), p.per_peak)
