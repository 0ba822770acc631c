"""What a run adds up: energy, money, hours, and whether the light was enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting.kernels import QUANTITIES
from twin.core.time import Tick, hours
from twin.core.world import World
from twin.policy.annuity import annuity

Floats = npt.NDArray[np.float64]
YEAR = 8760.0


class Accounts:
    """Sums over the run, and the bills.

    Attributes
    ----------
    sums : dict
        Lamp-hours (Wh for ``power``) in the dark by quantity of the kernels, and ``dark``,
        ``lamps`` (working lamp-hours in the dark), ``trespass``.
    """

    def __init__(self, world: World, rules: Any, lamps: int) -> None:
        self._world, self._rules, self._lamps = world, rules, lamps
        self.sums = dict.fromkeys((*QUANTITIES, "dark", "underlit", "faulty", "planned"), 0.0)
        self.kept = self.lit_length = self.light = self.area = 0.0
        self.saved = 0.0
        self.investment = 0.0
        self._booked = self._capital_booked = self._planned_booked = 0.0
        self._next_bill: Tick = hours(1)

    @property
    def energy(self) -> float:
        """Energy so far, kWh."""
        return self.sums["power"] / 1000.0

    @property
    def dark_hours(self) -> float:
        """Hours of darkness so far."""
        return self.sums["dark"] / max(1, self._lamps)

    def capital(self, now: Tick) -> float:
        """The run's share of the annuities of what was bought, EUR."""
        yearly = self.investment * annuity(self._rules.interest, self._rules.lifetime)
        return float(yearly * (now / hours(1)) / YEAR)

    def bill(self, now: Tick) -> None:
        """Book the energy, the planned upkeep and the capital since the last bill."""
        self._next_bill = now + hours(1)
        price = self._rules.price
        self._book(now, "energy supplier", (self.energy - self._booked) * price, "lighting")
        self._booked = self.energy
        self._book(now, "firms", self.sums["planned"] - self._planned_booked, UPKEEP)
        self._planned_booked = self.sums["planned"]
        self._book(now, "firms", self.capital(now) - self._capital_booked, "lighting renewal")
        self._capital_booked = self.capital(now)

    def due(self, now: Tick) -> bool:
        """Whether an hour has passed since the last bill."""
        return now >= self._next_bill

    def _book(self, now: Tick, payee: str, amount: float, category: str) -> None:
        if amount > 1e-9:
            self._world.ledger.book(now, "municipality", payee, amount, category)

    def share(self, quantity: str) -> float:
        """A quantity as a share of the dark lamp hours, %."""
        dark = self.sums["dark"]
        return min(100.0, 100.0 * self.sums[quantity] / dark) if dark else 0.0


UPKEEP = "lighting maintenance"
