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
    DEPOSIT,
    PACE,
    CEILING,
) = range(15)
# Places in the state of a container, see filter_levels
USUAL, VARIANCE, LEARNT, BEGAN, FROM, SEEN, LEVEL, EXPOSED, CYCLES = range(9)
AMOUNT, RATE, DOUBT, JOINT, RATE_DOUBT = range(9, 14)
TERMS = 14
COLUMNS = 19


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
    told: Floats,
) -> None:
    """Forecast each level from what was known when its container was seen before, then learn.

    A Kalman filter on the logarithm of what a container fills in a cycle of its usual length, with
    a passing term of the city (Ornstein-Uhlenbeck) and one for the season (random walk). A
    level of 100 % says "at least full" (Tobin 1958): its likelihood is the tail of the normal, the
    state takes the moments of the truncated normal. What a cycle teaches of the container is learnt
    once, at its end, from its last level. Readings within a cycle go through a second Kalman
    filter, of the amount and its rate in this cycle: see :func:`_read`.

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
    par : (15,) float64
        See :class:`~models.waste.forecast.filling.Parameters`.
    state : (m, 19) float64
        Of the containers, changed: logarithm of the filling of a usual cycle and its variance;
        hour of that; hour and level at which the cycle began, hour (NaN: none) and level of the
        last reading in it; mean logarithm of the exposure of its cycles, and their number; amount
        at its last event, rate in this cycle, and their covariance (three numbers); the city's
        terms as they were at its last event.
    city : (5,) float64
        Changed: passing term and its variance, season term and its variance, hour.
    mean, deviation, base : (n,) float64
        Written: logarithm of the filling since the last event, its deviation, and the level then;
        NaN where there is no forecast.
    likelihood : (n,) float64
        Written: logarithm of the density of the level that ends a cycle; NaN where none ends, -inf
        where it is not believed.
    told : (n,) float64
        Written: logarithm of the density of a reading within a cycle; NaN elsewhere.
    """
    for k in range(container.size):
        s = state[container[k]]
        at = hour[k]
        mean[k] = deviation[k] = base[k] = likelihood[k] = told[k] = np.nan
        known = not math.isnan(s[BEGAN]) and at > s[BEGAN]
        emptied = not math.isnan(after[k])
        if nowcast and at < until:
            _pass_time(city, par, at)
            s[TERMS:] = city
        if known:
            mean[k], deviation[k], base[k] = outlook(s, par, profile, at, emptied)
            if not math.isnan(level[k]):
                if not emptied:
                    told[k] = _read(s, par, profile, at, level[k])
                s[SEEN], s[LEVEL] = at, level[k]
        if at < until:
            _pass_time(city, par, at)
        if emptied:
            if known and s[SEEN] > s[BEGAN]:
                likelihood[k] = _learn(s, par, profile, city, at < until)
            s[TERMS:] = city
            _begin(s, par, at, after[k])
        elif math.isnan(s[BEGAN]) and not math.isnan(level[k]):
            s[TERMS:] = city
            _begin(s, par, at, level[k])  # filling counts from the first reading
            s[SEEN], s[LEVEL] = at, level[k]
        s[TERMS:] = city


@nb.njit(cache=True)
def outlook(
    s: Floats, par: Floats, profile: Floats, at: float, visited: bool
) -> tuple[float, float, float]:
    """Forecast of one container from its last event.

    Parameters
    ----------
    s, par, profile
        See :func:`filter_levels`.
    at
        The hour.
    visited
        Whether the hour is one at which a crew comes, who come early to what fills fast
        (``GROWTH``), or any.

    Returns
    -------
    mean, deviation
        Of the logarithm of what lies above ``base`` at the hour ``at``, %.
    base
        The level after the emptying where nothing was read since, else 0, %.
    """
    if not math.isnan(s[SEEN]) or not visited:
        begin = s[BEGAN] if math.isnan(s[SEEN]) else s[SEEN]
        mean, deviation, base = _ahead(s, par, exposure(profile, begin, at), at)
        return mean, deviation, base
    variance = s[VARIANCE] + _walk(s, par, at) + par[SPREAD] * par[SPREAD]
    term, doubt = _terms(s, par, at)
    expected = s[USUAL] + par[GROWTH] * (_amount(profile, s[BEGAN], at) - s[EXPOSED]) + term
    return expected, math.sqrt(variance + doubt), s[FROM]


@nb.njit(cache=True)
def _ahead(s: Floats, par: Floats, hours: float, at: float) -> tuple[float, float, float]:
    """Forecast after some hours of exposure since the last event, whatever the crews do."""
    if math.isnan(s[SEEN]):
        rate, variance = _usual_rate(s, par, at)
        term, doubt = _terms(s, par, at)
        expected = rate + math.log(max(hours, 1e-3)) + term
        chance = min(par[DEPOSIT] * math.exp(-expected), 1.0)
        return expected, math.sqrt(variance + doubt + chance), s[FROM]
    amount, doubt, _ = _predict(s, par, hours, at - s[SEEN])
    amount = max(amount, 0.1)
    variance = math.log1p(doubt / (amount * amount))
    return math.log(amount) - 0.5 * variance, math.sqrt(variance), 0.0


