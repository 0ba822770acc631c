"""The filter of filling rates: one pass over the events of all containers."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

WEEK = 168.0
MONDAY = 72.0
"""1 January 1970 was a Thursday: so many hours after a Monday."""
LEAST = 1.0
"""Less than this filling is not told from none, %."""
GATE = 4.0
"""Deviations from which a level is not believed."""
HELD = 2.5
"""Deviations that a believed level may pull with."""

# Places in the parameters, see filling.Parameters
(
    GROWTH,
    SPREAD,
    BETWEEN,
    MEAN,
    DRIFT,
    PASSING,
    PASSING_HOURS,
    SEASON,
    NOISE,
    TIMING,
    TYPICAL,
    FULL,
) = range(12)
# Places in the state of a container, see filter_levels
USUAL, VARIANCE, LEARNT, BEGAN, FROM, SEEN, LEVEL, EXPOSED, CYCLES = range(9)
TERMS = 9
COLUMNS = 14


@nb.njit(cache=True)
def exposure(profile: Floats, begin: float, end: float) -> float:
    """Hours between two moments, each weighted by the profile of the week.

    Parameters
    ----------
    profile : (169,) float64
        Sum of the weights of the hours of the week up to each hour; the last is 168.
    begin, end
        Hours since 1970.
    """
    total = 0.0
    for k in range(2):
        at = (end if k == 0 else begin) + MONDAY
        week = math.floor(at / WEEK)
        rest = at - week * WEEK
        hour = min(int(rest), 167)
        part = profile[hour] + (rest - hour) * (profile[hour + 1] - profile[hour])
        total += (1.0 if k == 0 else -1.0) * (week * WEEK + part)
    return total


@nb.njit(cache=True)
def _tail(x: float) -> float:
    return max(0.5 * math.erfc(x / math.sqrt(2.0)), 1e-12)


@nb.njit(cache=True)
def filter_levels(
    container: Whole,
    hour: Floats,
    level: Floats,
    after: Floats,
    until: float,
    nowcast: bool,
    profile: Floats,
    par: Floats,
    state: Floats,
    city: Floats,
    mean: Floats,
    deviation: Floats,
    base: Floats,
    likelihood: Floats,
) -> None:
    """Forecast each level from what was known when its container was seen before, then learn.

    A Kalman filter on the logarithm of what a container fills in a cycle of its usual length, with
    a passing term of the city (Ornstein-Uhlenbeck) and one for the season (random walk). A
    level of 100 % says "at least full" (Tobin 1958): its likelihood is the tail of the normal, the
    state takes the moments of the truncated normal. What a cycle teaches is learnt once, at its
    end, from its last level.

    Parameters
    ----------
    container, hour, level, after : (n,)
        Events in order of time, see :class:`~models.waste.forecast.recording.Recording`.
    until
        Nothing is learnt from this hour on.
    nowcast
        Whether a forecast knows of the other containers up to its hour, not only up to the last
        event of its own.
    profile : (169,) float64
        See :func:`exposure`.
    par : (12,) float64
        See :class:`~models.waste.forecast.filling.Parameters`.
    state : (m, 14) float64
        Of the containers, changed: logarithm of the filling of a usual cycle and its variance;
        hour of that; hour and level at which the cycle began, hour (NaN: none) and level of the
        last reading in it; mean logarithm of the exposure of its cycles, and their number; the
        city's terms as they were at its last event.
    city : (5,) float64
        Changed: passing term and its variance, season term and its variance, hour.
    mean, deviation, base : (n,) float64
        Written: logarithm of the filling since the last event, its deviation, and the level then;
        NaN where there is no forecast.
    likelihood : (n,) float64
        Written: logarithm of the density of the level that ends a cycle; NaN where none ends, -inf
        where it is not believed.
    """
    for k in range(container.size):
        s = state[container[k]]
        at = hour[k]
        mean[k] = deviation[k] = base[k] = likelihood[k] = np.nan
        known = not math.isnan(s[BEGAN]) and at > s[BEGAN]
        if nowcast and at < until:
            _pass_time(city, par, at)
            s[TERMS:] = city
        if known:
            mean[k], deviation[k], base[k] = outlook(s, par, profile, at)
            if not math.isnan(level[k]):
                s[SEEN], s[LEVEL] = at, level[k]
        elif math.isnan(s[BEGAN]) and math.isnan(after[k]) and not math.isnan(level[k]):
            s[BEGAN], s[FROM] = at, level[k]  # filling counts from the first reading
        if at < until:
            _pass_time(city, par, at)
        if not math.isnan(after[k]):
            if known and not math.isnan(s[SEEN]):
                likelihood[k] = _learn(s, par, profile, city, at < until)
            s[BEGAN], s[FROM], s[SEEN], s[LEVEL] = at, after[k], np.nan, np.nan
        s[TERMS:] = city


@nb.njit(cache=True)
def outlook(s: Floats, par: Floats, profile: Floats, at: float) -> tuple[float, float, float]:
    """Forecast of one container from its last event.

    Returns
    -------
    mean, deviation
        Of the logarithm of what it fills from that event to the hour ``at``, %.
    base
        The level at that event, %.
    """
    variance = s[VARIANCE] + _walk(s, par, at)
    own = par[SPREAD] * par[SPREAD]
    read = not math.isnan(s[SEEN])
    begin = s[SEEN] if read else s[BEGAN]
    amount = _amount(profile, begin, at)
    term, doubt = _terms(s, par, at)
    if not read:
        expected = s[USUAL] + par[GROWTH] * (amount - s[EXPOSED]) + term
        return expected, math.sqrt(variance + own + doubt), s[FROM]
    rate, variance = rate_in_cycle(s, par, profile, variance)
    return rate + amount + term, math.sqrt(variance + own + doubt), s[LEVEL]


@nb.njit(cache=True)
def rate_in_cycle(s: Floats, par: Floats, profile: Floats, variance: float) -> tuple[float, float]:
    """Logarithm of the rate in this cycle, %/h of exposure, and its variance.

    Cycles of one container differ by chance (``SPREAD``), and by how soon they are ended
    (``TIMING``); a reading within the cycle tells how fast this one is.
    """
    rate = s[USUAL] - s[EXPOSED]
    variance += par[SPREAD] * par[SPREAD] + par[TIMING] * par[TIMING]
    if not math.isnan(s[SEEN]) and s[SEEN] > s[BEGAN]:
        filling = max(s[LEVEL] - s[FROM], LEAST)
        noise = par[NOISE] / filling
        told = math.log(filling) - _amount(profile, s[BEGAN], s[SEEN])
        gain = variance / (variance + par[SPREAD] * par[SPREAD] + noise * noise)
        rate += gain * (told - rate)
        variance *= 1.0 - gain
    return rate, variance


@nb.njit(cache=True)
def exposure_to_full(state: Floats, profile: Floats, par: Floats, z: float, out: Floats) -> None:
    """Exposure from the last event of each container to a full one, h.

    Parameters
    ----------
    state, profile, par
        See :func:`filter_levels`.
    z
        Deviations from the median.
    out : (m,) float64, h
        Written; NaN for a container that was never emptied.
    """
    for i in range(out.size):
        s = state[i]
        out[i] = np.nan
        if not math.isnan(s[BEGAN]):
            rate, variance = rate_in_cycle(s, par, profile, s[VARIANCE])
            variance += par[PASSING] * par[PASSING] + s[TERMS + 3]
            rate += s[TERMS + 2]
            level = s[FROM] if math.isnan(s[SEEN]) else s[LEVEL]
            left = max(par[FULL] - level, 0.0)
            out[i] = left / math.exp(rate) * math.exp(z * math.sqrt(variance))


@nb.njit(cache=True)
def later(profile: Floats, begin: Floats, amount: Floats, out: Floats) -> None:
    """The hour at which so much exposure has passed since another; all (n,) float64, h."""
    for i in range(out.size):
        out[i] = np.nan
        if math.isfinite(amount[i]):
            low, high = begin[i], begin[i] + 2.0 * amount[i] + WEEK
            for _ in range(60):
                middle = 0.5 * (low + high)
                if exposure(profile, begin[i], middle) < amount[i]:
                    low = middle
                else:
                    high = middle
            out[i] = high


@nb.njit(cache=True)
def _amount(profile: Floats, begin: float, end: float) -> float:
    """Logarithm of an exposure, of a quarter of an hour at least."""
    hours: float = exposure(profile, begin, end)
    return math.log(max(hours, 0.25))


@nb.njit(cache=True)
def _walk(s: Floats, par: Floats, at: float) -> float:
    """Variance that the container's filling has gained since it was learnt."""
    walk: float = par[DRIFT] * par[DRIFT] * max(0.0, at - s[LEARNT]) / WEEK
    return walk


