"""Judges forecasts on weeks that they have not seen, beside two simple ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.waste.forecast.filling import Filling, Track, follow, scored
from models.waste.forecast.fitting import learn
from models.waste.forecast.recording import FULL, Flags, Floats, Recording, read_recording
from twin.errors import DataError

SHARES = np.arange(0.05, 0.951, 0.05)
"""Quantiles whose mean loss is the pinball loss."""
_WEEK = 168.0


@dataclass(frozen=True)
class Score:
    """One forecast over the levels that ended cycles in the judged weeks.

    Attributes
    ----------
    forecast
        Which one.
    known
        What it knew: ``"now"``: the other containers up to that moment, too;
        ``"last emptying"``: all up to the last emptying of the container;
        ``"origin"``: nothing of the judged weeks except when containers were emptied.
    levels
        How many were judged.
    coverage, width
        Of the 90 % interval: share of the levels inside, and its mean width, %.
    mae, pinball
        Mean absolute error of the median, and mean pinball loss of the quantiles 5 to 95 %, %.
    full, brier
        Mean forecast probability of being full, and its Brier score; NaN for forecasts that give
        none. ``was_full`` is the share that was.
    """

    forecast: str
    known: str
    levels: int
    coverage: float
    width: float
    mae: float
    pinball: float
    full: float
    was_full: float
    brier: float


@dataclass(frozen=True)
class Evaluation:
    """Scores of the forecasts of judged weeks.

    Attributes
    ----------
    scores
        Ours and the baselines', for each state of knowledge.
    by_week
        The same of our forecast from the last emptying, a week each.
    """

    scores: tuple[Score, ...]
    by_week: tuple[Score, ...]

    def __getitem__(self, key: tuple[str, str]) -> Score:
        """The score of a forecast and a state of knowledge."""
        return next(s for s in self.scores if (s.forecast, s.known) == key)

    def table(self) -> str:
        """As aligned text."""
        head = f"{'forecast':12}{'known up to':15}{'levels':>7}{'90 % covers':>12}{'width':>7}"
        lines = [head + f"{'MAE':>7}{'pinball':>9}{'full':>7}{'was':>7}{'Brier':>7}"]
        for s in (*self.scores, *self.by_week):
            line = f"{s.forecast:12}{s.known:15}{s.levels:7}{100 * s.coverage:10.1f} %"
            line += f"{s.width:7.1f}{s.mae:7.2f}{s.pinball:9.3f}"
            line += f"{_share(s.full)}{_share(s.was_full)}{_number(s.brier)}"
            lines.append(line)
        return "\n".join(lines)


def evaluate(train: str | Path | Recording, test: str | Path | Recording) -> Evaluation:
    """Learn on one recording, forecast another that follows it, and compare with what came.

    Parameters
    ----------
    train, test
        Recordings, or their files.

    Raises
    ------
    DataError
        A file is not readable, or the test has no level that the training lets us forecast.
    """
    first, second = (_recording(given) for given in (train, test))
    origin = float(second.hour[0])
    if len(first) and first.hour[-1] >= origin:
        first = first.between(-np.inf, origin)
    if not len(first):
        raise DataError(
            "the recording to learn from does not begin before the one to judge",
            mend="give the earlier weeks first",
        )
    return _judge(first + second, first, origin, np.inf)


def rolling(given: str | Path | Recording, weeks: int = 2) -> Evaluation:
    """Judge each week of a recording by what was learnt on all weeks before it.

    Parameters
    ----------
    given
        A recording, or its file.
    weeks
        How many come before the first judged one.
    """
    recording = _recording(given)
    begin, end = float(recording.hour[0]), float(recording.hour[-1])
    origins = np.arange(begin + weeks * _WEEK, end - _WEEK / 2.0, _WEEK)
    if not len(origins):
        raise DataError(
            f"the recording lasts {(end - begin) / _WEEK:.1f} weeks",
            allowed=f"more than {weeks + 1}",
            mend="judge it beside another one, or learn from fewer weeks",
        )
    parts = []
    for number, origin in enumerate(origins.tolist(), 1):
        past, known = (recording.between(-np.inf, end) for end in (origin, origin + _WEEK))
        week = known.only(known.hour >= origin)
        parts.append(_judge(past + week, past, origin, origin + _WEEK, number))
    merged = tuple(_merge([part.scores[i] for part in parts]) for i in range(len(parts[0].scores)))
    return Evaluation(merged, tuple(week for part in parts for week in part.by_week))


def _recording(given: str | Path | Recording) -> Recording:
    return given if isinstance(given, Recording) else read_recording(given)


def _judge(
    whole: Recording, past: Recording, origin: float, end: float, first: int = 1
) -> Evaluation:
    """Judge what comes from ``origin`` on; its first week has the number ``first``."""
    whole = whole.between(-np.inf, end)
    filling = learn(past)
    lately = follow(whole, filling.parameters)
    frozen = follow(whole, filling.parameters, origin)
    rows = scored(whole, lately) & (whole.hour >= origin)
    if not rows.any():
        raise DataError("the weeks to judge hold no level whose container was emptied before")
    scores = []
    now = follow(whole, filling.parameters, nowcast=True)
    for known, track in (("now", now), ("last emptying", lately), ("origin", frozen)):
        scores.append(_score("filter", known, whole, rows, filling, track))
        limit = origin if known == "origin" else np.inf
        for name, points in _baselines(whole, limit).items():
            scores.append(_baseline(name, known, whole, rows, points, origin))
    weeks = [
        _score("filter", f"week {number + first}", whole, inside, filling, lately)
        for number, inside in _weeks(whole, rows, origin)
    ]
    return Evaluation(tuple(scores), tuple(weeks))


def _weeks(whole: Recording, rows: Flags, origin: float) -> Iterator[tuple[int, Flags]]:
    number = ((whole.hour - origin) // _WEEK).astype(np.int64)
    for week in np.unique(number[rows]).tolist():
        yield week, rows & (number == week)


def _score(
    name: str, known: str, whole: Recording, rows: Flags, filling: Filling, track: Track
) -> Score:
    level = whole.level[rows]
    parts = track.mean[rows], track.deviation[rows], track.base[rows]
    low, high = filling.interval(*parts)
    quantiles = np.array([filling.quantile(*parts, share) for share in SHARES.tolist()])
    middle = filling.quantile(*parts, 0.5)
    full = 1.0 - filling.below(*parts, np.full(len(level), FULL))
    was = level >= FULL
    return Score(
        name, known, len(level), float(np.mean((level >= low) & (level <= high))),
        float(np.mean(high - low)), float(np.mean(np.abs(level - middle))),
        _pinball(level, quantiles), float(full.mean()), float(was.mean()),
        float(np.mean((full - was) ** 2)),
    )  # fmt: skip


def _pinball(level: Floats, quantiles: Floats) -> float:
    off = level[None, :] - quantiles
    return float(np.mean(np.maximum(SHARES[:, None] * off, (SHARES[:, None] - 1.0) * off)))


# -- baselines -----------------------------------------------------------------------------------


def _baselines(whole: Recording, until: float) -> dict[str, Floats]:
    """Point forecasts of each event: the container's mean level, its mean rate, its last rate."""
    n, m = len(whole), len(whole.ids)
    site, mean, last = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    levels, hours, count = np.zeros(m), np.zeros(m), np.zeros(m)
    began, rate = np.full(m, np.nan), np.full(m, np.nan)
    everything = np.zeros(3)
    for k in np.flatnonzero(np.isfinite(whole.after)).tolist():
        i, gap = whole.container[k], whole.hour[k] - began[whole.container[k]]
        began[i] = whole.hour[k]
        if not gap > 0.0:
            continue
        usual = everything[0] / everything[1] if everything[1] else 1.0
        middle = everything[0] / everything[2] if everything[2] else 50.0
        site[k] = levels[i] / count[i] if count[i] else middle
        mean[k] = min(FULL, gap * (levels[i] / hours[i] if hours[i] else usual))
        last[k] = min(FULL, gap * (rate[i] if np.isfinite(rate[i]) else usual))
        if np.isfinite(whole.level[k]) and whole.hour[k] < until:
            levels[i] += whole.level[k]
            hours[i] += gap
            count[i] += 1.0
            rate[i] = whole.level[k] / gap
            everything += (whole.level[k], gap, 1.0)
    return {"site mean": site, "mean rate": mean, "last rate": last}


