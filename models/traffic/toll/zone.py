"""The low-emission zone: old vehicles keep out, or are fined when they are seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from models.traffic import fleet
from models.traffic.cordon import Box, Place, crossed
from models.traffic.toll.tariff import CLASS, FINE, VAN, Band, Tariff, Zone, announce_once
from twin.core.model import Parameters
from twin.core.time import ClockEnd, ClockTime, DailyWindow, Tick, minutes
from twin.policy.policy import Action, Measured, Policy
from twin.policy.view import View


class LowEmissionParameters(Parameters):
    """Of a low-emission zone."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    area: Box | None = Field(default=None, description="west, south, east, north in degrees")
    polygon: tuple[Place, ...] = Field(
        default=(), description="corners as [longitude, latitude], in place of a box"
    )
    critair: int = Field(default=2, ge=0, le=5, description="worst Crit'Air class that may enter")
    petrol: int | None = Field(
        default=None, ge=2, le=6, description="oldest Euro standard of petrol cars, in its place"
    )
    diesel: int | None = Field(
        default=None, ge=2, le=6, description="oldest Euro standard of diesels, in its place"
    )
    goods: bool = Field(default=True, description="whether vans and trucks are banned too")
    from_: ClockTime = Field(default="00:00", alias="from", description="local time")
    until: ClockEnd = Field(default="00:00", description="local time; all day when equal to from")
    weekends: bool = Field(default=True, description="also on Saturdays and Sundays")
    fine: float = Field(default=68.0, ge=0, le=1000, description="EUR")
    caught: float = Field(
        default=0.05, ge=0, le=1, description="probability that a banned passage is fined"
    )
    replaced: float = Field(
        default=0.46, ge=0, le=1, description="share of banned vehicles that were replaced"
    )
    replacement: float = Field(
        default=4.0, ge=0, description="EUR a day that another vehicle costs its owner"
    )
    gate_cost: float = Field(default=0.0, ge=0, description="EUR for a watched lane")
    gate_life: float = Field(default=10.0, gt=0, description="years that it serves")
    gate_upkeep: float = Field(default=2_000.0, ge=0, description="EUR a watched lane and year")
    handling: float = Field(default=10.0, ge=0, description="EUR to collect a fine")


class LowEmissionZone(Policy):
    """Vehicles of old standards may not enter a part of the city at some hours."""

    name = "traffic.low_emission_zone"
    Parameters: ClassVar[type[Parameters]] = LowEmissionParameters
    parameters: LowEmissionParameters
    acts = ("traffic.zone_fine",)
    period = minutes(1)

    def setup(self) -> None:
        """Find the ways in and announce the ban.

        Raises
        ------
        ConfigError
            No area, or one that no street leads into; a second zone.
        """
        p, where, table = self.parameters, f"policy {self.name}", self.city["edge"]
        found = crossed(self.city, p.area, p.polygon, (), "inward", where)
        unit = np.where(found, 1.0, 0.0)
        announce_once(self.world, self.name, FINE)
        self.tariff = Tariff(
            unit=unit,
            bands=(Band(DailyWindow.between(p.from_, p.until), p.fine * p.caught),),
            weekends=p.weekends,
            factor=np.array([float(banned(p, kind)) for kind in range(len(fleet.NAMES))]),
            resident=1.0,
            lanes=float(table["lanes"][unit > 0.0].sum()),
            upkeep=p.gate_cost / p.gate_life + p.gate_upkeep,
            handling=p.handling,
            zone=Zone(p.fine, p.caught, p.replaced, p.replacement),
        )
        self.world.announced[FINE] = self.tariff
        self._now = 0.0

    @classmethod
    def measures(cls, parameters: Any) -> Measured:
        """The crossings into the zone, also those of the vehicles that it bans."""
        p: LowEmissionParameters = parameters
        line = {
            "name": cls.name,
            "area": p.area,
            "polygon": p.polygon,
            "hours": [(p.from_, p.until)],
            "weekends": p.weekends,
            "kinds": [name for kind, name in enumerate(fleet.NAMES) if banned(p, kind)],
        }
        return {"traffic": {"screenlines": [line]}}

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Hold within the hours."""
        price = self.tariff.price(self.world.calendar, now)
        if price == self._now:
            return []
        self._now = price
        return [Action("traffic.zone_fine", price * self.tariff.unit)]


def banned(p: LowEmissionParameters, kind: int) -> bool:
    """Whether one of ``fleet.NAMES`` may not enter."""
    base = int(fleet.BASE[kind])
    if CLASS[kind] >= VAN and not p.goods:
        return False
    oldest = p.petrol if base == fleet.PETROL else p.diesel
    if oldest is not None and base != fleet.ELECTRIC:
        return bool(fleet.EURO[kind] < oldest)
    return fleet.critair(kind) > p.critair
