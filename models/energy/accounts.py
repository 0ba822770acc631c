"""What the energy of a run adds up to: energy, money, and minutes outside the limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy import kernels
from models.energy.grid import Flow
from models.energy.investments import YEAR, Investments
from models.energy.loads import Loads
from models.energy.parameters import EnergyParameters
from models.energy.stock import PAYERS
from models.energy.tariffs import Tariffs
from models.energy.weekly import WeeklyVoltage
from twin.city.city import City
from twin.core.ledger import Ledger
from twin.core.time import Tick, hours

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

KWH = 3.6e6
"""J in a kWh."""
BOOKED = hours(1)
"""How often the ledger is written: an entry holds what has come up since the last one."""
ENERGIES = (
    *("delivered", "infeed", "losses", "unserved", "buildings", "heat", "fuel"),
    *("solar", "curtailed", "exported", "co2", "heat_co2"),
)
MONIES = ("electricity", "heat", "feed-in")


@dataclass(frozen=True)
class Meters:
    """What each building draws and feeds in at a moment, W, and at which tariff.

    Attributes
    ----------
    drawn, fed : (n_building,) float64, W
        Over the connection; one of them is 0.
    solar : (n_building,) float64, W
        What the panels gave.
    kinds : (n_building,) int64
        Tariff of each building.
    """

    drawn: Floats
    fed: Floats
    solar: Floats
    kinds: Rows


class Accounts:
    """Sums over a run; powers between two steps are taken as linear, limits as at their end.

    Parameters
    ----------
    payer : (n_building,) int64
        Who pays for each building beside its dwellings, position in the stock's payers.
    is_home : (n_building,) bool
        Residential buildings: their heat is the households'.

    Attributes
    ----------
    line_peak, transformer_peak : float64, 1
        Highest loading of each so far.
    lowest, highest : (n_bus,) float64, per unit
        Lowest and highest voltage of each bus so far, with supply.
    """

    def __init__(
        self,
        city: City,
        payer: Rows,
        is_home: npt.NDArray[np.bool_],
        parameters: EnergyParameters,
        investments: Investments,
    ) -> None:
        self._parameters, self._investments = parameters, investments
        self._payer = payer
        self._heat_payer = np.where(is_home, 0, payer)
        self._low_voltage = np.isin(city["bus"]["kind"], ("lv", "connection"))
        self._all_lines = np.ones(len(city["line"]), dtype=bool)
        self._all_transformers = np.ones(len(city["transformer"]), dtype=bool)
        self._rates = np.zeros(len(ENERGIES)), np.zeros(len(ENERGIES))
        self._prices = np.zeros((3, 3)), np.zeros((3, 3))
        self._total, self._paid = np.zeros(len(ENERGIES)), np.zeros((3, 3))
        self._equipment = np.zeros(3)
        self._operator = 0.0
        self._open, self._open_losses, self._since = np.zeros((3, 3)), 0.0, 0.0
        self._rooms, self._rooms_total = np.zeros(2), np.zeros(2)
        self._outside, self._minutes = np.zeros(3), np.zeros(3)
        self._peak = 0.0
        self._weekly, self._voltage = WeeklyVoltage(int(self._low_voltage.sum())), np.zeros(0)
        self.line_peak = np.zeros(len(city["line"]))
        self.transformer_peak = np.zeros(len(city["transformer"]))
        self.lowest = np.full(len(city["bus"]), np.inf)
        self.highest = np.zeros(len(city["bus"]))

    def take(
        self, flow: Flow, loads: Loads, meters: Meters, tariffs: Tariffs, hour: int, dark: float
    ) -> None:
        """Note the rates at a moment.

        Parameters
        ----------
        hour
            Local hour of day.
        dark : float, W
            What is not supplied.
        """
        p = self._parameters
        factor = p.co2_by_hour[hour] if p.co2_by_hour else 1.0
        gas, district = float(loads.gas.sum()), float(loads.district.sum())
        given, solar = float(meters.solar.sum()), float(loads.solar.sum())
        now = np.array(
            [
                flow.infeed - flow.losses,
                flow.infeed,
                flow.losses,
                dark,
                float(loads.own.sum()),
                float(loads.heat.sum()),
                gas + district,
                given,
                max(solar - given, 0.0),
                float(meters.fed.sum()),
                flow.infeed * p.co2_intensity * factor,
                gas * p.gas_co2 + district * p.district_co2,
            ]
        )
        self._rates = self._rates[1], now
        self._prices = self._prices[1], self._money(loads, meters, tariffs, hour)
        self._limits(flow)

    def _money(self, loads: Loads, meters: Meters, tariffs: Tariffs, hour: int) -> Floats:
        """What flows at a moment; (3 categories, 3 payers) EUR/kWh · W."""
        own = loads.own
        share = np.divide(loads.home, own, out=np.zeros_like(own), where=own > 0.0)
        price, back = tariffs.prices(hour), tariffs.feed_in(hour)
        kinds, payer = meters.kinds, self._payer
        homes = meters.drawn * share * price[kinds, 0]
        rest = meters.drawn * (1.0 - share) * price[kinds, payer]
        fuel = loads.gas * self._parameters.gas_price
        fuel = fuel + loads.district * self._parameters.district_price
        found = np.zeros((3, 3))
        found[0] = np.bincount(payer, weights=rest, minlength=3)
        found[1] = np.bincount(self._heat_payer, weights=fuel, minlength=3)
        found[2] = np.bincount(payer, weights=meters.fed * back[kinds, payer], minlength=3)
        found[0, 0] += homes.sum()
        return found

    def _limits(self, flow: Flow) -> None:
        band, every = self._parameters.voltage_band, np.inf
        voltage, where = flow.voltage, self._low_voltage
        self._outside = np.array(
            [
                kernels.count_outside(voltage, where, 1.0 - band, 1.0 + band),
                kernels.count_outside(flow.line_loading, self._all_lines, -every, 1.0),
                kernels.count_outside(
                    flow.transformer_loading, self._all_transformers, -every, 1.0
                ),
            ]
        )
        self._voltage = voltage[where]
        self._peak = max(self._peak, flow.infeed)
        np.maximum(self.line_peak, flow.line_loading, out=self.line_peak)
        np.maximum(self.transformer_peak, flow.transformer_loading, out=self.transformer_peak)
        np.maximum(self.highest, voltage, out=self.highest)
        np.minimum(self.lowest, voltage, out=self.lowest, where=voltage > 0.0)

    def rooms(self, indoor: Floats, heated: Floats, cold: float, hot: float) -> None:
        """Note how far rooms are outside what is comfortable.

        Parameters
        ----------
        indoor : (n_building,) float64, degC
        heated : (n_building,) float64, m²
            Weight of each building.
        cold, hot : float, degC
        """
        area = float(heated.sum())
        if area > 0.0:
            # Not dot products: BLAS would start threads, and the engine forks.
            below = float((np.maximum(cold - indoor, 0.0) * heated).sum()) / area
            above = float((np.maximum(indoor - hot, 0.0) * heated).sum()) / area
            self._rooms = np.array([below, above])

    def advance(self, seconds: float) -> None:
        """Add the time since the last moment."""
        self._total += (self._rates[0] + self._rates[1]) / 2.0 * (seconds / KWH)
        paid = (self._prices[0] + self._prices[1]) / 2.0 * (seconds / KWH)
        self._paid += paid
        self._open += paid
        losses = (self._rates[0][2] + self._rates[1][2]) / 2.0 * (seconds / KWH)
        self._open_losses += losses * self._parameters.loss_price
        self._since += seconds
        self._operator += losses * self._parameters.loss_price
        self._operator += self._investments.yearly("grid operator") * seconds / YEAR
        self._equipment += [self._investments.yearly(party) * seconds / YEAR for party in PAYERS]
        self._minutes += self._outside * seconds / 60.0
        self._weekly.add(self._voltage, seconds)
        self._rooms_total += self._rooms * seconds / 3600.0

    def book(self, ledger: Ledger, now: Tick) -> None:
        """Book what has come up since the last entries."""
        if self._since <= 0.0:
            return
        for category, row in zip(MONIES, self._open, strict=True):
            for party, amount in zip(PAYERS, row, strict=True):
                ends = (party, "energy supplier")
                payer, payee = ends[::-1] if (category == "feed-in") == (amount > 0.0) else ends
                if amount != 0.0:
                    ledger.book(now, payer, payee, abs(float(amount)), category)
        if self._open_losses > 0.0:
            ledger.book(now, "grid operator", "energy supplier", self._open_losses, "grid losses")
        self._investments.book(ledger, now, self._since)
        self._open[:] = 0.0
        self._open_losses = self._since = 0.0

    def measure(self) -> dict[str, float]:
        """The indicators, without their service's name."""
        sums = dict(zip(ENERGIES, (float(value) for value in self._total), strict=True))
        cost = self._paid[0] + self._paid[1] - self._paid[2] + self._equipment
        bills = self._paid[0] - self._paid[2]
        solar = sums["solar"]
        lowest = self.lowest[self._low_voltage & np.isfinite(self.lowest)]
        band = self._parameters.voltage_band
        weak = (self.lowest < 1.0 - band) | (self.highest > 1.0 + band)
        failed, share = self._weekly.measure()
        return {
            "consumption": sums["delivered"],
            "buildings": sums["buildings"],
            "losses": sums["losses"],
            "unserved": sums["unserved"],
            "peak": self._peak / 1000.0,
            "heat": sums["heat"],
            "fuel_heat": sums["fuel"],
            "solar": solar,
            "exported": sums["exported"],
            "curtailed": sums["curtailed"],
            "self_consumption": solar - sums["exported"],
            "co2": sums["co2"],
            "heat_co2": sums["heat_co2"],
            "total_co2": sums["co2"] + sums["heat_co2"],
            "household_bill": float(bills[0]),
            "household_cost": float(cost[0]),
            "firm_cost": float(cost[1]),
            "municipality_cost": float(cost[2]),
            "investment": self._investments.capital,
            "grid_cost": self._operator,
            "lowest_voltage": 100.0 * float(lowest.min()) if len(lowest) else 0.0,
            "highest_voltage": 100.0 * float(self.highest[self._low_voltage].max(initial=0.0)),
            "voltage_violation": float(self._minutes[0]),
            "en50160_nodes": float(failed),
            "en50160_share": 100.0 * share,
            "line_overload": float(self._minutes[1]),
            "transformer_overload": float(self._minutes[2]),
            "weak_nodes": float((weak & self._low_voltage).sum()),
            "overloaded_lines": float((self.line_peak > 1.0).sum()),
            "overloaded_transformers": float((self.transformer_peak > 1.0).sum()),
            "highest_line_loading": 100.0 * float(self.line_peak.max(initial=0.0)),
            "highest_transformer_loading": 100.0 * float(self.transformer_peak.max(initial=0.0)),
            "cold_rooms": float(self._rooms_total[0]),
            "hot_rooms": float(self._rooms_total[1]),
        }