def _baseline(
    name: str, known: str, whole: Recording, rows: Flags, points: Floats, origin: float
) -> Score:
    """A point forecast with the errors that it made before the origin around it."""
    rows = rows & np.isfinite(points)
    before = np.isfinite(points) & np.isfinite(whole.level) & (whole.hour < origin)
    errors = whole.level[before] - points[before]
    errors = errors if len(errors) else np.zeros(1)
    level, point = whole.level[rows], points[rows]
    shifts = np.quantile(errors, SHARES)
    quantiles = np.clip(point[None, :] + shifts[:, None], 0.0, FULL)
    low, high = quantiles[0], quantiles[-1]
    nothing = float("nan")
    return Score(
        name, known, len(level), float(np.mean((level >= low) & (level <= high))),
        float(np.mean(high - low)), float(np.mean(np.abs(level - point))),
        _pinball(level, quantiles), nothing, float(np.mean(level >= FULL)), nothing,
    )  # fmt: skip


def _merge(parts: Sequence[Score]) -> Score:
    """The mean of some scores, weighted by their levels."""
    weights = [part.levels for part in parts]
    names = ("coverage", "width", "mae", "pinball", "full", "was_full", "brier")
    means = [
        float(np.average([getattr(p, name) for p in parts], weights=weights)) for name in names
    ]
    return Score(parts[0].forecast, parts[0].known, sum(weights), *means)


def _share(value: float) -> str:
    return f"{'–':>7}" if np.isnan(value) else f"{100 * value:5.1f} %"


def _number(value: float) -> str:
    return f"{'–':>7}" if np.isnan(value) else f"{value:7.3f}"
