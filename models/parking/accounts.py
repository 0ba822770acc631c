"""Numbers and money of a run: occupancy, search, revenue, fines, wardens."""

from __future__ import annotations

import numpy as np

from models.parking.columns import ILLEGAL, Drivers, Floats, Ground, Rows
from models.parking.parameters import ParkingParameters
from twin.core.indicator import Indicator
from twin.core.ledger import Ledger
from twin.core.random import uniforms
from twin.core.time import Calendar, DailyWindow, Tick

INDICATORS = (
    Indicator("parking.occupancy", "%", "neutral", "municipality"),
    Indicator("parking.full_blocks", "%", "lower", "households", headline=True),
    Indicator("parking.arrivals", "veh", "neutral", "everyone"),
    Indicator("parking.parked", "veh", "higher", "households"),
    Indicator("parking.search_time", "min", "lower", "households", headline=True),
    Indicator("parking.search_distance", "veh km", "lower", "everyone"),
    Indicator("parking.searchers", "%", "lower", "households"),
    Indicator("parking.inspected", "bay", "lower", "households"),
    Indicator("parking.walk", "m", "lower", "households"),
    Indicator("parking.illegal", "veh", "lower", "everyone"),
    Indicator("parking.elsewhere", "veh", "neutral", "households"),
    Indicator("parking.gave_up", "veh", "lower", "households"),
    Indicator("parking.revenue", "EUR", "higher", "municipality", headline=True),
    Indicator("parking.mean_price", "EUR/h", "neutral", "households"),
)


class PaidHours:
    """The hours of a day in which bays cost."""

    def __init__(self, start: str, end: str, calendar: Calendar) -> None:
        self._window = DailyWindow.between(start, end)
        self._calendar = calendar
        self._first = calendar.day_seconds(0)

    def now(self, now: Tick) -> bool:
        """Whether a tick lies in them."""
        return self._window.contains(self._calendar, now)

    def between(self, begin: Floats, end: Floats) -> Floats:
        """Paid seconds between moments of the run, s; a day has 24 hours here."""
        a, b = self._first + begin, self._first + end
        found: Floats = np.maximum(0.0, self._until(b) - self._until(a))
        return found

    def _until(self, second: Floats) -> Floats:
        """Paid seconds from the first midnight on."""
        start, end = self._window.start, self._window.end
        length = (end - start) % 86_400 or 86_400
        days, rest = np.divmod(second - start, 86_400.0)
        found: Floats = days * length + np.minimum(rest, length)
        return found


class Accounts:
    """Sums of a run.

    Attributes
    ----------
    revenue
        What the municipality received for bays and fines, EUR.
    """

    def __init__(self, ground: Ground, p: ParkingParameters, calendar: Calendar) -> None:
        self._ground, self._p = ground, p
        self.paid_hours = PaidHours(p.paid_from, p.paid_until, calendar)
        self._street = ground.street & (ground.capacity > 0)
        self._bays = float(ground.capacity[self._street].sum())
        self.revenue = 0.0
        self._fees = np.zeros(3)
        self._weight = self._occupied = self._full = self._price = self._wardens = 0.0
        self._evades: dict[int, bool] = {}

    def watch(self, now: Tick, elapsed: float, occupancy: Floats, price: Floats) -> None:
        """Take in a step; ``occupancy`` (n_blocks,), ``elapsed`` s."""
        if elapsed <= 0.0 or not self.paid_hours.now(now) or self._bays == 0.0:
            return
        size = self._ground.capacity[self._street]
        here = occupancy[self._street]
        self._weight += elapsed
        self._occupied += elapsed * float((here * size).sum()) / self._bays
        self._full += elapsed * float(np.mean(here >= self._p.full))
        self._price += elapsed * float((price[self._street] * size).sum()) / self._bays
        wardens = self._bays / self._p.bays_per_warden
        self._wardens += wardens * self._p.warden_cost * elapsed / 3600.0

    def settle(self, drivers: Drivers, rows: Rows, now: float) -> None:
        """Drivers pay for their stay, or a fine; those who leave, or all at the end of a run."""
        if not len(rows):
            return
        p, stays = self._p, np.full(len(rows), now) - drivers.parked_at[rows]
        paid = self.paid_hours.between(drivers.parked_at[rows], np.full(len(rows), now))
        keys = drivers.key[rows]
        charged = (drivers.rate[rows] > 0.0) & (paid > 0.0)
        evades = charged & (uniforms(keys, np.uint64(1 << 50)) < p.unpaid)
        watched = np.where(drivers.state[rows] == ILLEGAL, stays, paid)
        caught = uniforms(keys, np.uint64(1 << 51)) < -np.expm1(-watched / (3600.0 * p.patrol))
        illegal = drivers.state[rows] == ILLEGAL
        street = self._ground.street[drivers.block[rows]]
        fees = np.where(illegal | (evades & street), 0.0, drivers.rate[rows] * paid / 3600.0)
        fined = caught & (illegal | (evades & street))
        self._fees += (
            fees[street].sum(), fees[~street].sum(), p.fine * np.count_nonzero(fined),
        )  # fmt: skip

    def book(self, ledger: Ledger, now: Tick) -> None:
        """Book what came together since the last booking."""
        street, garages, fines = self._fees
        self._fees = np.zeros(3)
        for payee, amount, category in (
            ("municipality", street, "parking"),
            ("firms", garages, "garages"),
            ("municipality", fines, "fines"),
        ):
            if amount > 0.0:
                ledger.book(now, "drivers", payee, float(amount), category)
        if self._wardens > 0.0:
            ledger.book(now, "municipality", "workers", self._wardens, "wardens")
        self.revenue += street + fines
        self._wardens = 0.0

    def measure(self, drivers: Drivers, count: int, counts: Floats) -> dict[str, float]:
        """Value of each indicator; means are NaN where nobody or no time is in them."""
        d = drivers
        found: Rows = np.flatnonzero(d.holds_ever[:count]).astype(np.int32)
        street = found[self._ground.street[d.block[found]]]
        nan = float("nan")
        weight = self._weight or nan
        walk = self._walks(d, found)
        return {
            "parking.occupancy": 100.0 * self._occupied / weight,
            "parking.full_blocks": 100.0 * self._full / weight,
            "parking.arrivals": float(count),
            "parking.parked": float(len(found)),
            "parking.search_time": float(d.driven[found].mean()) / 60.0 if len(found) else nan,
            "parking.search_distance": float(d.distance[:count].sum()) / 1000.0,
            "parking.searchers": 100.0 * float(d.searching[found].mean()) if len(found) else nan,
            "parking.inspected": float(d.inspected[street].mean()) if len(street) else nan,
            "parking.walk": float(walk.mean()) if len(found) else nan,
            "parking.illegal": float(counts[2]),
            "parking.elsewhere": float(counts[3]),
            "parking.gave_up": float(counts[4]),
            "parking.revenue": self.revenue,
            "parking.mean_price": self._price / weight,
        }

    def _walks(self, d: Drivers, found: Rows) -> Floats:
        g = self._ground
        at, goal = g.block_edge[d.block[found]], d.goal[found]
        walks: Floats = 1.3 * np.hypot(g.x[at] - g.x[goal], g.y[at] - g.y[goal])
        return walks
