"""A tariff: what a passage costs, where, when and whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.traffic import fleet
from models.traffic.engine import Floats, Rows
from twin.core.time import Calendar, DailyWindow, Tick, minutes

CLASSES = ("car", "electric", "van", "truck")
CAR, ELECTRIC, VAN, TRUCK = range(4)
CLASS = np.array([CAR, CAR, ELECTRIC, VAN, TRUCK])[fleet.BASE]
"""Class of each of ``fleet.NAMES``."""


@dataclass(frozen=True)
class Band:
    """A price within some hours of each day, EUR a passage or a kilometre."""

    hours: DailyWindow
    price: float


@dataclass(frozen=True)
class Zone:
    """A ban on some kinds of vehicles, whose breach is a price of chance.

    Attributes
    ----------
    fine, caught
        EUR, and the probability that a passage is seen and fined; their product is the price.
    replaced
        Share of the owners of banned vehicles that now have one that is allowed.
    replacement
        What that costs each of them a day, EUR.
    """

    fine: float
    caught: float
    replaced: float
    replacement: float


@dataclass(frozen=True)
class Tariff:
    """What a policy charges, or what breaking its ban costs; known to the drivers before the run.

    Attributes
    ----------
    unit : (n_edges,) float64
        Passages, or kilometres, that each edge counts for; 0 where nothing is charged.
    bands
        Prices by time; the first that holds counts.
    weekends
        Whether Saturdays and Sundays are charged.
    factor : (n_kinds,) float64, 1
        Share of the price for each of ``fleet.NAMES``.
    resident
        Further factor for vehicles of residents.
    zone
        What a low-emission zone adds; None for a toll.
    lanes, upkeep, handling
        Charged lanes, EUR a year for each (investment and upkeep), EUR for each bill.
    once
        Whether a vehicle gets one bill for all that it drives, and not one a passage.
    """

    unit: Floats
    bands: tuple[Band, ...]
    weekends: bool
    factor: Floats
    resident: float
    lanes: float
    upkeep: float
    handling: float
    zone: Zone | None = None
    once: bool = False

    @property
    def watched(self) -> Rows:
        """Rows of the edges on which something is charged at some hour."""
        rows: Rows = np.flatnonzero(self.unit > 0.0)
        return rows

    def price(self, calendar: Calendar, now: Tick) -> float:
        """Price of a unit at a tick, EUR."""
        if not self.weekends and calendar.local(now).weekday() >= 5:
            return 0.0
        for band in self.bands:
            if band.hours.contains(calendar, now):
                return band.price
        return 0.0

    def prices(self, calendar: Calendar, moments: Sequence[Tick]) -> Floats:
        """Prices of a unit at some ticks; (n,) float64, EUR."""
        return np.array([self.price(calendar, moment) for moment in moments], dtype=np.float64)

    def timetable(self, calendar: Calendar, end: Tick, step: Tick) -> Floats:
        """Price of a unit in each ``step`` of a run and the two hours after it; (n,) float64."""
        return self.prices(calendar, range(0, end + minutes(120), step))

    def share(self, kind: Rows, resident: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
        """Share of the price that vehicles of a class pay, residents or not; (n,) float64, 1."""
        found: Floats = self.factor[kind] * np.where(resident, self.resident, 1.0)
        return found

    def spares_the_newest(self) -> bool:
        """Whether a zone bans no vehicle of the newest standard."""
        return self.zone is not None and not self.factor[: len(fleet.BASES)].any()

    def allowed_instead(self, kind: int) -> int:
        """What the owner of a banned vehicle has in its place: the newest of its kind, or petrol,
        or electric.
        """
        base = int(fleet.BASE[kind])
        others: list[int] = [base]
        if CLASS[kind] < VAN:
            others += [fleet.PETROL, fleet.DIESEL, fleet.ELECTRIC]
        return next((other for other in others if self.factor[other] == 0.0), kind)
