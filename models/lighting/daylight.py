"""Light of the sky from the sun's height, and what switches the lamps: photocell or clock."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

_HORIZON = (
    (20.0, (3.74, 3.97, -4.07, 1.47)),
    (5.0, (3.05, 13.28, -45.98, 64.33)),
    (-0.8, (2.88, 22.26, -207.64, 1034.30)),
    (-5.0, (2.88, 21.81, -258.11, -858.36)),
    (-12.0, (2.70, 12.17, -431.69, -1899.83)),
    (-18.0, (13.84, 262.72, 1447.42, 2797.93)),
)
NIGHT = 6.0e-4
"""Illuminance of a moonless clear night, lx."""


def illuminance(elevation: float, cloud: float = 0.0) -> float:
    """Horizontal illuminance from sun and sky, lx.

    Parameters
    ----------
    elevation
        True height of the sun's centre, degrees.
    cloud
        Cloud cover, 0 to 1.

    Notes
    -----
    Clear sky: log10 E is a cubic in elevation / 90° by pieces (Seidelmann, Explanatory Supplement
    to the Astronomical Almanac, 1992). Cloud leaves 1 - 0.75 c^3.4 of it (Kasten & Czeplak 1980,
    found for global irradiance).
    """
    veil = 1.0 - 0.75 * math.pow(min(max(cloud, 0.0), 1.0), 3.4)
    for lowest, (a, b, c, d) in _HORIZON:
        if elevation >= lowest:
            x = elevation / 90.0
            return veil * math.pow(10.0, a + x * (b + x * (c + x * d)))
    return NIGHT * veil


class Photocell:
    """Switches at dusk and dawn.

    Parameters
    ----------
    latitude, longitude
        Place, degrees.
    on_below
        Illuminance below which the lamps go on, lx.
    off_ratio
        They go off above ``on_below`` times this, so that a passing cloud does not switch them.
    """

    def __init__(
        self, latitude: float, longitude: float, on_below: float = 35.0, off_ratio: float = 1.5
    ) -> None:
        from astral import Observer
        from astral.sun import elevation

        self._elevation = elevation
        self._observer = Observer(latitude, longitude)
        self.on_below = on_below
        self.off_above = on_below * off_ratio
        self.dark = False

    def elevation(self, utc: datetime) -> float:
        """True height of the sun's centre, degrees."""
        return float(self._elevation(self._observer, utc, with_refraction=False))

    def look(self, utc: datetime, cloud: float = 0.0) -> bool:
        """Whether the lamps are on from now."""
        light = illuminance(self.elevation(utc), cloud)
        self.dark = light < (self.off_above if self.dark else self.on_below)
        return self.dark


class AstronomicalClock(Photocell):
    """Switches at computed sunset and sunrise, whatever the sky.

    Parameters
    ----------
    latitude, longitude
        Place, degrees.
    after_sunset, before_sunrise
        The lamps go on and off that many minutes after and before; negative the other way.
    """

    SUNSET = -0.833
    """True height of the sun's centre at sunset and sunrise, degrees."""

    def __init__(
        self, latitude: float, longitude: float, after_sunset: float, before_sunrise: float
    ) -> None:
        super().__init__(latitude, longitude)
        self._after, self._before = after_sunset, before_sunrise

    def look(self, utc: datetime, cloud: float = 0.0) -> bool:
        """Whether the lamps are on from now."""
        self.dark = self._down(utc - timedelta(minutes=self._after)) and self._down(
            utc + timedelta(minutes=self._before)
        )
        return self.dark

    def _down(self, utc: datetime) -> bool:
        return self.elevation(utc) < self.SUNSET


def threshold(lux: float) -> float:
    """Height of the sun at which a clear sky gives this illuminance, degrees."""
    low, high = -18.0, 60.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if illuminance(middle) > lux else (middle, high)
    return low


def yearly_hours(latitude: float, longitude: float, year: int, height: float) -> float:
    """Hours of a year with the sun below a height (by astral, every fourth day)."""
    from astral import Observer, SunDirection
    from astral.sun import elevation, noon, time_at_elevation

    observer = Observer(latitude, longitude)
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(0, 365, 4)]
    bright = 0.0
    for day in days:
        try:
            rise, fall = (
                time_at_elevation(observer, height, day, way, with_refraction=False)
                for way in (SunDirection.RISING, SunDirection.SETTING)
            )
            bright += ((fall - rise).total_seconds() / 3600.0) % 24.0
        except ValueError:  # the sun stays above or below all day
            up = elevation(observer, noon(observer, day), with_refraction=False) > height
            bright += 24.0 * up
    return 8760.0 * (1.0 - bright / (24.0 * len(days)))
