"""The electricity of a city: loads of its buildings, and the low-voltage grid that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np

from models.energy import demand, kernels, occupancy
from models.energy.accounts import Accounts
from models.energy.grid import Flow, Grid
from models.energy.parameters import EnergyParameters
from models.energy.profiles import Profiles
from models.energy.reliability.outages import INDICATORS as OUTAGE_INDICATORS
from models.energy.reliability.outages import Outages
from twin.core.indicator import Indicator
from twin.core.model import Model, Process
from twin.core.port import Port
from twin.core.time import Tick, minutes

COMFORT = 20.0
"""Room temperature while nobody asks for another, degC."""


class Energy(Model):
    """Standard load profiles, presence and heating give loads; power-grid-model gives voltages.

    ``energy.bus_load`` sums what others draw (lamps, chargers, pumps); the buildings are this
    model's own.
    """

    name: ClassVar[str] = "energy"
    Parameters = EnergyParameters
    reads: ClassVar[tuple[Port, ...]] = (
        Port("citizens.present", "building", "person", default=-1.0),
        Port("weather.temperature", "city", "degC", default=10.0),
        Port("energy.bus_load", "bus", "W", sums=True),
    )
    writes: ClassVar[tuple[Port, ...]] = (
        Port("energy.building_power", "building", "W", profile="sum"),
        Port("energy.voltage", "bus", "1", profile="mean"),
        Port("energy.line_loading", "line", "1", profile="mean"),
        Port("energy.transformer_loading", "transformer", "1", profile="mean"),
        Port("energy.losses", "city", "W", profile="sum"),
    )
    controls: ClassVar[tuple[Port, ...]] = (
        Port("energy.heating_setpoint", "building", "degC", "control", (5.0, 28.0), COMFORT),
        Port("energy.supply", "transformer", "1", "control", (0.0, 1.0), 1.0),
        Port("energy.line_fault", "line", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.transformer_fault", "transformer", "1", "control", (0.0, 1.0), 0.0),
        Port("energy.crews", "city", "1", "control", (1.0, 1000.0), 2.0),
        Port("energy.remote_switches", "city", "1", "control", (0.0, 1.0), 0.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = (
        Indicator("energy.consumption", "kWh"),
        Indicator("energy.buildings", "kWh"),
        Indicator("energy.losses", "kWh", stakeholder="firms"),
        Indicator("energy.peak", "kW"),
        Indicator("energy.co2", "kg"),
        Indicator("energy.household_cost", "EUR", stakeholder="households"),
        Indicator("energy.firm_cost", "EUR", stakeholder="firms"),
        Indicator("energy.municipality_cost", "EUR", stakeholder="municipality"),
        Indicator("energy.lowest_voltage", "%", better="higher"),
        Indicator("energy.voltage_violation", "min"),
        Indicator("energy.line_overload", "min", stakeholder="firms"),
        Indicator("energy.transformer_overload", "min", stakeholder="firms"),
        Indicator("energy.unserved", "kWh"),
        *OUTAGE_INDICATORS,
        Indicator("energy.cold_rooms", "K·h", stakeholder="households"),
    )
    parameters: EnergyParameters

    def setup(self) -> None:
        """Annual demand, profiles, room temperatures, and the grid's model."""
        p, building = self.parameters, self.city["building"]
        self.period: Tick = minutes(p.period)
        self._demand = demand.annual(
            building, per_person=p.per_person, specific={str(k): v for k, v in p.specific.items()}
        )
        columns = tuple(use.profile for use in demand.USES.values())
        self._profiles = Profiles(self.city["load_profile"], columns, self.city.place.country)
        self._follow = np.array([use.presence for use in demand.USES.values()])
        self._residents = building["people"].astype(np.float64)
        self._jobs = building["jobs"].astype(np.float64)
        self._bus = self.city.link("building", "bus").indices.astype(np.int64)
        self._indoor = self["energy.heating_setpoint"].copy()
        self._heat, self._factor = self.column("building"), self.column("building")
        self._home, self._work = self.column("building"), self.column("building")
        self._active = self.column("bus")
        self._reactive = np.tan(np.arccos(p.power_factor))
        self._grid = Grid(self.city, p.source_voltage)
        self._outages = Outages(self)
        self._accounts = Accounts(self.city, self._demand.use, p)
        self._last: Tick | None = None
        self["energy.voltage"][:] = p.source_voltage

    def step(self, now: Tick) -> None:
        """Loads at ``now``, then the power flow, then what the time since the last step cost."""
        seconds = 0.0 if self._last is None else (now - self._last) / 1000.0
        if self._last is not None and seconds == 0.0:
            return
        self._load(now, seconds)
        self._switch()
        kernels.add_to_buses(
            self._home + self._work, self._bus, self["energy.bus_load"], self._active
        )
        flow = self._grid.solve(self._active, self._active * self._reactive)
        self._write(flow)
        hour = int(self.world.calendar.day_seconds(now) // 3600)
        self._accounts.take(flow, self._home, self._work, self._active, hour)
        self._accounts.cold(np.maximum(COMFORT - 1.0 - self._indoor, 0.0), self._demand.heated)
        if self._last is not None:
            self._accounts.advance(seconds)
            self._accounts.book(self.world.ledger, now)
        self._last = now

    def _load(self, now: Tick, seconds: float) -> None:
        """Dwellings' and other load of each building, W."""
        p = self.parameters
        outdoor = float(self["weather.temperature"][0])
        local, clock = self.world.calendar.local(now), self.world.calendar.day_seconds(now)
        kind = self._profiles.kind(local.date())
        at_home, at_work = occupancy.expected(clock, free=kind > 0)
        kernels.presence(
            self["citizens.present"],
            self._residents,
            self._jobs,
            self._follow,
            self._demand.use,
            at_home,
            at_work,
            self._factor,
        )
        highest = p.heat_loss * (COMFORT - p.design_temperature)
        kernels.heat(
            self._indoor,
            self["energy.heating_setpoint"],
            outdoor,
            p.heat_loss,
            p.heat_capacity,
            p.free_heat,
            highest,
            seconds,
            self._heat,
        )
        profile = self._profiles.at(local.date(), clock)
        kernels.load(
            self._demand.home,
            self._demand.work,
            self._demand.use,
            profile,
            float(profile[0]),
            self._factor,
            self._heat * self._demand.heated,
            _electric(p, outdoor),
            self._home,
            self._work,
        )

    def _switch(self) -> None:
        """Tell the grid which branches are closed, when that changed."""
        if self._outages.changed():
            self._grid.switch(*self._outages.closed())

    def _write(self, flow: Flow) -> None:
        """Fill the ports; a building without supply draws nothing."""
        self["energy.voltage"][:] = flow.voltage
        self["energy.line_loading"][:] = flow.line_loading
        self["energy.transformer_loading"][:] = flow.transformer_loading
        self["energy.losses"][0] = flow.losses
        live = flow.voltage[self._bus] > 0.0
        self._home *= live
        self._work *= live
        self["energy.building_power"][:] = self._home + self._work

    def measure(self) -> Mapping[str, float]:
        """Energy, peak, voltages, costs over the run, and what outages took."""
        return self._accounts.measure() | self._outages.measure()

    def processes(self) -> Iterable[Process]:
        """What breaks by chance."""
        return [self._outages.by_chance()]


def _electric(p: EnergyParameters, outdoor: float) -> float:
    """Electricity for a unit of heat: resistances, and heat pumps at their performance.

    Air-source heat pumps: COP = 6.81 - 0.121 ΔT + 0.00063 ΔT², ΔT from outdoor air to heating
    water, for 15 to 60 K (Staffell et al. 2012).
    """
    lift = min(max(p.flow_temperature - outdoor, 15.0), 60.0)
    performance = 6.81 - 0.121 * lift + 0.00063 * lift**2
    return p.direct_heating + p.heat_pumps / performance
