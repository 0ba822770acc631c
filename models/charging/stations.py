"""The points and queues of all stations as arrays, and which parked cars are near which station."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.charging import kernels
from twin.city.city import City
from twin.city.table import Table
from twin.core.random import poissons

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int32]

QUEUE = 4
"""Cars that can wait at a station."""


class Stations:
    """Charging stations: cars at the points, cars that wait.

    Parameters
    ----------
    charger
        The table of chargers.
    arrival_keys : (n_stations,) uint64
    car_keys : (3 · n_stations,) uint64
    habits : (5,) float64
        See :func:`models.charging.kernels.draw_car`.
    patience
        How long a car waits for a point, s.
    """

    def __init__(
        self, charger: Table, arrival_keys: Keys, car_keys: Keys, habits: Floats, patience: float
    ) -> None:
        points = np.maximum(charger["points"], 1).astype(np.int64)
        self.rated = charger["power"].astype(np.float64)
        self.start = np.concatenate(([0], np.cumsum(points))).astype(np.int32)
        self.slots = np.zeros((int(points.sum()), 3))
        self.slots[:, kernels.TIME] = np.inf
        self.power = np.zeros(len(self.slots))
        self.queue = np.zeros((len(charger), QUEUE, 3))
        self.waits = np.zeros((len(charger), QUEUE))
        self.length = np.zeros(len(charger), dtype=np.int64)
        self.tally = np.zeros(4)
        self._arrival_keys, self._car_keys = arrival_keys, car_keys
        self._habits, self._patience = habits, patience

    def step(
        self,
        now: float,
        elapsed: float,
        counter: int,
        mean: Floats,
        limit: Floats,
        out: Floats,
        known: tuple[Floats, Rows] | None = None,
    ) -> float:
        """Bring the stations up to ``now``.

        Parameters
        ----------
        now, elapsed
            Seconds.
        counter
            Number of the step, 0 or more: the same step meets the same cars in every run of a seed.
        mean : (n_stations,) float64
            Expected arrivals in this step.
        limit : (n_stations,) float64, 1
        out : (n_stations,) float64, W
        known
            Cars that are known one by one ((k, 3): Wh, W, s) and their stations.

        Returns
        -------
        float
            Power of all stations from now on, W.
        """
        kernels.deliver(self.slots, self.power, elapsed, self.tally)
        kernels.depart(self.slots, now, self.tally)
        arrivals = poissons(self._arrival_keys, counter, mean)
        kernels.queue_up(
            self.queue,
            self.waits,
            self.length,
            arrivals,
            self._car_keys,
            counter,
            self.rated,
            self._habits,
            now,
            self._patience,
            self.tally,
        )
        if known is not None:
            kernels.join(
                self.queue, self.waits, self.length, *known, now, self._patience, self.tally
            )
        kernels.plug_in(
            self.queue, self.waits, self.length, self.start, self.slots, now, self.tally
        )
        return float(kernels.draw_power(self.slots, self.start, self.rated, limit, self.power, out))


class Around:
    """Shares the cars parked at places out to the stations within reach, by their points.

    Parameters
    ----------
    city
        Its chargers.
    places : (n_places, 2) float64, metres
    reach
        Farthest walk from a car to its charger as the crow flies, m.
    """

    def __init__(self, city: City, places: Floats, reach: float) -> None:
        charger = city["charger"]
        # A loop over the few chargers is quicker than importing a spatial index.
        spots = charger.points if len(charger) else np.empty((0, 2))
        near = [np.flatnonzero(np.hypot(*(places - spot).T) <= reach) for spot in spots]
        counts = np.array([len(rows) for rows in near], dtype=np.int64)
        self.places = np.concatenate([np.empty(0, dtype=np.int32), *near]).astype(np.int32)
        self.chargers = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
        points = charger["points"][self.chargers].astype(np.float64)
        total = np.bincount(self.places, weights=points, minlength=len(places))
        self.weights = points / np.maximum(total[self.places], 1.0)

    def cars(self, parked: Floats, out: Floats) -> None:
        """Cars around each station; ``parked`` (n_places,), ``out`` (n_stations,) float64, veh."""
        kernels.share(parked, self.places, self.chargers, self.weights, out)
