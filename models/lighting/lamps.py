"""The luminaires of a run: power, light and age of each, as they are and once renewed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.lighting import photometry, technology
from models.lighting.groups import Streets
from twin.city.city import City

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

LED = technology.NAMES.index("led")
HPS = technology.NAMES.index("hps")
NEVER = 2.0
"""Level above which no lamp is: its home gets no light."""

YEAR = 4000.0
"""Burning hours of a year."""

HOMES_REACH = 30.0
"""A lamp lights no window farther than this, m."""

WINDOW_LIMIT = 2.0
"""Vertical illuminance at a window that is allowed after the curfew in a suburb, lx (CIE 150, zone
E3)."""


class Luminaires:
    """Arrays over the lamps of a city; each (n_lamps,).

    Parameters
    ----------
    city, streets
        Of the run.
    becomes
        ``as built``, or the technology that all lamps have.
    cleaning
        Years between two cleanings.
    share
        A keyed draw in (0, 1) for each lamp, for its age where the inventory does not know it.

    Attributes
    ----------
    rated, before
        Power at full light now, and that of the luminaire that stood there at the start, W.
    kind, kind_before
        Row in :data:`models.lighting.technology.NAMES`, now and at the start.
    standing, least
        See :class:`~models.lighting.technology.Technology`.
    age
        Burning hours.
    useful
        Maintained flux on the carriageway at full light, lm; 0 at no street.
    window
        Level above which a home gets more light than is allowed after the curfew; 2 for never.
    """

    def __init__(
        self,
        city: City,
        streets: Streets,
        becomes: str,
        cleaning: float,
        share: Callable[[], Floats],
    ) -> None:
        lamps = city["lamp"]
        built = technology.code(lamps["technology"])
        wanted = built if becomes == "as built" else np.full_like(built, _row(becomes))
        self.kind = wanted.copy()
        self.kind_before = wanted
        self.rated = np.ascontiguousarray(technology.converted(lamps["power"], built, wanted))
        self.before = self.rated.copy()
        changed = wanted != built
        self._flux = np.where(changed, self._usual_flux(), lamps["flux"])
        usual = np.where(wanted == LED, "road", "sodium")
        lit_so = changed & ((wanted == LED) | (lamps["optics"] == "road"))
        self._optics = np.where(lit_so, usual, lamps["optics"]).astype("U12")
        self._height = lamps["height"].astype(np.float64)
        self._width = np.where(streets.area > 0.0, streets.width, 0.0)[streets.of_lamp]
        self._homes = distance_to_homes(city)
        self._clean = float(technology.luminaire_maintenance(cleaning / 2.0))
        self.age = np.where(changed, -1.0, lamps["age"]).astype(np.float64)
        unknown = self.age < 0.0
        if unknown.any():
            self.age[unknown] = (share() * technology.of(wanted, "oldest"))[unknown]
        self._derive()

    def _usual_flux(self) -> Floats:
        return self.rated * technology.of(self.kind, "efficacy")

    def _derive(self) -> None:
        """What follows from technology, flux and age."""
        self.standing = technology.of(self.kind, "standing")
        self.least = technology.of(self.kind, "least")
        lasting = technology.by_age(self.kind, self.age, "maintained") * self._clean
        reach = photometry.utilisation(self._optics, self._width, self._height)
        self.useful = np.where(self._width > 0.0, self._flux * reach * lasting, 0.0)
        lux = photometry.window_illuminance(
            self._flux * lasting, self._optics, self._height, self._homes
        )
        self.window = np.where(lux > 0.0, WINDOW_LIMIT / np.maximum(lux, 1e-9), NEVER)

    def with_standing(self, led: float, hps: float) -> None:
        """Take s of LED and sodium from the scenario."""
        sodium = self.kind == HPS
        self.standing = np.where(self.kind == LED, led, np.where(sodium, hps, self.standing))

    def renew(self, rows: Rows) -> None:
        """Put a new LED luminaire in place of these."""
        led = np.full(len(rows), LED)
        self.rated[rows] = technology.converted(self.rated[rows], self.kind[rows], led)
        self.kind[rows] = LED
        self.age[rows] = 0.0
        self._optics[rows] = "road"
        self._flux[rows] = self._usual_flux()[rows]
        self._derive()

    def survival(self) -> Floats:
        """LSF of each at its age; the simulated lamps fail one by one, plans use this."""
        return technology.by_age(self.kind, self.age, "surviving")

    def failure_rate(self) -> Floats:
        """Failures a burning hour of each, in the mean from its age to the end of its planned life.

        At least over the coming :data:`YEAR`. With the Weibull law's H(a) = (a/η)^k it is
        (H(b) - H(a)) / (b - a). The hazard at the age itself would be next to none for a new lamp.
        """
        shape, scale = technology.of(self.kind, "shape"), technology.of(self.kind, "scale")
        end = np.maximum(technology.of(self.kind, "life"), self.age + YEAR)
        failures = np.power(end / scale, shape) - np.power(self.age / scale, shape)
        return np.asarray(failures / (end - self.age))

    def residual(self, unit: Floats) -> Floats:
        """Burning hours until each fails, from a unit exponential draw and its age.

        Given that a lamp has lived to a, T = η ((a/η)^k + E)^(1/k) - a.
        """
        shape, scale = technology.of(self.kind, "shape"), technology.of(self.kind, "scale")
        lived = np.power(self.age / scale, shape)
        return np.asarray(scale * np.power(lived + unit, 1.0 / shape) - self.age)


def _row(name: str) -> int:
    return technology.NAMES.index(name)


def distance_to_homes(city: City) -> Floats:
    """From each lamp to the nearest building where people live, m; infinity for none near."""
    import shapely

    lamps = city["lamp"]
    found = np.full(len(lamps), np.inf)
    if "building" not in city or not len(lamps) or lamps.geometry is None:
        return found
    buildings = city["building"]
    homes = np.flatnonzero(buildings["people"] > 0.0)
    if not len(homes):
        return found
    tree = shapely.STRtree(buildings.shapes[homes])
    (at, _), far = tree.query_nearest(
        lamps.geometry, max_distance=HOMES_REACH, return_distance=True, all_matches=False
    )
    found[at] = far
    return found