@nb.njit(cache=True)
def _terms(s: Floats, par: Floats, at: float) -> tuple[float, float]:
    """The city's terms at an hour, as known at the container's last event, and their variance."""
    span = max(0.0, at - s[TERMS + 4])
    fade = math.exp(-span / par[PASSING_HOURS])
    doubt = fade * fade * s[TERMS + 1] + par[PASSING] * par[PASSING] * (1.0 - fade * fade)
    doubt += s[TERMS + 3] + par[SEASON] * par[SEASON] * span / WEEK
    return fade * s[TERMS] + s[TERMS + 2], doubt


@nb.njit(cache=True)
def _pass_time(city: Floats, par: Floats, at: float) -> None:
    """Let the city's terms forget and spread."""
    span = max(0.0, at - city[4])
    fade = math.exp(-span / par[PASSING_HOURS])
    city[0] *= fade
    city[1] = fade * fade * city[1] + par[PASSING] * par[PASSING] * (1.0 - fade * fade)
    city[3] += par[SEASON] * par[SEASON] * span / WEEK
    city[4] = at


@nb.njit(cache=True)
def _learn(s: Floats, par: Floats, profile: Floats, city: Floats, learning: bool) -> float:
    """Learn from the last reading of a cycle; logarithm of its density, -inf if not believed."""
    filling = max(s[LEVEL] - s[FROM], LEAST)
    amount = _amount(profile, s[BEGAN], s[SEEN])
    noise = par[NOISE] / filling
    prior = s[VARIANCE] + _walk(s, par, s[SEEN])
    total = prior + city[1] + city[3] + par[SPREAD] * par[SPREAD] + noise * noise
    spread = math.sqrt(total)
    expected = s[USUAL] + par[GROWTH] * (amount - s[EXPOSED]) + city[0] + city[2]
    x = (math.log(filling) - expected) / spread
    full = s[LEVEL] >= par[FULL]
    if x > GATE or (x < -GATE and not full):
        return -np.inf
    if full:
        tail = max(0.5 * math.erfc(x / math.sqrt(2.0)), 1e-12)
        move = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) / tail
        score = math.log(tail)
        sure = min(1.0, move * (move - x))
    else:
        move, sure = x, 1.0
        score = -0.5 * x * x - math.log(spread) - 0.5 * math.log(2.0 * math.pi)
    if learning:
        pull = min(max(move, -HELD), HELD) / spread
        s[USUAL] += prior * pull
        s[VARIANCE] = prior * (1.0 - prior * sure / total)
        s[LEARNT] = s[SEEN]
        for term in (0, 2):
            city[term] += city[term + 1] * pull
            city[term + 1] *= 1.0 - city[term + 1] * sure / total
        s[CYCLES] += 1.0
        s[EXPOSED] += (amount - s[EXPOSED]) / (s[CYCLES] + 2.0)
    return score
