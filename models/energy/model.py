"""The electricity of a city: loads of its buildings, and the grid that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.energy import kernels
from models.energy.accounts import BOOKED, Accounts, Meters
from models.energy.archetypes import COMFORT
from models.energy.grid import Flow, Grid
from models.energy.investments import Investment
from models.energy.loads import Buildings, Loads
from models.energy.parameters import EnergyParameters
from models.energy.reinforcement import Plan, capital, enlarged, reinforced
from models.energy.reliability.outages import INDICATORS as OUTAGE_INDICATORS
from models.energy.reliability.outages import Outages
from models.energy.stock import NO_LIMIT
from models.energy.taps import Taps
from models.energy.tariffs import UNKNOWN
from twin.core.indicator import Indicator
from twin.core.model import Model, Process
from twin.core.port import Port
from twin.core.time import Tick, minutes

Floats = npt.NDArray[np.float64]

COLD, HOT = COMFORT - 1.0, 27.0
"""Rooms below or above are uncomfortable, degC."""
CURTAILED = 0.75
"""What is left of the panels' power at each round, where they lift the voltage over its band."""
ROUNDS = 12
GRID_LIFE, REMOTE_LIFE = 40.0, 15.0
"""Years that cables and transformers, and their remote control, are in use (assumed; regulators
allow 35 to 45, and 10 to 20)."""


def _equipment(name: str, unit: str, most: float) -> tuple[Port, Port]:
    """The control of a kind of equipment in each building, and that of its subsidy."""
    return (
        Port(f"energy.{name}", "building", unit, "control", (0.0, most), 0.0),
        Port(f"energy.{name}_subsidy", "city", "1", "control", (0.0, 1.0), 0.0),
    )