@nb.njit(cache=True)
def _usual_rate(s: Floats, par: Floats, at: float) -> tuple[float, float]:
    """Logarithm of the rate in a new cycle without the city's terms, %/h, and its variance.

    Cycles of one container differ (``PACE``), and by how soon they are ended (``TIMING``).
    """
    variance = s[VARIANCE] + _walk(s, par, at)
    variance += par[PACE] * par[PACE] + par[TIMING] * par[TIMING]
    return s[USUAL] - s[EXPOSED], variance


@nb.njit(cache=True)
def _begin(s: Floats, par: Floats, at: float, level: float) -> None:
    """Begin a cycle at a level that is known as well as a reading is."""
    rate, variance = _usual_rate(s, par, at)
    rate, variance = rate + s[TERMS + 2], variance + s[TERMS + 3]
    noise = par[NOISE] * math.exp(min(level, par[FULL]) / par[CEILING])
    s[BEGAN], s[FROM], s[SEEN], s[LEVEL] = at, level, np.nan, np.nan
    s[AMOUNT], s[RATE] = level, math.exp(rate + 0.5 * variance)
    s[DOUBT], s[JOINT] = noise * noise, 0.0
    s[RATE_DOUBT] = s[RATE] * s[RATE] * math.expm1(variance)


@nb.njit(cache=True)
def _predict(s: Floats, par: Floats, hours: float, span: float) -> tuple[float, float, float]:
    """Amount after some hours of exposure, its variance, its covariance with the rate.

    Deposits come at random, each as large as ``DEPOSIT`` (the variance of a compound Poisson
    process grows by the rate times the second moment of a deposit over its mean); the city's
    passing term stretches the rate.
    """
    more = s[RATE] * hours
    variance = s[DOUBT] + 2.0 * hours * s[JOINT] + hours * hours * s[RATE_DOUBT]
    fade = math.exp(-max(span, 0.0) / par[PASSING_HOURS])
    passing = par[PASSING] * par[PASSING] * (1.0 - fade * fade)
    variance += par[DEPOSIT] * more + passing * more * more
    return s[AMOUNT] + more, variance, s[JOINT] + hours * s[RATE_DOUBT]


@nb.njit(cache=True)
def _read(s: Floats, par: Floats, profile: Floats, at: float, level: float) -> float:
    """Take a reading within a cycle; the logarithm of its density.

    The Kalman filter (Kalman 1960) of the amount, which rises by a rate that is constant in the
    cycle, and of this rate. A full reading says "at least full". From one over ``HELD`` deviations
    off the amount begins anew, and the rate learns nothing: something large came, or was taken; if
    it was the sensor's fault, the next reading mends it.
    """
    begin = s[BEGAN] if math.isnan(s[SEEN]) else s[SEEN]
    amount, doubt, joint = _predict(s, par, exposure(profile, begin, at), at - begin)
    noise = par[NOISE] * math.exp(min(max(amount, 0.0), par[FULL]) / par[CEILING])
    total = doubt + noise * noise
    spread = math.sqrt(total)
    x = (min(level, par[FULL]) - amount) / spread
    move, sure = x, 1.0
    score: float = -0.5 * min(x * x, GATE * GATE) - math.log(spread) - 0.5 * math.log(2.0 * math.pi)
    if level >= par[FULL]:
        tail = _tail(x)
        move = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) / tail
        score = math.log(tail)
        sure = min(1.0, max(0.0, move * (move - x)))
    if abs(move) > HELD:
        s[AMOUNT], s[DOUBT], s[JOINT] = max(level, 0.0), noise * noise, 0.0
        return score
    pull = move / spread
    s[AMOUNT] = max(amount + doubt * pull, 0.0)
    s[RATE] = max(s[RATE] + joint * pull, 1e-3)
    s[RATE_DOUBT] -= joint * joint * sure / total
    s[DOUBT] = doubt * (1.0 - doubt * sure / total)
    s[JOINT] = joint * (1.0 - doubt * sure / total)
    return score


@nb.njit(cache=True)
def exposure_to_full(state: Floats, par: Floats, z: float, out: Floats) -> None:
    """Exposure from the last event of each container to a full one, h.

    A level only rises until somebody comes, so a container is full before an hour with the
    probability that its level is full at that hour: what :func:`outlook` says is searched.

    Parameters
    ----------
    state, par
        See :func:`filter_levels`.
    z
        Deviations of the standard normal that belong to the share of the futures.
    out : (m,) float64, h
        Written; NaN for a container without events.
    """
    for i in range(out.size):
        s = state[i]
        out[i] = np.nan
        if math.isnan(s[BEGAN]):
            continue
        begin = s[BEGAN] if math.isnan(s[SEEN]) else s[SEEN]
        low, high = math.log(1e-3), math.log(1e5)
        for _ in range(60):
            middle = 0.5 * (low + high)
            hours = math.exp(middle)
            expected, deviation, base = _ahead(s, par, hours, begin + hours)
            if expected - z * deviation < math.log(max(par[FULL] - base, 1e-3)):
                low = middle
            else:
                high = middle
        out[i] = 0.0 if high < math.log(2e-3) else math.exp(high)


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
        tail = _tail(x)
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
        longer = (amount - s[EXPOSED]) / (s[CYCLES] + 2.0)
        s[EXPOSED] += longer
        if par[GROWTH] >= 1.0:
            # Nobody waits for a level: a longer usual cycle fills more, at the same rate.
            s[USUAL] += longer
    return score
