"""What a city does with its bays: a price, prices that answer to demand, guidance to free bays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from models.parking import pricing
from models.parking.ground import KERB
from twin.core.model import Parameters
from twin.core.time import Tick, duration, hours, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View

Rows = npt.NDArray[np.int64]
BANDS = ("09:00-12:00", "12:00-15:00", "15:00-18:00")
"""SFpark's bands of a working day."""


class FlatPriceParameters(Parameters):
    """Of one price for all."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    price: float = Field(default=4.0, ge=0, le=50, description="EUR/h")
    kinds: tuple[str, ...] = Field(default=(KERB,), description="kinds of car parks that it is for")


class FlatPrice(Policy):
    """One price for all bays of some kinds, in the hours in which bays cost."""

    name = "parking.flat_price"
    Parameters: ClassVar[type[Parameters]] = FlatPriceParameters
    parameters: FlatPriceParameters
    acts = ("parking.price",)
    period = hours(1)

    def setup(self) -> None:
        """Find the bays."""
        self._rows = of_kinds(self.city["parking"]["kind"], self.parameters.kinds, self.name)
        self._set = False

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Set the price once."""
        if not self._set:
            self._set = True
            yield Action("parking.price", self.parameters.price, self._rows)


class DemandPriceParameters(Parameters):
    """Of prices that answer to demand."""

    file: Path | None = Field(
        default=None,
        description="table of prices to begin with (columns block, band, price), as `twin parking "
        "prices` writes it",
    )
    bands: tuple[str, ...] = Field(
        default=BANDS, description="bands of the day; those of the table where there is one"
    )
    start: float = Field(default=2.0, ge=0, description="price to begin with, EUR/h")
    every: str = Field(default="6d", description="between two changes; SFpark 6 to 8 weeks")
    step: float = Field(default=0.25, gt=0, description="EUR/h a change")
    floor: float = Field(default=0.25, ge=0, description="lowest price, EUR/h")
    ceiling: float = Field(default=6.0, gt=0, le=50, description="highest price, EUR/h")
    kinds: tuple[str, ...] = Field(default=(KERB,), description="kinds of car parks that it is for")


class DemandPrice(Policy):
    """Prices by block and band of the day that follow the occupancy which sensors see (SFpark)."""

    name = "parking.demand_price"
    Parameters: ClassVar[type[Parameters]] = DemandPriceParameters
    parameters: DemandPriceParameters
    sees = ("parking.occupancy",)
    acts = ("parking.price",)
    period = minutes(15)

    def setup(self) -> None:
        """Read the table.

        Raises
        ------
        ConfigError
            Bands that are none, a kind that the city does not have.
        DataError
            A table that is none, or of another city.
        """
        p, table, where = self.parameters, self.city["parking"], f"policy {self.name}"
        self._rows = of_kinds(table["kind"], p.kinds, self.name)
        if p.file is None:
            self._bands = pricing.Bands.parse(p.bands, f"{where}, bands")
            self.price = np.full((len(table), len(self._bands)), p.start)
        else:
            self._bands, read = pricing.read(p.file, table, f"{where}, file")
            self.price = np.where(np.isnan(read), p.start, read)
        self._rule = pricing.Rule(step=p.step, floor=p.floor, ceiling=p.ceiling)
        self._means = pricing.Means(self._bands, len(table))
        self._every = duration(p.every)
        self._changed: Tick = 0
        self._band: int | None = None

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Look at the occupancy; set the prices of the band; after some weeks move them."""
        second = self.world.calendar.day_seconds(now)
        if now > 0:
            self._means.take(second, view["parking.occupancy"])
        moved = now - self._changed >= self._every
        if moved:
            self.price = self._rule.next(self.price, self._means.mean())
            self._means.forget()
            self._changed = now
        band = self._bands.at(second)
        if band == self._band and not moved:
            return
        self._band = band
        if band >= 0:
            yield Action("parking.price", self.price[self._rows, band], self._rows)


class GuidanceParameters(Parameters):
    """Of guidance."""

    share: float = Field(
        default=0.5, ge=0, le=1, description="share of drivers who see where bays are free"
    )


class Guidance(Policy):
    """Signs and a telephone service that show which blocks have a free bay."""

    name = "parking.guidance"
    Parameters: ClassVar[type[Parameters]] = GuidanceParameters
    parameters: GuidanceParameters
    acts = ("parking.informed",)
    period = hours(1)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Inform the share of drivers."""
        yield Action("parking.informed", self.parameters.share)


def of_kinds(kind: npt.NDArray[np.str_], wanted: tuple[str, ...], who: str) -> Rows:
    """Rows of the car parks of some kinds.

    Raises
    ------
    ConfigError
        A kind that the city does not have.
    """
    from twin.errors import ConfigError

    known = sorted(set(map(str, kind)))
    for name in wanted:
        if name not in known:
            raise ConfigError(
                f"the city has no car parks of the kind {name!r}",
                where=f"policy {who}, kinds",
                allowed=", ".join(known) or "none",
            )
    return np.flatnonzero(np.isin(kind, list(wanted)))
