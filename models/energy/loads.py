"""What the buildings of a city draw and generate, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.energy import demand, kernels, occupancy, stock
from models.energy.archetypes import CAPACITY, VENTILATION
from models.energy.homes.households import Day, Households, Water
from models.energy.parameters import EnergyParameters
from models.energy.profiles import QUARTERS, Profiles
from models.energy.stock import Stock
from models.energy.sun import Sun
from models.energy.tariffs import FLAT, KINDS, Tariffs
from twin.core.state import Column
from twin.core.time import Tick
from twin.core.world import World

if TYPE_CHECKING:
    from models.energy.homes.agents import Society

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FROST = 5.0
"""No thermostat lets its rooms be colder, degC."""
TANK = 2.6
"""What an electric tank holds, kWh a person: 60 l at 37 K."""
TANK_LOSS = 45.0
"""Heat that a tank loses, W (label B of the EU, 150 l)."""


@dataclass
class Loads:
    """Power of each building at a moment; (n_building,) float64, W.

    Attributes
    ----------
    home, work
        Electricity of dwellings and of everything else, before panels and batteries.
    solar
        What the panels could give.
    battery
        What batteries take; negative where they give.
    gas, district
        Heat from a boiler, and from the district's network.
    heat
        All heat to rooms and water, whatever gives it.
    missed
        Electricity for heat and cold that buildings without supply drew in their last moment with
        it: not part of their load, but not supplied either.
    """

    home: Floats
    work: Floats
    solar: Floats
    battery: Floats
    gas: Floats
    district: Floats
    heat: Floats
    missed: Floats

    @property
    def own(self) -> Floats:
        """Electricity of the building, W."""
        return self.home + self.work


class Buildings:
    """The buildings of a city as customers: presence, appliances, rooms, water, panels, batteries.

    Parameters
    ----------
    world, parameters
    columns
        The ports of the energy model by name, those that it reads and its controls.

    Attributes
    ----------
    indoor : (n_building,) float64, degC
        Temperature of the air of the rooms.
    """

    def __init__(
        self, world: World, parameters: EnergyParameters, columns: dict[str, Column]
    ) -> None:
        p, city = parameters, world.city
        building = city["building"]
        self._world, self._p, self._columns = world, p, columns
        specific = {str(k): v for k, v in p.specific.items()}
        self.need = demand.annual(building, per_person=p.per_person, specific=specific)
        profiles = tuple(use.profile for use in demand.USES.values())
        self._profiles = Profiles(city["load_profile"], profiles, city.place.country)
        self._follow = np.array([use.presence for use in demand.USES.values()])
        self._residents = building["people"].astype(np.float64)
        self._jobs = building["jobs"].astype(np.float64)
        self.sun = Sun(city)
        roof = self.sun.roof["area"].astype(np.float64)
        self.stock = Stock(city, world.streams, p, self.need, roof)
        columns["energy.heat_pump"][:] = self.stock.first_pumps
        self.homes = Households(city, world.streams, self.need)
        self.tariffs = Tariffs(p)
        self.is_home = self.need.use == list(demand.USES).index("residential")
        self.indoor: Floats = columns["energy.heating_setpoint"].copy()
        self._mass = self.indoor.copy()
        self._rooms, self._heated = np.zeros(len(building)), np.zeros(len(building))
        self._before = np.zeros(len(building))
        self._factor = np.ones(len(building))
        self._level, self._stored = np.zeros(len(building)), np.zeros(len(building))
        gains = [VENTILATION[name] for name in demand.USES]
        self._by_day = np.array([found.day for found in gains])[self.need.use]
        self._by_night = np.array([found.night for found in gains])[self.need.use]
        self._water = Water(p.water_energy, TANK, TANK_LOSS)
        self._when: date | None = None
        self._society: Society | None = None
        self._day: Day | None = None
        self._quarter = -1

    def at(self, now: Tick, seconds: float, powered: Flags) -> Loads:
        """The loads at a moment, ``seconds`` after the last one.

        Parameters
        ----------
        powered : (n_building,) bool
            Buildings with supply. The others have no heat, cold or hot water whatever fuel they
            use (pumps and controls stand still), and their batteries and panels are switched off.
            What their appliances would draw is part of the loads nevertheless: it is not supplied.
        """
        calendar = self._world.calendar
        local = calendar.local(now)
        clock = local.hour * 3600.0 + local.minute * 60.0 + local.second
        outdoor = float(self._columns["weather.temperature"][0])
        self.tariffs.see(local.hour, float(self._columns["energy.market_price"][0]))
        self._take_controls()
        self.sun.look(calendar.utc(now), float(self._columns["weather.cloud"][0]))
        kind = self._profiles.kind(local.date())
        self._presence(clock, free=kind > 0)
        profile = self._profiles.at(local.date(), clock)
        quarter = min(int(clock // 900.0), QUARTERS - 1)
        day = self._today(local.date(), quarter, powered)
        if self._p.households == "profile":
            appliances = self.need.home * profile[0]
        else:
            appliances = day.appliances[quarter]
        awake = 7 <= local.hour < 22 and (kind == 0 or 10 <= local.hour < 20)
        self._heat_rooms(outdoor, seconds, powered, awake=awake)
        home = appliances * self._factor
        work = self.need.work * profile[self.need.use] * self._factor
        self._heat_tanks(quarter, powered)
        water = np.where(powered, day.tapped[quarter], 0.0), self._heated
        found = self._loads(home, work, water, outdoor, powered)
        self._store(found, local.hour, seconds, powered)
        return found

    def _take_controls(self) -> None:
        column = self._columns
        names = stock.EQUIPMENT
        self.stock.update(
            {name: column[f"energy.{name}"] for name in names},
            {name: float(column[f"energy.{name}_subsidy"][0]) for name in names},
        )

    def _presence(self, clock: float, *, free: bool) -> None:
        at_home, at_work = occupancy.expected(clock, free=free)
        kernels.presence(
            self._columns["citizens.present"],
            self._residents,
            self._jobs,
            self._follow,
            self.need.use,
            at_home,
            at_work,
            self._factor,
        )

    def _today(self, when: date, quarter: int, powered: Flags) -> Day:
        """What homes do today; worked out at the first moment of a day, with its controls."""
        if self._day is None or when != self._when:
            if self._day is not None:
                self._heat_tanks(QUARTERS - 1, powered)
            self._quarter = quarter - 1 if self._day is None else -1
            homes, column = self.homes, self._columns
            kind = self.kinds()
            typical = int(np.bincount(kind[homes.owner], minlength=3).argmax()) if len(homes) else 0
            profile = np.array([self._profiles.at(when, 900.0 * q)[0] for q in range(QUARTERS)])
            electric = (self.stock.pump | self.stock.direct)[homes.owner]
            # Without another tariff, cheap hours are those of little load: night and noon.
            price = self.tariffs.day(typical)
            if typical == FLAT:
                price = price * (0.5 + np.tile(profile / profile.max(), 2))
            self._day = homes.day(
                when,
                profile,
                price,
                self._moving(typical),
                electric,
                homes.taking_part(column["energy.off_peak_water"]),
                self.tariffs.cheap(typical),
                self._water,
            )
            self._when = when
        return self._day

    def _moving(self, kind: int) -> Flags:
        """Homes that move their runs today: out of habit at one price, else if it is worth it."""
        homes = self.homes
        members = homes.taking_part(self._columns["energy.load_shift"])
        if kind == FLAT or not members.any():
            return members
        if self._society is None:
            from models.energy.homes.agents import EFFORT, Society

            self._society = Society(
                homes.energy * homes.movable() / 365.0,
                homes.effort * EFFORT,
                self._world.streams.generator("energy.society"),
            )
        return self._society.decide(members, self.tariffs.saving(kind))

    def kinds(self) -> Rows:
        """Kind of each building's tariff, position in the tariffs' kinds; (n_building,) int64."""
        found = np.rint(self._columns["energy.tariff"]).astype(np.int64)
        return np.clip(found, 0, len(KINDS) - 1)

    def _heat_tanks(self, until: int, powered: Flags) -> None:
        """Let electric tanks live the quarter-hours of the day up to one; keep their mean power."""
        count = until - self._quarter
        if count <= 0:
            return
        total = np.zeros_like(self._heated)
        for quarter in range(self._quarter + 1, until + 1):
            total += self.homes.tanks(quarter, powered)
        self._quarter, self._heated = until, total / count

    def setpoint(self) -> Floats:
        """Room temperature that thermostats keep; (n_building,) degC.

        What each household wants, at the most the limit of the hour, less what is given up for the
        grid; never below :data:`FROST`.
        """
        column = self._columns
        wanted = np.minimum(column["energy.heating_setpoint"], column["energy.heating_limit"])
        found: Floats = np.maximum(wanted - column["energy.heating_lowered"], FROST)
        return found

    def _heat_rooms(self, outdoor: float, seconds: float, powered: Flags, *, awake: bool) -> None:
        envelope, p = self.stock.envelope, self._p
        kernels.rooms(
            self.indoor,
            self._mass,
            self.setpoint(),
            p.cooling_temperature,
            outdoor,
            envelope.opaque,
            envelope.windows,
            envelope.air,
            self._by_day if awake else self._by_night,
            envelope.glass * self.sun.through_glass,
            np.where(powered, self.stock.highest, 0.0),
            np.where(powered, self.stock.coldest, 0.0),
            CAPACITY,
            seconds,
            self._rooms,
        )

    def _loads(
        self,
        home: Floats,
        work: Floats,
        water: tuple[Floats, Floats],
        outdoor: float,
        powered: Flags,
    ) -> Loads:
        """Electricity of appliances, of heat and cold; what panels give; fuels."""
        p, found = self._p, self.stock
        tapped, heated = water
        rooms = np.maximum(self._rooms, 0.0) * self.need.heated
        cold = np.maximum(-self._rooms, 0.0) * self.need.heated / p.cooling_performance
        by_pump = np.minimum(rooms, found.pump_heat)
        electric = by_pump / stock.performance(p.flow_temperature, outdoor)
        electric += np.where(found.direct | found.pump, rooms - by_pump, 0.0) + cold
        water_performance = stock.performance(p.water_temperature, outdoor)
        of_tanks = np.where(found.pump, heated / water_performance, heated)
        self._before = np.where(powered, electric + of_tanks, self._before)
        home = home + of_tanks + np.where(self.is_home, electric, 0.0)
        return Loads(
            home,
            work + np.where(self.is_home, 0.0, electric),
            found.panels * 1000.0 * self.sun.panels(outdoor),
            self._stored,
            np.where(found.gas, rooms + tapped, 0.0),
            np.where(found.district, rooms + tapped, 0.0),
            rooms + tapped + heated,
            np.where(powered, 0.0, self._before),
        )

    def _store(self, loads: Loads, hour: int, seconds: float, powered: Flags) -> None:
        """Batteries: for the own use of the sun; at tariffs that differ by the hour, for both.

        They keep what they hold while the building is without supply.
        """
        p, surplus = self._p, loads.solar - loads.own
        self._stored[:] = 0.0
        if not (self.stock.storage > 0.0).any():
            return
        kinds = self.kinds()
        each = np.empty_like(self._stored)
        for kind in np.unique(kinds):
            buy, sell = self.tariffs.battery(int(kind), hour)
            capacity = np.where((kinds == kind) & powered, self.stock.storage, 0.0)
            kernels.batteries(
                surplus,
                capacity,
                self._level,
                p.battery_rate,
                p.battery_efficiency,
                buy,
                sell,
                seconds / 3600.0,
                each,
            )
            self._stored[kinds == kind] = each[kinds == kind]
