"""What equipment costs: capital as an annuity, and upkeep, booked for the time that is lived."""

from __future__ import annotations

from dataclasses import dataclass

from twin.core.ledger import Ledger
from twin.core.time import Tick
from twin.policy.annuity import annuity

YEAR = 365.25 * 86_400.0
"""Seconds in a year."""


@dataclass(frozen=True)
class Investment:
    """Equipment of one kind that one party owns.

    Attributes
    ----------
    capital : float, EUR
        What all of it costs to buy and install.
    upkeep : float, EUR/a
    life : float, years
        Over which the capital is paid back.
    payee
        Who is paid for it.
    """

    capital: float
    upkeep: float
    life: float
    payee: str = "installers"


class Investments:
    """All equipment that the measures of a scenario brought.

    Parameters
    ----------
    rate
        Real interest, 1/a.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._owned: dict[tuple[str, str], Investment] = {}

    def own(self, category: str, owner: str, investment: Investment) -> None:
        """Let a party own so much of a category from now on, in place of what it had."""
        if investment.capital > 0.0 or (category, owner) in self._owned:
            self._owned[category, owner] = investment

    @property
    def capital(self) -> float:
        """What all equipment costs, EUR."""
        return sum(found.capital for found in self._owned.values())

    def yearly(self, owner: str) -> float:
        """What a party pays a year, capital and upkeep, EUR/a."""
        return sum(
            self._yearly(found) + found.upkeep
            for (_, party), found in self._owned.items()
            if party == owner
        )

    def book(self, ledger: Ledger, now: Tick, seconds: float) -> None:
        """Book annuities and upkeep of a stretch of time."""
        share = seconds / YEAR
        for (category, owner), found in self._owned.items():
            for what, amount in (("", self._yearly(found)), (", upkeep", found.upkeep)):
                if amount > 0.0:
                    ledger.book(now, owner, found.payee, amount * share, category + what)

    def _yearly(self, found: Investment) -> float:
        return found.capital * annuity(self._rate, found.life)
