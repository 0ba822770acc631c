"""What people's time on the road is worth, booked to those who spend it.

Time is no payment: nobody receives it, as nobody receives the damage of exhausts. The whole time
on the road is a cost; that a policy saves some is the difference of two lives. What a trip that is
not made would have been worth is booked as well, or a price that keeps people at home would look
like time saved (see :mod:`models.traffic.toll.answer`).
"""

from __future__ import annotations

import numpy as np

from models.traffic.engine import Account, Rows
from models.traffic.fleet import BASE, TRUCK, VAN
from models.traffic.parameters import TrafficParameters
from twin.core.ledger import NOBODY, Ledger
from twin.core.time import Tick

CARS, GOODS = "drivers", "firms"
"""Who spends the time: in cars, and in vans and trucks."""


def payer(kind: int) -> str:
    """Who bears the time of one of ``fleet.NAMES``."""
    return GOODS if BASE[kind] in (VAN, TRUCK) else CARS


def hourly(kind: int, p: TrafficParameters) -> float:
    """What an hour of a vehicle counts in the account, EUR; alike for all drivers of a class."""
    return p.value_of_time_goods if payer(kind) == GOODS else p.value_of_time


class TimeCosts:
    """Books vehicle hours, those of buses apart, by the numbers of cars and of vans and trucks."""

    def __init__(self) -> None:
        self._numbers = {CARS: 0, GOODS: 0}
        self._booked = 0.0

    def expect(self, kinds: Rows) -> None:
        """Count vehicles that drive; (n,) indices into ``fleet.NAMES``."""
        goods = int(np.count_nonzero(np.isin(BASE[kinds], (VAN, TRUCK))))
        self._numbers[GOODS] += goods
        self._numbers[CARS] += len(kinds) - goods

    def book(self, ledger: Ledger, now: Tick, account: Account, p: TrafficParameters) -> None:
        """Book the time since the last booking."""
        seconds = max(self._booked, account.vehicle_seconds - account.bus_seconds)
        hours, self._booked = (seconds - self._booked) / 3600.0, seconds
        number = sum(self._numbers.values())
        goods = self._numbers[GOODS] / number if number else 0.0
        for who, share, value in (
            (CARS, 1.0 - goods, p.value_of_time),
            (GOODS, goods, p.value_of_time_goods),
        ):
            ledger.book(now, who, NOBODY, hours * share * value, "travel time")
