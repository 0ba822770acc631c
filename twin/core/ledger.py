"""The ledger: who pays whom, how much, for what, and when."""

from __future__ import annotations

from twin.core.time import Tick
from twin.errors import ModelError

PARTIES = (
    "municipality",
    "households",
    "drivers",
    "firms",
    "waste operator",
    "energy supplier",
    "grid operator",
    "fuel supplier",
    "workers",
    "installers",
    "dealers",
    "state",
    "society",
    "nobody",
)
"""Who can pay or be paid; ``installers`` sell and maintain equipment, ``dealers`` sell
what others drive; ``society`` bears external
costs such as CO2, which :data:`NOBODY` receives."""

NOBODY = "nobody"
"""The other side of damage: less of it is nobody's loss. Reports leave this party out."""


class Ledger:
    """Payments in euros, in the order they were booked."""

    def __init__(self) -> None:
        self.rows: list[tuple[Tick, str, str, float, str]] = []

    def book(self, now: Tick, payer: str, payee: str, amount: float, category: str) -> None:
        """Book ``amount`` euros from ``payer`` to ``payee``.

        Raises
        ------
        ModelError
            Unknown party, or an amount that is negative or not finite.
        """
        for party in (payer, payee):
            if party not in PARTIES:
                raise ModelError(
                    f"{party!r} has no account in the ledger", allowed=", ".join(PARTIES)
                )
        if not 0.0 <= amount < float("inf"):
            raise ModelError(
                f"{payer} cannot pay {amount} EUR for {category}",
                allowed="zero or more; swap payer and payee for the other direction",
            )
        self.rows.append((now, payer, payee, float(amount), category))

    def balance(self, party: str) -> float:
        """Received less paid, EUR."""
        return sum(
            amount * ((payee == party) - (payer == party))
            for _, payer, payee, amount, _ in self.rows
        )
