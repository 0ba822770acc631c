"""A night of lamps on demand, lamp by lamp, as NumPy and as Mesa would have it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bench._lamps import PER_STREET

Floats = npt.NDArray[np.float64]
MINUTE = 60.0


class Arrays:
    """The night with whole arrays: arrivals in waves, then the union of the windows of all lamps.

    Parameters
    ----------
    low, high : (n_lamps,) float32, W
        Power while nobody and while somebody is near.
    place : (PER_STREET,) float64, m
        Of the lamps of each street.
    far : float, m
        Length of a street.
    vehicle, walker : (float, float)
        Pace (s/m) and for how long each lights a lamp (s).
    """

    def __init__(
        self,
        low: npt.NDArray[np.float32],
        high: npt.NDArray[np.float32],
        place: Floats,
        far: float,
        vehicle: tuple[float, float],
        walker: tuple[float, float],
    ) -> None:
        self.low, self.high, self.place, self.far = low, high, place, far
        self.kinds = np.array([vehicle, walker])
        self.rng = np.random.default_rng(1)
        self.n = len(low) // PER_STREET
        self.patience = self.rng.exponential(size=self.n)
        self.street, self.who = np.zeros(0, dtype=np.int64), np.zeros((0, 3))
        self.power = low.astype(np.float64)

    def step(self, vehicles: float, walkers: float) -> None:
        """A minute with so many vehicles and walkers a second on each street."""
        self._come(vehicles, walkers)
        begin, slow, lasts = self.who.T[:, :, None]
        at = begin + self.place * slow
        lamp = self.street[:, None] * PER_STREET + np.arange(PER_STREET)
        # Window after window of all lamps in a row: each lamp has a minute of its own.
        own = (lamp * MINUTE).ravel()
        since = np.clip(at, 0.0, MINUTE).ravel() + own
        until = np.clip(at + lasts, 0.0, MINUTE).ravel() + own
        order = np.argsort(since)
        since, until = since[order], until[order]
        before = np.maximum.accumulate(np.concatenate(((-1.0,), until[:-1])))
        lit = np.maximum(until - np.maximum(since, before), 0.0)
        near = np.bincount(lamp.ravel()[order], lit, len(self.low)) / MINUTE
        self.power[:] = self.low + (self.high - self.low) * near
        self.who[:, 0] -= MINUTE
        begin, slow, lasts = self.who.T
        stays = begin + np.maximum(self.place[0] * slow, self.place[-1] * slow) + lasts > 0.0
        self.street, self.who = self.street[stays], self.who[stays]

    def _come(self, vehicles: float, walkers: float) -> None:
        rate, rng = vehicles + walkers, self.rng
        clock = np.zeros(self.n)
        coming = np.flatnonzero(self.patience < rate * MINUTE)
        streets, fresh = [self.street], [self.who]
        while len(coming):
            clock[coming] += self.patience[coming] / rate
            slow, lasts = self.kinds[(rng.random(len(coming)) * rate < walkers).astype(int)].T
            back = rng.random(len(coming)) < 0.5
            begin = clock[coming] + np.where(back, self.far * slow, 0.0)
            streets.append(coming)
            fresh.append(np.column_stack((begin, np.where(back, -slow, slow), lasts)))
            self.patience[coming] = rng.exponential(size=len(coming))
            coming = coming[self.patience[coming] < rate * (MINUTE - clock[coming])]
        self.patience -= rate * (MINUTE - clock)
        self.street, self.who = np.concatenate(streets), np.concatenate(fresh)


def agents(
    lamps: int, rates: tuple[float, float], place: Floats, far: float, kinds: Any, watts: Any
) -> Any:
    """A Mesa model of the same with an agent a lamp and a street; its method ``step``."""
    import mesa

    class Street(mesa.Agent):  # type: ignore[misc]
        def __init__(self, model: Any) -> None:
            super().__init__(model)
            self.who: list[tuple[float, float, float]] = []

        def step(self) -> None:
            rng, at, (vehicles, walkers) = self.model.rng, 0.0, rates
            self.who = [
                (begin - MINUTE, slow, lasts)
                for begin, slow, lasts in self.who
                if begin - MINUTE + max(0.0, far * slow) + lasts > 0.0
            ]
            while (at := at + rng.exponential() / (vehicles + walkers)) < MINUTE:
                slow, lasts = kinds[int(rng.random() * (vehicles + walkers) < walkers)]
                back = rng.random() < 0.5
                self.who.append((at + back * far * slow, -slow if back else slow, lasts))

    class Lamp(mesa.Agent):  # type: ignore[misc]
        power = 0.0

        def __init__(self, model: Any, street: Street, place: float) -> None:
            super().__init__(model)
            self.street, self.place = street, place

        def step(self) -> None:
            lit = until = 0.0
            windows = ((begin + self.place * slow, lasts) for begin, slow, lasts in self.street.who)
            for at, lasts in sorted(windows):
                lit += max(0.0, min(at + lasts, MINUTE) - max(at, until))
                until = max(until, min(at + lasts, MINUTE))
            self.power = watts[0] + (watts[1] - watts[0]) * lit / MINUTE

    class Town(mesa.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(rng=1)
            for _ in range(lamps // PER_STREET):
                street = Street(self)
                for x in place:
                    Lamp(self, street, x)

        def step(self) -> None:
            self.agents_by_type[Street].do("step")
            self.agents_by_type[Lamp].do("step")

    return Town()
