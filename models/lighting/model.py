"""Street lighting: power of each luminaire from darkness and dimming."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from models.lighting import kernels
from models.lighting.daylight import Photocell
from models.lighting.luminaires import LED_OVER_HPS
from models.lighting.streets import opposite
from twin.core.indicator import Indicator
from twin.core.model import Model
from twin.core.model import Parameters as Base
from twin.core.port import Port
from twin.core.time import Tick, hours, minutes
from twin.core.world import World


class Parameters(Base):
    """Parameters of the lighting of a city."""

    technology: Literal["as built", "led", "hps"] = Field(
        default="as built", description="lamps as in the city's table, or all of one technology"
    )
    on_below: float = Field(default=35.0, gt=0.0, description="daylight that switches on, lx")
    off_ratio: float = Field(default=1.5, ge=1.0, description="switches off above this × on_below")
    standing_led: float = Field(default=0.145, ge=0.0, le=1.0, description="LED power not dimmable")
    standing_hps: float = Field(default=0.3, ge=0.0, le=1.0, description="the same of sodium lamps")
    price: float = Field(default=0.19, ge=0.0, description="electricity, EUR/kWh")
    carbon: float = Field(default=0.21, ge=0.0, description="CO2 of electricity, kg/kWh")


class Lighting(Model):
    """Street lighting: P = P_full (s + (1 - s) d) while the photocell sees no daylight."""

    name: ClassVar[str] = "lighting"
    Parameters = Parameters
    reads = (
        Port("weather.cloud", table="city", unit="1", default=0.0),
        Port("traffic.flow", table="edge", unit="veh/h", kind="flow", default=0.0),
    )
    writes = (Port("lighting.power", table="lamp", unit="W", profile="sum"),)
    controls = (
        Port(
            "lighting.dimming",
            table="lamp",
            unit="1",
            kind="control",
            bounds=(0.0, 1.0),
            default=1.0,
            profile="mean",
        ),
    )
    indicators = (
        Indicator("lighting.energy", "kWh", "lower", "municipality"),
        Indicator("lighting.cost", "EUR", "lower", "municipality"),
        Indicator("lighting.co2", "kg", "lower", "everyone"),
        Indicator("lighting.burning_hours", "h", "neutral", "municipality"),
        Indicator("lighting.dimmed_share", "%", "neutral", "municipality"),
        Indicator("lighting.underlit_share", "%", "lower", "everyone"),
    )
    period: Tick = minutes(1)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._last: Tick = 0
        self._total = self._burning = self._dimmed = self._underlit = 0.0
        self._joules = self._booked = 0.0
        self._lamp_hours = self._dark_hours = self._dimmed_hours = self._underlit_hours = 0.0
        self._next_bill: Tick = hours(1)

    def setup(self) -> None:
        """Rated powers, the street of each lamp, and the photocell."""
        lamps, place = self.city["lamp"], self.city.place
        led = lamps["technology"] == "led"
        wanted = {"led": np.ones_like(led), "hps": np.zeros_like(led)}
        becomes = wanted.get(self.parameters.technology, led)
        ratio = np.where(led, 1.0, LED_OVER_HPS) / np.where(becomes, 1.0, LED_OVER_HPS)
        self._rated = np.ascontiguousarray(lamps["power"] * ratio)
        self._standing = np.where(
            becomes, self.parameters.standing_led, self.parameters.standing_hps
        ).astype(np.float64)
        self._edge = self.city.link("lamp", "edge").indices
        back = opposite(self.city)
        none = np.full(len(lamps), -1, dtype=np.int32)
        self._back = np.where(self._edge >= 0, back[self._edge], none) if len(back) else none
        self._capacity = self.city["edge"]["capacity"].astype(np.float64)
        self._ratio = self.column("lamp")
        self._needed = self.column("lamp", 0.5)
        self._photocell = Photocell(
            place.latitude, place.longitude, self.parameters.on_below, self.parameters.off_ratio
        )
        self._utc = self.world.calendar.utc(0)

    def step(self, now: Tick) -> None:
        """Account for the time since the last step, then the power from now on."""
        self._account(now)
        utc = self._utc + timedelta(milliseconds=now)
        was = self._photocell.dark
        dark = self._photocell.look(utc, float(self["weather.cloud"][0]))
        if dark or was:
            self._light(dark)
        if now >= self._next_bill:
            self._bill(now)

    def _light(self, dark: bool) -> None:
        dimming = self["lighting.dimming"]
        self._dimmed = float(np.count_nonzero(dimming < 1.0)) if dark else 0.0
        if self._dimmed:
            flow = self["traffic.flow"]
            kernels.use(flow, self._edge, self._back, self._capacity, self._ratio)
            np.nan_to_num(self._ratio, copy=False)
            kernels.needed_level(self._ratio, self._needed)
        self._total, self._burning, self._underlit = kernels.power(
            dark, dimming, self._rated, self._standing, self._needed, self["lighting.power"]
        )

    def _account(self, now: Tick) -> None:
        elapsed = (now - self._last) / 3_600_000.0
        self._last = now
        if not self._photocell.dark:
            return
        self._joules += self._total * elapsed * 3600.0
        self._dark_hours += len(self._rated) * elapsed
        self._lamp_hours += self._burning * elapsed
        self._dimmed_hours += self._dimmed * elapsed
        self._underlit_hours += self._underlit * elapsed

    @property
    def energy(self) -> float:
        """Energy so far, kWh."""
        return self._joules / 3.6e6

    def _bill(self, now: Tick) -> None:
        """Book the energy since the last bill."""
        self._next_bill = now + hours(1)
        fresh = self.energy - self._booked
        if fresh > 0.0:
            self._booked = self.energy
            cost = fresh * self.parameters.price
            self.world.ledger.book(now, "municipality", "energy supplier", cost, "lighting")

    def measure(self) -> Mapping[str, float]:
        """Energy, cost and CO2, hours that a lamp burned, and shares of the dark lamp hours."""
        self._bill(self.world.now)
        dark = self._dark_hours
        return {
            "lighting.energy": self.energy,
            "lighting.cost": self.energy * self.parameters.price,
            "lighting.co2": self.energy * self.parameters.carbon,
            "lighting.burning_hours": self._lamp_hours / max(1, len(self._rated)),
            "lighting.dimmed_share": 100.0 * self._dimmed_hours / dark if dark else 0.0,
            "lighting.underlit_share": 100.0 * self._underlit_hours / dark if dark else 0.0,
        }
