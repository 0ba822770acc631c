"""Who passed, what they owe, and what collecting it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.traffic.engine import Floats, Passages
from models.traffic.toll.tariff import CLASS, CLASSES, TRUCK, VAN, Tariff, Zone
from twin.core.ledger import Ledger
from twin.core.log import Log
from twin.core.random import Streams, uniforms
from twin.core.time import Tick

YEAR = 365.25 * 86_400_000.0
"""Ticks of a year."""
CELL = 500.0
"""Side of the squares by which departures are told apart, m."""


@dataclass(frozen=True)
class Payer:
    """What is known of a vehicle that may be charged."""

    kind: int
    resident: bool
    origin: int


UNKNOWN = Payer(0, False, -1)


class Bills:
    """Charges passages by a tariff and books them; ``payers`` says whose the vehicles are.

    Attributes
    ----------
    crossings, revenue
        Passages that were charged so far (vehicles, where each gets one bill), and EUR paid, also
        in fines.
    violations, replacements
        Passages of vehicles that a zone bans, and EUR for vehicles in their place.
    cost
        EUR that collecting took.
    """

    def __init__(
        self, tariff: Tariff, payers: dict[str, Payer], points: Floats, streams: Streams
    ) -> None:
        self._tariff, self._points, self._streams = tariff, points, streams
        self._what = "toll" if tariff.zone is None else "fine"
        self._bought: dict[str, float] = {}
        self._payers = payers
        self._cells: dict[tuple[str, int, int], list[float]] = {}
        self._fresh: dict[tuple[str, str], float] = {}
        self._charged = 0
        self._billed: set[str] = set()
        self._booked: Tick = 0
        self.crossings = self.violations = 0
        self.replacements = 0.0
        self.revenue = self.cost = 0.0

    def charge(self, passed: Passages, price: Floats) -> None:
        """Charge passages at the prices of the moment; (n_edges,) float64, EUR for a car."""
        for name, edge in zip(passed.names, passed.edges, strict=True):
            payer = self._payers.get(str(name), UNKNOWN)
            share = self._tariff.share(np.array([payer.kind]), np.array([payer.resident]))
            amount = float(price[edge] * share[0])
            if amount > 0.0 and self._tariff.zone is not None:
                self.violations += 1
                amount = self._fined(str(name), int(edge), self._tariff.zone)
            if amount > 0.0:
                billed = self._first(str(name))
                self.crossings += billed
                self._charged += billed
                self._owe(payer, amount)

    def _first(self, name: str) -> bool:
        """Whether a vehicle gets a bill: always, or the first time where it gets one for all."""
        fresh = not self._tariff.once or name not in self._billed
        self._billed.add(name)
        return fresh

    def _fined(self, name: str, edge: int, zone: Zone) -> float:
        """What a banned passage costs this time, EUR: the fine when it is seen."""
        keys = self._streams.keys("traffic.fine", np.array([f"{name}/{edge}"]))
        return zone.fine if uniforms(keys, np.uint64(0))[0] < zone.caught else 0.0

    def replace(self, kind: int, resident: bool, days: float) -> None:
        """Somebody has another vehicle because of a zone."""
        if self._tariff.zone is not None:
            amount = self._tariff.zone.replacement * days
            self.replacements += amount
            who = _who(kind, resident)
            self._bought[who] = self._bought.get(who, 0.0) + amount

    def _owe(self, payer: Payer, amount: float) -> None:
        self.revenue += amount
        kind = int(CLASS[payer.kind])
        goods = kind in (VAN, TRUCK)
        who = _who(payer.kind, payer.resident)
        label = CLASSES[kind] + (" of a resident" if payer.resident and not goods else "")
        self._fresh[who, label] = self._fresh.get((who, label), 0.0) + amount
        if payer.origin >= 0:
            x, y = (int(value // CELL) for value in self._points[payer.origin])
            sums = self._cells.setdefault((label, x, y), [0.0, 0.0])
            sums[0] += amount
            sums[1] += 1.0

    def book(self, ledger: Ledger, now: Tick) -> None:
        """Book what was paid and what collecting cost since the last booking."""
        for (who, label), amount in sorted(self._fresh.items()):
            ledger.book(now, who, "municipality", amount, f"{self._what}, {label}")
        for who, amount in sorted(self._bought.items()):
            ledger.book(now, who, "dealers", amount, "replaced vehicles")
        self._fresh.clear()
        self._bought.clear()
        years = (now - self._booked) / YEAR
        cost = (
            years * self._tariff.lanes * self._tariff.upkeep + self._charged * self._tariff.handling
        )
        self._booked, self._charged = now, 0
        self.cost += cost
        ledger.book(now, "municipality", "firms", cost, f"{self._what} collection")

    def report(self, log: Log, now: Tick) -> None:
        """Log who paid by the square of 500 m where the trips began."""
        for (label, x, y), (amount, count) in sorted(self._cells.items()):
            log.add(
                now, "traffic.toll_paid", label, x=(x + 0.5) * CELL, y=(y + 0.5) * CELL,
                euros=round(amount, 2), crossings=count,
            )  # fmt: skip


def _who(kind: int, resident: bool) -> str:
    """Party that pays for a vehicle."""
    if CLASS[kind] in (VAN, TRUCK):
        return "firms"
    return "households" if resident else "drivers"
