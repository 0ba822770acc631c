"""How urgent a visit is: the probability that a container overflows before the next chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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


def overflow_probability(
    level: Floats, deviation: float, rates: Rates, grain: Floats, hours: float
) -> Floats:
    """Probability that each container is over its capacity before so many hours have passed.

    Parameters
    ----------
    level : (n,) float64
        Seen now, shares of the capacity.
    deviation
        Of the sensor.
    rates
        Of filling.
    grain : (n,) float64
        Variance of one deposit's sum over its mean: 1.5 × the mean deposit by the capacity for
        Gamma deposits of shape 2.
    hours
        Until the next chance to empty it.

    Returns
    -------
    (n,) float64
        By the normal distribution of level, rate and deposits.
    """
    from scipy.special import ndtr

    rate = rates.mean
    coming = rate * hours
    unsure = rate * grain / rates.hours  # variance of the rate
    variance = deviation**2 + coming * grain + unsure * hours**2
    found: Floats = ndtr((level + coming - 1.0) / np.sqrt(np.maximum(variance, 1e-12)))
    return found


def worth(
    level: Floats,
    deviation: float,
    rates: Rates,
    grain: Floats,
    hours: float,
    prize: float,
    nearby: float,
) -> Floats:
    """Driving time that emptying each container today is worth; (n,) float64, s.

    ``prize`` × the probability that it overflows before the next chance, ``hours`` away (Wouda,
    Aerts-Veenstra & van Foreest 2024), and ``nearby`` × the probability that it does before the one
    after that, a day later: a container on the way is taken along if it would call for a way of its
    own tomorrow. The other arguments are those of :func:`overflow_probability`.
    """
    soon = overflow_probability(level, deviation, rates, grain, hours)
    then = overflow_probability(level, deviation, rates, grain, hours + 24.0)
    return prize * soon + nearby * then
