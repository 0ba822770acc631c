"""How urgent a visit is: the probability that a container overflows before the next chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIZE = 60_000.0
"""Driving time that an overflow is worth, s: with it, over 99.9 % of visits come in time."""
FELL = 0.2
"""A level that is off by this, and by ``FAR_OFF`` deviations, tells of an emptying."""
FAR_OFF = 4.0
ALIKE = 0.3
"""What is left of a sensor's deviation after many readings; an assumption."""
UNEVEN = 0.05
"""Deviation of what comes to a container in some hours about its usual rate; an assumption."""


@dataclass
class Rates:
    """Filling rates of n containers, learnt from their levels: Gamma-Poisson.

    What a container takes in ``hours`` is Poisson in units of a grain; its rate is Gamma with mean
    ``filled / hours``, so that every observed filling adds to both (conjugate update).

    Attributes
    ----------
    filled : (n,) float64
        Filling observed, shares of the capacity, the prior's included.
    hours : (n,) float64, h
        Over which.
    """

    filled: Floats
    hours: Floats

    @classmethod
    def prior(cls, rate: Floats, worth: float = 72.0) -> Rates:
        """What is known before: a rate, 1/h, as good as that many hours of observation."""
        return cls(rate * worth, np.full(len(rate), worth))

    def observe(self, rows: npt.NDArray[np.int64], filled: Floats, hours: Floats) -> None:
        """Learn from fillings, shares of the capacity, of some containers."""
        np.add.at(self.filled, rows, np.maximum(filled, 0.0))
        np.add.at(self.hours, rows, hours)

    def forget(self, memory: float) -> None:
        """Weigh what was learnt as no more than ``memory`` hours, so that rates may change."""
        keep = np.minimum(1.0, memory / self.hours)
        self.filled *= keep
        self.hours *= keep

    @property
    def mean(self) -> Floats:
        """Expected rate, 1/h; (n,) float64."""
        return self.filled / self.hours


@dataclass
class Levels:
    """Levels of n containers from noisy readings: a Kalman filter (Kalman 1960).

    Between two readings a level grows by deposits; a reading that is far from what was expected
    tells of an emptying, or of something large, and the level begins anew with it.

    Attributes
    ----------
    mean : (n,) float64
        Expected level, share of the capacity.
    variance : (n,) float64
        Of the level about it.
    """

    mean: Floats
    variance: Floats

    @classmethod
    def empty(cls, n: int) -> Levels:
        """All containers have just been emptied."""
        return cls(np.zeros(n), np.zeros(n))

    def grow(self, hours: Floats | float, rates: Rates, grain: Floats) -> None:
        """Let some hours pass; the arguments are those of :func:`growth`."""
        coming, variance = growth(rates, grain, hours)
        self.mean = self.mean + coming
        self.variance = self.variance + variance

    def read(self, rows: npt.NDArray[np.int64], level: Floats, deviation: float) -> None:
        """Learn from readings, shares of the capacity, of some containers.

        ``deviation`` is that of the sensor. Its errors resemble one another, so that many readings
        know a level no better than ``ALIKE`` times that.
        """
        noise = deviation**2
        surprise = level - self.mean[rows]
        spread = self.variance[rows] + noise
        anew = np.abs(surprise) > np.maximum(FELL, FAR_OFF * np.sqrt(spread))
        gain = np.where(anew, 1.0, self.variance[rows] / np.maximum(spread, 1e-12))
        self.mean[rows] += gain * surprise
        self.variance[rows] = np.maximum(gain * noise, (ALIKE * deviation) ** 2)

    def begin(self, rows: npt.NDArray[np.int64], level: Floats, deviation: float) -> None:
        """Forget what was known of some containers but one reading."""
        self.mean[rows] = level
        self.variance[rows] = deviation**2


def growth(rates: Rates, grain: Floats, hours: Floats | float) -> tuple[Floats, Floats]:
    """Mean and variance of what comes within some hours, shares of the capacity; (n,) each.

    Parameters
    ----------
    rates
        Of filling.
    grain : (n,) float64
        Variance of one deposit's sum over its mean: 1.5 × the mean deposit by the capacity for
        Gamma deposits of shape 2.
    hours : (n,) float64 or one number, h
    """
    rate = rates.mean
    coming = rate * hours
    unsure = rate * grain / rates.hours  # variance of the rate
    return coming, coming * grain + unsure * np.square(hours) + np.square(UNEVEN * coming)


def overflow_probability(
    level: Floats, deviation: Floats | float, rates: Rates, grain: Floats, hours: Floats | float
) -> Floats:
    """Probability that each container is over its capacity before so many hours have passed.

    Parameters
    ----------
    level : (n,) float64
        Expected now, shares of the capacity.
    deviation : (n,) float64 or one number
        Of the level about it.
    rates, grain, hours
        See :func:`growth`; until the next chance to empty it.

    Returns
    -------
    (n,) float64
        By the normal distribution of level, rate and deposits.
    """
    from scipy.special import ndtr

    coming, variance = growth(rates, grain, hours)
    spread = np.sqrt(np.maximum(np.square(deviation) + variance, 1e-12))
    found: Floats = ndtr((level + coming - 1.0) / spread)
    return found
