"""What a trip by car takes and costs, as citizens know it when they choose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.citizens.columns import Floats, Now
from models.citizens.space import Skims

Cars = Callable[[npt.NDArray[np.int64]], tuple[Floats, npt.NDArray[np.bool_]]]
"""Of some persons: share of the toll that their cars pay, and whether a zone bans them."""


class Driving:
    """Times and prices between zones, renewed as the streets change.

    Parameters
    ----------
    skims
        Searches on the streets.
    persons
        How many people there are.
    pace
        Seconds that a euro weighs.
    """

    def __init__(self, skims: Skims, persons: int, pace: float) -> None:
        self._skims, self._persons, self._pace = skims, persons, pace
        self._free = skims.times()
        nothing = np.zeros_like(self._free)
        self._allowed = self._banned = (self._free, nothing, nothing)
        self._charged = np.zeros(0)
        self._share = np.ones(persons)
        self._without_entry = np.zeros(persons, dtype=np.bool_)

    def ask(self, cars: Cars) -> None:
        """Let people know what a price on the streets means to the cars that they have."""
        self._share, self._without_entry = cars(np.arange(self._persons))

    def changed(self, toll: Floats, fine: Floats) -> bool:
        """Whether a price is another than at the last look; (n_edge,) float64, EUR."""
        charged = np.concatenate((toll, fine))
        return bool(charged.any() if not len(self._charged) else (charged != self._charged).any())

    def look(self, times: Floats, closed: Floats, toll: Floats, fine: Floats) -> None:
        """Take in the streets of the moment; (n_edge,) float64, s, 1, EUR."""
        self._charged = np.concatenate((toll, fine))
        pace = self._pace if toll.any() else 0.0
        skim, (tolls,) = self._skims.priced(times, closed, [toll], pace)
        self._allowed = self._banned = (skim, tolls, np.zeros_like(tolls))
        if fine.any():
            beside = np.where(fine > 0.0, 0.0, toll)
            skim, (tolls, fines) = self._skims.priced(times, closed, [beside, fine], self._pace)
            self._banned = (skim, tolls, fines)

    def empty(self, alert: Floats) -> Now:
        """What a decision meets on empty streets without a price."""
        nothing = np.zeros_like(self._free)
        free = (self._free, nothing, nothing)
        return self._now(free, free, 0.0, 1.0, alert)

    def now(self, price: float, resident: float, alert: Floats) -> Now:
        """What a decision meets at present.

        Parameters
        ----------
        price
            Of each trip by car, EUR.
        resident
            Share of the tolls that residents pay.
        alert : (n_building,) float64
            Share of people who heed a call to stay at home.
        """
        return self._now(self._allowed, self._banned, price, resident, alert)

    def _now(
        self,
        allowed: tuple[Floats, Floats, Floats],
        banned: tuple[Floats, Floats, Floats],
        price: float,
        resident: float,
        alert: Floats,
    ) -> Now:
        return Now(
            skim=allowed[0],
            skim_banned=banned[0],
            free=self._free,
            price=price,
            toll=allowed[1],
            toll_banned=banned[1],
            fine=banned[2],
            share=self._share,
            banned=self._without_entry,
            resident=resident,
            alert=alert,
        )
