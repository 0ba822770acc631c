"""Fits the model of filling to a recording."""

from __future__ import annotations

import math

import numpy as np

from models.waste.forecast import kernels
from models.waste.forecast.filling import STEPS, Filling, Parameters, Track, follow, scored
from models.waste.forecast.recording import FULL, Flags, Floats, Recording

DAYPARTS = np.repeat(np.arange(5), (6, 4, 4, 4, 6))
"""Part of each hour of the day: night, morning, noon, afternoon, evening."""
ENOUGH = 200
"""Levels from which the errors of the recording itself say how wide an interval must be."""
LATELY = 28.0 * 24.0
"""Errors of the last four weeks count, h."""
_START = np.array([-0.7, -1.2, -1.5, 4.2, -3.0, -2.3, 3.2, -3.0, 2.3, *np.zeros(7)])
"""Where the search begins, which is also what the parameters are drawn to: logarithms, except the
mean; growth through the logistic function; then the profile."""
_WIDTH = np.array([1.0, 0.5, 0.5, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, *np.full(7, 0.3)])
"""How strongly they are drawn: deviations of normal priors."""


def fit(given: Recording, noise: float = 3.0) -> Parameters:
    """Parameters under which a recording is most likely (with weak priors, so that few do).

    Parameters
    ----------
    given
        The recording.
    noise
        Deviation of a reading, %.
    """
    from scipy.optimize import minimize

    cycles = _cycles(given)
    typical = float(np.mean(np.log(cycles))) if len(cycles) else math.log(48.0)
    apart = float(np.std(np.log(cycles))) if len(cycles) > 1 else 0.5

    def loss(vector: Floats) -> float:
        with np.errstate(all="ignore"):
            parameters = _parameters(vector, noise, typical, apart)
            likelihood = follow(given, parameters).likelihood
        ended = ~np.isnan(likelihood)
        density = np.maximum(likelihood[ended], -0.5 * kernels.GATE**2 - 2.0)
        density += parameters.stretch(given.level[ended])
        prior = 0.5 * float(np.sum(((vector - _START) / _WIDTH) ** 2))
        total = prior - float(density.sum())
        return total if math.isfinite(total) else 1e12

    bounds = list(zip(_START - 4.0 * _WIDTH, _START + 4.0 * _WIDTH, strict=True))
    options = {"maxiter": 12, "ftol": 1e-4}
    found = minimize(loss, _START, method="Powell", bounds=bounds, options=options)
    return _parameters(np.asarray(found.x), noise, typical, apart)


def _parameters(vector: Floats, noise: float, typical: float, apart: float) -> Parameters:
    growth = 1.0 / (1.0 + math.exp(-vector[0]))
    spread, between = math.exp(vector[1]), math.exp(vector[2])
    drift, passing, passing_hours, season = np.exp(vector[4:8]).tolist()
    timing = (1.0 - growth) * apart
    ceiling = FULL + math.exp(vector[8])
    return Parameters(
        growth, spread, between, float(vector[3]), drift, passing, passing_hours, season, noise,
        timing, typical, ceiling, _profile(vector[9:]),
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


def learn(given: Recording, noise: float = 3.0) -> Filling:
    """Fit a model to a recording."""
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
