"""Who is around a litter bin: visitors of the shops, offices and museums nearby."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.city.city import City

Floats = npt.NDArray[np.float64]

NEAR = 100.0
"""Visitors of a building use the bins this near, m."""
PRESENT = 0.35
"""Mean share of a building's jobs that are there over the hours of a day, visitors for it."""
MOST = 4.0
"""A bin is at most so many times as busy as usual."""


class Surroundings:
    """Buildings near each litter bin.

    Parameters
    ----------
    city
        With containers and, perhaps, buildings.
    litter : (n,) bool
        Which containers are litter bins.
    """

    def __init__(self, city: City, litter: npt.NDArray[np.bool_]) -> None:
        self._bins = np.empty(0, dtype=np.int64)
        self._buildings = np.empty(0, dtype=np.int64)
        self._usual: Floats = np.zeros(len(litter))
        rows = np.flatnonzero(litter)
        if "building" not in city or not len(city["building"]) or not len(rows):
            return
        from scipy.spatial import KDTree

        building = city["building"]
        public = np.flatnonzero((building["jobs"] > 0.0) & (building["people"] <= 0.0))
        if not len(public):
            return
        near = KDTree(building.points[public]).query_ball_point(
            city["container"].points[rows], NEAR, return_sorted=True
        )
        counts = [len(found) for found in near]
        self._bins = np.repeat(rows, counts)
        self._buildings = public[np.concatenate([np.array(f, dtype=np.int64) for f in near])]
        weights = PRESENT * building["jobs"][self._buildings]
        usual = np.bincount(self._bins, weights=weights, minlength=len(litter))
        self._usual = usual.astype(np.float64)

    def busy(self, present: Floats, otherwise: float) -> Floats:
        """How busy the surroundings of each container are, 1 on average; (n,) float64.

        Parameters
        ----------
        present : (n_buildings,) float64
            People in each building; negative where nobody tells.
        otherwise
            For containers with nothing around, or where nobody tells.
        """
        found = np.full(len(self._usual), otherwise)
        if not len(self._bins) or present[self._buildings[0]] < 0.0:
            return found
        here = np.bincount(self._bins, weights=present[self._buildings], minlength=len(self._usual))
        known = self._usual > 0.0
        found[known] = np.minimum(here[known] / self._usual[known], MOST)
        return found
