"""What electricity costs at each moment: one price, two by the hour, or the day's market."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy.parameters import MoneyParameters

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

KINDS = ("flat", "peak", "dynamic")
FLAT, PEAK, DYNAMIC = range(3)
PEAK_FROM, PEAK_UNTIL = 6, 22
"""Local hours of the peak price."""
UNKNOWN = -1000.0
"""``energy.market_price`` while nobody says it, EUR/kWh: a thousand times what Europe's day-ahead
market allows (-0.5 to 4 EUR/kWh)."""


class Tariffs:
    """Prices of the three payers under the three kinds of tariff.

    At a dynamic tariff a payer's flat price less the mean of the market is what taxes, grid and
    supplier take; the market's price comes on top. What customers expect of a coming hour is the
    market's last price at that hour of the day: the day-ahead market publishes it the day before.
    """

    def __init__(self, parameters: MoneyParameters) -> None:
        p = parameters
        self._p = p
        self._flat = np.array([p.household_price, p.firm_price, p.municipality_price])
        shape = np.array(p.market_by_hour or (1.0,) * 24)
        self._expected = p.market_price * shape / shape.mean()

    def see(self, hour: int, market: float) -> None:
        """Take note of the market's price in an hour, EUR/kWh; :data:`UNKNOWN` says nothing."""
        if np.isfinite(market) and market > UNKNOWN:
            self._expected[hour] = market

    def prices(self, hour: int) -> Floats:
        """What a kWh costs; (3 kinds, 3 payers), EUR/kWh.

        A dynamic price is below zero where the market's price is further below zero than the rest
        of the price is above: who draws is paid then.
        """
        p = self._p
        factor = p.peak_factor if PEAK_FROM <= hour < PEAK_UNTIL else p.off_peak_factor
        dynamic = self._flat - p.market_price + self._expected[hour]
        return np.stack([self._flat, self._flat * factor, dynamic])

    def feed_in(self, hour: int) -> Floats:
        """What is paid for a kWh fed in; (3 kinds, 3 payers), EUR/kWh.

        At a negative market price nothing: panels would be switched off.
        """
        if self._p.net_metering:
            return self.prices(hour)
        found = np.full((3, 3), self._p.feed_in_price)
        found[DYNAMIC] = max(float(self._expected[hour]), 0.0)
        return found

    def day(self, kind: int, payer: int = 0) -> Floats:
        """Prices of two days by quarter-hour from midnight on; (192,) EUR/kWh."""
        hours = np.array([self.prices(hour)[kind, payer] for hour in range(24)])
        return np.tile(np.repeat(hours, 4), 2)

    def cheap(self, kind: int) -> Flags:
        """Quarter-hours in which tanks that wait are heated; (96,) bool.

        The cheapest third of the day, or 22:00 to 06:00 where all hours cost the same.
        """
        day = self.day(kind)[:96]
        night = np.repeat([h < PEAK_FROM or h >= PEAK_UNTIL for h in range(24)], 4)
        if np.ptp(day) < 1e-9:
            return night
        found: Flags = day <= np.sort(day)[31] + 1e-12
        return found

    def saving(self, kind: int) -> float:
        """What a kWh saves that waits for its cheapest hour, mean over the starts of a day, EUR."""
        day = self.day(kind)[::4]
        waits = [day[hour] - day[hour : hour + 9].min() for hour in range(8, 21)]
        return float(np.mean(waits))

    def battery(self, kind: int, hour: int) -> tuple[float, float]:
        """How far batteries buy, and how much they keep back, in an hour; see the kernel.

        Where the day's dearest hour costs a fifth more than its cheapest, they fill up in the
        cheapest quarter of the hours and give in the dearest half.
        """
        day = self.day(kind)[:96:4]
        if np.ptp(day) <= 0.2 * abs(day.min()):
            return 0.0, 0.0
        ranked = np.sort(day)
        if day[hour] <= ranked[5]:
            return 0.9, 1.0
        return 0.0, 0.0 if day[hour] >= ranked[12] else 1.0