class Energy(Model):
    """Households, profiles, rooms and panels give loads; a power flow gives voltages.

    ``energy.bus_load`` sums what others draw (lamps, chargers, pumps); the buildings are this
    model's own.
    """

    name: ClassVar[str] = "energy"
    Parameters = EnergyParameters
    reads: ClassVar[tuple[Port, ...]] = (
        Port("citizens.present", "building", "person", default=-1.0),
        Port("weather.temperature", "city", "degC", default=10.0),
        Port("weather.cloud", "city", "1", default=0.6),
        Port("energy.market_price", "city", "EUR/kWh", default=UNKNOWN),
        Port("energy.bus_load", "bus", "W", sums=True),
    )
    writes: ClassVar[tuple[Port, ...]] = (
        Port("energy.building_power", "building", "W", profile="sum"),
        Port("energy.solar_power", "building", "W", profile="sum"),
        Port("energy.voltage", "bus", "1", profile="mean"),
        Port("energy.line_loading", "line", "1", profile="mean"),
        Port("energy.transformer_loading", "transformer", "1", profile="mean"),
        Port("energy.losses", "city", "W", profile="sum"),
        Port("energy.worst_voltage", "bus", "1", profile="last", ranked="lowest"),
        Port("energy.worst_line_loading", "line", "1", profile="last", ranked="highest"),
        Port(
            "energy.worst_transformer_loading",
            "transformer",
            "1",
            profile="last",
            ranked="highest",
        ),
    )
    controls: ClassVar[tuple[Port, ...]] = (
        Port("energy.heating_setpoint", "building", "degC", "control", (5.0, 28.0), COMFORT),
        Port("energy.heating_limit", "building", "degC", "control", (5.0, 28.0), NO_LIMIT),
        Port("energy.heating_lowered", "building", "K", "control", (0.0, 30.0), 0.0),
        Port("energy.supply", "transformer", "1", "control", (0.0, 1.0), 1.0),
        Port("energy.line_fault", "line", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.transformer_fault", "transformer", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.crews", "city", "1", "control", (1.0, 1000.0), 2.0),
        Port("energy.remote_switches", "city", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.line_capacity", "line", "1", "control", (1.0, 10.0), 1.0),
        Port("energy.transformer_capacity", "transformer", "1", "control", (1.0, 10.0), 1.0),
        Port("energy.voltage_regulation", "transformer", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.voltage_setpoint", "city", "1", "control", (0.9, 1.1), 1.0),
        Port("energy.voltage_dead_band", "city", "1", "control", (0.013, 0.1), 0.02),
        *_equipment("heat_pump", "1", 1.0),
        *_equipment("insulation", "1", 1.0),
        *_equipment("solar", "1", 1.0),
        *_equipment("battery", "kWh/kW", 5.0),
        Port("energy.tariff", "building", "1", "control", (0.0, 2.0), 0.0),
        Port("energy.load_shift", "building", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.off_peak_water", "building", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.feed_in_limit", "building", "1", "control", (0.0, 1.0), 1.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = (
        Indicator("energy.consumption", "kWh"),
        Indicator("energy.buildings", "kWh"),
        Indicator("energy.losses", "kWh", stakeholder="firms"),
        Indicator("energy.peak", "kW", headline=True),
        Indicator("energy.heat", "kWh"),
        Indicator("energy.fuel_heat", "kWh"),
        Indicator("energy.solar", "kWh", better="higher"),
        Indicator("energy.exported", "kWh", better="neutral"),
        Indicator("energy.self_consumption", "kWh", better="higher", stakeholder="households"),
        Indicator("energy.curtailed", "kWh", stakeholder="households"),
        Indicator("energy.co2", "kg"),
        Indicator("energy.heat_co2", "kg"),
        Indicator("energy.total_co2", "kg", headline=True),
        Indicator("energy.household_bill", "EUR", stakeholder="households"),
        Indicator("energy.household_cost", "EUR", stakeholder="households", headline=True),
        Indicator("energy.firm_cost", "EUR", stakeholder="firms"),
        Indicator("energy.municipality_cost", "EUR", stakeholder="municipality"),
        Indicator("energy.investment", "EUR", better="neutral", headline=True),
        Indicator("energy.grid_cost", "EUR", stakeholder="firms"),
        Indicator("energy.shifted", "kWh", better="neutral", stakeholder="households"),
        Indicator("energy.lowest_voltage", "%", better="higher"),
        Indicator("energy.highest_voltage", "%"),
        Indicator("energy.voltage_violation", "min", headline=True),
        Indicator("energy.weak_nodes", "nodes", stakeholder="firms"),
        Indicator("energy.en50160_nodes", "nodes"),
        Indicator("energy.en50160_share", "%", better="higher"),
        Indicator("energy.tap_operations", "operations", better="neutral", stakeholder="firms"),
        Indicator("energy.line_overload", "min", stakeholder="firms"),
        Indicator("energy.overloaded_lines", "cables", stakeholder="firms", headline=True),
        Indicator("energy.highest_line_loading", "%", stakeholder="firms"),
        Indicator("energy.transformer_overload", "min", stakeholder="firms"),
        Indicator(
            "energy.overloaded_transformers", "transformers", stakeholder="firms", headline=True
        ),
        Indicator("energy.highest_transformer_loading", "%", stakeholder="firms"),
        Indicator("energy.mending_cost", "EUR", stakeholder="firms"),
        Indicator("energy.unserved", "kWh"),
        *OUTAGE_INDICATORS,
        Indicator("energy.cold_rooms", "K·h", stakeholder="households", headline=True),
        Indicator("energy.hot_rooms", "K·h", stakeholder="households"),
    )
    parameters: EnergyParameters

    def setup(self) -> None:
        """The buildings as customers, and the grid's model."""
        p = self.parameters
        self.period: Tick = minutes(p.period)
        self["energy.heating_setpoint"][:] = p.room_temperature
        self.world.announced["energy.line_capacity"] = p
        self._buildings = Buildings(self.world, p, self.world.state.columns)
        stock = self._buildings.stock
        self._bus = self.city.link("building", "bus").indices.astype(np.int64)
        self._active, self._gross = self.column("bus"), self.column("bus")
        self._reactive = float(np.tan(np.arccos(p.power_factor)))
        self._grid = Grid(self.city, p.source_voltage)
        self._built = Plan(self["energy.line_capacity"], self["energy.transformer_capacity"]).copy()
        self._automated = False
        self._taps = Taps(len(self.city["transformer"]))
        self._outages = Outages(self)
        self._accounts = Accounts(
            self.city, stock.payer, self._buildings.is_home, p, stock.investments
        )
        self._last: Tick | None = None
        self._booked: Tick = 0
        self["energy.voltage"][:] = p.source_voltage

    def step(self, now: Tick) -> None:
        """Loads at ``now``, then the power flow, then what the time since the last step cost."""
        seconds = 0.0 if self._last is None else (now - self._last) / 1000.0
        if self._last is not None and seconds == 0.0:
            return
        self._reinforce()
        self._switch()
        self._regulate()
        loads = self._buildings.at(now, seconds, self._grid.supplied[self._bus])
        flow, meters = self._carry(loads)
        self._taps.count(self._grid)
        hour = self.world.calendar.local(now).hour
        dark = float(self._gross[flow.voltage == 0.0].sum())
        self._write(flow, meters)
        accounts, tariffs = self._accounts, self._buildings.tariffs
        accounts.take(flow, loads, meters, tariffs, hour, dark)
        accounts.rooms(self._buildings.indoor, self._buildings.need.heated, COLD, HOT)
        self._worst()
        if self._last is not None:
            accounts.advance(seconds)
            if now - self._booked >= BOOKED:
                accounts.book(self.world.ledger, now)
                self._booked = now
        self._last = now

    def _carry(self, loads: Loads) -> tuple[Flow, Meters]:
        """The power flow with these loads; panels give less where they lift the voltage too far."""
        columns, stock = self.world.state.columns, self._buildings.stock
        others = columns["energy.bus_load"]
        limit = columns["energy.feed_in_limit"] * stock.panels * 1000.0
        own = loads.own + loads.battery
        solar = np.minimum(loads.solar, np.maximum(own, 0.0) + limit)
        kernels.add_to_buses(loads.own + loads.missed, self._bus, others, self._gross)
        reactive = self._gross * self._reactive
        highest = 1.0 + self.parameters.voltage_band
        for _ in range(ROUNDS):
            kernels.add_to_buses(own - solar, self._bus, others, self._active)
            flow = self._grid.solve(self._active, reactive)
            lifted = (flow.voltage[self._bus] > highest) & (solar > 1.0)
            if not lifted.any():
                break
            solar = np.where(lifted, CURTAILED * solar, solar)
        live = flow.voltage[self._bus] > 0.0
        for part in (loads.home, loads.work, loads.solar, solar, own):
            part *= live
        net = own - solar
        meters = Meters(np.maximum(net, 0.0), np.maximum(-net, 0.0), solar, self._buildings.kinds())
        return flow, meters

    def _reinforce(self) -> None:
        """Build what the operator wants built; the grid is a new one then."""
        self._automate()
        wanted = Plan(self["energy.line_capacity"], self["energy.transformer_capacity"])
        if wanted.same(self._built):
            return
        p, self._built = self.parameters, wanted.copy()
        self._grid = Grid(reinforced(self.city, self._built), p.source_voltage)
        self._grid.switch(*self._outages.closed())
        spent = self._capital(self._built)
        self._buildings.stock.investments.own(
            "grid reinforcement", "grid operator", Investment(spent, p.upkeep * spent, GRID_LIFE)
        )

    def _capital(self, plan: Plan) -> float:
        """What it costs to build a plan from today's grid, EUR."""
        p = self.parameters
        costs = {"trench": p.trench_cost, "cable": p.cable_cost, "transformer": p.transformer_cost}
        return capital(self.city, plan, **costs)

    def _mending(self) -> float:
        """What it would cost to build all that was overloaded large enough, EUR."""
        accounts = self._accounts
        wanted = enlarged(self._built, accounts.line_peak, accounts.transformer_peak)
        return self._capital(wanted) - self._capital(self._built)

    def _automate(self) -> None:
        """Pay for the switches that are driven from afar, from when they are wanted."""
        if self["energy.remote_switches"][0] < 0.5 or self._automated:
            return
        self._automated, p = True, self.parameters
        spent = p.reliability.remote_cost * len(self.city["transformer"])
        self._buildings.stock.investments.own(
            "remote switches", "grid operator", Investment(spent, p.upkeep * spent, REMOTE_LIFE)
        )

    def _regulate(self) -> None:
        """Transformers whose taps keep the voltage; they are paid for when they first do."""
        works = self["energy.voltage_regulation"] >= 0.5
        target, band = self["energy.voltage_setpoint"][0], self["energy.voltage_dead_band"][0]
        if not self._taps.order(self._grid, works, float(target), float(band)):
            return
        p = self.parameters
        spent = p.regulator_cost * int(self._taps.fitted.sum())
        self._buildings.stock.investments.own(
            "voltage regulators", "grid operator", Investment(spent, p.upkeep * spent, GRID_LIFE)
        )

    def _switch(self) -> None:
        """Tell the grid which branches are closed, when that changed."""
        if self._outages.changed():
            self._grid.switch(*self._outages.closed())

    def _write(self, flow: Flow, meters: Meters) -> None:
        """Fill the ports; a building without supply draws nothing."""
        self["energy.voltage"][:] = flow.voltage
        self["energy.line_loading"][:] = flow.line_loading
        self["energy.transformer_loading"][:] = flow.transformer_loading
        self["energy.losses"][0] = flow.losses
        self["energy.building_power"][:] = meters.drawn - meters.fed
        self["energy.solar_power"][:] = meters.solar

    def _worst(self) -> None:
        """The highest loadings so far, and the lowest voltages."""
        accounts = self._accounts
        self["energy.worst_line_loading"][:] = accounts.line_peak
        self["energy.worst_transformer_loading"][:] = accounts.transformer_peak
        lowest = accounts.lowest
        self["energy.worst_voltage"][:] = np.where(np.isfinite(lowest), lowest, 0.0)

    def measure(self) -> Mapping[str, float]:
        """Energy, peak, voltages, costs over the run, and what outages took."""
        self._accounts.book(self.world.ledger, self._last or 0)
        found = {f"energy.{name}": value for name, value in self._accounts.measure().items()}
        found["energy.mending_cost"] = self._mending()
        found["energy.tap_operations"] = float(self._taps.operations)
        found["energy.shifted"] = float(self._buildings.homes.shifted[0])
        return found | self._outages.measure()

    def processes(self) -> Iterable[Process]:
        """What breaks by chance."""
        return [self._outages.by_chance()]
