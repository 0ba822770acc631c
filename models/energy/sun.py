"""The sun on the roofs and windows of a city, moment by moment."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import numpy.typing as npt

from models.energy import kernels, roofs
from twin.city.city import City
from twin.city.table import Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SUN = 1361.0
"""Solar constant, W/m²; it varies by 3.3 % over the year (Spencer 1971, first term)."""
SECTORS = 12
"""Directions of pitched roofs that are told apart."""
FLAT_TILT = 10.0
"""Slope of panels on flat roofs, half of them to the east and half to the west, degrees."""
LOSSES = 0.14
"""Of wiring, dirt, mismatch and inverter: PVWatts version 5."""
OPTICS = 0.05
"""Lost to reflection at flat angles and in dim light; PVGIS has 3 to 4 % and 1 to 3 % in Europe."""
WARM = -0.0035
"""Change of a panel's power with its temperature, 1/K."""
NOMINAL = 45.0
"""Temperature of a cell at 800 W/m² and 20 degC, degC."""
CLEANNESS = 0.25
"""Share of the sun on a wall that comes in as heat through its glass: transmittance 0.6, frames
0.7, shading by blinds and neighbours 0.6 (ISO 13790, clause 11)."""


class Sun:
    """Irradiance on planes: east and west of flat roofs, the sectors of pitched ones, four walls.

    Parameters
    ----------
    city
        With the tables ``roof`` and ``sky``; what is missing is made.
    """

    def __init__(self, city: City) -> None:
        self.roof: Table = city["roof"] if "roof" in city else roofs.roofs(city["building"])
        table = city["sky"] if "sky" in city else roofs.sky(city.place)
        shape = (-1, roofs.QUARTERS)
        self._zenith = table["zenith"].reshape(shape)
        turn = np.deg2rad(table["azimuth"].reshape(shape))
        self._east, self._north = np.sin(turn), np.cos(turn)
        self._clear = table["ghi"].reshape(shape)
        sectors = np.arange(SECTORS) * 360.0 / SECTORS
        self._tilt = np.concatenate(
            [[FLAT_TILT, FLAT_TILT], np.full(SECTORS, roofs.PITCH), np.full(4, 90.0)]
        )
        self._facing = np.concatenate([[90.0, 270.0], sectors, [0.0, 90.0, 180.0, 270.0]])
        nearest = np.rint(self.roof["azimuth"] / 360.0 * SECTORS).astype(np.int64) % SECTORS
        self._plane: Rows = np.where(self.roof["flat"].astype(bool), -1, 2 + nearest)
        self._planes = np.empty(len(self._tilt))

    def look(self, when: datetime, cloud: float) -> None:
        """Work out the irradiance on all planes at a moment in UTC."""
        day = roofs.day_of_year(when.year, when.timetuple().tm_yday) - 1.0
        before = int(day // roofs.STEP_DAYS)
        share = day / roofs.STEP_DAYS - before
        after = (before + 1) % len(self._zenith)
        quarter = (when.hour * 60 + when.minute) // 15

        def between(values: Floats) -> float:
            return float(values[before, quarter] * (1.0 - share) + values[after, quarter] * share)

        azimuth = float(np.rad2deg(np.arctan2(between(self._east), between(self._north))))
        kernels.planes(
            between(self._zenith),
            azimuth,
            between(self._clear),
            SUN * (1.0 + 0.033 * math.cos(2.0 * math.pi * day / 365.0)),
            cloud,
            self._tilt,
            self._facing,
            self._planes,
        )

    def panels(self, outdoor: float) -> Floats:
        """What a kW of panels gives on each roof; (n_building,) float64, 1.

        PVWatts (Dobos 2014): in proportion to the irradiance, less 0.35 %/K above 25 degC, less
        losses; the cell's temperature after its nominal one (Ross 1976).
        """
        cell = outdoor + (NOMINAL - 20.0) / 800.0 * self._planes
        each = (
            self._planes / 1000.0 * (1.0 + WARM * (cell - 25.0)) * (1.0 - LOSSES) * (1.0 - OPTICS)
        )
        found = np.concatenate([each, [0.5 * (each[0] + each[1])]])
        power: Floats = np.maximum(found[self._plane], 0.0)
        return power

    @property
    def through_glass(self) -> float:
        """Heat of the sun through a m² of glass that looks all ways, W/m²."""
        return CLEANNESS * float(self._planes[-4:].sum()) / 4.0
