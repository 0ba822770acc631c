"""What a building loses and keeps of its warmth, from its age, shape and use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy import demand, uptake
from twin.city.city import City
from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NORTHERN = ("FI", "SE", "NO", "EE", "IS", "LV", "LT", "DK")
"""Countries whose buildings were insulated early."""
LEVEL = 3.0
"""Height of a level, m."""
WINDOWS = 0.25
"""Share of glass in the walls; TABULA's apartment blocks have 0.15 to 0.3."""
CAPACITY = 165_000.0
"""Heat capacity of the floor area, J/(m²·K): class medium of ISO 13790."""
COMFORT = 20.0
"""Room temperature that heating is sized for, and that is usual, degC."""
AIR = 0.34
"""Volumetric heat capacity of air, Wh/(m³·K)."""


@dataclass(frozen=True)
class Age:
    """Transmittances of an age class, W/(m²·K), and its share of today's buildings."""

    until: int
    share: float
    wall: float
    roof: float
    floor: float
    window: float


# The buildings of Finland by year of their permit: decree of the Ministry of the Environment 4/13.
NORTH = (
    Age(1975, 0.45, 0.81, 0.47, 0.47, 2.8),
    Age(1984, 0.17, 0.35, 0.29, 0.40, 2.1),
    Age(2002, 0.20, 0.28, 0.22, 0.36, 2.1),
    Age(2009, 0.08, 0.25, 0.16, 0.25, 1.4),
    Age(2100, 0.10, 0.17, 0.09, 0.16, 1.0),
)
# The apartment blocks of IWU's German typology (TABULA), rounded; shares of Germany's dwellings.
CENTRAL = (
    Age(1948, 0.24, 1.7, 1.4, 1.0, 2.7),
    Age(1978, 0.43, 1.1, 0.6, 1.0, 2.8),
    Age(1994, 0.16, 0.6, 0.4, 0.6, 2.8),
    Age(2009, 0.11, 0.35, 0.25, 0.35, 1.6),
    Age(2100, 0.06, 0.24, 0.18, 0.25, 1.1),
)
REFURBISHED = Age(2100, 0.0, 0.22, 0.15, 0.27, 1.0)
"""What a renovated building reaches: the usual refurbishment of TABULA."""


@dataclass(frozen=True)
class Ventilation:
    """Fresh air of a use: changes an hour while it is used, and inner gains by day and night."""

    changes: float
    day: float
    night: float


# Changes an hour of the room's air with infiltration and heat recovery counted; inner gains of
# people and equipment on the floor area, W/m² (EN 16798-1 annex C and ISO 13790 annex G, rounded).
VENTILATION = {
    "residential": Ventilation(0.5, 3.5, 3.0),
    "retail": Ventilation(0.8, 8.0, 2.0),
    "office": Ventilation(0.7, 8.0, 2.0),
    "industrial": Ventilation(0.5, 5.0, 2.0),
    "education": Ventilation(0.9, 7.0, 1.0),
    "health": Ventilation(1.0, 8.0, 5.0),
    "hotel": Ventilation(0.7, 4.0, 4.0),
    "public": Ventilation(0.7, 5.0, 1.5),
    "other": Ventilation(0.3, 1.0, 1.0),
}


@dataclass(frozen=True)
class Envelope:
    """What :func:`models.energy.kernels.rooms` needs of each building, on its floor area.

    Attributes
    ----------
    opaque, windows, air : (n_building,) float64, W/(m²·K)
        Heat that goes through walls, roof and floor; through glass; with the air.
    glass : (n_building,) float64, 1
        Area of glass over the floor area.
    shell : (n_building,) float64, m²
        Area of the envelope, which is what a renovation costs.
    """

    opaque: Floats
    windows: Floats
    air: Floats
    glass: Floats
    shell: Floats

    @property
    def loss(self) -> Floats:
        """All together, W/(m²·K)."""
        return self.opaque + self.windows + self.air


class Archetypes:
    """Age and shape of each building, drawn once; their envelope as renovations change it.

    A map seldom knows the year of a building: it is drawn from the country's age classes, the same
    for the same building and seed.

    Parameters
    ----------
    perimeter : (n_building,) float64, m
    shares
        Of the five age classes, oldest first, in place of the country's.
    """

    def __init__(
        self, city: City, streams: Streams, perimeter: Floats, shares: tuple[float, ...] = ()
    ) -> None:
        building = city["building"]
        ages = NORTH if city.place.country in NORTHERN else CENTRAL
        drawn = uptake.draws(city, streams, "age")
        weights = np.cumsum(shares or [age.share for age in ages])
        self.age: Rows = np.minimum(np.searchsorted(weights / weights[-1], drawn), len(ages) - 1)
        self._values = np.array([[a.wall, a.roof, a.floor, a.window] for a in ages])[self.age]
        use = demand.uses(building)
        names = list(demand.USES)
        self._air = AIR * (LEVEL - 0.3) * np.array([VENTILATION[n].changes for n in names])[use]
        area = np.nan_to_num(building["floor_area"].astype(np.float64))
        footprint = np.nan_to_num(building["footprint"].astype(np.float64))
        self._floor = np.maximum(area, 1.0)
        self._cover = np.clip(footprint, 0.05 * self._floor, self._floor)
        levels = self._floor / np.maximum(self._cover, 1.0)
        # No building has more wall than a tower of its own size would.
        self._wall = np.minimum(perimeter * LEVEL * levels, 3.0 * self._floor)

    def envelope(self, renovated: Floats) -> Envelope:
        """The envelope with a share of the usual refurbishment done; (n_building,) float64, 1."""
        new = REFURBISHED
        better = np.minimum(self._values, [new.wall, new.roof, new.floor, new.window])
        part = np.clip(renovated, 0.0, 1.0)[:, None]
        wall, roof, floor, window = ((1.0 - part) * self._values + part * better).T
        glass = self._wall * WINDOWS
        # Half of the difference to the outdoors lies over the ground floor (ISO 13370, simplified).
        opaque = wall * (self._wall - glass) + self._cover * (roof + 0.5 * floor)
        # New windows are tight: they save a quarter of the air's loss.
        air = self._air * (1.0 - 0.25 * part[:, 0])
        return Envelope(
            opaque / self._floor,
            window * glass / self._floor,
            air,
            glass / self._floor,
            self._wall + 2.0 * self._cover,
        )
