"""A tariff: what a passage costs, where, when and whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.traffic import fleet
from models.traffic.engine import Floats, Rows
from twin.core.time import Calendar, DailyWindow, Tick, minutes
from twin.core.world import World
from twin.errors import ConfigError

Bools = npt.NDArray[np.bool_]
TOLL, FINE = "traffic.toll", "traffic.zone_fine"
"""The controls under which policies announce their tariffs."""
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

    def share(self, kind: Rows, resident: Bools) -> Floats:
        """Share of the price that vehicles of a class pay, residents or not; (n,) float64, 1."""
        found: Floats = self.factor[kind] * np.where(resident, self.resident, 1.0)
        return found

    def spares_the_newest(self) -> bool:
        """Whether no vehicle of the newest standard has to pay."""
        return not self.factor[: len(fleet.BASES)].any()

    def allowed_instead(self, kind: int) -> int:
        """What the owner of a banned vehicle has in its place: the newest of its kind, or petrol,
        or electric.
        """
        base = int(fleet.BASE[kind])
        others: list[int] = [base]
        if CLASS[kind] < VAN:
            others += [fleet.PETROL, fleet.DIESEL, fleet.ELECTRIC]
        return next((other for other in others if self.factor[other] == 0.0), kind)


def announce_once(world: World, policy: str, control: str) -> None:
    """Refuse a second tariff of the same kind.

    Raises
    ------
    ConfigError
        There is one.
    """
    if control in world.announced:
        raise ConfigError(
            f"this scenario has two policies {policy}",
            where=f"policy {policy}",
            allowed="one toll and one low-emission zone",
            mend="a toll has a price for each time of day: prices = [{ from, until, price }, ...]",
        )


@dataclass(frozen=True)
class Prices:
    """What crossing a line may cost in a run: a toll, the expected fine of a zone, or both.

    Who may not enter cannot buy a ticket: where and when the zone bans a vehicle, the expected fine
    takes the place of the toll.
    """

    toll: Tariff | None = None
    zone: Tariff | None = None

    @classmethod
    def of(cls, announced: Mapping[str, Any]) -> Prices:
        """Those that the policies of a run have announced."""
        return cls(announced.get(TOLL), announced.get(FINE))

    def __bool__(self) -> bool:
        return self.toll is not None or self.zone is not None

    def __iter__(self) -> Iterator[Tariff]:
        return (tariff for tariff in (self.toll, self.zone) if tariff is not None)

    @property
    def watched(self) -> Rows:
        """Rows of the edges on which something is charged at some hour."""
        return np.unique(np.concatenate([tariff.watched for tariff in self]))

    def shares(self, kind: Rows, resident: Bools) -> tuple[Floats, Floats]:
        """Shares of the toll, and of the expected fine, of some vehicles; (n,) float64, 1."""
        none = np.zeros(len(kind))
        toll = none if self.toll is None else self.toll.share(kind, resident)
        return toll, none if self.zone is None else self.zone.share(kind, resident)

    def replaced(self, kind: Rows, draws: Floats) -> Rows:
        """Vehicles as they are after the zone: (n,) indices into ``fleet.NAMES``.

        Parameters
        ----------
        draws : (n,) float64
            Of each owner, 0 to 1: who draws less than the zone's ``replaced`` has replaced one
            that is banned.
        """
        then = kind.copy()
        if self.zone is None or self.zone.zone is None:
            return then
        banned = self.zone.factor[kind] > 0.0
        for row in np.flatnonzero(banned & (draws < self.zone.zone.replaced)):
            then[row] = self.zone.allowed_instead(int(kind[row]))
        return then


class Units(NamedTuple):
    """Units of a way: of the toll, of the toll where no zone is entered, and of the zone."""

    toll: float
    beside: float
    zone: float


class Rates(NamedTuple):
    """EUR that a vehicle pays for a unit of the toll, and of the zone's expected fine."""

    toll: float
    fine: float


class Charges:
    """What ways cost by the time of a run.

    Parameters
    ----------
    prices, calendar, end
        What is charged, local time, last tick of the run.
    step
        Ticks within which a price is one.
    """

    def __init__(self, prices: Prices, calendar: Calendar, end: Tick, step: Tick) -> None:
        self._step = step
        size = max((len(tariff.unit) for tariff in prices), default=0)
        slots = max(1, len(range(0, end + minutes(120), step)))
        tables, units = [np.zeros(slots)] * 2, [np.zeros(size)] * 2
        for place, tariff in enumerate((prices.toll, prices.zone)):
            if tariff is not None:
                tables[place], units[place] = tariff.timetable(calendar, end, step), tariff.unit
        self._tables = tables
        self._toll, self._zone = units
        self._beside = np.where(self._zone > 0.0, 0.0, self._toll)

    def rates(self, moment: float, shares: tuple[float, float]) -> Rates:
        """What a unit costs a vehicle with some shares of toll and fine, by its departure."""
        slot = min(len(self._tables[0]) - 1, max(0, int(moment // self._step)))
        toll, fine = self._tables
        return Rates(shares[0] * float(toll[slot]), shares[1] * float(fine[slot]))

    def units(self, edges: Rows | list[int]) -> Units:
        """Units of some edges."""
        rows = np.asarray(edges, dtype=np.int64)
        return Units(*(float(u[rows].sum()) for u in (self._toll, self._beside, self._zone)))

    def cost(self, units: Units, rates: Rates) -> float:
        """Money for some units, EUR."""
        toll = units.beside if rates.fine > 0.0 else units.toll
        return rates.toll * toll + rates.fine * units.zone

    def everywhere(self, rates: Rates) -> Floats:
        """Money for passing each edge, EUR; (n_edges,) float64."""
        toll = self._beside if rates.fine > 0.0 else self._toll
        found: Floats = rates.toll * toll + rates.fine * self._zone
        return found
