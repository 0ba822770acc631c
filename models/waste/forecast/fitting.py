"""Fits the model of filling to a recording."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from models.waste.forecast import kernels
from models.waste.forecast.filling import STEPS, Filling, Parameters, Track, follow, scored
from models.waste.forecast.recording import FULL, Flags, Floats, Recording

DAYPARTS = np.repeat(np.arange(5), (6, 4, 4, 4, 6))
"""Part of each hour of the day: night, morning, noon, afternoon, evening."""
ENOUGH = 200
"""Levels from which the errors of the recording itself say how wide an interval must be."""
READINGS = 100
"""Readings within cycles from which they say how noisy they are and how deposits come."""
NOISE = 3.0
"""Deviation of a reading until the recording tells, %."""
FEW = 30
"""Cycles below which the readings within them say how fast containers fill."""
LATELY = 28.0 * 24.0
"""Errors of the last four weeks count, h."""
_START = np.array([-0.7, -1.2, -1.5, 4.2, -3.0, -2.3, 3.2, -3.0, 2.3, *np.zeros(7)])
"""Where the search begins, which is also what the parameters are drawn to: logarithms, except the
mean; growth through the logistic function; then the profile."""
_LOOSELY = 5.0
"""The same for the ceiling where sensors read, who see little pressing until they tell of it."""
_WIDTH = np.array([1.0, 0.5, 0.5, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, *np.full(7, 0.3)])
"""How strongly they are drawn: deviations of normal priors."""


def fit(given: Recording, noise: float | None = None) -> Parameters:
    """Parameters under which a recording is most likely (with weak priors, so that few do).

    Parameters
    ----------
    given
        The recording.
    noise
        Deviation of a reading, %; estimated from readings within cycles when left out.
    """
    parameters = _fit_cycles(_ends(given), NOISE if noise is None else noise, _often(given))
    return _fit_readings(given, parameters, noise)


def _often(given: Recording) -> bool:
    """Whether most levels are readings within cycles, which come whatever the level is."""
    within = np.isfinite(given.level) & np.isnan(given.after)
    return bool(2 * np.count_nonzero(within) > np.count_nonzero(np.isfinite(given.level)))


def _ends(given: Recording) -> Recording:
    """What a cycle is learnt from: its beginning, its last reading, its end."""
    order = np.argsort(given.container, kind="stable")
    container, reading = given.container[order], np.isnan(given.after[order])
    other = container[1:] != container[:-1]
    first, last = np.concatenate(([True], other)), np.concatenate((other, [True]))
    between = reading & ~first & ~last & np.concatenate((reading[1:], [False]))
    return given.only(np.sort(order[~between]))


def _fit_cycles(given: Recording, noise: float, often: bool) -> Parameters:
    """From what each cycle has filled at its end."""
    from scipy.optimize import minimize

    cycles = _cycles(given)
    typical = float(np.mean(np.log(cycles))) if len(cycles) else math.log(48.0)
    apart = float(np.std(np.log(cycles))) if len(cycles) > 1 else 0.5

    def loss(vector: Floats) -> float:
        with np.errstate(all="ignore"):
            parameters = _parameters(vector, noise, typical, apart, often)
            likelihood = follow(given, parameters).likelihood
        ended = ~np.isnan(likelihood)
        density = np.maximum(likelihood[ended], -0.5 * kernels.GATE**2 - 2.0)
        density += parameters.stretch(given.level[ended])
        prior = 0.5 * float(np.sum(((vector - start) / _WIDTH) ** 2))
        total = prior - float(density.sum())
        return total if math.isfinite(total) else 1e12

    start = _START.copy()
    start[8] = _LOOSELY if often else start[8]
    bounds = list(zip(start - 4.0 * _WIDTH, start + 4.0 * _WIDTH, strict=True))
    options = {"maxiter": 12, "ftol": 1e-4}
    found = minimize(loss, start, method="Powell", bounds=bounds, options=options)
    return _parameters(np.asarray(found.x), noise, typical, apart, often)


def _fit_readings(given: Recording, start: Parameters, noise: float | None) -> Parameters:
    """Noise, deposits and pace from readings within cycles; their rates too, where few ended."""
    from scipy.optimize import minimize

    within = np.isfinite(given.level) & np.isnan(given.after)
    if np.count_nonzero(within) < READINGS:
        return start
    few = np.count_nonzero(np.isfinite(follow(given, start).likelihood)) < FEW
    begin = np.log([start.noise, start.deposit, start.pace, start.between])
    begin = np.append(begin, [start.mean, math.log(start.ceiling - FULL)])
    straight = np.where(within & (given.level < FULL), given.level, 0.0)

    def given_by(vector: Floats) -> Parameters:
        read, deposit, pace, between = np.exp(vector[:4]).tolist()
        found = replace(start, deposit=deposit, pace=pace)
        if noise is None:
            found = replace(found, noise=read)
        if not few:
            return found
        ceiling = FULL + math.exp(vector[5])
        return replace(found, between=between, mean=float(vector[4]), ceiling=ceiling)

    def loss(vector: Floats) -> float:
        with np.errstate(all="ignore"):
            par = given_by(vector)
            told = follow(given, par).told - np.log1p(-straight / par.ceiling)
        width = np.array([1.0, 1.5, 1.0, 1.0, 2.0, 1.0])
        total = 0.5 * float(np.sum(((vector - begin) / width) ** 2)) - float(np.nansum(told))
        return total if math.isfinite(total) else 1e12

    width = np.array([1.8, 4.0, 2.5, 2.5, 4.0, 3.0])
    bounds = list(zip(begin - width, begin + width, strict=True))
    options = {"maxiter": 8, "ftol": 1e-5}
    found = minimize(loss, begin, method="Powell", bounds=bounds, options=options)
    return given_by(np.asarray(found.x))


def _parameters(
    vector: Floats, noise: float, typical: float, apart: float, often: bool
) -> Parameters:
    growth = 1.0 if often else 1.0 / (1.0 + math.exp(-vector[0]))
    spread, between = math.exp(vector[1]), math.exp(vector[2])
    drift, passing, passing_hours, season = np.exp(vector[4:8]).tolist()
    timing = (1.0 - growth) * apart
    ceiling = FULL + math.exp(vector[8])
    # Until readings within cycles tell: half of what differs is chance, half the cycle's pace.
    half = 0.5 * spread * spread
    return Parameters(
        growth, spread, between, float(vector[3]), drift, passing, passing_hours, season, noise,
        timing, typical, ceiling, half * math.exp(vector[3]), math.sqrt(half), _profile(vector[9:]),
    )  # fmt: skip


def _profile(weights: Floats) -> Floats:
    """Weights of the hours of the week from those of parts of the day and of Friday to Sunday."""
    hours = np.exp(np.concatenate(([0.0], weights[:4])))[DAYPARTS]
    days = np.exp(np.concatenate((np.zeros(4), weights[4:])))
    profile: Floats = days[:, None] * hours[None, :]
    profile /= profile.mean()
    return profile


def _cycles(given: Recording) -> Floats:
    """Lengths of the cycles of all containers; h, where their end has a level."""
    order = np.argsort(given.container, kind="stable")
    emptied = order[np.isfinite(given.after[order])]
    same = given.container[emptied][1:] == given.container[emptied][:-1]
    gaps: Floats = np.diff(given.hour[emptied])[same]
    return gaps[gaps > 0.25]


def learn(given: Recording, noise: float | None = None) -> Filling:
    """Fit a model to a recording; see :func:`fit`."""
    parameters = fit(given, noise)
    track = follow(given, parameters)
    return Filling(parameters, _shape(given, parameters, track))


def _shape(given: Recording, parameters: Parameters, track: Track) -> Floats:
    """Percentiles of the recorded levels in the distribution forecast for them."""
    rows = scored(given, track) & np.isfinite(track.likelihood)
    rows &= given.hour >= given.hour[-1] - LATELY
    rows &= given.hour >= given.hour[0] + 5.0 * 24.0
    if np.count_nonzero(rows) < ENOUGH:
        return STEPS.copy()
    return np.clip(np.quantile(_places(given, parameters, track, rows), STEPS), 1e-4, 0.9999)


def _places(given: Recording, parameters: Parameters, track: Track, rows: Flags) -> Floats:
    """Where each level fell in its forecast distribution; a full one anywhere above, evenly."""
    from scipy.special import ndtr

    loose = parameters.loose(given.level[rows])
    more = np.log(np.maximum(loose - track.base[rows], kernels.LEAST))
    place: Floats = ndtr((more - track.mean[rows]) / track.deviation[rows])
    full = given.level[rows] >= FULL
    order = np.argsort(np.argsort(place[full], kind="stable"), kind="stable")
    even = (order * 0.6180339887 + 0.5) % 1.0  # low-discrepancy instead of draws: no chance
    place[full] += (1.0 - place[full]) * even
    return place
