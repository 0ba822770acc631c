"""What stands in each building: its heating, its envelope, its panels and batteries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy import uptake
from models.energy.archetypes import COMFORT, Archetypes, Envelope
from models.energy.demand import USES, Demand
from models.energy.investments import Investment, Investments
from models.energy.parameters import EnergyParameters
from twin.city.city import City
from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

PAYERS = ("households", "firms", "municipality")
COOLED_USES = ("office", "retail", "hotel", "health")
NO_LIMIT = 28.0
"""Highest room temperature that a thermostat may be asked for, degC: no limit."""
COOLING = 60.0
"""What a cooling can do, W/m²."""
EQUIPMENT = ("heat_pump", "insulation", "solar", "battery")
"""Controls of the equipment of a building, ``energy.<name>``; its subsidy is ``<control>_subsidy``.
"""
LIVES = {"heat_pump": 20.0, "insulation": 40.0, "solar": 25.0, "battery": 12.0}
"""Years in use (VDI 2067-1; batteries: their makers' guarantee and a little more)."""
CATEGORIES = {
    "heat_pump": "heat pumps",
    "insulation": "insulation",
    "solar": "solar panels",
    "battery": "batteries",
}


class Stock:
    """The stock of equipment, drawn once and changed by controls.

    Attributes
    ----------
    payer : (n_building,) int64
        Who pays for the building, position in :data:`PAYERS`.
    first_pumps : (n_building,) float64
        1 where a heat pump is there at the start.
    envelope
        As it is now.
    pump, direct, gas, district : (n_building,) bool
        How each building is heated now.
    highest, coldest : (n_building,) float64, W/m²
        What heating and cooling can do.
    pump_heat : (n_building,) float64, W
        What the heat pumps can give.
    panels, storage : (n_building,) float64, kW and Wh
    investments
    """

    def __init__(
        self, city: City, streams: Streams, parameters: EnergyParameters, need: Demand, roof: Floats
    ) -> None:
        p, building = parameters, city["building"]
        self._p, self._need = p, need
        payer = np.array([PAYERS.index(use.payer) for use in USES.values()], dtype=np.int64)
        self.payer: Rows = payer[need.use]
        drawn = uptake.heating(city, streams)
        self.first_pumps: Floats = (drawn < p.heat_pumps).astype(np.float64)
        self._direct = (drawn >= p.heat_pumps) & (drawn < p.heat_pumps + p.direct_heating)
        self._gas = uptake.draws(city, streams, "gas") < p.gas
        cooled = uptake.draws(city, streams, "cooling") < p.cooled
        cooled &= np.isin(building["use"], COOLED_USES)
        self.coldest: Floats = np.where(cooled, COOLING, 0.0)
        self._roof = roof
        self._archetypes = Archetypes(city, streams, walls(city), p.ages)
        self.investments = Investments(p.interest)
        self._seen: tuple[bytes, ...] = ()
        self.envelope: Envelope = self._archetypes.envelope(np.zeros(len(building)))

    def update(self, controls: dict[str, Floats], subsidies: dict[str, float]) -> None:
        """Take the controls as they are; does nothing while they are what they were.

        Parameters
        ----------
        controls
            By the names in :data:`EQUIPMENT`; (n_building,) float64.
        subsidies
            Share of the capital that the municipality pays, by the same names.
        """
        seen = tuple(controls[name].tobytes() for name in EQUIPMENT)
        seen += tuple(str(subsidies[name]).encode() for name in EQUIPMENT)
        if seen == self._seen:
            return
        self._seen = seen
        p, heated = self._p, self._need.heated
        self.envelope = self._archetypes.envelope(controls["insulation"])
        self.highest: Floats = self.envelope.loss * (COMFORT - p.design_temperature)
        self.pump: Flags = controls["heat_pump"] >= 0.5
        self.direct: Flags = self._direct & ~self.pump
        self.gas: Flags = self._gas & ~self.pump & ~self.direct
        self.district: Flags = ~(self.pump | self.direct | self.gas)
        self.pump_heat: Floats = np.where(self.pump, p.heat_pump_size * self.highest * heated, 0.0)
        self.panels: Floats = controls["solar"] * self._roof * p.module_power
        self.storage: Floats = controls["battery"] * self.panels * 1000.0
        self._invest(controls, subsidies)

    def _invest(self, controls: dict[str, Floats], subsidies: dict[str, float]) -> None:
        p = self._p
        new = self.pump & (self.first_pumps < 0.5)
        capital = {
            "heat_pump": np.where(new, self.pump_heat / 1000.0 * p.heat_pump_cost, 0.0),
            "insulation": np.clip(controls["insulation"], 0.0, 1.0)
            * np.where(self._need.heated > 0.0, self.envelope.shell, 0.0)
            * p.insulation_cost,
            "solar": self.panels * p.solar_cost,
            "battery": self.storage / 1000.0 * p.battery_cost,
        }
        for name, each in capital.items():
            sums = np.bincount(self.payer, weights=each, minlength=len(PAYERS))
            part = subsidies[name]
            upkeep = 0.0 if name == "insulation" else p.upkeep
            given = float(sums[:2].sum()) * part
            for position, party in enumerate(PAYERS):
                own = float(sums[position])
                paid = own + given if party == "municipality" else own * (1.0 - part)
                investment = Investment(paid, own * upkeep, LIVES[name])
                self.investments.own(CATEGORIES[name], party, investment)


def walls(city: City) -> Floats:
    """Length of each building's walls, m; of a square where the city has no table of roofs."""
    if "roof" in city:
        perimeter: Floats = city["roof"]["perimeter"]
        return perimeter
    footprint = np.maximum(np.nan_to_num(city["building"]["footprint"].astype(np.float64)), 0.0)
    return 4.0 * np.sqrt(footprint)


def performance(flow: float, outdoor: float) -> float:
    """Coefficient of performance of an air-source heat pump, 1.

    COP = 6.81 - 0.121 ΔT + 0.00063 ΔT², ΔT from outdoor air to the water, for 15 to 60 K (Staffell
    et al. 2012).

    Parameters
    ----------
    flow, outdoor : float, degC
    """
    lift = min(max(flow - outdoor, 15.0), 60.0)
    return 6.81 - 0.121 * lift + 0.00063 * lift**2
