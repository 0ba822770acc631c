"""Light of the sky from the sun's height, and the photocell that switches the lamps."""

from __future__ import annotations

import math
from datetime import datetime

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
