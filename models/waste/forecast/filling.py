"""The model of filling: its parameters, the filter over a recording, levels from its normal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.waste.forecast import kernels
from models.waste.forecast.quality import Flag
from models.waste.forecast.recording import FULL, Flags, Floats, Recording

STEPS = np.arange(1, 100) / 100.0


@dataclass(frozen=True)
class Parameters:
    """Of the filter; logarithms are natural.

    Attributes
    ----------
    growth
        Exponent of the exposure, seen at the moments at which levels are read. It is 1 where these
        do not depend on the level, and less where crews come early to what fills fast.
    spread
        Deviation of the logarithm of the filling of one cycle.
    between, mean
        Of the logarithm of the filling of a usual cycle: deviation between containers, mean.
    drift
        Of a container's filling, in a week.
    passing, passing_hours
        Deviation of the city's passing term, and how long it lasts, h.
    season
        Drift of the city's term of the season, in a week.
    noise
        Of a reading, %.
    timing
        Deviation that ``growth`` hides: (1 - growth) × the deviation of log exposures.
    typical
        Mean logarithm of the exposure of a cycle.
    ceiling
        Level that could not be passed, %: see :func:`loose`.
    deposit
        Variance that an amount gains over what it rises, %: the size of what is thrown in at once.
    pace
        Deviation of the logarithm of a container's rate between its cycles.
    profile : (7, 24) float64
        Weights of the hours of the week, mean 1.
    """

    growth: float
    spread: float
    between: float
    mean: float
    drift: float
    passing: float
    passing_hours: float
    season: float
    noise: float
    timing: float
    typical: float
    ceiling: float
    deposit: float
    pace: float
    profile: Floats

    def vector(self) -> Floats:
        """As the kernels take them."""
        names = "growth spread between mean drift passing passing_hours season noise timing typical"
        full = self.loose(np.array([FULL]))
        own = [getattr(self, name) for name in names.split()]
        return np.array([*own, *full, self.deposit, self.pace, self.ceiling])

    def loose(self, level: Floats) -> Floats:
        """What was thrown in, loose, to reach a level; (n,) float64, % of the loose volume.

        Waste is pressed by what lies on it: the fuller, the less the level rises. The level y of an
        amount x follows dy/dx = 1 - y / ceiling, so that x = -ceiling log(1 - y / ceiling).
        """
        return -self.ceiling * np.log1p(-np.minimum(level, FULL) / self.ceiling)

    def stretch(self, level: Floats) -> Floats:
        """Logarithm of how much more densely log amounts lie than levels: d log x / dy.

        Densities of log amounts under different ceilings can be compared with it; 0 where nothing
        is known of the level, or where it is full.
        """
        amount = np.maximum(self.loose(level), kernels.LEAST)
        slope = -np.log1p(-np.minimum(level, FULL) / self.ceiling) - np.log(amount)
        return np.where(np.isnan(level) | (level >= FULL), 0.0, slope)

    def pressed(self, amount: Floats) -> Floats:
        """The level that an amount reaches, %, at most 100; the inverse of :meth:`loose`."""
        return np.minimum(-self.ceiling * np.expm1(-amount / self.ceiling), FULL)

    def cumulative(self) -> Floats:
        """Sum of the weights up to each hour of the week; (169,) float64."""
        return np.concatenate(([0.0], np.cumsum(self.profile.ravel())))


@dataclass(frozen=True)
class Track:
    """What the filter forecast and learnt over a recording of n events and m containers.

    Attributes
    ----------
    mean, deviation, base, likelihood, told : (n,) float64
        See :func:`models.waste.forecast.kernels.filter_levels`.
    state : (m, 19) float64
        At its end.
    """

    mean: Floats
    deviation: Floats
    base: Floats
    likelihood: Floats
    told: Floats
    state: Floats


def follow(
    given: Recording, par: Parameters, until: float = math.inf, nowcast: bool = False
) -> Track:
    """Run the filter; see :func:`models.waste.forecast.kernels.filter_levels`."""
    vector = par.vector()
    state = np.zeros((len(given.ids), kernels.COLUMNS))
    state[:, kernels.USUAL], state[:, kernels.VARIANCE] = par.mean, par.between**2
    state[:, kernels.EXPOSED] = par.typical
    state[:, [kernels.BEGAN, kernels.SEEN]] = np.nan
    begin = float(given.hour[0]) if len(given) else 0.0
    state[:, kernels.LEARNT] = begin
    city = np.array([0.0, par.passing**2, 0.0, 0.0, begin])
    state[:, kernels.TERMS :] = city
    mean, deviation, base, likelihood, told = (np.empty(len(given)) for _ in range(5))
    kernels.filter_levels(
        given.container, given.hour, par.loose(given.level), par.loose(given.after), until, nowcast,
        par.cumulative(), vector, state, city, mean, deviation, base, likelihood,
        told,
    )  # fmt: skip
    return Track(mean, deviation, base, likelihood, told, state)


@dataclass(frozen=True)
class Filling:
    """A fitted model with the shape of its errors.

    Attributes
    ----------
    parameters
        Of the filter.
    shape : (99,) float64
        Where the percentiles of recorded levels fell in the forecast distribution, 0 to 1; equal to
        0.01 to 0.99 if it is normal. It takes over what the logarithm of levels has of its own.
    """

    parameters: Parameters
    shape: Floats

    def quantile(self, mean: Floats, deviation: Floats, base: Floats, share: float) -> Floats:
        """Level that a share of the futures stays below, %; (n,) float64, at most 100."""
        from scipy.special import ndtri

        place = float(np.interp(share, np.r_[0.0, STEPS, 1.0], np.r_[1e-4, self.shape, 0.9999]))
        more = np.exp(np.minimum(mean + deviation * float(ndtri(place)), 10.0))
        return self.parameters.pressed(base + more)

    def below(self, mean: Floats, deviation: Floats, base: Floats, level: Floats) -> Floats:
        """Share of the futures in which the level is lower; (n,) float64."""
        from scipy.special import ndtr

        more = np.log(np.maximum(self.parameters.loose(level) - base, kernels.LEAST))
        place = ndtr((more - mean) / deviation)
        shares: Floats = np.interp(
            place, np.r_[0.0, self.shape, 1.0], np.r_[0.0, STEPS, 1.0]
        ).astype(np.float64)
        return shares

    def hours_to_full(self, state: Floats, share: float) -> Floats:
        """Exposure after which a share of the futures has made a container full; (m,) float64, h.

        From its last event, whatever the crews do: ``growth``, which describes when they come, is
        no part of it.

        Parameters
        ----------
        state : (m, 19) float64
            See :class:`Track`.
        share
            0 to 1.
        """
        from scipy.special import ndtri

        par = self.parameters
        found = np.empty(len(state))
        kernels.exposure_to_full(state, par.vector(), float(ndtri(share)), found)
        return found

    def interval(
        self, mean: Floats, deviation: Floats, base: Floats, coverage: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Interval that holds a share of the futures, ``coverage``; (n,) float64 each, %.

        Its sides have equal shares outside; where the upper one is full there is nothing above,
        and the whole rest lies below.
        """
        outside = 1.0 - coverage
        low = self.quantile(mean, deviation, base, outside / 2.0)
        high = self.quantile(mean, deviation, base, 1.0 - outside / 2.0)
        one_sided = self.quantile(mean, deviation, base, outside)
        return np.where(high >= FULL, one_sided, low), high


def scored(given: Recording, track: Track) -> Flags:
    """Events whose level ends a cycle and was forecast and believed; (n,) bool."""
    ended = np.isfinite(given.level) & np.isfinite(given.after) & np.isfinite(track.mean)
    return ended


def disbelieved(given: Recording, track: Track) -> list[Flag]:
    """Flags of the levels that the filter did not believe."""
    found = []
    for k in np.flatnonzero(np.isneginf(track.likelihood)).tolist():
        less = given.level[k] < FULL
        what = "too empty" if less else "too full"
        container = str(given.ids[given.container[k]])
        found.append(Flag(int(given.line[k]), container, what, f"{given.level[k]:g}"))
    return found
