"""Public charging: electric cars parked near a station plug in, wait or go elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.charging import kernels
from models.charging.brought import PORT as BROUGHT
from models.charging.brought import Brought
from models.charging.stations import Around, Stations
from twin.core.indicator import Indicator
from twin.core.model import Model
from twin.core.model import Parameters as Base
from twin.core.port import Port
from twin.core.time import Tick, hours, minutes
from twin.core.world import World
from twin.errors import ConfigError

ARRIVALS = (
    *(0.25, 0.15, 0.10, 0.10, 0.15, 0.30, 0.70, 1.30, 1.60, 1.35, 1.15, 1.15),
    *(1.25, 1.20, 1.15, 1.20, 1.45, 1.90, 2.00, 1.75, 1.35, 1.05, 0.85, 0.55),
)
"""Plug-ins at public AC points by local hour, relative to the mean of the day: a rise with work in
the morning, the peak when people come home."""

_OFFSET = 1 << 20
"""Number of the step at tick 0: the steps of the warm-up have numbers below it."""


class Parameters(Base):
    """Parameters of public charging."""

    electric_share: float = Field(default=0.05, ge=0.0, le=1.0, description="of the cars, 1")
    sessions: float = Field(default=0.1, ge=0.0, description="a day and electric car, in public")
    reach: float = Field(default=300.0, gt=0.0, description="walk from a car to its charger, m")
    occupied: float = Field(
        default=0.6, ge=0.0, le=1.0, description="of the parking, where no model says"
    )
    need: float = Field(default=18.0, gt=0.0, description="mean energy a session, kWh")
    need_sigma: float = Field(default=0.6, ge=0.0, description="of its logarithm")
    stay_ac: float = Field(default=150.0, gt=0.0, description="median stay at AC points, minutes")
    stay_dc: float = Field(default=30.0, gt=0.0, description="median stay at DC points, minutes")
    stay_sigma: float = Field(default=0.7, ge=0.0, description="of its logarithm")
    arrivals: Literal["parked", "traffic"] = Field(
        default="parked",
        description="a stream in proportion to the parked cars, or the electric cars that the "
        "traffic brings, by their state of charge",
    )
    battery: float = Field(
        default=60.0, gt=0.0, description="of a car that the traffic brings, kWh"
    )
    plug_low: float = Field(
        default=0.2, ge=0.0, le=1.0, description="state of charge below which every car plugs in"
    )
    plug_high: float = Field(
        default=0.8, ge=0.0, le=1.0, description="state of charge from which none does"
    )
    target: float = Field(default=0.9, gt=0.0, le=1.0, description="state of charge that it wants")
    patience: float = Field(default=15.0, ge=0.0, description="wait for a point, minutes")
    price: float = Field(default=0.45, ge=0.0, description="what drivers pay, EUR/kWh")
    electricity: float = Field(default=0.20, ge=0.0, description="what operators pay, EUR/kWh")
    warm_up: int = Field(default=6, ge=0, le=48, description="hours lived before the run starts")


class Charging(Model):
    """Sessions at public chargers.

    Each station meets a Poisson stream of cars: those parked in reach, times the electric share,
    the sessions a day and the hour's habit. A car takes a free point, or waits, or is turned away;
    it draws what it accepts up to the limited power of the point until it is full, and leaves at
    its time, full or not.
    """

    name: ClassVar[str] = "charging"
    Parameters = Parameters
    reads: ClassVar[tuple[Port, ...]] = (
        Port("citizens.parked", table="edge", unit="veh", default=0.0),
    )
    writes = (Port("charging.power", table="charger", unit="W", profile="sum"),)
    controls = (
        Port(
            "charging.limit",
            table="charger",
            unit="1",
            kind="control",
            bounds=(0.0, 1.0),
            default=1.0,
            profile="mean",
        ),
    )
    indicators = (
        Indicator("charging.energy", "kWh", "higher", "households"),
        Indicator("charging.sessions", "session", "higher", "households"),
        Indicator("charging.turned_away", "car", "lower", "households", headline=True),
        Indicator("charging.unserved", "kWh", "lower", "households", headline=True),
        Indicator("charging.peak_power", "kW", "lower", "everyone", headline=True),
        Indicator("charging.margin", "EUR", "higher", "firms"),
    )
    period: Tick = minutes(1)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._last: Tick = 0
        self._peak = self._booked = 0.0
        self._next_bill: Tick = hours(1)
        self._started = False
        if parameters.arrivals == "traffic":
            self.reads = (*Charging.reads, BROUGHT)  # type: ignore[misc]

    def setup(self) -> None:
        """Stations, and the parked cars in reach of each."""
        p, charger, streams = self.parameters, self.city["charger"], self.world.streams
        car_ids = [f"{key}/{what}" for key in charger.ids for what in ("need", "car", "stay")]
        self._stations = Stations(
            charger,
            streams.keys("charging.arrival", charger.ids),
            streams.keys("charging.car", np.array(car_ids, dtype=np.str_)),
            np.array(
                [p.need * 1e3, p.need_sigma, p.stay_ac * 60, p.stay_dc * 60, p.stay_sigma],
                dtype=np.float64,
            ),
            p.patience * 60.0,
        )
        self._edges = Around(self.city, self.city["edge"].points, p.reach)
        self._cars = self.column("charger")
        self._brought = self._who_is_brought()
        self._usual = self._usual_cars()

    def _who_is_brought(self) -> Brought | None:
        """The cars that the traffic brings, where the scenario wants them.

        Raises
        ------
        ConfigError
            No model says who arrives.
        """
        p = self.parameters
        if p.arrivals != "traffic":
            return None
        if BROUGHT.name not in self.world.written:
            raise ConfigError(
                f"arrivals = 'traffic', and no model of the scenario writes {BROUGHT.name}",
                where="model.charging.arrivals",
                allowed='"parked"',
                mend="add [model.traffic] to the scenario",
            )
        return Brought(self.city, self.world.streams, p)

    def _usual_cars(self) -> npt.NDArray[np.float64]:
        """Cars around each station if nobody says: its car parks at the usual occupancy."""
        usual = self.column("charger")
        if "parking" in self.city and len(self.city["parking"]):
            parking = self.city["parking"]
            around = Around(self.city, parking.points, self.parameters.reach)
            around.cars(parking["capacity"] * self.parameters.occupied, usual)
        return usual

    def step(self, now: Tick) -> None:
        """Bring sessions and power up to ``now``."""
        parked = self["citizens.parked"]
        if parked.any():
            self._edges.cars(parked, self._cars)
        else:
            self._cars[:] = self._usual
        if not self._started:
            self._warm_up()
        total = self._live(now, self["charging.limit"])
        self._peak = max(self._peak, total)
        if now >= self._next_bill:
            self._bill(now)

    def _live(self, now: Tick, limit: npt.NDArray[np.float64]) -> float:
        elapsed = (now - self._last) / 1000.0
        self._last = now
        p = self.parameters
        hour = self.world.calendar.local(now).hour
        rate = p.electric_share * p.sessions * ARRIVALS[hour] / 86_400.0
        counter = now // self.period + _OFFSET
        known = None
        if self._brought is not None and now > 0:
            rate = 0.0
            known = self._brought.cars(self.take(BROUGHT.name))
        return self._stations.step(
            now / 1000.0,
            elapsed,
            counter,
            self._cars * (rate * elapsed),
            limit,
            self["charging.power"],
            known,
        )

    def _warm_up(self) -> None:
        """Live the hours before the run with the cars of its start; nothing of them counts."""
        self._started = True
        free = self.column("charger", 1.0)
        self._last = -hours(self.parameters.warm_up)
        for now in range(self._last, 0, self.period):
            self._live(now, free)
        self._live(0, free)
        self._stations.tally[:] = 0.0

    def _bill(self, now: Tick) -> None:
        """Book the energy since the last bill."""
        self._next_bill = now + hours(1)
        energy = float(self._stations.tally[kernels.ENERGY]) / 1000.0
        fresh, self._booked = energy - self._booked, energy
        if fresh > 0.0:
            book, p = self.world.ledger.book, self.parameters
            book(now, "drivers", "firms", fresh * p.price, "charging")
            book(now, "firms", "energy supplier", fresh * p.electricity, "charging_electricity")

    def measure(self) -> Mapping[str, float]:
        """Energy, sessions, cars turned away, energy not had, peak, operators' margin."""
        self._bill(self.world.now)
        tally, p = self._stations.tally, self.parameters
        energy = float(tally[kernels.ENERGY]) / 1000.0
        return {
            "charging.energy": energy,
            "charging.sessions": float(tally[kernels.SESSIONS]),
            "charging.turned_away": float(tally[kernels.TURNED_AWAY]),
            "charging.unserved": float(tally[kernels.UNSERVED]) / 1000.0,
            "charging.peak_power": self._peak / 1000.0,
            "charging.margin": energy * (p.price - p.electricity),
        }
