"""What the energy of a run adds up to: energy, money, and minutes outside the limits."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from models.energy import kernels
from models.energy.demand import USES
from models.energy.grid import Flow
from models.energy.parameters import EnergyParameters
from twin.city.city import City
from twin.core.ledger import Ledger
from twin.core.time import Tick

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

PAYERS: tuple[Literal["households", "firms", "municipality"], ...] = (
    "households",
    "firms",
    "municipality",
)
KWH = 3.6e6
"""J in a kWh."""


class Accounts:
    """Sums over a run; powers between two steps are taken as linear, limits as at their end.

    Parameters
    ----------
    use : (n_building,) int64
        Position in :data:`models.energy.demand.USES`.
    """

    def __init__(self, city: City, use: Rows, parameters: EnergyParameters) -> None:
        self._parameters = parameters
        payer = np.array([PAYERS.index(u.payer) for u in USES.values()], dtype=np.int64)
        self._payer = payer[use]
        self._low_voltage = np.isin(city["bus"]["kind"], ("lv", "connection"))
        self._prices = (
            parameters.household_price,
            parameters.firm_price,
            parameters.municipality_price,
        )
        self._all_lines = np.ones(len(city["line"]), dtype=bool)
        self._all_transformers = np.ones(len(city["transformer"]), dtype=bool)
        # paid by each payer, delivered, infeed, losses, unserved, CO2 (kg/s): rates at a moment
        self._before = self._now = np.zeros(8)
        self._step = np.zeros(8)
        self._total = np.zeros(8)
        self._cold = self._cold_total = 0.0
        self._outside = np.zeros(3)
        self._minutes = np.zeros(3)
        self._peak = 0.0
        self._lowest = np.inf

    def take(self, flow: Flow, home: Floats, work: Floats, wanted: Floats, hour: int) -> None:
        """Note the rates at a moment.

        Parameters
        ----------
        home, work : (n_building,) float64, W
            Power that the buildings draw.
        wanted : (n_bus,) float64, W
            Power that all loads would draw with supply.
        hour
            Local hour of day.
        """
        p = self._parameters
        paid = np.bincount(self._payer, weights=work, minlength=3)
        paid[0] += home.sum()
        served = flow.infeed - flow.losses
        factor = p.co2_by_hour[hour] if p.co2_by_hour else 1.0
        co2 = flow.infeed / KWH * p.co2_intensity * factor
        unserved = max(float(wanted.sum()) - served, 0.0) if (flow.voltage == 0.0).any() else 0.0
        self._before, self._now = (
            self._now,
            np.array([*paid, served, flow.infeed, flow.losses, unserved, co2]),
        )
        band, every = p.voltage_band, np.inf
        self._outside = np.array(
            [
                kernels.count_outside(flow.voltage, self._low_voltage, 1.0 - band, 1.0 + band),
                kernels.count_outside(flow.line_loading, self._all_lines, -every, 1.0),
                kernels.count_outside(
                    flow.transformer_loading, self._all_transformers, -every, 1.0
                ),
            ]
        )
        self._peak = max(self._peak, flow.infeed)
        live = flow.voltage[self._low_voltage & (flow.voltage > 0.0)]
        self._lowest = min(self._lowest, float(live.min(initial=np.inf)))

    def cold(self, missing: Floats, heated: Floats) -> None:
        """Note how far rooms are below comfort.

        Parameters
        ----------
        missing : (n_building,) float64, K
        heated : (n_building,) float64, m²
            Weight of each building.
        """
        area = float(heated.sum())
        # Not a dot product: BLAS would start threads, and the engine forks.
        self._cold = float((missing * heated).sum()) / area if area > 0.0 else 0.0

    def advance(self, seconds: float) -> None:
        """Add the time since the last moment."""
        self._step = (self._before + self._now) / 2.0 * seconds
        self._total += self._step
        self._minutes += self._outside * seconds / 60.0
        self._cold_total += self._cold * seconds / 3600.0

    def book(self, ledger: Ledger, now: Tick) -> None:
        """Book what the last stretch of time cost."""
        for payer, energy, price in zip(PAYERS, self._step[:3], self._prices, strict=True):
            if energy > 0.0:
                ledger.book(now, payer, "energy supplier", energy / KWH * price, "electricity")
        lost = self._step[5] / KWH * self._parameters.loss_price
        if lost > 0.0:
            ledger.book(now, "grid operator", "energy supplier", lost, "grid losses")

    def measure(self) -> dict[str, float]:
        """The indicators."""
        kwh = self._total / KWH
        return {
            "energy.consumption": kwh[3],
            "energy.buildings": kwh[:3].sum(),
            "energy.losses": kwh[5],
            "energy.peak": self._peak / 1000.0,
            "energy.co2": self._total[7],
            "energy.household_cost": kwh[0] * self._prices[0],
            "energy.firm_cost": kwh[1] * self._prices[1],
            "energy.municipality_cost": kwh[2] * self._prices[2],
            "energy.lowest_voltage": 100.0 * self._lowest if np.isfinite(self._lowest) else 0.0,
            "energy.voltage_violation": self._minutes[0],
            "energy.line_overload": self._minutes[1],
            "energy.transformer_overload": self._minutes[2],
            "energy.unserved": kwh[6],
            "energy.cold_rooms": self._cold_total,
        }
