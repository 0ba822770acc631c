"""BDEW standard load profiles: a small table made when a city is built, looked up when it lives."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from twin.city.table import Table

Floats = npt.NDArray[np.float64]

SEASONS = ("winter", "summer", "transition")
DAYS = ("workday", "saturday", "sunday")
QUARTERS = 96
NAMES = ("h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6")
_REFERENCE_YEAR = 2023
_REFERENCE_DAYS = {
    "winter": (date(2023, 1, 10), date(2023, 1, 14), date(2023, 1, 15)),
    "summer": (date(2023, 7, 11), date(2023, 7, 15), date(2023, 7, 16)),
    "transition": (date(2023, 4, 11), date(2023, 4, 15), date(2023, 4, 16)),
}


def table() -> Table:
    """The standard load profiles as demandlib gives them, W for 1 kWh a year.

    Rows are season × kind of day × quarter-hour; ``h0`` is static, its dynamisation is
    :func:`dynamisation`.
    """
    import warnings

    with warnings.catch_warnings():  # demandlib turns every warning into an error and leaves it so
        from demandlib import bdew

        frame = bdew.ElecSlp(_REFERENCE_YEAR).get_profiles(*NAMES)
    days = [day for season in SEASONS for day in _REFERENCE_DAYS[season]]
    parts = [frame.loc[day.isoformat()].to_numpy() for day in days]
    values = np.concatenate(parts) * 4.0 * 1000.0
    ids = [f"{s}/{d}/{q:02d}" for s in SEASONS for d in DAYS for q in range(QUARTERS)]
    return Table("load_profile", ids, {name: values[:, i] for i, name in enumerate(NAMES)})


class Profiles:
    """Looks profiles up by local time.

    Parameters
    ----------
    load_profile
        The city's table.
    columns
        Profile of each row of what :meth:`at` returns.
    country
        ISO 3166-1 alpha-2 code for public holidays, which count as Sundays; empty for none.
    """

    def __init__(self, load_profile: Table, columns: tuple[str, ...], country: str) -> None:
        self._values = np.stack([load_profile[name] for name in columns], axis=1)
        self._values = self._values.reshape(len(SEASONS), len(DAYS), QUARTERS, len(columns))
        self._dynamic = np.array([name == "h0" for name in columns])
        self._country = country
        self._holidays: dict[int, frozenset[date]] = {}

    def at(self, day: date, seconds: float) -> Floats:
        """Mean power in the quarter-hour that holds a local time; (n_column,) W per kWh/a.

        Parameters
        ----------
        day, seconds
            Local date and seconds since midnight.
        """
        quarter = min(int(seconds // 900), QUARTERS - 1)
        found: Floats = self._values[_season(day), self.kind(day), quarter].copy()
        found[self._dynamic] *= dynamisation(day.timetuple().tm_yday + seconds / 86400.0)
        return found

    def kind(self, day: date) -> int:
        """Position in :data:`DAYS`; 24 and 31 December count as Saturdays, as BDEW has it."""
        if day in self._of_year(day.year) or day.weekday() == 6:
            return 2
        return 1 if day.weekday() == 5 or (day.month == 12 and day.day in (24, 31)) else 0

    def _of_year(self, year: int) -> frozenset[date]:
        if year not in self._holidays:
            self._holidays[year] = _public_holidays(self._country, year)
        return self._holidays[year]


def _public_holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays of a country; none where it is unknown."""
    if not country:
        return frozenset()
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=[year]))
    except NotImplementedError:
        return frozenset()


def _season(day: date) -> int:
    """Position in :data:`SEASONS`: summer 15 May–14 September, winter 1 November–20 March."""
    position = (day.month, day.day)
    if (5, 15) <= position <= (9, 14):
        return 1
    return 0 if position >= (11, 1) or position <= (3, 20) else 2


def dynamisation(day: float) -> float:
    """Factor on H0 for the day of the year, 1.

    BDEW: -3.92e-10 d⁴ + 3.2e-7 d³ - 7.02e-5 d² + 2.1e-3 d + 1.24.
    """
    return float(np.polyval([-3.916649251e-10, 3.2e-7, -7.02e-5, 0.0021, 1.24], day))
